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
from controllers.whole_body.limits import BodyBounds
from controllers.whole_body.model import BodyModel
from controllers.whole_body.shapes import BodyShapes
from controllers.whole_body.tip_over import TipOver
from controllers.whole_body_config import WholeBodyConfig

TOUCH = -1e-3  # [m] kept of what may touch: a chunk may ask a hand for so much below the table
ROWS = 16  # pairs at once
MEASURED = 12  # pairs a tick
NEAR = 0.12  # [m] from which on a pair may be a row, and its gradient is computed
BRAKING_SHARE = 0.12  # of the acceleration with which all joints together could part a pair: others need them as well
BASE_SHARE = 0.5  # of that of the base, along the axis that does most


class BodyDistances:
    """The pairs of a robot whose model is up to date, and up to ROWS rows for n variables."""

    def __init__(
        self, model: BodyModel, shapes: BodyShapes, bounds: BodyBounds, config: WholeBodyConfig, tip_over: TipOver
    ) -> None:
        """Keep `config`'s margin by what `bounds` let the joints do, and `tip_over` the base; the model is at ease."""
        speed, acceleration = bounds.speed[: model.moved], bounds.acceleration
        self._model, self._shapes, self._config = model, shapes, config
        self._placed = pin.GeometryData(shapes.geometry)
        self._acceleration = acceleration
        pairs = len(shapes.pairs)
        self.least, self.distances = np.zeros(pairs), np.zeros(pairs)  # [m] bound, and by the gradient
        self.gradients = np.zeros((pairs, model.size))  # [m/rad, m/m]
        self._floors = np.zeros(pairs)  # [m] what is kept: less where a pair begins nearer, so that it is not thrown
        self._kept = np.where(shapes.touching, TOUCH, config.distance)  # [m] … else
        # A base takes a long way to stop: what stands in it is seen in time.
        self._tip_over = tip_over
        braking = np.minimum(BASE_SHARE * acceleration[: model.moved], tip_over.braking(float(model.center[2])))
        way = float((speed**2 / (2.0 * braking)).max(initial=0.0))
        driven = (shapes.movers[:, : model.moved] != 0.0).any(axis=1)
        self._near = np.where(driven, NEAR + way, NEAR)
        self._near_list = self._near.tolist()
        self._able = np.full(pairs, 1.0)  # [m/s²] at which an approach is braked
        self._growth = np.zeros(pairs)  # [m] of each distance in the last tick, by the gradient
        self.rows, self.lower = np.zeros((ROWS, model.size)), np.zeros(ROWS)
        self.count = 0
        self._moved = np.zeros(model.size)

    def reset(self, T_odom_base: np.ndarray) -> None:
        """Measure every pair, at the model's configuration."""
        self._place(T_odom_base)
        self._measure(np.arange(len(self.least)))
        self._floors[:] = np.minimum(self.distances, self._kept)
        self._growth[:] = 0.0
        self._write(1.0)

    def update(self, T_odom_base: np.ndarray, moved: np.ndarray, dt: float) -> None:
        """Go on to the model's configuration, (n,) [rad, m] further than at the last call, dt [s] ago."""
        if not len(self.least):
            return
        self.distances += self.gradients.dot(moved, out=self._growth)
        self.least -= self._shapes.rates @ np.abs(moved, out=self._moved)
        self._place(T_odom_base)
        few = min(MEASURED, len(self.least))
        self._measure(np.argpartition(self.least, few - 1)[:few])
        self._write(dt)

    def minimum(self, T_odom_base: np.ndarray) -> float:
        """Return the least distance of all pairs [m], each measured."""
        self._place(T_odom_base)
        geometry, placed = self._shapes.geometry, self._placed
        found = [pin.computeDistance(geometry, placed, index).min_distance for index in range(len(self.least))]
        return min(found, default=np.inf)

    def _place(self, T_odom_base: np.ndarray) -> None:
        self._shapes.place_obstacles(T_odom_base)
        pin.updateGeometryPlacements(self._model.pinocchio, self._model.data, self._shapes.geometry, self._placed)

    def _measure(self, pairs: np.ndarray) -> None:
        model, geometry, placed = self._model, self._shapes.geometry, self._placed
        found, near, wrenches = [], [], []
        for index in pairs.tolist():
            result = pin.computeDistance(geometry, placed, index)
            distance = result.min_distance
            found.append(distance)
            if distance < self._near_list[index]:
                (x, y, z), (a, b, c) = result.normal.tolist(), result.getNearestPoint1().tolist()
                near.append(index)
                wrenches.append((-x, -y, -z, c * y - b * z, a * z - c * x, b * x - a * y))  # −n, p × −n: n is 1 to 2
        self.distances[pairs] = self.least[pairs] = found
        self._floors[pairs] = np.maximum(self._floors[pairs], np.minimum(found, self._kept[pairs]))
        self.gradients[pairs] = 0.0
        if near:
            lines = np.array(wrenches)
            gradients = np.empty((len(near), model.size))
            gradients[:, model.moved :] = lines @ (model.data.J @ model.selection)
            for index, axis in enumerate(model.axes):
                gradients[:, index] = lines[:, axis if axis < 2 else 5]
            gradients *= self._shapes.movers[near]
            self.gradients[near] = gradients
            self._able[near] = self._braking(gradients)

    def _write(self, dt: float) -> None:
        """Write the rows of the pairs that are nearest to being held by one: near, or approaching fast."""
        near = np.flatnonzero(self.distances < self._near)
        self.count = count = min(len(near), ROWS)
        if not count:
            return
        speeds = self._speeds_allowed(near)
        if len(near) > ROWS:  # neighbours that are always near each other leave room for those that approach
            chosen = np.argpartition(speeds + self._growth[near] / dt, ROWS - 1)[:ROWS]
            near, speeds = near[chosen], speeds[chosen]
        self.gradients.take(near, axis=0, out=self.rows[:count])
        np.negative(speeds, out=self.lower[:count])

    def _speeds_allowed(self, near: np.ndarray) -> np.ndarray:
        """Return how fast some pairs may approach (K,) [m/s]."""
        speeds = np.empty(len(near))
        profile = BrakingProfile(self._config.distance_rate, self._able[near])
        profile.write(self.distances[near] - self._floors[near], speeds)
        return speeds

    def _braking(self, gradients: np.ndarray) -> np.ndarray:
        """Return how hard an approach (K, n) can be braked [m/s²]: by a share of what each of them can."""
        able = np.abs(gradients) * self._acceleration
        moved = self._model.moved
        most = BRAKING_SHARE * able[:, moved:].sum(axis=1)
        if moved:
            wheels = self._tip_over.braking(float(self._model.center[2]))
            most += np.minimum(BASE_SHARE * able[:, :moved].max(axis=1), wheels)
        return np.minimum(np.maximum(most, 1e-3), self._config.distance_braking)
