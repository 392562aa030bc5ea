# SPDX-License-Identifier: Apache-2.0
"""Bounds on the next speed of every joint and of the base: boxes that always hold something, and are never left.

A joint d before the end of its range may take a speed v for the next dt if from where it then is, d − v dt, it still
stops at its acceleration a:  v²/(2a) ≤ d − v dt, so  v ≤ √(a² dt² + 2 a d) − a dt. Whoever keeps that can keep it in
the next tick by braking at a, however long that tick is: so there is always a speed that keeps range, speed and
acceleration together, and the programme always has a solution, whatever else is asked. Where a joint's speed limit
falls towards the end of its range, a is its deceleration, if that is lower, and its offset is subtracted.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import NO_LIMIT
from controllers.whole_body.description import Body

ROAD = 1e9  # [m, rad] how far a base may drive
RANGE_MARGIN = 1e-3  # [rad, m] inside the range, at most a hundredth of it: what a driver's servo overshoots


class BodyBounds:
    """Bounds of n variables, the base's axes first; (n,) [m/s, rad/s]."""

    def __init__(self, body: Body, axes: tuple[int, ...], lead_max: float | None = None) -> None:
        """Take the limits of `body`; a joint's command does not lead the measured one by more than `lead_max` [rad]."""
        groups, base = list(body.groups.values()), body.base
        road = np.full(len(axes), ROAD)
        speed = [base.speed[axis] for axis in axes] if base else []
        acceleration = [base.acceleration[axis] for axis in axes] if base else []
        self.lower_range = np.concatenate([-road, *(group.lower for group in groups)])  # (n,) [m, rad]
        self.upper_range = np.concatenate([road, *(group.upper for group in groups)])
        self.speed = np.concatenate([speed, *(group.velocity for group in groups)])  # (n,) [m/s, rad/s]
        self.acceleration = np.concatenate([acceleration, *(group.acceleration for group in groups)])  # a second
        n, self._moved, self._lead_max = len(self.speed), len(axes), lead_max
        free = np.full(len(axes), NO_LIMIT)
        self._braking = np.minimum(self.acceleration, np.concatenate([free, *(one.deceleration for one in groups)]))
        self._offset = np.concatenate([np.zeros(len(axes)), *(group.velocity_offset for group in groups)])
        self._braked = np.zeros(n)
        self.lower, self.upper = np.zeros(n), np.zeros(n)
        margin = np.minimum(RANGE_MARGIN, 0.01 * (self.upper_range - self.lower_range))
        self._low, self._high = self.lower_range + margin, self.upper_range - margin
        self._place, self._measured = np.zeros(n), np.zeros(n)
        self._change, self._room, self._bound = np.zeros(n), np.zeros(n), np.zeros(n)

    def update(self, q: np.ndarray, dq: np.ndarray, measured: np.ndarray | None, dt: float) -> None:
        """Write the bounds for the next dt [s], at commanded q, measured (N,) [rad, m] and speeds dq (n,)."""
        lower, upper, place, bound = self.lower, self.upper, self._place, self._bound
        place[self._moved :] = q
        np.multiply(self.acceleration, dt, out=self._change)
        self._write_braking(np.subtract(self._high, place, out=self._room), self._braking, dt, upper)
        self._write_braking(np.subtract(place, self._low, out=self._room), self._braking, dt, lower)
        for edge in (upper, lower):
            edge -= self._offset
            np.maximum(edge, 0.0, out=edge)
        if measured is not None and self._lead_max is not None:  # what is held back is not led further
            self._measured[self._moved :] = measured
            behind = self._measured - place
            behind[: self._moved] = 0.0
            self._write_braking(behind + self._lead_max, self.acceleration, dt, bound)
            np.minimum(upper, bound, out=upper)
            self._write_braking(self._lead_max - behind, self.acceleration, dt, bound)
            np.minimum(lower, bound, out=lower)
        np.minimum(upper, self.speed, out=upper)
        np.minimum(lower, self.speed, out=lower)
        np.negative(lower, out=lower)
        # Acceleration comes before all else: a bound that it cannot keep is met as soon as it can.
        slowest, fastest = np.subtract(dq, self._change, out=self._room), np.add(dq, self._change, out=bound)
        for edge in (lower, upper):
            np.maximum(edge, slowest, out=edge)
            np.minimum(edge, fastest, out=edge)
        np.minimum(lower, upper, out=lower)

    def _write_braking(self, room: np.ndarray, acceleration: np.ndarray, dt: float, speed: np.ndarray) -> None:
        """Write the speed (n,) that may be taken for a tick dt [s] with `room` (n,) [m, rad] ahead, which is changed.

        `acceleration` (n,) [m/s², rad/s²]: what each then brakes at.
        """
        change = np.multiply(acceleration, dt, out=self._braked)
        np.maximum(room, 0.0, out=room)
        room *= acceleration
        room *= 2.0
        np.multiply(change, change, out=speed)
        speed += room
        np.sqrt(speed, out=speed)
        speed -= change
