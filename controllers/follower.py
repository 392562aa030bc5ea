# SPDX-License-Identifier: Apache-2.0
"""The chunk follower: chunk in → checks → alignment → stitch → sample → filter → drive and its gate → command."""

from __future__ import annotations

from collections import deque
from math import isfinite

import numpy as np

from controllers.arm_dynamics import Payload
from controllers.body_guard import BodyGuard
from controllers.chunk import ActionChunk
from controllers.control_config import ControlConfig, ImpedanceConfig
from controllers.drives.choice import make_drive
from controllers.errors import ChunkError, VlaError
from controllers.history import MotionHistory
from controllers.joining import Robot, chunk_mode, joint_rates, joint_targets
from controllers.limits import ArmLimits
from controllers.model import ArmModel
from controllers.motion import CARTESIAN, Motion, Seam, Start, braking, resting
from controllers.pace import Pace
from controllers.progress import DISABLED, Command, Progress
from controllers.pursuit import Lookahead
from controllers.safety import SourceLease, check_chunk, check_joint_rates, check_joint_targets
from controllers.side_drive import SideDrive
from controllers.side_track import asks_of_base
from controllers.timeline import ChunkTimeline

NO_CHUNK, E_STOP, STALE = "no chunk yet", "e-stop", "stale joint state"
DT_MAX = 0.02  # [s] a loop that was away for longer does not make up for it


class ChunkFollower:
    """Follow action chunks with an arm: never waits, never jumps, holds when in doubt.

    `tick` belongs to the loop. `submit` may run in another thread: it plans from an immutable snapshot for a
    commit point a few milliseconds ahead and hands the finished motion over in one assignment.
    """

    def __init__(
        self,
        arm: str,
        gripper: str,
        model: ArmModel,
        limits: ArmLimits,
        config: ControlConfig,
        guard: BodyGuard | None = None,
        command: str = "effort",
        side: SideDrive | None = None,
    ) -> None:
        """Take the chunk names of the arm and of its gripper ("" for none); `guard` watches the whole body.

        `command` is what drives the arm: effort, position or pose. Raises ConfigError for another. `side` carries out
        what is not the arm's; without one that is the gripper's width.
        """
        n = model.size
        self.arm, self.model, self.limits, self.config = arm, model, limits, config
        self.command = Command(np.zeros(n), np.zeros(n))
        self.progress = Progress(shadow=config.shadow)
        self.drive = make_drive(command, model, limits, config)
        self._side = side or SideDrive(gripper, config.gripper, {}, None)
        self._lease = SourceLease(config.safety.lease_s)
        self._guard = guard
        self._history = MotionHistory()
        self._executed = 0.0  # [s] of motion since the start
        self._robot = Robot(arm, model.joints, self._side.channels, limits, self._side.has_base)
        self._timeline = ChunkTimeline()
        self._lookahead = Lookahead(self.drive.motion.delay * config.speed_scale, config.lookahead_m)
        self._instruction = 0
        self._estop = False
        self._stopping = ""  # reason of a damped stop in progress
        self._latched = ""  # reason why chunks are refused until enabled again
        self._pace = Pace(config.speed_scale)
        self._cursor: tuple[Motion, float] = (resting(np.zeros(7), DISABLED), 0.0)  # what is sampled, and where [s]
        # One slot: (motion, the motion it continues, commit point on that, seed of a switch). The newest wins.
        self._pending: deque[tuple[Motion, Motion, float, np.ndarray | None]] = deque(maxlen=1)
        self._point = -1
        self._shares = np.zeros(n)
        self._velocity_share = 1.0 / (config.safety.velocity_margin * limits.velocity)

    # --- what a person, the episode or the node asks for ---

    def activate(self, q: np.ndarray, dq: np.ndarray, gripper_width: float, now: float) -> None:
        """Enable at the measured state; everything starts afresh. Raises VlaError while the e-stop is latched."""
        if self._estop:
            raise VlaError("the e-stop is latched: release it before enabling control")
        self.drive.begin(q)
        self.model.update(q, dq)
        if self._guard is not None:
            self._guard.reset(self.model)
        self._timeline, self._stopping, self._latched = ChunkTimeline(), "", ""
        self._lease.clear()
        self._history.clear()
        self._executed = 0.0
        self._side.reset(float(gripper_width), self.command)
        self.progress.gripper_width = self.command.gripper_width
        self.progress.enabled = True
        self.progress.forget_chunk()
        self._hold_here(NO_CHUNK)
        self._write_progress(now)

    def deactivate(self, reason: str = DISABLED) -> None:
        """Disable: no chunk moves the arm, and only a damper acts on it."""
        self.progress.enabled = False
        self._pending.clear()
        self._lease.clear()
        self._set_hold(reason)

    def fault(self, reason: str) -> None:
        """Come to a damped stop at once, from a hold as well: what the arm is held by cannot be trusted."""
        if self.progress.enabled:
            self._stopping = self._latched = reason
            self._pending.clear()

    def stop(self, reason: str = "stopped") -> None:
        """Come to a damped stop, then hold; chunks are refused until control is enabled again."""
        if self.progress.enabled and self._latched != reason:
            self._stopping = self._latched = reason
            self._pending.clear()

    def emergency_stop(self) -> None:
        """Latch the e-stop: a damped stop, then hold, until `release_emergency_stop` and enabling again."""
        self._estop = True
        self.stop(E_STOP)

    def release_emergency_stop(self) -> None:
        """Release the latch; the arm keeps holding until control is enabled again."""
        self._estop = False

    @property
    def emergency_stopped(self) -> bool:
        """Say whether the e-stop is latched."""
        return self._estop

    def instruct(self, instruction: int) -> None:
        """Take `instruction_hash` of the current instruction: chunks for another are dropped, their motion ends."""
        changed = instruction != self._instruction
        self._instruction = instruction
        if not changed:
            return
        if any(pending[0].source == "policy" for pending in tuple(self._pending)):
            self._pending.clear()
        motion, x = self._cursor
        if motion.source == "policy" and not self.progress.hold_reason:
            self._plan_brake(motion, x, "instruction changed")

    def change_impedance(self, config: ImpedanceConfig) -> None:
        """Glide to other gains, from any thread. Raises ConfigError for what cannot be changed in motion."""
        self.drive.change_impedance(config)

    def change_payload(self, payload: Payload) -> None:
        """Carry something else, from any thread: its weight and inertia glide in."""
        self.drive.change_payload(payload)

    # --- chunks ---

    def submit(self, chunk: ActionChunk, now: float, source: str = "policy") -> Seam:
        """Check, align and stitch a chunk; it takes over at the commit point. Raises ChunkError with the reason."""
        config = self.config
        if not self.progress.enabled:
            raise ChunkError("control is disabled")
        if self._latched:
            raise ChunkError(f"control is held ({self._latched}): enable it again")
        if self._stopping:
            raise ChunkError(f"control is coming to rest ({self._stopping})")
        self._lease.check(source, now)
        position = self.progress.T_base_ee_commanded[:3, 3]
        check_chunk(
            chunk, now, self.arm, self.model.base_frame, self._instruction, position, self.limits, config.safety
        )
        self._timeline.check_order(chunk, source)
        mode = self._mode_of(chunk)
        drive, (motion, x) = self.drive, self._cursor
        ahead = config.stitch.commit_ahead_s * self._pace.rate
        origin = self._history.pose_at(chunk.stamp) if mode == CARTESIAN else None
        seed = current = None
        if mode is None or mode == drive.motion.mode:
            mode = drive.motion.mode
            state, current = motion.spline.derivatives(x + ahead), (motion.spline, x + ahead)
        else:
            ahead, seed = 0.0, drive.seed(mode)
            state = drive.motion.seeded_state(mode, seed)
        delay = max(0.0, now + config.stitch.commit_ahead_s - chunk.stamp) * config.speed_scale
        moving = 0.0 if self.progress.hold_reason else ahead
        consumed = self._executed - self._history.executed_at(chunk.stamp) + moving
        same = motion.source == source and not self.progress.hold_reason
        memory = config.stitch.memory if same else 0.0
        start = Start(mode, state, delay, self._lookahead.time, origin, min(consumed, delay), current, memory)
        self._timeline, planned, seam = self._timeline.accept(
            chunk, source, start, self._robot, config.stitch, drive.motion.bounds(mode)
        )
        self._lease.take(source, now)
        self._pending.append((planned, motion, x + ahead, seed))
        return seam

    def _mode_of(self, chunk: ActionChunk) -> str | None:
        """Return the space a chunk moves the arm in. Raises ChunkError for what the joints cannot do."""
        joints = self.model.joints
        mode = chunk_mode(chunk, self.arm, joints)
        self._side.check(chunk)
        if mode is None and not (asks_of_base(chunk) or any(name in chunk.channels for name in self._side.channels)):
            _refuse_foreign(chunk, self.arm)
        if mode is not None and mode not in self.drive.modes:
            raise ChunkError(f"chunk holds {mode} targets, an arm driven by {self.drive.command} takes tool poses only")
        targets, rates = joint_targets(chunk, joints), joint_rates(chunk, joints)
        if targets is not None:
            check_joint_targets(targets, chunk.times, self.limits)
        if rates is not None:
            check_joint_rates(rates, self.limits)
        if self._guard is not None:
            self._guard.check(chunk, self.arm, targets, self.drive.motion.forward)
        return mode

    def _plan_brake(self, motion: Motion, x: float, reason: str) -> None:
        ahead = self.config.stitch.commit_ahead_s * self._pace.rate
        start = Start(motion.mode, motion.spline.derivatives(x + ahead), 0.0, self._lookahead.time)
        self._pending.append((braking(start, motion.source, reason), motion, x + ahead, None))

    # --- the loop ---

    def tick(self, now: float, dt: float, q: np.ndarray, dq: np.ndarray, state_stamp: float | None = None) -> Command:
        """Return the command at `now` [s], dt [s] after the last, for the measured q, dq (N,) of `state_stamp` [s]."""
        dt = min(max(dt, 0.0), DT_MAX)
        if state_stamp is not None and now - state_stamp > self.config.safety.state_age_max_s:
            return self._without_state(STALE, dt)
        if not isfinite(np.dot(q, q) + np.dot(dq, dq)):
            return self._without_state("fault: joint state is not finite", dt)
        self.model.update(q, dq)
        if not self.progress.enabled:
            sound = self.drive.idle(dt)
        elif self._stopping or self._too_fast(dq):
            sound = self._come_to_rest(dt)
        else:
            sound = self._follow(now, dt)
        if not sound:
            self.stop(f"fault: {self.drive.command} is not finite")
        self._write_command(dt)
        self._write_progress(now)
        return self.command

    def _follow(self, now: float, dt: float) -> bool:
        motion, x = self._cursor
        x += self._pace.rate * dt
        if self._lookahead.varies:
            x += self._lookahead.step(self.drive.motion.tool_speed, dt)
        self._cursor = (motion, x)
        if self._pending:
            self._adopt_pending()
            motion, x = self._cursor
        lookahead = self._lookahead.time
        self._advance_points(motion, x - lookahead, now)
        if not self.progress.hold_reason:
            self._lease.extend(now)
            self._executed += self._pace.rate * dt
            if x >= motion.spline.duration + lookahead:
                self._end(motion.end_reason)
                motion, x = self._cursor
            self.drive.approach_posture(dt)
            if self._guard is not None and (reason := self._guard.look(self.model, dt)):
                self.stop(reason)
        sound = self.drive.follow(motion.spline, x, dt)
        self._keep_pace(dt)
        return sound

    def _end(self, reason: str) -> None:
        self._set_hold(reason)
        if self.config.shadow:  # the arm is where it was: the next chunk will begin there
            self._hold_here(reason)

    def _adopt_pending(self) -> None:
        current, x = self._cursor
        _, base, commit, _ = self._pending[0]
        if base is current and x < commit:
            return
        motion, base, commit, seed = self._pending.pop()
        if seed is not None:
            self.drive.switch(motion.mode, seed)
        self._cursor = (motion, x - commit if base is current else 0.0)
        self._point = -1
        self.progress.hold_reason = motion.end_reason if motion.holding else ""
        if motion.side.base is None:  # what the motion before asked of the base has ended with it
            self._side.rest()
        self.progress.status = motion.status
        self.progress.sequence, self.progress.source = motion.sequence, motion.source

    def _hold_here(self, reason: str) -> None:
        motion = resting(self.drive.hold(), reason)
        self._pending.clear()
        self._cursor, self._point = (motion, 1e3), 0
        self._pace.restart()
        self._set_hold(reason)

    def _come_to_rest(self, dt: float) -> bool:
        self._set_hold(self._stopping)
        if self.drive.at_rest:
            reason, self._stopping = self._stopping, ""
            self._hold_here(reason)
        return self.drive.come_to_rest(dt)

    def _too_fast(self, dq: np.ndarray) -> bool:
        share = np.multiply(dq, self._velocity_share, out=self._shares).tolist()
        if max(share) < 1.0 and min(share) > -1.0:
            return False
        self._stopping = self._latched = "fault: joint speed above its limit"
        return True

    def _without_state(self, reason: str, dt: float) -> Command:
        self.drive.without_state(dt)
        self._side.rest()
        self._write_command(dt)
        if self.progress.enabled and not self._stopping:
            self._stopping = self.progress.hold_reason = reason
            self._pending.clear()
        return self.command

    def _write_command(self, dt: float) -> None:
        if not self.config.shadow:  # else it stays as it is, whoever sends it
            self.drive.write(self.command)
            self._side.advance(self._pace.rate, dt, self.command)

    def _keep_pace(self, dt: float) -> None:
        """Let progress wait where it must, and stop what no waiting helps."""
        pace, drive = self._pace, self.drive
        elapsed = pace.due(dt)
        if elapsed > 0.0:
            # In shadow mode nothing follows, and nothing is waited for.
            self.progress.lag = lag = 0.0 if self.config.shadow else drive.lag()
            speed, acceleration = drive.joint_shares(elapsed)
            clear, obstacle = drive.obstacle(elapsed)
            if acceleration > 2.0:
                times = acceleration * self.config.safety.acceleration_margin
                self.stop(f"fault: a joint is asked for {times:.1f} times its acceleration limit")
            if obstacle and not self.progress.hold_reason:
                self._plan_brake(*self._cursor, obstacle)
            guard = 1.0 if self._guard is None else self._guard.speed_share
            pace.look(lag, speed, acceleration, clear, guard)
        pace.advance(dt)

    def _advance_points(self, motion: Motion, m: float, now: float) -> None:
        point, reached = self._point, motion.point_list
        last = len(reached) - 1
        while point < last and reached[point + 1] <= m + 1e-9:
            point += 1
        if point != self._point:
            self._point = point
            if motion.side:
                self._side.reach(point, motion.side, motion.stamp, now, self.command)

    def _set_hold(self, reason: str) -> None:
        self.progress.hold_reason = reason
        self._side.rest()

    def _write_progress(self, now: float) -> None:
        progress, model, drive = self.progress, self.model, self.drive
        T = progress.T_base_ee_commanded
        motion, x = self._cursor
        if not progress.enabled or self._stopping:
            T[:] = model.T_base_ee
        else:
            drive.write_pose(T)
            pose = drive.motion.pose.filter if drive.motion.mode == CARTESIAN else None
            self._history.add(now, self._executed, pose)
        progress.gripper_width = self.command.gripper_width
        progress.mode = drive.motion.mode
        progress.manipulability = drive.manipulability
        if progress.hold_reason:
            progress.remaining_s = 0.0
            return
        progress.index = self._point + 1
        progress.executed_s = executed = motion.executed(x - self._lookahead.time)
        progress.remaining_s = max(0.0, motion.chunk_end - executed) / self._pace.rate


def _refuse_foreign(chunk: ActionChunk, arm: str) -> None:
    """Raise ChunkError for a chunk that moves something, and nothing of this arm."""
    others = [name for name in chunk.channels if not name.startswith("task/")]
    if others:
        raise ChunkError(f"chunk is not for arm '{arm}': it moves '{others[0]}'")
