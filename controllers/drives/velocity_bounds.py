# SPDX-License-Identifier: Apache-2.0
"""How fast each joint may be commanded to move next: its limits, its acceleration, its way to the end of its range."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits

RANGE_MARGIN = 2e-3  # [rad] inside the range, at most a hundredth of it: what a driver's servo overshoots


class VelocityBounds:
    """Bounds on the next joint velocity, so that position, velocity and acceleration limits hold from then on.

    A joint that approaches the end of its range may be as fast as its acceleration can still stop: braking at a from v,
    sampled every dt, takes at most v dt/2 + v²/(2a) + a dt²/8, so v ≤ √(2 a d) − a dt/2 at a distance d. Where its
    speed limit falls towards the end, by a deceleration and an offset o, a is the lower of the two and o is subtracted:
    that falls no faster than the deceleration. The acceleration comes before all else: a bound that it cannot keep is
    met as soon as it can.
    """

    def __init__(self, limits: ArmLimits, lead_max: float) -> None:
        """Keep `limits`; a command is not led further than `lead_max` [rad] ahead of the measured joints."""
        n = len(limits.velocity)
        margin = np.minimum(RANGE_MARGIN, 0.01 * (limits.upper - limits.lower))
        self._low, self._high = limits.lower + margin, limits.upper - margin
        self._speed, self._negative_speed = limits.velocity, -limits.velocity
        self._acceleration, self._twice_acceleration = limits.acceleration, 2.0 * limits.acceleration
        self._twice_braking = 2.0 * np.minimum(limits.acceleration, limits.deceleration)  # before the end of the range
        self._offset = limits.velocity_offset
        self._lead_max = lead_max
        self.lower, self.upper = np.zeros(n), np.zeros(n)  # [rad/s]
        self._scratch, self._half_step = np.zeros(n), np.zeros(n)
        self._slowest, self._fastest, self._behind = np.zeros(n), np.zeros(n), np.zeros(n)

    def update(self, q: np.ndarray, dq: np.ndarray, measured: np.ndarray | None, dt: float) -> None:
        """Write the bounds at the commanded q, dq and the measured joints, all (N,), for the next dt [s] > 0.

        Without measured joints there is nothing that holds the command back.
        """
        lower, upper, scratch = self.lower, self.upper, self._scratch
        np.multiply(self._acceleration, 0.5 * dt, out=self._half_step)
        self._write_braking(np.subtract(self._high, q, out=scratch), self._twice_braking, upper)
        self._write_braking(np.subtract(q, self._low, out=scratch), self._twice_braking, lower)
        for bound in (upper, lower):
            bound -= self._offset
            np.maximum(bound, 0.0, out=bound)
        np.negative(lower, out=lower)
        np.minimum(upper, self._speed, out=upper)
        np.maximum(lower, self._negative_speed, out=lower)
        # An arm that is held back is not led further: the error clip of a torque arm, in joint space.
        if measured is not None:
            behind, speed = np.subtract(measured, q, out=self._behind), self._fastest
            self._write_braking(np.add(behind, self._lead_max, out=scratch), self._twice_acceleration, speed)
            np.minimum(upper, speed, out=upper)
            self._write_braking(np.subtract(self._lead_max, behind, out=scratch), self._twice_acceleration, speed)
            np.maximum(lower, np.negative(speed, out=speed), out=lower)
        change = np.multiply(self._half_step, 2.0, out=scratch)
        slowest, fastest = np.subtract(dq, change, out=self._slowest), np.add(dq, change, out=self._fastest)
        for bound in (lower, upper):
            np.maximum(bound, slowest, out=bound)
            np.minimum(bound, fastest, out=bound)
        np.minimum(lower, upper, out=lower)

    def _write_braking(self, distance: np.ndarray, twice: np.ndarray, speed: np.ndarray) -> None:
        """Write the speed (N,) [rad/s] from which each joint stops within `distance` (N,) [rad], which is changed.

        `twice` (N,) [rad/s²]: twice the acceleration that it brakes at.
        """
        np.maximum(distance, 0.0, out=distance)
        distance *= twice
        np.sqrt(distance, out=speed)
        speed -= self._half_step
        np.maximum(speed, 0.0, out=speed)
