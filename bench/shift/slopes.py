# SPDX-License-Identifier: Apache-2.0
"""How fast a quantity grows, with a 95 % interval: one slope for all lives of a process, a level for each.

Samples 10 s apart are not independent: what is left beside the slope is taken for an autoregression of the first order,
whose correlation is too small in short series by about the number of levels and slopes fitted, over that of samples
(Marriott and Pope 1954, Kendall 1954), and is put right by that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from scipy.stats import t as student

from bench.shift.sampling import Series

HOUR_S = 3600.0
LEVEL = 0.95
CORRELATION_MAX = 0.99  # of samples next to one another
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


def slope(series: Series) -> Slope:
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
    half = _half_width(within_v - estimate * within_t, within_t, lives)
    return Slope(estimate, estimate - half, estimate + half, float(np.median(values)), count, alive)


def _half_width(residuals: np.ndarray, within_t: np.ndarray, lives: np.ndarray) -> float:
    """Return half of the slope's interval: Student's t, of as many samples as these are worth."""
    count, alive = len(residuals), len(np.unique(lives))
    sum_of_squares = float(residuals @ residuals)
    if sum_of_squares == 0.0:
        return 0.0
    rho = _correlation(residuals, lives)
    _, inverse, lengths = np.unique(lives, return_inverse=True, return_counts=True)
    spread = float(within_t @ within_t)
    # What the fit has taken out of the residuals' sum of squares, in their variance: levels, then the slope.
    fitted = _variance(1.0 / np.sqrt(lengths[inverse]), lives, rho) + _variance(within_t, lives, rho) / spread
    variance = sum_of_squares / max(count - fitted, 1e-9)
    error = np.sqrt(variance * _variance(within_t / spread, lives, rho))
    worth = max(2.0, (count - alive - 1) * (1.0 - rho) / (1.0 + rho))
    return float(student.ppf(0.5 + 0.5 * LEVEL, worth) * error)


def _correlation(residuals: np.ndarray, lives: np.ndarray) -> float:
    """Return the correlation of samples next to one another in a life, 0 to CORRELATION_MAX."""
    count, alive = len(residuals), len(np.unique(lives))
    neighbours = lives[1:] == lives[:-1]
    products = residuals[1:] * residuals[:-1]
    found = products[neighbours].mean() / (residuals**2).mean()
    independent = count - 3 * alive - 1
    if independent <= 0:
        return CORRELATION_MAX
    return float(np.clip((count * found + alive + 1) / independent, 0.0, CORRELATION_MAX))


def _variance(weights: np.ndarray, lives: np.ndarray, rho: float) -> float:
    """Return the variance of the weighted sum of an autoregression of variance 1 in each life."""
    found = 0.0
    for life in np.unique(lives):
        own = weights[lives == life]
        found += float(2.0 * own @ lfilter([1.0], [1.0, -rho], own) - own @ own)
    return found


def _centred(values: np.ndarray, lives: np.ndarray) -> np.ndarray:
    """Return values less the mean of their life (N,)."""
    _, inverse = np.unique(lives, return_inverse=True)
    return values - (np.bincount(inverse, values) / np.bincount(inverse))[inverse]
