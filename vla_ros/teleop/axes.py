# SPDX-License-Identifier: Apache-2.0
"""From a room's axes to a robot's: WebXR is x right, y up, z back; ROS is x forward, y left, z up."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np

from controllers.rotations import Quaternion, multiply, rotate


@dataclass(frozen=True, eq=False)
class Pose:
    """A place and an orientation in axes that the context names."""

    position: np.ndarray  # (3,) [m]
    orientation: Quaternion  # unit, xyzw


def robot_pose(position: tuple[float, float, float], orientation: Quaternion, facing: float = 0.0) -> Pose:
    """Return a WebXR pose in ROS axes, turned by where the operator looks.

    `facing` [rad] is the operator's heading in the robot's base: 0 looks where the robot does, π looks at it.
    """
    x, y, z = position
    qx, qy, qz, qw = orientation
    turn: Quaternion = (0.0, 0.0, sin(0.5 * facing), cos(0.5 * facing))
    # p = (−z, −x, y), q = (−qz, −qx, qy, qw): the two frames differ by a fixed rotation, which maps both alike.
    own: Quaternion = (-qz, -qx, qy, qw)
    back = (-turn[0], -turn[1], -turn[2], turn[3])
    # The heading turns the axes of the room, and with them those that the hand's rotation is about.
    return Pose(np.array(rotate(turn, (-z, -x, y))), multiply(multiply(turn, own), back))


def room_pose(pose: Pose, facing: float = 0.0) -> tuple[tuple[float, float, float], Quaternion]:
    """Return position and orientation in WebXR's axes of a pose in ROS axes: the inverse of `robot_pose`."""
    back: Quaternion = (0.0, 0.0, -sin(0.5 * facing), cos(0.5 * facing))
    turn = (-back[0], -back[1], -back[2], back[3])
    x, y, z = pose.position.tolist()
    forward, left, up = rotate(back, (x, y, z))
    qx, qy, qz, qw = multiply(multiply(back, pose.orientation), turn)
    return (-left, up, -forward), (-qy, qz, -qx, qw)
