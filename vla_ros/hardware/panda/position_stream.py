# SPDX-License-Identifier: Apache-2.0
"""A stream of positions with the velocities that it has, smooth whatever is told, and when."""

from __future__ import annotations

import numpy as np

from vla_ros.hardware.differenced_velocity import DifferencedVelocity

PERIOD_MOST_S = 0.02  # [s] between two positions that counts as theirs: after a pause the stream goes on where it was
ACCELERATION = 10.0  # [rad/s²] by which its velocity changes at most
CATCH_UP = 10.0  # [1/s] of what it is behind, added to its velocity
CATCH_UP_SPEED = 0.3  # [rad/s] of that at most; so a leap is made
LEAP = 1.5  # times what a joint can do in the time: no next step of a stream, but a leap


class PositionStream:
    """Follow positions that are told one by one, from where the joints are."""

    def __init__(self, start: np.ndarray, now: float, speed: np.ndarray) -> None:
        """Begin at rest at `start` (N,) [rad] at `now` [s]; `speed` (N,) [rad/s] is the most that the joints may do."""
        self.position, self.velocity = start.copy(), np.zeros(len(start))
        self._time, self._wanted, self._speed = now, start.copy(), speed
        self._told = DifferencedVelocity(len(start))

    def update(self, now: float, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the position (N,) [rad] to be told next on the way to `wanted`, and the stream's velocity [rad/s]."""
        passed = max(now - self._time, 0.0)
        if np.any(np.abs(wanted - self._wanted) > LEAP * self._speed * max(passed, PERIOD_MOST_S)):
            self._told = DifferencedVelocity(len(wanted))
        told = self._told.update(now, wanted)
        dt = min(passed, PERIOD_MOST_S)
        behind = wanted - self.position
        velocity = np.clip(
            told + np.clip(CATCH_UP * behind, -CATCH_UP_SPEED, CATCH_UP_SPEED), -self._speed, self._speed
        )
        self.velocity = self.velocity + np.clip(velocity - self.velocity, -ACCELERATION * dt, ACCELERATION * dt)
        self.position = self.position + self.velocity * dt
        self._time, self._wanted = now, wanted.copy()
        return self.position, self.velocity
