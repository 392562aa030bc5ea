# SPDX-License-Identifier: Apache-2.0
"""A process for simulations: spawned, on one thread, with a connection to its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

# One thread a process: W processes of W threads each would fight for the same cores.
SINGLE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def start_child(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start `target(connection, *arguments)` in a process of its own; return it and this end of the connection.

    The process ignores SIGINT: its parent decides what Ctrl-C means.
    """
    # Spawned, not forked: OpenGL contexts do not survive a fork. Libraries read their thread counts when they are
    # imported, hence from the environment a child is born with.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(SINGLE_THREAD)
    # A Ctrl-C while Python itself starts would end in a trace-back: a child is born deaf to it, and stays so. The first
    # start of a process starts multiprocessing's tracker as well, which lets SIGINT through again: that comes before.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process = context.Process(target=_begin, args=(target, theirs, *arguments), daemon=True)
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    theirs.close()
    return process, ours


def _begin(target: Callable[..., None], *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    target(*arguments)


def death(process: BaseProcess | None) -> str:
    """Wait for a process whose connection has ended, and say how it died."""
    code = None
    if process is not None:
        process.join(5.0)
        code = process.exitcode
    how = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
    return f"the worker process died ({how})"
