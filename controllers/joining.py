# SPDX-License-Identifier: Apache-2.0
"""Join a chunk to the motion being commanded: its path, where it is entered, how the seam is made."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controllers.alignment import align
from controllers.blending import fade, own_state, remembered, step_fits
from controllers.chunk import ActionChunk, ChannelKind, TaskStatus
from controllers.control_config import StitchConfig
from controllers.errors import ChunkError
from controllers.limits import ArmLimits
from controllers.motion import BRAKE_S, CARTESIAN, JOINT, Motion, Seam, Start, hold_reason
from controllers.side_track import BASE_AXES, side_track
from controllers.spline import Spline
from controllers.stitching import MotionBounds, brake, stitch_within

SCATTER = 0.03  # [m], or [rad] in joint space: chunks that differ by more do not mean the same
ROTATION_METRES = 0.15  # [m/rad] how a turn compares with a shift when the nearest point is sought


@dataclass(frozen=True)
class Robot:
    """What of a chunk is ours: the arm's name, the channels of its tools, and what its joints may do."""

    arm: str
    joints: tuple[str, ...]
    tools: tuple[str, ...]
    limits: ArmLimits
    has_base: bool = False


def chunk_mode(chunk: ActionChunk, arm: str, joints: tuple[str, ...]) -> str | None:
    """Say in which space a chunk moves the arm; None when it moves only tools or the base.

    Raises ChunkError for both spaces at once, some joints only, or channels this arm cannot follow.
    """
    moved: list[str] = []
    for quantity in ("position", "velocity"):
        given = [name for name in joints if f"{name}/{quantity}" in chunk.channels]
        if given and len(given) != len(joints):
            missing = next(name for name in joints if name not in given)
            raise ChunkError(f"chunk moves some joints only: '{missing}/{quantity}' is missing")
        moved += [f"joint {quantity}"] * bool(given)
    _refuse_other_velocities(chunk, joints)
    moved += ["pose"] * (arm in chunk.arms)
    if len(moved) > 1:
        raise ChunkError(f"chunk holds both {moved[0]} and {moved[1]} targets for one arm")
    if not moved:
        return None
    return CARTESIAN if moved[0] == "pose" else JOINT


def _refuse_other_velocities(chunk: ActionChunk, joints: tuple[str, ...]) -> None:
    ours = {f"{name}/velocity" for name in joints}
    for name, kind in zip(chunk.channels, chunk.kinds, strict=True):
        if kind is ChannelKind.VELOCITY and name not in ours and name not in BASE_AXES:
            raise ChunkError(f"chunk channel '{name}': this arm executes velocities of its own joints only")


def joint_targets(chunk: ActionChunk, joints: tuple[str, ...]) -> np.ndarray | None:
    """Return the joint positions of a chunk (H, N) [rad]; None when it holds none."""
    return _joint_columns(chunk, joints, "position")


def joint_rates(chunk: ActionChunk, joints: tuple[str, ...]) -> np.ndarray | None:
    """Return the joint velocities of a chunk (H, N) [rad/s]; None when it holds none."""
    return _joint_columns(chunk, joints, "velocity")


def _joint_columns(chunk: ActionChunk, joints: tuple[str, ...], quantity: str) -> np.ndarray | None:
    names = [f"{name}/{quantity}" for name in joints]
    if names[0] not in chunk.channels:
        return None
    return chunk.values[:, [chunk.channels.index(name) for name in names]]


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
    entry: float  # [s] chunk time at which the sampled reference joins it


def join(
    chunk: ActionChunk, robot: Robot, source: str, start: Start, config: StitchConfig, bounds: MotionBounds
) -> tuple[Motion, Seam]:
    """Return the motion that goes on from `start` into `chunk`, as fast as `bounds` allow, and how it was joined."""
    count, status = leading_ongoing(chunk)
    mode = chunk_mode(chunk, robot.arm, robot.joints) if count else None
    if mode is None:
        return _standstill(chunk, source, start, count, status, robot)
    times = chunk.times[:count]
    rates = joint_rates(chunk, robot.joints)
    if rates is not None:
        path = _velocity_path(times, rates[:count], start, robot.limits)
        times = path.times[-count - 1 :]
    else:
        path = _position_path(chunk, robot, mode, count, start, config)
    ahead = times > path.entry + 1e-6
    ahead[-1] = True
    spline, stretch, method, note = _connect(path, times[ahead], start, config, bounds)
    point_times = (times - path.entry) * stretch
    point_times[-1] = spline.duration
    motion = Motion(
        start.mode, spline, point_times, times,
        side_track(chunk, robot.tools, robot.has_base, count, len(times)),
        chunk.sequence, chunk.stamp, source, hold_reason(status), status,
    )  # fmt: skip
    gap = _at(path, path.entry) - start.state[0]
    cartesian = start.mode == CARTESIAN
    ended = "" if status is TaskStatus.ONGOING else f"{hold_reason(status)} after {count} points"
    seam = Seam(
        chunk.sequence, start.delay, start.progressed, path.entry - start.lookahead, start.remaining,
        float(np.linalg.norm(gap[:3] if cartesian else gap)),
        2.0 * float(np.linalg.norm(gap[3:])) if cartesian else 0.0,
        int(np.count_nonzero(~ahead)), stretch, method, "; ".join(filter(None, (ended, note))),
    )  # fmt: skip
    return motion, seam


def _position_path(chunk: ActionChunk, robot: Robot, mode: str, count: int, start: Start, config: StitchConfig) -> Path:
    targets = joint_targets(chunk, robot.joints)
    points = _poses(chunk, robot.arm, start.state[0]) if targets is None else targets
    times, points = chunk.times[:count], points[:count]
    value, velocity = start.state[0], start.state[1]
    if times[0] > 0.0:  # the path begins where the observation was taken
        origin = value if start.origin is None else start.origin
        times, points = np.concatenate([[0.0], times]), np.vstack([origin, points])
    if config.alignment == "progress":
        expected, window = start.progressed + start.lookahead, config.window_s + start.lookahead
        entry = align(times, points, _weights(mode, points.shape[1]), value, velocity, expected, window)
    else:
        entry = min(start.delay + start.lookahead, float(times[-1]))
    return Path(times, points, entry)


def _poses(chunk: ActionChunk, arm: str, commanded: np.ndarray) -> np.ndarray:
    quaternions = chunk.quaternions(arm)
    if quaternions[0] @ commanded[3:] < 0.0:
        quaternions = -quaternions  # the hemisphere being commanded, or the spline would pass through zero
    return np.hstack([chunk.positions(arm), quaternions])


def _velocity_path(times: np.ndarray, rates: np.ndarray, start: Start, limits: ArmLimits) -> Path:
    """Integrate rates (K, N) [rad/s] from what is commanded: each holds until the next, the last for one step more.

    The first holds from the seam on. The joints stop at their limits.
    """
    step = _step(times)
    grid = np.concatenate([[0.0] if times[0] > 0.0 else [], times, [times[-1] + step]])
    held = np.vstack([rates[:1], rates]) if times[0] > 0.0 else rates
    moved = np.vstack([np.zeros(rates.shape[1]), np.cumsum(held * np.diff(grid)[:, None], axis=0)])
    entry = min(start.delay + start.lookahead, float(grid[-1]))
    path = Path(grid, moved, entry)
    points = start.state[0] + moved - _at(path, entry)
    return replace(path, points=np.clip(points, limits.lower, limits.upper))


def _connect(
    path: Path, times: np.ndarray, start: Start, config: StitchConfig, bounds: MotionBounds
) -> tuple[Spline, float, str, str]:
    """Return the spline through the points at `times`, its stretch, the method and why it is not the configured one."""
    spacing = float(np.median(np.diff(path.times))) if len(path.times) > 1 else 0.1
    points = path.points[-len(times) :]
    if start.memory > 0.0 and start.current is not None:
        old, begin = start.current
        scale = SCATTER / _weights(start.mode, points.shape[1])
        later = times - path.entry
        overlap = min(start.remaining - BRAKE_S, float(later[-1]))  # the last point is the newest chunk's alone
        points = remembered(points, later, old, begin, overlap, start.memory, scale)
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
    chunk: ActionChunk, source: str, start: Start, count: int, status: TaskStatus, robot: Robot
) -> tuple[Motion, Seam]:
    """Come to rest: the chunk moves only tools or the base, or must not be executed at all."""
    entry = float(np.clip(start.delay, 0.0, chunk.duration))
    times = chunk.times[:count] if count else np.array([entry])
    side = side_track(chunk, robot.tools, robot.has_base, count, count)
    lasting = _step(times) if side.base is not None else 0.0  # the last velocity is one for a while, too
    motion = Motion(
        start.mode, brake(start.state, max(BRAKE_S, float(times[-1]) + lasting - entry - start.lookahead)),
        times - entry - start.lookahead, times, side,
        chunk.sequence, chunk.stamp, source, hold_reason(status), status, holding=count == 0,
    )  # fmt: skip
    note = hold_reason(status) if count == 0 else "no motion channels for this arm"
    overlap = start.remaining
    seam = Seam(chunk.sequence, start.delay, start.progressed, entry, overlap, 0.0, 0.0, 0, 1.0, "", note)
    return motion, seam


def _step(times: np.ndarray) -> float:
    """Return how long the last of `times` (K,) [s] lasts."""
    return float(np.median(np.diff(times))) if len(times) > 1 else float(max(times[0], 0.05))


def _at(path: Path, s: float) -> np.ndarray:
    return np.array([np.interp(s, path.times, column) for column in path.points.T])


def _tail(path: Path, acceleration: np.ndarray) -> float:
    """Return the time [s] to spend on stopping in the last point: none when the chunk ends at rest."""
    times, points = path.times, path.points
    if len(times) < 2:
        return 0.3
    arrival = np.abs(points[-1] - points[-2]) / (times[-1] - times[-2])
    return float((arrival / (0.5 * acceleration)).max())


def _weights(mode: str, channels: int) -> np.ndarray:
    if mode == JOINT:
        return np.ones(channels)
    return np.array([1.0] * 3 + [2.0 * ROTATION_METRES] * 4)  # a quaternion moves half as far as it turns
