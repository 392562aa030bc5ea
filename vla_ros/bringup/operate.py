# SPDX-License-Identifier: Apache-2.0
"""Speak to running graphs from outside: the e-stop latch of every arm on this machine, or of one ROS domain."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from controllers.errors import VlaError
from vla_ros.bringup.environment import module_environment
from vla_ros.bringup.parameters import ros_arguments
from vla_ros.bringup.running import RunningGraph, running_graphs

MATCH_TIMEOUT_S = 5.0


class NobodyListens(VlaError):
    """No control node took the message."""


def targets() -> list[RunningGraph]:
    """Return the graphs to speak to: those this machine's launcher runs, else the domain of the environment."""
    graphs = running_graphs()
    if graphs:
        return graphs
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    discovery = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    profile = os.environ.get("FASTRTPS_DEFAULT_PROFILES_FILE", "")
    return [RunningGraph(0, "the graph", int(domain) if domain.isdigit() else 0, discovery, profile, "")]


def publish_estop(graph: RunningGraph, stopped: bool) -> float:
    """Set or clear the e-stop latch of one graph and return how long that took [s].

    Raises NobodyListens when no subscriber is found within MATCH_TIMEOUT_S.
    """
    started = time.monotonic()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = graph.discovery
    if graph.profile:
        os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = graph.profile
    import rclpy
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
    from std_msgs.msg import Bool

    latched = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=graph.domain_id)
    try:
        node = rclpy.create_node(f"operator_{os.getpid()}", context=context, namespace=graph.namespace)
        publisher = node.create_publisher(Bool, "estop", latched)
        # The arm must not go on because a third party was slow to match: say it as soon as one listens, then again.
        publisher.publish(Bool(data=stopped))
        deadline = time.monotonic() + MATCH_TIMEOUT_S
        while publisher.get_subscription_count() == 0:
            if time.monotonic() > deadline:
                raise NobodyListens(
                    f"no node listens to estop on ROS domain {graph.domain_id} "
                    f"({graph.discovery.lower()}): is a job running?"
                )
            time.sleep(0.01)
        for _ in range(3):
            publisher.publish(Bool(data=stopped))
            time.sleep(0.05)
        publisher.wait_for_all_acked(rclpy.duration.Duration(seconds=1))
        return time.monotonic() - started
    finally:
        rclpy.shutdown(context=context)


def set_estop(stopped: bool) -> int:
    """Set or clear the latch of every target; exit code 1 when one does not listen."""
    reached = True
    word = "stopped: it holds until `vla recover`" if stopped else "free to move again once it is enabled"
    for graph in targets():
        try:
            seconds = publish_estop(graph, stopped)
        except NobodyListens as error:
            print(error)
            reached = False
        else:
            print(f"{graph.job} on ROS domain {graph.domain_id}: {word} ({seconds:.1f} s)")
    return 0 if reached else 1


def go_home() -> int:
    """Take every target's arm home; exit code 1 when one does not get there."""
    arrived = True
    for graph in targets():
        print(f"{graph.job} on ROS domain {graph.domain_id}: ", end="", flush=True)
        arrived = run_beside(graph, "vla_ros.nodes.home_node") == 0 and arrived
    return 0 if arrived else 1


def run_beside(graph: RunningGraph, module: str, parameters: Path | None = None) -> int:
    """Run a node of ours in a graph until it ends; return its exit code."""
    environment = module_environment() | {
        "ROS_DOMAIN_ID": str(graph.domain_id),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": graph.discovery,
    }
    if graph.profile:
        environment["FASTRTPS_DEFAULT_PROFILES_FILE"] = graph.profile
    words = [sys.executable, "-m", module, *ros_arguments(parameters, graph.namespace)]
    return subprocess.run(words, env=environment, check=False).returncode
