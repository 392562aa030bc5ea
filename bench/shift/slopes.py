# SPDX-License-Identifier: Apache-2.0
"""How fast a quantity grows, with a 95 % interval: one slope for all lives of a process, a level for each.

Samples 10 s apart are not independent, so residuals are drawn in blocks (moving-block bootstrap: Künsch 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.shift.sampling import Series

HOUR_S = 3600.0
BLOCK = 6  # samples
DRAWS = 2000
SAMPLES_MIN = 8
FLAT, GROWS, UNSURE, TOO_FEW = "flat", "grows", "not shown", "too few samples"


@dataclass(frozen=True)
class Slope:
    """A slope an hour with its interval, and the level it starts from."""

    per_hour: float
    low: float
    high: float
    level: float  # median of the samples
    samples: int
    lives: int

    def verdict(self, bar: float) -> str:
        """Say whether it is flat: known to within `bar` an hour, and less than that. Falling is no growth."""
        if self.samples < SAMPLES_MIN:
            return TOO_FEW
        if self.low > 0.0 and self.per_hour > bar:
            return GROWS
        return FLAT if self.high <= bar and self.high - self.per_hour <= bar else UNSURE


def slope(series: Series, random: np.random.Generator) -> Slope:
    """Fit one slope [1/h] to all lives that have at least two samples."""
    times, values, lives = (np.asarray(column) for column in (series.times, series.values, series.lives))
    counted = np.array([np.count_nonzero(lives == life) >= 2 for life in lives], dtype=bool)
    times, values, lives = times[counted] / HOUR_S, values[counted].astype(float), lives[counted]
    count, alive = len(times), len(np.unique(lives))
    if count < 3 or count - alive < 2:
        return Slope(np.nan, np.nan, np.nan, float(np.median(series.values)), count, alive)
    within_t, within_v = _centred(times, lives), _centred(values, lives)
    spread = float(within_t @ within_t)
    estimate = float(within_t @ within_v) / spread
    residuals = within_v - estimate * within_t
    block = min(BLOCK, count)
    starts = random.integers(0, count - block + 1, (DRAWS, -(-count // block)))
    rows = (starts[..., None] + np.arange(block)).reshape(DRAWS, -1)[:, :count]  # (D, N)
    drawn = estimate + residuals[rows] @ within_t / spread
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Slope(estimate, float(low), float(high), float(np.median(values)), count, alive)


def _centred(values: np.ndarray, lives: np.ndarray) -> np.ndarray:
    """Return values less the mean of their life (N,)."""
    _, inverse = np.unique(lives, return_inverse=True)
    return values - (np.bincount(inverse, values) / np.bincount(inverse))[inverse]
