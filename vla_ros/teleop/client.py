# SPDX-License-Identifier: Apache-2.0
"""One websocket: what comes in is parsed and passed on, what goes out waits here for a slow client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from vla_ros.teleop import protocol
from vla_ros.teleop.announcements import Announcement, Note, Refused, encode
from vla_ros.teleop.fields import ProtocolError
from vla_ros.teleop.pictures import PictureQueue

WAITING_MAX = 200  # announcements a client may be behind before it is given up
_numbers = itertools.count(1)


class Client:
    """One page that is connected."""

    def __init__(self, socket: web.WebSocketResponse, address: str) -> None:
        self.number, self.address, self.name = next(_numbers), address, ""
        self.pictures = PictureQueue()
        self.welcomed = False
        self.pending = 0  # commands that are being carried out
        self.collecting: set[asyncio.Task[None]] = set()  # those of them that end with his seat
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._state: str | None = None
        self._wake = asyncio.Event()
        self._refusals = 0

    def send(self, announcement: Announcement) -> None:
        """Send an announcement, after those that wait already."""
        if len(self._waiting) >= WAITING_MAX:
            self.close(protocol.CLOSE_MALFORMED, "too slow: it does not read what it is sent")
            return
        self._waiting.append(encode(announcement))
        self._wake.set()

    def note(self, level: str, text: str) -> None:
        """Have the operator read something."""
        self.send(Note(level, text))

    def show_state(self, frame: str) -> None:
        """Send a state, instead of an older one that still waits."""
        self._state = frame
        self._wake.set()

    def show_picture(self, camera: int, stamp: float, frame: bytes) -> None:
        """Send a picture, instead of an older one that still waits."""
        self.pictures.offer(camera, stamp, frame)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Close the socket, with a reason that fits into a close frame."""
        task = asyncio.ensure_future(self._socket.close(code=code, message=reason.encode()[:120]))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def call_off(self) -> None:
        """Call off what he asked of the collection and what still waits: somebody else decides now."""
        for task in tuple(self.collecting):
            task.cancel()

    async def write(self) -> None:
        """Send what there is, until the socket is closed."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while not self._socket.closed:
                await self._wake.wait()
                self._wake.clear()
                await self._send_all()

    async def _send_all(self) -> None:
        """Send words first, then how things are, then pictures."""
        while True:
            if self._waiting:
                await self._socket.send_str(self._waiting.popleft())
            elif self._state is not None:
                state, self._state = self._state, None
                await self._socket.send_str(state)
            elif (frame := self.pictures.take()) is not None:
                await self._socket.send_bytes(frame)
            else:
                return

    async def read(self, take: Callable[[protocol.Message, float], Awaitable[None]]) -> None:
        """Pass every message on with its arrival [s, monotonic], until the socket is closed."""
        async for frame in self._socket:
            arrival = time.monotonic()
            if frame.type is WSMsgType.ERROR:
                return
            if frame.type is not WSMsgType.TEXT:
                if not await self._refuse("only text frames are understood"):
                    return
                continue
            if len(frame.data) > protocol.FRAME_BYTES_MAX:
                reason = f"a message may have {protocol.FRAME_BYTES_MAX} bytes"
                await self._give_up(protocol.CLOSE_MALFORMED, reason)
                return
            try:
                message = protocol.parse(frame.data)
            except ProtocolError as error:
                if not await self._refuse(str(error)):
                    return
                continue
            if not self.welcomed and not isinstance(message, protocol.Hello):
                if not await self._refuse("say hello first"):
                    return
                continue
            self._refusals = 0
            if isinstance(message, protocol.Seen):
                self.pictures.seen(message.camera, message.stamp)
                self._wake.set()
            else:
                await take(message, arrival)

    async def _refuse(self, reason: str) -> bool:
        """Refuse a message; False when that was one too many."""
        self._refusals += 1
        self.refused(reason)
        if self._refusals < protocol.REFUSALS_MAX:
            return True
        await self._give_up(protocol.CLOSE_MALFORMED, f"{protocol.REFUSALS_MAX} refused messages in a row: {reason}")
        return False

    def refused(self, reason: str) -> None:
        """Tell the client that a message was refused, and why."""
        self.send(Refused(reason))
        self.on_refused(reason)

    on_refused: Callable[[str], None] = staticmethod(lambda reason: None)

    async def _give_up(self, code: int, reason: str) -> None:
        await asyncio.sleep(0.05)  # what was said last is read first
        await self._socket.close(code=code, message=reason.encode()[:120])
