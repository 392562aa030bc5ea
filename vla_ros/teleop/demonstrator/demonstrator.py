# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: looks where the tool is, moves the hand, lets go and clutches again, until it is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import VlaError
from controllers.rotations import Quaternion, compose_exp, log_relative, multiply
from vla_ros.teleop.axes import Pose, room_pose
from vla_ros.teleop.demonstrator.connection import Connection
from vla_ros.teleop.demonstrator.habits import Habits
from vla_ros.teleop.protocol import HandSample

PACKET_S = 1.0 / 72.0  # a headset's display
SETTLE_S = 0.25  # [s] from the hand's rest to the tool's
STROKES_MAX = 40  # for one waypoint
GRIP_S = 0.4  # [s] in which the trigger is pressed or let go
GRIPPED_S = 0.8  # [s] that fingers take
UNTURNED: Quaternion = (0.0, 0.0, 0.0, 1.0)


class NotReached(VlaError):
    """The tool did not come where the operator wanted it; the text says what the bridge said."""


@dataclass(frozen=True, eq=False)
class Waypoint:
    """Where the tool goes, in the robot's base, and what the gripper does there."""

    pose: Pose
    closed: float | None = None  # trigger, 0 open … 1 closed; None: as it is
    dwell_s: float = 0.0  # [s] stay so long


class Demonstrator:
    """One hand that drives one arm over a connection. The scale of hand to tool is as the bridge says."""

    def __init__(
        self, connection: Connection, arm: str, habits: Habits | None = None, seed: int = 0, facing: float = 0.0
    ) -> None:
        """`facing` [rad] must be the bridge's. Raises VlaError for an arm that the robot does not have."""
        arms = {described["name"]: described["hand"] for described in connection.welcome["robot"]["arms"]}
        if arm not in arms:
            raise VlaError(f"the robot has no arm '{arm}': {', '.join(arms)}")
        self.habits = habits or Habits()
        self.clutches = 0
        self._connection, self._arm, self._hand, self._facing = connection, arm, arms[arm], facing
        self._rng = np.random.default_rng(seed)
        self._pose = Pose(np.zeros(3), UNTURNED)  # of the hand, in ROS axes, from where it rests
        self._clutch, self._trigger = False, 0.0
        self._began = self._due = time.monotonic()

    async def carry_out(self, waypoints: Sequence[Waypoint]) -> None:
        """Go from waypoint to waypoint. Raises NotReached, or ConnectionLost."""
        for waypoint in waypoints:
            await self.reach(waypoint)
        await self.let_go()

    async def reach(self, waypoint: Waypoint) -> None:
        """Bring the tool to a waypoint, and do there what is to be done. Raises NotReached."""
        for _ in range(STROKES_MAX):
            shift, turn = self._missing(waypoint.pose)
            near = float(np.linalg.norm(shift)) < self.habits.tolerance
            if near and float(np.linalg.norm(turn)) < self.habits.tolerance_angle:
                break
            await self._stroke(shift, turn)
        else:
            away = float(np.linalg.norm(self._missing(waypoint.pose)[0]))
            said = self._state["refused"] or self._connection.state["hold_reason"]
            raise NotReached(f"the tool is still {100.0 * away:.1f} cm away after {STROKES_MAX} strokes: {said}")
        if waypoint.closed is not None and waypoint.closed != self._trigger:
            await self._squeeze(waypoint.closed)
        if waypoint.dwell_s > 0.0:
            await self._stay(waypoint.dwell_s)

    async def let_go(self) -> None:
        """Let go of the clutch and rest."""
        self._clutch = False
        await self._stay(SETTLE_S)

    @property
    def _state(self) -> dict:
        return self._connection.state["arms"][self._arm]

    def _missing(self, goal: Pose) -> tuple[np.ndarray, np.ndarray]:
        """Return shift [m] and turn [rad] about the base's axes that the tool still has to make, (3,) each."""
        seen = self._state["commanded"]
        if seen is None:
            raise NotReached("the bridge does not know where the tool is: is control running?")
        x, y, z, w = seen["q"]
        turn = multiply(goal.orientation, (-x, -y, -z, w))
        return goal.position - np.array(seen["p"]), np.array(log_relative(UNTURNED, turn))

    async def _stroke(self, shift: np.ndarray, turn: np.ndarray) -> None:
        """Move the hand so that the tool makes as much of `shift` and `turn` as the arm's reach allows."""
        habits, scale = self.habits, float(self._connection.state["scale"])
        share = min(
            1.0,
            habits.reach / max(float(np.linalg.norm(shift)) / scale, 1e-9),
            habits.wrist / max(float(np.linalg.norm(turn)), 1e-9),
        )
        wanted = shift * (share / scale)
        turned = self._turned(turn * share)
        angle = float(np.linalg.norm(log_relative(UNTURNED, turned)))
        too_far = float(np.linalg.norm(self._pose.position + wanted)) > habits.reach or angle > habits.wrist
        if not self._clutch or too_far:
            await self._clutch_again(wanted)
            turned = self._turned(turn * share)
        await self._move(Pose(self._pose.position + wanted, turned))
        await self._stay(SETTLE_S + float(self._rng.uniform(*habits.pause_s)))

    def _turned(self, turn: np.ndarray) -> Quaternion:
        x, y, z = turn.tolist()
        return multiply(compose_exp(UNTURNED, (x, y, z)), self._pose.orientation)

    async def _clutch_again(self, ahead: np.ndarray) -> None:
        """Let go, bring the hand where the next stroke has room, and press the clutch."""
        self._clutch = False
        await self._stay(0.1)
        await self._move(Pose(-0.5 * ahead, UNTURNED))
        self._clutch = True
        self.clutches += 1
        await self._stay(0.15)

    async def _squeeze(self, closed: float) -> None:
        """Press the trigger, or let it go, with the clutch held, and wait for the fingers."""
        if not self._clutch:
            await self._clutch_again(np.zeros(3))
        before = self._trigger

        def squeeze(share: float) -> Pose:
            self._trigger = before + share * (closed - before)
            return self._pose

        await self._for(GRIP_S, squeeze)
        await self._stay(GRIPPED_S)

    async def _move(self, goal: Pose) -> None:
        """Move the hand to `goal` as hands do, with the least jerk."""
        start = self._pose
        shift = goal.position - start.position
        turn = np.array(log_relative(start.orientation, goal.orientation))
        length, angle = float(np.linalg.norm(shift)), float(np.linalg.norm(turn))
        duration = max(length / self.habits.speed, angle / self.habits.turn_speed, 0.15)

        def along(share: float) -> Pose:
            s = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
            x, y, z = (s * turn).tolist()
            return Pose(start.position + s * shift, compose_exp(start.orientation, (x, y, z)))

        await self._for(duration, along)

    async def _stay(self, duration: float) -> None:
        await self._for(duration, lambda share: self._pose)

    async def _for(self, duration: float, hand: Callable[[float], Pose]) -> None:
        """Say where the hand is for `duration` [s]; `hand` gives it for each share of that, 0 to 1."""
        began = time.monotonic()
        while True:
            share = min(1.0, (time.monotonic() - began) / max(duration, 1e-3))
            self._pose = hand(share)
            await self._say()
            if share >= 1.0:
                return

    async def _say(self) -> None:
        now = time.monotonic()
        held = self.habits.trembling(now - self._began, self._pose.position, self._pose.orientation)
        position, orientation = room_pose(Pose(*held), self._facing)
        sample = HandSample(position, orientation, self._clutch, self._trigger)
        await self._connection.hands({self._hand: sample})
        self._due = max(self._due + PACKET_S, now)
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))
