# SPDX-License-Identifier: Apache-2.0
"""A server of pages, or of programs, on one port, in a thread of its own: its socket, TLS, beginning and end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from controllers.errors import ConfigError, VlaError
from vla_ros.teleop.serving.connections import BACKLOG, Connections
from vla_ros.teleop.serving.paired_site import PairedSite
from vla_ros.teleop.serving.pairing import page_link

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0
KEEPALIVE_S = 75.0  # that a connection with the token may be idle between two requests


@dataclass(frozen=True)
class Listening:
    """Where a server listens, and who may come in."""

    address: str  # that is bound
    port: int  # 0: any that is free
    hosts: tuple[str, ...]  # for links, the best first
    token: str
    tls: ssl.SSLContext | None = None


class _OneLine(logging.Handler):
    """What aiohttp would write with a trace, in one line: anybody on the network can send what is no request."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        error = record.exc_info[1] if record.exc_info else None
        reason = "" if error is None else f": {type(error).__name__}: {error}"
        self._complain(" ".join(f"{record.getMessage()}{reason}".split())[:200])


class PageServer(ABC):
    """What every page's server has; a subclass says what it serves."""

    def __init__(self, name: str, listening: Listening, option: str = "port:=") -> None:
        """Bind the port. Raises ConfigError when somebody else has it; `option` is how the port was named."""
        self._name, self._listening = name, listening
        self._socket = _bind(listening.address, listening.port, option)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._started, self._stop = threading.Event(), asyncio.Event()
        self._failure: BaseException | None = None

    @abstractmethod
    def application(self) -> web.Application:
        """Return what is served."""

    @abstractmethod
    def complain(self, text: str) -> None:
        """Write a warning to the terminal."""

    def site(self) -> PairedSite:
        """Return who may come in: whoever has the token of the links."""
        return PairedSite(self._listening.token, self.port, lambda: self.links[0], self._authenticate)

    def _authenticate(self, request: web.Request) -> None:
        self._connections.authenticate(request.transport)

    def alongside(self) -> AbstractAsyncContextManager[Any]:
        """Return what runs in the server's loop for as long as it serves."""
        return contextlib.nullcontext()

    @property
    def links(self) -> tuple[str, ...]:
        """Return the links to the page, the best first."""
        scheme = "http" if self._listening.tls is None else "https"
        return tuple(page_link(scheme, host, self.port, self._listening.token) for host in self._listening.hosts)

    def start(self) -> None:
        """Serve. Raises VlaError when that cannot be."""
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S) or self._failure is not None:
            raise VlaError(f"{self._name} cannot be served: {self._failure or 'it does not start'}")

    def close(self) -> None:
        """Say goodbye to every client and end."""
        if self._thread.is_alive():
            self.call(self._stop.set)
            self._thread.join(STOP_TIMEOUT_S)
        self._socket.close()

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Have something called in the server's thread; nothing when the server has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    def finish(self, work: Coroutine[Any, Any, Any], timeout: float = STOP_TIMEOUT_S) -> None:
        """Have work done in the server's loop, from another thread, and wait for it, at most `timeout` [s]."""
        if not self._thread.is_alive():
            work.close()
            return
        with contextlib.suppress(TimeoutError, RuntimeError):
            asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._on_exception)
        try:
            self._loop.run_until_complete(self._run())
        except BaseException as error:
            self._failure = error
            self._started.set()
        finally:
            with contextlib.suppress(RuntimeError):
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say in one line what asyncio would write a page about: a browser that does not trust the certificate yet."""
        error = context.get("exception")
        self.complain(f"{context.get('message', 'the server failed')}{f': {error}' if error else ''}")

    async def _run(self) -> None:
        logger = logging.Logger(self._name)
        logger.addHandler(_OneLine(self.complain))
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=1.0, logger=logger, keepalive_timeout=KEEPALIVE_S
        )
        await runner.setup()
        assert runner.server is not None
        self._connections = Connections(self._socket, self._listening.tls, runner.server, self.complain)
        accepting = asyncio.create_task(self._connections.accept())
        try:
            async with self.alongside():
                self._started.set()
                await self._stop.wait()
        finally:
            accepting.cancel()
            self._connections.close()
            await runner.cleanup()


def _bind(address: str, port: int, option: str) -> socket.socket:
    """Return a listening socket. Raises ConfigError with the reason."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"{option}{port} on {address}: {error.strerror}; give another, or 0 for any that is free"
        ) from None
    return sock
