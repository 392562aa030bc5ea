# SPDX-License-Identifier: Apache-2.0
"""Become a program of another ROS package, as `ros2 run` would find it.

    python -m vla_ros.bringup.executable <priority> <package> <executable> [arguments]

`priority` is SCHED_FIFO's, 0 for ordinary scheduling. The process becomes the program: signals, exit code and what it
uses are the program's own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from vla_ros.ament import find_executable
from vla_ros.nodes.scheduling import prefer_punctuality
from vla_ros.nodes.transport import Transport, choose_transport

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the program named first, with the rest of the command line as its arguments."""
    priority, package, executable, *arguments = sys.argv[1:]
    path = find_executable(package, executable)
    choose_transport(Transport.STREAMS)  # as control's: through shared memory a newcomer could hold up torques
    prefer_punctuality(int(priority))  # its threads inherit it
    # What watched the launcher in this process ends with it: the kernel tells the program when the launcher is gone.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and so would the program
    os.execv(path, [str(path), *arguments])


if __name__ == "__main__":
    main()
