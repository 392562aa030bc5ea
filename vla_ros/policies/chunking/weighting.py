# SPDX-License-Identifier: Apache-2.0
"""What each of several predictions for the same time is worth: ACT, CogACT, VOTE.

Shape legend: P predictions, oldest first, the newest last; K times; M numbers a motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.chunking.similarity import cosine

QUORUM = 0.5  # of the newest chunk's times that a prediction must reach to have a vote


class Weighting(Protocol):
    """A rule that weighs predictions."""

    @property
    def window(self) -> int:
        """Return how many predictions are asked at most, the newest included."""
        ...

    def weights(self, motions: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Return weights (P, K) ≥ 0 for motions (P, K, M); 0 where a prediction is not `present` (P, K)."""
        ...


def _check_window(window: int) -> None:
    if window < 1:
        raise ConfigError(f"window must be at least 1 prediction, got {window}")


@dataclass(frozen=True)
class ActWeighting:
    """Temporal ensembling (Zhao et al. 2023, ACT): wᵢ = exp(−m i), i = 0 the oldest."""

    decay: float = 0.01  # m: smaller takes new observations up faster
    window: int = 100

    def __post_init__(self) -> None:
        _check_window(self.window)
        if self.decay < 0.0:
            raise ConfigError(f"decay must be >= 0, got {self.decay}")

    def weights(self, motions: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Weigh by age alone, the oldest most."""
        age_rank = np.cumsum(present, axis=0) - 1
        return np.exp(-self.decay * age_rank) * present


@dataclass(frozen=True)
class CogActWeighting:
    """Adaptive ensembling (Li et al. 2024, CogACT): w ∝ exp(α cos(a_now, a_past))."""

    alpha: float = 0.1
    window: int = 7

    def __post_init__(self) -> None:
        _check_window(self.window)
        if self.alpha < 0.0:
            raise ConfigError(f"alpha must be >= 0, got {self.alpha}")

    def weights(self, motions: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Weigh each target by how much its motion agrees with the newest one's."""
        return np.exp(self.alpha * cosine(motions, motions[-1:])) * present


@dataclass(frozen=True)
class VoteWeighting:
    """Ensemble voting (Lin et al. 2025, VOTE): the plain mean of the larger side.

    A prediction sides with the newest when their cosine exceeds the threshold; a tie goes to the newest, as in the
    released code. Published for single actions; here the vote is one for the whole chunk, over all times both
    predictions know, so that a chunk does not change sides half-way. Where the old side wins, the chunk is as long
    as the old side's knowledge reaches, at least half as long as the newest.
    """

    threshold: float = 0.5
    window: int = 8

    def __post_init__(self) -> None:
        _check_window(self.window)
        if not -1.0 <= self.threshold < 1.0:
            raise ConfigError(f"threshold must be -1 to below 1, got {self.threshold}")

    def weights(self, motions: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Weigh the majority 1, the others 0."""
        shared = motions * present[..., None]
        newest = motions[-1:] * present[..., None]
        likeness = cosine(shared.reshape(len(motions), -1), newest.reshape(len(motions), -1))
        voting = present.mean(axis=1) >= QUORUM
        agreeing = voting & (likeness > self.threshold)
        agreeing[-1] = True
        kept = agreeing if 2 * agreeing.sum() >= voting.sum() else voting & ~agreeing
        return kept[:, None] * present.astype(float)
