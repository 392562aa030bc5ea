# SPDX-License-Identifier: Apache-2.0
"""A TCP port of the loopback interface that nobody listens on."""

from __future__ import annotations

import socket


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
