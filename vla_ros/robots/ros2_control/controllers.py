# SPDX-License-Identifier: Apache-2.0
"""The controllers of a robot, and the parameters that controller_manager reads of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import BASE_TIMEOUT_S
from vla_ros.robots.ros2_control.config import STATES
from vla_ros.robots.ros2_control.names import (
    BASE_CONTROLLER,
    BROADCASTER,
    channel_controller,
    command_controller,
    hold_controller,
)

MANAGER = "controller_manager"
BROADCAST = "joint_state_broadcaster/JointStateBroadcaster"
TRAJECTORY = "joint_trajectory_controller/JointTrajectoryController"
EFFORT = "effort_controllers/JointGroupEffortController"
OMNI = "omni_wheel_drive_controller/OmniWheelDriveController"
DIFFERENTIAL = "diff_drive_controller/DiffDriveController"
FORWARD = "forward_command_controller/ForwardCommandController"
_HEAD = """\
# ros2_control of the robot '{robot}', made of its description: docs/ros2_control.md. Its keys hold in any namespace.
# Commands of groups: <controller>/commands (std_msgs/Float64MultiArray) in the order of `joints`.
"""


class _PlainDumper(yaml.SafeDumper):
    """Writes every list out: rcl reads no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True)
class Controller:
    """One controller: its plugin, its parameters, whether it runs from the start."""

    name: str
    type: str  # <package>/<class>
    parameters: dict[str, Any] = field(default_factory=dict)
    active: bool = True
    remappings: tuple[str, ...] = ()  # of its node, old:=new

    @property
    def package(self) -> str:
        """Return the ROS package that it is in."""
        return self.type.partition("/")[0]


def robot_controllers(robot: Embodiment, hardware: str = "mock") -> tuple[Controller, ...]:
    """Return the controllers of a robot whose ros2_control hardware is `topic`, `mock` or `real`.

    They are in the order in which they are to be started. The broadcaster comes last: whoever hears joint states may
    enable control, and must find what control switches. Raises ConfigError for two of one name.
    """
    controllers = (
        *_arms(robot),
        *_others(robot),
        *_base(robot, hardware),
        *_holds(robot),
        _broadcaster(robot, hardware),
    )
    names = [MANAGER, *(one.name for one in controllers)]
    for own in robot.ros2_control.controllers:
        if names.count(own.name) > 1:
            raise ConfigError(f"robot '{robot.name}': ros2_control: there is a '{own.name}' already: name it otherwise")
    return controllers


def controllers_yaml(robot: Embodiment, hardware: str = "mock") -> str:
    """Return the ROS parameters of controller_manager and its controllers, as YAML; they hold in any namespace."""
    controllers = robot_controllers(robot, hardware)
    manager = {"update_rate": robot.ros2_control.update_rate} | {one.name: _entry(one) for one in controllers}
    nodes = {MANAGER: manager} | {one.name: one.parameters for one in controllers if one.parameters}
    content = {f"/**/{name}": {"ros__parameters": parameters} for name, parameters in nodes.items()}
    text = yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, default_flow_style=None, width=120)
    return _HEAD.format(robot=robot.name) + text


def _entry(controller: Controller) -> dict[str, Any]:
    words = [word for rule in controller.remappings for word in ("-r", rule)]
    return {"type": controller.type} | ({"node_options_args": words} if words else {})


def _arms(robot: Embodiment) -> Iterator[Controller]:
    """Yield what control drives arms by: inactive until control is enabled."""
    for arm in robot.arms:
        joints = list(arm.joints)
        if "effort" in arm.command_modes:
            yield Controller(command_controller(arm.name, "effort"), EFFORT, {"joints": joints}, active=False)
        if "position" in arm.command_modes:
            name = command_controller(arm.name, "position")
            yield Controller(name, FORWARD, _forward(joints, "position"), active=False)


def _others(robot: Embodiment) -> Iterator[Controller]:
    """Yield what always listens: end effectors, joint groups, and what the robot's file names besides."""
    for one in robot.end_effectors:
        for channel in one.channels:
            part, _, quantity = channel.rpartition("/")
            if quantity == "width":  # its command is one finger's way, a share of the opening; the others mimic it
                parameters = _forward([one.joints[0]], "position")
                yield Controller(command_controller(one.name, "position"), FORWARD, parameters)
            else:
                yield Controller(channel_controller(channel), FORWARD, _forward([part], quantity))
    for group in robot.joint_groups:
        parameters = _forward(list(group.joints), "position")
        yield Controller(command_controller(group.name, "position"), FORWARD, parameters)
    for own in robot.ros2_control.controllers:
        yield Controller(own.name, own.type, own.parameters, own.active)


def _holds(robot: Embodiment) -> Iterator[Controller]:
    """Yield what holds arms whenever control does not drive them, and executes MoveIt's trajectories."""
    for arm in robot.arms:
        parameters = {
            "joints": list(arm.joints),
            "command_interfaces": ["position"],
            "state_interfaces": ["position", "velocity"],
            # It must hold where the arm is: the position interface keeps what it was told before torques took over.
            "set_last_command_interface_value_as_state_on_activation": False,
            "allow_partial_joints_goal": False,
            "constraints": {"stopped_velocity_tolerance": 0.05, "goal_time": 1.0},  # [rad/s], [s]
        }
        yield Controller(hold_controller(arm.name), TRAJECTORY, parameters)


def _base(robot: Embodiment, hardware: str) -> Iterator[Controller]:
    """Yield what turns the wheels, where anything stands behind them and the file describes them."""
    base, wheels = robot.base, robot.wheels
    if base is None or wheels is None:
        return
    if hardware == "real" and robot.ros2_control.driver_of(wheels.name) is None:
        return  # mock components would report a motion that the base never makes, and arms would give way to it
    common: dict[str, Any] = {
        "odom_frame_id": base.odom_frame,
        "base_frame_id": base.frame,
        "tf_frame_prefix_enable": False,  # else the namespace stands before both frames
        "cmd_vel_timeout": BASE_TIMEOUT_S,
    }
    if base.kind == "differential":
        kind, (left, right) = DIFFERENTIAL, wheels.sides
        forward, _, turning = base.speed
        own = {
            "left_wheel_names": list(left),
            "right_wheel_names": list(right),
            "wheel_separation": _rounded(wheels.separation),
            "wheel_radius": wheels.radius,
            "linear": {"x": {"max_velocity": forward, "min_velocity": -forward}},
            "angular": {"z": {"max_velocity": turning, "min_velocity": -turning}},
        }
    else:
        kind, own = OMNI, {
            "wheel_names": list(wheels.joints),
            "wheel_offset": _rounded(wheels.offset),
            "robot_radius": _rounded(wheels.distance),
            "wheel_radius": wheels.radius,
        }  # fmt: skip
    # It says ~/odom; everybody else listens to odom.
    yield Controller(BASE_CONTROLLER, kind, own | common, remappings=("~/odom:=odom",))


def _rounded(value: float) -> float:
    return round(value, 9)


def _broadcaster(robot: Embodiment, hardware: str) -> Controller:
    groups = robot.jointed_groups
    drivers = [robot.ros2_control.driver_of(group.name) for group in groups if hardware == "real"]
    if any(driver is not None and set(driver.states) != set(STATES) for driver in drivers):
        return Controller(BROADCASTER, BROADCAST)  # it takes all that is there, and names none that is not
    # Naming both keeps this order; without them joint states come alphabetically.
    joints = [joint for group in groups for joint in group.joints]
    return Controller(BROADCASTER, BROADCAST, {"joints": joints, "interfaces": list(STATES)})


def _forward(joints: list[str], interface: str) -> dict[str, Any]:
    return {"joints": joints, "interface_name": interface}
