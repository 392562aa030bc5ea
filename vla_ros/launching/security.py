# SPDX-License-Identifier: Apache-2.0
"""DDS Security of a graph: an enclave for each of its nodes, and the environment by which they use a keystore."""

from __future__ import annotations

import datetime
import os
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.ament import prefixes
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.runtime.running import keystore_variables
from vla_ros.security.interface import DdsTopics, NodeInterface, absolute, interface

SECURITY = "security"
# What these start has an enclave, whether or not a launch asks for it.
CONVENIENCES: Mapping[str, Value] = {"view": "foxglove", "record": "bag", "instruction": "any", "tf": True}
_PLUGINS = {"rmw_fastrtps_cpp": ("libfastrtps.so", b"PKI-DH"), "rmw_cyclonedds_cpp": ("libdds_security_auth.so", b"")}


def security_argument() -> LaunchArgument:
    """Return the launch argument that names a keystore."""
    return LaunchArgument(
        SECURITY, "", "keystore of `vla secure`: nodes without its keys are kept out (docs/security.md); empty: none"
    )


def enclave(name: str, arguments: Mapping[str, Value]) -> str:
    """Return the enclave of a node of a graph, such as /robot1/control."""
    return absolute(name, str(arguments.get("namespace", "")))


def security_environment(arguments: Mapping[str, Value]) -> dict[str, str]:
    """Return the variables by which a process uses the keystore; none without."""
    folder = str(arguments.get(SECURITY) or "")
    return keystore_variables(str(Path(folder).expanduser().resolve()) if folder else "")


def observer_environment(arguments: Mapping[str, Value]) -> dict[str, str]:
    """Return the variables by which a process looks on where nodes have keys; none without a keystore."""
    from vla_ros.security.onlookers import OBSERVER

    override = {"ROS_SECURITY_ENCLAVE_OVERRIDE": enclave(OBSERVER, arguments)}
    return security_environment(arguments) | (override if arguments.get(SECURITY) else {})


def enclave_words(node: NodeSpec, arguments: Mapping[str, Value]) -> list[str]:
    """Return the ROS arguments that put a node into its enclave; none without a keystore."""
    return ["--enclave", enclave(node.name, arguments)] if arguments.get(SECURITY) else []


def graph_topics(graph: Graph, arguments: Mapping[str, Value]) -> dict[str, DdsTopics]:
    """Return what each enclave of a job may do: its nodes, and who comes from outside (operator, observer, home).

    Viewer, recorder and what waits for an instruction are among them, whether or not `arguments` start them.
    """
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.security.onlookers import HOME, OBSERVER, OPERATOR, home, observer, operator

    possible = {name: CONVENIENCES.get(name, value) for name, value in arguments.items()}
    nodes = [node for node in graph.nodes if node.starts(possible)]
    robot = load_embodiment(str(arguments["robot"]))
    served = [f"{node.executable}" for node in nodes if not node.package]
    interfaces = {node.name: node_interface(node, arguments) for node in nodes}
    interfaces |= {HOME: home(robot), OPERATOR: operator(robot, served), OBSERVER: observer(robot)}
    namespace = str(arguments.get("namespace", ""))
    return {enclave(name, arguments): one.dds_topics(namespace) for name, one in interfaces.items()}


def node_interface(node: NodeSpec, arguments: Mapping[str, Value]) -> NodeInterface:
    """Return what one node says and hears with these arguments. Raises ConfigError for one that nobody describes."""
    from vla_ros.robots.embodiment import load_embodiment, with_named_cameras

    robot = with_named_cameras(load_embodiment(str(arguments["robot"])), str(arguments.get("cameras", "")))
    values = {**arguments, **node.values(arguments)}
    described = _described().get(node.executable)
    if described is None:
        raise ConfigError(f"node '{node.name}': vla_ros/security says nothing of {node.executable}: describe it there")
    clock = interface(subscribes=["clock"] if values.get("use_sim_time") else [])
    return described(robot, values) | clock


def _described() -> dict[str, Callable[..., NodeInterface]]:
    from vla_ros.security import movers, onlookers, robot_side

    own = {
        "sim": robot_side.sim, "control": robot_side.control, "guard": robot_side.guard, "state": robot_side.state,
        "tf": robot_side.tf, "joint_topics": robot_side.joint_topics, "sdk": robot_side.sdk,
        "gripper_action": robot_side.gripper_action, "gripper_drivers": robot_side.gripper_drivers,
        "description": robot_side.description, "spawner": robot_side.spawner,
        "camera": movers.camera, "policy": movers.policy, "expert": movers.expert, "replay": movers.replay,
        "episode": movers.episode, "instruction": movers.instruction, "lifecycle_manager": movers.manager,
        "vr_bridge": movers.bridge, "view": onlookers.view, "recorder": onlookers.recorder,
    }  # fmt: skip
    return {f"{name}_node": one for name, one in own.items()} | {"ros2_control_node": robot_side.controller_manager}


def ros_domain(arguments: Mapping[str, Value], environment: Mapping[str, str] = os.environ) -> int:
    """Return the ROS domain of a graph with a keystore: the argument's, else ROS_DOMAIN_ID, else 0."""
    given, said = int(arguments.get("domain_id", -1)), environment.get("ROS_DOMAIN_ID", "")
    return given if given >= 0 else int(said) if said.isdigit() else 0


def check_security(graph: Graph, arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError where the DDS of this installation has no security, or the keystore does not fit the graph."""
    folder = str(arguments.get(SECURITY) or "")
    if not folder:
        return
    if problem := missing_plugins():
        raise ConfigError(
            f"{SECURITY}:={folder}: {problem}: on a full ROS 2 Jazzy, whose packages have them, ros2 launch and "
            "vla-ros launch take it (docs/security.md)"
        )
    from vla_ros.security.checks import check_graph
    from vla_ros.security.keystore import Keystore

    store = Keystore(Path(folder).expanduser())
    wanted = graph_topics(graph, arguments)
    active = {enclave(node.name, arguments) for node in graph.active_nodes(arguments)}
    needed = {name: topics for name, topics in wanted.items() if name in active}
    problem = check_graph(store, needed, ros_domain(arguments), datetime.datetime.now(datetime.UTC))
    if problem:
        raise ConfigError(f"{SECURITY}:={folder}: {problem}: vla secure {folder} --job {graph.name} --update")


def missing_plugins(environment: Mapping[str, str] = os.environ) -> str:
    """Return why nodes of this installation cannot use keys, or ""."""
    rmw = environment.get("RMW_IMPLEMENTATION") or "rmw_fastrtps_cpp"
    if rmw not in _PLUGINS:
        return f"it is not known whether {rmw} has security plug-ins"
    name, mark = _PLUGINS[rmw]
    wheels = sorted(Path(sysconfig.get_path("purelib")).parents[1].glob(f"{name}*"))
    packages = [path for prefix in prefixes() for path in sorted((prefix / "lib").glob(f"**/{name}*"))]
    found = [path for path in (*wheels, *packages) if path.is_file()]
    if not found:
        return f"{name} of {rmw} is in no folder of this installation"
    return "" if mark in found[0].read_bytes() else f"{found[0].name} here is built without the security plug-ins"
