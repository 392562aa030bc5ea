# SPDX-License-Identifier: Apache-2.0
"""The websocket from a client's side: what a page does, for programs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import aiohttp

from controllers.errors import ConfigError, VlaError
from vla_ros.documents import parse_json
from vla_ros.teleop import protocol
from vla_ros.teleop.announcements import PICTURE
from vla_ros.teleop.protocol import HandSample

ANSWER_WITHIN_S = 30.0
FRAME_MAX = 8 << 20  # [bytes] a picture may have
GOODBYE_S = 1.0  # [s] until what was said as the socket was closed is read
GONE = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)


class ConnectionLost(VlaError):
    """The bridge has gone, or sent us away."""


class Connection:
    """One connection to a bridge: `async with Connection(link, "Ada") as connection`.

    `link` is what the bridge's terminal shows. Pictures are acknowledged, and counted in `pictures`.
    """

    def __init__(self, link: str, name: str, seat: str = "drive", tls: ssl.SSLContext | None = None) -> None:
        self.welcome: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self.seat: dict[str, Any] = {}
        self.collection: dict[str, Any] = {}
        self.notes: deque[dict[str, Any]] = deque(maxlen=200)
        self.refused: deque[str] = deque(maxlen=200)
        self.pictures: dict[int, int] = {}  # camera → how many
        self.picture: dict[int, bytes] = {}  # camera → newest JPEG
        page, _, query = link.partition("?")
        self._page = page
        self._url, self._name, self._seat, self._tls = f"{page.rstrip('/')}/ws?{query}", name, seat, tls
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = self._sent = 0
        self._pong: float | None = None  # [s, monotonic] when the answer to the last ping came
        self._goodbye = ""  # why the bridge has closed the socket, where it said so
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Connection:
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(self._url, ssl=self._tls or True, max_msg_size=FRAME_MAX)
        except aiohttp.InvalidURL:
            await self._session.close()
            raise ConfigError(f"'{self._page}': is no link: give it as vla teleop prints it") from None
        except (aiohttp.ClientError, OSError) as error:
            await self._session.close()
            raise ConnectionLost(f"{self._url.partition('?')[0]}: nobody answers ({error})") from None
        self._reading = asyncio.create_task(self._read(self._socket))
        try:
            await self.send("hello", protocol=protocol.VERSION, name=self._name, seat=self._seat)
            await self.until(self._welcomed)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    def _welcomed(self) -> bool:
        if self.refused:
            raise VlaError(f"the bridge refuses: {self.refused[-1]}")
        return bool(self.welcome and self.seat and self.state)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    @property
    def close_code(self) -> int | None:
        """Return with what code the bridge has closed the socket; None while it is open."""
        return None if self._socket is None else self._socket.close_code

    async def send(self, kind: str, **content: Any) -> None:
        """Send a message. Raises ConnectionLost."""
        await self.send_text(json.dumps({"type": kind} | content))

    async def send_text(self, text: str) -> None:
        """Send a text frame as it is. Raises ConnectionLost."""
        socket = self._socket
        if socket is None or socket.closed:
            raise self._lost()
        try:
            await socket.send_str(text)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ConnectionLost(f"the bridge has gone ({error})") from None

    async def hands(
        self,
        hands: Mapping[str, HandSample],
        source: str = "xr",
        sticks: Mapping[str, tuple[float, float]] | None = None,
        head: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Say where the hands are, and how the headset is turned (xyzw), in WebXR's axes. Raises ConnectionLost."""
        self._sent += 1
        content = {
            hand: {"p": list(s.position), "q": list(s.orientation), "clutch": s.clutch, "gripper": s.gripper}
            for hand, s in hands.items()
        }
        pushed = {} if sticks is None else {"sticks": {hand: list(stick) for hand, stick in sticks.items()}}
        turned = {} if head is None else {"head": list(head)}
        await self.send(
            "hands", n=self._sent, t=1e3 * time.monotonic(), source=source, hands=content, **pushed, **turned
        )

    async def command(self, name: str, /, **arguments: Any) -> Any:
        """Have something done and return the result. Raises VlaError with the bridge's reason when it was not."""
        self._number += 1
        number = self._number
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answered
        await self.send("command", id=number, command=name, arguments=arguments)
        try:
            answer = await asyncio.wait_for(answered, ANSWER_WITHIN_S)
        except TimeoutError:
            raise VlaError(f"{name}: the bridge does not answer") from None
        finally:
            self._answers.pop(number, None)
        if not answer["ok"]:
            raise VlaError(f"{name}: {answer['error']}")
        return answer["result"]

    async def ping(self) -> float:
        """Return how long there and back takes [s]. Raises VlaError."""
        began = time.monotonic()
        self._pong = None
        await self.send("ping", t=1e3 * began)
        await self.until(lambda: self._pong is not None)
        return (self._pong or began) - began

    async def until(self, done: Callable[[], Any], timeout: float = ANSWER_WITHIN_S) -> None:
        """Wait until `done`. Raises ConnectionLost, or VlaError after `timeout` [s]."""
        end = time.monotonic() + timeout
        while not done():
            if self._socket is None or self._socket.closed:
                if self._reading is not None:
                    await asyncio.wait([self._reading], timeout=GOODBYE_S)
                raise self._lost()
            if time.monotonic() > end:
                raise VlaError(f"what was waited for did not come within {timeout:g} s")
            await asyncio.sleep(0.01)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while (frame := await socket.receive()).type not in GONE:
            if frame.type is aiohttp.WSMsgType.BINARY:
                await self._take_picture(frame.data)
            elif frame.type is aiohttp.WSMsgType.TEXT:
                self._take(parse_json(frame.data, "the page"))
        self._goodbye = str(frame.extra or "")
        for answered in self._answers.values():
            if not answered.done():
                answered.set_exception(self._lost())

    def _lost(self) -> ConnectionLost:
        reason = f": {self._goodbye}" if self._goodbye else ""
        return ConnectionLost(f"the bridge has closed the connection ({self.close_code}){reason}")

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.pop("type")
        if kind in ("welcome", "state", "seat", "collection"):
            setattr(self, kind, message)
            if kind == "welcome":  # afterwards only changes are told
                self.collection = message["collection"] or {}
        elif kind == "pong":
            self._pong = time.monotonic()
        elif kind == "note":
            self.notes.append(message)
        elif kind == "refused":
            self.refused.append(message["reason"])
        elif kind == "answer" and message["id"] in self._answers and not self._answers[message["id"]].done():
            self._answers[message["id"]].set_result(message)

    async def _take_picture(self, frame: bytes) -> None:
        kind, camera, stamp = struct.unpack_from("<BBd", frame)
        if kind == PICTURE:
            self.pictures[camera] = self.pictures.get(camera, 0) + 1
            self.picture[camera] = frame[10:]
            with contextlib.suppress(ConnectionLost):  # what is read next says why
                await self.send("seen", camera=camera, stamp=stamp)
