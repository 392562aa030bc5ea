# SPDX-License-Identifier: Apache-2.0
"""Leader arms to chunks of the robot that follows: when an arm begins, how fast it goes, when it holds.

An arm follows once it and its leader agree, joint by joint. Where they do not, the operator brings the leader to the
arm, or asks for the arm, and it comes slowly. Silence is judged by the wall clock; how far the arm goes follows the
clock in which chunks are executed, as for hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import PARALLEL, ArmGroup
from vla_ros.teleop.leader.config import LeaderConfig
from vla_ros.teleop.leader.mapping import LeaderError, LeaderMapping, LeaderPose
from vla_ros.teleop.teleoperation import CHUNK_EVERY_S, STEPS, TIMES
from vla_ros.teleop.trigger import GripperTrigger

LIMIT_MARGIN = 0.01  # [rad] that an arm stays within its limits: control stops one that is beyond
LEASH_S, LEASH_RAD = 0.3, 0.05  # how far ahead of the arm it is sent: so long at its pace, and what it sags
STEP_MAX_S = 0.1  # [s] between two messages in which an arm gets on
NOT_HEARD = "nothing has been heard of the leader yet"
UNKNOWN = "where the arm stands is not known yet"


@dataclass
class _LedArm:
    """One arm of the follower."""

    group: ArmGroup
    triggers: list[GripperTrigger]
    pose: LeaderPose | None = None
    heard: float = float("-inf")  # [s] by the wall clock
    problem: str = ""  # why its last message cannot be used
    engaged: bool = False
    approaching: bool = False
    since: float = 0.0  # [s] by the chunks' clock: engaged since then
    stamp: float = 0.0  # [s] of the last step
    setpoint: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (N,) [rad]
    said: str = NOT_HEARD  # why it does not follow, or goes on otherwise than its leader; "" when it follows

    @property
    def moves(self) -> bool:
        return self.engaged or self.approaching

    def release(self, reason: str) -> None:
        self.engaged = self.approaching = False
        self.said = reason


class Leading:
    """A leader of one or more arms. Raises ConfigError for a configuration that does not fit the robot."""

    def __init__(self, config: LeaderConfig, robot: Embodiment) -> None:
        self.config, self._mapping, self._frame = config, LeaderMapping(config, robot), robot.base_frame
        self._mobile = robot.base is not None
        self._arms = {
            arm.name: _LedArm(
                arm,
                [GripperTrigger(t.name, t.width_max) for t in robot.tools_of(arm.name) if t.kind == PARALLEL],
            )
            for arm in robot.arms
            if arm.name in self._mapping.arms
        }
        self._sent = self._stamp = float("-inf")

    @property
    def topics(self) -> tuple[str, ...]:
        """Name the topics of its devices, in the leader's namespace."""
        return self._mapping.topics

    @property
    def watched_joints(self) -> tuple[str, ...]:
        """Name the joints of which `take` is to be told where they are."""
        return tuple(joint for led in self._arms.values() for joint in led.group.joints)

    def follows(self, arm: str) -> bool:
        """Say whether an arm follows its leader, or comes to it."""
        return arm in self._arms and self._arms[arm].moves

    def said(self, arm: str) -> str:
        """Say why an arm does not follow its leader as it is; "" when it does, or has none."""
        return self._arms[arm].said if arm in self._arms else ""

    def hear(self, device: int, names: Sequence[str], positions: Sequence[float], arrival: float) -> None:
        """Take a message of a device that arrived at `arrival` [s, monotonic]. One that cannot be used lets go."""
        try:
            poses = self._mapping.read(device, names, positions)
        except LeaderError as error:
            for arm in self._mapping.arms_of(device):
                self._arms[arm].problem = str(error)
                self._arms[arm].release(str(error))
            return
        for arm, pose in poses.items():
            self._arms[arm].pose, self._arms[arm].heard, self._arms[arm].problem = pose, arrival, ""

    def meet(self) -> None:
        """Have each arm that disagrees with its leader come to it slowly."""
        for led in self._arms.values():
            if led.pose is not None and not led.engaged and not led.problem:
                led.approaching, led.setpoint = True, np.zeros(0)

    def let_go(self, reason: str) -> None:
        """Follow nobody; `reason` is shown until something else is known."""
        for led in self._arms.values():
            if led.moves:
                led.release(reason)

    def silent(self, now: float) -> bool:
        """Let go of leaders that have not been heard for too long at `now` [s, wall clock]; say whether one was new."""
        found = [led for led in self._arms.values() if led.pose is not None and self._stale(led, now)]
        lost = [led for led in found if led.moves]
        for led in found:
            led.release(f"the leader has not been heard for {now - led.heard:.1f} s")
        return bool(lost)

    def take(
        self,
        now: float,
        stamp: float,
        measured: Mapping[str, float],
        told: Mapping[str, float],
        obstacle: str,
        number: Callable[[], int],
    ) -> ActionChunk | None:
        """Return the chunk to be sent at `stamp` [s] of the chunks' clock, if any; `now` [s] is the wall clock.

        `measured` [rad] says where the follower's joints are, `told` what its end effectors are commanded to, by
        channel. `obstacle` says why no arm may follow now; "" when they may. `number` counts chunks.
        """
        too_soon = now - self._sent < CHUNK_EVERY_S or 0.0 <= stamp - self._stamp < CHUNK_EVERY_S
        if too_soon and not obstacle:
            return None
        channels: list[str] = []
        columns: list[np.ndarray] = []
        for led in self._arms.values():
            if not self._leads(led, now, stamp, measured, told, obstacle):
                continue
            pose, pace = led.pose, self._pace(led, stamp)
            assert pose is not None  # it leads
            goal = self._within_limits(led, pose.q)
            path = led.setpoint + np.clip(goal - led.setpoint, -pace * TIMES[:, None], pace * TIMES[:, None])
            channels += [f"{joint}/position" for joint in led.group.joints]
            columns.append(path)
            for trigger in led.triggers if led.engaged else ():
                gripper = trigger.channels[0].removesuffix("/width")
                if gripper in pose.closed:
                    channels += trigger.channels
                    columns.append(np.tile(np.array(trigger.values(pose.closed[gripper])), (STEPS, 1)))
        if not columns:
            return None
        self._sent, self._stamp = now, stamp
        return ActionChunk(
            stamp, self._frame, tuple(channels), TIMES, np.hstack(columns), number(), riding=self._mobile
        )

    def _leads(
        self,
        led: _LedArm,
        now: float,
        stamp: float,
        measured: Mapping[str, float],
        told: Mapping[str, float],
        obstacle: str,
    ) -> bool:
        """Say whether an arm moves with its leader now, and bring its setpoint on."""
        if led.pose is None or led.problem:
            return False
        if self._stale(led, now):
            led.release(f"the leader has not been heard for {now - led.heard:.1f} s")
            return False
        if obstacle:
            led.release(obstacle)
            return False
        if not all(joint in measured for joint in led.group.joints):
            led.release(UNKNOWN)
            return False
        q = np.array([measured[joint] for joint in led.group.joints])
        goal = self._within_limits(led, led.pose.q)
        if not led.moves or not len(led.setpoint):
            led.setpoint, led.stamp = q, stamp
        off = goal - (led.setpoint if led.moves else q)
        if not led.engaged and np.abs(off).max() <= self.config.agree:
            self._engage(led, stamp, told)
        if not led.moves:
            led.said = self._disagreement(led, off, self.config.agree)
            return False
        if led.engaged and np.abs(off).max() > self.config.lose:
            led.release(self._disagreement(led, off, self.config.lose))
            return False
        self._advance(led, goal, q, stamp)
        led.said = self._moving_words(led, off)
        return True

    def _engage(self, led: _LedArm, stamp: float, told: Mapping[str, float]) -> None:
        led.engaged, led.approaching, led.since = True, False, stamp
        for trigger in led.triggers:
            gripper = trigger.channels[0].removesuffix("/width")
            if led.pose is not None and gripper in led.pose.closed:
                trigger.engage(led.pose.closed[gripper], told)

    def _advance(self, led: _LedArm, goal: np.ndarray, q: np.ndarray, stamp: float) -> None:
        pace = self._pace(led, stamp)
        step = pace * min(max(0.0, stamp - led.stamp), STEP_MAX_S)
        led.stamp = stamp
        ahead = led.setpoint + np.clip(goal - led.setpoint, -step, step)
        # An arm that cannot follow, at the table for instance, must not be sent further and further away.
        leash = LEASH_S * pace + LEASH_RAD
        led.setpoint = np.clip(ahead, q - leash, q + leash)

    def _pace(self, led: _LedArm, stamp: float) -> np.ndarray:
        """Return how fast each joint goes (N,) [rad/s]: slowly at the moment of take-over, and before it."""
        slow = np.minimum(self.config.approach_speed, led.group.velocity)
        if not led.engaged:
            return slow
        grown = 1.0 if self.config.take_over_s == 0.0 else (stamp - led.since) / self.config.take_over_s
        full = np.maximum(self.config.speed_share * led.group.velocity, slow)
        return slow + min(1.0, max(0.0, grown)) * (full - slow)

    def _within_limits(self, led: _LedArm, q: np.ndarray) -> np.ndarray:
        return np.clip(q, led.group.lower + LIMIT_MARGIN, led.group.upper - LIMIT_MARGIN)

    def _stale(self, led: _LedArm, now: float) -> bool:
        return now - led.heard > self.config.stale_s

    def _disagreement(self, led: _LedArm, off: np.ndarray, allowed: float) -> str:
        worst = int(np.argmax(np.abs(off)))
        side = "above" if off[worst] > 0.0 else "below"
        return (
            f"{led.group.joints[worst]} of the leader is {abs(off[worst]):.2f} rad {side} the arm's, {allowed:g} are "
            "allowed: bring the leader there, or take the arm, which then comes slowly"
        )

    def _moving_words(self, led: _LedArm, off: np.ndarray) -> str:
        if led.approaching:
            worst = int(np.argmax(np.abs(off)))
            return f"comes to the leader slowly: {led.group.joints[worst]} is {abs(off[worst]):.2f} rad away"
        assert led.pose is not None  # it moves
        beyond = np.abs(led.pose.q - self._within_limits(led, led.pose.q))
        if beyond.max() > LIMIT_MARGIN:
            worst = int(np.argmax(beyond))
            return f"{led.group.joints[worst]} of the leader is {beyond[worst]:.2f} rad beyond the arm's limit"
        return ""
