# SPDX-License-Identifier: Apache-2.0
"""A server's connections: those that show no token are few and short, so that they keep nobody out who has one.

A half-open connection costs its sender nothing and us a file descriptor. Whoever has not been authenticated within
`AUTHENTICATE_WITHIN_S` is disconnected, whatever he did meanwhile: nothing, half a TLS handshake, a header byte by
byte, an answer that he does not read. And where there are too many, the newest comes in and the oldest goes: a page
shows its token within milliseconds, also from an address that somebody else floods.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

AUTHENTICATE_WITHIN_S = 10.0  # from the connection to a request with the token, TLS handshake included
UNAUTHENTICATED_MAX, UNAUTHENTICATED_MAX_OF_ADDRESS = 256, 64
AUTHENTICATED_MAX = 256  # 16 pages with 6 connections and a websocket each, and room; others stay unauthenticated
TLS_SHUTDOWN_S = 2.0
BACKLOG = 1024  # a page must not wait for its second SYN because others were faster
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
RETRY_S = 0.1  # where no descriptor is free

Peer = tuple[Any, ...]  # address and port, as the socket tells them


@dataclass(eq=False)
class _Connection:
    """One that was accepted; its socket's descriptor is -1 once it is closed."""

    socket: socket.socket
    peer: Peer
    deadline: asyncio.TimerHandle
    opening: asyncio.Task[None] | None = None
    transport: asyncio.Transport | None = None  # once a TLS handshake is done
    authenticated: bool = False

    @property
    def address(self) -> str:
        """Return where it comes from, without the port."""
        return str(self.peer[0])

    def disconnect(self) -> None:
        """Close it at once, with what it has not read yet."""
        self.deadline.cancel()
        if self.transport is not None:
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()


class Connections:
    """Accept the connections of one listening socket for `protocol`, and bound them. All in the server's loop."""

    def __init__(
        self,
        listening: socket.socket,
        tls: ssl.SSLContext | None,
        protocol: Callable[[], asyncio.Protocol],
        complain: Callable[[str], None],
    ) -> None:
        self._socket, self._tls, self._protocol, self._complain = listening, tls, protocol, complain
        self._connections: dict[Peer, _Connection] = {}  # in the order they came

    def authenticate(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a connection has shown the token: it stays as long as it likes."""
        connection = None if transport is None else self._connections.get(transport.get_extra_info("peername"))
        if connection is None or connection.authenticated:
            return
        self._forget_closed()
        if sum(other.authenticated for other in self._connections.values()) < AUTHENTICATED_MAX:
            connection.authenticated = True
            connection.deadline.cancel()

    async def accept(self) -> None:
        """Accept until cancelled."""
        loop = asyncio.get_running_loop()
        self._socket.setblocking(False)
        while True:
            try:
                accepted, peer = await loop.sock_accept(self._socket)
            except OSError as error:  # a connection that is gone already, or no descriptor left
                if error.errno in NO_DESCRIPTOR:
                    self._complain(f"no more connections: {error.strerror}")
                    self._disconnect_oldest(self._unauthenticated())
                    await asyncio.sleep(RETRY_S)
                continue
            self._take(accepted, peer)
            await asyncio.sleep(0)  # a flood of them waits for those who are being served

    def close(self) -> None:
        """Disconnect who is still shaking hands; the others are the server's to say goodbye to."""
        for connection in self._connections.values():
            connection.deadline.cancel()
            if connection.transport is None:
                connection.disconnect()

    def _take(self, accepted: socket.socket, peer: Peer) -> None:
        loop = asyncio.get_running_loop()
        self._forget_closed()
        self._make_room(str(peer[0]))
        deadline = loop.call_later(AUTHENTICATE_WITHIN_S, self._disconnect, peer)
        connection = self._connections[peer] = _Connection(accepted, peer, deadline)
        connection.opening = loop.create_task(self._open(connection))
        connection.opening.add_done_callback(lambda _: None if connection.transport else accepted.close())

    async def _open(self, connection: _Connection) -> None:
        times = {} if self._tls is None else {"ssl_shutdown_timeout": TLS_SHUTDOWN_S}
        # A handshake that fails is asyncio's to report: a browser that does not trust the certificate yet.
        with contextlib.suppress(OSError):
            connection.transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection.socket, ssl=self._tls, **times
            )

    def _make_room(self, address: str) -> None:
        """Disconnect one where there are too many: of this address, or of the one that has the most."""
        waiting = self._unauthenticated()
        addresses = Counter(connection.address for connection in waiting)
        if addresses[address] >= UNAUTHENTICATED_MAX_OF_ADDRESS:
            self._disconnect_oldest([connection for connection in waiting if connection.address == address])
        elif len(waiting) >= UNAUTHENTICATED_MAX:
            ((busiest, _),) = addresses.most_common(1)
            self._disconnect_oldest([connection for connection in waiting if connection.address == busiest])

    def _disconnect_oldest(self, connections: list[_Connection]) -> None:
        if connections:
            self._complain(f"{len(connections)} connections of {connections[0].address} show no token: one is closed")
            self._disconnect(connections[0].peer)

    def _disconnect(self, peer: Peer) -> None:
        self._connections.pop(peer).disconnect()

    def _unauthenticated(self) -> list[_Connection]:
        return [connection for connection in self._connections.values() if not connection.authenticated]

    def _forget_closed(self) -> None:
        for connection in [c for c in self._connections.values() if c.socket.fileno() < 0]:
            del self._connections[connection.peer]
            connection.deadline.cancel()
