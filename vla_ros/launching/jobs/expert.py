# SPDX-License-Identifier: Apache-2.0
"""A task's scripted expert moves a simulated robot: the ceiling of what a policy can do, on the graph itself."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.launching.arguments import Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.robot_graph import check_judged, judged_arguments, judged_nodes, same
from vla_ros.launching.ros2_control import SIMULATED, SIMULATED_TIME

MANAGED = ("state_node", "camera_node", "expert_node", "control_node")


def expert_graph(name: str, job: JobConfig) -> Graph:
    """Return the graph of a job that a task's expert moves."""
    expert = NodeSpec(
        "expert",
        "expert_node",
        same("robot", "task", "set", "seed", "stream", "categories", "objects", "wording", "target", "place")
        | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        when=SIMULATED,
    )
    return Graph(
        name=name,
        description=job.description,
        arguments=judged_arguments(job),
        nodes=judged_nodes(name, expert, MANAGED),
        check=_check,
        renders=True,
    )


def _check(arguments: Mapping[str, Value]) -> None:
    hardware = str(arguments["hardware"])
    if hardware not in SIMULATED["hardware"]:
        raise ConfigError(f"hardware:={hardware}: an expert knows the truth of a simulator: give hardware:=sim")
    check_judged(arguments)
