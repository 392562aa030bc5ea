# SPDX-License-Identifier: Apache-2.0
"""The ROS parameters of the node that plans with MoveIt: description, kinematics, limits, one OMPL pipeline.

Names and keys are those of MoveIt 2 (Jazzy): moveit_cpp's options, ompl_interface and its adapters.
"""

from __future__ import annotations

from typing import Any

import yaml

from vla_ros.robots.embodiment import Embodiment, expand_urdf

NODE = "vla_planning"
SOLVER = "kdl_kinematics_plugin/KDLKinematicsPlugin"
PLANNER = "RRTConnectkConfigDefault"
_HEAD = """\
# MoveIt for the robot '{robot}', made of its description: docs/planning.md. Its keys hold in any namespace.
"""


def planning_parameters(robot: Embodiment, semantics: str) -> dict[str, Any]:
    """Return the parameters of the planning node; `semantics` is the robot's SRDF."""
    return {
        "robot_description": expand_urdf(robot),
        "robot_description_semantic": semantics,
        "robot_description_kinematics": {
            arm.name: {
                "kinematics_solver": SOLVER,
                "kinematics_solver_search_resolution": 0.005,
                "kinematics_solver_timeout": 0.05,
            }
            for arm in robot.arms
        },
        "robot_description_planning": {"joint_limits": joint_limits(robot)},
        "planning_pipelines": {"pipeline_names": ["ompl"]},
        "ompl": _pipeline(robot),
        "plan_request_params": {
            "planning_attempts": 1,
            "planning_pipeline": "ompl",
            "planner_id": PLANNER,
            "planning_time": 1.0,
            "max_velocity_scaling_factor": 1.0,
            "max_acceleration_scaling_factor": 1.0,
        },
        "planning_scene_monitor_options": {"joint_state_topic": "joint_states", "wait_for_initial_state_timeout": 10.0},
    }


def planning_yaml(robot: Embodiment, semantics: str) -> str:
    """Return them as YAML for `--params-file`."""
    text = yaml.safe_dump(
        {f"/**/{NODE}": {"ros__parameters": planning_parameters(robot, semantics)}}, sort_keys=False, width=120
    )  # fmt: skip
    return _HEAD.format(robot=robot.name) + text


def joint_limits(robot: Embodiment) -> dict[str, dict[str, Any]]:
    """Return how fast each driven joint may be, as MoveIt's time parameterisation reads it."""
    limits: dict[str, dict[str, Any]] = {}
    for group in robot.driven_groups:
        for joint, velocity, acceleration in zip(
            group.joints, group.velocity.tolist(), group.acceleration.tolist(), strict=True
        ):
            limits[joint] = {
                "has_velocity_limits": True, "max_velocity": velocity,
                "has_acceleration_limits": True, "max_acceleration": acceleration,
            }  # fmt: skip
    for arm in robot.arms:
        for joint, jerk in zip(arm.joints, arm.jerk.tolist(), strict=True):
            limits[joint] |= {"has_jerk_limits": True, "max_jerk": jerk}
    return limits


def _pipeline(robot: Embodiment) -> dict[str, Any]:
    groups = [arm.name for arm in robot.arms]
    return {
        "planning_plugins": ["ompl_interface/OMPLPlanner"],
        "request_adapters": [
            f"default_planning_request_adapters/{name}"
            for name in ("ResolveConstraintFrames", "ValidateWorkspaceBounds", "CheckStartStateBounds",
                         "CheckStartStateCollision")
        ],
        "response_adapters": [
            f"default_planning_response_adapters/{name}"
            for name in ("AddTimeOptimalParameterization", "ValidateSolution")
        ],
        "start_state_max_bounds_error": 0.1,
        "planner_configs": {PLANNER: {"type": "geometric::RRTConnect", "range": 1.0}},
    } | {group: {"planner_configs": [PLANNER]} for group in groups}  # fmt: skip
