# SPDX-License-Identifier: Apache-2.0
"""A Franka finds, grasps and lifts what it is told to, in a simulated scene seen through two cameras."""

from __future__ import annotations

from vla_ros.bringup.arguments import LaunchArgument
from vla_ros.bringup.graph import Graph, NodeSpec
from vla_ros.bringup.grasp_graph import check_grasp_job, grasp_arguments, grasp_nodes, same
from vla_ros.bringup.ros2_control import SIMULATED, SIMULATED_TIME
from vla_ros.policies.names import DEFAULT_POLICY, POLICIES

NAME = "franka_grasp"
MANAGED = ("state_node", "camera_node", "policy_node", "control_node")


def graph() -> Graph:
    """Describe the job."""
    policy = NodeSpec(
        "policy",
        "policy_node",
        same("robot", "cameras", "policy", "checkpoint", "objects") | {"use_sim_time": SIMULATED_TIME},
        stops_first=True,
        when=SIMULATED,
    )
    return Graph(
        name=NAME,
        description="A simulated Franka finds, grasps and lifts the named object from camera images.",
        arguments=grasp_arguments(
            LaunchArgument("policy", DEFAULT_POLICY, "what turns images and words into motion", choices=POLICIES),
            LaunchArgument("checkpoint", "", "folder of a learned policy's weights; empty: the shipped one"),
        ),
        nodes=grasp_nodes(NAME, policy, MANAGED),
        check=check_grasp_job,
        renders=True,
        example='vla launch franka_grasp instruction:="pick up the red mug" seed:=3',
    )
