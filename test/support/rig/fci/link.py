# SPDX-License-Identifier: Apache-2.0
"""One client at a time: its requests over TCP, states to it and commands from it over UDP."""

from __future__ import annotations

import select
import socket

import numpy as np

from rig.fci.wire import CONNECT

CONNECT_NUMBER = 0  # of the request to connect, the same at arm and hand
COMPATIBLE, INCOMPATIBLE = 0, 1


class Link:
    """Listen at an address for one client; whoever comes later takes its place."""

    def __init__(self, address: str, port: int, version: int, header: np.dtype) -> None:
        """Speak protocol `version`, requests beginning with `header`."""
        self.version, self._header = version, header
        self._status = "<u1" if header["request"].itemsize == 4 else "<u2"  # the arm's and the hand's
        self._listener = socket.create_server((address, port))
        self._listener.setblocking(False)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 0))
        self._udp.setblocking(False)
        self._tcp: socket.socket | None = None
        self._states_to: tuple[str, int] | None = None
        self._waiting = b""
        self.silent = False  # sends nothing: the network is gone, though nobody said so

    @property
    def connected(self) -> bool:
        """Whether a client has said who it is."""
        return self._states_to is not None

    def requests(self) -> list[tuple[int, int, bytes]]:
        """Return what was asked since: request, its number, its arguments. Connecting is answered here."""
        self._accept()
        if self._tcp is None or self.silent:
            return []
        try:
            while piece := self._tcp.recv(1 << 16):
                self._waiting += piece
            self.drop()
        except BlockingIOError:
            pass
        except OSError:
            self.drop()
        found = []
        while len(self._waiting) >= self._header.itemsize:
            header = np.frombuffer(self._waiting, self._header, 1)[0]
            if len(self._waiting) < header["size"]:
                break
            arguments = self._waiting[self._header.itemsize : header["size"]]
            self._waiting = self._waiting[header["size"] :]
            if header["request"] == CONNECT_NUMBER:
                self._connect(int(header["number"]), arguments)
            else:
                found.append((int(header["request"]), int(header["number"]), arguments))
        return found

    def _accept(self) -> None:
        try:
            tcp, _ = self._listener.accept()
        except BlockingIOError:
            return
        self.drop()
        tcp.setblocking(False)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tcp = tcp

    def _connect(self, number: int, arguments: bytes) -> None:
        wanted = np.frombuffer(arguments, CONNECT)[0]
        fits = wanted["version"] == self.version
        version = np.array(self.version, "<u2").tobytes()
        self.answer(CONNECT_NUMBER, number, COMPATIBLE if fits else INCOMPATIBLE, version)
        if fits and self._tcp is not None:
            self._states_to = (self._tcp.getpeername()[0], int(wanted["udp_port"]))

    def answer(self, request: int, number: int, status: int, more: bytes = b"") -> None:
        """Say what became of a request."""
        if self._tcp is None or self.silent:
            return
        body = np.array(status, self._status).tobytes() + more
        header = np.zeros((), self._header)
        header["request"], header["number"], header["size"] = request, number, self._header.itemsize + len(body)
        self._tcp.setblocking(True)  # a library is larger than the socket's buffer
        try:
            self._tcp.sendall(header.tobytes() + body)
            self._tcp.setblocking(False)
        except OSError:
            self.drop()

    def send(self, state: np.ndarray) -> None:
        """Send a state."""
        if self._states_to is not None and not self.silent:
            self._udp.sendto(state.tobytes(), self._states_to)

    def command(self, record: np.dtype, patience: float) -> np.ndarray | None:
        """Return the next command, after `patience` [s] at most."""
        ready, _, _ = select.select([self._udp], [], [], patience)
        if not ready:
            return None
        data = self._udp.recv(4096)
        return np.frombuffer(data, record)[0] if len(data) == record.itemsize and not self.silent else None

    def drop(self) -> None:
        """Close the connection."""
        if self._tcp is not None:
            self._tcp.close()
        self._tcp, self._states_to, self._waiting = None, None, b""

    def close(self) -> None:
        """Close everything."""
        self.drop()
        self._listener.close()
        self._udp.close()
