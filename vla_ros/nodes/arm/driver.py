# SPDX-License-Identifier: Apache-2.0
"""The control loop's content, without ROS: measured joints in, follower, commands out, on simulated or real time.

`tick` belongs to the loop's thread. Other threads leave the newest joints (`observe`), chunks (`submit`) and orders;
orders are carried out at the start of the next tick, so that nothing needs a lock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.chunks.motion import Transition
from controllers.chunks.progress import DISABLED, RobotCommand
from controllers.errors import VlaError
from controllers.follower import STALE, ChunkFollower
from controllers.realtime.clock import RosClock

DT_MAX = 0.02  # [s] a longer gap is a pause of the machine, not a period to integrate over
# In a simulator slower than real time the loop still ticks by the wall clock. A step shorter than this share of its
# period would be shorter than the time between two joint states, and joints would seem to accelerate in leaps.
STEP_MIN = 0.75
THERE_S = 0.5  # [s] since the last joint states in which there is a robot, on a busy machine
BLIND_S = 0.15  # [s] without joint states after which the arm is left to its own position hold, which sees its joints
REST_TIME_MAX = 0.6  # [s] within which a stopping arm must have come to rest
REST_SPEED = 0.02  # [rad/s]
BASE_REST_TIME_MAX = 2.0  # [s] and a base, which is slower to brake
BASE_REST_SPEED = 1e-3  # [m/s], [rad/s] that it is told
ENABLED_ANEW = "control is enabled anew"
# Between two joint states a joint has not moved further than this: an encoder that lies, or another arm's messages.
JUMP_MIN, JUMP_SPEED = 0.05, 5.0  # [rad], [rad/s]
FINGERS_STILL = 0.002  # [m] fingers that have moved no further still hold what they held
Arrival = tuple[float, float, np.ndarray, np.ndarray]  # [s] monotonic, stamp [s], position and velocity of the joints


class RobotDriver:
    """Drive a robot through its follower; say what to send, or None while it is not ours."""

    def __init__(
        self, follower: ChunkFollower, period: float, state_timeout: float, fingers: Mapping[str, int] | None = None
    ) -> None:
        """Tick every `period` [s] of wall time; joints older than `state_timeout` [s] are stale.

        `fingers` says by channel how many joints a gripper has, whose ways add up to its width.
        """
        self.follower = follower
        self.clock = RosClock()
        self.now = 0.0  # [s] ROS time of the last tick
        self.on_released: Callable[[], None] = lambda: None  # the arm has come to rest and is to be held by others
        self.reference_time: Callable[[], float] | None = (
            None  # [s] simulated time, when there is one beside the stamps
        )
        self._monotonic = 0.0  # [s] of the last tick
        self._period, self._state_timeout = period, state_timeout
        self._n = len(follower.joints)
        self._fingers = dict(fingers or {})
        self._moved = np.zeros(self._n)
        self._newest: Arrival | None = None
        self._observed: Arrival | None = None  # the one that the last tick took
        self._orders: deque[Callable[[], None]] = deque()
        self._driving = False
        self._left: dict[str, float] = {}  # [m] widths measured when the arm was let go, by channel
        self._releasing_since: float | None = None  # [s] monotonic
        self._enabling_since: float | None = None  # [s] monotonic; it is to come to rest first
        self._afresh = False  # after a fault, what it was told cannot be gone on with
        self._stopped = False  # by the last word on the e-stop, which the loop may have yet to hear

    # -- from other threads ------------------------------------------------------------------------------------------
    def observe(self, arrival: float, stamp: float, position: np.ndarray, velocity: np.ndarray) -> None:
        """Take the follower's joints, then those of the `fingers`, as they came in at `arrival` [s, monotonic]."""
        self._newest = (arrival, stamp, position, velocity)

    @property
    def takes_over(self) -> float:
        """Return when the loop would first sample a chunk that is submitted now [s, monotonic]."""
        ahead = self.follower.config.stitch.commit_ahead_s
        return self._monotonic + math.ceil(ahead / self._period - 1e-6) * self._period

    @property
    def next_tick(self) -> float:
        """Return when the loop ticks next [s, monotonic]."""
        return self._monotonic + self._period

    def submit(self, chunk: ActionChunk, source: str) -> Transition:
        """Hand a chunk to the follower. Raises ChunkError with the reason when it is refused."""
        return self.follower.submit(chunk, self.now, source)

    def enable(self, monotonic: float) -> None:
        """Take the arm over at its measured state. Raises VlaError when that cannot be."""
        if self._newest is None or monotonic - self._newest[0] > 1.0:
            raise VlaError("no joint states: is the robot (sim_node or its driver) running?")
        if self._stopped or self.follower.emergency_stopped:
            raise VlaError("the e-stop is latched: release it (vla recover) before enabling control")
        self._orders.append(self._activate)

    def release(self, reason: str) -> None:
        """Bring the arm to rest and give it up."""
        if not self.released:  # otherwise there is nothing to give up, and perhaps no tick that would carry it out
            self._orders.append(lambda: self._begin_release(reason))

    def emergency_stop(self, stopped: bool) -> None:
        """Set or release the latch."""
        self._stopped = stopped
        self._orders.append(self.follower.emergency_stop if stopped else self.follower.release_emergency_stop)

    def instruct(self, instruction: int) -> None:
        """Take the hash of the current instruction."""
        self._orders.append(lambda: self.follower.instruct(instruction))

    @property
    def released(self) -> bool:
        """Say whether the arm is not ours and nothing is about to change that."""
        return not self._driving and not self._orders

    def drives(self, monotonic: float) -> bool:
        """Say whether an arm is ours whose joint states still come in: whoever ends now leaves it to nobody."""
        newest = self._newest
        return self._driving and newest is not None and monotonic - newest[0] <= THERE_S

    @property
    def held(self) -> str:
        """Return why the arm, though it is ours, takes no chunk until it is enabled again; "" while it does."""
        return self.follower.latched if self._driving and self._releasing_since is None else ""

    # -- the loop ----------------------------------------------------------------------------------------------------
    def time_at(self, monotonic: float) -> float:
        """Return ROS time [s] at `monotonic` [s], carried on past the last tick: also while joint states are silent."""
        return self.now + monotonic - self._monotonic

    def tick(self, monotonic: float) -> RobotCommand | None:
        """Return the command at `monotonic` [s], or None when there is nothing to send."""
        newest = self._newest
        if newest is None:
            return None
        arrival, stamp, position, velocity = newest
        if newest is not self._observed:
            self._watch_jumps(stamp, position)
            self._observed = newest
            self.clock.observe(stamp, arrival)
        now = self.clock.now(monotonic)
        dt = now - self.now
        if dt < 0.0:
            self._on_time_set_back(now)
            return None
        q, dq = position[: self._n], velocity[: self._n]
        silence = monotonic - self.clock.newest_arrival  # a driver that repeats its last sample says nothing
        if silence > self._state_timeout:
            if self._time_stands_still(stamp):
                return self._repeated()
            if self._driving and silence > BLIND_S:
                self._let_go(f"{STALE}: the robot holds itself")
                return None
            dt, stamp = self._period, now - silence
        else:
            stamp = now
        if dt == 0.0 or (self.reference_time is not None and dt < STEP_MIN * self._period):
            if self.reference_time is not None or not self._orders:
                return self._repeated()
            dt = self._period  # an e-stop does not wait for the next joint states
        self.now, self._monotonic = now, monotonic
        while self._orders:
            self._orders.popleft()()
        command = self.follower.tick(now, min(dt, DT_MAX), q, dq, stamp)
        if self._releasing_since is not None:
            self._finish_release(monotonic - self._releasing_since, dq)
        if self._enabling_since is not None and self._rests(monotonic - self._enabling_since, dq):
            self._take_over()
        return command if self._driving else None

    def _watch_jumps(self, stamp: float, position: np.ndarray) -> None:
        """Stop an arm whose joint states leap: whatever they say, no joint moves that fast."""
        if self._observed is None or not self._driving:
            return
        _, before, last, _ = self._observed
        np.subtract(position[: self._n], last[: self._n], out=self._moved)
        np.abs(self._moved, out=self._moved)
        allowed = JUMP_MIN + JUMP_SPEED * max(0.0, stamp - before)
        if self._moved.max() > allowed:
            joint = int(self._moved.argmax())
            self.follower.fault(
                f"fault: joint states jump ({self.follower.joints[joint]} by {self._moved[joint]:.2f} rad "
                f"in {1e3 * (stamp - before):.0f} ms)"
            )

    def _repeated(self) -> RobotCommand | None:
        """Say the same again while time stands still: the simulator may be waiting to hear from us."""
        return self.follower.command if self._driving else None

    def _time_stands_still(self, stamp: float) -> bool:
        """Say whether simulated time stopped as well: then nothing moves, and nothing is stale."""
        return self.reference_time is not None and self.reference_time() - stamp <= self._state_timeout

    def _on_time_set_back(self, now: float) -> None:
        self.now = now
        if self._driving:
            self._let_go()

    def _activate(self) -> None:
        if self._driving:  # what moves would be told to stand still at once
            self._afresh = self._has_fault
            self.follower.stop(ENABLED_ANEW)
            self._enabling_since, self._releasing_since = self._monotonic, None
        else:
            self._take_over()

    def _take_over(self) -> None:
        self._enabling_since, observed = None, self._observed
        if observed is None or self.follower.emergency_stopped:  # latched between the request and this tick
            if not self._driving:
                self.on_released()  # whoever asked has had the arm's own hold taken away already
            return
        _, _, position, velocity = observed
        widths = self._widths(position)
        then = widths if self._driving else self._left
        told = {channel: self._told(channel, width, then.get(channel)) for channel, width in widths.items()}
        held = self._driving and not (self._afresh or self._has_fault)
        self.follower.activate(position[: self._n], velocity[: self._n], told, self.now, held)
        self._driving, self._releasing_since = True, None

    @property
    def _has_fault(self) -> bool:
        return self.follower.latched.startswith("fault")

    def _widths(self, position: np.ndarray) -> dict[str, float]:
        """Return the measured widths [m] by channel."""
        widths, first = {}, self._n
        for channel, count in self._fingers.items():
            widths[channel] = float(position[first : first + count].sum())
            first += count
        return widths

    def _told(self, channel: str, width: float, then: float | None) -> float:
        """Return the width [m] that a gripper at `width` begins with: fingers that held something go on holding it.

        `then` is where they were when control let go of them; None when it never had them.
        """
        told = self.follower.command.end_effectors.get(channel, width)
        holds = then is not None and told < width and abs(width - then) < FINGERS_STILL
        return told if holds else width

    def _begin_release(self, reason: str) -> None:
        if self._driving and self._releasing_since is None:
            self.follower.stop(reason)
            self._releasing_since, self._enabling_since = self._monotonic, None

    def _finish_release(self, elapsed: float, dq: np.ndarray) -> None:
        if self._rests(elapsed, dq):
            self._let_go()

    def _rests(self, elapsed: float, dq: np.ndarray) -> bool:
        """Say whether everything stands still `elapsed` [s] after it was to, or will not any more."""
        base = float(np.abs(self.follower.command.base_velocity).max())
        if base > BASE_REST_SPEED and elapsed <= BASE_REST_TIME_MAX:
            return False
        return bool(np.abs(dq).max() < REST_SPEED) or elapsed > REST_TIME_MAX

    def _let_go(self, reason: str = DISABLED) -> None:
        self.follower.deactivate(reason)
        self._left = {} if self._observed is None else self._widths(self._observed[2])
        self._driving, self._releasing_since, self._enabling_since = False, None, None
        self.on_released()
