# SPDX-License-Identifier: Apache-2.0
"""Drive the base to a place without a turn: velocities a period apart, by where odometry says it is.

Shape legend: H periods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_ros.robots.groups import BaseConfig

SHARE = 0.75  # of the base's speed and acceleration
NEAR, TURNED = 0.012, 0.02  # [m], [rad] from the place: there
SLOWEST = 0.02  # [m/s] at which the last millimetres are driven
GAIN = 1.5  # [1/s] by which a turn that nobody asked for is undone
LAG_S = 0.10  # [s] between a velocity and the base's having it


@dataclass(frozen=True)
class Driver:
    """What a base may do while something is held or an arm folds."""

    base: BaseConfig
    period: float  # [s]

    def there(self, T_odom_base: np.ndarray, goal: np.ndarray) -> bool:
        """Say whether the base is at a goal (2,) [m], in the frame of odometry."""
        away = float(np.linalg.norm(goal - T_odom_base[:2, 3]))
        return away <= NEAR and abs(_yaw(T_odom_base)) <= TURNED

    def velocities(self, T_odom_base: np.ndarray, twist: np.ndarray, goal: np.ndarray, rows: int) -> np.ndarray:
        """Return velocities (H, 3), at most `rows` of them: x, y [m/s], yaw [rad/s] in the base.

        From the pose (4, 4) at a twist (3,) on. The last row stands.
        """
        position, yaw = T_odom_base[:2, 3].copy(), _yaw(T_odom_base)
        R = T_odom_base[:2, :2]
        velocity = R @ twist[:2]
        position += LAG_S * velocity
        speed, gain = SHARE * min(self.base.speed[:2]), SHARE * min(self.base.acceleration[:2])
        found = []
        while len(found) < rows - 1:
            way = goal - position
            away = float(np.linalg.norm(way))
            if away <= 0.5 * NEAR and abs(yaw) <= 0.5 * TURNED:
                break
            # The speed from which the base comes to rest at the goal, and no more than it gets to in a period.
            braking = math.sqrt(2.0 * gain * max(away - 0.5 * gain * self.period**2, 0.0))
            fast = min(speed, max(braking, SLOWEST), away / self.period)
            wanted = fast * way / max(away, 1e-9)
            change = wanted - velocity
            velocity = velocity + change * min(1.0, gain * self.period / max(float(np.linalg.norm(change)), 1e-9))
            rate = -GAIN * yaw
            position, yaw = position + self.period * velocity, yaw + self.period * rate
            found.append([*(R.T @ velocity), rate])
        return np.array([*found, [0.0, 0.0, 0.0]])


def _yaw(T: np.ndarray) -> float:
    return math.atan2(T[1, 0], T[0, 0])
