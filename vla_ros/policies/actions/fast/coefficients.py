# SPDX-License-Identifier: Apache-2.0
"""Chunks of actions to whole numbers of a cosine transform and back: what FAST's tokens are made of.

Shape legend: N chunks, H steps, D numbers an action.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from scipy.fft import dct, idct

from controllers.errors import ConfigError

QUANTILES = (0.01, 0.99)  # what is −1 and 1: outliers must not decide how fine the rest is
COEFFICIENTS_MAX = 20_000  # as many characters as are certain to be single ones
SPREAD_MIN = 1e-6  # a number that never changes is only shifted


@dataclass(frozen=True)
class FastConfig:
    """How actions become whole numbers (Pertsch et al. 2025, section 4), and which of those tokens are made of.

    Raises ConfigError for what cannot be used.
    """

    horizon: int
    low: tuple[float, ...]  # (D,) action that is −1
    high: tuple[float, ...]  # (D,) action that is 1
    smallest: int  # coefficient that has a token; what lies outside is clipped
    largest: int
    scale: float = 10.0  # steps a unit of a coefficient: larger is finer, and needs more tokens
    version: int = 1

    def __post_init__(self) -> None:
        bounds = np.array([*self.low, *self.high])
        if self.version != 1:
            raise ConfigError(f"FAST tokenizer of version {self.version}: this reads version 1")
        if self.horizon < 1 or not self.low or len(self.low) != len(self.high):
            raise ConfigError(
                f"FAST tokenizer: horizon {self.horizon}, {len(self.low)} low and {len(self.high)} high bounds: "
                "it needs a horizon >= 1 and as many low as high"
            )
        if not np.isfinite(bounds).all() or (np.array(self.low) > np.array(self.high)).any():
            raise ConfigError("FAST tokenizer: a bound is not finite, or low is above high")
        if not 0.0 < self.scale <= 1e4 or not self.smallest <= 0 <= self.largest or self.span > COEFFICIENTS_MAX:
            raise ConfigError(
                f"FAST tokenizer: scale {self.scale:g}, coefficients {self.smallest} to {self.largest}: it needs a "
                f"scale in (0, 1e4], and at most {COEFFICIENTS_MAX} coefficients around 0"
            )

    @property
    def span(self) -> int:
        """Return how many values a coefficient may have."""
        return self.largest - self.smallest + 1

    @property
    def count(self) -> int:
        """Return how many coefficients are a chunk: H · D."""
        return self.horizon * len(self.low)


def fit_config(chunks: np.ndarray, scale: float = 10.0) -> FastConfig:
    """Return bounds for actions (N, H, D) in physical units. Raises ConfigError for data that has no bounds."""
    if chunks.ndim != 3 or 0 in chunks.shape or not np.isfinite(chunks).all():
        raise ConfigError(f"FAST tokenizer: give finite chunks (N, H, D), got shape {chunks.shape}")
    low, high = np.quantile(chunks, QUANTILES, axis=(0, 1))
    # What nearly always stands still, such as fingers that close once, has its quantiles in one place.
    still = high - low <= 2.0 * SPREAD_MIN
    low, high = np.where(still, chunks.min(axis=(0, 1)), low), np.where(still, chunks.max(axis=(0, 1)), high)
    config = FastConfig(chunks.shape[1], tuple(low.tolist()), tuple(high.tolist()), 0, 0, scale)
    values = _transformed(chunks, config)
    return dataclasses.replace(config, smallest=min(0, int(values.min())), largest=max(0, int(values.max())))


def to_coefficients(chunks: np.ndarray, config: FastConfig) -> np.ndarray:
    """Return the coefficients (N, H·D) of chunks (N, H, D), low frequencies of all numbers first."""
    return np.clip(_transformed(chunks, config), config.smallest, config.largest)


def from_coefficients(coefficients: np.ndarray, config: FastConfig) -> np.ndarray:
    """Return the chunks (N, H, D), in physical units, of coefficients (N, H·D)."""
    rows = coefficients.reshape(len(coefficients), config.horizon, len(config.low)) / config.scale
    middle, half = _frame(config)
    return idct(rows, axis=1, norm="ortho") * half + middle


def _transformed(chunks: np.ndarray, config: FastConfig) -> np.ndarray:
    middle, half = _frame(config)
    coefficients = dct((chunks - middle) / half, axis=1, norm="ortho")
    return np.rint(config.scale * coefficients).astype(np.int64).reshape(len(chunks), -1)


def _frame(config: FastConfig) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(config.low), np.array(config.high)
    half = 0.5 * (high - low)
    return 0.5 * (low + high), np.where(half > SPREAD_MIN, half, 1.0)
