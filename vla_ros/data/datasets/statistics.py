# SPDX-License-Identifier: Apache-2.0
"""Minimum, maximum, mean, deviation and quantiles of a feature: of one episode, and of many merged.

Shape legend: T frames, E sets of statistics, D numbers of a feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
REQUIRED = ("min", "max", "mean", "std", "count")  # of a foreign dataset: quantiles came later
NAMES = (*REQUIRED, *QUANTILES)
STD_MIN = 1e-6  # a number that never changes must not make its normalised value NaN
PIXEL_STEP = 4  # every fourth row and column of an image counts

Statistics = Mapping[str, np.ndarray]


def column_statistics(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the statistics of frames (T, ...), each of a frame's shape; those of (T,) have shape (1,)."""
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=0)
    return {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": np.maximum(values.std(axis=0), STD_MIN),
        "count": np.array([len(values)]),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


class ImageStatistics:
    """Count the values of each colour, image by image."""

    def __init__(self) -> None:
        self._counts = np.zeros((3, 256), dtype=np.int64)
        self._images = 0

    def add(self, image: np.ndarray) -> None:
        """Count an image (H, W, 3) uint8."""
        pixels = image[::PIXEL_STEP, ::PIXEL_STEP]
        for channel in range(3):
            self._counts[channel] += np.bincount(pixels[..., channel].ravel(), minlength=256)
        self._images += 1

    def result(self) -> dict[str, np.ndarray]:
        """Return the statistics, each (3, 1, 1) with values from 0 to 1; `count` is that of the images."""
        levels, counts = np.arange(256) / 255.0, self._counts
        shares = counts / counts.sum(axis=1, keepdims=True)
        mean = shares @ levels
        present = counts > 0
        cumulated = np.cumsum(shares, axis=1)
        columns = {
            "min": levels[present.argmax(axis=1)],
            "max": levels[255 - present[:, ::-1].argmax(axis=1)],
            "mean": mean,
            "std": np.maximum(np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0.0)), STD_MIN),
            **{name: levels[(cumulated >= q - 1e-12).argmax(axis=1)] for name, q in QUANTILES.items()},
        }
        result = {name: values.reshape(3, 1, 1) for name, values in columns.items()}
        return {**result, "count": np.array([self._images])}


def merge_statistics(parts: Sequence[Statistics]) -> dict[str, np.ndarray]:
    """Return the statistics of everything that `parts` are statistics of.

    All but the quantiles are exact. For those each part stands for the piecewise linear distribution through its own
    quantiles, and the mixture of all is inverted: a mean of quantiles would be wrong wherever episodes differ. Where a
    part lacks some there are none of all.
    """
    names = NAMES if all(part.keys() >= set(QUANTILES) for part in parts) else REQUIRED
    stacked = {name: np.stack([np.asarray(part[name], dtype=np.float64) for part in parts]) for name in names}
    counts = stacked["count"][:, 0]
    weights = (counts / counts.sum()).reshape(-1, *[1] * (stacked["mean"].ndim - 1))
    mean = (weights * stacked["mean"]).sum(axis=0)
    variance = (weights * (stacked["std"] ** 2 + (stacked["mean"] - mean) ** 2)).sum(axis=0)
    shape = mean.shape
    merged = {
        "min": stacked["min"].min(axis=0),
        "max": stacked["max"].max(axis=0),
        "mean": mean,
        "std": np.maximum(np.sqrt(variance), STD_MIN),
        "count": np.array([int(counts.sum())]),
    }
    if names is REQUIRED:
        return merged
    knots = np.stack([stacked[name].reshape(len(parts), -1) for name in ("min", *QUANTILES, "max")], axis=1)
    quantiles = np.stack(
        [_mixture_quantiles(knots[:, :, d], weights.ravel()) for d in range(knots.shape[2])], axis=1
    )  # (5, D)
    return merged | {name: row.reshape(shape) for name, row in zip(QUANTILES, quantiles, strict=True)}


def _mixture_quantiles(knots: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the quantiles of a mixture of distributions, each through its seven knots (E, 7)."""
    masses = weights[:, None] * np.diff([0.0, *QUANTILES.values(), 1.0])  # of the segments between knots (E, 6)
    start, end, mass = knots[:, :-1].ravel(), knots[:, 1:].ravel(), masses.ravel()
    atom = end - start <= 1e-12 * max(1e-300, float(np.ptp(knots)))  # all of a segment's mass at one value
    slope = np.where(atom, 0.0, mass / np.where(atom, 1.0, end - start))
    at = np.concatenate([start, end])
    order = np.argsort(at, kind="stable")
    at = at[order]
    slopes = np.cumsum(np.concatenate([slope, -slope])[order])
    jumps = np.concatenate([np.where(atom, mass, 0.0), np.zeros_like(mass)])[order]
    rise = np.concatenate([[0.0], slopes[:-1] * np.diff(at)])
    after = np.cumsum(rise + jumps)
    # Twice each value: the share below it without and with what lies exactly on it.
    shares = np.maximum.accumulate(np.stack([after - jumps, after], axis=1).ravel())
    return np.interp(list(QUANTILES.values()), shares / shares[-1], np.repeat(at, 2))
