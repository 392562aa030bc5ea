# SPDX-License-Identifier: Apache-2.0
"""What a robot looks about with: two joints that turn a camera, one sideways and one up and down."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, hypot

import numpy as np

from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import JointGroup
from vla_ros.robots.link_tree import LinkTree

_STEP = 1e-3  # [rad]


@dataclass(frozen=True)
class LookingJoint:
    """One joint, and which way it turns the camera."""

    name: str
    sign: float  # 1 or −1: what a positive turn does, to the left or down
    velocity: float  # [rad/s] at most
    ahead: float  # [rad] where the camera looks straight ahead, or level
    lower: float  # [rad]
    upper: float

    def turned_to(self, angle: float) -> float:
        """Return where the joint turns the camera by `angle` [rad], to the left or down, as far as it goes."""
        return min(max(self.ahead + self.sign * angle, self.lower), self.upper)


@dataclass(frozen=True)
class Looking:
    """The joints of the group that carries the camera."""

    pan: LookingJoint  # sign 1: to the left
    tilt: LookingJoint  # sign 1: down


def looking(robot: Embodiment) -> Looking | None:
    """Return the first joint group of two turning joints that carries a camera; None where there is none."""
    cameras = [camera for camera in robot.described_cameras if camera.moves]
    groups = [group for group in robot.joint_groups if group.slides == (False, False)]
    if not cameras or not groups:
        return None
    tree = LinkTree(expand_urdf(robot))
    home = {
        joint: q for group in robot.driven_groups for joint, q in zip(group.joints, group.home.tolist(), strict=True)
    }
    for group in groups:
        for camera in cameras:
            axes = [_axis(tree, camera.frame, home, joint) for joint in group.joints]
            if all(np.linalg.norm(axis) > 0.5 for axis in axes):
                return _of(group, axes, tree.place(camera.frame, home)[:3, :3] @ _forward(camera))
    return None


def _forward(camera: CameraConfig) -> np.ndarray:
    """Return where a camera looks (3,), in its frame: along x where nothing else is said."""
    if camera.mount is None:
        return np.array([1.0, 0.0, 0.0])
    return np.subtract(camera.mount.look_at, camera.mount.position)


def _axis(tree: LinkTree, frame: str, home: dict[str, float], joint: str) -> np.ndarray:
    """Return the axis (3,), root frame, about which a joint turns a frame that it carries; zero for another."""
    before, after = (tree.place(frame, home | {joint: home[joint] + turn})[:3, :3] for turn in (0.0, _STEP))
    R = (after @ before.T - np.eye(3)) / _STEP
    return np.array([R[2, 1], R[0, 2], R[1, 0]])


def _of(group: JointGroup, axes: list[np.ndarray], forward: np.ndarray) -> Looking:
    """Take the joints' axes (3,), and where the camera looks (3,) with the group at home, root frame."""
    upright = int(abs(axes[1][2]) > abs(axes[0][2]))  # the one that turns about what is nearer to the vertical
    angles = atan2(forward[1], forward[0]), atan2(-forward[2], hypot(forward[0], forward[1]))
    found = []
    for index, component, angle in ((upright, 2, angles[0]), (1 - upright, 1, angles[1])):
        sign = 1.0 if axes[index][component] >= 0.0 else -1.0  # about z: to the left; about y: x sinks
        limits = (float(group.velocity[index]), float(group.home[index]) - sign * angle)
        bounds = (float(group.lower[index]), float(group.upper[index]))
        found.append(LookingJoint(group.joints[index], sign, *limits, *bounds))
    return Looking(*found)
