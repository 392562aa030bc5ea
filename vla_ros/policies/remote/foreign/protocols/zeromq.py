# SPDX-License-Identifier: Apache-2.0
"""One connection to a server that speaks ZeroMQ: a request out, a reply in, with time-outs; lost, it is made again.

A REQ socket whose reply was lost waits for ever, so that each failure ends the socket and a reply that comes late finds
nobody. ZeroMQ says nothing of a peer that is not there: its handshake is waited for before anything is sent.
"""

from __future__ import annotations

import atexit
import contextlib
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

from controllers.errors import VlaError
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.back_off import BackOff
from vla_ros.policies.remote.connection import CONNECT_S, MESSAGE_MAX, NoServer


class ZeromqConnection:
    """Speak to one server, from one thread at a time."""

    def __init__(self, address: ServerAddress) -> None:
        """Connect to nobody yet."""
        self.address, self.connections = address, 0
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._back_off = BackOff()
        atexit.register(self.close)

    @property
    def connected(self) -> bool:
        """Say whether a server was met since the last failure."""
        return self._socket is not None

    def connect(self) -> None:
        """Meet the server, unless that is done. Raises NoServer in one line: nobody there, another protocol."""
        if self._socket is not None:
            return
        if self._back_off.waits:
            raise NoServer(self._back_off.failure)
        socket = self._context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_MAX)
        socket.setsockopt(zmq.IPV6, 1)
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
        try:
            socket.connect(self.address.url)
            met = _met(monitor)
        except zmq.ZMQError as error:
            socket.close()
            raise self._failed(f"no connection ({error.strerror}): give another URL") from None
        finally:
            with contextlib.suppress(zmq.ZMQError):
                socket.disable_monitor()
            monitor.close()
        if not met:
            socket.close()
            raise self._failed(f"no ZeroMQ server answers within {CONNECT_S:g} s: start it there, or give another URL")
        self._socket = socket
        self.connections += 1
        self._back_off.succeeded()

    def ask(self, message: bytes, timeout: float) -> bytes:
        """Send a request and return the reply, within `timeout` [s]. Raises NoServer, or VlaError for no reply."""
        self.connect()
        socket = self._socket
        assert socket is not None  # connect() has made it
        try:
            socket.send(message, zmq.NOBLOCK)
            if socket.poll(int(1000 * timeout), zmq.POLLIN):
                return socket.recv(zmq.NOBLOCK)
            reason = f"no reply within {timeout:g} s"
        except zmq.ZMQError as error:
            reason = f"the connection is lost ({error.strerror})"
        self.drop()
        raise VlaError(f"{self.address.url}: {reason}: the policy server is gone or too slow")

    def drop(self) -> None:
        """Leave a connection whose replies mean nothing any more."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    def close(self) -> None:
        """Leave the server for good."""
        atexit.unregister(self.close)
        self.drop()
        self._context.term()

    def _failed(self, reason: str) -> NoServer:
        self._back_off.failed(f"{self.address.url}: {reason}")
        return NoServer(self._back_off.failure)


def _met(monitor: zmq.Socket[bytes]) -> bool:
    """Wait for the handshake with the server, and say whether there was one."""
    end = time.monotonic() + CONNECT_S
    while (left := end - time.monotonic()) > 0.0 and monitor.poll(int(1000 * left) + 1, zmq.POLLIN):
        return recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
    return False
