# SPDX-License-Identifier: Apache-2.0
"""How a stage is trained, as config/train and config/finetune say it. Imports no PyTorch: settings are read first."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name

JOINT = "joint"  # the stage in which all networks of a chain learn
LOSSES = ("expert", "proposals", "matching", "grasp")  # networks that may learn alone, in this order
BOXES = ("proposals", "matching")  # what boxes alone can teach (GraspVLA, section 5.5)


def check_crop(crop: int) -> None:
    """Raise ConfigError for crops that what looks closely cannot take."""
    if not 32 <= crop <= 256:
        raise ConfigError(f"crop must be from 32 to 256 pixels, got {crop}")


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


@dataclass(frozen=True)
class JointConfig(StageConfig):
    """How all networks of a chain learn at once. Raises ConfigError for what no training can have."""

    losses: tuple[str, ...] = LOSSES  # networks that learn; the others stay what they begin with
    steps: int = 5500
    batch: int = 64  # frames of a step that are looked at, of all processes together
    learning_rate: float = 1.5e-3
    clip: float = 4.0
    bf16: bool = False  # on a CPU it makes what proposes four times as slow
    warm_up: int = 200
    proposed: int = 8  # of them in which all boxes are proposed: that is learned sooner than what is meant
    grounding: float = 0.7  # share of them from pictures with boxes alone
    grasps: int = 24  # frames of demonstrations whose grasps are learned
    actions: int = 128  # chunks
    flow: float = 10.0  # weight of the actions' loss beside the others
    # Of the learning rate, by how the names of weights begin. What was learned elsewhere changes more slowly.
    rates: dict[str, float] = field(
        default_factory=lambda: {
            "backbone.proposals": 2.0,
            "backbone.matching.crops.trunk": 0.67,
            "grasp": 1.33,
            "expert": 0.67,
        }
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.losses:
            if name not in LOSSES:
                raise ConfigError(unknown_name("network", name, LOSSES))
        if not self.losses:
            raise ConfigError(f"losses: name at least one of {', '.join(LOSSES)}")
        for name in ("proposed", "grasps", "actions"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0.0 < self.grounding < 1.0:
            raise ConfigError(f"grounding must be above 0 and below 1, got {self.grounding}")
        if min(self.flow, *self.rates.values(), 1.0) <= 0.0:
            raise ConfigError("flow and rates must be above 0")
