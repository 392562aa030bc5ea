# SPDX-License-Identifier: Apache-2.0
"""The weighted mean of predictions: numbers on the line, rotations on SO(3), switches not at all.

Shape legend: P predictions, oldest first; K times; C channels.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind, pose_channels

SWITCHES = (ChannelKind.GRIPPER, ChannelKind.ELBOW, ChannelKind.STATUS)


def average(predictions: np.ndarray, weights: np.ndarray, like: ActionChunk) -> np.ndarray:
    """Return the mean values (K, C) of `predictions` (P, K, C) with `weights` (P, K); every time needs one above 0.

    `like` names the channels. Gripper and status channels are not averaged, for half closed is neither open nor
    closed, nor are elbows, which go round: they are those of the newest prediction with a weight.
    """
    shares = weights / weights.sum(axis=0)
    mean = np.einsum("pk,pkc->kc", shares, predictions)
    for arm in like.arms:
        columns = [like.channels.index(name) for name in pose_channels(arm)[3:]]
        mean[:, columns] = mean_rotation(predictions[:, :, columns], shares)
    switches = [column for column, kind in enumerate(like.kinds) if kind in SWITCHES]
    newest = len(weights) - 1 - np.argmax(weights[::-1] > 0.0, axis=0)
    mean[:, switches] = predictions[newest, np.arange(len(newest))][:, switches]
    return mean


def mean_rotation(quaternions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean rotations (K, 4), xyzw, of unit quaternions (P, K, 4) with weights (P, K).

    The largest eigenvector of Σ w q qᵀ minimises Σ w |R(q) − R|² (Markley et al. 2007, Averaging Quaternions): q
    and −q count the same, which a mean of components gets wrong.
    """
    moments = np.einsum("pk,pki,pkj->kij", weights, quaternions, quaternions)
    return np.linalg.eigh(moments)[1][:, :, -1]
