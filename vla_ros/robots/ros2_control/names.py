# SPDX-License-Identifier: Apache-2.0
"""What the controllers of a robot's groups are called, and with them the topics of their commands."""

from __future__ import annotations

BROADCASTER = "joint_state_broadcaster"
BASE_CONTROLLER = "base_controller"  # what control says of the base comes on its topic cmd_vel


def hold_controller(arm: str) -> str:
    """Return the controller that holds an arm where it is while control does not drive it."""
    return f"{arm}_arm_controller"


def command_controller(group: str, kind: str) -> str:
    """Return the controller that takes commands for a group: effort, position or pose."""
    return f"{group}_{kind}_controller"


def driver_states(gripper: str) -> str:
    """Return the topic on which a gripper's interfaces get their states where its driver is a node of its own."""
    return f"{gripper}_joint_states"


def driver_commands(gripper: str) -> str:
    """Return the topic on which they say what is wanted of it."""
    return f"{gripper}_joint_commands"


def channel_controller(channel: str) -> str:
    """Return the controller that takes what an end effector's channel says, such as <cup>/suction."""
    return f"{channel.replace('/', '_')}_controller"
