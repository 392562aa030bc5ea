# SPDX-License-Identifier: Apache-2.0
"""Which numbers and pictures of a dataset were never measured: columns `mask.…`, 1 measured, 0 padded.

A contract of one arm has no mask of its action: a hand tells all of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE, Feature, contract_features
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.robot_arm import has_several_arms
from vla_ros.policies.contract import DataContract

PREFIX = "mask."


def mask_features(contract: DataContract) -> dict[str, Feature]:
    """Return the columns that say what was measured: each number of the state, each camera; of several arms' action."""
    features = {PREFIX + STATE: Feature("int64", (len(contract.state),), contract.state)}
    if has_several_arms(contract):
        action = contract_features(contract)[ACTION]
        features[PREFIX + ACTION] = Feature("int64", action.shape, action.names)
    return features | {PREFIX + IMAGES + name: Feature("int64", (1,)) for name in contract.cameras}


def is_masked(metadata: DatasetMetadata) -> bool:
    """Say whether a dataset tells what it lacks."""
    return any(name.startswith(PREFIX) for name in metadata.features)


def require_measured(reader: LeRobotReader, wanted: Mapping[str, np.ndarray | None]) -> None:
    """Raise ConfigError for the first column of which something wanted was padded.

    `wanted` maps columns to the numbers (indices) that are needed, None for all. A dataset without masks measured all.
    """
    for name, numbers in wanted.items():
        if PREFIX + name not in reader.metadata.features:
            continue
        mask = reader.column(PREFIX + name).reshape(len(reader), -1)
        mask = mask if numbers is None else mask[:, numbers]
        padded = (mask == 0).any(axis=1)
        if padded.any():
            frame = int(padded.argmax())
            raise ConfigError(
                f"{reader.metadata.root}: '{name}' was not measured in {int(padded.sum())} of {len(reader)} frames, "
                f"first in frame {frame} of the dataset: it is of human hands; learn the motion alone from it "
                "(`vla finetune --stages expert`)"
            )
