# SPDX-License-Identifier: Apache-2.0
"""What stands behind a robot's ros2_control interfaces: nothing, a simulator behind topics, or the vendor's driver."""

from __future__ import annotations

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.embodiment import Embodiment, expand_urdf

JOINT_STATES, JOINT_COMMANDS = "robot_joint_states", "robot_joint_commands"  # topics of the robot behind topics
MOCK = "mock_components/GenericSystem"
TOPIC = "joint_state_topic_hardware_interface/JointStateTopicSystem"
FRANKA = "franka_hardware/FrankaHardwareInterface"
HARDWARE = ("topic", "mock", "real")


def ros2_control_urdf(embodiment: Embodiment, hardware: str, robot_ip: str = "", namespace: str = "/") -> str:
    """Return the URDF with the ros2_control hardware `topic`, `mock` or `real` in it.

    `real` is a Franka at the address `robot_ip`. Its vendor's driver knows nothing of the hand, whose joints are mock
    components then. Raises ConfigError for other hardware or an address that is missing or not one.
    """
    if hardware not in HARDWARE:
        raise ConfigError(unknown_name("hardware", hardware, HARDWARE))
    if hardware == "mock":
        return expand_urdf(embodiment, hardware=MOCK, hand_hardware=MOCK)
    if hardware == "real":
        check_address(robot_ip)
        return expand_urdf(embodiment, hardware=FRANKA, hardware_parameters=f"robot_ip={robot_ip}", hand_hardware=MOCK)
    prefix = namespace.rstrip("/")
    # The threshold would silence the hardware while state and command agree: then the robot could not tell a manager
    # that is content from one that is dead.
    parameters = (
        f"joint_commands_topic={prefix}/{JOINT_COMMANDS};joint_states_topic={prefix}/{JOINT_STATES};"
        "trigger_joint_command_threshold=-1"
    )
    return expand_urdf(
        embodiment,
        hardware=TOPIC,
        hardware_parameters=parameters,
        hand_hardware=TOPIC,
        hand_hardware_parameters=parameters,
    )


def check_address(robot_ip: str) -> None:
    """Raise ConfigError for what cannot be a host's name or address: it goes into the URDF as it is."""
    if not robot_ip:
        raise ConfigError("hardware:=real needs the robot's address: give robot_ip:=<host name or address>")
    if not all(letter.isalnum() or letter in ".-:" for letter in robot_ip):
        raise ConfigError(f"robot_ip:={robot_ip}: not a host name or address; use letters, digits, '.', '-' and ':'")
