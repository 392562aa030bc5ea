# SPDX-License-Identifier: Apache-2.0
"""A robot of the test's own process behind a real server, and a page that is a real websocket client."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from controllers.errors import VlaError
from vla_ros.teleop.announcements import (
    ArmDescription,
    ArmStatus,
    CameraDescription,
    CameraState,
    LinkState,
    RobotDescription,
    State,
)
from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S
from vla_ros.teleop.protocol import Hands
from vla_ros.teleop.server import Listening, TeleopServer

TOKEN = "token-of-the-tests"
WAIT_S = 20.0  # generous: a loaded machine is slow, not wrong


class NotedRobot:
    """Note everything it is asked; be disabled by what its name says."""

    def __init__(self) -> None:
        self.heard: list[Hands] = []
        self.released: list[str] = []
        self.stopped: list[bool] = []
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.watched = False
        self.watched_over = 0

    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        robot = RobotDescription("franka", (ArmDescription("panda", "right", 0.08),), False, False, False)
        return robot, (CameraDescription("front", 640, 480, False), CameraDescription("wrist", 640, 480, True))

    def watch_over(self) -> None:
        self.watched_over += 1

    def state(self) -> State:
        arm = ArmStatus(None, None, 0.08, None, None, False, "")
        return State(
            0.0, "teleop", True, False, False, "", "", 1.0, 1.0, {"panda": arm}, LinkState(None, None),
            (CameraState(10.0, 5.0),), False,
        )  # fmt: skip

    def hands(self, hands: Hands, arrival: float) -> None:
        self.heard.append(hands)

    def let_go(self, reason: str) -> None:
        self.released.append(reason)

    def emergency_stop(self, on: bool) -> None:
        self.stopped.append(on)

    async def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        self.commands.append((name, dict(arguments)))
        if name == "home":
            raise VlaError("no way\nhome")
        if name == "speed":
            raise ValueError("a mistake of ours")
        if name == "disable":
            await asyncio.sleep(3600.0)
        return "done"

    def watch(self, watched: bool) -> None:
        self.watched = watched


class Served:
    """A server in its thread, and what it wrote to the terminal."""

    def __init__(
        self, robot: Any = None, collection: Any = None, idle_timeout: float = IDLE_TIMEOUT_S, **listening: Any
    ) -> None:
        self.robot = robot or NotedRobot()
        self.log: list[tuple[str, str]] = []
        given = {"address": "127.0.0.1", "port": 0, "hosts": ("localhost",), "token": TOKEN} | listening
        self.server = TeleopServer(
            self.robot,
            Listening(**given),
            collection,
            lambda level, text: self.log.append((level, text)),
            idle_timeout,
        )
        self.server.start()

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def said(self, words: str) -> bool:
        return any(words in text for _, text in self.log)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *caught: object) -> None:
        self.server.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "the operator's page"]


class Page:
    """One client: what it was told, kind by kind, and pictures."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.pictures: list[tuple[int, float, bytes]] = []
        self._number = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self.socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                self.told.append(json.loads(frame.data))
            elif frame.type is aiohttp.WSMsgType.BINARY:
                kind, camera, stamp = struct.unpack_from("<BBd", frame.data)
                assert kind == 1
                self.pictures.append((camera, stamp, frame.data[10:]))

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == kind]

    async def until(self, done: Callable[[], Any]) -> Any:
        """Wait until `done` is true and return it."""
        async with asyncio.timeout(WAIT_S):
            while not (result := done()):
                await asyncio.sleep(0.01)
        return result

    async def send(self, kind: str, **content: Any) -> None:
        await self.socket.send_json({"type": kind} | content)

    async def hello(self, name: str = "Ada", seat: str = "drive") -> Page:
        await self.send("hello", protocol=1, name=name, seat=seat)
        await self.until(lambda: self.all("welcome") and self.all("seat"))
        return self

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to a command."""
        self._number += 1
        number = self._number
        await self.send("command", id=number, command=name, arguments=arguments)
        return await self.until(lambda: next((a for a in self.all("answer") if a["id"] == number), None))

    async def closed(self) -> int:
        """Wait until the server closes and return the code."""
        await asyncio.wait_for(asyncio.shield(self._reading), WAIT_S)
        return self.socket.close_code or 0


async def open_page(session: aiohttp.ClientSession, url: str, token: str = TOKEN, **options: Any) -> Page:
    """Connect as a page does, and say nothing yet."""
    return Page(await session.ws_connect(f"{url}/ws?token={token}", max_msg_size=1 << 22, **options))


def in_session(work: Callable[[aiohttp.ClientSession], Any]) -> Any:
    """Run a test's coroutine with a client session."""

    async def run() -> Any:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            return await work(session)

    return asyncio.run(run())
