# SPDX-License-Identifier: Apache-2.0
"""Become the command that follows, tied to the launcher: under `ros2 launch`, what bringup/child.py is in the pip home.

    python -m vla_ros.bringup.tethered [--last] command [arguments]

The node is asked to stop (SIGTERM) when the launcher dies, however it dies: `ros2 launch` would leave it running.
`--last` makes it deaf to SIGINT, which both a terminal and launch send to every node at once: the arm must come to
rest before its driver and its guard go. They are stopped by SIGTERM once it has (bringup/ros_launch_ending.py).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

LAST = "--last"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h; survives the exec, not a fork


def main() -> int:
    """Replace this process by the command."""
    words = sys.argv[1:]
    last = words[:1] == [LAST]
    command = words[last:]
    if not command:
        print(f"tethered: which command? usage: tethered [{LAST}] command [arguments]", file=sys.stderr)
        return 2
    launcher = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != launcher:  # it died while Python started
        return 1
    if last:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a mask outlives the exec, a handler would not
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
