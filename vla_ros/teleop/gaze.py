# SPDX-License-Identifier: Apache-2.0
"""A headset's orientation to where a robot's head looks: its camera sees what the operator turns to."""

from __future__ import annotations

from collections.abc import Mapping
from math import atan2, hypot, inf

import numpy as np

from controllers.rotations import Quaternion, rotate
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.looking import looking
from vla_ros.teleop.axes import robot_pose
from vla_ros.teleop.sticks import LOOK_SHARE

LAPSE_S = 0.15  # [s] without a headset after which the head is followed from where it is
LEASH_S = 0.25  # [s] of its own pace that the head is sent ahead of where it is: it has nothing to catch up with


class Gaze:
    """Pan and tilt follow the headset, as fast as they may; straight ahead is the operator's own forward."""

    def __init__(self, embodiment: Embodiment) -> None:
        found = looking(embodiment)
        self._joints = () if found is None else (found.pan, found.tilt)
        self._setpoint = np.zeros(2)  # [rad] where the head is sent now
        self._stamp = -inf  # [s] of the last orientation

    @property
    def joints(self) -> tuple[str, ...]:
        """Name the joints that follow: pan and tilt, or none."""
        return tuple(joint.name for joint in self._joints)

    def follow(
        self, head: Quaternion | None, stamp: float, measured: Mapping[str, float], times: np.ndarray, speed: float
    ) -> dict[str, np.ndarray]:
        """Return positions (H,) [rad] at `times` (H,) [s] by channel; none without a headset, or where nothing turns.

        `head` is its orientation in WebXR's axes, turned so that −z is the operator's forward; `measured` [rad] says
        where the joints are, `speed` the share of the limits that is used.
        """
        if head is None or not self._joints or not all(joint in measured for joint in self.joints):
            return {}
        goal = self._goal(head)
        pace = speed * LOOK_SHARE * np.array([joint.velocity for joint in self._joints])
        elapsed = stamp - self._stamp
        place = np.array([measured[joint] for joint in self.joints])
        if not 0.0 <= elapsed <= LAPSE_S:
            self._setpoint, elapsed = place, 0.0
        self._setpoint = _towards(place, _towards(self._setpoint, goal, pace * elapsed), pace * LEASH_S)
        self._stamp = stamp
        path = _towards(self._setpoint, goal, pace * times[:, None])
        return {f"{joint}/position": path[:, column] for column, joint in enumerate(self.joints)}

    def _goal(self, head: Quaternion) -> np.ndarray:
        forward, left, up = rotate(robot_pose((0.0, 0.0, 0.0), head).orientation, (1.0, 0.0, 0.0))
        angles = atan2(left, forward), atan2(-up, hypot(forward, left))
        return np.array([joint.turned_to(angle) for joint, angle in zip(self._joints, angles, strict=True)])


def _towards(start: np.ndarray, goal: np.ndarray, step: np.ndarray) -> np.ndarray:
    return start + np.clip(goal - start, -step, step)
