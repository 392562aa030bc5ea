# SPDX-License-Identifier: Apache-2.0
"""The part of a table that things stand on before a robot, and the grids that it is looked at by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TableArea:
    """A rectangle at the heights that tables have, robot frame [m]."""

    center: tuple[float, float]
    extent: tuple[float, float]
    heights: tuple[float, ...]  # from the lowest table to the highest

    @property
    def height(self) -> float:
        """Return the height of a table in the middle of them [m]."""
        return (self.heights[0] + self.heights[-1]) / 2.0

    def grid(self, height: float, step: float = 0.05) -> np.ndarray:
        """Return points (A, B, 3) [m] at a height, over the rectangle and its edges."""
        (x, y), (length, width) = self.center, self.extent
        xs, ys = (
            np.linspace(middle - span / 2, middle + span / 2, round(span / step) + 1)
            for middle, span in ((x, length), (y, width))
        )
        points = np.empty((len(xs), len(ys), 3))
        points[..., 0], points[..., 1], points[..., 2] = xs[:, None], ys[None, :], height
        return points
