# SPDX-License-Identifier: Apache-2.0
"""From chunks to one motion: order, alignment, seam, gripper events and what is held at the end. All immutable.

Two clocks. Motion time m [s] starts at 0 where the motion is joined and is advanced by the follower; chunk time
s [s] is the chunk's own, after its stamp. They differ by the entry point, by a stretch where limits demand one,
and by the tail in which the last point is reached at rest.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace

import numpy as np

from controllers.alignment import align
from controllers.chunk import ActionChunk, ChannelKind, TaskStatus
from controllers.control_config import StitchConfig
from controllers.errors import ChunkError
from controllers.spline import Spline
from controllers.stitching import MotionBounds, brake, stitch_within

CARTESIAN, JOINT = "cartesian", "joint"
BRAKE_S = 0.2
ROTATION_METRES = 0.15  # [m/rad] how a turn compares with a shift when the nearest point is sought


@dataclass(frozen=True)
class Seam:
    """How a chunk was joined: the report of every accepted chunk."""

    sequence: int
    delay: float  # [s] stamp → seam, by the clock
    entry: float  # [s] chunk time at which it was entered
    position_gap: float  # [m] (or [rad] in joint space) chunk at the entry − commanded
    rotation_gap: float  # [rad]
    dropped_points: int  # points before the entry
    stretch: float  # ≥ 1: how much slower than asked
    note: str = ""  # why nothing moves, or why less than the whole chunk does


@dataclass(frozen=True, eq=False)
class Motion:
    """A path to sample, what happens along it, and why it ends."""

    mode: str  # CARTESIAN | JOINT
    spline: Spline  # of motion time
    point_times: np.ndarray  # (K,) motion time at which each point is reached
    chunk_times: np.ndarray  # (K,) chunk time of each point
    widths: np.ndarray | None  # (K,) [m] gripper command from each point on
    sequence: int
    stamp: float
    source: str
    end_reason: str  # hold reason once over
    status: TaskStatus = TaskStatus.ONGOING
    holding: bool = False  # its end reason holds from the start: nothing of it is motion that was asked for
    point_list: list[float] = field(init=False, repr=False)
    chunk_list: list[float] = field(init=False, repr=False)
    width_list: list[float] | None = field(init=False, repr=False)
    chunk_end: float = field(init=False, repr=False)  # [s]

    def __post_init__(self) -> None:
        # Plain lists: the loop reads single numbers from them.
        widths = None if self.widths is None else self.widths.tolist()
        for name, value in (
            ("point_list", self.point_times.tolist()),
            ("chunk_list", self.chunk_times.tolist()),
            ("width_list", widths),
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

    mode: str
    state: np.ndarray  # (3, C) value, velocity, acceleration of the sampled reference
    expected_delay: float  # [s] stamp → seam, times the speed
    lookahead: float  # [s] how far the sampled reference runs ahead of the commanded pose
    origin: np.ndarray | None = None  # (C,) what was commanded at the chunk's stamp


@dataclass(frozen=True)
class ChunkTimeline:
    """Which chunks were accepted; `accept` returns the next timeline with its motion."""

    last: tuple[tuple[str, float, int], ...] = ()  # (source, stamp, sequence) of each source's newest chunk

    def check_order(self, chunk: ActionChunk, source: str) -> None:
        """Raise ChunkError for a chunk that a newer one of the same source has overtaken.

        A lower sequence with a newer stamp is a source that was restarted, and is welcome.
        """
        for name, stamp, sequence in self.last:
            if name == source and chunk.stamp < stamp:
                raise ChunkError(f"chunk {chunk.sequence} is older than chunk {sequence}, which came first: reordered")
            if name == source and chunk.stamp == stamp and chunk.sequence <= sequence:
                raise ChunkError(f"chunk {chunk.sequence} was received twice")

    def accept(
        self, chunk: ActionChunk, source: str, start: Start, arm: str, joints: tuple[str, ...], gripper: str,
        config: StitchConfig, bounds: MotionBounds,
    ) -> tuple[ChunkTimeline, Motion, Seam]:  # fmt: skip
        """Join `chunk` to `start`, as fast as `bounds` allow."""
        others = tuple(entry for entry in self.last if entry[0] != source)
        timeline = replace(self, last=(*others, (source, chunk.stamp, chunk.sequence)))
        count, end_status = _leading_ongoing(chunk)
        points = _path(chunk, arm, joints, start) if count else None
        if points is None:
            motion, seam = _standstill(chunk, source, start, count, end_status, gripper)
        else:
            motion, seam = _join(chunk, points[:count], count, source, start, end_status, gripper, config, bounds)
        return timeline, motion, seam


def chunk_mode(chunk: ActionChunk, arm: str, joints: tuple[str, ...]) -> str | None:
    """Say in which space a chunk moves the arm; None when it only moves the gripper.

    Raises ChunkError for both spaces at once, some joints only, or channels this arm cannot follow.
    """
    given = [name for name in joints if f"{name}/position" in chunk.channels]
    if ChannelKind.VELOCITY in chunk.kinds:
        name = chunk.channels[chunk.kinds.index(ChannelKind.VELOCITY)]
        raise ChunkError(f"chunk channel '{name}': velocity channels are not executed by this arm")
    if given and len(given) != len(joints):
        missing = next(name for name in joints if name not in given)
        raise ChunkError(f"chunk moves some joints only: '{missing}/position' is missing")
    if given and arm in chunk.arms:
        raise ChunkError("chunk holds both joint and pose targets for one arm")
    if given:
        return JOINT
    return CARTESIAN if arm in chunk.arms else None


def joint_targets(chunk: ActionChunk, joints: tuple[str, ...]) -> np.ndarray:
    """Return the joint positions of a chunk (H, N) [rad]."""
    return chunk.values[:, [chunk.channels.index(f"{name}/position") for name in joints]]


def hold_reason(status: TaskStatus) -> str:
    """Name the hold at the end of a chunk with this status."""
    return "chunk exhausted" if status is TaskStatus.ONGOING else status.name.lower()


def braking(start: Start, source: str, reason: str) -> Motion:
    """Return the motion that comes to rest from `start` and holds for `reason`."""
    nothing = np.zeros(1)
    spline = brake(start.state, BRAKE_S)
    return Motion(start.mode, spline, nothing, nothing, None, -1, 0.0, source, reason, holding=True)


def resting(value: np.ndarray, reason: str) -> Motion:
    """Return the motion that stays at a pose (7,) for `reason`."""
    nothing = np.zeros(1)
    spline = Spline(np.repeat(value[None], 8, axis=0), 1.0)
    return Motion(CARTESIAN, spline, nothing, nothing, None, -1, 0.0, "", reason, holding=True)


def _leading_ongoing(chunk: ActionChunk) -> tuple[int, TaskStatus]:
    """Count the points before the first that is terminated or invalid: motion from there on is never executed."""
    column = chunk.column("task/status")
    if column is None:
        return len(chunk.times), TaskStatus.ONGOING
    codes = np.clip(np.rint(column), -1, 1).astype(int)
    ended = np.flatnonzero(codes)
    return (len(codes), TaskStatus.ONGOING) if len(ended) == 0 else (int(ended[0]), TaskStatus(int(codes[ended[0]])))


def _path(chunk: ActionChunk, arm: str, joints: tuple[str, ...], start: Start) -> np.ndarray | None:
    mode = chunk_mode(chunk, arm, joints)
    if mode is None:
        return None
    if mode == JOINT:
        return joint_targets(chunk, joints)
    quaternions = chunk.quaternions(arm)
    if quaternions[0] @ start.state[0, 3:] < 0.0:
        quaternions = -quaternions  # the hemisphere being commanded, or the spline would pass through zero
    return np.hstack([chunk.positions(arm), quaternions])


def _widths(chunk: ActionChunk, gripper: str, count: int) -> np.ndarray | None:
    column = chunk.column(f"{gripper}/width")
    return None if column is None or count == 0 else column[:count]


def _standstill(
    chunk: ActionChunk, source: str, start: Start, count: int, status: TaskStatus, gripper: str
) -> tuple[Motion, Seam]:
    """Come to rest: the chunk moves the gripper only, or must not be executed at all."""
    entry = float(np.clip(start.expected_delay, 0.0, chunk.duration))
    times = chunk.times[:count] if count else np.array([entry])
    motion = Motion(
        start.mode, brake(start.state, max(BRAKE_S, float(times[-1]) - entry + start.lookahead)),
        times - entry + start.lookahead, times, _widths(chunk, gripper, count),
        chunk.sequence, chunk.stamp, source, hold_reason(status), status, holding=count == 0,
    )  # fmt: skip
    note = hold_reason(status) if count == 0 else "no motion channels for this arm"
    return motion, Seam(chunk.sequence, start.expected_delay, entry, 0.0, 0.0, 0, 1.0, note)


def _join(
    chunk: ActionChunk, points: np.ndarray, count: int, source: str, start: Start, status: TaskStatus, gripper: str,
    config: StitchConfig, bounds: MotionBounds,
) -> tuple[Motion, Seam]:  # fmt: skip
    times = chunk.times[:count]
    weights = _weights(start.mode, points.shape[1])
    value, velocity = start.state[0], start.state[1]
    path_times, path_points = times, points
    if times[0] > 0.0:  # the path begins where the observation was taken
        origin = value if start.origin is None else start.origin
        path_times, path_points = np.concatenate([[0.0], times]), np.vstack([origin, points])
    expected = start.expected_delay + start.lookahead
    if config.alignment == "progress":
        entry = align(path_times, path_points, weights, value, velocity, expected, config.window_s + start.lookahead)
    else:
        entry = min(expected, float(times[-1]))

    gap = np.array([np.interp(entry, path_times, path_points[:, c]) for c in range(points.shape[1])]) - value
    ahead = times > entry + 1e-6
    ahead[-1] = True
    spacing = float(np.median(np.diff(path_times))) if len(path_times) > 1 else 0.1
    tail = _tail(path_times, path_points, bounds.acceleration)
    duration = max(float(times[-1]) - entry + tail, 0.05)
    spline, stretch = stitch_within(
        start.state, times[ahead] - entry, points[ahead], duration, bounds,
        spacing=spacing, blend=config.blend_s, smoothing=config.smoothing,
    )  # fmt: skip
    point_times = (times - entry) * stretch
    point_times[-1] = spline.duration
    motion = Motion(
        start.mode, spline, point_times, times, _widths(chunk, gripper, count),
        chunk.sequence, chunk.stamp, source, hold_reason(status), status,
    )  # fmt: skip
    rotation = 2.0 * float(np.linalg.norm(gap[3:])) if start.mode == CARTESIAN else 0.0
    linear = float(np.linalg.norm(gap[:3] if start.mode == CARTESIAN else gap))
    note = "" if status is TaskStatus.ONGOING else f"{hold_reason(status)} after {count} points"
    seam = Seam(
        chunk.sequence, start.expected_delay, entry - start.lookahead, linear, rotation,
        int(np.count_nonzero(~ahead)), stretch, note,
    )  # fmt: skip
    return motion, seam


def _tail(times: np.ndarray, points: np.ndarray, acceleration: np.ndarray) -> float:
    """Return the time [s] to spend on stopping in the last point: none when the chunk ends at rest."""
    if len(times) < 2:
        return 0.3
    arrival = np.abs(points[-1] - points[-2]) / (times[-1] - times[-2])
    return float((arrival / (0.5 * acceleration)).max())


def _weights(mode: str, channels: int) -> np.ndarray:
    if mode == JOINT:
        return np.ones(channels)
    return np.array([1.0] * 3 + [2.0 * ROTATION_METRES] * 4)  # a quaternion moves half as far as it turns
