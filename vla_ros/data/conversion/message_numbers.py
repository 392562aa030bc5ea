# SPDX-License-Identifier: Apache-2.0
"""Decoded messages of a bag as rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from controllers.errors import VlaError

WIDTH_BEFORE = "gripper_width"  # how recordings of 2026 say the width of a robot's one gripper


def joint_numbers(message: Any, joints: Sequence[str]) -> np.ndarray:
    """Return (2, N) positions and velocities of joints by name; velocity 0 where none is told. Raises VlaError."""
    index = {name: i for i, name in enumerate(message.name)}
    missing = [joint for joint in joints if joint not in index]
    if missing or len(message.position) != len(index):
        raise VlaError(f"joint states lack '{missing[0] if missing else 'positions'}': is it another robot's bag?")
    columns = [index[joint] for joint in joints]
    position = np.asarray(message.position, dtype=np.float64)[columns]
    told = len(message.velocity) == len(index)
    velocity = np.asarray(message.velocity, dtype=np.float64)[columns] if told else np.zeros(len(columns))
    return finite(np.stack([position, velocity]), "joint states")


def pose_numbers(message: Any) -> np.ndarray:
    """Return (7,) position [m] and unit quaternion xyzw of a PoseStamped. Raises VlaError when it is none."""
    p, q = message.pose.position, message.pose.orientation
    pose = finite(np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w]), "a pose")
    norm = np.linalg.norm(pose[3:])
    if not 0.9 < norm < 1.1:
        raise VlaError(f"a pose has a quaternion of length {norm:.3g}, expected 1")
    pose[3:] /= norm
    return pose


def twist_numbers(message: Any) -> np.ndarray:
    """Return (6,) linear [m/s] and angular [rad/s] velocity of a TwistStamped."""
    v, w = message.twist.linear, message.twist.angular
    return finite(np.array([v.x, v.y, v.z, w.x, w.y, w.z]), "a twist")


def wrench_numbers(message: Any) -> np.ndarray:
    """Return (6,) force [N] and torque [N·m] of a WrenchStamped."""
    f, t = message.wrench.force, message.wrench.torque
    return finite(np.array([f.x, f.y, f.z, t.x, t.y, t.z]), "a wrench")


def array_numbers(message: Any, size: int | None = None) -> np.ndarray:
    """Return the numbers (N,) of a Float64MultiArray. Raises VlaError when there are not `size`."""
    values = finite(np.asarray(message.data, dtype=np.float64), "an array")
    if size is not None and len(values) != size:
        raise VlaError(f"an array has {len(values)} numbers, expected {size}")
    return values


def tool_numbers(message: Any, channels: Sequence[str]) -> np.ndarray:
    """Return (N,) what control's progress says end effectors are commanded to. Raises VlaError for no number.

    A cup of which it says nothing was told nothing yet: it does not suck.
    """
    said = {pair.key: pair.value for pair in message.values}
    numbers = []
    for channel in channels:
        unsaid = said.get(WIDTH_BEFORE, "") if channel.endswith("/width") else "0"
        text = said.get(channel, unsaid)
        try:
            numbers.append(float(text))
        except ValueError:
            raise VlaError(f"a status has no number '{channel}' (found {text!r})") from None
    return finite(np.array(numbers), "a status")


def base_velocity_numbers(message: Any) -> np.ndarray:
    """Return (3,) x, y [m/s] and yaw [rad/s] of an Odometry, in the base's frame."""
    twist = message.twist.twist
    return finite(np.array([twist.linear.x, twist.linear.y, twist.angular.z]), "odometry")


def intrinsics_numbers(message: Any) -> np.ndarray:
    """Return (6,) fx, fy, cx, cy, width, height [px] of a CameraInfo."""
    K = np.asarray(message.k, dtype=np.float64)
    return finite(np.array([K[0], K[4], K[2], K[5], message.width, message.height]), "camera_info")


def finite(values: np.ndarray, what: str) -> np.ndarray:
    """Return the values. Raises VlaError when one is not finite."""
    if not np.isfinite(values).all():
        raise VlaError(f"{what} hold what is not finite: {values.ravel().tolist()}")
    return values
