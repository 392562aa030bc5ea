# SPDX-License-Identifier: Apache-2.0
"""Whether a port of this machine can be listened on."""

from __future__ import annotations

import os
import socket

LOOPBACK = "127.0.0.1"


def tcp_problem(port: int) -> str:
    """Return what keeps a server from listening on a TCP port of the loopback interface, or ""; 0 is always free."""
    return _problem(socket.SOCK_STREAM, port)


def udp_problem(port: int) -> str:
    """Return what keeps a program from receiving on a UDP port of the loopback interface, or ""."""
    return _problem(socket.SOCK_DGRAM, port)


def _problem(kind: socket.SocketKind, port: int) -> str:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As servers do: a port whose last connection has only just ended is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return os.strerror(error.errno or 0).lower()
    return ""
