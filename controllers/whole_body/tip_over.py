# SPDX-License-Identifier: Apache-2.0
"""Rows that keep a driving robot on its wheels: the zero moment point stays inside the polygon of its contacts.

    p = c − (h/g) a        c, h: centre of mass and its height, a: its acceleration   (Vukobratović 1972)

a is the change of the centre's velocity by the next speeds of joints and base, so that each edge of the polygon is one
row, linear in them. What turning the links about their own centres adds is left to the margin.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

from controllers.whole_body.model import BodyModel

GRAVITY = 9.81  # [m/s²]


class TipOver:
    """E edges of the support polygon."""

    def __init__(self, support: tuple[tuple[float, float], ...], margin: float) -> None:
        """Keep the point `margin` [m] inside the polygon around `support` [m]; nothing where that is empty."""
        points = np.array(support, dtype=float).reshape(-1, 2)
        self.normals, self.offsets = np.zeros((0, 2)), np.zeros(0)  # inside: n p ≥ o
        if len(points):
            hull = ConvexHull(points)
            self.normals, self.offsets = -hull.equations[:, :2], hull.equations[:, 2]
            self.normals, kept = np.unique(np.round(self.normals, 9), axis=0, return_index=True)
            self.offsets = self.offsets[kept]
        self.count = len(self.offsets)  # E
        self._margin = margin
        self._velocity, self._known = np.zeros(2), False  # [m/s] of the centre of mass at the last tick

    def reset(self) -> None:
        """Begin at rest."""
        self._velocity[:], self._known = 0.0, True

    def write(self, model: BodyModel, base: np.ndarray, dt: float, rows: np.ndarray, lower: np.ndarray) -> None:
        """Write rows (E, n) and lower (E,) [m/s²], for the next speeds held for dt [s]; base (3,) was its last twist.

        The last speeds' velocity of the centre is that of `remember`.
        """
        if not self.count:
            return
        center, height = model.center[:2], max(float(model.center[2]), 0.05)
        J = model.J_center[:2]
        rows[:] = self.normals @ J
        rows *= -1.0 / dt
        # In axes that turn with the base a velocity changes by ω × v as well.
        turning = base[2] * np.array([-self._velocity[1], self._velocity[0]])
        carried = self.normals @ (self._velocity / dt - turning)
        room = self.normals @ center - self.offsets - self._margin
        np.subtract(-GRAVITY / height * room, carried, out=lower)

    def remember(self, model: BodyModel, x: np.ndarray) -> None:
        """Keep the velocity of the centre at the speeds x (n,) that were chosen."""
        if self.count:
            np.dot(model.J_center[:2], x, out=self._velocity)

    def room(self, point: np.ndarray) -> float:
        """Return how far inside the polygon a point (2,) [m] is; below 0 the robot tips."""
        return float((self.normals @ point - self.offsets).min()) if self.count else np.inf
