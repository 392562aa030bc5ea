# SPDX-License-Identifier: Apache-2.0
"""Which of two policies succeeds more often, decided while scenes come in: valid however often one looks.

Both act in the same scenes, and scene i gives a difference x_i in [-1, 1]: 1 where only the first succeeded, -1 where
only the second did. For every mean m a gambler bets the share c of his capital, scene by scene, that the mean of x is
above m (Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS B 86 (2024)):

    K_m(n, c) = prod_i (1 - c + c (x_i + 1) / (m + 1))        E_m(n) = mean over c of K_m(n, c)

If the mean is m or less, E_m is a non-negative supermartingale that begins at 1, so that it ever reaches 1/a with a
probability of at most a (Ville's inequality), whatever n one stops at. A second gambler bets on the other side. At
m = 0 scenes where both did alike change nothing: the test is one of a coin over the scenes in which one succeeded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np

ERROR = 0.05  # of all that is said of one comparison together: verdict and interval
# Shares of the capital that are bet, equally weighted: nearly the arcsine law, dense at 0 for small differences in many
# scenes and at 1 for large ones in few, where seven scenes to none decide (with the power 2 it would be eight). A
# mixture over points is as valid as one over all of (0, 1), and needs no integral.
SHARES = np.sin(np.pi * (np.arange(128) + 0.5) / 256) ** 1.8  # (J,)
NEEDED_MAX = 1_000_000  # scenes; beyond it nobody waits
_STEPS = 50  # of bisection


class Verdict(Enum):
    """What two policies' successes say of them."""

    FIRST = "first"
    SECOND = "second"
    OPEN = "not decided"


@dataclass(frozen=True, eq=False)
class SequentialComparison:
    """Differences x of the two successes in [-1, 1], scene by scene, in an order that knows no result."""

    differences: Sequence[float]
    error: float = ERROR
    _values: np.ndarray = field(init=False, repr=False)  # (V,) that x takes
    _counts: np.ndarray = field(init=False, repr=False)  # (N + 1, V) how often each was seen after n scenes

    def __post_init__(self) -> None:
        x = np.asarray(self.differences, dtype=float)
        if x.ndim != 1 or not np.all(np.abs(x) <= 1.0):  # not a number is not <= either
            raise ValueError("differences of successes must be a row of numbers from -1 to 1")
        values, which = np.unique(x, return_inverse=True)
        counts = np.zeros((len(x) + 1, len(values)))
        counts[np.arange(1, len(x) + 1), which] = 1.0
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_counts", counts.cumsum(axis=0))

    @property
    def mean(self) -> float:
        """Return the mean difference; 0 without a scene."""
        return float(self._counts[-1] @ self._values) / max(1, len(self.differences))

    @property
    def threshold(self) -> float:
        """Return the natural logarithm of the evidence that decides: each of the two sides errs in half the cases."""
        return math.log(2.0 / self.error)

    @cached_property
    def evidence(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ln E_0 that the first is better, and that the second is, after 0 to N scenes, each (N + 1,)."""
        return self._evidence(1.0, 0.0), self._evidence(-1.0, 0.0)

    @cached_property
    def decided_after(self) -> int | None:
        """Return after how many scenes it was decided; None while it is not."""
        reached = np.maximum(*self.evidence) >= self.threshold
        return int(reached.argmax()) if reached.any() else None

    @property
    def verdict(self) -> Verdict:
        """Return who is better. What was decided once stays so: one might have stopped there."""
        if self.decided_after is None:
            return Verdict.OPEN
        first, second = (side[self.decided_after] for side in self.evidence)
        return Verdict.FIRST if first > second else Verdict.SECOND

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Return between which means all scenes leave the difference: of all n at once, with 1 - error."""
        low, high = self._bound(1.0), -self._bound(-1.0)
        return low, max(low, high)

    def contradicts(self, mean: float) -> bool:
        """Say whether a mean within (-1, 1) lies outside the interval, without working the interval out."""
        return self._above(1.0, mean) or self._above(-1.0, -mean)

    def intervals(self, scenes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the interval after each of these rising numbers of scenes, (len(scenes), 2), looked at there alone."""
        counts = self._counts[np.asarray(scenes, dtype=int)]
        sides = [np.maximum.accumulate(_bounds(self._values * side, counts, self.threshold)) for side in (1.0, -1.0)]
        return np.stack((sides[0], -sides[1]), axis=1)

    @property
    def needed(self) -> int | None:
        """Return about how many more scenes would decide it if the rates stay as they are; None: too many.

        0 when it is decided.
        """
        if self.decided_after is not None:
            return 0
        count = len(self.differences)
        if self.mean == 0.0:
            return None
        side = math.copysign(1.0, self.mean)

        def decided(scenes: float) -> bool:
            scaled = self._counts[-1:] * (scenes / count)
            return bool(self._evidence(side, 0.0, scaled)[0] >= self.threshold)

        low, high = float(count), 2.0 * count
        while not decided(high):
            low, high = high, 2.0 * high
            if high > NEEDED_MAX:
                return None
        while high - low > 0.5:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if decided(middle) else (middle, high)
        return max(1, math.ceil(high) - count)

    def figures(self) -> dict[str, float | int]:
        """Return it as numbers by name; points are hundredths of a success rate, verdict 1 says the first is better."""
        low, high = self.interval
        figures: dict[str, float | int] = {
            "compared_episodes": len(self.differences),
            "difference_points": 100.0 * self.mean,
            "difference_points_ci95_low": 100.0 * low,
            "difference_points_ci95_high": 100.0 * high,
            "verdict": {Verdict.FIRST: 1, Verdict.OPEN: 0, Verdict.SECOND: -1}[self.verdict],
        }
        if self.decided_after is not None:
            figures["decided_after_episodes"] = self.decided_after
        elif self.needed is not None:
            figures["more_episodes_needed"] = self.needed
        return figures

    def _evidence(self, side: float, mean: float, counts: np.ndarray | None = None) -> np.ndarray:
        """Return ln E that the mean of side·x is above `mean`, after each row of counts (N, V)."""
        return log_capital(self._counts if counts is None else counts, side * self._values, mean)

    def _bound(self, side: float) -> float:
        """Return the smallest mean of side·x that no number of scenes has contradicted: E falls as m grows."""
        low, high = -1.0, 1.0
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._above(side, middle) else (low, middle)
        return low

    def _above(self, side: float, mean: float) -> bool:
        return bool(self._evidence(side, mean).max() >= self.threshold)


def log_capital(counts: np.ndarray, values: np.ndarray, mean: float | np.ndarray) -> np.ndarray:
    """Return ln E_m for each row of counts (N, V) of the values (V,); `mean` is one number, or one a row (N,)."""
    means = np.reshape(mean, (-1, 1, 1))
    logs = np.log(1.0 - SHARES + SHARES * (values[:, None] + 1.0) / (means + 1.0))  # (1 or N, V, J)
    won = np.einsum("nv,nvj->nj", counts, logs) if len(logs) > 1 else counts @ logs[0]  # (N, J)
    top = won.max(axis=1, keepdims=True)
    return (top + np.log(np.exp(won - top).mean(axis=1, keepdims=True)))[:, 0]


def _bounds(values: np.ndarray, counts: np.ndarray, threshold: float) -> np.ndarray:
    """Return for each row of counts (N, V) the smallest mean of the values that it does not contradict, (N,)."""
    low, high = np.full(len(counts), -1.0), np.ones(len(counts))
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        contradicted = log_capital(counts, values, middle) >= threshold
        low, high = np.where(contradicted, middle, low), np.where(contradicted, high, middle)
    return low
