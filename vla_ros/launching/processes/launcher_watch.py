# SPDX-License-Identifier: Apache-2.0
"""Stop a program some time after its launcher has died, whatever program it is: a small process beside it watches.

    python -I -S launcher_watch.py <pidfd of the launcher> <pid of the program> <rest> <patience>

The kernel itself can ask a program to stop when its launcher dies, but only at once: the arm's driver and its guard
would go while the arm still moves. Those of our programs that Python runs to their end watch by a thread instead
(child.py). Of the standard library alone: this file is run without any other.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PATIENCE_S = 5.0  # in which a program that was asked to stop has to end, on a machine that is busy
_PR_SET_PDEATHSIG = 1  # linux/prctl.h; survives an exec, not a fork


def stop_with_launcher(after: float = 0.0) -> bool:
    """Have this process, whatever it becomes, stopped (SIGTERM) `after` [s] the death of its parent, the launcher.

    Return False when that has just died.
    """
    launcher = os.getppid()
    watch = _open(launcher) if after > 0.0 else None
    if watch is None:
        die_with_parent(signal.SIGTERM)
    if os.getppid() != launcher:
        return False
    if watch is not None:
        words = [str(watch), str(os.getpid()), str(after), str(PATIENCE_S)]
        null = subprocess.DEVNULL
        # A session of its own: it must hear neither a terminal's Ctrl-C nor what is sent to a process group.
        subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, *words],
            stdin=null, stdout=null, stderr=null, pass_fds=[watch], start_new_session=True,
        )  # fmt: skip
        os.close(watch)
    return True


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send a signal to this process when its parent dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def _open(process: int) -> int | None:
    """Return a descriptor that can be read once a process is dead; None where the kernel has none."""
    try:
        return os.pidfd_open(process)
    except (OSError, AttributeError):
        return None


def main() -> int:
    """Wait for the launcher's death, then ask the program, this process's parent, to stop, and see that it does."""
    watch, program = int(sys.argv[1]), int(sys.argv[2])
    rest, patience = float(sys.argv[3]), float(sys.argv[4])
    die_with_parent(signal.SIGKILL)
    if os.getppid() != program:  # it died while Python started
        return 0
    select.select([watch], [], [])
    for seconds, number in ((rest, signal.SIGTERM), (patience, signal.SIGKILL)):
        time.sleep(seconds)
        if os.getppid() != program:
            break
        os.kill(program, number)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
