# SPDX-License-Identifier: Apache-2.0
"""Which running graph LeRobot is to speak to: the one that this machine's launcher runs, or the environment's."""

from __future__ import annotations

import os

from controllers.errors import ConfigError
from vla_ros.runtime.running import RunningGraph, running_graphs

START = "start one, such as ./vla launch teleop robot:={robot} cameras:={cameras}"


def join_graph(domain_id: int, namespace: str, start: str) -> tuple[str, str]:
    """Set this process's environment to a graph's; return what to call it, and its namespace.

    `domain_id` −1: the only one that runs. `start` says how one is started. Raises ConfigError where none can be meant.
    """
    wanted = namespace.strip("/")
    graphs = [
        graph
        for graph in running_graphs()
        if domain_id in (-1, graph.domain_id) and wanted in ("", graph.namespace.strip("/"))
    ]
    if len(graphs) > 1:
        named = ", ".join(_named(graph) for graph in graphs)
        raise ConfigError(f"several graphs run here ({named}): choose one with domain_id, or namespace")
    if graphs:
        os.environ.update(graphs[0].environment)
        return _named(graphs[0]), graphs[0].namespace.strip("/")
    said = os.environ.get("ROS_DOMAIN_ID", "")
    if domain_id < 0 and not said.isdigit():
        raise ConfigError(f"no graph runs on this machine: {start}; of another one say its domain_id")
    domain = domain_id if domain_id >= 0 else int(said)
    os.environ["ROS_DOMAIN_ID"] = str(domain)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return f"ROS domain {domain}", wanted


def _named(graph: RunningGraph) -> str:
    namespace = f", namespace {graph.namespace}" if graph.namespace else ""
    return f"{graph.job} on ROS domain {graph.domain_id}{namespace}"
