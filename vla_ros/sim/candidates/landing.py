# SPDX-License-Identifier: Apache-2.0
"""Where something that is lowered straight into a container comes to lie, and whether it stays there.

Shape legend: X, Y cells of a part of the height map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from vla_ros.sim.candidates.container import PITCH, HeightMap
from vla_ros.sim.candidates.held_object import HeldObject

_RESTS = 0.003  # [m] as near above what is below it counts as lying on it: heights are known to so much


@dataclass(frozen=True, eq=False)
class Landing:
    """An object at a pose above what is in a container, in the container's frame."""

    cells: tuple[slice, slice]  # of the height map, around it
    lower: np.ndarray  # (X, Y) [m] z where it begins, infinite where it is not
    upper: np.ndarray  # (X, Y) [m] z where it ends
    fall: float  # [m] down to what it meets first; negative: it stands in it by so much; infinite: beside the map
    center: np.ndarray  # (3,) [m] of mass

    @property
    def down(self) -> float:
        """Return how far it falls [m]: not at all where it stands in something, or over nothing that is known."""
        return self.fall if 0.0 < self.fall < np.inf else 0.0

    def rests_stably(self, heights: HeightMap) -> bool:
        """Say whether the centre of mass is over what bears the object once it has fallen."""
        gap = self.lower - heights.heights[self.cells] - self.fall
        bears = np.argwhere(gap <= _RESTS)
        corners = (bears[:, None] + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])).reshape(-1, 2)  # of the cells
        if not len(corners):
            return False
        start = np.array([heights.x[self.cells[0]][0], heights.y[self.cells[1]][0]]) - PITCH / 2
        try:
            faces = ConvexHull(start + PITCH * corners).equations
        except QhullError:
            return False
        return bool((faces[:, :2] @ self.center[:2] + faces[:, 2] <= 0.0).all())


def landing(heights: HeightMap, held: HeldObject, T_container_object: np.ndarray) -> Landing:
    """Lower an object from a pose (4, 4) in the container's frame."""
    R, place = T_container_object[:3, :3], T_container_object[:3, 3]
    points = held.points @ R.T + place
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    cells = heights.around(0.5 * (low + high), float(0.5 * (high - low).max()) + PITCH)
    grid = np.stack(np.meshgrid(heights.x[cells[0]], heights.y[cells[1]], indexing="ij"), axis=-1)
    lower = np.full(grid.shape[:2], np.inf)
    upper = -lower
    if grid.size:
        lower, upper = (one.reshape(lower.shape) for one in held.extents(T_container_object, grid.reshape(-1, 2)))
    fall = float((lower - heights.heights[cells]).min(initial=np.inf))
    return Landing(cells, lower, upper, fall, R @ held.center + place)
