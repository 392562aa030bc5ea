# SPDX-License-Identifier: Apache-2.0
"""How far a chunk has been executed, and what is left: by where the robot is commanded to be, since control begins
late and slows down.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind
from vla_ros.policies.chunking.sampling import covers, sample_chunk
from vla_ros.policies.observation import Observation

BEHIND_MAX_S, STEP_S = 0.5, 0.01  # [s] how far behind is searched, and how finely
CLOCK_WEIGHT = 0.02  # [m/s] or [rad/s]: as near as that, the clock is right; where nothing moves, it alone decides
NEAR = 0.05  # [m] or [rad]: of a robot that is nowhere near the chunk, the clock decides
ALONG = (ChannelKind.POSITION, ChannelKind.JOINT)


def as_executed(chunk: ActionChunk, observation: Observation) -> ActionChunk:
    """Return `chunk`, which is being executed, stamped later by what the robot is behind it.

    Positions and joints that the chunk moves are compared with those that are commanded. A robot that is commanded as
    the clock says, or of which nobody says what is commanded, has the same chunk back.
    """
    commanded = observation.commanded.values
    columns = [
        column
        for column, (name, kind) in enumerate(zip(chunk.channels, chunk.kinds, strict=True))
        if kind in ALONG and name in commanded
    ]
    if not columns:
        return chunk
    behind = np.arange(0.0, BEHIND_MAX_S, STEP_S)
    path = sample_chunk(chunk, observation.stamp - behind)[:, columns]
    where = np.array([commanded[chunk.channels[column]] for column in columns])
    apart = ((path - where) ** 2).sum(axis=1)
    if apart.min() > NEAR**2:
        return chunk
    cost = apart + (CLOCK_WEIGHT * behind) ** 2
    return dataclasses.replace(chunk, stamp=chunk.stamp + float(behind[np.argmin(cost)]))


def remainder(chunk: ActionChunk, observation: Observation) -> ActionChunk | None:
    """Return what is left of `chunk`, which is being executed, stamped like `observation`, at its own times after that.

    None where nothing is left: it has run out.
    """
    last = as_executed(chunk, observation)
    stamps = observation.stamp + last.times
    reached = covers(last, stamps)
    if not reached.any():
        return None
    values = sample_chunk(last, stamps[reached])
    return dataclasses.replace(last, stamp=observation.stamp, times=last.times[reached], values=values)
