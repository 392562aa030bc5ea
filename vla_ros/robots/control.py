# SPDX-License-Identifier: Apache-2.0
"""How a robot is controlled: config/controllers/<robot>_impedance.yaml."""

from __future__ import annotations

import numpy as np

from controllers.body_guard import BodyGuard
from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from controllers.gripper import GripperConfig
from controllers.limits import ArmLimits
from controllers.model import ArmModel
from controllers.side_drive import SUCTION, BaseLimits, SideDrive
from vla_ros.configuration import load_config, share_directory
from vla_ros.robots.embodiment import ArmGroup, Embodiment, expand_urdf


def load_control_config(robot: str) -> ControlConfig:
    """Read the tuning of a robot's chunk follower. Raises ConfigError when there is none or it makes no sense."""
    path = share_directory() / "config" / "controllers" / f"{robot}_impedance.yaml"
    if not path.is_file():
        raise ConfigError(f"robot '{robot}' has no {path.name} in {path.parent}: write one to control it by torque")
    return load_config(path, ControlConfig)


def arm_limits(arm: ArmGroup, config: ControlConfig) -> ArmLimits:
    """Return what an arm may do: the joints' limits of its URDF, the tool's box of its tuning."""
    return ArmLimits(
        arm.lower,
        arm.upper,
        arm.velocity,
        arm.effort,
        arm.effort_rate,
        np.array(config.workspace_lower),
        np.array(config.workspace_upper),
        arm.acceleration,
    )


def arm_model(embodiment: Embodiment, arm: ArmGroup, config: ControlConfig) -> ArmModel:
    """Return what control knows of an arm: its URDF, its motors' inertia, and what was identified of it."""
    return ArmModel(
        expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist(), dynamics=config.dynamics
    )


def side_drive(embodiment: Embodiment, gripper: str, config: ControlConfig) -> SideDrive:
    """Return what carries out the channels that are not the arm's: a gripper's, other tools', the base's."""
    tools = {
        f"{tool.name}/{tool.quantity}": SUCTION if tool.quantity == "suction" else GripperConfig(width_max=tool.most)
        for tool in embodiment.tools
    }
    base = embodiment.base
    return SideDrive(
        gripper, config.gripper, tools, None if base is None else BaseLimits(base.speed, base.acceleration)
    )


def arm_guard(embodiment: Embodiment, arm: ArmGroup, config: ControlConfig) -> BodyGuard:
    """Return what keeps an arm's hand off the table and its links off each other; half a second's work."""
    return BodyGuard(expand_urdf(embodiment), arm.joints, arm.tool_frame, config.safety)
