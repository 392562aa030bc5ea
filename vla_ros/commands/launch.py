# SPDX-License-Identifier: Apache-2.0
"""Run a job: start its nodes, show what they say, and end with the result.

Exit code: 0 the task succeeded, 1 it did not, 2 bad input, 3 an object was lifted and the judge cannot tell whether the
instruction means it (success_object:=NAME says it). Ctrl-C brings the arm to rest and ends every node.
"""

from __future__ import annotations

import argparse

from vla_ros.launching.graph import Graph
from vla_ros.launching.jobs import job_list, job_names, load_job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "job",
        nargs="?",
        help=f"one of: {', '.join(job_names())}; or the path of a job's .yaml file. Without one: a list",
    )
    parser.add_argument("assignments", nargs="*", metavar="name:=value", help="launch arguments of the job")
    parser.add_argument("-s", "--show-args", action="store_true", help="list the job's arguments and start nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the job, or list its arguments."""
    if arguments.job is None:
        print(f"launch what?\n\n{job_list()}\n\n`vla launch JOB --show-args` lists a job's launch arguments")
        return 2
    graph = load_job(arguments.job)
    if arguments.show_args:
        print(describe(graph))
        return 0
    from vla_ros.commands.doctor.ros import refuse_mixture
    from vla_ros.launching.launcher import launch

    refuse_mixture()
    return launch(graph, arguments.assignments)


def describe(graph: Graph) -> str:
    """Return a job's arguments as text: name, default, what it means, what is allowed."""
    lines = [f"{graph.name}: {graph.description}", ""]
    for argument in graph.arguments:
        default = f"{argument.default}".lower() if isinstance(argument.default, bool) else f"{argument.default}"
        lines.append(f"  {argument.name}:={default}")
        allowed = "" if argument.allowed() == "text" else f" ({argument.allowed()})"
        lines.append(f"      {argument.description}{allowed}")
    if graph.example:
        lines += ["", f"example: {graph.example}"]
    return "\n".join(lines)
