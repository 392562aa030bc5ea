# SPDX-License-Identifier: Apache-2.0
"""Tests for a number of scenes fixed beforehand, to be seen beside: what they say after every number of scenes."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom, hypergeom

LEVEL = 0.05


def mcnemar(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Say after each scene whether McNemar's exact two-sided test is significant, (comparisons, scenes)."""
    wins, losses = ((a & ~b).cumsum(axis=1) for a, b in ((first, second), (second, first)))
    counts = np.arange(first.shape[1] + 1)
    # The most scenes that the lesser one may have won of so many that one alone succeeded in; -1: none will do.
    most = binom.ppf(LEVEL / 2, counts, 0.5).astype(int)
    most -= 2.0 * binom.cdf(most, counts, 0.5) > LEVEL
    return np.minimum(wins, losses) <= most[wins + losses]


def fisher(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Say after each scene whether Fisher's exact test, of scenes that are not paired, is significant at twice p."""
    scenes = first.shape[1]
    a, b = first.cumsum(axis=1), second.cumsum(axis=1)
    n = np.broadcast_to(np.arange(1, scenes + 1), a.shape)
    code = (n * (scenes + 1) + np.minimum(a, b)) * (2 * scenes + 1) + a + b
    tables, which = np.unique(code, return_inverse=True)
    rest, both = np.divmod(tables, 2 * scenes + 1)
    count, least = np.divmod(rest, scenes + 1)
    significant = 2.0 * hypergeom.cdf(least, 2 * count, both, count) <= LEVEL
    return significant[which.reshape(a.shape)]
