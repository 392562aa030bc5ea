# SPDX-License-Identifier: Apache-2.0
"""What a parser may do with one input: take little time and memory, and end soundly or in one line of our own."""

from __future__ import annotations

import os
import resource
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path

from controllers.errors import VlaError
from vla_ros.runtime.frames import FrameError

MEMORY_MAX = 1 << 30  # [B] more than the process has when it begins
GROWTH_MAX = 512 << 20  # [B] of resident memory, by one input
SECONDS_MAX = 10.0  # of processor time, for one input
ADMITTED = (VlaError, FrameError)  # FrameError: of processes that know nothing of ours
TOLD_MAX = 4000  # characters of a traceback


def bounded(parse: Callable[[Path], None], path: Path) -> str:
    """Return why a parser failed on an input: anything but the project's own errors in one line; "" when it did not."""
    memory = _Memory.of_process(os.getpid())
    memory.begin()
    began = time.process_time()  # of its own, whatever else the machine does
    try:
        parse(path)
    except ADMITTED as error:
        if "\n" in str(error).strip():
            return f"more than one line: {str(error)[:200]!r}"
    except BaseException:
        return traceback.format_exc()[-TOLD_MAX:]
    took, grown = time.process_time() - began, memory.grown()
    if took > SECONDS_MAX:
        return f"took {took:.1f} s"
    return f"took {grown >> 20} MB" if grown > GROWTH_MAX else ""


def limit_memory() -> None:
    """Allow this process MEMORY_MAX more than it has."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_MAX, now + MEMORY_MAX))


class _Memory:
    """How much resident memory a process took at most since it was asked to begin."""

    def __init__(self) -> None:
        # Open for good: what watches a parser must not see files opened.
        self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        self._status = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        self._before = 0

    @staticmethod
    @cache
    def of_process(pid: int) -> _Memory:
        """Return that of this process; a child has one of its own."""
        return _Memory()

    def begin(self) -> None:
        """Forget the most so far."""
        os.pwrite(self._reset, b"5", 0)  # the peak alone: man 5 proc
        self._before = self._most()

    def grown(self) -> int:
        """Return how much was added at most since [B]."""
        return self._most() - self._before

    def _most(self) -> int:
        _, _, rest = os.pread(self._status, 4096, 0).partition(b"VmHWM:")
        return int(rest.split(None, 1)[0]) << 10
