# SPDX-License-Identifier: Apache-2.0
"""Drive the base to a place without a turn: velocities a period apart, corrected by where odometry says it is.

What is measured is late when it is executed, so the way is planned once, by time, and only the difference from it is
fed back. Shape legend: H periods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_ros.robots.groups import BaseConfig

SHARE = 0.85  # of the base's speed and acceleration
NEAR, TURNED = 0.015, 0.02  # [m], [rad] from the place …
AT_REST = 0.04  # [m/s] … and no faster: there
GAIN = 1.2  # [1/s] by which what is off the way is made up for
LAG_S = 0.06  # [s] by which the base is behind what it is told: transport, and the follower's filter
MADE_UP_S = 1.2  # [s] after the way's end for which a chunk makes up for what is left


@dataclass(frozen=True, eq=False)
class Drive:
    """A way that begins at `began` [s]: speeding up, steady, slowing down, on a line."""

    base: BaseConfig
    period: float  # [s] between velocities
    began: float  # [s]
    start: np.ndarray  # (2,) [m] in the frame of odometry
    goal: np.ndarray  # (2,) [m]

    @property
    def length(self) -> float:
        """Return the length of the way [m]."""
        return float(np.linalg.norm(self.goal - self.start))

    @property
    def duration(self) -> float:
        """Return how long it takes [s]."""
        speed, acceleration = self._most
        return self.length / speed + speed / acceleration if self.length else 0.0

    @property
    def _most(self) -> tuple[float, float]:
        """Return the highest speed [m/s] and the acceleration [m/s²] on the way."""
        acceleration = SHARE * min(self.base.acceleration[:2])
        return min(SHARE * min(self.base.speed[:2]), math.sqrt(acceleration * self.length)), acceleration

    def position(self, time: float) -> np.ndarray:
        """Return where the base is to be (2,) [m] at a time [s]."""
        if not self.length:
            return self.goal
        speed, acceleration = self._most
        t = min(max(time - self.began, 0.0), self.duration)
        rise, left = min(t, speed / acceleration), self.duration - t
        gone = 0.5 * acceleration * rise**2 + speed * max(t - speed / acceleration, 0.0)
        # What slowing down leaves undone of the steady way.
        gone -= 0.5 * acceleration * max(speed / acceleration - left, 0.0) ** 2
        return self.start + (self.goal - self.start) * (gone / self.length)

    def there(self, T_odom_base: np.ndarray, twist: np.ndarray) -> bool:
        """Say whether the base, at a twist (3,), has come to rest at the goal."""
        away, speed = float(np.linalg.norm(self.goal - T_odom_base[:2, 3])), float(np.linalg.norm(twist[:2]))
        return away <= NEAR and speed <= AT_REST and abs(_yaw(T_odom_base)) <= TURNED

    def velocities(self, now: float, T_odom_base: np.ndarray, rows: int) -> np.ndarray:
        """Return velocities (H, 3), at most `rows` of them: x, y [m/s], yaw [rad/s] in the base. The last row stands.

        From the pose (4, 4) at a time [s] on; the first is for one period later.
        """
        yaw, R = _yaw(T_odom_base), T_odom_base[:2, :2]
        off = self.position(now - LAG_S) - T_odom_base[:2, 3]
        left = self.began + self.duration - now
        made_up = MADE_UP_S if left <= 0.0 else 0.0
        count = min(rows - 1, max(1, math.ceil((left + made_up) / self.period)))
        times = now + self.period * np.arange(1, count + 1)
        way = np.array([self.position(t + self.period) - self.position(t) for t in times]) / self.period
        fading = GAIN * np.exp(-GAIN * self.period * np.arange(count))[:, None]
        planar = (way + fading * off) @ R
        most = np.array(self.base.speed)
        velocities = np.clip(np.column_stack([planar, -fading * yaw]), -most, most)
        return np.vstack([velocities, np.zeros(3)])


def _yaw(T: np.ndarray) -> float:
    return math.atan2(T[1, 0], T[0, 0])
