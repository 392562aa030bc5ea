# SPDX-License-Identifier: Apache-2.0
"""What a training has to say while it runs, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

LOSSES, VALIDATION, PREPARING = "train", "validation", "preparing"


@dataclass(frozen=True)
class TrainingEvent:
    """So far a stage has come, and what was measured there."""

    stage: str
    done: int
    total: int
    kind: str = PREPARING  # or LOSSES, VALIDATION
    figures: Mapping[str, float] = field(default_factory=dict)


OnEvent = Callable[[TrainingEvent], None]


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended."""

    figures: Mapping[str, float] = field(default_factory=dict)  # of the last validations
    interrupted: bool = False
