# SPDX-License-Identifier: Apache-2.0
"""A policy over openpi's protocol: a websocket, the metadata first, a binary reply to each binary observation.

A text frame is an error: after bytes that are no observation the connection ends, after a policy that failed it goes
on. Inference runs in threads, so that pings, health and other robots are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import WSMsgType, web

from controllers.errors import VlaError
from vla_ros.policies.base import Policy
from vla_ros.policies.remote.connection import MESSAGE_MAX, SESSION
from vla_ros.policies.remote.message_pack import MessageError, pack
from vla_ros.policies.remote.server_description import ServerDescription
from vla_ros.robots.embodiment import Embodiment
from vla_ros.serving.session import ROBOT_MAX, Session, robot_of
from vla_ros.serving.session_pool import SessionPool
from vla_ros.teleop.serving.complaints import Complaints
from vla_ros.teleop.serving.page_server import Listening, PageServer
from vla_ros.teleop.serving.pairing import same_token

HEARTBEAT_S = 20.0  # between pings of an idle connection; half of it later who has not answered is gone
SEND_S = 10.0  # [s] in which a client takes what it was sent
UNASKED_S = 3600.0  # [s] after which a connection that asks nothing, or sends a byte now and then, is closed
DOOR, HEALTH = "/", "/healthz"
_NOT_SENT = (TimeoutError, ConnectionError, RuntimeError)
Log = Callable[[str, str], None]


class PolicyServer(PageServer):
    """The server of one policy for one robot's description, for several robots of that kind at once."""

    def __init__(
        self,
        description: ServerDescription,
        robot: Embodiment,
        load: Callable[[], Policy],
        listening: Listening,
        connections: int = 4,
        log: Log = lambda level, text: None,
    ) -> None:
        """Bind the port and load the policy. Raises ConfigError. An empty token of `listening` lets everybody in."""
        super().__init__("the policy", listening, "--port ")
        try:
            self._pool = SessionPool(lambda: Session(load(), description.needs, robot))
        except BaseException:
            self.close()
            raise
        self._token = listening.token
        self._description, self._most = description, connections
        self._log, self._complaints = log, Complaints(log)
        self._workers = ThreadPoolExecutor(connections, "inference")
        self._sockets: set[web.WebSocketResponse] = set()
        self._asking: dict[str, web.Request] = {}  # the connection of each robot that says who it is

    def application(self) -> web.Application:
        """Return websocket and health."""
        application = web.Application(client_max_size=1024)
        application.router.add_get(DOOR, self._door)
        application.router.add_get(HEALTH, self._health)
        return application

    @contextlib.asynccontextmanager
    async def alongside(self) -> AsyncIterator[None]:
        """Let those who are connected know the end."""
        try:
            yield
        finally:
            for socket in tuple(self._sockets):
                with contextlib.suppress(*_NOT_SENT):
                    await asyncio.wait_for(socket.close(code=1001, message=b"the server ends"), 1.0)
            self._workers.shutdown(wait=False, cancel_futures=True)

    def complain(self, text: str) -> None:
        """Write a warning to the terminal, unless there was one a moment ago."""
        self._complaints(text)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    async def _door(self, request: web.Request) -> web.StreamResponse:
        address = request.remote or "?"
        if "Origin" in request.headers:  # a browser: some page wants to use its reader's network
            raise web.HTTPForbidden(text="this is no page: a policy server answers programs alone")
        given = request.headers.get("Authorization", "").removeprefix("Api-Key ")
        if self._token and not same_token(given, self._token):
            self.complain(f"{address} was turned away: {'wrong' if given else 'no'} token")
            raise web.HTTPUnauthorized(text="Authorization: Api-Key TOKEN is missing or wrong")
        robot = request.headers.get(SESSION, "")
        if len(robot) > ROBOT_MAX:
            raise web.HTTPBadRequest(text=f"{SESSION} has {len(robot)} characters, allowed are {ROBOT_MAX}")
        # A robot whose network was out comes back to the place that its dead connection still holds; one at a time, so
        # that no connections gather where a policy hangs.
        if len(self._sockets) >= self._most + (robot in self._asking):
            self.complain(f"{address} was turned away: {self._most} robots are connected already")
            raise web.HTTPServiceUnavailable(text=f"{self._most} robots are connected already")
        socket = web.WebSocketResponse(
            max_msg_size=MESSAGE_MAX, heartbeat=HEARTBEAT_S, compress=False, receive_timeout=UNASKED_S
        )
        if not socket.can_prepare(request):
            return web.Response(text="a policy server: ask by websocket, as openpi's client or policy:=remote do\n")
        self._enter(robot, request)
        self._sockets.add(socket)
        try:
            await socket.prepare(request)
            self._authenticate(request)
            await self._serve_robot(socket, request)
        finally:
            self._sockets.discard(socket)
            for name in [name for name, asking in self._asking.items() if asking is request]:
                del self._asking[name]
        return socket

    async def _serve_robot(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        """Answer until it goes."""
        address, asked, why = request.remote or "?", 0, ""
        session: Session | None = None
        robot = ""
        loop = asyncio.get_running_loop()
        try:
            await self._send(socket, pack(self._description.message()))
            async for message in socket:
                if message.type is not WSMsgType.BINARY:
                    why = "sent text: observations are binary"
                    break
                try:
                    if session is None:
                        robot = await loop.run_in_executor(self._workers, robot_of, message.data)
                        self._enter(robot, request)
                        session = await loop.run_in_executor(self._workers, self._pool.take, robot)
                        self._log("info", f"{address} asks for chunks")
                    reply: bytes | str = await loop.run_in_executor(self._workers, session.answer, message.data)
                    asked += 1
                except MessageError as error:
                    why = str(error)
                    break
                except Exception as error:  # whatever a policy raises
                    named = "" if isinstance(error, VlaError) else f"{type(error).__name__}: "
                    reply = f"no chunk: {named}{error}".splitlines()[0]
                    self.complain(f"{address}: {reply}")
                await self._send(socket, reply)
            if why:
                self.complain(f"{address} was disconnected: {why}")
                await self._send(socket, f"no observation: {why}")
                await socket.close(code=1008, message=why.encode()[:120])
        except _NOT_SENT as error:
            silent = isinstance(error, TimeoutError)
            self.complain(f"{address} was disconnected: {'it asks nothing, or does not read' if silent else error}")
            if request.transport is not None:
                request.transport.abort()
        finally:
            if session is not None:
                self._pool.give_back(session, robot)
                self._log("info", f"{address} has gone after {asked} chunks")

    def _enter(self, robot: str, request: web.Request) -> None:
        """Note whose connection this is, and end the one that it had before: nobody reads that any more."""
        if not robot:
            return
        before = self._asking.get(robot, request)
        self._asking[robot] = request
        if before is not request and before.transport is not None:
            before.transport.abort()

    async def _send(self, socket: web.WebSocketResponse, message: bytes | str) -> None:
        sending = socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message)
        await asyncio.wait_for(sending, SEND_S)
