# SPDX-License-Identifier: Apache-2.0
"""The chunk follower of a robot by its description: model from the URDF, tuning from config/controllers."""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.chunk import ActionChunk, pose_channels
from controllers.control_config import ControlConfig
from controllers.follower import ChunkFollower
from controllers.rotations import from_matrix
from vla_ros.robots.control import arm_guard, arm_limits, arm_model, load_control_config, side_drive
from vla_ros.robots.embodiment import Embodiment


def launch_control_config(robot: str, speed_scale: float, alignment: str, shadow: bool = False) -> ControlConfig:
    """Return the robot's control configuration with the launch's choices put in."""
    config = load_control_config(robot)
    stitch = dataclasses.replace(config.stitch, alignment=alignment)
    return dataclasses.replace(config, speed_scale=speed_scale, stitch=stitch, shadow=shadow)


def make_follower(embodiment: Embodiment, config: ControlConfig, command: str = "") -> ChunkFollower:
    """Return the follower of the robot's first arm, driven by `command` or as usual, and its gripper."""
    arm = embodiment.arms[0]
    gripper = next((gripper.name for gripper in embodiment.grippers if gripper.arm == arm.name), "")
    model = arm_model(embodiment, arm, config)
    guard = arm_guard(embodiment, arm, config)
    side = side_drive(embodiment, gripper, config)
    follower = ChunkFollower(
        arm.name, gripper, model, arm_limits(arm, config), config, guard, arm.command_mode(command), side
    )
    rehearse(follower, np.array(arm.home))
    return follower


def rehearse(follower: ChunkFollower, q: np.ndarray) -> None:
    """Follow a chunk in thought, at rest at q (N,) [rad]: what is loaded on first use is not loaded in motion."""
    dq, dt = np.zeros_like(q), 0.002
    T = follower.model.forward(q)
    pose = np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])
    follower.activate(q, dq, 0.0, 0.0)
    values = np.stack([pose, pose])
    chunk = ActionChunk(0.0, follower.model.base_frame, pose_channels(follower.arm), np.array([0.1, 0.2]), values, 1)
    follower.submit(chunk, 0.0)
    for tick in range(1, 200):
        follower.tick(tick * dt, dt, q, dq)
    follower.stop()
    follower.tick(0.4, dt, q, dq)
    follower.deactivate()
