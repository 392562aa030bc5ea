# SPDX-License-Identifier: Apache-2.0
"""Bounds on the next speed of every joint and of the base: boxes that always hold something, and are never left.

They are those of an arm driven by positions (`drives/velocity_bounds.py`): whoever keeps them can keep them in the next
tick as well, since a joint is never faster than it can brake before the end of its range. So the programme has a
solution in every tick, whatever else is asked.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.drives.velocity_bounds import VelocityBounds
from controllers.whole_body.description import Body

ROAD = 1e9  # [m, rad] how far a base may drive
LEAD_MAX = 1e9  # [rad] where nothing measured holds the command back


class BodyBounds:
    """Bounds of n variables, the base's axes first; (n,) [m/s, rad/s]."""

    def __init__(self, body: Body, axes: tuple[int, ...], lead_max: float = LEAD_MAX) -> None:
        """Take the limits of `body`; a joint's command does not lead the measured one by more than `lead_max` [rad]."""
        groups, base = list(body.groups.values()), body.base
        road = np.full(len(axes), ROAD)
        speed = [base.speed[axis] for axis in axes] if base else []
        acceleration = [base.acceleration[axis] for axis in axes] if base else []
        self.lower_range = np.concatenate([-road, *(group.lower for group in groups)])  # (n,) [m, rad]
        self.upper_range = np.concatenate([road, *(group.upper for group in groups)])
        self.speed = np.concatenate([speed, *(group.velocity for group in groups)])  # (n,) [m/s, rad/s]
        self.acceleration = np.concatenate([acceleration, *(group.acceleration for group in groups)])  # a second
        effort = np.full(len(self.speed), 1e6)  # its driver's affair: it is told positions
        limits = ArmLimits(
            self.lower_range, self.upper_range, self.speed, effort, effort, acceleration=self.acceleration
        )
        self._bounds = VelocityBounds(limits, lead_max)
        self.lower, self.upper = self._bounds.lower, self._bounds.upper  # views
        self._moved = len(axes)
        self._place, self._seen = np.zeros(len(self.speed)), np.zeros(len(self.speed))

    def update(self, q: np.ndarray, dq: np.ndarray, measured: np.ndarray | None, dt: float) -> None:
        """Write the bounds for the next dt [s], at commanded q, measured (N,) [rad, m] and speeds dq (n,)."""
        self._place[self._moved :] = q
        if measured is not None:
            self._seen[self._moved :] = measured
        self._bounds.update(self._place, dq, None if measured is None else self._seen, dt)
