# SPDX-License-Identifier: Apache-2.0
"""The chunk follower: chunk in → checks → alignment → stitch → sample → filter → drive and its gate → command."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from controllers.arm.arm_dynamics import Payload
from controllers.chunk_planner import ChunkPlanner, PlannedMotion, Snapshot
from controllers.chunks.base_motion import REST_SPEED, TOPIC, BaseMotion
from controllers.chunks.chunk import ActionChunk
from controllers.chunks.history import MotionHistory
from controllers.chunks.motion import Transition, resting
from controllers.chunks.motion_sampler import MotionSampler
from controllers.chunks.progress import DISABLED, Progress, RobotCommand
from controllers.chunks.pursuit import Lookahead
from controllers.chunks.time_scaling import TimeScaling
from controllers.chunks.track import side_by_side
from controllers.control_config import ControlConfig, ImpedanceConfig
from controllers.errors import ChunkError, VlaError
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.groups.driven_group import DrivenGroup
from controllers.groups.driven_joints import DrivenJoints
from controllers.groups.ensemble import PROGRAMME, Ensemble
from controllers.safety.collision_monitor import CollisionMonitor
from controllers.safety.gate import SourceLease, check_chunk
from controllers.whole_body.drive import WholeBodyDrive
from controllers.whole_body.external_wrench import ExternalWrenches

NO_CHUNK, E_STOP, STALE = "no chunk yet", "e-stop", "stale joint state"
DT_MAX = 0.02  # [s] a loop that was away for longer does not make up for it


@dataclass(frozen=True, eq=False)
class _Pending:
    """A planned motion, and what held when it was asked for: a stop that came meanwhile is not undone by it."""

    planned: PlannedMotion
    epoch: int
    instruction: int


class ChunkFollower:
    """Follow action chunks with all groups of a robot: never waits, never jumps, holds when in doubt.

    One lease, one timeline and one progress for all: what a chunk says of several groups happens together, and the
    fault of one stops all. q and dq are those of all groups, one after the other (N,).

    `tick` belongs to the loop. `submit` may run in another thread: it plans from an immutable snapshot for a
    commit point a few milliseconds ahead and hands the finished motion over in one assignment.
    """

    def __init__(
        self,
        arms: Sequence[DrivenArm],
        auxiliaries: AuxiliaryDrive,
        config: ControlConfig,
        joint_groups: Sequence[DrivenJoints] = (),
        monitor: CollisionMonitor | None = None,
        body: WholeBodyDrive | None = None,
    ) -> None:
        """Drive `arms` and `joint_groups`, and by `auxiliaries` what is neither: end effectors and base.

        `monitor` watches the whole body; `body` is the drive of all groups and the base, where they have one together.
        """
        self.arms = {arm.name: arm for arm in arms}
        self.config = config
        self._groups: tuple[DrivenGroup, ...] = (*arms, *joint_groups)
        self._ensemble = Ensemble(self._groups, body)
        self.joints = self._ensemble.joints
        self.command = RobotCommand(
            {arm.name: arm.command for arm in arms},
            {group.name: group.command for group in joint_groups},
            dict.fromkeys(auxiliaries.widths, 0.0),  # not known before control is enabled
        )
        self.progress = Progress(
            {arm.name: arm.progress for arm in arms}, self.command.end_effectors, shadow=config.shadow
        )
        self._auxiliaries, self._monitor = auxiliaries, monitor
        self._models = {arm.name: arm.model for arm in arms}
        self._q = np.zeros(len(self.joints))  # (N,) measured at the last tick
        for group in self._groups:
            if monitor is not None and group.name in monitor.clearances:
                group.keep_clear(monitor.clearances[group.name])
        self._tracks = tuple(group.track for group in self._groups)
        self.base_frame = next((arm.model.base_frame for arm in arms), "")
        self._lease = SourceLease(config.safety.lease_s)
        self._history = MotionHistory(len(self._groups))
        self._base = BaseMotion()
        self._base_wrong = ""  # what is wrong with odometry that came since the last tick
        self._planner = ChunkPlanner(self._groups, auxiliaries, config, monitor, self._history, self._base)
        self._velocity_share = 1.0 / np.concatenate([group.velocity_max for group in self._groups])
        self._speed_shares = np.zeros(len(self._velocity_share))
        self._executed = 0.0  # [s] of motion since the start
        delay = self._planner.delay
        self._lookahead = Lookahead(delay * config.speed_scale, config.lookahead_m)
        self._instruction = 0
        self._estop = False
        self._stopping = ""  # reason of a damped stop in progress
        self._latched = ""  # reason why chunks are refused until enabled again
        self._time_scaling = TimeScaling(config.speed_scale)
        self._pending: deque[_Pending] = deque(maxlen=1)  # one slot: the newest wins
        self._epoch = 0  # another one: what was planned in the one before is not followed
        tracks = side_by_side(self._tracks, [group.mode for group in self._groups])
        values = np.zeros(sum(track.columns.stop - track.columns.start for track in tracks))
        self._sampler = MotionSampler(resting(tracks, values, DISABLED), self._base, delay, body is not None)

    # --- what a person, the episode or the node asks for ---

    def activate(
        self, q: np.ndarray, dq: np.ndarray, end_effectors: Mapping[str, float], now: float, driven: bool = False
    ) -> None:
        """Enable at the measured state, of `end_effectors` by channel [m]; everything starts afresh.

        What is `driven` already goes on being held as it is, without a step in what it is told.

        Raises VlaError while the e-stop is latched.
        """
        if self._estop:
            raise VlaError("the e-stop is latched: release it before enabling control")
        if not driven:
            self._ensemble.begin(q, dq, self._base, now)
        self._q = q
        if self._monitor is not None:
            self._monitor.reset(q, self._models)
        self._stopping = self._latched = ""
        self._drop_pending()
        self._planner.clear()
        self._lease.clear()
        self._history.clear()
        self._executed = 0.0
        self._auxiliaries.reset(end_effectors, self.command)
        self.progress.enabled = True
        self.progress.forget_chunk()
        self._hold_here(NO_CHUNK)
        self._write_progress(now)

    def deactivate(self, reason: str = DISABLED) -> None:
        """Disable: no chunk moves the arm, and only a damper acts on it."""
        self.progress.enabled = False
        self._drop_pending()
        self._lease.clear()
        self._set_hold(reason)

    def fault(self, reason: str) -> None:
        """Come to a damped stop at once, from a hold as well: what the arm is held by cannot be trusted."""
        if self.progress.enabled:
            self._stopping = self._latched = reason
            self._drop_pending()

    def stop(self, reason: str = "stopped") -> None:
        """Come to a damped stop, then hold; chunks are refused until control is enabled again."""
        if self.progress.enabled and self._latched != reason:
            self._stopping = self._latched = reason
            self._drop_pending()

    def emergency_stop(self) -> None:
        """Latch the e-stop: a damped stop, then hold, until `release_emergency_stop` and enabling again."""
        self._estop = True
        self.stop(E_STOP)

    def release_emergency_stop(self) -> None:
        """Release the latch; the arm keeps holding until control is enabled again."""
        self._estop = False

    @property
    def has_base(self) -> bool:
        """Say whether it drives a base, by whose odometry poses are carried."""
        return self._auxiliaries.has_base

    @property
    def emergency_stopped(self) -> bool:
        """Say whether the e-stop is latched."""
        return self._estop

    @property
    def pace(self) -> float:
        """Return how much chunk time passes in a second [s/s]."""
        return self._time_scaling.rate

    @property
    def latched(self) -> str:
        """Return why chunks are refused until control is enabled again: a fault, an e-stop; "" where they are not."""
        return self._latched

    def instruct(self, instruction: int) -> None:
        """Take `instruction_hash` of the current instruction: chunks for another are dropped, their motion ends."""
        changed = instruction != self._instruction
        self._instruction = instruction
        if not changed:
            return
        if any(pending.planned.motion.source == "policy" for pending in tuple(self._pending)):
            self._pending.clear()
        if self._sampler.cursor[0].source == "policy" and not self.progress.hold_reason:
            self._brake("instruction changed")

    def observe_base(self, stamp: float, T_odom_base: np.ndarray, twist: np.ndarray) -> None:
        """Take odometry, from any thread: T_odom_base (4, 4) and the twist (3,) in the base, at `stamp` [s].

        A chunk's poses stay where the base was at its stamp, unless they are riding: without it they are refused.
        """
        wrong = self._base.add(stamp, T_odom_base, twist)
        if wrong:
            self._base_wrong = wrong  # the loop stops: it may be taking up a motion that a fault drops

    @property
    def external_wrenches(self) -> ExternalWrenches | None:
        """Return what is to be told of wrenches on the hands; None where nothing gives way to them."""
        return None if self._ensemble.body is None else self._ensemble.body.external_wrenches

    def change_impedance(self, arm: str, config: ImpedanceConfig) -> None:
        """Glide an arm to other gains, from any thread. Raises ConfigError for what cannot be changed in motion."""
        self.arms[arm].drive.change_impedance(config)

    def change_payload(self, arm: str, payload: Payload) -> None:
        """Have an arm carry something else, from any thread: its weight and inertia glide in."""
        self.arms[arm].drive.change_payload(payload)

    # --- chunks ---

    def submit(self, chunk: ActionChunk, now: float, source: str = "policy") -> Transition:
        """Check, align and stitch a chunk; it takes over at the commit point. Raises ChunkError with the reason."""
        config, epoch, instruction = self.config, self._epoch, self._instruction
        if not self.progress.enabled:
            raise ChunkError("control is disabled")
        if self._latched:
            raise ChunkError(f"control is held ({self._latched}): enable it again")
        if self._stopping:
            raise ChunkError(f"control is coming to rest ({self._stopping})")
        self._lease.check(source, now)
        check_chunk(chunk, now, self.base_frame, instruction, config.safety)
        asked = self._planner.check(chunk, source, self._q, now)
        planned, transition = self._planner.plan(chunk, asked, now, source, self._snapshot())
        if epoch != self._epoch:
            raise ChunkError(f"control was stopped while the chunk was planned ({self._latched or 'enabled anew'})")
        if source == "policy" and instruction != self._instruction:
            raise ChunkError("the instruction changed while the chunk was planned")
        self._lease.take(source, now)
        self._pending.append(_Pending(planned, epoch, instruction))
        return transition

    def _brake(self, reason: str) -> None:
        """Have the motion end with `reason`, as soon as the arm can."""
        self._pending.append(_Pending(self._planner.brake(self._snapshot(), reason), self._epoch, self._instruction))

    def _drop_pending(self) -> None:
        """Follow nothing that was asked for before now, not even what another thread is still planning."""
        self._epoch += 1
        self._pending.clear()

    def _snapshot(self) -> Snapshot:
        motion, x = self._sampler.cursor
        holding, lookahead = bool(self.progress.hold_reason), self._lookahead.time
        return Snapshot(motion, x, self._executed, self._time_scaling.rate, lookahead, holding)

    # --- the loop ---

    def tick(
        self, now: float, dt: float, q: np.ndarray, dq: np.ndarray, state_stamp: float | None = None
    ) -> RobotCommand:
        """Return the command at `now` [s], dt [s] after the last, for the measured q, dq (N,) of `state_stamp` [s]."""
        dt = min(max(dt, 0.0), DT_MAX)
        if state_stamp is not None and now - state_stamp > self.config.safety.state_age_max_s:
            return self._without_state(STALE, dt)
        if not isfinite(q.dot(q) + dq.dot(dq)):
            return self._without_state("fault: joint state is not finite", dt)
        self._q = q
        self._ensemble.update(q, dq, self._base, now)
        if self._base_wrong:
            self._heed_odometry()
        if not self.progress.enabled:
            self._require(self._ensemble.idle(dt))
        elif self._stopping or self._too_fast(dq):
            self._come_to_rest(dt)
        else:
            self._follow(now, dt)
        self._write_command(dt)
        self._write_progress(now)
        return self.command

    def _require(self, wrong: str) -> None:
        """Stop all groups where the command of one is not finite."""
        if wrong == PROGRAMME:
            self.stop(f"fault: the {wrong} has no solution")
        elif wrong:
            self.stop(f"fault: {wrong} is not finite")

    def _follow(self, now: float, dt: float) -> None:
        sampler = self._sampler
        motion, x = sampler.cursor
        x += self._time_scaling.rate * dt
        if self._lookahead.varies:
            speed = max(group.drive.motion.tool_speed for group in self._groups)
            x += self._lookahead.step(speed, dt)
        sampler.cursor = (motion, x)
        if self._pending:
            self._adopt_pending()
            motion, x = sampler.cursor
        lookahead = self._lookahead.time
        if sampler.reach(x - lookahead) and motion.auxiliary:
            self._auxiliaries.reach(sampler.point, motion.auxiliary, motion.stamp, now, self.command)
        if not self.progress.hold_reason:
            self._lease.extend(now)
            self._executed += self._time_scaling.rate * dt
            if x >= motion.spline.duration + lookahead:
                self._end(motion.end_reason)
            for group in self._groups:
                group.drive.approach_posture(dt)
        if self._monitor is not None:  # at rest too: what keeps the links apart must be up to date
            reason = self._monitor.update(self._q, self._models, dt)
            if reason and not self.progress.hold_reason:
                self.stop(reason)
        for group in self._groups:
            reason = group.watch(dt)
            if reason and not self.progress.hold_reason:
                self.stop(reason)
        if self._carries_blindly(now):
            self.stop(f"fault: stale odometry (nothing on '{TOPIC}')")
        base = None if self._ensemble.body is None else self._auxiliaries.base_target
        self._require(self._ensemble.follow(sampler.sample(now), base, dt, self._auxiliaries.elbow_targets))
        if self.progress.hold_reason:
            if sampler.hold_in_base(self.progress.hold_reason, now):
                self._ensemble.enter(sampler.cursor[0])
        elif blocked := self._ensemble.blocked:  # come to rest, and take the next chunk
            self._stopping = blocked
            self._drop_pending()
        self._scale_time(dt)

    def _end(self, reason: str) -> None:
        self._set_hold(reason)
        if self.config.shadow:  # the arm is where it was: the next chunk will begin there
            self._hold_here(reason)

    def _adopt_pending(self) -> None:
        current, x = self._sampler.cursor
        waiting = self._pending[0]
        if waiting.planned.base is current and x < waiting.planned.commit and waiting.epoch == self._epoch:
            return
        waiting = self._pending.pop()
        pending = waiting.planned
        if waiting.epoch != self._epoch or self._latched:
            return  # it was planned while a stop came
        if pending.motion.source == "policy" and waiting.instruction != self._instruction:
            if current.source == "policy" and not self.progress.hold_reason:
                self._brake("instruction changed")  # in whose place it came
            return
        motion, seeds = pending.motion, pending.seeds
        moved = list(zip(self._groups, motion.tracks, strict=True))
        if any(track.mode != group.mode and group.name not in seeds for group, track in moved):
            return  # planned in a space that the group has left since: its numbers would mean something else
        for group, track in moved:
            if group.name in seeds:
                group.drive.switch(track.mode, seeds[group.name])
        self._sampler.put(motion, x - pending.commit if pending.base is current else 0.0)
        self._ensemble.enter(motion)
        self.progress.hold_reason = motion.end_reason if motion.holding else ""
        if motion.holding:
            self._auxiliaries.rest()
        else:
            self._auxiliaries.enter(motion.auxiliary)
        self.progress.status = motion.status
        self.progress.sequence, self.progress.source = motion.sequence, motion.source

    def _hold_here(self, reason: str) -> None:
        values = self._ensemble.hold()
        tracks = side_by_side(self._tracks, [group.mode for group in self._groups])
        self._pending.clear()
        self._sampler.rest(resting(tracks, values, reason))
        self._time_scaling.restart()
        self._set_hold(reason)

    def _come_to_rest(self, dt: float) -> None:
        self._set_hold(self._stopping)
        for group in self._groups:
            group.stay_inside()
        if self._ensemble.at_rest:
            reason, self._stopping = self._stopping, ""
            self._hold_here(reason)
        self._require(self._ensemble.come_to_rest(dt))

    def _heed_odometry(self) -> None:
        """Stop what is carried by odometry that cannot be trusted."""
        wrong, self._base_wrong = self._base_wrong, ""
        if self._sampler.anchored:
            self.fault(f"fault: {wrong}")

    def _carries_blindly(self, now: float) -> bool:
        """Say whether the base moves, or is told to, at `now` [s] while no odometry says where to."""
        if not (self._auxiliaries.has_base and self._base.stale(now)):
            return False
        driven = max(map(abs, self.command.base_velocity.tolist())) > REST_SPEED
        return driven or (self._sampler.anchored and not self._base.at_rest)

    def _too_fast(self, dq: np.ndarray) -> bool:
        shares = np.multiply(dq, self._velocity_share, out=self._speed_shares).tolist()
        if max(shares) < 1.0 and min(shares) > -1.0:
            return False
        self._stopping = self._latched = "fault: joint speed above its limit"
        self._drop_pending()
        return True

    def _without_state(self, reason: str, dt: float) -> RobotCommand:
        self._ensemble.without_state(dt)
        self._auxiliaries.rest()
        self._write_command(dt)
        if self.progress.enabled and not self._stopping:
            self._stopping = self.progress.hold_reason = reason
            self._drop_pending()
        return self.command

    def _write_command(self, dt: float) -> None:
        if not self.config.shadow:  # else it stays as it is, whoever sends it
            for group in self._groups:
                group.write()
            self._auxiliaries.advance(self._time_scaling.rate, dt, self.command, self._ensemble.base_twist)

    def _scale_time(self, dt: float) -> None:
        """Let progress wait where it must, and stop what no waiting helps."""
        scaling = self._time_scaling
        scaling.share = self._ensemble.progress
        elapsed = scaling.due(dt)
        if elapsed > 0.0:
            furthest = fastest = hardest = 0.0
            clear, guarded = 1.0, 1.0 if self._monitor is None else self._monitor.speed_share
            for group in self._groups:
                drive = group.drive
                # In shadow mode nothing follows, and nothing is waited for.
                furthest = max(furthest, 0.0 if self.config.shadow else drive.lag())
                speed, acceleration = drive.limit_utilisation(elapsed)
                free, obstacle = drive.obstacle(elapsed)
                if acceleration > 2.0 and drive.stops_at_acceleration:
                    times = acceleration * self.config.safety.acceleration_margin
                    self.stop(f"fault: a joint is commanded {times:.1f} times its acceleration limit")
                if obstacle and not self.progress.hold_reason:
                    self._brake(obstacle)
                fastest, hardest = max(fastest, speed), max(hardest, acceleration)
                clear = min(clear, free)
            self.progress.lag = furthest
            scaling.update(furthest, fastest, hardest, clear, guarded)
        scaling.advance(dt)

    def _set_hold(self, reason: str) -> None:
        self.progress.hold_reason = reason
        self._auxiliaries.rest()

    def _write_progress(self, now: float) -> None:
        progress = self.progress
        motion, x = self._sampler.cursor
        following = progress.enabled and not self._stopping
        for group in self._groups:
            group.write_progress(following)
        if following:
            self._history.add(now, self._executed, [group.commanded for group in self._groups])
        if progress.hold_reason:
            progress.remaining_s = 0.0
            return
        progress.index = self._sampler.point + 1
        progress.executed_s = executed = motion.executed(x - self._lookahead.time)
        progress.remaining_s = max(0.0, motion.chunk_end - executed) / self._time_scaling.rate
