# SPDX-License-Identifier: Apache-2.0
"""What is supposed of two policies before a comparison: their success rates, and how alike they are scene by scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

from controllers.errors import ConfigError

POINTS_MIN, POINTS_MAX = 1.0, 90.0  # that are worth planning for


@dataclass(frozen=True)
class PairedRates:
    """Success of the better and of the worse policy in the same scenes, and the correlation of the two (phi)."""

    better: float
    worse: float
    correlation: float = 0.0

    def __post_init__(self) -> None:
        """Raise ConfigError for rates and correlations that no two policies have."""
        if not 0.0 <= self.worse < self.better <= 1.0:
            raise ConfigError(f"rates must be within 0 and 1 and differ, got {self.worse:g} and {self.better:g}")
        lowest, highest = self.correlations
        if not lowest - 1e-9 <= self.correlation <= highest + 1e-9:
            raise ConfigError(
                f"--paired-correlation must be {lowest:.2f} to {highest:.2f} where the rates are {self.worse:g} and "
                f"{self.better:g}, got {self.correlation:g}"
            )

    @property
    def correlations(self) -> tuple[float, float]:
        """Return the lowest and the highest correlation that these rates allow."""
        if self._scale == 0.0:  # one of them always or never succeeds
            return 0.0, 0.0
        both = max(0.0, self.better + self.worse - 1.0), min(self.better, self.worse)
        low, high = ((share - self.better * self.worse) / self._scale for share in both)
        return low, high

    @property
    def won(self) -> float:
        """Return the share of scenes in which the better one alone succeeds."""
        return min(1.0, max(0.0, self.better - self._both))

    @property
    def lost(self) -> float:
        """Return the share of scenes in which the worse one alone succeeds."""
        return min(1.0, max(0.0, self.worse - self._both))

    @property
    def discordance(self) -> float:
        """Return the share of scenes in which one alone succeeds, which are all that a paired test sees."""
        return self.won + self.lost

    @property
    def _both(self) -> float:
        return self.better * self.worse + self.correlation * self._scale

    @property
    def _scale(self) -> float:
        return math.sqrt(self.better * (1.0 - self.better) * self.worse * (1.0 - self.worse))


def planned(rate: float, points: float, correlation: float = 0.0) -> PairedRates:
    """Return the rates of a policy of that `rate` and of one that is `points` better, or worse where it is negative.

    Raises ConfigError for what cannot be.
    """
    if not (math.isfinite(rate) and 0.0 <= rate <= 1.0):
        raise ConfigError(f"--rate must be 0 to 1, got {rate:g}")
    if not (math.isfinite(points) and POINTS_MIN <= abs(points) <= POINTS_MAX):
        raise ConfigError(f"--points must be {POINTS_MIN:g} to {POINTS_MAX:g}, or negative so, got {points:g}")
    other = round(rate + points / 100.0, 12)
    if not 0.0 <= other <= 1.0:
        raise ConfigError(
            f"--points {points:g} from --rate {rate:g} is a rate of {other:g}: give a rate from which it stays "
            "within 0 and 1, or --points=-N for a policy that is worse"
        )
    return PairedRates(max(rate, other), min(rate, other), correlation)
