# SPDX-License-Identifier: Apache-2.0
"""The operator's bridge as part of a graph: its node, its launch arguments, what is checked before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.checks import NAMESPACE
from vla_ros.launching.graph import Chosen, NodeSpec
from vla_ros.launching.jobs.policy import POLICY_ARGUMENTS
from vla_ros.launching.jobs.robot_graph import same
from vla_ros.launching.ports import tcp_problem
from vla_ros.launching.restarting import page_again
from vla_ros.launching.ros2_control import SIMULATED_TIME
from vla_ros.policies.families.table import check_name, policy_text
from vla_ros.tasks.table import DEFAULT_TASK, check_task
from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S
from vla_ros.teleop.protocol import HANDS, OWN_SIDE
from vla_ros.teleop.serving.addresses import PAGE_PORT

NO_POLICY = "none"


def bridge_node() -> NodeSpec:
    """Return the process an operator's page connects to."""
    return NodeSpec(
        "bridge",
        "vr_bridge_node",
        same(
            "robot",
            "cameras",
            "host",
            "port",
            "token_file",
            "new_token",
            "folder",
            "hand",
            "facing",
            "linear_speed",
            "leader",
            "leader_map",
            "idle_timeout",
            "instruction",
            "whole_body",
        )
        | same("collection", "schedule")
        | {
            "use_sim_time": SIMULATED_TIME,
            "with_policy": Chosen("policy", {NO_POLICY: False}, other=True),
        },
        stops_first=True,
        again=page_again,
    )


def bridge_arguments() -> tuple[LaunchArgument, ...]:
    """Return the launch arguments of an operator's bridge."""
    return (
        LaunchArgument(
            "policy",
            NO_POLICY,
            f"policy that the operator takes the arm from and gives it back to: {NO_POLICY}, {policy_text()}",
            refuse=lambda name: check_name(name, NO_POLICY),
        ),
        *POLICY_ARGUMENTS,
        LaunchArgument("host", "localhost", "who may open the page: localhost, all, or an address of this machine"),
        LaunchArgument("port", PAGE_PORT, "TCP port of the page; 0: any that is free", minimum=0, maximum=65535),
        LaunchArgument(
            "token_file", "", "file of a pairing token, yours alone to read; empty: the one of the last run"
        ),
        LaunchArgument("new_token", False, "make a new pairing token: whoever was paired is locked out"),
        LaunchArgument("folder", "", "folder of certificate and token; empty: ~/.config/vla_ros/teleop"),
        LaunchArgument(
            "hand",
            OWN_SIDE,
            "hand that drives the first arm; own_side: each the arm beside it, the right one an only arm",
            choices=(OWN_SIDE, *HANDS),
        ),
        LaunchArgument(
            "facing", 0.0, "where the operator looks, in the robot's base [degrees]", minimum=-360.0, maximum=360.0
        ),
        LaunchArgument(
            "collection", "", "record episodes into collections/<name>, or a path (docs/collection.md); empty: do not"
        ),
        LaunchArgument(
            "schedule",
            "",
            "what to collect: config/tasks/collect_<name>.yaml, or a .yaml file; empty: as the collection was before",
        ),
        LaunchArgument(
            "idle_timeout",
            IDLE_TIMEOUT_S,
            "an episode ends by itself so long after its driver has gone, and after three times as long in which he "
            "moves nothing [s]; 0: never",
            minimum=0.0,
            maximum=3600.0,
        ),
        LaunchArgument("linear_speed", 0.5, "fastest that a hand moves the tool [m/s]", minimum=0.01, maximum=1.0),
        LaunchArgument(
            "leader", "", "namespace of leader arms whose joint states the arms follow, such as /leader; empty: none"
        ),
        LaunchArgument(
            "leader_map",
            "",
            "what its joints mean: config/leaders/<name>.yaml, or a .yaml file; empty: they are called like the arms'",
        ),
    )


def check_bridge(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError when the page could not be served: better now than beside a moving arm."""
    from vla_ros.teleop.serving.addresses import bind_address, is_local
    from vla_ros.teleop.serving.certificate import tls_context
    from vla_ros.teleop.serving.keeping import user_folder
    from vla_ros.teleop.serving.pairing import pairing_token
    from vla_ros.token_file import chosen_token

    port, address = int(arguments["port"]), bind_address(str(arguments["host"]))
    problem = tcp_problem(port)
    if problem:
        raise ConfigError(f"port:={port}: {problem}; give another, or 0 for any that is free")
    folder = user_folder(str(arguments["folder"]))
    if not is_local(address):
        tls_context(folder)
    if arguments["token_file"]:
        if arguments["new_token"]:
            raise ConfigError("new_token:=true makes a token and token_file:= brings one: give one of the two")
        chosen_token(Path(str(arguments["token_file"])))
    else:
        pairing_token(folder)


def check_leader(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError for a leader whose joints do not fit the robot's, or that is no namespace."""
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.teleop.leader.config import load_leader
    from vla_ros.teleop.leader.mapping import LeaderMapping

    leader, named = str(arguments["leader"]), str(arguments["leader_map"])
    if named and not leader:
        raise ConfigError(f"leader_map:={named}: say with leader:= in which namespace the leader is")
    if not leader:
        return
    if not NAMESPACE.fullmatch(leader.removeprefix("/")):
        raise ConfigError(f"leader:={leader}: is no namespace: give one such as /leader")
    LeaderMapping(load_leader(named), load_embodiment(str(arguments["robot"])))


def check_collection(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError when nothing could be collected: better now than beside a moving arm."""
    from vla_ros.data.bags.episode_bags import EPISODES, collection_root
    from vla_ros.launching.recording import RECORD, check_bag_folder
    from vla_ros.teleop.episodes.folder import TASK
    from vla_ros.teleop.scheduling.task import task_path

    collection, schedule = str(arguments["collection"]), str(arguments["schedule"])
    if schedule:
        _check_task(task_path(schedule), f"schedule:={schedule}", arguments)
        if not collection:
            raise ConfigError(f"schedule:={schedule}: name the collection that it is for with collection:=")
    if collection:
        if arguments[RECORD]:
            raise ConfigError(f"collection:={collection}: has a recorder of its own: leave out {RECORD}:=")
        check_bag_folder(str(collection_root(collection) / EPISODES), f"collection:={collection}", episodes=True)
        kept = collection_root(collection) / TASK
        if not schedule and kept.is_file():
            _check_task(kept, f"collection:={collection}", arguments)


def _check_task(path: Path, given: str, arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError for a schedule that cannot be read, or whose simulated scenes are of another task."""
    from vla_ros.teleop.scheduling.task import load_task

    schedule = load_task(path)
    task = check_task(schedule.task or DEFAULT_TASK)
    if schedule.simulated and task != arguments["task"]:
        raise ConfigError(f"{given}: its scenes are of task '{task}': give task:={task}")
