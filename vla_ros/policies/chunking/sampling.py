# SPDX-License-Identifier: Apache-2.0
"""Read a chunk at absolute times: two chunks' steps are the same where their times are, not their indices.

Shape legend: K times, C channels.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from controllers.chunk import ActionChunk, ChannelKind, pose_channels

CLOCK_TOLERANCE = 1e-6  # [s] stamps are float sums of periods
HELD = (ChannelKind.GRIPPER, ChannelKind.STATUS, ChannelKind.VELOCITY)


def covers(chunk: ActionChunk, stamps: np.ndarray) -> np.ndarray:
    """Say for each of `stamps` (K,) [s] whether it lies between the chunk's first and last point."""
    first, last = chunk.stamp + chunk.times[0], chunk.stamp + chunk.times[-1]
    return (stamps >= first - CLOCK_TOLERANCE) & (stamps <= last + CLOCK_TOLERANCE)


def sample_chunk(chunk: ActionChunk, stamps: np.ndarray) -> np.ndarray:
    """Return the chunk's values (K, C) at `stamps` (K,) [s]; before the first and after the last point those hold.

    Positions and joints are interpolated, orientations by slerp; gripper, status and velocities keep the value of
    the last point that has been reached.
    """
    t = np.clip(stamps - chunk.stamp, chunk.times[0], chunk.times[-1])
    if len(chunk.times) == 1:
        return np.repeat(chunk.values, len(t), axis=0)
    reached = np.searchsorted(chunk.times, t + CLOCK_TOLERANCE, side="right") - 1
    values = np.empty((len(t), len(chunk.channels)))
    for column, kind in enumerate(chunk.kinds):
        if kind in HELD:
            values[:, column] = chunk.values[reached, column]
        else:
            values[:, column] = np.interp(t, chunk.times, chunk.values[:, column])
    for arm in chunk.arms:
        columns = [chunk.channels.index(name) for name in pose_channels(arm)[3:]]
        values[:, columns] = Slerp(chunk.times, Rotation.from_quat(chunk.quaternions(arm)))(t).as_quat()
    return values
