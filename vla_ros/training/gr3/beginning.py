# SPDX-License-Identifier: Apache-2.0
"""What a training of the small GR-3 begins from: a backbone, or a whole GR-3 that goes on.

GR-3 learns from robots and pictures first, and from what that left it co-trains on hand demonstrations as well (report,
section 3.3).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.configuration import shared_path
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.backbone.checkpoint_config import BackboneSizes
from vla_ros.policies.backbone.network import Backbone
from vla_ros.policies.contract import DataContract
from vla_ros.policies.contract_checks import first_difference
from vla_ros.policies.families.network_file import load_weights
from vla_ros.policies.families.table import said_kind
from vla_ros.policies.gr3.small.config import KIND, SmallConfig, read_small_config
from vla_ros.policies.gr3.small.network import SmallGr3
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import KIND as GRASPVLA
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.training.backbone.beginning import read_beginning
from vla_ros.training.gr3.config import Gr3Training, read_channels

FIRST, ANSWERS = "views.0.", ("quality.", "orientation.")  # of a GraspVLA's grasp network


@dataclass(frozen=True, eq=False)
class Beginning:
    """Weights to begin with."""

    backbone: Backbone
    sizes: BackboneSizes
    grasps: dict[str, Tensor] = field(default_factory=dict)  # weights of what finds grasps, where there are some
    whole: SmallGr3 | None = None  # of which `backbone` is a part; None: all but the backbone is new
    statistics: tuple[Statistics, Statistics] | None = None  # of state and action, that the whole one was trained with

    def network(self, made: SmallConfig) -> SmallGr3:
        """Return what is trained."""
        network = SmallGr3(made)
        if self.whole is None:
            network.backbone.load_state_dict(self.backbone.state_dict())
            network.grasp.load_state_dict(network.grasp.state_dict() | self.grasps)
        else:
            network.load_state_dict(self.whole.state_dict())
        return network


def begin_gr3(folder: Path, config: Gr3Training, contract: DataContract) -> Beginning:
    """Read a checkpoint. Raises ConfigError for one of another kind, and for a GR-3 that these settings do not fit."""
    if said_kind(folder) != KIND:
        begun = config.begin_grasps
        grasps = _grasps_of(shared_path(begun)) if begun else {}
        return Beginning(*read_beginning(folder), grasps)
    found = read_small_config(folder)
    difference = first_difference(_wanted(config, contract), _of(found))
    if difference is not None:
        key, ours, theirs = difference
        raise ConfigError(
            f"begin: {folder}: {key} is {theirs!r}, these settings say {ours!r}: give those that it was trained with, "
            "or begin with a backbone"
        )
    whole = SmallGr3(found)
    load_weights(folder, whole)
    statistics = found.acting.state_statistics, found.acting.action_statistics
    return Beginning(whole.backbone, found.backbone, whole=whole, statistics=statistics)


def _grasps_of(folder: Path) -> dict[str, Tensor]:
    """Return what one view of a small GraspVLA and its answers have in common with AnyViewsGrasp.

    How views are taken together is not: it has two that always see. Raises ConfigError for another kind of checkpoint.
    """
    kind = said_kind(folder)
    if kind != GRASPVLA:
        raise ConfigError(f'begin_grasps: {folder}: is a {kind}: give a small GraspVLA, or "" for new weights')
    found = load_networks(folder, read_config(folder)).grasp.state_dict()
    views = {f"view.{name.removeprefix(FIRST)}": values for name, values in found.items() if name.startswith(FIRST)}
    return views | {name: values for name, values in found.items() if name.startswith(ANSWERS)}


def _wanted(config: Gr3Training, contract: DataContract) -> dict[str, Any]:
    return {
        "robot": config.robot,
        "contract": config.contract,
        "cameras": tuple(contract.cameras),
        "state": read_channels(contract),
        "action": dataclasses.asdict(dataclasses.replace(contract.action, horizon=config.horizon)),
        "period": contract.period,
        "transformer": dataclasses.asdict(config.transformer),
        "later": config.later,
    }


def _of(found: SmallConfig) -> dict[str, Any]:
    """Return the same of a checkpoint."""
    acting = found.acting
    said = {name: getattr(acting, name) for name in ("robot", "contract", "cameras", "state", "period")}
    parts = {"action": dataclasses.asdict(acting.action), "transformer": dataclasses.asdict(acting.transformer)}
    return said | parts | {"later": found.later}
