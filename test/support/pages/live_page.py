# SPDX-License-Identifier: Apache-2.0
"""A page in a thread of its own, for tests that spin ROS meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np

from vla_ros.teleop.protocol import HandSample
from vla_ros.teleop.simulated_hand.connection import Connection

PACKET_S = 1.0 / 72.0
UNTURNED = (0.0, 0.0, 0.0, 1.0)
Place = Callable[[float], np.ndarray]  # [s] since it was set → (3,) [m] in WebXR's axes


class LivePage:
    """One connected page whose right hand goes where it is told to."""

    def __init__(self, link: str, name: str = "Ada", seat: str = "drive") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.connection = Connection(link, name, seat)
        self._place: Place = lambda time: np.zeros(3)
        self._since = 0.0
        self.clutch, self.gripper, self.speaking = False, 0.0, True
        try:
            self.result(self.connection.__aenter__())
        except BaseException:
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise
        self._moving = asyncio.run_coroutine_threadsafe(self._move(), self._loop)

    def result(self, work: Coroutine[Any, Any, Any], timeout: float = 40.0) -> Any:
        """Have work done in the page's loop and return what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def command(self, name: str, /, **arguments: Any) -> Any:
        """Return the result of a command; raises VlaError with the bridge's reason."""
        return self.result(self.connection.command(name, **arguments))

    @property
    def state(self) -> dict[str, Any]:
        return self.connection.state

    def noted(self, words: str) -> bool:
        return any(words in note["text"] for note in tuple(self.connection.notes))

    def go(self, place: Place, clutch: bool = True) -> None:
        """Have the hand go on like this from now."""
        self._place, self._since, self.clutch = place, self._loop.time(), clutch

    async def _move(self) -> None:
        next_time = self._loop.time()
        while True:
            if self.speaking:
                await self.say_hands(self._place(self._loop.time() - self._since))
            next_time = max(next_time + PACKET_S, self._loop.time())
            await asyncio.sleep(next_time - self._loop.time())

    async def say_hands(self, place: np.ndarray) -> None:
        """Say where the hands are when the page's is at `place` (3,) [m]."""
        x, y, z = place.tolist()
        await self.connection.hands({"right": HandSample((x, y, z), UNTURNED, self.clutch, self.gripper)})

    def drop(self) -> None:
        """Lose the network: the connection ends without a goodbye."""
        transport = self.connection._socket._response.connection.transport
        self._loop.call_soon_threadsafe(transport.abort)

    def close(self) -> None:
        """Leave."""
        self._moving.cancel()
        self.result(self.connection.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
