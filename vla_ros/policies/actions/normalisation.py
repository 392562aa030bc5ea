# SPDX-License-Identifier: Apache-2.0
"""Actions to mean 0 and standard deviation 1 and back, number by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

STD_MIN = 1e-6  # what changes by less never changes in the data
STIRS = 1e-4  # [m], [rad], [m/s]: from its mean on, a number that never changed does so now


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Statistics of D numbers. Raises ConfigError when they disagree or are not finite: missing ones are fatal.

    A number that never changes is only shifted, and restored as its mean whatever a network says: that is never exact,
    and unscaled it would turn a hand that never turned, or let a base creep that stood still.
    """

    mean: np.ndarray  # (D,)
    std: np.ndarray  # (D,) 0 of what never changes

    def __post_init__(self) -> None:
        mean, std = np.asarray(self.mean, dtype=float), np.asarray(self.std, dtype=float)
        if mean.ndim != 1 or mean.shape != std.shape:
            raise ConfigError(f"statistics disagree: mean {mean.shape}, std {std.shape}; both must be (numbers,)")
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0.0).all()):
            raise ConfigError("statistics hold a value that is not finite, or a negative std")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "std", np.where(std > STD_MIN, std, 0.0))

    @classmethod
    def of(cls, data: np.ndarray) -> Normaliser:
        """Return the statistics of data (..., D)."""
        flat = data.reshape(-1, data.shape[-1])
        return cls(flat.mean(axis=0), flat.std(axis=0))

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """Map physical values (..., D) to normalised ones."""
        return (values - self.mean) / np.where(self.std > 0.0, self.std, 1.0)

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Map normalised values (..., D) back."""
        return values * self.std + self.mean


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation, number by number, as a checkpoint's config.json says them."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, data: np.ndarray) -> Statistics:
        """Take them of data (…, D), as Normaliser does."""
        found = Normaliser.of(data)
        return cls(tuple(found.mean.tolist()), tuple(found.std.tolist()))

    def normaliser(self) -> Normaliser:
        """Return what applies them. Raises ConfigError when they disagree."""
        return Normaliser(np.array(self.mean), np.array(self.std))

    def moved_by(self, data: np.ndarray) -> Statistics:
        """Return the same for data (…, D) to go on with: what never changed and moves now is taken unscaled.

        So networks have met it until now, as its difference from the mean.
        """
        mean, std = np.array(self.mean), np.array(self.std)
        away = np.abs(data - mean).reshape(-1, len(mean)).max(axis=0, initial=0.0)
        return Statistics(self.mean, tuple(np.where((std <= STD_MIN) & (away > STIRS), 1.0, std).tolist()))

    def check(self, what: str, size: int) -> None:
        """Raise ConfigError unless these are statistics of `size` numbers, which are `what` to a person."""
        if self.normaliser().mean.shape != (size,):
            raise ConfigError(f"{what}_statistics are of {len(self.mean)} numbers, {what} has {size}")
