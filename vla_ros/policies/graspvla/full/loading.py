# SPDX-License-Identifier: Apache-2.0
"""A full GraspVLA policy by the folder of its checkpoint, checked against the robot first."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.graspvla.full.checkpoint import load_checkpoint
from vla_ros.policies.graspvla.full.config import FullConfig, read_full_config
from vla_ros.policies.graspvla.full.policy import GraspVlaFullPolicy
from vla_ros.policies.hugging_face.device import check_device
from vla_ros.robots.embodiment import Embodiment


def load_full_policy(folder: str | Path, robot: Embodiment, device: str = "cpu", seed: int = 0) -> GraspVlaFullPolicy:
    """Return a policy ready to infer on `device` ("cpu", "cuda", "cuda:1").

    Raises ConfigError for a device that is not here, and when folder and robot do not fit, before any weight is read.
    """
    check_device(device)
    check_full_robot(read_full_config(Path(folder)), robot, str(folder))
    return GraspVlaFullPolicy(load_checkpoint(folder), device, seed)


def check_full_robot(config: FullConfig, robot: Embodiment, where: str) -> None:
    """Raise ConfigError when the robot lacks a camera, the arm or the gripper that the model was trained with."""
    known = (
        *(("camera", name, robot.cameras) for name in config.cameras),
        *(("arm", name, [arm.name for arm in robot.arms]) for name in config.action.arms),
        *(("gripper", name, [gripper.name for gripper in robot.grippers]) for name in config.action.grippers),
    )
    for kind, name, valid in known:
        if name not in valid:
            raise ConfigError(f"{where}: for robot '{robot.name}': {unknown_name(kind, name, valid)}")
