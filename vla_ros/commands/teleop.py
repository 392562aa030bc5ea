# SPDX-License-Identifier: Apache-2.0
"""Move a robot, or the simulator's, from a page: headset, gamepad, mouse or keyboard.

Opens the job teleop, whose arguments it takes, and prints the link to the page, as QR code too. The page is
for this machine alone unless --network is given, which serves it over HTTPS; the link's token lets in. The arm stays
disabled until somebody enables it on the page. Ctrl-C brings it to rest and ends everything.
"""

from __future__ import annotations

import argparse

JOB = "teleop"
NETWORK = "host:=all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("assignments", nargs="*", metavar="name:=value", help=f"launch arguments of {JOB}")
    parser.add_argument("--network", action="store_true", help=f"let others on the network in: {NETWORK}")
    parser.add_argument("-s", "--show-args", action="store_true", help="list the launch arguments and start nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the job, or list its arguments."""
    from vla_ros.commands.launch import describe
    from vla_ros.launching.jobs import load_job

    graph = load_job(JOB)
    if arguments.show_args:
        print(describe(graph))
        return 0
    from vla_ros.commands.doctor.ros import refuse_mixture
    from vla_ros.launching.launcher import launch

    refuse_mixture()
    return launch(graph, [*([NETWORK] if arguments.network else []), *arguments.assignments])
