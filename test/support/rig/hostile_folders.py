# SPDX-License-Identifier: Apache-2.0
"""What may lie in the folder through which `vla stop` finds running jobs: ten kinds of rubbish, none may delay it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from vla_ros.runtime.folder import RuntimeFolder
from vla_ros.runtime.running import RunningGraph, process_start


def entry(**changes: object) -> str:
    """Return the file of a job that this process runs, with `changes`."""
    graph = RunningGraph(os.getpid(), "franka_grasp", 7, "LOCALHOST", "", "runs/a")
    return json.dumps(asdict(graph) | {"started": process_start(os.getpid())} | changes)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "left over, the number lives again": lambda f: [
        (f / f"{pid}.json").write_text(entry(pid=pid, started=5)) for pid in (1, os.getppid())
    ],
    "nested": lambda f: (f / "9.json").write_text("[" * 60000),
    "huge": lambda f: os.truncate(os.open(f / "9.json", os.O_CREAT | os.O_WRONLY), 1 << 34),
    "a pipe": lambda f: (os.mkfifo(f / "9.json"), os.mkfifo(f / "9.estop")),
    "links": lambda f: [(f / f"9{e}").symlink_to("/dev/zero") for e in (".json", ".estop")],
    "no text": lambda f: (f / "9.json").write_bytes(bytes(range(256))),
    "wrong kinds": lambda f: [
        (f / f"{i}.json").write_text(text)
        for i, text in enumerate(["null", "[]", "{}", entry(pid="1"), entry(domain_id=10**9), entry(pid=-1)])
    ],
    "folders": lambda f: ((f / "9.json").mkdir(), (f / "9.estop").mkdir()),
    "thousands": lambda f: [(f / f"{i}.json").write_text("{") for i in range(4000)],
    "a closed and a full socket": lambda f: _sockets(f),
}


def _sockets(path: Path) -> None:
    folder = RuntimeFolder(path)  # an address through it may be longer than a socket's
    closed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    closed.bind(folder.address("8.estop"))
    closed.close()
    full = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    full.bind(folder.address("9.estop"))
    _sockets.kept = full  # type: ignore[attr-defined]
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with contextlib.suppress(BlockingIOError):  # full
        while True:
            sender.sendto(b"x", folder.address("9.estop"))
