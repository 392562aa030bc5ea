# SPDX-License-Identifier: Apache-2.0
"""What queries of actions do not see while they learn: the wrists' views, the state, or both (GEAR-VLA, appendix A).

A policy that never had to do without them relies on them, and fails with the first camera. The same mask keeps out
views that a robot does not have.

Shape legend: B samples, T tokens that are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Generator, Tensor

from controllers.errors import ConfigError


class Modality(IntEnum):
    """What a token is of."""

    OTHER = 0  # words, the head's view: always seen
    WRIST = 1
    STATE = 2


@dataclass(frozen=True)
class DroppingConfig:
    """Probabilities as in the paper. Raises ConfigError for those that are none."""

    wrist: float = 0.2
    state: float = 0.2
    both: float = 0.2

    def __post_init__(self) -> None:
        each = (self.wrist, self.state, self.both)
        if min(each) < 0.0 or sum(each) > 1.0 + 1e-9:
            raise ConfigError(f"dropping: wrist, state and both must be >= 0 and at most 1 together, got {each}")


def draw_dropping(batch: int, rng: Generator, config: DroppingConfig | None = None) -> Tensor:
    """Return which of WRIST and STATE (B, 2) each sample does without."""
    config = config or DroppingConfig()
    drawn = torch.rand(batch, generator=rng)
    bounds = torch.tensor([config.wrist, config.state, config.both]).cumsum(0)
    wrist = (drawn < bounds[0]) | ((drawn >= bounds[1]) & (drawn < bounds[2]))
    state = (drawn >= bounds[0]) & (drawn < bounds[2])
    return torch.stack([wrist, state], dim=1)


def attention_mask(modalities: Tensor, there: Tensor, dropped: Tensor | None = None) -> Tensor:
    """Return which tokens (B, T) a sample's action queries may read.

    `modalities` (T,) says what each token is of, `there` (B, T) whether there is such a thing at all (a view may be
    padding); `dropped` (B, 2) is what draw_dropping returned, None at inference.
    """
    seen = there.clone()
    if dropped is not None:
        for column, modality in enumerate((Modality.WRIST, Modality.STATE)):
            seen &= ~(dropped[:, column, None] & (modalities == modality)[None])
    return seen
