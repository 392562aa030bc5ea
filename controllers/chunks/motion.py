# SPDX-License-Identifier: Apache-2.0
"""One motion to sample, what happens along it and why it ends. All immutable.

Two clocks. Motion time m [s] starts at 0 where the motion is spliced and is advanced by the follower; chunk time
s [s] is the chunk's own, after its stamp. They differ by the entry point, by a stretch where limits demand one,
and by the tail in which the last point is reached at rest.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.auxiliary_track import AuxiliaryTrack
from controllers.chunks.chunk import TaskStatus
from controllers.chunks.spline import Spline
from controllers.chunks.stitching import brake
from controllers.chunks.track import Track

BRAKE_S = 0.2


@dataclass(frozen=True)
class Transition:
    """How a chunk was spliced: the report of every accepted chunk."""

    sequence: int
    delay: float  # [s] stamp → transition, by the clock
    consumed: float  # [s] stamp → transition, by what was executed meanwhile: less where the arm waited
    entry: float  # [s] chunk time at which it was entered
    overlap: float  # [s] what the motion before it still had to go
    position_gap: float  # [m] (or [rad] in joint space) chunk at the entry − commanded
    rotation_gap: float  # [rad]
    dropped_points: int  # points before the entry: they are past
    stretch: float  # ≥ 1: how much slower than asked
    method: str = ""  # StitchConfig.method by which it was spliced in the end, "" where nothing moves
    note: str = ""  # why nothing moves, why less than the whole chunk does, or why another method was taken


@dataclass(frozen=True, eq=False)
class Motion:
    """A path to sample, what happens along it, and why it ends."""

    tracks: tuple[Track, ...]  # whose columns of the path are whose
    spline: Spline  # of motion time
    point_times: np.ndarray  # (K,) motion time at which each point is reached
    chunk_times: np.ndarray  # (K,) chunk time of each point
    auxiliary: AuxiliaryTrack  # what is asked of everything but the arm from each point on
    sequence: int
    stamp: float
    source: str
    end_reason: str  # hold reason once over
    status: TaskStatus = TaskStatus.ONGOING
    holding: bool = False  # its end reason holds from the start: nothing of it is motion that was requested
    point_list: list[float] = field(init=False, repr=False)
    chunk_list: list[float] = field(init=False, repr=False)
    chunk_end: float = field(init=False, repr=False)  # [s]

    def __post_init__(self) -> None:
        # Plain lists: the loop reads single numbers from them.
        for name, value in (
            ("point_list", self.point_times.tolist()),
            ("chunk_list", self.chunk_times.tolist()),
            ("chunk_end", float(self.chunk_times[-1])),
        ):
            object.__setattr__(self, name, value)

    def executed(self, m: float) -> float:
        """Return the chunk time [s] at motion time m [s]."""
        reached, chunk = self.point_list, self.chunk_list
        if m >= reached[-1]:
            return chunk[-1]
        if m <= reached[0] or len(reached) == 1:
            return max(0.0, chunk[0] - (reached[0] - m))
        k = bisect_right(reached, m)
        share = (m - reached[k - 1]) / (reached[k] - reached[k - 1])
        return chunk[k - 1] + share * (chunk[k] - chunk[k - 1])


@dataclass(frozen=True)
class Start:
    """What is being commanded where the new motion is to take over."""

    tracks: tuple[Track, ...]
    state: np.ndarray  # (3, C) value, velocity, acceleration of the sampled reference
    delay: float  # [s] stamp → transition, times the speed
    lookahead: float  # [s] how far the sampled reference runs ahead of the commanded pose
    origin: np.ndarray | None = None  # (C,) what was commanded at the chunk's stamp; None: as now
    consumed: float | None = None  # [s] executed since the stamp; None: as the clock says
    current: tuple[Spline, float] | None = None  # the path that goes on without the new motion, and where on it [s]
    memory: float = 0.0  # share of that path in what the chunk says of the same time

    @property
    def progressed(self) -> float:
        """Return how much was executed since the stamp [s]."""
        return self.delay if self.consumed is None else self.consumed

    @property
    def remaining(self) -> float:
        """Return how long the current path would still go [s]."""
        return 0.0 if self.current is None else max(0.0, self.current[0].duration - self.current[1])


def hold_reason(status: TaskStatus) -> str:
    """Name the hold at the end of a chunk with this status."""
    return "chunk exhausted" if status is TaskStatus.ONGOING else status.name.lower()


def braking(start: Start, source: str, reason: str) -> Motion:
    """Return the motion that comes to rest from `start` and holds for `reason`."""
    nothing = np.zeros(1)
    spline = brake(start.state, BRAKE_S)
    return Motion(start.tracks, spline, nothing, nothing, AuxiliaryTrack(), -1, 0.0, source, reason, holding=True)


def resting(tracks: tuple[Track, ...], value: np.ndarray, reason: str) -> Motion:
    """Return the motion that stays at the value (C,) of its tracks for `reason`."""
    nothing = np.zeros(1)
    spline = Spline(np.repeat(value[None], 8, axis=0), 1.0)
    return Motion(tracks, spline, nothing, nothing, AuxiliaryTrack(), -1, 0.0, "", reason, holding=True)
