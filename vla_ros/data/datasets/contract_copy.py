# SPDX-License-Identifier: Apache-2.0
"""The contract once more, where lerobot's tools keep it: in the entry of a feature in info.json.

They write meta/ anew and leave our meta/contract.json behind, and unknown keys of info.json as well, but carry the
entries of `features` along as they are.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from typing import Any

from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.policies.contract import DataContract, contract_from_text, contract_text

_KEY = "contract"
_OF_RECORDING = "skew_max_s"  # lerobot merges only where entries are equal, and this is no property of the data


def keep_copy(features: dict[str, dict[str, Any]], contract: DataContract | None) -> None:
    """Put a contract into info.json's features, or take it out of them."""
    for entry in features.values():
        entry.pop(_KEY, None)
    home = next((name for name in (ACTION, STATE) if name in features), None)
    if contract is not None and home is not None:
        values = json.loads(contract_text(contract))
        del values[_OF_RECORDING]
        features[home][_KEY] = values


def kept_copy(features: Mapping[str, Any], where: str) -> DataContract | None:
    """Return the contract that info.json's features hold, without what is not among them any more.

    Raises ConfigError when it is none.
    """
    for name in (ACTION, STATE):
        entry = features.get(name)
        if isinstance(entry, dict) and _KEY in entry:
            contract = contract_from_text(json.dumps(entry[_KEY]), f"{where}: features.{name}.{_KEY}")
            return reduced_contract(contract, features)
    return None


def reduced_contract(contract: DataContract, features: Collection[str]) -> DataContract | None:
    """Return the contract without the cameras and columns that are gone; None where state or action is."""
    if STATE not in features or ACTION not in features:
        return None
    cameras = {name: stream for name, stream in contract.cameras.items() if IMAGES + name in features}
    extra = {
        name: feature
        for name, feature in contract.features.items()
        if name in features and (feature.kind != "calibration" or feature.camera in cameras)
    }
    reference = contract.reference_camera if contract.reference_camera in cameras else ""
    return dataclasses.replace(contract, cameras=cameras, features=extra, reference_camera=reference)
