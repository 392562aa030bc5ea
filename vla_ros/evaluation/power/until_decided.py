# SPDX-License-Identifier: Apache-2.0
"""After how many scenes the sequential comparison decides: the whole distribution, worked out rather than simulated.

Scenes in which both did alike change no evidence, so that the test walks over those in which one alone succeeded. The
probability of each number of wins among them is carried on one such scene after the other; what has enough evidence
for a verdict is taken out as decided there. How many scenes that takes is then a negative binomial.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from vla_ros.evaluation.power.paired_rates import PairedRates
from vla_ros.evaluation.sequential import ERROR, log_capital

DISCORDANT_MAX = 60_000  # scenes in which one alone succeeded, at which it is given up
_UNDECIDED = 1e-6  # probability that is left when it is enough
_BLOCK = 512  # of such scenes whose boundary is worked out at once
_NEGLIGIBLE = 1e-15


@dataclass(frozen=True, eq=False)
class UntilDecided:
    """When a sequential comparison of two policies of known rates ends."""

    rates: PairedRates
    right: np.ndarray  # (D + 1,) probability to call the better one better at just so many discordant scenes
    wrong: np.ndarray  # (D + 1,) to call the worse one better
    undecided: float  # that is left after DISCORDANT_MAX

    @property
    def right_share(self) -> float:
        """Return how often the verdict is the right one."""
        return float(self.right.sum())

    @property
    def mean(self) -> float:
        """Return the expected number of scenes [scenes of both]; infinite where too much is left undecided."""
        if self.undecided > _UNDECIDED:
            return math.inf
        decided = self.right + self.wrong
        return float(decided @ np.arange(len(decided)) / decided.sum() / self.rates.discordance)

    def decided_within(self, scenes: int) -> float:
        """Return how often there is a verdict within so many scenes."""
        decided = self.right + self.wrong
        reached = binom.sf(np.arange(len(decided)) - 1, scenes, self.rates.discordance)  # so many discordant ones
        return float(decided @ reached)

    def scenes(self, share: float) -> int | None:
        """Return within how many scenes this share of comparisons is decided; None: more than are worked out."""
        if share > self.right_share + float(self.wrong.sum()) - _UNDECIDED:
            return None
        low, high = 0, 8
        while self.decided_within(high) < share:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.decided_within(middle) >= share else (middle, high)
        return high


def fewest_wins(discordant: np.ndarray, error: float) -> np.ndarray:
    """Return how many of so many scenes, in which one alone succeeded, one must have won for a verdict.

    Above the number itself where none is enough.
    """
    threshold = math.log(2.0 / error)
    low, high = discordant // 2, discordant + 1  # of half of them none is decided
    while np.any(high - low > 1):
        middle = (low + high) // 2
        counts = np.stack((middle, discordant - middle), axis=1).astype(float)
        decides = log_capital(counts, np.array([1.0, -1.0]), 0.0) >= threshold
        low, high = np.where(decides, low, middle), np.where(decides, middle, high)
    return high


def until_decided(rates: PairedRates, error: float = ERROR) -> UntilDecided:
    """Work out when `vla compare` decides between policies of these rates, looked at after every scene."""
    won = rates.won / rates.discordance
    right, wrong = [0.0], [0.0]
    share, offset = np.ones(1), 0  # of share[i]: offset + i wins, and no verdict yet
    left = 1.0
    while left > _UNDECIDED and len(right) <= DISCORDANT_MAX:
        block = np.arange(len(right), len(right) + _BLOCK)
        for count, enough in zip(block, fewest_wins(block, error), strict=True):
            share = np.append(share, 0.0) * (1.0 - won) + np.append(0.0, share) * won
            upper, lower = int(enough) - offset, int(count - enough) - offset  # indices of a verdict
            upper, lower = min(max(upper, 0), len(share)), min(max(lower + 1, 0), len(share))
            right.append(float(share[upper:].sum()))
            wrong.append(float(share[:lower].sum()))
            share, offset = share[lower:upper], offset + lower
            kept = np.flatnonzero(share > _NEGLIGIBLE)
            if not len(kept):
                share = np.zeros(1)
                break
            share, offset = share[kept[0] : kept[-1] + 1], offset + int(kept[0])
        left = float(share.sum())
    return UntilDecided(rates, np.array(right), np.array(wrong), left)
