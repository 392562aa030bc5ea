# SPDX-License-Identifier: Apache-2.0
"""What a robot looks about with: two joints that turn a camera, one sideways and one up and down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Looking:
    """The joints of the group that carries the camera."""

    pan: LookingJoint  # sign 1: to the left
    tilt: LookingJoint  # sign 1: down


def looking(robot: Embodiment) -> Looking | None:
    """Return the first joint group of two turning joints that carries a camera; None where there is none."""
    frames = [camera.frame for camera in robot.described_cameras if camera.moves]
    groups = [group for group in robot.joint_groups if group.slides == (False, False)]
    if not frames or not groups:
        return None
    tree = LinkTree(expand_urdf(robot))
    home = {
        joint: q for group in robot.driven_groups for joint, q in zip(group.joints, group.home.tolist(), strict=True)
    }
    for group in groups:
        for frame in frames:
            axes = [_axis(tree, frame, home, joint) for joint in group.joints]
            if all(np.linalg.norm(axis) > 0.5 for axis in axes):
                return _of(group, axes)
    return None


def _axis(tree: LinkTree, frame: str, home: dict[str, float], joint: str) -> np.ndarray:
    """Return the axis (3,), root frame, about which a joint turns a frame that it carries; zero for another."""
    before, after = (tree.place(frame, home | {joint: home[joint] + turn})[:3, :3] for turn in (0.0, _STEP))
    R = (after @ before.T - np.eye(3)) / _STEP
    return np.array([R[2, 1], R[0, 2], R[1, 0]])


def _of(group: JointGroup, axes: list[np.ndarray]) -> Looking:
    upright = int(abs(axes[1][2]) > abs(axes[0][2]))  # the one that turns about what is nearer to the vertical
    found = []
    for index, component in ((upright, 2), (1 - upright, 1)):
        sign = 1.0 if axes[index][component] >= 0.0 else -1.0  # about z: to the left; about y: x sinks
        found.append(LookingJoint(group.joints[index], sign, float(group.velocity[index])))
    return Looking(*found)
