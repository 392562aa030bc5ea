# SPDX-License-Identifier: Apache-2.0
"""How the small GraspVLA is trained: config/train/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.training.graspvla.stage import StageConfig


@dataclass(frozen=True)
class TrainConfig:
    """Data, stages and where the result goes. Raises ConfigError for what cannot be trained."""

    robot: str = "franka"
    contract: str = "franka_grasp"
    seed: int = 0
    frames_an_episode: int = 10  # of each demonstration that are looked at; the action expert reads all
    validation: float = 0.04  # share of frames kept for it
    threads: int = 2
    proposals: StageConfig = field(default_factory=lambda: StageConfig(4000, 24, 3e-3))
    matching: StageConfig = field(default_factory=lambda: StageConfig(6000, 24, 1e-3))
    grasp: StageConfig = field(default_factory=lambda: StageConfig(6000, 32, 2e-3))
    expert: StageConfig = field(default_factory=lambda: StageConfig(6000, 256, 1e-3, bf16=False))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        if self.frames_an_episode < 1 or self.threads < 1:
            raise ConfigError("frames_an_episode and threads must be at least 1")
