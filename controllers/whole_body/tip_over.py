# SPDX-License-Identifier: Apache-2.0
"""Rows that keep a driving robot on its wheels: the zero moment point stays inside the polygon of its contacts.

    m (g + a_z) (p − c) = −m h a − (L̇_y, −L̇_x)        (Vukobratović 1972)

c, h: centre of mass and its height, a: its acceleration, L: angular momentum about it, of links that turn. a and L̇ are
the changes by the next speeds of joints and base, so that each edge n p ≥ o of the polygon is one row, linear in them.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

from controllers.whole_body.model import BodyModel

GRAVITY = 9.81  # [m/s²]
LEAST = 1.0 / 3.0  # of the margin that is kept whatever else is asked
CENTER_RATE = 5.0  # [1/s] at which the centre of mass approaches its margin …
CENTER_OUT = 0.02  # [m] … and comes back from beyond it, of as much at most
BRAKING_SHARE = 0.7  # of what the margin allows a base: arms swing meanwhile


class TipOver:
    """E edges of the support polygon, three rows each.

    The zero moment point keeps the whole margin, a row that gives way before links touch what stands around, since who
    drives may have to brake hard; it keeps LEAST of it whatever else is asked; and the centre of mass keeps the margin
    as well, so that what lies between the two is there to brake with.
    """

    def __init__(self, support: tuple[tuple[float, float], ...], margin: float) -> None:
        """Keep the point `margin` [m] inside the polygon around `support` [m]; nothing where that is empty."""
        points = np.array(support, dtype=float).reshape(-1, 2)
        self.normals, self.offsets = np.zeros((0, 2)), np.zeros(0)  # inside: n p ≥ o
        if len(points):
            hull = ConvexHull(points)
            self.normals, self.offsets = -hull.equations[:, :2], hull.equations[:, 2]
            self.normals, kept = np.unique(np.round(self.normals, 9), axis=0, return_index=True)
            self.offsets = self.offsets[kept]
        self.edges = len(self.offsets)  # E
        self.count = 3 * self.edges
        self._turned = np.stack([-self.normals[:, 1], self.normals[:, 0]], axis=1)  # n · (L_y, −L_x) = this · L
        self._margin = margin
        self._velocity, self._momentum = np.zeros(3), np.zeros(3)  # [m/s], [kg·m²/s] at the last tick

    def reset(self) -> None:
        """Begin at rest."""
        self._velocity[:] = self._momentum[:] = 0.0

    def write(self, model: BodyModel, base: np.ndarray, dt: float, rows: np.ndarray, lower: np.ndarray) -> None:
        """Write rows (3 E, n) and lower (3 E,), for the next speeds held for dt [s]; base (3,) was its last twist.

        In this order: the margin, its LEAST [m/s²], the centre of mass [m/s]. The last speeds' velocity and momentum
        are those of `remember`.
        """
        if not self.count:
            return
        edges, height = self.edges, max(float(model.center[2]), 0.05)
        inside = self.normals @ model.center[:2] - self.offsets
        turned = self._turned / (model.mass * height)
        level = self.normals @ model.J_center[:2]
        rows[2 * edges :] = level
        rows[2 * edges :, : model.moved] = 0.0
        np.multiply(np.maximum(inside - self._margin, -CENTER_OUT), -CENTER_RATE, out=lower[2 * edges :])
        level += turned @ model.J_momentum[:2]
        # In axes that turn with the base a vector changes by ω × it as well.
        velocity, momentum, turning = self._velocity, self._momentum, base[2] * dt
        before = self.normals @ (velocity[:2] - turning * np.array([-velocity[1], velocity[0]]))
        before += turned @ (momentum[:2] - turning * np.array([-momentum[1], momentum[0]]))
        for first, margin in ((0, self._margin), (edges, LEAST * self._margin)):
            part, lifted = slice(first, first + edges), (inside - margin) / height
            np.multiply(lifted[:, None] * model.J_center[2] - level, 1.0 / dt, out=rows[part])
            np.subtract(-GRAVITY * lifted, (before - lifted * velocity[2]) / dt, out=lower[part])

    def braking(self, height: float) -> float:
        """Return how hard a base may brake [m/s²], the robot's centre of mass that high [m] and inside its margin."""
        return BRAKING_SHARE * GRAVITY * (1.0 - LEAST) * self._margin / max(height, 0.05) if self.count else np.inf

    def remember(self, model: BodyModel, x: np.ndarray) -> None:
        """Keep velocity of the centre and momentum at the speeds x (n,) that were chosen."""
        if self.count:
            np.dot(model.J_center, x, out=self._velocity)
            np.dot(model.J_momentum, x, out=self._momentum)

    def room(self, point: np.ndarray) -> float:
        """Return how far inside the polygon a point (2,) [m] is; below 0 the robot tips."""
        return float((self.normals @ point - self.offsets).min()) if self.count else np.inf
