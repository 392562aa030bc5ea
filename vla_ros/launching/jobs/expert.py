# SPDX-License-Identifier: Apache-2.0
"""A task's scripted expert moves a simulated robot, the ceiling of what a policy can do; or a policy in its place."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.evaluation.settings import EXPERT
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.policy import POLICY_ARGUMENTS, policy_node
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
    watching = str(job.arguments.get("cameras", ""))

    def settle(arguments: Mapping[str, Value]) -> dict[str, Value]:
        """Return what a policy sees by, where nobody said: an expert needs no camera, and the job draws few."""
        policy = str(arguments["policy"])
        return {} if policy == EXPERT or arguments["cameras"] != watching else {"cameras": _cameras(arguments)}

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


def _cameras(arguments: Mapping[str, Value]) -> str:
    """Return the cameras that a policy needs of the robot; what cannot be found out is the check's to say."""
    from vla_ros.policies.families.changed_settings import changes_of
    from vla_ros.policies.families.loading import check_policy
    from vla_ros.robots.embodiment import load_embodiment

    try:
        robot = load_embodiment(str(arguments["robot"]))
        policy, checkpoint = str(arguments["policy"]), str(arguments["checkpoint"])
        needs = check_policy(policy, robot, checkpoint, any_camera=True, changes=changes_of(arguments))
        return ",".join(camera.name for camera in needs.cameras_of(robot).values())
    except ConfigError:
        return str(arguments["cameras"])


def _check(arguments: Mapping[str, Value]) -> None:
    hardware = str(arguments["hardware"])
    if hardware not in SIMULATED["hardware"]:
        raise ConfigError(
            f"hardware:={hardware}: this job knows the truth of a simulator: give hardware:=sim, or launch policy"
        )
    check_judged(arguments)
