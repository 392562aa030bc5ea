# SPDX-License-Identifier: Apache-2.0
"""A person moves a robot from a headset, a gamepad or a keyboard, and takes it from a policy where one runs."""

from __future__ import annotations

from collections.abc import Mapping

from vla_ros.launching.arguments import Value
from vla_ros.launching.checks import check_grasp, check_view
from vla_ros.launching.graph import Graph
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.jobs.operator_graph import (
    NO_POLICY,
    bridge_arguments,
    bridge_node,
    check_bridge,
    check_collection,
    check_leader,
)
from vla_ros.launching.jobs.policy import policy_node
from vla_ros.launching.jobs.robot_graph import manager_node, robot_arguments, robot_nodes
from vla_ros.launching.real_cameras import check_camera_source
from vla_ros.launching.recording import check_recording, collection_recorder_node
from vla_ros.launching.ros2_control import SIMULATED, UNSIMULATED, check_hardware

ARM, SEEING = ("state_node", "vr_bridge_node", "control_node"), "camera_node"


def teleop_graph(name: str, job: JobConfig) -> Graph:
    """Return the graph of a job that a person moves."""
    alone: dict[str, tuple[str, ...]] = {"policy": (NO_POLICY,)}
    managers = (
        manager_node("manager", ("state_node", SEEING, *ARM[1:]), SIMULATED | alone),
        manager_node("policy_manager", ("state_node", SEEING, "policy_node", *ARM[1:]), SIMULATED, alone),
        manager_node("arm_manager", ARM, UNSIMULATED | alone),
        manager_node("arm_policy_manager", ("state_node", "policy_node", *ARM[1:]), UNSIMULATED, alone),
    )
    return Graph(
        name=name,
        description=job.description,
        arguments=robot_arguments(job, *bridge_arguments()),
        nodes=(
            *robot_nodes(name, (policy_node(unless=alone), bridge_node()), managers),
            collection_recorder_node(name),
        ),
        check=_check,
        renders=True,
    )


def _check(arguments: Mapping[str, Value]) -> None:
    check_hardware(arguments)
    check_grasp({name: value for name, value in arguments.items() if name != "policy" or value != NO_POLICY})
    check_camera_source(arguments)
    check_view(arguments)
    check_recording(arguments)
    check_bridge(arguments)
    check_leader(arguments)
    check_collection(arguments)
