# SPDX-License-Identifier: Apache-2.0
"""How a checkpoint is fine-tuned: config/finetune/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.robots.names import DEFAULT_GENERATION
from vla_ros.training.stages.stage_config import BOXES, LOSSES, StageConfig


@dataclass(frozen=True)
class OriginalConfig:
    """Data that the checkpoint has learned from before, or its like. Raises ConfigError for amounts that cannot be."""

    share: float = 0.5  # of each batch
    frames_an_episode: int = 10
    settings: str = DEFAULT_GENERATION  # a name from config/generate, or the path of a .yaml file
    episodes: int = 60  # demonstrations that are generated when no --original is given
    grounding: int = 240  # scenes with boxes alone

    def __post_init__(self) -> None:
        if not 0.0 <= self.share < 1.0:
            raise ConfigError(f"original.share must be at least 0 and below 1, got {self.share}")
        if self.episodes < 1 or self.grounding < 0 or self.frames_an_episode < 1:
            raise ConfigError("original: episodes and frames_an_episode must be at least 1, grounding 0")


def _gentle(steps: int, batch: int, learning_rate: float, bf16: bool = True) -> StageConfig:
    return StageConfig(steps, batch, learning_rate, average=0.98, warm_up=40, bf16=bf16, validate_every=200)


@dataclass(frozen=True)
class FinetuneConfig:
    """Which networks learn, for how long, and beside what. Raises ConfigError for what cannot be trained."""

    seed: int = 0
    stages: tuple[str, ...] = BOXES
    frames_an_episode: int = 24  # of each demonstration that are looked at
    validation: float = 0.1  # share of the task's frames kept back
    threads: int = 2
    original: OriginalConfig = field(default_factory=OriginalConfig)
    # A camera that the checkpoint does not know: its view alone, before the links.
    view_matching: StageConfig = field(default_factory=lambda: _gentle(150, 24, 5e-4))
    view_grasp: StageConfig = field(default_factory=lambda: _gentle(250, 32, 1e-3))
    proposals: StageConfig = field(default_factory=lambda: _gentle(100, 24, 3e-4))
    matching: StageConfig = field(default_factory=lambda: _gentle(400, 24, 3e-4))
    grasp: StageConfig = field(default_factory=lambda: _gentle(250, 32, 3e-4))
    expert: StageConfig = field(default_factory=lambda: _gentle(400, 256, 1e-4, bf16=False))

    def __post_init__(self) -> None:
        chosen_stages(",".join(self.stages))
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        if self.frames_an_episode < 1 or self.threads < 1:
            raise ConfigError("frames_an_episode and threads must be at least 1")
        if self.seed < 0:
            raise ConfigError(f"seed must be at least 0, got {self.seed}")

    @property
    def ordered(self) -> tuple[str, ...]:
        """Return the stages in the order of training."""
        return tuple(name for name in LOSSES if name in self.stages)


def load_finetune_config(name: str) -> FinetuneConfig:
    """Read settings by their name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("finetune", "fine-tuning", name), FinetuneConfig)


def chosen_stages(names: str) -> tuple[str, ...]:
    """Return the stages named, separated by commas, in the order of training. Raises ConfigError for another name."""
    given = [name.strip() for name in names.split(",") if name.strip()]
    for name in given:
        if name not in LOSSES:
            raise ConfigError(unknown_name("stage", name, LOSSES))
    if not given:
        raise ConfigError(f"no stage is named; give some of {', '.join(LOSSES)}")
    return tuple(name for name in LOSSES if name in given)
