# SPDX-License-Identifier: Apache-2.0
"""The first part of the way home, as a chunk: straight up, away from what stands on the table."""

from __future__ import annotations

import numpy as np

from controllers.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix

PERIOD = 0.05  # [s] between points
RAISE_SPEED = 0.2  # [m/s] at most
DURATION_MIN = 0.8  # [s]
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
    times, share = minimum_jerk(max(DURATION_MIN, PEAK * height / RAISE_SPEED))
    pose = np.concatenate([T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3])])
    values = np.tile(pose, (len(times), 1))
    values[:, 2] += share * height
    return ActionChunk(stamp, frame_id, pose_channels(arm), times, values, sequence)
