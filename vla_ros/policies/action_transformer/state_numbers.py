# SPDX-License-Identifier: Apache-2.0
"""The robot's state as the numbers of one token: each channel as it is, orientations by two columns of their matrix.

A quaternion's sign jumps; the first two columns of the rotation matrix do not (Zhou et al. 2019).
Shape legend: F frames, C channels, S numbers.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ChannelKind, channel_kind, pose_channels
from controllers.errors import ConfigError

COLUMNS = 6  # numbers of an orientation


def state_size(channels: tuple[str, ...]) -> int:
    """Return how many numbers these channels make. Raises ConfigError for a part of an orientation."""
    return sum(1 if columns == 1 else COLUMNS for _, columns in _parts(channels))


def state_numbers(values: np.ndarray, channels: tuple[str, ...]) -> np.ndarray:
    """Return numbers (F, S) of the values (F, C) of channels, of which orientations are unit quaternions xyzw."""
    values = np.asarray(values, dtype=np.float64)
    made = []
    for first, columns in _parts(channels):
        part = values[:, first : first + columns]
        if columns == 4:
            part = Rotation.from_quat(part).as_matrix()[:, :, :2].transpose(0, 2, 1).reshape(-1, COLUMNS)
        made.append(part)
    return np.concatenate(made, axis=1)


def _parts(channels: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the first column and the number of columns of each value: 4 of an orientation, 1 of all else."""
    parts, column = [], 0
    while column < len(channels):
        name = channels[column]
        # A contract has all of an orientation, in this order, or nothing of it; what others wrote may not.
        whole = channel_kind(name) is ChannelKind.ORIENTATION
        wanted = pose_channels(name.rpartition("/")[0])[3:] if whole else ()
        if whole and channels[column : column + 4] != wanted:
            raise ConfigError(f"state names {name!r} alone: name all of {', '.join(wanted)}, in this order")
        parts.append((column, 4 if whole else 1))
        column += parts[-1][1]
    return parts
