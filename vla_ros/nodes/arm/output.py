# SPDX-License-Identifier: Apache-2.0
"""The topic that takes the arm's commands, whatever they are made of."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from controllers.progress import Command
from vla_ros import messages, qos


class ArmOutput:
    """Publish one kind of command to the controller that is named after it."""

    def __init__(self, node: Node, arm: str, command: str, joints: int, base_frame: str) -> None:
        """Send `command` (effort, position or pose) to the controller of `arm`; poses are given in `base_frame`."""
        self._kind = command
        if command == "pose":
            self._publisher = node.create_publisher(PoseStamped, f"{arm}_pose_controller/target_pose", qos.STREAM)
            self._pose = messages.PoseWriter(base_frame)
        else:
            topic = f"{arm}_{command}_controller/commands"
            self._publisher = node.create_publisher(Float64MultiArray, topic, qos.STREAM)
            self._numbers = messages.NumbersWriter(joints)

    def publish(self, command: Command, now: float) -> None:
        """Send what `command` holds of the kind, at `now` [s]."""
        if self._kind == "pose":
            self._publisher.publish(self._pose.write(command.pose, now))
        else:
            self._publisher.publish(self._numbers.write(getattr(command, self._kind)))
