# SPDX-License-Identifier: Apache-2.0
"""How alike two predictions are: the cosine between the motions they want.

CogACT and VOTE compare delta actions. Chunks hold absolute targets, and two of those always point the same way
from the base; what compares is how far a target is from where the arm is now, which for the next step is the delta
action itself.

Shape legend: P predictions, K times, C channels, M numbers a motion.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, ChannelKind, pose_channels

LEVER = 0.2  # [m/rad] a rotation counts as the way of a point this far out
STILL = 0.002  # [m] shorter motions have no direction: two of them agree


def motions(predictions: np.ndarray, anchor: np.ndarray, like: ActionChunk) -> np.ndarray:
    """Return the motions (P, K, M) [m] from the values `anchor` (C,) to the targets `predictions` (P, K, C).

    `like` names the channels and their times. Gripper and status take no part.
    """
    offset = predictions - anchor
    parts = []
    for column, kind in enumerate(like.kinds):
        if kind is ChannelKind.POSITION:
            parts.append(offset[..., column])
        elif kind is ChannelKind.JOINT:
            parts.append(LEVER * offset[..., column])
        elif kind is ChannelKind.VELOCITY:
            parts.append(predictions[..., column] * like.times)
    for arm in like.arms:
        columns = [like.channels.index(name) for name in pose_channels(arm)[3:]]
        rotations = Rotation.from_quat(predictions[..., columns].reshape(-1, 4))
        turns = (rotations * Rotation.from_quat(anchor[columns]).inv()).as_rotvec()
        parts.extend(LEVER * turns.reshape(*predictions.shape[:2], 3).transpose(2, 0, 1))
    return np.stack(parts, axis=-1) if parts else np.zeros((*predictions.shape[:2], 1))


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cosine between vectors along the last axis; 1 for two that are both still, 0 for one that is."""
    still = STILL**2
    dot = (a * b).sum(axis=-1)
    return (dot + still) / np.sqrt(((a * a).sum(axis=-1) + still) * ((b * b).sum(axis=-1) + still))
