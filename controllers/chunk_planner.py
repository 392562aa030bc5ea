# SPDX-License-Identifier: Apache-2.0
"""From a chunk to the motion that takes over from the one being followed, in the thread that submits chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from controllers.chunks.base_motion import BaseMotion, PlanarPose, carried
from controllers.chunks.chunk import ActionChunk, elbow_channel
from controllers.chunks.history import MotionHistory
from controllers.chunks.motion import Motion, Start, Transition, braking
from controllers.chunks.splicing import Auxiliaries
from controllers.chunks.spline import Spline
from controllers.chunks.stitching import side_by_side_bounds
from controllers.chunks.timeline import ChunkTimeline
from controllers.chunks.track import CARTESIAN, Track, refuse_unknown, side_by_side, space_of
from controllers.control_config import ControlConfig
from controllers.errors import ChunkError
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_group import DrivenGroup
from controllers.safety.collision_monitor import CollisionMonitor

FRAME_STEP_S = 1e-3  # [s] by which the velocity of a frame is seen


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What the loop was doing when a chunk came."""

    motion: Motion
    x: float  # [s] where it was sampled
    executed: float  # [s] of motion since the start
    rate: float  # [s/s] of progress
    lookahead: float  # [s]
    holding: bool  # nothing that was requested is being followed


@dataclass(frozen=True, eq=False)
class PlannedMotion:
    """A motion that takes over at `commit` [s] of the one it continues, `base`."""

    motion: Motion
    base: Motion
    commit: float
    seeds: Mapping[str, np.ndarray]  # of the groups that change space with it


class ChunkPlanner:
    """Check, align and stitch chunks for all groups of a robot. What the loop is doing comes in a snapshot."""

    def __init__(
        self,
        groups: Sequence[DrivenGroup],
        auxiliaries: AuxiliaryDrive,
        config: ControlConfig,
        monitor: CollisionMonitor | None,
        history: MotionHistory,
        base: BaseMotion,
    ) -> None:
        """Plan for `groups` and what is beside them; `history` is what the loop has commanded, `base` what it is on."""
        self._groups, self._auxiliaries, self._config = tuple(groups), auxiliaries, config
        self._monitor, self._history, self._base = monitor, history, base
        self.delay = max((group.drive.motion.delay for group in self._groups), default=0.0)  # [s] of the filter …
        if all(group.drive.command == "position" for group in self._groups):
            self.delay += config.servo_lag  # … and of the servo behind it
        self._tracks = tuple(group.track for group in self._groups)
        self.parts = parts_of([len(group.joints) for group in self._groups])  # of q, group by group
        self._beside = Auxiliaries(auxiliaries.channels, auxiliaries.has_base, auxiliaries.elbows)
        self._timeline = ChunkTimeline()

    def clear(self) -> None:
        """Forget which chunks were accepted."""
        self._timeline = ChunkTimeline()

    def check(self, chunk: ActionChunk, source: str, q: np.ndarray, now: float) -> list[str]:
        """Return by what a chunk moves each group, at q (N,) together `now` [s]; "" where it does not.

        Raises ChunkError for what one must not do, or all together.
        """
        refuse_unknown(chunk, self._tracks, self._auxiliaries.channels, self._auxiliaries.elbows)
        self._timeline.check_order(chunk, source)
        self._auxiliaries.check(chunk)
        asked: list[str] = []
        configurations = np.tile(q, (len(chunk.times), 1))
        for group, own in zip(self._groups, self.parts, strict=True):
            by, poses = group.check(chunk)
            asked.append(by)
            if by != "pose" and chunk.column(channel := elbow_channel(group.name)) is not None:
                raise ChunkError(f"chunk channel '{channel}' goes with a pose of '{group.name}': give its pose as well")
            if by == "position":
                configurations[:, own] = group.track.targets(chunk, by)
            if self._monitor is not None and by:
                self._monitor.check_poses(chunk, group.name, poses)
        if self._monitor is not None and "position" in asked:
            self._monitor.check_joints(configurations)
        carried = "pose" in asked and not chunk.riding
        needs_odometry = self._auxiliaries.has_base and (carried or self._auxiliaries.drives_base(chunk))
        # Else poses would be taken for the base's own, and a base would be driven that nobody sees move.
        if needs_odometry and (lacking := self._base.lacking(now)):
            raise ChunkError(lacking)
        return asked

    def plan(
        self, chunk: ActionChunk, asked: list[str], now: float, source: str, loop: Snapshot
    ) -> tuple[PlannedMotion, Transition]:
        """Return the motion of a chunk that was checked and `asked` for that, and how it was spliced.

        Raises ChunkError for what the motion would pass on its way.
        """
        start, seeds = self._start(chunk, asked, source, now, loop)
        for group, by, track in zip(self._groups, asked, start.tracks, strict=True):
            if by == "velocity":
                group.check_passed(chunk, asked, start, track)
        bounds = [
            group.drive.motion.bounds(track.mode) for group, track in zip(self._groups, start.tracks, strict=True)
        ]
        self._timeline, motion, transition = self._timeline.accept(
            chunk, source, start, self._beside, self._config.stitch, side_by_side_bounds(bounds)
        )
        commit = loop.x if start.current is None else start.current[1]
        return PlannedMotion(motion, loop.motion, commit, seeds), transition

    def brake(self, loop: Snapshot, reason: str) -> PlannedMotion:
        """Return the motion that comes to rest from the one being followed."""
        motion, commit = loop.motion, loop.x + self._config.stitch.commit_ahead_s * loop.rate
        start = Start(motion.tracks, motion.spline.derivatives(commit), 0.0, loop.lookahead)
        return PlannedMotion(braking(start, motion.source, reason), motion, commit, {})

    def _start(
        self, chunk: ActionChunk, asked: Sequence[str], source: str, now: float, loop: Snapshot
    ) -> tuple[Start, dict[str, np.ndarray]]:
        """Return where a chunk takes over, and the seeds of the groups that change space."""
        stitch, motion = self._config.stitch, loop.motion
        # The spaces of the motion, not of the drives: the loop may change both meanwhile, but the motion is ours.
        modes = [space_of(by) if by else track.mode for track, by in zip(motion.tracks, asked, strict=True)]
        tracks = self._anchored(side_by_side(self._tracks, modes), asked, chunk)
        seeds = {
            new.group: group.drive.seed(new.mode)
            for group, old, new in zip(self._groups, motion.tracks, tracks, strict=True)
            if new.mode != old.mode or (new.moved and group.drive.wanders)
        }
        ahead = 0.0 if seeds else stitch.commit_ahead_s * loop.rate
        state = going_on = motion.spline.derivatives(loop.x + ahead)
        if seeds:
            parts = [
                group.drive.motion.seeded_state(new.mode, seeds[group.name])
                if group.name in seeds
                else going_on[:, old.columns]
                for group, old, new in zip(self._groups, motion.tracks, tracks, strict=True)
            ]
            state = np.hstack(parts)
        spline, state = self._in_frames(tracks, seeds, loop, state, now + ahead / max(loop.rate, 1e-3))
        delay = max(0.0, now + stitch.commit_ahead_s - chunk.stamp) * self._config.speed_scale
        moving = 0.0 if loop.holding else ahead
        consumed = loop.executed - self._history.executed_at(chunk.stamp) + moving
        origin = state[0].copy()
        for track, by, pose in zip(tracks, asked, self._history.poses_at(chunk.stamp), strict=True):
            if by == "pose" and pose is not None:
                origin[track.columns] = pose
        current = None if seeds else (spline, loop.x + ahead)
        memory = stitch.memory if motion.source == source and not loop.holding else 0.0
        start = Start(tracks, state, delay, loop.lookahead, origin, min(consumed, delay), current, memory)
        return start, seeds

    def _anchored(self, tracks: Sequence[Track], asked: Sequence[str], chunk: ActionChunk) -> tuple[Track, ...]:
        """Return the tracks, of which those that a chunk gives poses of stay in the base of its stamp."""
        anchor = None if chunk.riding or not self._base.known else self._base.at(chunk.stamp)
        return tuple(
            replace(track, anchor=anchor if by == "pose" else None, moved=True) if by else track
            for track, by in zip(tracks, asked, strict=True)
        )

    def _in_frames(
        self, tracks: Sequence[Track], seeds: Mapping[str, np.ndarray], loop: Snapshot, state: np.ndarray, time: float
    ) -> tuple[Spline, np.ndarray]:
        """Return the path being followed and its state (3, C) at `time` [s] in the frames of the new tracks.

        The path is sampled ahead by what filter and servo delay, and means where the base will be then.
        """
        spline = loop.motion.spline
        if all(track.anchor is None for track in (*loop.motion.tracks, *tracks)):  # as on every robot that stands
            return spline, state
        whole, points = state.copy(), spline.control_points.copy()
        for old, new in zip(loop.motion.tracks, tracks, strict=True):
            seeded = new.group in seeds  # in the base
            before = None if seeded else old.anchor
            if new.mode != CARTESIAN or (before is None and new.anchor is None):
                continue
            step = FRAME_STEP_S / max(loop.rate, 1e-3)
            shifts = [self._shift(before, new.anchor, time + self.delay + away) for away in (-step, 0.0, step)]
            if all(shift.nothing for shift in shifts):
                continue
            whole[:, new.columns] = carried(state[:, new.columns], shifts, FRAME_STEP_S)
            if not seeded:  # as if its frame stood where it is now: what is left of the old path counts little
                points[:, old.columns] = shifts[1].placed(points[:, old.columns])
        return Spline(points, spline.duration), whole

    def _shift(self, before: PlanarPose | None, after: PlanarPose | None, time: float) -> PlanarPose:
        """Return T_after_before at `time` [s] of two frames of poses, None being the base."""
        base = self._base.at(time)
        return (base if after is None else after).inverse() @ (base if before is None else before)


def parts_of(sizes: Sequence[int]) -> list[slice]:
    """Return where each of several vectors of these sizes lies, one after the other."""
    return [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes).tolist(), strict=True)]
