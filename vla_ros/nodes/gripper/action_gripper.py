# SPDX-License-Identifier: Apache-2.0
"""One gripper between ros2_control's interfaces and its driver: states go in, goals come out."""

from __future__ import annotations

import time

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.hardware.differenced_velocity import DifferencedVelocity
from vla_ros.hardware.grippers.action import GripperScale, make_goals
from vla_ros.hardware.grippers.goals import GRASP, Goal
from vla_ros.nodes.gripper.goal_runner import GoalRunner
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.ros2_control.gripper import GripperActionConfig
from vla_ros.robots.ros2_control.names import driver_commands, driver_states


class ActionGripper:
    """Keep what is wanted and what is measured; have the driver follow."""

    def __init__(self, node: Node, config: GripperActionConfig, gripper: EndEffectorGroup) -> None:
        """Raises ConfigError for thresholds that the gripper cannot have, or where its action is not installed."""
        self.config = config
        self.failure = ""  # of the last goal
        self._node, self._joints = node, gripper.joints
        self._goals, self._scale = make_goals(config, gripper), GripperScale(config, gripper)
        self._runner = GoalRunner(node, config.action, self._scale.position, self._on_failed)
        self._wanted = self._measured = float("nan")  # [m]
        self._interrupted = True  # the driver was not there
        self._arrival = float("-inf")  # [s] monotonic, of what is measured
        self._stamp = 0.0  # [s] of the newest states; 0 where the driver stamps none
        self._velocity = DifferencedVelocity(1)
        self._zeros = np.zeros(len(self._joints))
        self._driver = messages.JointStateReader([config.joint or gripper.joints[0]])
        self._writer = messages.JointStateWriter(self._joints)
        self._states = node.create_publisher(JointState, driver_states(gripper.name), qos.STREAM)
        node.create_subscription(JointState, config.joint_states, self._on_states, qos.NEWEST)
        node.create_subscription(JointState, driver_commands(gripper.name), self._on_command, qos.NEWEST)

    @property
    def trouble(self) -> str:
        """Return why the gripper cannot be relied on, or ""."""
        if time.monotonic() - self._arrival > self.config.silent_after_s:
            return f"no joint states on {self.config.joint_states}: is the gripper's driver running?"
        return "" if self._runner.ready else f"nobody offers the action {self.config.action}"

    @property
    def values(self) -> dict[str, str]:
        """Return what diagnostics say of it."""
        goal = self._runner.running
        return {
            "wanted_m": f"{self._wanted:.4f}",
            "measured_m": f"{self._measured:.4f}",
            "goal": "" if goal is None else _named(goal),
        }

    def step(self) -> None:
        """Send what follows from what is wanted."""
        if self.trouble:
            self._interrupted = True
            return
        if self._interrupted:  # a driver that has come back does nothing by itself
            self._interrupted = False
            self._runner.forget()
            self._goals.resume(self._wanted)
        self._runner.poll()
        goal = self._goals.update(self._wanted, self._measured, time.monotonic())
        if goal is not None:
            self.failure = ""
            self._node.get_logger().info(f"{self.config.gripper}: {_named(goal)}")
            self._runner.run(goal)

    def _on_states(self, message: JointState) -> None:
        sample = self._driver.read(message)
        if sample is None or (sample.stamp and sample.stamp == self._stamp):
            return  # states that are said again say nothing: their driver has stopped
        self._stamp = sample.stamp
        self._arrival = time.monotonic()
        self._measured = self._scale.width(float(sample.position[0]))
        share = 1.0 / len(self._joints)
        velocity = self._velocity.update(self._arrival, np.array([self._measured]))
        self._states.publish(
            self._writer.write(
                sample.stamp,
                np.full(len(self._joints), share * self._measured),
                np.full(len(self._joints), share * velocity[0]),
                self._zeros,
            )
        )

    def _on_command(self, message: JointState) -> None:
        if len(message.position) == 1:  # NaN while no controller says anything
            self._wanted = message.position[0] * len(self._joints)

    def _on_failed(self, goal: Goal, why: str) -> None:
        self._goals.failed(goal)
        hint = "what it met it may have let go of" if goal.kind == GRASP else "is it homed, and does it open so far?"
        self.failure = f"{_named(goal)}: {why}; {hint} (docs/hardware.md)"
        self._node.get_logger().error(f"{self.config.gripper}: {self.failure}")


def _named(goal: Goal) -> str:
    return f"{goal.kind} to {1e3 * goal.width:.0f} mm"
