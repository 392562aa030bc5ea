# SPDX-License-Identifier: Apache-2.0
"""What a robot's file says of a gripper behind an action, as numbers: a driver's positions, and what makes goals."""

from __future__ import annotations

from vla_ros.hardware.grippers.goals import GripperGoals
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.ros2_control.gripper import GripperActionConfig


class GripperScale:
    """A driver's positions and the width between the fingers, which is theirs in proportion."""

    def __init__(self, config: GripperActionConfig, gripper: EndEffectorGroup) -> None:
        self._closed, self._per_width = config.closed, (config.open - config.closed) / gripper.width_max
        self.fingers = len(gripper.joints)

    def position(self, width: float) -> float:
        """Return the driver's position for a width [m]."""
        return self._closed + width * self._per_width

    def width(self, position: float) -> float:
        """Return the width [m] of a driver's position."""
        return (position - self._closed) / self._per_width


def make_goals(config: GripperActionConfig, gripper: EndEffectorGroup) -> GripperGoals:
    """Return what makes goals of a gripper. Raises ConfigError for thresholds that it cannot have."""
    width_max = config.width_max or gripper.width_max
    return GripperGoals(width_max, config.force, config.hysteresis, config.release, config.squeeze)
