# SPDX-License-Identifier: Apache-2.0
"""Run a graph in the pip home: check, start every node, keep them, stop them, report."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_ros.launching import report as reports
from vla_ros.launching.arguments import Value
from vla_ros.launching.checks import check_launch
from vla_ros.launching.environment import node_environment
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.parameters import node_words, write_node_parameters
from vla_ros.launching.processes.console import Console
from vla_ros.launching.processes.process import NodeProcess
from vla_ros.launching.processes.restarts import Restarts
from vla_ros.launching.processes.shared_memory import OwnedSegments
from vla_ros.launching.processes.supervisor import Supervisor
from vla_ros.launching.processes.usage import UsageSampler
from vla_ros.launching.restarting import ON_FAILURE, RESTART
from vla_ros.launching.security import enclave_words, security_environment
from vla_ros.runtime.running import UNLISTED, RunningGraph, refuse_taken, registered, used_keystore
from vla_ros.tasks.judging import EXIT_UNJUDGED


def launch(graph: Graph, words: Sequence[str]) -> int:
    """Run a graph to its end and return its exit code.

    0 succeeded, 1 did not, 2 bad input, 3 nobody can say whether it did, 128 + n signal n.
    """
    started = _started_at()
    arguments = check_launch(graph, words)
    given = str(arguments.get("run_directory", ""))
    environment = node_environment(arguments, sys.stdout.isatty()) | security_environment(arguments)
    refuse_taken(_entry(graph, environment, Path(given), _namespace(arguments)))
    run_directory = reports.make_run_directory(given, graph.name)
    arguments["run_directory"] = str(run_directory)
    environment["ROS_LOG_DIR"] = str(run_directory / "ros_log")
    nodes = graph.active_nodes(arguments)
    console = Console([node.name for node in nodes], run_directory / reports.LOG_FILE)
    environment["VLA_STARTED_AT"] = f"{started:.6f}"
    domain = environment["ROS_DOMAIN_ID"]
    console.log(
        f"{graph.name}: {len(nodes)} nodes on ROS domain {domain}, "
        f"{environment['ROS_AUTOMATIC_DISCOVERY_RANGE'].lower()} only; log and result in {_short(run_directory)}"
    )
    processes: list[NodeProcess] = []
    segments = OwnedSegments()
    folder = run_directory / "parameters"
    folder.mkdir(exist_ok=True)

    def start(node: NodeSpec, number: int = 0) -> NodeProcess:
        """Start a node, or start it again for the `number`th time."""
        files = write_node_parameters(folder, node, arguments, number)
        words = node_words(node, files, _namespace(arguments)) + enclave_words(node, arguments)
        process = NodeProcess(node, words, environment)
        if number:
            segments.remove_orphans()  # of its forerunner: a camera's is large
            usage.replace(node.name, process.pid)
        return process

    try:
        for node in nodes:
            processes.append(start(node))
        pids = {process.spec.name: process.pid for process in processes} | {"launcher": os.getpid()}
        usage = UsageSampler(pids)

        def every_second() -> None:
            usage.sample()
            segments.note(process.pid for process in processes)

        restarts = Restarts(start) if arguments.get(ON_FAILURE) == RESTART else None
        supervisor = Supervisor(processes, console, every_second, restarts)
        processes = supervisor.processes  # those that run now
        with registered(_entry(graph, environment, run_directory, _namespace(arguments))) as listed:
            if not listed:
                console.log(UNLISTED)
            exit_code = supervisor.run()
    finally:
        for process in processes:
            process.close()
        segments.remove_orphans()
    figures = _figures(usage, started)
    report = reports.complete_report(reports.read_result(run_directory), figures)
    if exit_code != 0:
        report["success"] = None if exit_code == EXIT_UNJUDGED else False
    if supervisor.died:  # the episode knows no more than that it was interrupted
        report |= {"outcome": None, "failure": supervisor.reason}
    report |= {"exit_code": exit_code, "ended": supervisor.reason}
    if restarts is not None:
        report["restarts"] = restarts.counts
    reports.write_report(run_directory, report, str(arguments.get("report") or ""))
    console.show("")
    console.show(reports.table(report, judged=any(node.decides for node in nodes)))
    console.log(f"{_verdict(exit_code)} ({supervisor.reason}); everything in {_short(run_directory)}")
    console.close()
    return exit_code


def _verdict(exit_code: int) -> str:
    if exit_code >= 128:
        return "stopped"
    return {0: "success", 2: "bad input", EXIT_UNJUDGED: "not judged"}.get(exit_code, "no success")


def _started_at() -> float:
    """Return when the command was given [s since the epoch]: ./vla notes it before it does anything else."""
    try:
        return float(os.environ["VLA_STARTED_AT"])
    except (KeyError, ValueError):
        return time.time()


def _figures(usage: UsageSampler, started: float) -> dict[str, Any]:
    return {
        "duration_s": round(time.time() - started, 3),
        "pss_mib": round(usage.pss_mib, 1),
        "pss_mib_by_process": {name: round(value, 1) for name, value in usage.pss_mib_by_process.items()},
        "cores_by_process": {name: round(value, 3) for name, value in usage.cores_by_process().items()},
    }


def _namespace(arguments: Mapping[str, Value]) -> str:
    return str(arguments.get("namespace", ""))


def _entry(graph: Graph, environment: Mapping[str, str], run_directory: Path, namespace: str) -> RunningGraph:
    return RunningGraph(
        pid=os.getpid(),
        job=graph.name,
        domain_id=int(environment["ROS_DOMAIN_ID"]),
        discovery=environment["ROS_AUTOMATIC_DISCOVERY_RANGE"],
        profile=environment.get("FASTRTPS_DEFAULT_PROFILES_FILE", ""),
        run_directory=str(run_directory),
        namespace=namespace,
        keystore=used_keystore(environment),
    )


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
