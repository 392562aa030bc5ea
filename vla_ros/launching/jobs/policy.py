# SPDX-License-Identifier: Apache-2.0
"""A policy moves a robot from camera images and an instruction; an episode judges where a simulator knows the truth."""

from __future__ import annotations

from collections.abc import Mapping

from vla_ros.failure_detection.online.alarm_config import ALPHA_MAX, ALPHA_MIN, REACTIONS, AlarmConfig
from vla_ros.launching.arguments import LaunchArgument
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.robot_graph import check_judged, judged_arguments, judged_nodes, same
from vla_ros.launching.restarting import managed_again
from vla_ros.launching.ros2_control import SIMULATED_TIME, UNSIMULATED
from vla_ros.nodes.instruction.sequence import ENOUGH
from vla_ros.policies.families.table import DEFAULT_POLICY, check_name, policy_text

POLICY_ARGUMENTS = (  # where what a policy knows is found, and what watches it
    LaunchArgument("checkpoint", "", "folder of a learned policy's weights; empty: the shipped one"),
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
        check=check_judged,
        renders=True,
    )
