# SPDX-License-Identifier: Apache-2.0
"""The chunk follower of a robot by its description: model from the URDF, tuning from config/controllers."""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.control_config import ControlConfig
from controllers.follower import ChunkFollower
from controllers.rotations import from_matrix
from controllers.whole_body_config import CONFIGURED
from vla_ros.robots.control import FollowerFactory, load_control_config, with_table, with_whole_body
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.names import TABLE_AS_CONFIGURED


def launch_control_config(
    robot: str,
    speed_scale: float,
    alignment: str,
    shadow: bool = False,
    whole_body: str = CONFIGURED,
    table_height: float = TABLE_AS_CONFIGURED,
) -> ControlConfig:
    """Return the robot's control configuration with the launch's choices put in; `whole_body`: one of WHOLE_BODY.

    `table_height` [m] is that above the robot's base.
    """
    config = with_table(with_whole_body(load_control_config(robot), whole_body), table_height)
    stitch = dataclasses.replace(config.stitch, alignment=alignment)
    return dataclasses.replace(config, speed_scale=speed_scale, stitch=stitch, shadow=shadow)


def make_follower(embodiment: Embodiment, config: ControlConfig, command: str = "") -> ChunkFollower:
    """Return the follower of a robot, its arms driven by `command` or as usual, warmed up."""
    follower = FollowerFactory(embodiment, config, command).make()
    warm_up(follower, np.concatenate([group.home for group in embodiment.driven_groups]))
    return follower


def warm_up(follower: ChunkFollower, q: np.ndarray) -> None:
    """Follow a chunk in a dry run, at rest at q (N,) [rad], [m]: what first use loads is not loaded in motion."""
    dq, dt = np.zeros_like(q), 0.002
    follower.activate(q, dq, {}, 0.0)
    poses = [_pose(arm.model.T_base_ee) for arm in follower.arms.values()]
    channels = tuple(channel for name in follower.arms for channel in pose_channels(name))
    values = np.tile(np.concatenate(poses), (2, 1))
    times, riding = np.array([0.1, 0.2]), follower.has_base  # there is no odometry yet to carry poses by
    follower.submit(ActionChunk(0.0, follower.base_frame, channels, times, values, 1, riding=riding), 0.0)
    for tick in range(1, 200):
        follower.tick(tick * dt, dt, q, dq)
    follower.stop()
    follower.tick(0.4, dt, q, dq)
    follower.deactivate()


def _pose(T_base_ee: np.ndarray) -> np.ndarray:
    return np.concatenate([T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3])])
