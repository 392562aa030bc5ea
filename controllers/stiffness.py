# SPDX-License-Identifier: Apache-2.0
"""Springs and dampers of the tool as 6×6 matrices: read from a configuration, checked, square-rooted.

Rows and columns are x, y, z [m], then the rotation about x, y, z [rad].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from controllers.errors import ConfigError

STIFFNESS_RANGE = ((1.0, 5000.0), (0.1, 500.0))  # [N/m], [N·m/rad] of every direction
DAMPING_RANGE = ((0.1, 2000.0), (0.01, 200.0))  # [N·s/m], [N·m·s/rad] of every direction
ASYMMETRY_MAX = 1e-6  # of the largest value
Range = tuple[tuple[float, float], tuple[float, float]]


def matrix_of(name: str, values: Sequence[Any], allowed: Range) -> np.ndarray:
    """Return the (6, 6) matrix of 6 diagonal values or 6 rows of 6, in which every direction is within `allowed`.

    Raises ConfigError when it is neither, not symmetric, not positive definite, or too soft or stiff somewhere.
    """
    try:
        given = np.array(values, dtype=float)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape not in ((6,), (6, 6)) or not np.isfinite(given).all():
        raise ConfigError(f"impedance: '{name}' must be 6 numbers (the diagonal) or 6 rows of 6, got {_short(values)}")
    matrix = np.diag(given) if given.ndim == 1 else given
    asymmetry = np.abs(matrix - matrix.T)
    if asymmetry.max() > ASYMMETRY_MAX * np.abs(matrix).max():
        row, column = np.unravel_index(int(asymmetry.argmax()), matrix.shape)
        raise ConfigError(
            f"impedance: '{name}' must be symmetric: row {row + 1} column {column + 1} is {matrix[row, column]:g}, "
            f"row {column + 1} column {row + 1} is {matrix[column, row]:g}"
        )
    # Scaled by its own diagonal, so that newtons and newton metres weigh alike.
    diagonal = matrix.diagonal()
    scale = np.sqrt(np.maximum(np.abs(diagonal), 1e-12))
    if (diagonal <= 0.0).any() or np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0] < 1e-6:
        raise ConfigError(f"impedance: '{name}' must be positive definite: in some direction it does not pull back")
    for block, unit, (low, high) in zip(
        (matrix[:3, :3], matrix[3:, 3:]), ("position", "rotation"), allowed, strict=True
    ):
        softest, hardest = np.linalg.eigvalsh(block)[[0, -1]]
        if softest < low * (1.0 - 1e-9) or hardest > high * (1.0 + 1e-9):
            wrong = softest if softest < low else hardest
            raise ConfigError(f"impedance: '{name}' in {unit} must be {low:g} to {high:g} every way, got {wrong:g}")
    return matrix


def square_root(matrix: np.ndarray) -> np.ndarray:
    """Return the symmetric positive definite root of such a matrix (6, 6)."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


def _short(values: Sequence[Any]) -> str:
    text = str(list(values)) if isinstance(values, tuple) else str(values)
    return text if len(text) <= 60 else text[:57] + "..."
