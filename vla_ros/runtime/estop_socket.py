# SPDX-License-Identifier: Apache-2.0
"""The short way to the e-stop: a datagram to every guard of this user, before anybody has found anybody over DDS.

Discovery and the loading of ROS take a second or more on a busy machine; a guard is there already, connected to its
control. A datagram can only stop: the latch is released over the topic alone. Sockets lie in folders that nobody but
this user can enter (folder.py).
"""

from __future__ import annotations

import contextlib
import os
import socket

from vla_ros.runtime.folder import RuntimeFolder, runtime_folders

STOP = b"stop"
ENDING = ".estop"
SOCKETS_MAX = 1000  # that are written to, the newest


class EstopSocket:
    """Where one guard hears that its arm must stop; polled, never waited for."""

    def __init__(self) -> None:
        """Listen in every folder that can be used; a machine that forbids it has the topic alone."""
        self._name = f"{os.getpid()}{ENDING}"
        self._bound: list[tuple[RuntimeFolder, socket.socket]] = []
        for folder in runtime_folders(make=True):
            with contextlib.suppress(OSError):
                self._bound.append((folder, self._bind(folder)))

    def requested(self) -> bool:
        """Say whether a stop has been requested since the last call."""
        return any([_drained(bound) for _, bound in self._bound])

    def close(self) -> None:
        """Stop listening and leave nothing behind."""
        for folder, bound in self._bound:
            bound.close()
            with contextlib.suppress(OSError):
                folder.remove(self._name)
        self._bound = []

    def _bind(self, folder: RuntimeFolder) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            folder.remove(self._name)  # of a process that had this number before
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            bound.bind(folder.address(self._name))
        except OSError:
            bound.close()
            raise
        return bound


def stop_every_guard() -> int:
    """Send the word to every guard of this user and return how many took it; it waits for none."""
    taken: set[str] = set()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        for folder in runtime_folders():
            for name in folder.newest(ENDING, SOCKETS_MAX):
                try:
                    if folder.holds_socket(name):
                        sender.sendto(STOP, folder.address(name))
                        taken.add(name)
                except ConnectionRefusedError:  # its guard is gone
                    with contextlib.suppress(OSError):
                        folder.remove(name)
                except BlockingIOError:
                    taken.add(name)  # it has been told so often that its queue is full
                except OSError:
                    continue
    return len(taken)


def _drained(bound: socket.socket) -> bool:
    asked = False
    with contextlib.suppress(OSError):  # until there is nothing more
        while True:
            asked = bound.recv(len(STOP) + 1) == STOP or asked
    return asked
