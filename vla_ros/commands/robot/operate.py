# SPDX-License-Identifier: Apache-2.0
"""Speak to running graphs from outside: the e-stop latch of every arm on this machine, or of one ROS domain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vla_ros.commands.robot.estop import NobodyListens, publish_everywhere
from vla_ros.launching.environment import module_environment
from vla_ros.launching.parameters import ros_arguments
from vla_ros.runtime.estop_socket import stop_every_guard
from vla_ros.runtime.running import RunningGraph, running_graphs

ENABLE_S = 5.0  # [s] for control to be found, and to answer


def targets() -> list[RunningGraph]:
    """Return the graphs to speak to: those this machine's launcher runs, else the domain of the environment."""
    graphs = running_graphs()
    if graphs:
        return graphs
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    discovery = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    profile = os.environ.get("FASTRTPS_DEFAULT_PROFILES_FILE", "")
    return [RunningGraph(0, "the graph", int(domain) if domain.isdigit() else 0, discovery, profile, "")]


def set_estop(stopped: bool) -> int:
    """Set or clear the latch of every target, all at once; exit code 1 when one does not listen."""
    if stopped and (guards := stop_every_guard()):
        print(f"e-stop: {guards} guard{'s' if guards > 1 else ''} notified", flush=True)
    word = "stopped: it holds until `vla recover`" if stopped else "free to move again once it is enabled"
    reached = True
    for graph, outcome in publish_everywhere(targets(), stopped):
        if isinstance(outcome, Exception):
            print(outcome if isinstance(outcome, NobodyListens) else f"{_name(graph)}: {outcome}")
            reached = False
        else:
            print(f"{_name(graph)}: {word} ({outcome:.1f} s)")
    return 0 if reached else 1


def _name(graph: RunningGraph) -> str:
    return f"{graph.job} on ROS domain {graph.domain_id}"


def enable_control(graph: RunningGraph, wanted: bool) -> int:
    """Enable or disable control of a target; exit code 1, with control's reason, when it refuses or does not answer."""
    from vla_ros.commands.robot.operator_node import operator_node

    with operator_node(graph) as node:
        from rclpy.executors import SingleThreadedExecutor
        from std_srvs.srv import SetBool

        client = node.create_client(SetBool, "control/enable")
        if not client.wait_for_service(ENABLE_S):
            print(f"{_name(graph)}: nobody offers control/enable: is a job running?")
            return 1
        answer = client.call_async(SetBool.Request(data=wanted))
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
        executor.spin_until_future_complete(answer, ENABLE_S)
        executor.shutdown()
        response = answer.result() if answer.done() else None
    if response is None or not response.success:
        print(f"{_name(graph)}: {'control does not answer' if response is None else response.message}")
        return 1
    print(f"{_name(graph)}: {'enabled: the arm may move' if wanted else 'disabled: the arm is held'}")
    return 0


def go_home() -> int:
    """Take every target's arm home; exit code 1 when one does not get there."""
    arrived = True
    for graph in targets():
        print(f"{_name(graph)}: ", end="", flush=True)
        arrived = run_beside(graph, "vla_ros.nodes.home_node") == 0 and arrived
    return 0 if arrived else 1


def run_beside(graph: RunningGraph, module: str, parameters: Path | None = None) -> int:
    """Run a node of ours in a graph until it ends; return its exit code."""
    environment = module_environment() | graph.environment
    words = [sys.executable, "-m", module, *ros_arguments(parameters, graph.namespace)]
    return subprocess.run(words, env=environment, check=False).returncode
