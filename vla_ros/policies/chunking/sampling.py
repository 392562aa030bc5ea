# SPDX-License-Identifier: Apache-2.0
"""Read a chunk at absolute times: two chunks' steps are the same where their times are, not their indices.

Shape legend: K times, C channels.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind, pose_channels

CLOCK_TOLERANCE = 1e-6  # [s] stamps are float sums of periods
HELD = (ChannelKind.GRIPPER, ChannelKind.ELBOW, ChannelKind.STATUS, ChannelKind.VELOCITY)


def covers(chunk: ActionChunk, stamps: np.ndarray) -> np.ndarray:
    """Say for each of `stamps` (K,) [s] whether it lies between the chunk's first and last point."""
    first, last = chunk.stamp + chunk.times[0], chunk.stamp + chunk.times[-1]
    return (stamps >= first - CLOCK_TOLERANCE) & (stamps <= last + CLOCK_TOLERANCE)


def sample_chunk(chunk: ActionChunk, stamps: np.ndarray) -> np.ndarray:
    """Return the chunk's values (K, C) at `stamps` (K,) [s]; before the first and after the last point those hold.

    Positions and joints are interpolated, orientations by slerp; gripper, elbow, status and velocities keep the
    value of the last point that has been reached.
    """
    t = np.clip(stamps - chunk.stamp, chunk.times[0], chunk.times[-1])
    if len(chunk.times) == 1:
        return np.repeat(chunk.values, len(t), axis=0)
    reached = np.searchsorted(chunk.times, t + CLOCK_TOLERANCE, side="right") - 1
    before = np.minimum(reached, len(chunk.times) - 2)
    share = np.clip((t - chunk.times[before]) / (chunk.times[before + 1] - chunk.times[before]), 0.0, 1.0)[:, None]
    values = np.empty((len(t), len(chunk.channels)))
    for column, kind in enumerate(chunk.kinds):
        if kind in HELD:
            values[:, column] = chunk.values[reached, column]
        else:
            values[:, column] = np.interp(t, chunk.times, chunk.values[:, column])
    for arm in chunk.arms:
        columns = [chunk.channels.index(name) for name in pose_channels(arm)[3:]]
        q = chunk.quaternions(arm)
        values[:, columns] = _slerp(q[before], q[before + 1], share)
    return values


def _slerp(a: np.ndarray, b: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the rotations the share u (K, 1) of the way from a to b (K, 4), which lie in one hemisphere.

    sin(uθ)/sin(θ) is written with sinc, which needs no exception for θ = 0.
    """
    angle = np.arccos(np.clip((a * b).sum(axis=1, keepdims=True), -1.0, 1.0)) / np.pi
    return ((1.0 - u) * np.sinc((1.0 - u) * angle) * a + u * np.sinc(u * angle) * b) / np.sinc(angle)
