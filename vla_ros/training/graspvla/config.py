# SPDX-License-Identifier: Apache-2.0
"""How the small GraspVLA is trained: config/train/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.contract import load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.policies.graspvla.small.chain import REASONING_STEPS
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_CONTRACT, DEFAULT_GENERATION, DEFAULT_ROBOT
from vla_ros.training.stages.stage_config import JOINT, JointConfig, StageConfig, check_crop

EXPERT = "expert"  # the stage of a network without a chain


@dataclass(frozen=True)
class DataConfig:
    """What is generated when no data is given. Raises ConfigError for amounts that cannot be."""

    settings: str = DEFAULT_GENERATION  # a name from config/generate, or the path of a .yaml file
    episodes: int = 1200  # demonstrations
    grounding: int = 4800  # scenes with boxes alone

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.grounding < 0:
            raise ConfigError(f"episodes must be at least 1, grounding 0, got {self.episodes} and {self.grounding}")


@dataclass(frozen=True)
class RollOutConfig:
    """How many episodes are run, and how often. Raises ConfigError for what cannot be."""

    episodes: int = 24  # 0: the last weights are kept, whatever they do
    every: int = 3000  # steps

    def __post_init__(self) -> None:
        if self.episodes < 0 or self.every < 1:
            raise ConfigError(f"rollouts.episodes must be at least 0, every 1, got {self.episodes} and {self.every}")


@dataclass(frozen=True)
class TrainConfig:
    """Data, stages and where the result goes. Raises ConfigError for what cannot be trained."""

    policy: str = "graspvla"  # family: `vla train` reads it
    robot: str = DEFAULT_ROBOT
    contract: str = DEFAULT_CONTRACT
    seed: int = 0
    frames_an_episode: int = 6  # of each demonstration that are looked at; the action expert reads all
    validation: float = 0.03  # share of frames kept for it
    threads: int = 2
    # Reasoning steps that the action expert is conditioned on; without any it looks for itself.
    conditioning: tuple[str, ...] = REASONING_STEPS
    data: DataConfig = field(default_factory=DataConfig)
    begin: str = ""  # folder of a checkpoint of these sizes whose weights it begins with; pretrained counts not then
    pretrained: bool = True  # what looks closely begins from public weights: backbone/pretrained_trunk.py
    # First blocks of it that stay as public weights have them: edges and textures; learning through their large maps is
    # what costs. Counts with pretrained alone.
    trunk_still: int = 7
    trunk_width: float = 1.0  # of MobileNetV2; pretrained weights are of 1
    crop: int = 96  # [px] of each thing that it looks at
    match_depth: int = 4  # layers that compare things with words
    joint: JointConfig = field(default_factory=JointConfig)
    rollouts: RollOutConfig = field(default_factory=lambda: RollOutConfig(episodes=0))
    expert: StageConfig = field(default_factory=lambda: StageConfig(4000, 24, 1e-3))  # without a chain

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        if self.frames_an_episode < 1 or self.threads < 1:
            raise ConfigError("frames_an_episode and threads must be at least 1")
        if self.seed < 0:
            raise ConfigError(f"seed must be at least 0, got {self.seed}")
        if self.trunk_width <= 0.0 or self.match_depth < 1 or self.trunk_still < 0:
            raise ConfigError("trunk_width must be above 0, match_depth at least 1, trunk_still 0")
        check_crop(self.crop)
        if self.pretrained and self.trunk_width != 1.0:
            raise ConfigError(
                f"pretrained weights are of trunk_width 1, not {self.trunk_width:g}: set pretrained: false"
            )
        check_robot(load_contract(self.contract), load_embodiment(self.robot))

    @property
    def stages(self) -> tuple[str, ...]:
        """Return what is trained, in this order."""
        return (JOINT,) if self.conditioning else (EXPERT,)


def load_train_config(name: str) -> TrainConfig:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), TrainConfig)
