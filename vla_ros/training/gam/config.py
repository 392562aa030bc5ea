# SPDX-License-Identifier: Apache-2.0
"""How GAM's actor and critic are trained: a file of config/train with `network: gam`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.gam.checkpoint_config import KIND
from vla_ros.policies.gam.config import GamSizes
from vla_ros.training.stages.stage_config import StageConfig


@dataclass(frozen=True)
class Variation:
    """How a scene is varied each time it is learned from. Raises ConfigError for what is out of range."""

    turn: bool = True  # scene and candidates about the vertical, by any angle
    mirror: bool = True  # scene, candidates and tool, half of the times
    noise: float = 0.001  # [m] of places and points, along each axis
    dropped_points: float = 0.3  # share of the points at most
    dropped_picture: float = 0.1  # how often there is no picture

    def __post_init__(self) -> None:
        if not 0.0 <= self.noise <= 0.05:
            raise ConfigError(f"noise must be 0 to 0.05 m, got {self.noise}")
        for name in ("dropped_points", "dropped_picture"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must be at least 0 and below 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class GamTraining:
    """Data, network and one stage. Raises ConfigError for what cannot be trained."""

    network: str = KIND  # `vla train` reads it
    seed: int = 0
    start: str = ""  # folder of a checkpoint of the same sizes to begin with; empty: from nothing
    validation: float = 0.1  # share of scenes kept for it
    threads: int = 2
    held_back_tools: tuple[str, ...] = ()  # never learned from, judged apart
    top_share: float = 0.1  # of the candidates of a scene, tool and mode that the actor learns
    successes_alone: bool = True  # whether it learns none of them that fail
    scored_only: float = 0.25  # share of a batch's objects that the critic alone learns from, good candidates or none
    actor_candidates: int = 24  # noisy ones of each object
    critic_candidates: int = 16  # scored ones of each object
    critic_weight: float = 1.0  # of its loss beside the actor's
    judged: int = 200  # objects at most, at the end
    variation: Variation = field(default_factory=Variation)
    sizes: GamSizes = field(default_factory=GamSizes)
    gam: StageConfig = field(
        default_factory=lambda: StageConfig(5000, 12, 6e-4, warm_up=200, bf16=False, validate_every=1000)
    )

    def __post_init__(self) -> None:
        if not 0.0 < self.validation <= 0.5:
            raise ConfigError(f"validation must be above 0 and at most 0.5, got {self.validation}")
        if not 0.0 < self.top_share <= 1.0:
            raise ConfigError(f"top_share must be above 0 and at most 1, got {self.top_share}")
        if not 0.0 <= self.scored_only < 1.0:
            raise ConfigError(f"scored_only must be at least 0 and below 1, got {self.scored_only}")
        for name in ("threads", "actor_candidates", "critic_candidates", "judged"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.seed < 0 or self.critic_weight < 0.0:
            raise ConfigError(f"seed and critic_weight must be at least 0, got {self.seed} and {self.critic_weight}")


def load_gam_training(name: str) -> GamTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), GamTraining)
