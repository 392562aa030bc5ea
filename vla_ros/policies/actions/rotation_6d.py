# SPDX-License-Identifier: Apache-2.0
"""Rotations as the first two columns of their matrix, six numbers without jumps (Zhou et al. 2019)."""

from __future__ import annotations

import numpy as np


def from_matrices(matrices: np.ndarray) -> np.ndarray:
    """Return (N, 6) of rotations (N, 3, 3): the first column, then the second."""
    return matrices[:, :, :2].transpose(0, 2, 1).reshape(-1, 6)


def to_matrices(numbers: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Return rotations (N, 3, 3) of two columns (N, 6), by Gram and Schmidt.

    Columns are taken to be at least `least` long: with 0 a column without a direction gives NaN.
    """
    first = numbers[:, :3] / np.linalg.norm(numbers[:, :3], axis=1, keepdims=True).clip(least)
    second = numbers[:, 3:] - (first * numbers[:, 3:]).sum(axis=1, keepdims=True) * first
    second = second / np.linalg.norm(second, axis=1, keepdims=True).clip(least)
    return np.stack([first, second, np.cross(first, second)], axis=2)
