# SPDX-License-Identifier: Apache-2.0
"""Numbers as tokens: each has its range, cut into equally wide bins.

Shape legend: D numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError


@dataclass(frozen=True)
class Bins:
    """Uniform bins of D numbers, `count` of each. Raises ConfigError for ranges that are empty or not finite."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    count: int

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ConfigError(f"bins must be >= 2, got {self.count}")
        for low, high in zip(self.low, self.high, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise ConfigError(f"bins reach from {low} to {high}: both must be finite, the first below the second")

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the bins (..., D) int64 of values (..., D); what lies outside takes the nearest one."""
        values = np.asarray(values, dtype=float)
        if not np.isfinite(values).all():
            raise ConfigError("a number that is not finite has no bin: mask the sample instead")
        low, high = np.array(self.low), np.array(self.high)
        return np.clip(np.floor((values - low) / (high - low) * self.count), 0, self.count - 1).astype(np.int64)

    def decode(self, bins: np.ndarray) -> np.ndarray:
        """Return the centres (..., D) of bins (..., D)."""
        low, high = np.array(self.low), np.array(self.high)
        return low + (np.asarray(bins) + 0.5) / self.count * (high - low)
