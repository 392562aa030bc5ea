# SPDX-License-Identifier: Apache-2.0
"""Candidates that a policy has weighed before it moved: an optional capability, to draw and to count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True, eq=False)
class ScoredCandidates:
    """N candidates in the robot's base frame, as the last look proposed them."""

    positions: np.ndarray  # (N, 3) [m] of the tool's frame
    rotations: np.ndarray  # (N, 3, 3) of base from tool
    criteria: Sequence[str]  # (C,) what each was scored by
    scores: np.ndarray  # (N, C) 0 to 1
    merits: np.ndarray  # (N,) weighted mean, 0 to 1: the best is 1
    chosen: int | None  # which is carried out; None: none could be


@runtime_checkable
class ScoringCandidates(Protocol):
    """A policy that says which candidates it weighed."""

    @property
    def scored(self) -> ScoredCandidates | None:
        """Return those of the last look; the same object until it looks again; None before the first."""
        ...
