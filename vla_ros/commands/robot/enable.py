# SPDX-License-Identifier: Apache-2.0
"""Let what drives the running job's arm move it: the policy, an operator, a leader arm. The arm may move at once.

A job beside a real robot starts disabled and never enables itself; in the simulator the episode does it. It stays so
until the job ends, a fault, `vla stop`, or --off. Of several jobs on this machine --domain-id says which one is meant.
"""

from __future__ import annotations

import argparse

from controllers.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--off", action="store_true", help="disable it: the arm comes to rest and is held")
    parser.add_argument("--domain-id", type=int, metavar="N", help="ROS domain of the job, where several run")


def run(arguments: argparse.Namespace) -> int:
    """Ask control; exit code 1 when it refuses. Raises ConfigError where it is not clear which job is meant."""
    from vla_ros.commands.robot.operate import enable_control, targets

    graphs = [one for one in targets() if arguments.domain_id in (None, one.domain_id)]
    if not graphs:
        raise ConfigError(f"--domain-id {arguments.domain_id}: no job runs there: `vla doctor` lists them")
    if len(graphs) > 1:
        running = ", ".join(f"{one.job} on {one.domain_id}" for one in graphs)
        raise ConfigError(f"several jobs run ({running}): say which arm may move with --domain-id N")
    return enable_control(graphs[0], not arguments.off)
