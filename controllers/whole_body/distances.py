# SPDX-License-Identifier: Apache-2.0
"""Distances of a whole robot's links from each other and from what stands around, and the rows that keep them.

Measuring all pairs takes longer than a tick. So each pair has a bound that its distance is not below: what was last
measured, less the most that the joints' motion since can have closed. Every tick those with the least bounds are
measured. Rows are those that are near, their distance going on along the gradient between two measurements:

    n x ≥ −v(d − margin)        v: `safety/braking_profile.py`, braking at what the joints that part the pair can do
"""

from __future__ import annotations

import numpy as np
import pinocchio as pin

from controllers.safety.braking_profile import BrakingProfile
from controllers.whole_body.config import WholeBodyConfig
from controllers.whole_body.limits import BodyBounds
from controllers.whole_body.model import BodyModel
from controllers.whole_body.shapes import BodyShapes

ROWS = 16  # pairs at once
MEASURED = 12  # pairs a tick
NEAR = 0.12  # [m] from which on a pair may be a row, and its gradient is computed
BRAKING_SHARE = 0.12  # of the acceleration with which all joints together could part a pair: others need them as well
BASE_SHARE = 0.5  # of that of the base, along the axis that does most


class BodyDistances:
    """The pairs of a robot whose model is up to date, and up to ROWS rows for n variables."""

    def __init__(self, model: BodyModel, shapes: BodyShapes, bounds: BodyBounds, config: WholeBodyConfig) -> None:
        """Keep `config`'s margin by what `bounds` let the joints do."""
        speed, acceleration = bounds.speed[: model.moved], bounds.acceleration
        self._model, self._shapes, self._config = model, shapes, config
        self._placed = pin.GeometryData(shapes.geometry)
        self._acceleration = acceleration
        pairs = len(shapes.pairs)
        self.least, self.distances = np.zeros(pairs), np.zeros(pairs)  # [m] bound, and by the gradient
        self.gradients = np.zeros((pairs, model.size))  # [m/rad, m/m]
        self._floors = np.zeros(pairs)  # [m] what is kept: less where a pair begins nearer, so that it is not thrown
        # A base takes a long way to stop: what stands in it is seen in time.
        way = float((speed**2 / (2.0 * BASE_SHARE * acceleration[: model.moved])).max(initial=0.0))
        driven = (shapes.movers[:, : model.moved] != 0.0).any(axis=1)
        self._near = np.where(driven, NEAR + way, NEAR)
        self.rows, self.lower = np.zeros((ROWS, model.size)), np.zeros(ROWS)
        self.count = 0
        self._moved = np.zeros(model.size)

    def reset(self, T_odom_base: np.ndarray) -> None:
        """Measure every pair, at the model's configuration."""
        self._place(T_odom_base)
        self._measure(range(len(self.least)))
        self._floors[:] = np.minimum(self.distances, self._config.distance)
        self._moved[:] = 0.0
        self._write(self._moved, 1.0)

    def update(self, T_odom_base: np.ndarray, moved: np.ndarray, dt: float) -> None:
        """Go on to the model's configuration, (n,) [rad, m] further than at the last call, dt [s] ago."""
        if not len(self.least):
            return
        self.distances += self.gradients @ moved
        self.least -= self._shapes.rates @ np.abs(moved, out=self._moved)
        self._place(T_odom_base)
        few = min(MEASURED, len(self.least))
        self._measure(np.argpartition(self.least, few - 1)[:few].tolist())
        self._write(moved, dt)

    def minimum(self, T_odom_base: np.ndarray) -> float:
        """Return the least distance of all pairs [m], each measured."""
        self._place(T_odom_base)
        geometry, placed = self._shapes.geometry, self._placed
        found = [pin.computeDistance(geometry, placed, index).min_distance for index in range(len(self.least))]
        return min(found, default=np.inf)

    def _place(self, T_odom_base: np.ndarray) -> None:
        self._shapes.place_obstacles(T_odom_base)
        pin.updateGeometryPlacements(self._model.pinocchio, self._model.data, self._shapes.geometry, self._placed)

    def _measure(self, pairs: list[int] | range) -> None:
        model, geometry, placed = self._model, self._shapes.geometry, self._placed
        found, near, wrenches = [], [], []
        for index in pairs:
            result = pin.computeDistance(geometry, placed, index)
            distance = result.min_distance
            found.append(distance)
            if distance < self._near[index]:
                (x, y, z), (a, b, c) = (-result.normal).tolist(), result.getNearestPoint1().tolist()
                near.append(index)
                wrenches.append((x, y, z, b * z - c * y, c * x - a * z, a * y - b * x))  # n, p × n: n is from 2 to 1
        where = list(pairs)
        self.distances[where] = self.least[where] = found
        self._floors[where] = np.maximum(self._floors[where], np.minimum(found, self._config.distance))
        self.gradients[where] = 0.0
        if near:
            lines = np.array(wrenches)
            gradients = np.empty((len(near), model.size))
            gradients[:, model.moved :] = lines @ (model.data.J @ model.selection)
            for index, axis in enumerate(model.axes):
                gradients[:, index] = lines[:, axis if axis < 2 else 5]
            gradients *= self._shapes.movers[near]
            self.gradients[near] = gradients

    def _write(self, moved: np.ndarray, dt: float) -> None:
        """Write the rows of the pairs that are nearest to being held by one: near, or approaching fast."""
        near = np.flatnonzero(self.distances < self._near)
        self.count = count = min(len(near), ROWS)
        if not count:
            return
        gradients = self.gradients[near]
        profile = BrakingProfile(self._config.distance_rate, self._braking(gradients))
        room, speeds = self.distances[near] - self._floors[near], np.empty(len(near))
        profile.write(room, speeds)
        chosen: slice | np.ndarray = slice(None)
        if len(near) > ROWS:  # neighbours that are always near each other leave room for those that approach
            spare = speeds + gradients @ moved / dt
            chosen = np.argpartition(spare, ROWS - 1)[:ROWS]
        self.rows[:count] = gradients[chosen]
        np.negative(speeds[chosen], out=self.lower[:count])

    def _braking(self, gradients: np.ndarray) -> np.ndarray:
        """Return how hard an approach (K, n) can be braked [m/s²]: by a share of what each of them can."""
        able = np.abs(gradients) * self._acceleration
        moved = self._model.moved
        most = BRAKING_SHARE * able[:, moved:].sum(axis=1)
        if moved:
            most += BASE_SHARE * able[:, :moved].max(axis=1)
        return np.minimum(np.maximum(most, 1e-3), self._config.distance_braking)
