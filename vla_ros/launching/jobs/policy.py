# SPDX-License-Identifier: Apache-2.0
"""A policy moves a robot from camera images and an instruction; an episode judges where a simulator knows the truth."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.failure_detection.online.alarm_config import ALPHA_MAX, ALPHA_MIN, REACTIONS, AlarmConfig
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.robot_graph import check_judged, judged_arguments, judged_nodes, same
from vla_ros.launching.restarting import managed_again
from vla_ros.launching.ros2_control import SIMULATED, SIMULATED_TIME, UNSIMULATED
from vla_ros.nodes.instruction.sequence import ENOUGH
from vla_ros.policies.families.table import DEFAULT_POLICY, UNNAMED_WEIGHTS, check_name, policy_text

POLICY_ARGUMENTS = (  # where what a policy knows is found, and what watches it
    LaunchArgument("checkpoint", "", f"folder of a learned policy's weights; empty: {UNNAMED_WEIGHTS}"),
    LaunchArgument("setting", "", "changes to the policy's settings, KEY=VALUE,…: mode=cage; empty: none"),
    LaunchArgument("url", "", "server that policy:=remote asks, ws://HOST:PORT as vla serve prints it; empty: none"),
    LaunchArgument("url_token_file", "", "file of that server's token, yours alone to read; empty: it wants none"),
    LaunchArgument("contract", "", "server contract of a server of others, such as graspvla; empty: a vla serve"),
    LaunchArgument("detector", "", "folder of a failure detector of `vla detect train` that watches; empty: none"),
    LaunchArgument("on_alarm", AlarmConfig.reaction, "what follows its alarm", choices=REACTIONS),
    LaunchArgument("alarm_score", AlarmConfig.score, "the detector's score that raises alarms"),
    LaunchArgument(
        "alarm_alpha",
        AlarmConfig.alpha,
        "share of successful episodes that may raise one",
        minimum=ALPHA_MIN,
        maximum=ALPHA_MAX,
    ),
)
POLICY_PARAMETERS = ("robot", "cameras", "policy", "objects", *(argument.name for argument in POLICY_ARGUMENTS))


def policy_node(unless: Mapping[str, tuple[str, ...]] | None = None) -> NodeSpec:
    """Return the node of a policy that moves a robot, simulated or real, but with such arguments."""
    return NodeSpec(
        "policy",
        "policy_node",
        same(*POLICY_PARAMETERS) | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        unless=unless or {},
        again=managed_again,
    )


def cameras_unsaid(job: JobConfig, arguments: Mapping[str, Value]) -> bool:
    """Say whether the cameras are still those of the job's file."""
    return arguments["cameras"] == str(job.arguments.get("cameras", ""))


def needed_cameras(arguments: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the robot's cameras that the policy needs; none where it cannot be found out, which the check will say."""
    from vla_ros.policies.families.changed_settings import changes_of
    from vla_ros.policies.families.loading import check_policy
    from vla_ros.robots.embodiment import load_embodiment

    try:
        robot = load_embodiment(str(arguments["robot"]))
        policy, checkpoint = str(arguments["policy"]), str(arguments["checkpoint"])
        needs = check_policy(policy, robot, checkpoint, any_camera=True, changes=changes_of(arguments))
        return tuple(camera.name for camera in needs.cameras_of(robot).values())
    except ConfigError:
        return ()


def policy_graph(name: str, job: JobConfig) -> Graph:
    """Return the graph of a job that a policy moves."""
    instruction = NodeSpec(
        "instruction",
        "instruction_node",
        same("instruction", "status_chunks", "report", "run_directory"),
        not_again="which sentence is under way is gone with it",
        decides=True,
        condition="instruction",
        when=UNSIMULATED,
    )

    def settle(arguments: Mapping[str, Value]) -> dict[str, Value]:
        """Return the cameras with those that the policy needs besides, where nobody said and a simulator has them."""
        from vla_ros.robots.embodiment import load_embodiment, with_named_cameras

        if arguments["hardware"] not in SIMULATED["hardware"] or not cameras_unsaid(job, arguments):
            return {}
        needed = needed_cameras(arguments)
        try:
            there = with_named_cameras(load_embodiment(str(arguments["robot"])), str(arguments["cameras"])).cameras
        except ConfigError:
            return {}  # the check will say why
        return {} if set(needed).issubset(there) else {"cameras": ",".join(dict.fromkeys((*there, *needed)))}

    return Graph(
        name=name,
        description=job.description,
        arguments=judged_arguments(
            job,
            LaunchArgument(
                "policy",
                DEFAULT_POLICY,
                f"what turns images and words into motion: {policy_text()}",
                refuse=check_name,
            ),
            *POLICY_ARGUMENTS,
            LaunchArgument(
                "status_chunks",
                ENOUGH,
                "chunks in a row by which a policy says that a sentence is done, or not there, where nobody judges",
                minimum=1,
                maximum=100,
            ),
        ),
        nodes=(*judged_nodes(name, policy_node()), instruction),
        settle=settle,
        check=check_judged,
        renders=True,
    )
