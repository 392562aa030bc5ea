# SPDX-License-Identifier: Apache-2.0
"""A tool pose as six numbers: x, y, z [m] in the base frame, then roll, pitch, yaw [rad] about the base's axes.

R_base_ee = Rz(yaw) Ry(pitch) Rx(roll) R_base_home: the angles say how the tool is turned away from its home.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.actions.single_arm import SingleArmState


def pose_numbers(T_base_ee: np.ndarray, home: Sequence[float]) -> np.ndarray:
    """Return the numbers (6,) of a pose (4, 4); `home` is a quaternion xyzw."""
    turned = Rotation.from_matrix(T_base_ee[:3, :3]) * Rotation.from_quat(home).inv()
    return np.concatenate([T_base_ee[:3, 3], turned.as_euler("xyz")])


def pose_matrix(numbers: np.ndarray, home: Sequence[float]) -> np.ndarray:
    """Return the pose (4, 4) of six numbers."""
    T = np.eye(4)
    T[:3, :3] = (Rotation.from_euler("xyz", numbers[3:]) * Rotation.from_quat(home)).as_matrix()
    T[:3, 3] = numbers[:3]
    return T


def state_numbers(state: SingleArmState, home: Sequence[float]) -> np.ndarray:
    """Return proprioception (7,): the tool's pose numbers, then the gripper's total opening [m]."""
    return np.append(pose_numbers(state.T_base_ee, home), state.gripper_width)
