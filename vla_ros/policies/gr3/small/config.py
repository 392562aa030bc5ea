# SPDX-License-Identifier: Apache-2.0
"""What config.json of a small GR-3 says. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.backbone.checkpoint_config import BackboneSizes
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.families.weights import check_layers
from vla_ros.policies.gr3.small.thing_numbers import TOOLS, VIEWS

KIND, VERSION = "gr3", 2


@dataclass(frozen=True)
class SmallConfig:
    """Everything but the weights. Raises ConfigError for what cannot be used."""

    acting: ActingConfig
    backbone: BackboneSizes
    surface: float  # [m] height of what things stand on, in the robot's base
    later: int = 4  # layers behind those of the backbone; the action transformer has half as many as both together
    kind: str = KIND
    version: int = VERSION  # 2: it finds grasps

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        check_layers(later=self.later)
        if self.later < 0 or self.depth % 2:
            raise ConfigError(
                f"later is {self.later}: with the backbone's {self.backbone.depth} layers it must make an even number, "
                "of which the action transformer has half"
            )
        if len(self.acting.cameras) != VIEWS:
            raise ConfigError(f"cameras are {list(self.acting.cameras)}: the small GR-3 has {VIEWS} views")
        if len(self.acting.action.arms) != TOOLS:
            raise ConfigError(f"action.arms are {list(self.acting.action.arms)}: the small GR-3 moves {TOOLS} tools")

    @property
    def depth(self) -> int:
        """Return the layers of the vision-language model."""
        return self.backbone.depth + self.later


def read_small_config(folder: Path) -> SmallConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(SmallConfig, folder, KIND)
