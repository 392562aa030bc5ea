# SPDX-License-Identifier: Apache-2.0
"""An episode that nobody attends to any more ends by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from controllers.errors import VlaError
from vla_ros.teleop.announcements import Ending, State
from vla_ros.teleop.collection import Collection
from vla_ros.teleop.idle_watch import IdleWatch
from vla_ros.teleop.robot import Robot
from vla_ros.teleop.seat import Seat


class Attendance:
    """Look after the episodes of one collection, in the server's loop."""

    def __init__(
        self, robot: Robot, collection: Collection, seat: Seat, idle: IdleWatch, complain: Callable[[str], None]
    ) -> None:
        self.collecting = asyncio.Lock()  # held by whoever gives the collection a command
        self._robot, self._collection, self._seat, self._idle = robot, collection, seat, idle
        self._complain = complain
        self._abandoning: asyncio.Task[None] | None = None

    def update(self, state: State) -> Ending | None:
        """Return the countdown of the episode under way; have it ended where that is over."""
        if not self._collection.recording:
            return None
        now = time.monotonic()
        moves = state.mode == "home" or (state.enabled and not state.hold_reason)
        if moves and self._seat.driver is not None and not self._seat.silent(now):
            self._idle.act(now)  # he watches a policy
        ending = self._ending()
        if ending is not None and ending.in_s <= 0.0 and self._abandoning is None:
            self._abandoning = asyncio.create_task(self._abandon())
        return ending

    def _ending(self) -> Ending | None:
        return self._idle.ending(time.monotonic(), self._seat.driver is not None)

    async def _abandon(self) -> None:
        """End the episode, unless somebody has come back or ended it in the meantime."""
        try:
            async with self.collecting:
                ending = self._ending()
                if not self._collection.recording or ending is None or ending.in_s > 0.0:
                    return
                if self._robot.state().mode == "policy":
                    await self._robot.command("hold", {})  # nobody looks at what it does, and it is not recorded
                await self._collection.episode_abandon(ending.why)
        except VlaError as error:
            self._complain(f"an episode that nobody attends to cannot be ended: {error}")
        finally:
            self._abandoning = None
