# SPDX-License-Identifier: Apache-2.0
"""What geometry there is to analyse: measured points, the instance that each shows, and where the floor is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree


@dataclass(frozen=True, eq=False)
class MeasuredPoints:
    """Of one look. Shape legend: M points."""

    points: np.ndarray  # (M, 3) [m] base frame
    instances: np.ndarray  # (M,) whole numbers, −1: none is known
    floor: float  # [m] how high the tote's floor is
    covered: Mapping[int, float] = field(default_factory=dict)  # shares of instances' borders that lie lower, if known

    @cached_property
    def tree(self) -> cKDTree:
        """Of the points; made when somebody asks for it."""
        return cKDTree(self.points)

    def shown(self, instance: int) -> np.ndarray:
        """Return the points (M, 3) of an instance."""
        return np.asarray(self.points[self.instances == instance])

    def around(
        self, positions: np.ndarray, rotations: np.ndarray, reach: float, low: float, high: float
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield, for each of N tools, which points (K,) are around it, and where in its frame (K, 3) [m].

        Around tools at (N, 3), turned by (N, 3, 3), is what is within `reach` [m] of their axis, and along it between
        `low` and `high` [m]. They are asked for once for all cups of a tool: a list of them takes longer than the rest.
        """
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        centers = positions + middle * rotations[:, :, 2]
        balls = self.tree.query_ball_point(centers, np.hypot(reach, half)) if len(centers) else []
        for row, near in enumerate(balls):
            which = np.fromiter(near, np.intp, len(near))
            own = (self.points[which] - positions[row]) @ rotations[row]
            inside = own[:, 0] ** 2 + own[:, 1] ** 2 < reach**2
            inside &= np.abs(own[:, 2] - middle) < half
            yield which[inside], own[inside]

    def narrow_side(self, instance: int) -> np.ndarray:
        """Return the way (2,) across which least is seen of an instance, level; along x where too few points say it."""
        own = self.shown(instance)[:, :2]
        if len(own) < 3:
            return np.array([1.0, 0.0])
        _, axes = np.linalg.eigh(np.cov((own - own.mean(axis=0)).T))
        return np.asarray(axes[:, 0])


NOTHING_MEASURED = MeasuredPoints(np.zeros((0, 3)), np.zeros(0, int), 0.0)
