# SPDX-License-Identifier: Apache-2.0
"""Splice a chunk into the motion being commanded: its path, where it is entered, how the transition is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.chunks.alignment import align
from controllers.chunks.auxiliary_track import auxiliary_track
from controllers.chunks.blending import fade, own_state, remembered, step_fits
from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.chunks.motion import BRAKE_S, Motion, Start, Transition, hold_reason
from controllers.chunks.spline import Spline
from controllers.chunks.stitching import MotionBounds, brake, stitch_within
from controllers.chunks.track import CARTESIAN, Track
from controllers.control_config import StitchConfig

SCATTER = 0.03  # [m], or [rad] in joint space: chunks that differ by more do not mean the same


@dataclass(frozen=True)
class Auxiliaries:
    """What of a chunk is carried out beside the motion: the channels of the end effectors, the base's, the elbows'."""

    channels: tuple[str, ...] = ()
    has_base: bool = False
    elbows: tuple[str, ...] = ()  # arms


def leading_ongoing(chunk: ActionChunk) -> tuple[int, TaskStatus]:
    """Count the points before the first that is terminated or invalid: motion from there on is never executed."""
    column = chunk.column("task/status")
    if column is None:
        return len(chunk.times), TaskStatus.ONGOING
    codes = np.clip(np.rint(column), -1, 1).astype(int)
    ended = np.flatnonzero(codes)
    return (len(codes), TaskStatus.ONGOING) if len(ended) == 0 else (int(ended[0]), TaskStatus(int(codes[ended[0]])))


@dataclass(frozen=True, eq=False)
class Path:
    """What a chunk asks for: a polyline over chunk time that may begin before its first point."""

    times: np.ndarray  # (K,) [s]
    points: np.ndarray  # (K, C)
    entry: float  # [s] chunk time at which the sampled reference enters it
    moved: np.ndarray  # (C,) whether the chunk says something of a column; else it comes to rest


def splice(
    chunk: ActionChunk, beside: Auxiliaries, source: str, start: Start, config: StitchConfig, bounds: MotionBounds
) -> tuple[Motion, Transition]:
    """Return the motion that goes on from `start` into `chunk`, as fast as `bounds` allow, and how it was spliced."""
    count, status = leading_ongoing(chunk)
    asked = [track.commanded_quantity(chunk) for track in start.tracks] if count else []
    if not any(asked):
        return _standstill(chunk, source, start, count, status, beside)
    path = path_of(chunk, asked, count, start, config)
    # Where velocities are commanded the last one is one for a step more.
    times = path.times[-count - 1 :] if "velocity" in asked else chunk.times[:count]
    ahead = times > path.entry + 1e-6
    ahead[-1] = True
    spline, stretch, method, note = _connect(path, times[ahead], start, config, bounds)
    point_times = (times - path.entry) * stretch
    point_times[-1] = spline.duration
    motion = Motion(
        start.tracks, spline, point_times, times,
        auxiliary_track(chunk, beside.channels, beside.has_base, count, len(times), beside.elbows),
        chunk.sequence, chunk.stamp, source, hold_reason(status), status,
    )  # fmt: skip
    ended = "" if status is TaskStatus.ONGOING else f"{hold_reason(status)} after {count} points"
    transition = Transition(
        chunk.sequence, start.delay, start.progressed, path.entry - start.lookahead, start.remaining,
        *_gaps(_at(path, path.entry) - start.state[0], start.tracks, asked),
        int(np.count_nonzero(~ahead)), stretch, method, "; ".join(filter(None, (ended, note))),
    )  # fmt: skip
    return motion, transition


def _gaps(gap: np.ndarray, tracks: tuple[Track, ...], asked: list[str]) -> tuple[float, float]:
    """Return the largest gap (C,) of a group that the chunk moves: of position or joints, and of rotation [rad]."""
    moved = [(track, gap[track.columns]) for track, by in zip(tracks, asked, strict=True) if by]
    turned = [2.0 * float(np.linalg.norm(part[3:])) for track, part in moved if track.mode == CARTESIAN]
    shifted = [float(np.linalg.norm(part[:3] if track.mode == CARTESIAN else part)) for track, part in moved]
    return max(shifted), max(turned, default=0.0)


def path_of(chunk: ActionChunk, asked: list[str], count: int, start: Start, config: StitchConfig) -> Path:
    """Return what the first `count` points of a chunk ask of all groups, by what each is `asked`.

    Velocities are integrated from what is commanded: each holds until the next, the first from the transition on and
    the last for one step more. What the chunk does not move comes to rest.
    """
    grid, rated = chunk.times[:count], "velocity" in asked
    if begins := grid[0] > 0.0:  # the path begins where the observation was taken
        grid = np.concatenate([[0.0], grid])
    if rated:
        grid = np.append(grid, grid[-1] + _step(chunk.times[:count]))
    value = start.state[0]
    points, moved, aligned = np.empty((len(grid), len(value))), np.zeros(len(value), bool), np.zeros(len(value), bool)
    for track, by in zip(start.tracks, asked, strict=True):
        columns = track.columns
        if not by:
            continue
        targets = track.targets(chunk, by)[:count]
        moved[columns] = True
        if by == "velocity":
            held = np.vstack([targets[:1], targets]) if begins else targets
            points[0, columns], points[1:, columns] = 0.0, np.cumsum(held * np.diff(grid)[:, None], axis=0)
            continue
        aligned[columns] = True
        if by == "pose" and targets[0, 3:] @ value[columns][3:] < 0.0:
            targets[:, 3:] *= -1.0  # the hemisphere being commanded, or the spline would pass through zero
        if begins:
            targets = np.vstack([(value if start.origin is None else start.origin)[columns], targets])
        points[: len(targets), columns], points[len(targets) :, columns] = targets, targets[-1]
    entry = _entry(grid, points, start, aligned, config)
    path = Path(grid, points, entry, moved)
    for track, by in zip(start.tracks, asked, strict=True):
        part = points[:, track.columns]
        if by == "velocity":
            part += value[track.columns] - _at(path, entry)[track.columns]
            np.clip(part, track.lower, track.upper, out=part)
        elif not by:
            rest = brake(start.state[:, track.columns], BRAKE_S)
            part[:] = [rest.derivatives(s - entry)[0] for s in grid]
    return path


def _entry(grid: np.ndarray, points: np.ndarray, start: Start, aligned: np.ndarray, config: StitchConfig) -> float:
    """Return the chunk time [s] to enter at: by the columns that are `aligned` (C,), where there are any."""
    if config.alignment != "progress" or not aligned.any():
        return min(start.delay + start.lookahead, float(grid[-1]))
    weights = np.concatenate([track.weights for track in start.tracks])[aligned]
    value, velocity = start.state[0, aligned], start.state[1, aligned]
    expected, window = start.progressed + start.lookahead, config.window_s + start.lookahead
    return align(grid, points[:, aligned], weights, value, velocity, expected, window)


def _connect(
    path: Path, times: np.ndarray, start: Start, config: StitchConfig, bounds: MotionBounds
) -> tuple[Spline, float, str, str]:
    """Return the spline through the points at `times`, its stretch, the method and why it is not the configured one."""
    spacing = _spacing(path.times) if len(path.times) > 1 else 0.1
    points = path.points[-len(times) :]
    if start.memory > 0.0 and start.current is not None:
        old, begin = start.current
        # What the chunk does not move is not drawn on by what moved it before, nor tells whether the chunks agree.
        scale = np.where(path.moved, SCATTER / np.concatenate([track.weights for track in start.tracks]), np.inf)
        later = times - path.entry
        overlap = min(start.remaining - BRAKE_S, float(later[-1]))  # the last point is the newest chunk's alone
        drawn = remembered(points, later, old, begin, overlap, start.memory, scale)
        points = np.where(path.moved, drawn, points)
    duration = max(float(path.times[-1]) - path.entry + _tail(path, bounds.acceleration), 0.05)
    # Of a short remainder some must be left to follow, or the arm would cut straight across to its end.
    blend = min(config.blend_s, 0.5 * (float(path.times[-1]) - path.entry))
    tuning = {"spacing": spacing, "blend": blend, "smoothing": config.smoothing}

    def stitched(state: np.ndarray, blend: float) -> tuple[Spline, float]:
        return stitch_within(state, times - path.entry, points, duration, bounds, **(tuning | {"blend": blend}))

    note = ""
    if config.method != "min_jerk":
        own = own_state(path.times, path.points, path.entry)
        alone, stretch = stitched(own, 0.0)
        if config.method == "replace":
            if step_fits(own[0] - start.state[0], start.lookahead, bounds.speed, bounds.acceleration):
                return alone, stretch, "replace", ""
            note = "too far to replace: stitched"
        elif start.current is not None:
            faded = fade(*start.current, alone, start.state, config.blend_s)
            if bounds.excess(faded) <= 1.02:
                return faded, stretch, "blend", ""
            note = "too far to blend: stitched"
    return *stitched(start.state, blend), "min_jerk", note


def _standstill(
    chunk: ActionChunk, source: str, start: Start, count: int, status: TaskStatus, beside: Auxiliaries
) -> tuple[Motion, Transition]:
    """Come to rest: the chunk moves only tools or the base, or must not be executed at all."""
    entry = float(np.clip(start.delay, 0.0, chunk.duration))
    times = chunk.times[:count] if count else np.array([entry])
    auxiliary = auxiliary_track(chunk, beside.channels, beside.has_base, count, count, beside.elbows)
    lasting = _step(times) if auxiliary.base is not None else 0.0  # the last velocity is one for a while, too
    motion = Motion(
        start.tracks, brake(start.state, max(BRAKE_S, float(times[-1]) + lasting - entry - start.lookahead)),
        times - entry - start.lookahead, times, auxiliary,
        chunk.sequence, chunk.stamp, source, hold_reason(status), status, holding=count == 0,
    )  # fmt: skip
    note = hold_reason(status) if count == 0 else "no motion channels"
    overlap = start.remaining
    transition = Transition(chunk.sequence, start.delay, start.progressed, entry, overlap, 0.0, 0.0, 0, 1.0, "", note)
    return motion, transition


def _step(times: np.ndarray) -> float:
    """Return how long the last of `times` (K,) [s] lasts."""
    return _spacing(times) if len(times) > 1 else float(max(times[0], 0.05))


def _spacing(times: np.ndarray) -> float:
    """Return the median step of `times` (K,) [s], K > 1. NumPy's median takes as long as a stitch's solution."""
    steps = np.sort(times[1:] - times[:-1])
    return 0.5 * float(steps[(len(steps) - 1) // 2] + steps[len(steps) // 2])


def _at(path: Path, s: float) -> np.ndarray:
    times, points = path.times, path.points
    if len(times) == 1:
        return points[0].copy()
    k = min(max(int(times.searchsorted(s, side="right")), 1), len(times) - 1)
    share = (s - times[k - 1]) / (times[k] - times[k - 1])
    return points[k - 1] + min(max(share, 0.0), 1.0) * (points[k] - points[k - 1])


def _tail(path: Path, acceleration: np.ndarray) -> float:
    """Return the time [s] to spend on stopping in the last point: none when the chunk ends at rest."""
    times, points = path.times, path.points
    if len(times) < 2:
        return 0.3
    arrival = np.abs(points[-1] - points[-2]) / (times[-1] - times[-2])
    return float((arrival / (0.5 * acceleration)).max())
