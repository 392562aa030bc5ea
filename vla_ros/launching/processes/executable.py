# SPDX-License-Identifier: Apache-2.0
"""Become a program of another ROS package, as `ros2 run` would find it.

    python -m vla_ros.launching.processes.executable <priority> <package> <executable> [arguments]

`priority` is SCHED_FIFO's, 0 for ordinary scheduling. The process becomes the program: signals, exit code and what it
uses are the program's own. It stands between us and the arm, so it outlives the launcher for as long as the arm needs
to come to rest.
"""

from __future__ import annotations

import os
import signal
import sys

from vla_ros.ament import find_executable
from vla_ros.launching.processes.child import REST_S
from vla_ros.launching.processes.launcher_watch import stop_with_launcher
from vla_ros.nodes.scheduling import prefer_punctuality
from vla_ros.nodes.transport import Transport, choose_transport


def main() -> None:
    """Become the program named first, with the rest of the command line as its arguments."""
    priority, package, executable, *arguments = sys.argv[1:]
    path = find_executable(package, executable)
    choose_transport(Transport.STREAMS)  # as control's: through shared memory a newcomer could hold up torques
    stop_with_launcher(after=REST_S)  # what watched the launcher in this process ends when it becomes another
    prefer_punctuality(int(priority))  # its threads inherit it
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and so would the program
    os.execv(path, [str(path), *arguments])


if __name__ == "__main__":
    main()
