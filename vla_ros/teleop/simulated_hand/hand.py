# SPDX-License-Identifier: Apache-2.0
"""A simulated hand: reads where the tool is, moves, lets go and clutches again, until it is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import VlaError
from controllers.rotations import Quaternion, compose_exp, log_relative, multiply
from vla_ros.teleop.axes import Pose, room_pose
from vla_ros.teleop.protocol import HandSample
from vla_ros.teleop.robot import SILENT
from vla_ros.teleop.simulated_hand.connection import Connection, ConnectionLost
from vla_ros.teleop.simulated_hand.habits import Habits

PACKET_S = 1.0 / 72.0  # a headset's display
SETTLE_S = 0.25  # [s] from the hand's rest to the tool's
STROKES_MAX = 40  # for one waypoint
# In a row that bring the tool no closer, by so little: whatever the reason, another would not either.
IN_VAIN_MAX, CLOSER_M, CLOSER_RAD = 6, 5e-4, 5e-3
NEWS_WITHIN_S = 0.3  # [s] after a command until the page shows what has come of it
ANSWER_WITHIN_S = 3.0  # [s] of a control that a busy machine keeps from speaking
GRIP_S = 0.4  # [s] in which the trigger is pressed or let go
GRIPPED_S = 0.8  # [s] that fingers take
STATE_S = 0.05  # [s] between two states of the bridge: what its time is known to
FROZEN_S = 30.0  # [s] of wall time after which a robot whose time stands still is waited for no longer
UNTURNED: Quaternion = (0.0, 0.0, 0.0, 1.0)


class NotReached(VlaError):
    """The tool did not come where the operator wanted it; the text says what the bridge said."""


class ArmBarred(NotReached):
    """No hand can move the arm now: e-stop, fault, disabled, held, somebody else's; the text says which."""


@dataclass(frozen=True, eq=False)
class Waypoint:
    """Where the tool goes, in the robot's base, and what the gripper does there."""

    pose: Pose
    closed: float | None = None  # trigger, 0 open … 1 closed; None: as it is
    dwell_s: float = 0.0  # [s] stay so long


def arm_obstacle(connection: Connection) -> str:
    """Return why no hand of this connection can move the arm now, by what the bridge says; "" when one can."""
    state, seat = connection.state, connection.seat
    if state["estop"]:
        return "the e-stop is latched"
    if state["held"]:
        return f"control is held ({state['held']}): enable it again"
    if state["hold_reason"] == SILENT:
        return SILENT
    if state["mode"] == "home":
        return "the arm is on its way home"
    if not state["enabled"]:
        return "control is disabled: enable it"
    if not seat["yours"]:
        return f"{seat['driver'] or 'nobody'} drives: take the seat first"
    if state["mode"] == "policy":
        return "the policy has the arm: take it first"
    return "the arm is held: take it first" if state["mode"] == "hold" else ""


class SimulatedHand:
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
        nearest, smallest, in_vain = np.inf, np.inf, 0
        for strokes in range(STROKES_MAX + 1):
            shift, turn = self._missing(waypoint.pose)
            away, angle = float(np.linalg.norm(shift)), float(np.linalg.norm(turn))
            if away < self.habits.tolerance and angle < self.habits.tolerance_angle:
                break
            await self._see_that_it_follows()
            closer = away < nearest - CLOSER_M or angle < smallest - CLOSER_RAD
            nearest, smallest, in_vain = min(away, nearest), min(angle, smallest), 0 if closer else in_vain + 1
            if in_vain == IN_VAIN_MAX or strokes == STROKES_MAX:
                said = self._state["refused"] or self._connection.state["hold_reason"] or "nothing is said against it"
                raise NotReached(f"the tool is still {100.0 * away:.1f} cm away after {strokes} strokes: {said}")
            await self._stroke(shift, turn)
        if waypoint.closed is not None and waypoint.closed != self._trigger:
            await self._squeeze(waypoint.closed)
        if waypoint.dwell_s > 0.0:
            await self._stay(waypoint.dwell_s)

    async def let_go(self) -> None:
        """Let go of the clutch and rest."""
        self._clutch = False
        await self._stay(SETTLE_S)

    async def _see_that_it_follows(self) -> None:
        """Look at the page before a stroke, as a person does. Raises ArmBarred where it says that none can work."""
        connection = self._connection
        if obstacle := arm_obstacle(connection):
            patience = ANSWER_WITHIN_S if obstacle == SILENT else NEWS_WITHIN_S
            try:
                await connection.until(lambda: not arm_obstacle(connection), patience)
            except ConnectionLost:
                raise
            except VlaError:
                raise ArmBarred(arm_obstacle(connection) or obstacle) from None

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
        """Keep the hand still for `duration` [s], by the robot's time as well: a slow simulator is waited for."""
        over, frozen = self._robot_time + duration - STATE_S, time.monotonic() + duration + FROZEN_S
        await self._for(duration, lambda share: self._pose)
        while self._robot_time < over:
            await self._say()
            if time.monotonic() > frozen:
                raise NotReached("the robot's time stands still")

    @property
    def _robot_time(self) -> float:
        return float(self._connection.state["t"])

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
