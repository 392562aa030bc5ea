# SPDX-License-Identifier: Apache-2.0
"""Scenes that a test of a number fixed beforehand needs: Fisher's exact test unpaired, McNemar's exact test paired.

Power is summed over all outcomes, not approximated. Where it goes up and down by a little from one number to the next,
as exact tests' does, the number returned is one at which it reaches what is asked for and the number before does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binom, hypergeom

from vla_ros.evaluation.power.paired_rates import PairedRates

SCENES_MAX = 1_000_000
_TAIL = 1e-12  # of a binomial that is left out on each side


def unpaired_power(rates: PairedRates, scenes: int, alpha: float) -> float:
    """Return the power of Fisher's exact test, twice the one-sided p, with so many scenes of each policy."""
    counts = [_window(scenes, rate) for rate in (rates.better, rates.worse)]
    shares = [binom.pmf(count, scenes, rate) for count, rate in zip(counts, (rates.better, rates.worse), strict=True)]
    successes = np.arange(counts[0][0] + counts[1][0], counts[0][-1] + counts[1][-1] + 1)  # of both together
    # The most successes of the lesser one of so many of both that are significant; -1: none are.
    most = hypergeom.ppf(alpha / 2.0, 2 * scenes, successes, scenes).astype(int)
    most -= hypergeom.cdf(most, 2 * scenes, successes, scenes) > alpha / 2.0
    a, b = counts[0][:, None], counts[1][None, :]
    significant = np.minimum(a, b) <= most[a + b - successes[0]]
    return float(shares[0] @ significant @ shares[1])


def paired_power(rates: PairedRates, scenes: int, alpha: float) -> float:
    """Return the power of McNemar's exact two-sided test in so many scenes that both run."""
    discordant = _window(scenes, rates.discordance)
    most = binom.ppf(alpha / 2.0, discordant, 0.5).astype(int)
    most -= binom.cdf(most, discordant, 0.5) > alpha / 2.0
    won = rates.won / rates.discordance
    significant = binom.cdf(most, discordant, won) + binom.sf(discordant - most - 1, discordant, won)
    return float(binom.pmf(discordant, scenes, rates.discordance) @ significant)


def scenes_needed(
    power_of: Callable[[PairedRates, int, float], float], rates: PairedRates, power: float, alpha: float
) -> int | None:
    """Return with how many scenes a test reaches the power; None: not within SCENES_MAX."""
    low, high = 0, 8
    while power_of(rates, high, alpha) < power:
        low, high = high, 2 * high
        if high > SCENES_MAX:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(rates, middle, alpha) >= power else (middle, high)
    return high


def _window(scenes: int, rate: float) -> np.ndarray:
    """Return the numbers of successes that are at all likely."""
    low, high = binom.ppf(_TAIL, scenes, rate), binom.isf(_TAIL, scenes, rate)
    return np.arange(max(0, int(low)), min(scenes, int(high)) + 1)
