# SPDX-License-Identifier: Apache-2.0
"""Everybody who is connected: who drives, what is passed on to the robot, what all are told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from controllers.errors import VlaError
from vla_ros.teleop import protocol
from vla_ros.teleop.announcements import Answer, CollectionEvent, Note, Pong, SeatEvent, Welcome, encode, picture
from vla_ros.teleop.attendance import Attendance
from vla_ros.teleop.client import Client
from vla_ros.teleop.collection import NO_COLLECTION, Collection
from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S, IdleWatch
from vla_ros.teleop.robot import Robot
from vla_ros.teleop.seat import Seat
from vla_ros.teleop.serving.complaints import Complaints

STATE_HZ = 20.0
COMMANDS_MAX = 8  # of one client that may be under way
CLIENTS_MAX = 16
STALE_MS = 150.0
NOT_DRIVING = "you are watching: take the seat first"
# What waits for a bag or a scene is its driver's alone. Not episode_stop: his verdict on what he drove holds.
CALLED_OFF = frozenset(protocol.COLLECTION_COMMANDS) - {"episode_stop"}


class Hub:
    """The clients of one robot. Everything runs in the server's loop, but for what says otherwise."""

    def __init__(
        self,
        robot: Robot,
        collection: Collection | None,
        log: Callable[[str, str], None],
        idle_timeout: float = IDLE_TIMEOUT_S,
    ) -> None:
        self.robot, self.collection, self.log = robot, collection, log
        self.clients: dict[int, Client] = {}
        self.seat = Seat()
        self._idle = IdleWatch(idle_timeout)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.complain = Complaints(log)
        self._attendance = None
        if collection is not None:
            self._attendance = Attendance(robot, collection, self.seat, self._idle, self.complain)

    # -- from any thread ---------------------------------------------------------------------------------------------
    def wants_picture(self, camera: int) -> bool:
        """Say whether any client could be sent a picture of a camera now."""
        return any(client.welcomed and client.pictures.wants(camera) for client in tuple(self.clients.values()))

    def offer_picture(self, camera: int, stamp: float, jpeg: bytes) -> None:
        """Show a picture to everybody."""
        self._call(self._show, camera, stamp, picture(camera, stamp, jpeg))

    def note(self, level: str, text: str) -> None:
        """Have everybody read something, in the terminal as well."""
        self.log(level, text)
        self._call(self._tell, Note(level, text))

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(function, *arguments)

    # -- in the server's loop ------------------------------------------------------------------------------------------
    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell everybody how things are, for as long as this lasts."""
        self._loop = asyncio.get_running_loop()
        if self.collection is not None:
            self.collection.on_change(lambda: self._call(self._tell_collection))
            self.collection.on_note(self.note)
        task = asyncio.create_task(self._tell_state())
        try:
            yield
        finally:
            task.cancel()
            for client in tuple(self.clients.values()):
                client.close(1001, "the bridge ends")
            if self.collection is not None:
                await self.collection.close()

    async def _tell_state(self) -> None:
        while True:
            try:
                self._show_state()
            except Exception as error:  # the next one may be well: a page without state would show an old one for ever
                self.complain(f"no state: {type(error).__name__}: {error}")
            await asyncio.sleep(1.0 / STATE_HZ)

    def _show_state(self) -> None:
        self.robot.watch_over()
        welcomed = [client for client in self.clients.values() if client.welcomed]
        if not (welcomed or (self.collection is not None and self.collection.recording)):
            return
        state = self.robot.state()
        if self._attendance is not None:
            state = replace(state, ending=self._attendance.update(state))
        frame = encode(state)
        for client in welcomed:
            client.show_state(frame)

    async def receive(self, client: Client) -> None:
        """Serve a client until it goes."""
        self.clients[client.number] = client
        client.on_refused = lambda reason: self._on_refused(client, reason)
        writing = asyncio.create_task(client.write())
        late = asyncio.get_running_loop().call_later(protocol.HELLO_WITHIN_S, self._expect_hello, client)
        try:
            await client.read(lambda message, arrival: self._take(client, message, arrival))
        finally:
            late.cancel()
            writing.cancel()
            del self.clients[client.number]
            client.call_off()
            if self.seat.part(client.number):
                self.robot.let_go("the driver has gone")
                self.log("warning", f"{client.name or 'the driver'} ({client.address}) has gone: the arm holds")
            self._tell_seat()
            self._watch()

    def _expect_hello(self, client: Client) -> None:
        if not client.welcomed:
            client.close(protocol.CLOSE_HELLO, f"no hello within {protocol.HELLO_WITHIN_S:g} s")

    async def _take(self, client: Client, message: protocol.Message, arrival: float) -> None:
        self.seat.refresh(client.number, arrival)
        if self._drives(client):
            self._idle.refresh(arrival)
        if isinstance(message, protocol.Hands):
            if self._drives(client):
                self._idle.take(message, arrival)
                self.robot.hands(message, arrival)
        elif isinstance(message, protocol.Ping):
            client.send(Pong(message.t))
        elif isinstance(message, protocol.Hello):
            self._welcome(client, message)
        elif isinstance(message, protocol.OperatorCommand):
            self._command(client, message)

    def _welcome(self, client: Client, hello: protocol.Hello) -> None:
        client.name, client.welcomed = hello.name, True
        robot, cameras = self.robot.describe()
        content = None if self.collection is None else dict(self.collection.snapshot())
        client.send(Welcome(robot, cameras, content, STALE_MS))
        self.seat.join(client.number, hello.name)
        if hello.seat == "drive" and not self._take_seat(client):
            client.note("info", f"{self.seat.driver_name} drives: you watch")
        self._tell_seat()
        self._watch()

    # -- commands ------------------------------------------------------------------------------------------------------
    def _command(self, client: Client, command: protocol.OperatorCommand) -> None:
        if command.name == "estop" and (command.arguments["on"] or self._drives(client)):
            on = command.arguments["on"]
            self.robot.emergency_stop(on)  # at once, whoever asks
            self.note("warning", f"e-stop {'pressed' if on else 'released'} by {client.name or 'somebody'}")
            client.send(Answer(command.id, True))
            return
        if client.pending >= COMMANDS_MAX:
            client.send(Answer(command.id, False, f"{COMMANDS_MAX} commands are under way: wait"))
            return
        client.pending += 1
        task = asyncio.create_task(self._carry_out(client, command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if command.name in CALLED_OFF:
            client.collecting.add(task)
            task.add_done_callback(client.collecting.discard)

    async def _carry_out(self, client: Client, command: protocol.OperatorCommand) -> None:
        try:
            result = await self._do(client, command.name, command.arguments)
        except asyncio.CancelledError:
            client.send(Answer(command.id, False, f"{command.name} was called off: you do not drive any more"))
            raise
        except VlaError as error:
            client.send(Answer(command.id, False, " ".join(str(error).split())))
        except Exception as error:  # one line for the operator; he must not wait for an answer that never comes
            self.log("error", f"{command.name} failed: {type(error).__name__}: {error}")
            client.send(Answer(command.id, False, f"{command.name} failed: {type(error).__name__}: {error}"))
        else:
            client.send(Answer(command.id, True, "", result))
        finally:
            client.pending -= 1

    async def _do(self, client: Client, name: str, arguments: Mapping[str, Any]) -> Any:
        if name == "drive":
            if not self._take_seat(client):
                raise VlaError(f"{self.seat.driver_name} drives: ask for the seat, or wait until it is free")
            self._tell_seat()
            return None
        if not self._drives(client):
            raise VlaError(NOT_DRIVING)
        self._idle.act(time.monotonic())
        if name == "episode_continue":
            return None  # that he is there is all it says
        if name == "leave":
            self.seat.leave(client.number)
            client.call_off()
            self.robot.let_go("nobody drives")
            self._tell_seat()
            return None
        if name in protocol.COLLECTION_COMMANDS:
            return await self._collect(client, name, arguments)
        return await self.robot.command(name, arguments)

    async def _collect(self, client: Client, name: str, arguments: Mapping[str, Any]) -> Any:
        if self.collection is None or self._attendance is None:
            raise VlaError(NO_COLLECTION)
        if name == "episode_start":
            arguments = {"operator": client.name}
        method: Callable[..., Awaitable[Any]] = getattr(self.collection, name)
        async with self._attendance.collecting:
            result = await method(**arguments)
        self._idle.act(time.monotonic())  # what took long is no silence of his
        return result

    def _drives(self, client: Client) -> bool:
        return self.seat.driver == client.number

    def _take_seat(self, client: Client) -> bool:
        before, now = self.seat.driver, time.monotonic()
        if not self.seat.claim(client.number, now):
            return False
        self._idle.act(now)
        if before != client.number:
            if before is not None and before in self.clients:
                self.clients[before].call_off()
            self.robot.let_go("the driver has changed")
            self.log("info", f"{client.name or 'somebody'} ({client.address}) drives")
        return True

    # -- what all are told ---------------------------------------------------------------------------------------------
    def _tell(self, announcement: Note) -> None:
        for client in self.clients.values():
            if client.welcomed:
                client.send(announcement)

    def _tell_seat(self) -> None:
        for client in self.clients.values():
            if client.welcomed:
                client.send(SeatEvent(self._drives(client), self.seat.driver_name, self.seat.watchers))

    def _tell_collection(self) -> None:
        if self.collection is None:
            return
        event = CollectionEvent(self.collection.snapshot())
        for client in self.clients.values():
            if client.welcomed:
                client.send(event)

    def _show(self, camera: int, stamp: float, frame: bytes) -> None:
        for client in self.clients.values():
            if client.welcomed:
                client.show_picture(camera, stamp, frame)

    def _watch(self) -> None:
        self.robot.watch(any(client.welcomed for client in self.clients.values()))

    def _on_refused(self, client: Client, reason: str) -> None:
        self.complain(f"a message of {client.name or 'somebody'} ({client.address}) was refused: {reason}")
        if self._drives(client):
            self.robot.let_go(f"a message was refused: {reason}")
