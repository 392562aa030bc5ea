# SPDX-License-Identifier: Apache-2.0
"""A robot's URDF with its ros2_control interfaces, and what stands behind them.

That is nothing (mock components), a simulator behind topics, or the vendor's driver, which the robot's file names.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.address import ADDRESS, check_address
from vla_ros.robots.embodiment import Embodiment, described_urdf, expand_urdf
from vla_ros.robots.groups import PARALLEL, ArmGroup, EndEffectorGroup, JointGroup
from vla_ros.robots.ros2_control.config import STATES
from vla_ros.robots.ros2_control.names import driver_commands, driver_states
from vla_ros.robots.urdf import joint_limits
from vla_ros.robots.wheels import WheelGroup

JOINT_STATES, JOINT_COMMANDS = "robot_joint_states", "robot_joint_commands"  # topics of the robot behind topics
MOCK = "mock_components/GenericSystem"
TOPIC = "joint_state_topic_hardware_interface/JointStateTopicSystem"
HARDWARE = ("topic", "mock", "real")
JOINTS = "joints"  # the system of all joints behind topics
Group = ArmGroup | EndEffectorGroup | JointGroup | WheelGroup


@dataclass(frozen=True)
class System:
    """The plugin behind some groups, and what it is told."""

    name: str
    groups: tuple[Group, ...]
    plugin: str
    parameters: Mapping[str, str]
    states: tuple[str, ...] = STATES


def ros2_control_urdf(robot: Embodiment, hardware: str, robot_ip: str = "", namespace: str = "/") -> str:
    """Return the URDF with the ros2_control hardware `topic`, `mock` or `real` in it, and none that it had before.

    Raises ConfigError for other hardware, a robot without a driver, or an address that is missing or not one.
    """
    root = ElementTree.fromstring(described_urdf(robot))  # with wheels that turn
    for shipped in root.findall("ros2_control"):
        root.remove(shipped)
    for group in robot.grippers:
        _add_mimics(root, group)
    for system in hardware_systems(robot, hardware, robot_ip, namespace):
        root.append(_element(robot, system))
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode")


def hardware_systems(robot: Embodiment, hardware: str, robot_ip: str = "", namespace: str = "/") -> list[System]:
    """Return what stands behind a robot's groups, each group in one of them. Raises ConfigError as above."""
    everything: list[Group] = [*robot.arms, *robot.end_effectors, *robot.joint_groups]
    everything += [] if robot.wheels is None else [robot.wheels]
    groups = {group.name: group for group in everything}
    if hardware not in HARDWARE:
        raise ConfigError(unknown_name("hardware", hardware, HARDWARE))
    if hardware == "mock":
        return [_mock(group) for group in everything]
    if hardware == "topic":
        # One for all: each system sends a message a cycle, and six of a robot with two arms are more than it can take.
        jointed = tuple(group for group in everything if group.joints)
        # Its messages are of joints: what has none goes by without it.
        others = [_mock(group) for group in everything if not group.joints]
        return [System(JOINTS, jointed, TOPIC, _topics(namespace, JOINT_STATES, JOINT_COMMANDS)), *others]
    check_drivers(robot, robot_ip)
    systems = []
    for driver in robot.ros2_control.drivers:
        told = {name: value.replace(ADDRESS, robot_ip) for name, value in driver.parameters.items()}
        driven = tuple(groups.pop(name) for name in driver.groups)
        systems.append(System(driver.groups[0], driven, driver.plugin, told, driver.states))
    for config in robot.ros2_control.grippers:
        name = config.gripper
        topics = _topics(namespace, driver_states(name), driver_commands(name))
        systems.append(System(name, (groups.pop(name),), TOPIC, topics))
    return systems + [_mock(group) for group in groups.values()]


def _mock(group: Group) -> System:
    """Return mock components: commands come back as states; wheels, which are told speeds, turn by them."""
    return System(group.name, (group,), MOCK, {"calculate_dynamics": "true"} if isinstance(group, WheelGroup) else {})


def check_drivers(robot: Embodiment, robot_ip: str) -> None:
    """Raise ConfigError for a robot whose drivers nobody named, or an address that is missing or cannot be one."""
    drivers = robot.ros2_control.drivers
    if not drivers:
        raise ConfigError(
            f"hardware:=real: no driver of the robot '{robot.name}' is known: name it in its file, ros2_control: "
            "drivers: (docs/ros2_control.md), or use hardware:=sim"
        )
    programs = (config.driver for config in robot.ros2_control.grippers)
    needed = any(one is not None and one.needs_address for one in (*drivers, *programs))
    check_address(robot_ip, needed, "real", f"no driver of the robot '{robot.name}'")


def _topics(namespace: str, states: str, commands: str) -> dict[str, str]:
    prefix = namespace.rstrip("/")
    return {
        "joint_commands_topic": f"{prefix}/{commands}",
        "joint_states_topic": f"{prefix}/{states}",
        # Any threshold would silence the hardware while state and command agree: then the robot could not tell a
        # manager that is content from one that is dead.
        "trigger_joint_command_threshold": "-1",
    }


def _add_mimics(root: ElementTree.Element, gripper: EndEffectorGroup) -> None:
    """Have the other fingers of a gripper follow the first, where the URDF does not say so."""
    joints = {joint.get("name"): joint for joint in root.findall("joint")}
    for name in gripper.joints[1:]:
        if joints[name].find("mimic") is None:
            ElementTree.SubElement(joints[name], "mimic", joint=gripper.joints[0])


def _element(robot: Embodiment, system: System) -> ElementTree.Element:
    element = ElementTree.Element("ros2_control", name=system.name, type="system")
    hardware = ElementTree.SubElement(element, "hardware")
    ElementTree.SubElement(hardware, "plugin").text = system.plugin
    for name, value in system.parameters.items():
        ElementTree.SubElement(hardware, "param", name=name).text = value
    for group in system.groups:
        for joint, commands, initial in _joints(robot, group):
            _add_joint(element, joint, commands, system.states, initial if system.plugin == MOCK else None)
        if isinstance(group, EndEffectorGroup):
            _add_channels(element, group)
    return element


def _joints(robot: Embodiment, group: Group) -> list[tuple[str, Sequence[str], float]]:
    """Return each joint with what commands it and where it is in the beginning [rad] or [m]."""
    if isinstance(group, ArmGroup):
        # Always positions as well: it is held by them.
        commands = ["effort", "position"] if "effort" in group.command_modes else ["position"]
        return [(joint, commands, float(q)) for joint, q in zip(group.joints, group.home, strict=True)]
    if isinstance(group, JointGroup):
        return [(joint, ["position"], float(q)) for joint, q in zip(group.joints, group.home, strict=True)]
    if isinstance(group, WheelGroup):
        return [(joint, ["velocity"], 0.0) for joint in group.joints]
    if group.kind != PARALLEL:
        return []
    urdf = expand_urdf(robot)
    opened = [joint_limits(urdf, joint).upper for joint in group.joints]
    return [(joint, ["position"] if i == 0 else [], opened[i]) for i, joint in enumerate(group.joints)]


def _add_joint(
    element: ElementTree.Element, name: str, commands: Sequence[str], states: Sequence[str], initial: float | None
) -> None:
    joint = ElementTree.SubElement(element, "joint", name=name)
    for interface in commands:
        ElementTree.SubElement(joint, "command_interface", name=interface)
    for interface in states:
        state = ElementTree.SubElement(joint, "state_interface", name=interface)
        # Where nothing is measured yet nothing must be claimed: a hold would take the arm to the initial value.
        if interface == "position" and initial is not None:
            ElementTree.SubElement(state, "param", name="initial_value").text = f"{initial:.10g}"


def _add_channels(element: ElementTree.Element, group: EndEffectorGroup) -> None:
    """Add what is no joint: suction of cups, depth of pistons or of a palm."""
    parts: dict[str, list[str]] = {}
    for channel in group.channels:
        part, _, quantity = channel.rpartition("/")
        if quantity != "width":
            parts.setdefault(part, []).append(quantity)
    for part, quantities in parts.items():
        gpio = ElementTree.SubElement(element, "gpio", name=part)
        for quantity in quantities:
            ElementTree.SubElement(gpio, "command_interface", name=quantity)
        for quantity in quantities:
            ElementTree.SubElement(gpio, "state_interface", name=quantity)
