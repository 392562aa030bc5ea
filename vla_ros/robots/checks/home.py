# SPDX-License-Identifier: Apache-2.0
"""A robot at home: the position of every joint that its description names, grippers open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.urdf import joint_limits


def home_positions(robot: Embodiment, urdf: str) -> dict[str, float]:
    """Return the positions by joint [rad], [m]."""
    at_home = {
        joint: q for group in robot.driven_groups for joint, q in zip(group.joints, group.home.tolist(), strict=True)
    }
    fingers = {joint: joint_limits(urdf, joint).upper for one in robot.grippers for joint in one.joints}
    return at_home | fingers


def place_at_home(model: ArmModel, positions: Mapping[str, float]) -> None:
    """Put what carries an arm, such as a lift, at home."""
    model.mount.place(np.array([positions.get(joint, 0.0) for joint in model.mount.carriers]))
