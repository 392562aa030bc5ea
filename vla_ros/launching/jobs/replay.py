# SPDX-License-Identifier: Apache-2.0
"""A robot executes a recorded episode again, in the scene that it was recorded in: `vla replay` starts this."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.robot_graph import check_judged, judged_arguments, judged_nodes, same
from vla_ros.launching.restarting import NO_MIDDLE
from vla_ros.launching.ros2_control import SIMULATED, SIMULATED_TIME


def replay_graph(name: str, job: JobConfig) -> Graph:
    """Return the graph of a job that a recording moves."""
    replay = NodeSpec(
        "replay",
        "replay_node",
        same("robot", "source", "episode", "contract", "speed") | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        when=SIMULATED,
        not_again=NO_MIDDLE,
    )
    return Graph(
        name=name,
        description=job.description,
        arguments=judged_arguments(
            job,
            LaunchArgument("source", "", "bag or dataset"),
            LaunchArgument("episode", 0, "number of the episode, 0 the first", minimum=0, maximum=10**9),
            LaunchArgument("contract", "", "contract of a dataset that does not say its own"),
            LaunchArgument("speed", 1.0, "share of the recorded speed", minimum=0.05, maximum=1.0),
        ),
        nodes=judged_nodes(name, replay, managed=False),
        check=_check,
        renders=True,
    )


def _check(arguments: Mapping[str, Value]) -> None:
    check_judged(arguments)
    source = str(arguments["source"])
    if not source or not Path(source).exists():
        raise ConfigError(f"source:={source}: name a bag or a dataset that is there")
    from vla_ros.data.replay.reading import check_source
    from vla_ros.policies.contract import load_contract

    check_source(Path(source))
    if arguments["contract"]:
        load_contract(str(arguments["contract"]))
