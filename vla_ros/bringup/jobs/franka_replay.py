# SPDX-License-Identifier: Apache-2.0
"""A Franka executes a recorded grasp again, in the scene that it was recorded in: `vla replay` starts this."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.bringup.arguments import LaunchArgument, Value
from vla_ros.bringup.graph import Graph, NodeSpec
from vla_ros.bringup.grasp_graph import check_grasp_job, grasp_arguments, grasp_nodes, same
from vla_ros.bringup.ros2_control import SIMULATED, SIMULATED_TIME

NAME = "franka_replay"
MANAGED = ("state_node", "camera_node", "control_node")


def graph() -> Graph:
    """Describe the job."""
    replay = NodeSpec(
        "replay",
        "replay_node",
        same("robot", "source", "episode", "contract", "speed") | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        when=SIMULATED,
    )
    return Graph(
        name=NAME,
        description="A simulated Franka executes a recorded episode again, through the same control and gate.",
        arguments=grasp_arguments(
            LaunchArgument("source", "", "bag or dataset"),
            LaunchArgument("episode", 0, "number of the episode, 0 the first", minimum=0, maximum=10**9),
            LaunchArgument("contract", "", "contract of a dataset that does not say its own"),
            LaunchArgument("speed", 1.0, "share of the recorded speed", minimum=0.05, maximum=1.0),
        ),
        nodes=grasp_nodes(NAME, replay, MANAGED),
        check=_check,
        renders=True,
        example="vla launch franka_replay source:=bags/mug set:=basic seed:=3",
    )


def _check(arguments: Mapping[str, Value]) -> None:
    check_grasp_job(arguments)
    source = str(arguments["source"])
    if not source or not Path(source).exists():
        raise ConfigError(f"source:={source}: name a bag or a dataset that is there")
    from vla_ros.data.replay.reading import check_source
    from vla_ros.policies.contract import load_contract

    check_source(Path(source))
    if arguments["contract"]:
        load_contract(str(arguments["contract"]))
