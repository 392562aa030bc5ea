# SPDX-License-Identifier: Apache-2.0
"""A TCP port that leads to a policy server through a worse network than there is: for trials on one machine.

It passes bytes on, whatever they mean, each way as late as `Network` says: one draw for a message, which is bytes that
come without a pause; nothing overtakes what was sent before it; in an outage connections stay, and what is sent
comes after it. Opening a connection costs a round trip. It does not limit how many bytes a second pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.remote.network import Network

PAUSE_S = 0.02  # [s] without a byte, after which the next ones are another message
READ, WAITING_MAX = 1 << 16, 1024  # bytes at once, how many of those are under way on a connection at most
START_S, CONNECT_S = 5.0, 5.0


@dataclass(frozen=True)
class Passed:
    """One message that was passed on."""

    outward: bool  # from the robot to the server
    sent: float  # [s] since the relay's start
    late_s: float  # [s] that it took


class NetworkRelay:
    """Listen on a port of this machine, in a thread of its own."""

    def __init__(self, network: Network, host: str, port: int, listen: int = 0, seed: int = 0) -> None:
        """Lead from port `listen` (0: any) of localhost to `port` of `host`. Raises ConfigError for a port in use."""
        self.network = network
        self._server_at, self._seed, self._connections = (host, port), seed, 0
        self._cut_until = 0.0  # [s, of the loop]
        self.passed: deque[Passed] = deque(maxlen=100_000)
        self._loop = asyncio.new_event_loop()
        self._began = self._loop.time()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network relay", daemon=True)
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(
                asyncio.start_server(self._accept, "127.0.0.1", listen), self._loop
            ).result(START_S)
        except OSError as error:
            self._end_thread()
            raise ConfigError(f"port {listen}: {error.strerror or error}: give another one, --port N") from None
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self, seconds: float) -> None:
        """Let nothing through for so long [s], from now on; what was sent before it still arrives."""
        self._loop.call_soon_threadsafe(setattr, self, "_cut_until", self._loop.time() + seconds)

    def close(self) -> None:
        """End every connection, and the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(START_S)
            self._end_thread()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    # -- in the loop -------------------------------------------------------------------------------------------------
    async def _close(self) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        draws = np.random.default_rng([self._seed, self._connections]).spawn(2)
        task = self._loop.create_task(self._connect(reader, writer, *draws))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        outward: np.random.Generator,
        back: np.random.Generator,
    ) -> None:
        """Pass on what one connection says until either side ends it."""
        writers = [writer]
        try:
            there = self._arrival(self._arrival(self._loop.time(), outward), back)
            await asyncio.sleep(there - self._loop.time())
            async with asyncio.timeout(CONNECT_S):
                its_reader, its_writer = await asyncio.open_connection(*self._server_at)
            writers.append(its_writer)
            ways = (self._way(reader, its_writer, outward, True), self._way(its_reader, writer, back, False))
            async with asyncio.TaskGroup() as both:
                for way in ways:
                    both.create_task(way)
        except (OSError, TimeoutError, BaseExceptionGroup):
            pass  # reset, or nobody there: what that means to the other side follows
        finally:
            for each in writers:
                each.transport.abort()

    async def _way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, random: np.random.Generator, outward: bool
    ) -> None:
        """Pass on one direction, as late as the network has it, to its end."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING_MAX)
        passing = asyncio.create_task(self._pass_on(under_way, writer))
        due, heard, late = 0.0, -np.inf, 0.0
        try:
            while True:
                data = await reader.read(READ)
                now = self._loop.time()
                if now - heard > PAUSE_S:
                    late = max(self._arrival(now, random), due) - now
                    self.passed.append(Passed(outward, now - self._began, late))
                heard, due = now, max(due, now + late)
                await under_way.put((due, data))
                if not data:
                    break
            await passing
        finally:
            passing.cancel()

    async def _pass_on(self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    def _arrival(self, sent: float, random: np.random.Generator) -> float:
        return self.network.arrival(sent, random, self._out)

    def _out(self, time: float) -> bool:
        return time < self._cut_until or self.network.out(time - self._began)
