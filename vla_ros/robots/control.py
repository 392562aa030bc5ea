# SPDX-License-Identifier: Apache-2.0
"""How a robot is controlled: config/controllers/<robot>_impedance.yaml."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.control_config import ControlConfig, GripperConfig
from controllers.errors import ConfigError
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive, BaseLimits
from controllers.groups.driven_arm import DrivenArm
from controllers.groups.driven_joints import DrivenJoints
from controllers.groups.gripper import GripperAdapter
from controllers.safety.collision_monitor import CollisionMonitor
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.drive import WholeBodyDrive
from controllers.whole_body_config import CONFIGURED, WholeBodyConfig
from vla_ros.configuration import config_file, config_folders, load_config
from vla_ros.robots.embodiment import Embodiment, expand_urdf, robot_path
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup, JointGroup
from vla_ros.robots.names import TABLE_AS_CONFIGURED
from vla_ros.robots.whole_body import whole_body


def load_control_config(robot: str) -> ControlConfig:
    """Read the tuning of a robot's chunk follower: controllers/<robot>_impedance.yaml of the configuration.

    Of a robot that is found by the path of its file, the tuning lies beside that file. Raises ConfigError when there
    is none or it makes no sense.
    """
    described = robot_path(robot)
    name = f"{described.stem}_impedance.yaml"
    found_by_name = described.resolve().parent in [(root / "robots").resolve() for root in config_folders()]
    path = config_file("controllers", name) if found_by_name else described.with_name(name)
    if not path.is_file():
        raise ConfigError(f"robot '{robot}' has no {path.name} in {path.parent}: write one to control it")
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
        arm.deceleration,
        arm.velocity_offset,
    )


def joint_limits_of(group: JointGroup) -> ArmLimits:
    """Return what a joint group may do: the limits of its URDF, and its acceleration."""
    rate = np.full(len(group.joints), 1e6)  # its driver's affair: it is told positions
    return ArmLimits(
        group.lower,
        group.upper,
        group.velocity,
        group.effort,
        rate,
        acceleration=group.acceleration,
        deceleration=group.deceleration,
        velocity_offset=group.velocity_offset,
    )


def arm_model(embodiment: Embodiment, arm: ArmGroup, config: ControlConfig) -> ArmModel:
    """Return what control knows of an arm: its URDF, its motors' inertia, and what was identified of it."""
    return ArmModel(
        expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist(), dynamics=config.dynamics
    )


def auxiliary_drive(embodiment: Embodiment, config: ControlConfig, elbows: tuple[str, ...] = ()) -> AuxiliaryDrive:
    """Return what carries out the channels that are no path's: end effectors, base, `elbows` of those arms."""
    adapters = {
        channel: _adapter(one, channel.rpartition("/")[2], config)
        for one in embodiment.end_effectors
        for channel in one.channels
    }
    base = embodiment.base
    limits = None if base is None else BaseLimits(base.speed, base.acceleration)
    return AuxiliaryDrive(adapters, limits, elbows)


def _adapter(end_effector: EndEffectorGroup, quantity: str, config: ControlConfig) -> GripperAdapter:
    if quantity == "suction":
        return GripperAdapter(GripperConfig(mode="binary"), 1.0)  # on and off, with two thresholds
    if quantity == "width":
        return GripperAdapter(config.gripper, end_effector.width_max)
    return GripperAdapter(GripperConfig(), end_effector.depth_max)


def with_whole_body(config: ControlConfig, choice: str) -> ControlConfig:
    """Return the configuration with one of WHOLE_BODY in it."""
    if choice == CONFIGURED:
        return config
    if choice == "off":
        return dataclasses.replace(config, whole_body=None)
    whole = config.whole_body or WholeBodyConfig()
    if choice == "base_helps":
        whole = dataclasses.replace(whole, base_helps=True)
    return dataclasses.replace(config, whole_body=whole)


def with_table(config: ControlConfig, height: float) -> ControlConfig:
    """Return the configuration with a table of that height [m] above the robot's base, where that is told."""
    if height == TABLE_AS_CONFIGURED:
        return config
    return dataclasses.replace(config, safety=dataclasses.replace(config.safety, table_height=height))


def check_whole_body(embodiment: Embodiment, config: ControlConfig, commands: Mapping[str, str]) -> None:
    """Raise ConfigError where whole-body control is asked for and cannot drive the robot's arms or base."""
    if config.whole_body is None:
        return
    for arm, command in commands.items():
        if command not in WholeBodyDrive.commands:
            raise ConfigError(
                f"whole_body: arm '{arm}' is driven by {command}, whole-body control drives arms by "
                f"{' or '.join(WholeBodyDrive.commands)}: give one of them, or leave out 'whole_body'"
            )
    if config.whole_body.base_helps and embodiment.base is None:
        raise ConfigError(f"whole_body: robot '{embodiment.name}' has no base that could help its hands")


class FollowerFactory:
    """Make chunk followers of a robot; what takes long to read is read once and shared."""

    def __init__(self, embodiment: Embodiment, config: ControlConfig, command: str = "") -> None:
        """Drive every arm by `command`, "" for what is usual. Raises ConfigError for what one does not take."""
        self.embodiment, self.config = embodiment, config
        self.models = {arm.name: arm_model(embodiment, arm, config) for arm in embodiment.arms}
        self._commands = embodiment.command_modes(command)
        self._monitor = collision_monitor(embodiment, config)
        self._whole_body = self._make_whole_body()

    def make(self) -> ChunkFollower:
        """Return a follower, not activated. Only one of them may be in use at a time."""
        control, config = self._whole_body, self.config
        body = None if control is None else WholeBodyDrive(control, config)
        arms = [
            DrivenArm(
                arm.name,
                self.models[arm.name],
                arm_limits(arm, self.config),
                self.config,
                self._commands[arm.name],
                body,
            )
            for arm in self.embodiment.arms
        ]
        joints = [
            DrivenJoints(group.name, group.joints, joint_limits_of(group), config, body)
            for group in self.embodiment.joint_groups
        ]
        auxiliaries = auxiliary_drive(self.embodiment, config, () if body is None else body.elbows)
        return ChunkFollower(arms, auxiliaries, config, joints, self._monitor, body)

    def _make_whole_body(self) -> WholeBody | None:
        """Return the programme for all groups, where the configuration asks for one; a second's work."""
        config = self.config
        if config.whole_body is None:
            return None
        check_whole_body(self.embodiment, config, self._commands)
        body = whole_body(self.embodiment, fingers=False, surface=config.safety.table_height)
        return WholeBody(body, config.whole_body, config.kinematics.lead_max)


def collision_monitor(embodiment: Embodiment, config: ControlConfig) -> CollisionMonitor:
    """Return what keeps a robot's hands off the table and its links off each other; half a second's work."""
    groups = {group.name: group.joints for group in embodiment.driven_groups}
    tool_frames = {arm.name: arm.tool_frame for arm in embodiment.arms}
    return CollisionMonitor(expand_urdf(embodiment), groups, tool_frames, config.safety)
