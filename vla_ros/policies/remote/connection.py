# SPDX-License-Identifier: Apache-2.0
"""One connection to a policy server: an observation out, a reply in, with time-outs; lost, it is made again.

openpi's protocol: a websocket; the server's metadata first, then binary replies to binary observations, in turn; a
text frame is an error. A reply that did not come in time could come later and pass for the next one's, so that the
connection ends with it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import secrets
import threading
from collections.abc import Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

import aiohttp

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.back_off import BackOff
from vla_ros.policies.remote.message_pack import MessageError, unpack

SESSION = "Vla-Session"  # header that says who asks, so that a server which is full knows who comes back
MESSAGE_MAX = 64 << 20  # [bytes] of one message, either way
CONNECT_S = 5.0  # [s] for the connection, TLS and metadata
_CLOSE_S = 1.0
_LOOK_S = 0.5  # [s] after which who waits looks whether somebody still answers

Result = TypeVar("Result")


class NoServer(ConfigError):
    """Nobody answers at a URL, or not as a policy server does."""


class Connection:
    """Speak to one server; an event loop in a thread of its own answers its pings while nobody asks."""

    def __init__(self, address: ServerAddress, token: str = "") -> None:
        """Connect to nobody yet. `token` goes to the server as openpi's API key."""
        self.address, self._token = address, token
        self.session = secrets.token_hex(16)  # who asks, however often the connection is made
        self.metadata: Any = None  # of the server, since the last connection
        self.connections = 0  # how often it was made
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="policy server", daemon=True)
        self._thread.start()
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._reply: asyncio.Future[bytes] | None = None
        self._back_off = BackOff()
        atexit.register(self.close)

    @property
    def connected(self) -> bool:
        """Say whether the connection stands, as far as anybody knows."""
        return self._socket is not None and not self._socket.closed

    def connect(self) -> None:
        """Connect and read the metadata, unless that is done.

        Raises NoServer in one line: nobody there, a wrong token, another protocol; until the next attempt the same.
        """
        if self.connected:
            return
        if self._back_off.waits:
            raise NoServer(self._back_off.failure)  # in the same words: who reports it says it once
        try:
            self._run(self._connect())
        except NoServer as error:
            self._back_off.failed(str(error))
            raise
        self._back_off.succeeded()

    def ask(self, message: bytes, timeout: float) -> Any:
        """Send an observation and return the reply, within `timeout` [s].

        Raises NoServer where the connection cannot be made, VlaError when it is lost, nothing comes in time, the server
        answers with an error, or with what is no message.
        """
        self.connect()
        try:
            return unpack(self._run(self._ask(message, timeout)))
        except MessageError as error:
            self._drop()
            raise VlaError(f"{self.address.url}: its reply cannot be read: {error}") from None

    def close(self) -> None:
        """Say goodbye and end the thread."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            with contextlib.suppress(VlaError, TimeoutError):
                self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CLOSE_S)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what the loop makes of it. Raises VlaError where `close` ends the loop before that."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not wait((future,), _LOOK_S).done:
            if not self._thread.is_alive():  # another thread has closed it: nobody would ever answer
                work.close()
                raise VlaError(f"{self.address.url}: this connection was closed")
        return future.result()

    def _drop(self) -> None:
        """Leave a connection whose replies mean nothing any more."""
        self._run(self._disconnect())

    # -- in the loop -------------------------------------------------------------------------------------------------
    async def _connect(self) -> None:
        await self._disconnect()
        if self._session is None:
            self._session = aiohttp.ClientSession()
        url, headers = self.address.url, {SESSION: self.session}
        if self._token:
            headers["Authorization"] = f"Api-Key {self._token}"
        pinned = self.address.certificate
        try:
            async with asyncio.timeout(CONNECT_S):
                self._socket = await self._session.ws_connect(
                    url,
                    headers=headers,
                    max_msg_size=MESSAGE_MAX,
                    compress=0,
                    ssl=True if pinned is None else aiohttp.Fingerprint(pinned),
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
                first = await self._socket.receive()
        except TimeoutError:
            await self._disconnect()
            raise NoServer(f"{url}: nobody answers within {CONNECT_S:g} s: is vla serve running there?") from None
        except aiohttp.ServerFingerprintMismatch:
            raise NoServer(f"{url}: shows another certificate than the one after # in the URL: take the URL that vla "
                           "serve prints now, or do not trust it") from None  # fmt: skip
        except aiohttp.WSServerHandshakeError as error:
            raise NoServer(f"{url}: {_refusal(error.status, bool(self._token))}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            below = getattr(error, "os_error", error)
            reason = f"{getattr(below, 'strerror', None) or below}".splitlines()[0][:200]
            raise NoServer(f"{url}: no connection ({reason}): start ./vla serve POLICY there, or give another URL"
                           ) from None  # fmt: skip
        try:
            if first.type is not aiohttp.WSMsgType.BINARY:
                raise MessageError(f"begins with {_named(first)}")
            self.metadata = unpack(first.data)
        except MessageError as error:
            await self._disconnect()
            raise NoServer(f"{url}: is no policy server of openpi's protocol ({error}): start ./vla serve POLICY there"
                           ) from None  # fmt: skip
        self.connections += 1
        self._reading = asyncio.create_task(self._read(self._socket))

    async def _ask(self, message: bytes, timeout: float) -> bytes:
        socket = self._socket
        if socket is None or socket.closed:
            raise self._lost("the connection is lost")
        self._reply = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await socket.send_bytes(message)
                return await self._reply
        except TimeoutError:
            await self._disconnect()
            raise self._lost(f"no reply within {timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            await self._disconnect()
            raise self._lost(f"the connection is lost ({type(error).__name__})") from None
        finally:
            self._reply = None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Hand replies to who waits for one; aiohttp answers the server's pings meanwhile."""
        why = "it is gone"
        async for message in socket:
            waits = self._reply is not None and not self._reply.done()
            if message.type is aiohttp.WSMsgType.BINARY and waits:
                self._reply.set_result(message.data)  # type: ignore[union-attr]
            elif message.type is aiohttp.WSMsgType.TEXT and waits:
                reason = " ".join(message.data.split())[:300]
                self._reply.set_exception(VlaError(f"{self.address.url}: {reason}"))  # type: ignore[union-attr]
            elif message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                why = "it speaks without being asked"
                break
        if socket.close_code is not None and socket.close_code != 1000:
            why += f", code {socket.close_code}"
        await socket.close()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(self._lost(f"the connection is lost: {why}"))

    def _lost(self, reason: str) -> VlaError:
        return VlaError(f"{self.address.url}: {reason}: the policy server is gone or too slow")

    async def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        if socket is not None:
            with contextlib.suppress(Exception):
                await socket.close()

    async def _end(self) -> None:
        await self._disconnect()
        if self._session is not None:
            await self._session.close()


def _refusal(status: int, token: bool) -> str:
    """Say what an answer to the first request means."""
    if status == 401:
        what = "the token is not the server's" if token else "the server wants a token"
        return f"{what}: give the file with it (url_token_file:=FILE, --url-token-file FILE)"
    if status == 503:
        return "as many robots are connected as the server takes: start it with more --connections"
    return f"is no policy server (HTTP status {status}): start ./vla serve POLICY there"


def _named(message: aiohttp.WSMessage) -> str:
    if message.type is aiohttp.WSMsgType.TEXT:
        return f"the text '{' '.join(message.data.split())[:100]}'"
    return "a close" if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED) else message.type.name
