# SPDX-License-Identifier: Apache-2.0
"""How a stage is trained, as config/train and config/finetune say it. Imports no PyTorch: settings are read first."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError


@dataclass(frozen=True)
class StageConfig:
    """How long and how fast a stage learns. Raises ConfigError for what no training can have."""

    steps: int
    batch: int  # samples of a step, of all processes together
    learning_rate: float
    weight_decay: float = 0.02
    warm_up: int = 100  # steps
    average: float = 0.998  # of the weights kept a step
    clip: float = 1.0  # norm of the gradient
    bf16: bool = True
    validate_every: int = 500  # steps
    save_every_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "warm_up", "validate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "clip", "save_every_s"):
            if getattr(self, name) <= 0.0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0.0 <= self.average < 1.0 or self.weight_decay < 0.0:
            raise ConfigError("average must be at least 0 and below 1, weight_decay at least 0")
