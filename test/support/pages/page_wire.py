# SPDX-License-Identifier: Apache-2.0
"""A wire between page and server that can be cut as a lost network is: nobody is told."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Wire:
    """Forward connections to a port of this machine; while cut, nothing goes through and nothing is closed."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._whole, self._open = threading.Event(), True
        self._whole.set()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        """What was under way is lost, as with a router that forgot it; new connections work."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._whole.set()

    def close(self) -> None:
        self._open = False
        self.mend()
        self._door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while self._open:
                near, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        self._whole.wait()
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self._target)) as far:
            self._sockets += [near, far]
            other = {near: far, far: near}
            with selectors.DefaultSelector() as selector:
                for one in other:
                    selector.register(one, selectors.EVENT_READ)
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                        if not data:
                            return
                        self._whole.wait()
                        other[key.fileobj].sendall(data)  # type: ignore[index]
