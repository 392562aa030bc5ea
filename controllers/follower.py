# SPDX-License-Identifier: Apache-2.0
"""The chunk follower: chunk in → checks → alignment → stitch → sample → filter → impedance → gate → command."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.chunk import ActionChunk, TaskStatus
from controllers.control_config import ControlConfig
from controllers.errors import ChunkError, VlaError
from controllers.history import PoseHistory
from controllers.impedance import CartesianImpedance, FrictionFeedforward, JointImpedance, JointLimitRepulsion
from controllers.limits import ArmLimits
from controllers.model import ArmModel
from controllers.reference import JointReference, PoseReference, measured_pose, resting_spline
from controllers.rotations import from_matrix, write_matrix
from controllers.safety import DampedStop, EffortGate, SourceLease, check_chunk, check_joint_targets
from controllers.timeline import CARTESIAN, JOINT, ChunkTimeline, Motion, Seam, Start, braking, chunk_mode

DISABLED, NO_CHUNK, E_STOP, STALE = "disabled", "no chunk yet", "e-stop", "stale joint state"
RATE_SLEW = 5.0  # [1/s] how fast progress may slow down or pick up
RATE_MIN = 0.25  # progress never stops for a lagging arm: a contact would otherwise hold it for ever


@dataclass
class Command:
    """What goes to the arm and its gripper; the same object every tick."""

    effort: np.ndarray  # (N,) [N·m] without gravity
    gripper_width: float = 0.0  # [m]


@dataclass
class Progress:
    """What the follower is doing; the same object every tick."""

    T_base_ee_commanded: np.ndarray = field(default_factory=lambda: np.eye(4))
    gripper_width: float = 0.0  # [m] commanded
    sequence: int = -1  # of the chunk being executed
    source: str = ""
    index: float = 0.0  # [s] chunk time executed so far
    remaining_s: float = 0.0  # [s] of the chunk still to be executed
    hold_reason: str = DISABLED  # "" while moving
    enabled: bool = False
    status: TaskStatus = TaskStatus.ONGOING
    mode: str = CARTESIAN
    lag: float = 0.0  # [m] (Cartesian) or [rad] (joint) commanded − measured
    manipulability: float = 0.0


class ChunkFollower:
    """Follow action chunks with a torque arm: never waits, never jumps, holds when in doubt.

    `tick` belongs to the loop. `submit` may run in another thread: it plans from an immutable snapshot for a
    commit point a few milliseconds ahead and hands the finished motion over in one assignment.
    """

    def __init__(self, arm: str, gripper: str, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Take the chunk names of the arm and of its gripper ("" for none)."""
        n = model.size
        self.arm, self.gripper, self.model, self.limits, self.config = arm, gripper, model, limits, config
        self.command = Command(np.zeros(n))
        self.progress = Progress()
        self._pose = PoseReference(config.filter_cutoff)
        self._joint = JointReference(config.filter_cutoff, n)
        self._cartesian_impedance = CartesianImpedance(n, config.impedance)
        self._joint_impedance = JointImpedance(n, config.impedance)
        self._friction = FrictionFeedforward(model, config.impedance.friction_share)
        self._repulsion = JointLimitRepulsion(limits.lower, limits.upper, config.impedance)
        self._stop = DampedStop(n, config.safety)
        self._gate = EffortGate(limits)
        self._lease = SourceLease(config.safety.lease_s)
        self._history = PoseHistory()
        self._timeline = ChunkTimeline()
        self._lookahead = self._pose.filter.delay * config.speed_scale
        self._instruction = 0
        self._estop = False
        self._stopping = ""  # reason of a damped stop in progress
        self._latched = ""  # reason why chunks are refused until enabled again
        self._mode = CARTESIAN
        self._rate = config.speed_scale
        self._motion: Motion | None = None
        self._cursor: tuple[Motion | None, float] = (None, 0.0)
        self._pending: tuple[Motion, Motion, float, np.ndarray | None] | None = None
        self._point = -1
        self._offset = np.zeros(n)  # [N·m] what keeps a switch bumpless, decaying
        self._tau = np.zeros(n)
        self._row = np.zeros(7)
        self._velocity_share = 1.0 / (config.safety.velocity_margin * limits.velocity)
        limits_pose = np.array([config.stitch.speed_max] * 3 + [0.5 * config.stitch.rotation_speed_max] * 4)
        accelerations = [config.stitch.acceleration_max] * 3 + [0.5 * config.stitch.rotation_acceleration_max] * 4
        self._bounds = {
            CARTESIAN: (limits_pose, np.array(accelerations)),
            JOINT: (
                limits.velocity * config.stitch.joint_speed_scale,
                np.full(n, config.stitch.joint_acceleration_max),
            ),
        }

    # --- what a person, the episode or the node asks for ---

    def activate(self, q: np.ndarray, dq: np.ndarray, gripper_width: float, now: float) -> None:
        """Enable at the measured state; everything starts afresh. Raises VlaError while the e-stop is latched."""
        if self._estop:
            raise VlaError("the e-stop is latched: release it before enabling control")
        self.model.update(q, dq)
        rest = self.config.impedance.rest_posture
        self._cartesian_impedance.q_rest[:] = rest if len(rest) == len(q) else q
        self._gate.reset()
        self._timeline, self._stopping, self._latched = ChunkTimeline(), "", ""
        self._lease.clear()
        self._history.clear()
        self.command.gripper_width = self.progress.gripper_width = float(gripper_width)
        self.progress.enabled = True
        self._hold_here(NO_CHUNK)
        self._write_progress(now)

    def deactivate(self) -> None:
        """Disable: no chunk moves the arm, and only a damper acts on it."""
        self.progress.enabled = False
        self._motion, self._pending, self._cursor = None, None, (None, 0.0)
        self._lease.clear()
        self._set_hold(DISABLED)

    def stop(self, reason: str = "stopped") -> None:
        """Come to a damped stop, then hold; chunks are refused until control is enabled again."""
        if self.progress.enabled:
            self._stopping = self._latched = reason
            self._pending = None

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
        motion, x = self._cursor
        if changed and motion is not None and motion.source == "policy" and not self.progress.hold_reason:
            self._plan_brake(motion, x, "instruction changed")

    # --- chunks ---

    def submit(self, chunk: ActionChunk, now: float, source: str = "policy") -> Seam:
        """Check, align and stitch a chunk; it takes over at the commit point. Raises ChunkError with the reason."""
        config = self.config
        if not self.progress.enabled:
            raise ChunkError("control is disabled")
        if self._latched:
            raise ChunkError(f"control is held ({self._latched}): enable it again")
        self._lease.check(source, now)
        check_chunk(chunk, now, self.arm, self.model.base_frame, self._instruction, self.limits, config.safety)
        self._timeline.check_order(chunk, source)
        joints = self.model.joints
        mode = chunk_mode(chunk, self.arm, joints)
        if mode == JOINT:
            targets = np.stack([chunk.column(f"{name}/position") for name in joints], axis=1)
            check_joint_targets(targets, chunk.times, self.limits)
        motion, x = self._cursor
        ahead = config.stitch.commit_ahead_s * self._rate
        origin = self._history.at(chunk.stamp) if mode == CARTESIAN else None
        seed = None
        if mode is None or mode == self._mode:
            mode = self._mode
            state = motion.spline.derivatives(x + ahead)
        else:
            ahead, seed = 0.0, self._seed(mode)
            state = self._seeded_state(mode, seed)
        expected = (now + config.stitch.commit_ahead_s - chunk.stamp) * config.speed_scale
        start = Start(mode, state, max(0.0, expected), self._lookahead, origin)
        self._timeline, planned, seam = self._timeline.accept(
            chunk, source, start, self.arm, joints, self.gripper, config.stitch, *self._bounds[mode]
        )
        self._lease.take(source, now + planned.spline.duration / self._rate)
        self._pending = (planned, motion, x + ahead, seed)
        return seam

    def _plan_brake(self, motion: Motion, x: float, reason: str) -> None:
        ahead = self.config.stitch.commit_ahead_s * self._rate
        start = Start(motion.mode, motion.spline.derivatives(x + ahead), 0.0, self._lookahead)
        self._pending = (braking(start, motion.source, reason), motion, x + ahead, None)

    def _seed(self, mode: str) -> np.ndarray:
        """Return the commanded state in the other space, (2, N) q, dq or (2, 7) pose, twist."""
        model = self.model
        if mode == JOINT:  # to first order: the configuration whose tool is at the commanded pose
            J_inverse = np.linalg.pinv(model.J, rcond=1e-2)
            seed = np.stack([model.q + J_inverse @ self._cartesian_impedance.error,
                             J_inverse @ self._pose.filter.twist])  # fmt: skip
            return seed
        T = model.forward(self._joint.filter.position)
        seed = np.zeros((2, 7))
        seed[0, :3], seed[0, 3:] = T[:3, 3], from_matrix(T[:3, :3])
        seed[1, :6] = model.jacobian(self._joint.filter.position) @ self._joint.filter.velocity
        return seed

    def _seeded_state(self, mode: str, seed: np.ndarray) -> np.ndarray:
        cutoff = self.config.filter_cutoff
        if mode == JOINT:
            return JointReference(cutoff, len(self.model.joints)).reset(seed[0], seed[1])
        return PoseReference(cutoff).reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])

    # --- the loop ---

    def tick(self, now: float, dt: float, q: np.ndarray, dq: np.ndarray, state_stamp: float | None = None) -> Command:
        """Return the command at `now` [s], dt [s] after the last, for the measured q, dq (N,) of `state_stamp` [s]."""
        model = self.model
        if state_stamp is not None and now - state_stamp > self.config.safety.state_age_max_s:
            return self._without_state(dt)
        model.update(q, dq)
        if not self.progress.enabled:
            tau = self._damp()
        elif self._stopping or self._too_fast(dq):
            tau = self._come_to_rest()
        else:
            tau = self._follow(now, dt)
        self._repulsion.add(model.q, tau)
        if not self._gate.apply(tau, dt):
            self.stop("fault: effort is not finite")
        self.command.effort[:] = self._gate.effort
        self._write_progress(now)
        return self.command

    def _follow(self, now: float, dt: float) -> np.ndarray:
        self._adopt_pending()
        motion, x = self._cursor
        x += self._rate * dt
        self._cursor = (motion, x)
        self._advance_points(motion, x - self._lookahead)
        if x >= motion.spline.duration + self._lookahead and not self.progress.hold_reason:
            self._set_hold(motion.end_reason)
        elif not self.progress.hold_reason and self._pending is None and self._lease.lapsed(now):
            self._plan_brake(motion, x, f"lease of {self._lease.owner} lapsed")
        tau = self._impedance_effort(motion, x, dt)
        self._slow_for_lag(dt)
        np.multiply(self._offset, max(0.0, 1.0 - dt / self.config.impedance.switch_s), out=self._offset)
        tau += self._offset
        return tau

    def _impedance_effort(self, motion: Motion, x: float, dt: float) -> np.ndarray:
        if self._mode == CARTESIAN:
            self._pose.step(motion.spline, x, dt)
        else:
            self._joint.step(motion.spline, x, dt)
        return self._impedance()

    def _impedance(self) -> np.ndarray:
        """Return the effort that pulls the arm to the commanded state."""
        model = self.model
        if self._mode == CARTESIAN:
            law, reference = self._cartesian_impedance, self._pose.filter
            tau = law.effort(model, reference.position, reference.quaternion, reference.twist, reference.acceleration)
            self._friction.add(law.dq_desired, tau)
        else:
            tau = self._joint_impedance.effort(model, *self._joint.filter.output)
            self._friction.add(self._joint.filter.velocity, tau)
        return tau

    def _adopt_pending(self) -> None:
        pending = self._pending
        if pending is None:
            return
        motion, base, commit, seed = pending
        current, x = self._cursor
        if base is current and x < commit:
            return
        self._pending = None
        if seed is not None:
            self._switch(motion.mode, seed)
        self._motion = motion
        self._cursor = (motion, x - commit if base is current else 0.0)
        self._point = -1
        self.progress.hold_reason = motion.end_reason if motion.holding else ""
        self.progress.status = motion.status
        self.progress.sequence, self.progress.source = motion.sequence, motion.source

    def _switch(self, mode: str, seed: np.ndarray) -> None:
        if mode == JOINT:
            self._joint.reset(seed[0], seed[1])
        else:
            self._pose.reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])
        self._mode = mode
        self._make_bumpless()

    def _make_bumpless(self) -> None:
        """Carry the effort over: what the new law misses of the last effort is added, and decays."""
        np.subtract(self._gate.effort, self._impedance(), out=self._offset)

    def _hold_here(self, reason: str) -> None:
        """Hold the measured pose: after a stop and at activation there is no commanded one worth returning to."""
        position, quaternion = measured_pose(self.model)
        state = self._pose.reset(position, quaternion)
        self._mode = CARTESIAN
        none = np.zeros(1)
        self._motion = Motion(CARTESIAN, resting_spline(state[0]), none, none, None, -1, 0.0, "", reason)
        self._cursor, self._pending, self._point = (self._motion, 1e3), None, 0
        self._rate = self.config.speed_scale
        self._make_bumpless()
        self._set_hold(reason)

    def _come_to_rest(self) -> np.ndarray:
        self.progress.hold_reason = self._stopping
        if self._stop.at_rest(self.model):
            reason, self._stopping = self._stopping, ""
            self._hold_here(reason)
        self._tau[:] = self._stop.effort(self.model)
        return self._tau

    def _too_fast(self, dq: np.ndarray) -> bool:
        share = np.multiply(dq, self._velocity_share, out=self._tau).tolist()
        if max(share) < 1.0 and min(share) > -1.0:
            return False
        self._stopping = self._latched = "fault: joint speed above its limit"
        return True

    def _damp(self) -> np.ndarray:
        self._tau[:] = self._stop.effort(self.model)
        return self._tau

    def _without_state(self, dt: float) -> Command:
        """Let the effort fade within its rate: nothing is known to push against."""
        self._tau[:] = 0.0
        self._gate.apply(self._tau, dt)
        self.command.effort[:] = self._gate.effort
        if self.progress.enabled and not self._stopping:
            self._stopping = STALE
            self._pending = None
            self.progress.hold_reason = STALE
        return self.command

    def _slow_for_lag(self, dt: float) -> None:
        """Let progress wait for an arm that is held back (positional interpolation, from the arm's side)."""
        share = 1.0
        if self._mode == CARTESIAN:
            x, y, z = self._cartesian_impedance.error[:3].tolist()
            lag = (x * x + y * y + z * z) ** 0.5 / self.config.impedance.error_clip_position
            share = min(1.0, max(RATE_MIN, 2.0 - 2.0 * lag))
        change = share * self.config.speed_scale - self._rate
        most = RATE_SLEW * dt
        self._rate += min(most, max(-most, change))

    def _advance_points(self, motion: Motion, m: float) -> None:
        point, reached = self._point, motion.point_list
        last = len(reached) - 1
        while point < last and reached[point + 1] <= m + 1e-9:
            point += 1
        if point != self._point:
            self._point = point
            if motion.width_list is not None:
                self.command.gripper_width = motion.width_list[point]

    def _set_hold(self, reason: str) -> None:
        self.progress.hold_reason = reason

    def _write_progress(self, now: float) -> None:
        progress, model = self.progress, self.model
        T = progress.T_base_ee_commanded
        motion, x = self._cursor
        if not progress.enabled or self._stopping:
            T[:] = model.T_base_ee
        elif self._mode == CARTESIAN:
            T[:3, 3] = self._pose.filter.position
            write_matrix(self._pose.filter.quaternion, T[:3, :3])
            self._pose.write(self._row)
            self._history.add(now, self._row)
        else:
            T[:] = model.forward(self._joint.filter.position)
        progress.gripper_width = self.command.gripper_width
        progress.mode = self._mode
        progress.manipulability = self._cartesian_impedance.manipulability
        if motion is None or progress.hold_reason:
            progress.remaining_s = 0.0
            return
        progress.index = motion.executed(x - self._lookahead)
        progress.remaining_s = max(0.0, motion.chunk_end - progress.index) / self._rate
