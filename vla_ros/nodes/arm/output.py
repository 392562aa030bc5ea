# SPDX-License-Identifier: Apache-2.0
"""The topics that take the commands of arms, whatever they are made of, and of joint groups."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from controllers.chunks.progress import ArmCommand
from vla_ros import messages, qos
from vla_ros.robots.ros2_control.names import command_controller

REPEAT_RATE = 20.0  # [Hz] at which what has not changed is repeated


class ArmOutput:
    """Publish one kind of command to the controller that is named after it."""

    def __init__(self, node: Node, arm: str, command: str, joints: int, base_frame: str) -> None:
        """Send `command` (effort, position or pose) to the controller of `arm`; poses are given in `base_frame`."""
        self._kind = command
        if command == "pose":
            self._publisher = node.create_publisher(
                PoseStamped, f"{command_controller(arm, command)}/target_pose", qos.STREAM
            )
            self._pose = messages.PoseWriter(base_frame)
        else:
            topic = f"{command_controller(arm, command)}/commands"
            self._publisher = node.create_publisher(Float64MultiArray, topic, qos.STREAM)
            self._numbers = messages.NumbersWriter(joints)

    def publish(self, command: ArmCommand, now: float) -> None:
        """Send what `command` holds of the kind, at `now` [s]."""
        if self._kind == "pose":
            self._publisher.publish(self._pose.write(command.pose, now))
        else:
            self._publisher.publish(self._numbers.write(getattr(command, self._kind)))


class JointOutput:
    """Publish the positions of a joint group to the controller that is named after it: changes at once.

    What stands is repeated now and then: a controller keeps its last command, and may not have heard it.
    """

    def __init__(self, node: Node, group: str, joints: int, rate: float) -> None:
        """Publish at a tick rate of `rate` [Hz]."""
        self._ticks, self._repeat_every = 0, max(1, round(rate / REPEAT_RATE))
        self._said = np.full(joints, np.nan)
        topic = f"{command_controller(group, 'position')}/commands"
        self._publisher = node.create_publisher(Float64MultiArray, topic, qos.STREAM)
        self._numbers = messages.NumbersWriter(joints)

    def publish(self, positions: np.ndarray) -> None:
        """Send positions (N,) [rad] or [m] where they are due."""
        self._ticks += 1
        if self._ticks % self._repeat_every and (positions == self._said).all():
            return
        self._said[:] = positions
        self._publisher.publish(self._numbers.write(positions))
