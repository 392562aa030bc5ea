# SPDX-License-Identifier: Apache-2.0
"""How the geometry encoder is trained: a file of config/train with `network: geometry`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.gear_vla.geometry.config import KIND, GeometryConfig
from vla_ros.training.generation.settings import load_settings
from vla_ros.training.stages.stage_config import StageConfig


@dataclass(frozen=True)
class GeometryTraining:
    """Pictures, network and one stage. Raises ConfigError for what cannot be trained."""

    network: str = KIND  # `vla train` reads it
    seed: int = 0
    scenes_of: tuple[str, ...] = ("agilex_flip", "agilex_fold")  # names from config/generate, in turn
    scenes: int = 240
    views: int = 8  # pictures of all cameras a scene, each time with the robot and the cameras elsewhere
    validation: float = 0.1  # share of scenes kept for it
    threads: int = 2
    sizes: GeometryConfig = field(default_factory=GeometryConfig)
    geometry: StageConfig = field(default_factory=lambda: StageConfig(3000, 8, 1e-3, bf16=False))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation <= 0.5:
            raise ConfigError(f"validation must be above 0 and at most 0.5, got {self.validation}")
        if self.scenes < 2 or self.views < 1 or self.threads < 1 or self.seed < 0:
            raise ConfigError(
                "scenes must be at least 2, views and threads at least 1 and seed at least 0, got "
                f"{self.scenes}, {self.views}, {self.threads} and {self.seed}"
            )
        if not self.scenes_of:
            raise ConfigError("scenes_of names nothing: give names from config/generate")
        counts = {len(self.cameras(name)) for name in self.scenes_of}
        if len(counts) > 1:
            raise ConfigError(f"scenes_of have {sorted(counts)} cameras: give those with as many")

    def cameras(self, name: str) -> tuple[str, ...]:
        """Name the cameras of some settings of generation, the first one first."""
        from vla_ros.policies.contract import load_contract

        return tuple(load_contract(load_settings(name).contract).cameras)


def load_geometry_training(name: str) -> GeometryTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), GeometryTraining)
