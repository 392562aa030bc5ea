# SPDX-License-Identifier: Apache-2.0
"""Drive a robot through vendors' drivers that speak joint states: no ros2_control between them and control.

All drivers of a robot count as one. While one of them is silent no joint states are published, so control stops what it
moves, and no command is passed on; drivers that hear nothing hold where their joints are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.hardware.differenced_velocity import DifferencedVelocity
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import run_node, spin_until_stopped, steady_timer
from vla_ros.nodes.trouble_report import TroubleReport
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.joint_topics import JointDriver, joint_drivers

COMMAND_AGE_S = 0.1  # control says what it wants more often; afterwards nothing is sent


class DrivenPart:
    """One driver: where its joints are, where they are to be, and the topics of both."""

    def __init__(self, node: Node, driver: JointDriver, refuse: Callable[[str], None]) -> None:
        """Tell `refuse` why a command is dropped."""
        self.driver, self._refuse = driver, refuse
        self.measured = np.full(driver.layout.size, np.nan)
        self.arrival = float("-inf")  # [s] monotonic
        self.commanded = float("-inf")  # [s] monotonic
        self._stamp = 0.0  # [s] of the newest states; 0 where the driver stamps none
        self._wanted = np.full(driver.layout.size, np.nan)
        self._reader = messages.JointStateReader(driver.state_names)
        self._message = JointState(
            name=list(driver.config.names),
            velocity=list(driver.config.velocity),
            effort=list(driver.config.effort),
        )
        self._commands = node.create_publisher(JointState, driver.config.commands, qos.STREAM)
        for topic in driver.layout.parts:
            node.create_subscription(Float64MultiArray, topic, partial(self._on_command, topic), qos.NEWEST)

    def on_states(self, message: JointState) -> bool:
        """Take the driver's states; say whether they are whole, and new: one that repeats itself says nothing."""
        sample = self._reader.read(message)
        if sample is None or (sample.stamp and sample.stamp == self._stamp):
            return False
        self._stamp = sample.stamp
        self.measured[:] = sample.position
        self.arrival = time.monotonic()
        return True

    def _on_command(self, topic: str, message: Float64MultiArray) -> None:
        if not np.isfinite(self.measured).all():
            return
        try:
            self.driver.take(topic, messages.numbers(message), self._wanted, self.measured)
        except VlaError as error:
            self._refuse(str(error))
            return
        self.commanded = time.monotonic()

    def send(self) -> None:
        """Send where all joints are to be, while control says so; what it has said nothing of stays where it is."""
        if time.monotonic() - self.commanded > COMMAND_AGE_S:
            for values, fingers in self.driver.layout.parts.values():
                if not fingers:  # a gripper goes on holding what it holds
                    self._wanted[values] = np.nan
            return
        # Once: to be sent again and again to where it is, an arm would sink.
        self._wanted = np.where(np.isnan(self._wanted), self.measured, self._wanted)
        self._message.header.stamp = messages.stamp(time.time())
        self._message.position = self._wanted.tolist()
        self._commands.publish(self._message)


class JointTopicsNode(Node):
    """Publish `joint_states` of drivers that each have a part of the robot, and tell them what control wants."""

    def __init__(self) -> None:
        super().__init__("joint_topics_node")
        robot = load_embodiment(declare_robot(self))
        self._stale_after = declare(
            self, "stale_after_s", 0.1, "silence of a driver that stops the whole robot [s]", 0.01, 1.0
        )
        self._diagnostics = TroubleReport(self, "joint_topics")
        self._parts = [DrivenPart(self, driver, self._diagnostics.refuse) for driver in joint_drivers(robot)]
        joints = [joint for part in self._parts for joint in part.driver.layout.joints]
        self._velocity = DifferencedVelocity(len(joints))
        self._writer = messages.JointStateWriter(joints)
        self._states = self.create_publisher(JointState, "joint_states", qos.STREAM)
        for part in self._parts:
            take = partial(self._on_states, part)
            self.create_subscription(JointState, part.driver.config.states, take, qos.NEWEST)
            steady_timer(self, 1.0 / part.driver.config.rate, partial(self._send, part))
        steady_timer(self, 0.05, self._report)

    def _silent(self) -> list[DrivenPart]:
        now = time.monotonic()
        return [part for part in self._parts if now - part.arrival > self._stale_after]

    def _on_states(self, part: DrivenPart, message: JointState) -> None:
        # One message of the robot for each of the last driver: the others' joints are as new as they can be.
        if not part.on_states(message) or part is not self._parts[-1] or self._silent():
            return
        now = self.get_clock().now().nanoseconds * 1e-9
        position = np.concatenate([one.driver.layout.spread(one.measured) for one in self._parts])
        velocity = self._velocity.update(time.monotonic(), position)  # the node's clock may be set back
        self._states.publish(self._writer.write(now, position, velocity))

    def _send(self, part: DrivenPart) -> None:
        if not self._silent():
            part.send()

    def _report(self) -> None:
        silent = [part.driver.config.states for part in self._silent()]
        text = f"no joint states on {', '.join(silent)}" if silent else ""
        self._diagnostics.say(text, "drivers answer", {"silent": str(len(silent))})


def main() -> int:
    """Run the node."""
    return run_node("joint_topics", spin_until_stopped(JointTopicsNode))


if __name__ == "__main__":
    raise SystemExit(main())
