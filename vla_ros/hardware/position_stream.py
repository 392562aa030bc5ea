# SPDX-License-Identifier: Apache-2.0
"""A stream of positions with the velocities that it has, never faster than the joints may be."""

from __future__ import annotations

import numpy as np

from vla_ros.hardware.differenced_velocity import DifferencedVelocity

PERIOD_MOST_S = 0.02  # [s] between two positions that counts as theirs: after a pause no leap is owed
LEAP = 0.05  # [rad] between two positions that is no next step of a stream, but a leap
LEAP_SPEED = 0.3  # [rad/s] at which a leap is made, which begins and ends at once


class PositionStream:
    """Follow positions that are told one by one, from where the joints are."""

    def __init__(self, start: np.ndarray, now: float, speed: np.ndarray) -> None:
        """Begin at `start` (N,) [rad] at `now` [s]; `speed` (N,) [rad/s] is the most that the joints may do."""
        self.position = start.copy()
        self._time, self._speed = now, speed
        self._leaps = False
        self._velocity = DifferencedVelocity(len(start))
        self._velocity.update(now, start)

    def update(self, now: float, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the position (N,) [rad] to be told next on the way to `wanted`, and the stream's velocity [rad/s]."""
        way = wanted - self.position
        self._leaps = self._leaps or bool(np.max(np.abs(way)) > LEAP)
        speed = np.minimum(self._speed, LEAP_SPEED) if self._leaps else self._speed
        step = speed * min(max(now - self._time, 0.0), PERIOD_MOST_S)
        self._leaps = self._leaps and bool(np.any(np.abs(way) > step))
        self.position = self.position + np.clip(way, -step, step)
        self._time = now
        return self.position, np.clip(self._velocity.update(now, self.position), -self._speed, self._speed)
