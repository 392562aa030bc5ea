# SPDX-License-Identifier: Apache-2.0
"""How the latent-action tokenizer is trained: a file of config/train with `network: latent_actions`. No PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.gear_vla.latent_actions.config import KIND, LatentActionConfig
from vla_ros.training.stages.stage_config import StageConfig

GENERATED = ("generation", "episodes")  # settings that say what data is made where none is given


@dataclass(frozen=True)
class LatentActionTraining:
    """Data, network and one stage. Raises ConfigError for what cannot be trained."""

    network: str = KIND  # `vla train` reads it
    seed: int = 0
    validation: float = 0.1  # share of episodes kept for it
    threads: int = 2
    generation: str = "agilex_flip"  # without --data: a name from config/generate, or the path of a .yaml file
    episodes: int = 200  # that are generated without --data
    cameras: tuple[str, ...] = ()  # whose videos are learned from; none named: all
    nearness: float = 1.0  # weight of the distance between features and entries
    spread: float = 0.1  # weight of choosing entries alike often
    quantised_after: int = 1000  # steps; until then more and more transitions are
    sizes: LatentActionConfig = field(default_factory=LatentActionConfig)
    codes: StageConfig = field(default_factory=lambda: StageConfig(3000, 32, 1e-3, bf16=False))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation <= 0.5:
            raise ConfigError(f"validation must be above 0 and at most 0.5, got {self.validation}")
        if self.threads < 1 or self.episodes < 1 or self.seed < 0:
            raise ConfigError(
                f"threads and episodes must be at least 1 and seed at least 0, got {self.threads}, {self.episodes} "
                f"and {self.seed}"
            )
        if self.quantised_after < 1:
            raise ConfigError(f"quantised_after must be at least 1 step, got {self.quantised_after}")
        if min(self.nearness, self.spread) < 0.0:
            raise ConfigError(f"nearness and spread must be at least 0, got {self.nearness} and {self.spread}")


def load_latent_action_training(name: str) -> LatentActionTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), LatentActionTraining)
