# SPDX-License-Identifier: Apache-2.0
"""Become the command that follows, tied to the launcher: what child.py is in the pip home, for `ros2 launch`.

    python -m vla_ros.launching.processes.launcher_child [--last] [--foreign] command [arguments]

The node is asked to stop (SIGTERM) when the launcher dies, however it dies: `ros2 launch` would leave it running.
`--last` has that come later, as in child.py, and makes the node ignore SIGINT, which both a terminal and launch send to
every node at once: the arm must come to rest before its driver and its guard go. They are then stopped by SIGTERM
(launching/ros_launch_ending.py).
`--foreign`, for programs that are not ours, has their messages travel as ours do.
"""

from __future__ import annotations

import os
import signal
import sys

from vla_ros.launching.processes.child import LAST, REST_S
from vla_ros.launching.processes.launcher_watch import stop_with_launcher
from vla_ros.nodes.transport import Transport, choose_transport

FOREIGN = "--foreign"


def main() -> int:
    """Replace this process by the command."""
    words = sys.argv[1:]
    last = words[:1] == [LAST]
    words = words[last:]
    foreign = words[:1] == [FOREIGN]
    command = words[foreign:]
    if not command:
        print(
            f"launcher_child: which command? usage: launcher_child [{LAST}] [{FOREIGN}] command [arguments]",
            file=sys.stderr,
        )
        return 2
    if not stop_with_launcher(after=REST_S if last else 0.0):
        return 1
    if last:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a mask outlives the exec, a handler would not
    if foreign:
        choose_transport(Transport.STREAMS)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
