# SPDX-License-Identifier: Apache-2.0
"""Short ways of the hand as chunks: straight up from what stands on the table, back with what it holds, letting go."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.robots.groups import JointGroup

PERIOD = 0.05  # [s] between points
RAISE_SPEED = 0.2  # [m/s] at most
DURATION_MIN = 0.8  # [s]
JOINT_SHARE = 0.3  # of the joints' speed
RELEASE_S = 1.0  # [s] that fingers take to open
PEAK = 1.875  # peak speed of a minimum-jerk motion over its mean (Flash and Hogan 1985)


def minimum_jerk(duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times (H,) [s] and the share of the way (H,) from 0 to 1 of a motion of least jerk."""
    times = PERIOD * np.arange(1, int(np.ceil(duration / PERIOD)) + 1)
    s = np.minimum(times / times[-1], 1.0)
    return times, s**3 * (10.0 - 15.0 * s + 6.0 * s**2)


def raise_chunk(
    stamp: float, frame_id: str, arm: str, T_base_ee: np.ndarray, height: float, sequence: int
) -> ActionChunk:
    """Return the chunk that lifts the tool by `height` [m] from where it is commanded to be."""
    return shift_chunk(stamp, frame_id, arm, T_base_ee, np.array([0.0, 0.0, height]), sequence)


def shift_chunk(
    stamp: float, frame_id: str, arm: str, T_base_ee: np.ndarray, offset: np.ndarray, sequence: int
) -> ActionChunk:
    """Return the chunk that moves the tool by `offset` (3,) [m], base frame, from where it is commanded to be."""
    times, share = minimum_jerk(max(DURATION_MIN, PEAK * float(np.linalg.norm(offset)) / RAISE_SPEED))
    pose = np.concatenate([T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3])])
    values = np.tile(pose, (len(times), 1))
    values[:, :3] += share[:, None] * offset
    return ActionChunk(stamp, frame_id, pose_channels(arm), times, values, sequence)


def joints_chunk(
    stamp: float, frame_id: str, group: JointGroup, start: np.ndarray, goal: np.ndarray, sequence: int
) -> ActionChunk:
    """Return the chunk that takes a joint group from `start` to `goal` (N,), at a third of its speed at most."""
    slowest = float((np.abs(goal - start) / group.velocity).max())
    times, share = minimum_jerk(max(DURATION_MIN, PEAK * slowest / JOINT_SHARE))
    values = start + share[:, None] * (goal - start)
    return ActionChunk(stamp, frame_id, tuple(f"{name}/position" for name in group.joints), times, values, sequence)


def release_chunk(
    stamp: float, frame_id: str, arm: str, gripper: str, T_base_ee: np.ndarray, width: float, sequence: int
) -> ActionChunk:
    """Return the chunk that opens a gripper to `width` [m] where the tool is."""
    times = PERIOD * np.arange(1, round(RELEASE_S / PERIOD) + 1)
    pose = np.concatenate([T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3]), [width]])
    channels = (*pose_channels(arm), f"{gripper}/width")
    return ActionChunk(stamp, frame_id, channels, times, np.tile(pose, (len(times), 1)), sequence)
