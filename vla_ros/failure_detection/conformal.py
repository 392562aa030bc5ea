# SPDX-License-Identifier: Apache-2.0
"""Functional conformal prediction: a band over time that a new successful roll-out's score leaves with probability α.

Diquigiovanni, Fontana and Vantini, "The Importance of Being a Band" (2021, arXiv 2102.06746), one-sided, as SAFE uses
it (arXiv 2506.09937): upper(t) = m(t) + q s(t). The mean m and the modulation s come from one part of the calibration
curves, the radius q is the ⌈(n + 1)(1 − α)⌉-th smallest of the n others' largest (y(t) − m(t)) / s(t). A new curve that
is exchangeable with those n leaves the band with probability of at most α, and of at least α − 1/(n + 1) where no two
are equal. Nothing is promised of a task whose successes score otherwise than those of the calibration.

Shape legend: N curves, T steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

MEAN_SHARE = 0.3  # of the calibration curves that the mean and the modulation are made of, as in SAFE's code
FLOOR = 0.05  # of the modulation's largest value: where all curves agree by chance, a hair's breadth is no alarm


@dataclass(frozen=True, eq=False)
class FunctionalBand:
    """What a successful roll-out's score stays below."""

    mean: np.ndarray  # (T,)
    modulation: np.ndarray  # (T,) above 0
    radius: float  # inf: too few curves for such a low level, so that nothing is ever an alarm

    def upper(self, steps: int) -> np.ndarray:
        """Return the band's edge (steps,); past its end it stays what it is there, as padded curves do."""
        edge = self.mean + self.radius * self.modulation
        return edge[np.minimum(np.arange(steps), len(edge) - 1)]

    def first_alarm(self, scores: np.ndarray) -> int | None:
        """Return the first step at which scores (T,) lie above the band; None: at none."""
        above = np.flatnonzero(scores > self.upper(len(scores)))
        return int(above[0]) if len(above) else None


def padded(curves: Sequence[np.ndarray], steps: int | None = None) -> np.ndarray:
    """Return curves of various lengths as (N, T), each going on as it ended."""
    steps = steps or max(len(curve) for curve in curves)
    return np.stack([curve[np.minimum(np.arange(steps), len(curve) - 1)] for curve in curves])


def conformal_rank(count: int, alpha: float) -> int:
    """Return which of `count` sorted scores is the quantile, from 1; more than `count`: too few for this level."""
    return math.ceil((count + 1) * (1.0 - alpha) - 1e-9)


def least_alpha(count: int) -> float:
    """Return the lowest level at which a band of `count` calibration curves raises any alarm."""
    return 1.0 / (count - _shaping(count) + 1)


def _shaping(count: int) -> int:
    """Return how many of the calibration curves make the mean and the modulation."""
    return min(max(1, round(MEAN_SHARE * count)), count - 1)


def calibrate(curves: np.ndarray, alpha: float, rng: np.random.Generator) -> FunctionalBand:
    """Return the band of level `alpha` of calibration curves (N, T), which `rng` splits in two.

    Raises ConfigError for fewer than two curves, or a level outside 0 to 1.
    """
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"alpha must lie between 0 and 1, got {alpha}")
    count = len(curves)
    if count < 2:
        raise ConfigError(f"a band needs 2 successful roll-outs at least, got {count}: record more")
    order = rng.permutation(count)
    first = _shaping(count)
    shaping, rest = curves[order[:first]], curves[order[first:]]
    mean = shaping.mean(axis=0)
    modulation = _modulation(np.abs(shaping - mean), alpha)
    largest = np.sort(((rest - mean) / modulation).max(axis=1))
    rank = conformal_rank(len(rest), alpha)
    return FunctionalBand(mean, modulation, float(largest[rank - 1]) if rank <= len(rest) else math.inf)


def _modulation(deviations: np.ndarray, alpha: float) -> np.ndarray:
    """Return s(t) (T,): the largest deviation (N, T) among the curves that deviate least, all but the share alpha."""
    largest = deviations.max(axis=1)
    rank = conformal_rank(len(deviations), alpha)
    kept = deviations if rank > len(deviations) else deviations[largest <= np.sort(largest)[rank - 1]]
    modulation = kept.max(axis=0)
    peak = float(modulation.max())
    return np.maximum(modulation, FLOOR * peak) if peak > 0.0 else np.ones_like(modulation)
