# SPDX-License-Identifier: Apache-2.0
"""A task's scripted expert moves a simulated robot, the ceiling of what a policy can do; or a policy in its place."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.evaluation.settings import EXPERT
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.policy import POLICY_ARGUMENTS, cameras_unsaid, needed_cameras, policy_node
from vla_ros.launching.jobs.robot_graph import check_judged, judged_arguments, judged_nodes, same
from vla_ros.launching.restarting import managed_again
from vla_ros.launching.ros2_control import SIMULATED, SIMULATED_TIME
from vla_ros.policies.families.table import check_name, policy_text

BY_EXPERT: dict[str, tuple[str, ...]] = {"policy": (EXPERT,)}


def expert_graph(name: str, job: JobConfig) -> Graph:
    """Return the graph of a job that a task's expert moves, unless a policy is named."""
    expert = NodeSpec(
        "expert",
        "expert_node",
        same("robot", "task", "set", "seed", "stream", "categories", "objects", "wording", "target", "place")
        | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        when={**SIMULATED, **BY_EXPERT},
        again=managed_again,
    )

    def settle(arguments: Mapping[str, Value]) -> dict[str, Value]:
        """Return what a policy sees by, where nobody said: an expert needs no camera, and the job draws few."""
        if arguments["policy"] == EXPERT or not cameras_unsaid(job, arguments):
            return {}
        needed = needed_cameras(arguments)
        return {"cameras": ",".join(needed)} if needed else {}

    return Graph(
        name=name,
        description=job.description,
        arguments=judged_arguments(
            job,
            LaunchArgument(
                "policy",
                EXPERT,
                f"what turns images and words into motion in the place of the expert: {policy_text()}",
                refuse=lambda text: check_name(text, EXPERT),
            ),
            *POLICY_ARGUMENTS,
        ),
        nodes=judged_nodes(name, expert, policy_node(unless=BY_EXPERT)),
        settle=settle,
        check=_check,
        renders=True,
    )


def _check(arguments: Mapping[str, Value]) -> None:
    hardware = str(arguments["hardware"])
    if hardware not in SIMULATED["hardware"]:
        raise ConfigError(
            f"hardware:={hardware}: this job knows the truth of a simulator: give hardware:=sim, or launch policy"
        )
    check_judged(arguments)
