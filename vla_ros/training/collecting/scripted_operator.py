# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: does prompt after prompt of a simulated collection over the bridge's own websocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.robots.control import arm_model, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.teleop.demonstrator.connection import Connection, ConnectionLost
from vla_ros.teleop.demonstrator.demonstrator import Demonstrator, NotReached
from vla_ros.teleop.demonstrator.habits import Habits
from vla_ros.training.collecting.operators_plan import plan_waypoints, prompted_scene

READY_WITHIN_S = 60.0  # [s] a graph may still be starting, and building the first scene
AGAIN_AFTER_S = 0.5
SCENE_WITHIN_S = 90.0  # [s] from the end of an episode until the next scene stands there
EMPTY = 0.002  # [m] between fingers that hold nothing
IN_VAIN_MAX = 8
CAREFUL = Habits(speed=0.25, pause_s=(0.05, 0.3), tolerance=0.004, tolerance_angle=0.03)


@dataclass(frozen=True)
class Attempt:
    """One episode, as the operator judged it; `note` says why it failed."""

    instruction: str
    success: bool
    note: str


class ScriptedOperator:
    """One operator on an open connection, in the driver's seat."""

    def __init__(self, connection: Connection, habits: Habits = CAREFUL, seed: int = 0, facing: float = 0.0) -> None:
        """`facing` [rad] must be the bridge's. Raises ConfigError for a robot with more than one arm."""
        self._connection, self._habits, self._facing = connection, habits, facing
        self._robot: Embodiment = load_embodiment(connection.welcome["robot"]["name"])
        if len(self._robot.arms) != 1:
            raise ConfigError(f"{self._robot.name} has {len(self._robot.arms)} arms: this operator has one hand")
        self._arm = self._robot.arms[0].name
        self._model = arm_model(self._robot, self._robot.arms[0], load_control_config(self._robot.name))
        self._seeds = np.random.SeedSequence(seed)

    async def collect(self, episodes: int, tell: Callable[[Attempt], None]) -> list[Attempt]:
        """Do what is asked for until `episodes` have succeeded, or nothing more is asked for.

        `tell` hears of each attempt. Raises ConnectionLost, or VlaError for a collection that cannot be served.
        """
        attempts: list[Attempt] = []
        in_vain = 0
        await self._wait(lambda: self._state["hold_reason"] != "", READY_WITHIN_S, "the robot does not answer")
        await self._wait(self._is_ready, READY_WITHIN_S, "no scene is asked for: start the job with task:=…")
        while sum(attempt.success for attempt in attempts) < episodes:
            prompt = self._connection.collection["prompt"]
            if prompt is None:
                break
            attempts.append(await self._attempt(prompt))
            tell(attempts[-1])
            in_vain = 0 if attempts[-1].success else in_vain + 1
            if in_vain == IN_VAIN_MAX:
                raise VlaError(f"{in_vain} attempts in a row failed, the last one: {attempts[-1].note}")
            await self._wait(self._is_ready, SCENE_WITHIN_S, "the episode does not end")
        return attempts

    async def _attempt(self, prompt: Mapping[str, Any]) -> Attempt:
        """Record one episode of a prompt, whatever becomes of it."""
        if prompt["scene"] is None:
            raise VlaError("the collection is of a real robot: its scenes are known to nobody but who sees them")
        connection, instruction = self._connection, str(prompt["instruction"])
        try:
            waypoints = await asyncio.to_thread(
                plan_waypoints, prompted_scene(prompt["scene"]), instruction, self._robot, self._model
            )
        except VlaError as error:
            await connection.command("schedule_skip")
            return Attempt(instruction, False, f"skipped: {error}")
        await self._insist("enable")
        await self._wait(lambda: self._state["enabled"], READY_WITHIN_S, "the arm cannot be enabled")
        await self._insist("episode_start")
        (seed,) = self._seeds.spawn(1)
        hand = Demonstrator(connection, self._arm, self._habits, int(seed.generate_state(1)[0]), self._facing)
        try:
            await hand.carry_out(waypoints)
            note = "" if (self._state["arms"][self._arm]["opening"] or 0.0) > EMPTY else "nothing in the fingers"
        except NotReached as error:
            await hand.let_go()
            note = str(error)
        except asyncio.CancelledError:
            await connection.command("episode_redo")  # what was interrupted is no episode
            raise
        await connection.command("episode_stop", success=not note, note=note)
        return Attempt(instruction, not note, note)

    async def _insist(self, command: str) -> None:
        """Have something done that a graph which is still starting refuses at first. Raises VlaError."""
        until = time.monotonic() + READY_WITHIN_S
        while True:
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

    def _is_ready(self) -> bool:
        """Say whether nothing is being recorded, and it is known what is next."""
        collection = self._connection.collection
        return bool(collection) and not collection["recording"] and not collection["busy"]

    async def _wait(self, done: Callable[[], Any], seconds: float, complaint: str) -> None:
        try:
            await self._connection.until(done, seconds)
        except ConnectionLost:
            raise
        except VlaError:
            raise VlaError(f"{complaint}, within {seconds:g} s") from None
