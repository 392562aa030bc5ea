# SPDX-License-Identifier: Apache-2.0
"""A policy node and the world around it, in one process."""

from __future__ import annotations

import numpy as np
import rclpy
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from vla_ros import messages, qos
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.policy_node import PolicyNode
from vla_ros.policies.observation import CameraView, Observation

JOINTS = [*(f"panda_joint{i}" for i in range(1, 8)), "panda_finger_joint1", "panda_finger_joint2"]


class Rig:
    """A robot with a colour camera on its hand, played by the test, and the node with a policy of the user's own."""

    def __init__(self, robot: str, policy: str) -> None:
        rclpy.init(args=["--ros-args", "-p", f"robot:={robot}", "-p", f"policy:={policy}"])
        self.node, self.under_test = rclpy.create_node("world"), PolicyNode()
        self.under_test.trigger_configure()
        self.executor = EventsExecutor()
        for node in (self.node, self.under_test):
            self.executor.add_node(node)
        if self.under_test.failure is not None:
            return
        self.under_test.trigger_activate()
        self.joint_states = self.node.create_publisher(JointState, "joint_states", qos.STREAM)
        self.instruction = self.node.create_publisher(String, "instruction", qos.LATCHED)
        self.writer = messages.JointStateWriter(JOINTS)
        self.camera = CameraPublisher(self.node, "d405", "panda_link0", moves=True, depth=False, calibrated=False)
        self.time = 1.0
        self.until(lambda: self.node.count_subscribers("joint_states") > 0)
        self.until(lambda: False, 0.3)

    @property
    def seen(self) -> list[Observation]:
        return self.under_test._worker._policy.seen

    def until(self, done, timeout: float = 30.0) -> bool:
        return spin_until(self.executor, done, timeout)

    def play(self, pictures: bool = True) -> None:
        """Go on by a tenth of a second: joints around the exposure, and a picture whose colour is its number."""
        self.time = round(self.time + 0.1, 6)
        for offset in (-0.003, 0.001):
            states = self.writer.write(self.time + offset, np.full(9, 0.02), np.zeros(9), np.zeros(9))
            self.joint_states.publish(states)
            self.until(lambda: False, 0.02)
        if pictures:
            number = round(10.0 * self.time)
            self.camera.publish(CameraView("d405", self.time, np.full((48, 64, 3), number, np.uint8)))
        self.until(lambda: False, 0.05)

    def play_until(self, done, pictures: bool = True) -> bool:
        for _ in range(60):
            if done():
                return True
            self.play(pictures)
        return False

    def images(self) -> set[str]:
        # As the node itself holds them: discovery may still know a node of the same name of the test before.
        names = {subscription.topic_name for subscription in self.under_test.subscriptions}
        return {name for name in names if name.startswith("/cameras/")}

    def close(self) -> None:
        self.under_test.close()
        leave(self.executor, self.under_test, self.node)
