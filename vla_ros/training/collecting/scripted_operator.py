# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: does prompt after prompt of a simulated collection over the bridge's own websocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.teleop.simulated_hand.connection import Connection, ConnectionLost
from vla_ros.teleop.simulated_hand.habits import Habits
from vla_ros.teleop.simulated_hand.hand import ArmBarred, NotReached, SimulatedHand, Waypoint, arm_obstacle
from vla_ros.training.collecting.operators_plan import WaypointPlanner

READY_WITHIN_S = 60.0  # [s] a graph may still be starting, and building the first scene
AGAIN_AFTER_S = 0.5
SCENE_WITHIN_S = 90.0  # [s] from the end of an episode until the next scene stands there
EMPTY = 0.002  # [m] between fingers that hold nothing
IN_VAIN_MAX = 8
BARRED_MAX = 3  # attempts in a row in which the arm stopped following, although it was enabled again for each
CAREFUL = Habits(speed=0.25, pause_s=(0.05, 0.3), tolerance=0.004, tolerance_angle=0.03)


class OperatorStopped(VlaError):
    """The operator cannot go on, whatever it tries; the text says why, and what somebody else can do."""


@dataclass(frozen=True)
class Attempt:
    """One episode, as the operator judged it; `note` says why it failed."""

    instruction: str
    success: bool
    note: str
    barred: bool = False  # the arm did not follow any more: a fault, an e-stop, somebody who disabled it


class ScriptedOperator:
    """One operator on an open connection, in the driver's seat."""

    def __init__(
        self,
        connection: Connection,
        habits: Habits = CAREFUL,
        seed: int = 0,
        facing: float = 0.0,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`facing` [rad] must be the bridge's; `say` hears of what is not an attempt.

        Raises ConfigError for a robot with more than one arm.
        """
        self._connection, self._habits, self._facing, self._say = connection, habits, facing, say
        self._robot: Embodiment = load_embodiment(connection.welcome["robot"]["name"])
        if len(self._robot.arms) != 1:
            raise ConfigError(f"{self._robot.name} has {len(self._robot.arms)} arms: this operator has one hand")
        self._arm = self._robot.only_arm.name
        self._planner = WaypointPlanner(self._robot.source)
        self._seeds = np.random.SeedSequence(seed)

    async def collect(self, episodes: int, tell: Callable[[Attempt], None]) -> list[Attempt]:
        """Do what is requested until `episodes` have succeeded, or nothing more is requested.

        `tell` hears of each attempt. Raises OperatorStopped when there is no going on, ConnectionLost, or VlaError for
        a collection that cannot be served.
        """
        attempts: list[Attempt] = []
        in_vain = barred = 0
        self._check_charge()
        self._check_collection()
        if (reason := self._waits_for()) and self._connection.collection["recording"]:
            self._say(f"waits: {reason}, or wait until it ends by itself")
        await self._until_free(READY_WITHIN_S)
        while sum(attempt.success for attempt in attempts) < episodes:
            prompt = self._connection.collection["prompt"]
            if prompt is None:
                break
            attempts.append(attempt := await self._attempt(prompt, again=barred > 0))
            tell(attempt)
            in_vain = 0 if attempt.success else in_vain + 1
            barred = barred + 1 if attempt.barred else 0
            if barred == BARRED_MAX:
                raise OperatorStopped(
                    f"in {barred} attempts in a row the arm did not follow to the end, enabled again each time; the "
                    f"last one: {attempt.note}"
                )
            if in_vain == IN_VAIN_MAX:
                raise OperatorStopped(f"{in_vain} attempts in a row failed, the last one: {attempt.note}")
            await self._until_free(SCENE_WITHIN_S)
        return attempts

    async def _attempt(self, prompt: Mapping[str, Any], again: bool) -> Attempt:
        """Record one episode of a prompt, whatever becomes of it; `again` after one that the arm did not follow."""
        if prompt["scene"] is None:
            raise VlaError("the collection is of a real robot: its scenes are known to nobody but who sees them")
        connection, instruction = self._connection, str(prompt["instruction"])
        try:
            waypoints = await asyncio.to_thread(self._planner.waypoints, prompt)
        except VlaError as error:
            await connection.command("schedule_skip")
            return Attempt(instruction, False, f"skipped: {error}")
        await self._take_over(again)
        await self._insist("episode_start")
        (seed,) = self._seeds.spawn(1)
        hand = SimulatedHand(connection, self._arm, self._habits, int(seed.generate_state(1)[0]), self._facing)
        barred = False
        try:
            note = await self._carry_out(hand, waypoints)
        except NotReached as error:
            await hand.let_go()
            note, barred = str(error), isinstance(error, ArmBarred)
        except asyncio.CancelledError:
            await connection.command("episode_redo")  # what was interrupted is no episode
            raise
        try:
            await connection.command("episode_stop", success=not note, note=note)
        except ConnectionLost:
            raise
        except VlaError as error:  # the collection has ended it itself
            note = note or str(error)
        return Attempt(instruction, not note, note, barred)

    async def _carry_out(self, hand: SimulatedHand, waypoints: Sequence[Waypoint]) -> str:
        """Go from waypoint to waypoint; return what is wrong, as the fingers show. Raises NotReached."""
        shut = False
        for waypoint in waypoints:
            if shut and waypoint.closed == 0.0 and self._holds_nothing:
                break  # there is nothing to let go of
            await hand.reach(waypoint)
            shut = shut if waypoint.closed is None else waypoint.closed > 0.0
        await hand.let_go()
        return "nothing in the fingers" if shut and self._holds_nothing else ""

    @property
    def _holds_nothing(self) -> bool:
        return (self._state["arms"][self._arm]["opening"] or 0.0) <= EMPTY

    async def _take_over(self, again: bool) -> None:
        """Have the arm follow this hand, as a person does who reads the page. Raises OperatorStopped, VlaError."""
        if held := self._state["held"]:
            self._say(f"enables the arm again: it is held ({held})")
        elif again:  # with the scene changed it is only disabled
            self._say("enables the arm again")
        await self._insist("enable")
        await self._wait(lambda: self._state["enabled"], READY_WITHIN_S)
        if self._state["mode"] in ("hold", "policy"):
            self._say("takes the arm")
            await self._insist("take")
        await self._wait(lambda: not arm_obstacle(self._connection), READY_WITHIN_S)

    async def _insist(self, command: str) -> None:
        """Have something done that a graph which is still starting refuses at first. Raises VlaError."""
        until = time.monotonic() + READY_WITHIN_S
        while True:
            self._check_charge()
            try:
                await self._connection.command(command)
                return
            except ConnectionLost:
                raise
            except VlaError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(AGAIN_AFTER_S)

    @property
    def _state(self) -> dict[str, Any]:
        return self._connection.state

    def _check_charge(self) -> None:
        """Raise OperatorStopped for what is not for a script to undo: an e-stop, somebody else in the seat."""
        seat = self._connection.seat
        if self._state["estop"]:
            raise OperatorStopped(
                "the e-stop is latched: see why, release it on the page or with vla recover, then start this again"
            )
        if not seat["yours"]:
            driver = seat["driver"]
            raise OperatorStopped(f"{driver or 'nobody'} drives: have the seat left, then start this again")

    def _check_collection(self) -> None:
        """Raise VlaError where there is nothing that could ever be requested."""
        collection = self._connection.collection
        if not collection:
            raise VlaError("nothing is collected: start the job with collection:=NAME schedule:=NAME")
        if not collection["wanted"]:
            raise VlaError("no scene is requested: start the job with schedule:=NAME")

    def _waits_for(self) -> str:
        """Return what keeps the next episode from being begun; "" when nothing does."""
        collection = self._connection.collection
        if collection["recording"]:
            return f"{collection['episode']} is being recorded: end it on the page"
        if collection["busy"]:
            return str(collection["busy"])
        planned = collection["prompt"] is not None or collection["done"] >= collection["wanted"]
        return "" if planned else "what is next has not been said yet"

    async def _until_free(self, seconds: float) -> None:
        """Wait until an episode can be begun. Raises OperatorStopped with what is waited for in vain."""
        await self._wait(lambda: not self._waits_for(), seconds, self._waits_for)

    async def _wait(self, done: Callable[[], Any], seconds: float, why: Callable[[], str] | None = None) -> None:
        """Wait until `done`. Raises OperatorStopped with `why`, by default why the arm does not follow."""

        def poll() -> Any:
            self._check_charge()
            return done()

        try:
            await self._connection.until(poll, seconds)
        except (ConnectionLost, OperatorStopped):
            raise
        except VlaError:
            reason = why() if why is not None else arm_obstacle(self._connection)
            raise OperatorStopped(f"{reason}, for {seconds:g} s already") from None
