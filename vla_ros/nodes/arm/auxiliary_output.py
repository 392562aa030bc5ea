# SPDX-License-Identifier: Apache-2.0
"""The topics of what is not the arm: its gripper, its other tools, the moving base under it."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from controllers.chunks.progress import RobotCommand
from vla_ros import messages, qos
from vla_ros.nodes.arm.output import REPEAT_RATE
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import BASE_TIMEOUT_S
from vla_ros.robots.ros2_control.names import channel_controller, command_controller

BASE_RATE = 50.0  # [Hz]


class AuxiliaryOutput:
    """Publish edges at once and repeat them now and then; the base's velocity at a rate of its own."""

    def __init__(self, node: Node, embodiment: Embodiment, rate: float) -> None:
        """Publish at a tick rate of `rate` [Hz]."""
        self._ticks = 0
        self._repeat_every, self._base_every = max(1, round(rate / REPEAT_RATE)), max(1, round(rate / BASE_RATE))
        self._message = messages.NumbersWriter(1)
        channels = [channel for one in embodiment.end_effectors for channel in one.channels]
        topics = {channel: channel_controller(channel) for channel in channels}
        topics |= {
            f"{gripper.name}/width": command_controller(gripper.name, "position") for gripper in embodiment.grippers
        }
        self._publishers = {
            channel: node.create_publisher(Float64MultiArray, f"{name}/commands", qos.STREAM)
            for channel, name in topics.items()
        }
        # A gripper's width is the sum of its fingers' ways, and its controller is told one finger's.
        self._shares = {f"{gripper.name}/width": 1.0 / len(gripper.joints) for gripper in embodiment.grippers}
        self._said: dict[str, float] = {}
        self._base, self._twist = None, np.zeros(6)
        self._velocity = np.zeros(3)  # [m/s], [m/s], [rad/s] that the base was told last …
        self._told = 0.0  # [s] … and when
        self._slower = np.zeros(3)
        if embodiment.base is not None:
            self._slower = np.array(embodiment.base.acceleration) * self._base_every / rate  # from one to the next
            self._base = node.create_publisher(TwistStamped, "base_controller/cmd_vel", qos.STREAM)
            self._frame = embodiment.base.frame

    def publish(self, command: RobotCommand, now: float) -> None:
        """Send what is due at `now` [s]."""
        self._ticks += 1
        repeat = self._ticks % self._repeat_every == 0
        for channel, value in command.end_effectors.items():
            if repeat or self._said.get(channel) != value:
                self._said[channel] = value
                self._publishers[channel].publish(self._message.write(value * self._shares.get(channel, 1.0)))
        if self._base is not None and self._ticks % self._base_every == 0:
            self._drive(command.base_velocity, now)

    @property
    def drives(self) -> bool:
        """Say whether the base was told to move, and not to stand still since."""
        return bool(self._velocity.any())

    def brake(self, now: float) -> None:
        """Bring a base to rest at `now` [s] that nobody drives any more: by itself it goes on until it times out."""
        self._ticks += 1
        if self._ticks % self._base_every:
            return
        if not 0.0 <= now - self._told < BASE_TIMEOUT_S:  # it stands, in another scene perhaps
            self._velocity[:] = 0.0
            return
        self._drive(np.sign(self._velocity) * np.maximum(np.abs(self._velocity) - self._slower, 0.0), now)

    def _drive(self, velocity: np.ndarray, now: float) -> None:
        assert self._base is not None
        self._velocity[:], self._told = velocity, now
        self._twist[[0, 1, 5]] = velocity
        self._base.publish(messages.twist_stamped(self._twist, now, self._frame))
