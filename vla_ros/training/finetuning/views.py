# SPDX-License-Identifier: Apache-2.0
"""A checkpoint that is to look through another camera: which of its views is the new one's, and what that one learns.

The new view goes on from the weights of the one it replaces, since both see the same things. It learns alone first: its
encoder of crops and what matching is told of where its boxes are; at once, the rest would follow a view that says
nothing yet (the reason for the two stages of the full-size model as well).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from torch import nn

from controllers.errors import ConfigError
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig
from vla_ros.policies.graspvla.small.networks import SmallGraspVla

STAGES = ("matching", "grasp")


def own_part(networks: SmallGraspVla, name: str, view: int) -> nn.Module:
    """Return what of a network is a view's."""
    # Seven numbers of each box, two of which say of which view it is; one layer reads them all.
    return networks.matching.geometry if name == "matching" else networks.grasp.views[view]


def adapted(config: CheckpointConfig, datasets: Iterable[DatasetMetadata]) -> tuple[CheckpointConfig, int | None]:
    """Return the configuration for the cameras of these datasets, and which of the views is another camera's.

    None: the cameras are those it knows. Raises ConfigError for datasets that differ, and for two new cameras.
    """
    contract: DataContract | None = None
    for metadata in datasets:
        if metadata.contract is None:  # boxes alone: looked at by their columns, later
            continue
        if contract is not None and set(metadata.contract.cameras) != set(contract.cameras):
            raise ConfigError(
                f"{metadata.root}: is seen by {_named(metadata.contract)}, other data by {_named(contract)}: fine-tune "
                "on one after the other"
            )
        contract = metadata.contract
    if contract is None or set(contract.cameras) >= set(config.cameras):
        return config, None
    known = load_contract(contract.name)
    new = [name for name in known.cameras if name not in config.cameras]
    replaced = [name for name in config.cameras if name not in known.cameras]
    if (len(known.cameras), len(new), len(replaced)) != (2, 1, 1):
        raise ConfigError(
            f"contract '{known.name}' is of cameras {_named(known)}, the checkpoint looks through "
            f"{' and '.join(config.cameras)}: one of its two may be another's, no more"
        )
    view = config.cameras.index(replaced[0])
    cameras = tuple(new[0] if name == replaced[0] else name for name in config.cameras)
    return dataclasses.replace(config, cameras=cameras, contract=known.name), view


def _named(contract: DataContract) -> str:
    return " and ".join(contract.cameras) or "none"
