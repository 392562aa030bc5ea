# SPDX-License-Identifier: Apache-2.0
"""How the backbone alone is trained: a file of config/train with `network: backbone`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.robots.names import DEFAULT_GENERATION
from vla_ros.training.stages.stage_config import BOXES, JointConfig, check_crop

NETWORK = "backbone"


@dataclass(frozen=True)
class SceneSource:
    """Scenes of one robot and task. Raises ConfigError for a number that cannot be."""

    settings: str = DEFAULT_GENERATION  # a name from config/generate, or the path of a .yaml file
    scenes: int = 1000

    def __post_init__(self) -> None:
        if self.scenes < 1:
            raise ConfigError(f"scenes must be at least 1, got {self.scenes}")


def _of_boxes() -> JointConfig:
    return JointConfig(losses=BOXES, rates={"proposals": 3.0, "matching.crops.trunk": 0.5})


@dataclass(frozen=True)
class BackboneTraining:
    """Data, network and one stage. Raises ConfigError for what cannot be trained."""

    network: str = NETWORK  # `vla train` reads it
    seed: int = 0
    validation: float = 0.03  # share of frames kept for it
    threads: int = 2
    data: tuple[SceneSource, ...] = (SceneSource(),)  # generated when none is given
    # Folder, absolute or in the clone, of a backbone of these sizes or of a small GraspVLA, whose weights it begins
    # with; public weights are not read then.
    begin: str = ""
    pretrained: bool = True  # what looks closely begins from public weights: pretrained_trunk.py
    trunk_still: int = 7  # first blocks of it that stay so; counts with pretrained alone
    trunk_width: float = 1.0  # of MobileNetV2; pretrained weights are of 1
    crop: int = 96  # [px] of each thing that it looks at
    match_depth: int = 4  # layers that compare things with words
    joint: JointConfig = field(default_factory=_of_boxes)

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        for name in ("threads", "match_depth"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.seed < 0 or self.trunk_still < 0 or self.trunk_width <= 0.0:
            raise ConfigError("seed and trunk_still must be at least 0, trunk_width above 0")
        check_crop(self.crop)
        if self.pretrained and self.trunk_width != 1.0:
            raise ConfigError(
                f"pretrained weights are of trunk_width 1, not {self.trunk_width:g}: set pretrained: false"
            )
        if not self.data:
            raise ConfigError("data: name at least one of config/generate")
        if strange := sorted(set(self.joint.losses) - set(BOXES)):
            raise ConfigError(f"joint.losses: a backbone has no {strange[0]}, it has {' and '.join(BOXES)}")


def load_backbone_training(name: str) -> BackboneTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), BackboneTraining)
