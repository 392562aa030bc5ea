# SPDX-License-Identifier: Apache-2.0
"""One smooth approach: a funnel around the grasp's axis, walked at limited speed and acceleration.

The tool is drawn to the funnel's surface and slides down it: far from the axis it stays high, on the axis it
descends. There is no pre-grasp pose to stop at (GraspVLA, section 3: no pause between approach and grasp), and
because the next step depends on where the arm is and nothing else, each observation may move the goal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError


@dataclass(frozen=True)
class MotionConfig:
    """How fast and along which curve the tool moves."""

    speed: float = 0.28  # [m/s]
    final_speed: float = 0.10  # [m/s] in the last centimetres along the axis
    final_distance: float = 0.05  # [m]
    acceleration: float = 0.9  # [m/s²]
    turn_rate: float = 1.2  # [rad/s]
    funnel_slope: float = 2.5  # [m/m] height above the grasp for a distance from its axis
    funnel_turn: float = 0.15  # [m/rad] height above the grasp for an angle still to turn
    lift_speed: float = 0.16  # [m/s]

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0.0:
                raise ConfigError(f"motion.{name} must be > 0, got {value}")


class Walker:
    """Walk from pose to pose with bounded speed, acceleration and turn rate."""

    def __init__(self, config: MotionConfig) -> None:
        self.config = config
        self.velocity = np.zeros(3)  # [m/s] of the last step: where the next one starts

    def halt(self) -> None:
        """Start from rest."""
        self.velocity = np.zeros(3)

    def approach(self, T: np.ndarray, T_goal: np.ndarray, clearance: float, period: float) -> np.ndarray:
        """Return the next pose (4, 4) towards a grasp; `clearance` [m] is the funnel's height away from its axis."""
        config = self.config
        axis = T_goal[:3, 2]  # the tool's z points out of the hand, into the object
        offset = T[:3, 3] - T_goal[:3, 3]
        along = -float(offset @ axis)
        lateral = float(np.linalg.norm(offset + along * axis))
        angle = rotation_between(T, T_goal)
        wanted = config.funnel_slope * max(lateral - 0.003, 0.0) + config.funnel_turn * max(angle - 0.04, 0.0)
        wanted = min(wanted, clearance)
        # Ahead of the tool on the funnel: half the distance to the axis, so that the path is a curve, not a corner.
        goal = T_goal[:3, 3] - wanted * axis
        if along < 0.8 * wanted:
            # Too low to move sideways past what stands there: first up, sideways in proportion to the height won.
            share = np.clip(along / max(wanted, 1e-6), 0.0, 1.0) ** 2
            sideways = (offset + along * axis) * (1.0 - share)
            goal = goal + sideways
        near = along < config.final_distance and lateral < 0.02
        return self._step(T, goal, T_goal[:3, :3], config.final_speed if near else config.speed, period)

    def straight(self, T: np.ndarray, T_goal: np.ndarray, speed: float, period: float) -> np.ndarray:
        """Return the next pose (4, 4) on the straight line to a goal."""
        return self._step(T, T_goal[:3, 3], T_goal[:3, :3], speed, period)

    def _step(self, T: np.ndarray, goal: np.ndarray, R_goal: np.ndarray, speed: float, period: float) -> np.ndarray:
        config = self.config
        way = goal - T[:3, 3]
        distance = float(np.linalg.norm(way))
        # The speed from which the remaining way is just enough to brake, and never past the goal in one step.
        speed = min(speed, np.sqrt(2.0 * 0.8 * config.acceleration * distance), distance / period)
        velocity = way / max(distance, 1e-9) * speed
        change = velocity - self.velocity
        limit = config.acceleration * period
        size = float(np.linalg.norm(change))
        if size > limit and distance > 0.01:
            velocity = self.velocity + change * (limit / size)
        self.velocity = velocity
        T_next = np.eye(4)
        T_next[:3, 3] = T[:3, 3] + velocity * period
        T_next[:3, :3] = turn_towards(T[:3, :3], R_goal, config.turn_rate * period)
        return T_next


def rotation_between(T_a: np.ndarray, T_b: np.ndarray) -> float:
    """Return the angle between two poses' rotations [rad]."""
    return float(np.arccos(np.clip((np.trace(T_a[:3, :3].T @ T_b[:3, :3]) - 1.0) / 2.0, -1.0, 1.0)))


def turn_towards(R: np.ndarray, R_goal: np.ndarray, limit: float) -> np.ndarray:
    """Turn a rotation towards another by at most `limit` [rad]."""
    rotvec = Rotation.from_matrix(R_goal @ R.T).as_rotvec()
    angle = float(np.linalg.norm(rotvec))
    if angle <= limit:
        return R_goal.copy()
    return Rotation.from_rotvec(rotvec * (limit / angle)).as_matrix() @ R
