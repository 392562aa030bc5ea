# SPDX-License-Identifier: Apache-2.0
"""The topics of what is not the arm: its gripper, its other tools, the moving base under it."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from controllers.progress import Command
from vla_ros import messages, qos
from vla_ros.robots.embodiment import Embodiment

REPEAT_RATE = 20.0  # [Hz] at which what has not changed is repeated
BASE_RATE = 50.0  # [Hz]


class SideOutput:
    """Publish edges at once and repeat them now and then; the base's velocity at a rate of its own."""

    def __init__(self, node: Node, embodiment: Embodiment, rate: float) -> None:
        """Publish for the robot's first arm, at a tick rate of `rate` [Hz]."""
        gripper = embodiment.grippers[0]
        self._fingers, self._width, self._ticks = len(gripper.joints), -1.0, 0
        self._repeat_every, self._base_every = max(1, round(rate / REPEAT_RATE)), max(1, round(rate / BASE_RATE))
        self._message = messages.NumbersWriter(1)
        self._gripper = node.create_publisher(
            Float64MultiArray, f"{gripper.name}_position_controller/commands", qos.STREAM
        )
        self._tools = {
            channel: node.create_publisher(
                Float64MultiArray, f"{channel.replace('/', '_')}_controller/commands", qos.STREAM
            )
            for channel in embodiment.tool_channels
        }
        self._said: dict[str, float] = {}
        self._base, self._twist = None, np.zeros(6)
        if embodiment.base is not None:
            self._base = node.create_publisher(TwistStamped, "base_controller/cmd_vel", qos.STREAM)
            self._frame = embodiment.base.frame

    def publish(self, command: Command, now: float) -> None:
        """Send what is due at `now` [s]."""
        self._ticks += 1
        repeat = self._ticks % self._repeat_every == 0
        if repeat or command.gripper_width != self._width:
            self._width = command.gripper_width
            self._gripper.publish(self._message.write(self._width / self._fingers))
        for channel, value in command.tools.items():
            if repeat or self._said.get(channel) != value:
                self._said[channel] = value
                self._tools[channel].publish(self._message.write(value))
        if self._base is not None and self._ticks % self._base_every == 0:
            self._twist[[0, 1, 5]] = command.base_velocity
            self._base.publish(messages.twist_stamped(self._twist, now, self._frame))
