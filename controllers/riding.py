# SPDX-License-Identifier: Apache-2.0
"""Poses that are meant in the base as it will be: an operator's hands, what was recorded, what a policy learned of it.

A chunk gives poses in the base at its stamp (`base_motion.py`), and says how the base goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from controllers.auxiliary_track import BASE_AXES
from controllers.base_motion import PlanarPose, ridden
from controllers.chunk import ActionChunk, pose_channels


def riding(
    chunk: ActionChunk, velocity: Sequence[float] | None = None, acceleration: Sequence[float] | None = None
) -> ActionChunk:
    """Return a chunk whose poses are in the base at each of its points, as one whose poses are in that at its stamp.

    The base has `velocity` (3,) at the stamp and comes to the chunk's at its `acceleration` (3,); without either it has
    the chunk's at once, as where the chunk is a recording of what was commanded.
    """
    return _placed(chunk, _places(chunk, velocity, acceleration))


def dismounted(chunk: ActionChunk) -> ActionChunk:
    """Return the chunk that `riding` made this one of, where the base had its velocities at once."""
    return _placed(chunk, [place.inverse() for place in _places(chunk, None, None)])


def _places(
    chunk: ActionChunk, velocity: Sequence[float] | None, acceleration: Sequence[float] | None
) -> list[PlanarPose]:
    """Return T_stamp_base at each point; none where the base stands."""
    columns = [chunk.column(name) for name in BASE_AXES]
    still = np.zeros(len(chunk.times))
    velocities = np.stack([still if column is None else column for column in columns], axis=1)
    moves = velocities.any() or (velocity is not None and any(velocity))
    return ridden(chunk.times, velocities, velocity, acceleration) if moves else []


def _placed(chunk: ActionChunk, places: list[PlanarPose]) -> ActionChunk:
    if not places or not chunk.arms:
        return chunk
    values = chunk.values.copy()
    for arm in chunk.arms:
        columns = [chunk.channels.index(name) for name in pose_channels(arm)]
        poses = [place.placed(pose[None])[0] for place, pose in zip(places, values[:, columns], strict=True)]
        values[:, columns] = poses
    return replace(chunk, values=values)
