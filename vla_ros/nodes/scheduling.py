# SPDX-License-Identifier: Apache-2.0
"""How the processor is shared between the nodes: who must be punctual, who may wait.

A node that wakes up waits for the slice of whoever runs: about 3 ms on Linux, six control periods. Real-time
scheduling avoids that where it is permitted; elsewhere a short slice of one's own does (Linux 6.12 and newer).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from collections.abc import Collection
from pathlib import Path

from controllers.realtime.loop import freeze_collector

SLICE_NS = 100_000  # the shortest that Linux grants
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(platform.machine())


class _SchedulingAttributes(ctypes.Structure):
    """struct sched_attr of sched_setattr(2); `runtime` is the slice [ns] of an ordinary thread."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def prefer_punctuality(priority: int = 0, spared: Collection[int] = ()) -> str:
    """Have all threads of this process run soon after they wake up; return in words what was granted.

    `priority` > 0 asks for SCHED_FIFO. All threads, because one that is not punctual may hold the interpreter; but for
    those `spared` (their native ids), which work for long, and those more urgent by themselves: libfranka's loop.
    """
    freeze_collector()  # no collection takes milliseconds
    threads = [int(thread) for thread in os.listdir("/proc/self/task")] if Path("/proc/self/task").is_dir() else [0]
    threads = [thread for thread in threads if thread not in spared and _priority(thread) <= priority]
    if priority > 0:
        with contextlib.suppress(OSError, AttributeError):
            for thread in threads:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority))
            return f"real-time scheduling, priority {priority}"
    if _SCHED_SETATTR is not None and all(_shorten_slice(thread) for thread in threads):
        return f"ordinary scheduling, slices of {SLICE_NS * 1e-6:g} ms"
    return "ordinary scheduling"


def prepare_logging() -> None:
    """Have the process's first message take no longer than the next: rclpy looks at every loaded module for it.

    In control that took 125 ms of the first e-stop, in which no joint state was read.
    """
    from rclpy.impl.rcutils_logger import CallerId  # here: whoever is no node need not load rclpy

    CallerId()


def _priority(thread: int) -> int:
    """Return a thread's real-time priority; 0 for one that has none, or has ended."""
    try:
        return os.sched_getparam(thread).sched_priority
    except (OSError, AttributeError):
        return 0


def _shorten_slice(thread: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    niceness = os.getpriority(os.PRIO_PROCESS, thread)  # as it was started: punctual is not more important
    attributes = _SchedulingAttributes(size=ctypes.sizeof(_SchedulingAttributes), nice=niceness, runtime=SLICE_NS)
    return libc.syscall(_SCHED_SETATTR, thread, ctypes.byref(attributes), 0) == 0


def yield_processor(niceness: int) -> None:
    """Have the calling thread, and those that it will start, leave the processor to others.

    To be called once a node is ready, or start-up drags on.
    """
    with contextlib.suppress(OSError):
        os.nice(niceness)
        # With autogroups, sessions compete rather than processes: a session of our own must be nice as well.
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(niceness))
