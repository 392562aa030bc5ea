# SPDX-License-Identifier: Apache-2.0
"""Cameras, joints and an operator around a policy node, over real DDS."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, pose_channels
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import NAME, ControlProgress
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.policy_node import PolicyNode
from vla_ros.policies.actions.single_arm import SingleArmObservation, single_arm
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import CameraView, Observation

SIZE = (48, 64)
JOINTS = [*(f"panda_joint{i}" for i in range(1, 8)), "panda_finger_joint1", "panda_finger_joint2"]


class ScriptedPolicy:
    """Does what the test says: answer, raise, or take its time."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.delay = 0.0
        self.status, self.explanation = TaskStatus.ONGOING, ""
        self.resets = 0
        self.seen: list[SingleArmObservation] = []

    def reset(self) -> None:
        self.resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        self.seen.append(single_arm(observation, "panda", "panda_hand"))
        time.sleep(self.delay)
        if self.error is not None:
            raise self.error
        values = np.tile([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0, self.status.value], (4, 1))
        channels = (*pose_channels("panda"), STATUS_CHANNEL)
        return ActionChunk(observation.stamp, "panda_link0", channels, 0.1 * np.arange(1, 5), values)


class PolicyWorld:
    """Cameras, joints and an operator in one node, beside the node under test."""

    def __init__(self, policy: Policy, parameters: Sequence[str] = ()) -> None:
        """Start the node of a policy, with parameters such as `on_alarm:=pause`."""
        words = [word for parameter in parameters for word in ("-p", parameter)]
        rclpy.init(args=["--ros-args", *words] if words else None)
        self.policy = policy
        self.under_test = PolicyNode(self.policy)
        self.under_test.trigger_configure()
        self.under_test.trigger_activate()
        self.node = rclpy.create_node("world")
        self.executor = EventsExecutor()
        self.executor.add_node(self.under_test)
        self.executor.add_node(self.node)
        self.cameras = {name: CameraPublisher(self.node, name, "panda_link0") for name in ("front", "side")}
        self.joint_states = self.node.create_publisher(JointState, "joint_states", qos.STREAM)
        self.instruction = self.node.create_publisher(String, "instruction", qos.LATCHED)
        self.progress = self.node.create_publisher(DiagnosticStatus, "control/progress", qos.STREAM)
        self.chunks: list[ActionChunk] = []
        self.node.create_subscription(
            JointTrajectory, "policy/action_chunk", lambda m: self.chunks.append(messages.chunk_from(m)), qos.EVENTS
        )
        self.writer = messages.JointStateWriter(JOINTS)
        self.time = 1.0
        self.spin_until(lambda: self.under_test.count_publishers("cameras/side/pose") > 0)
        self.spin(0.3)

    def spin_until(self, done: Callable[[], bool], timeout: float = 30.0) -> bool:
        return spin_until(self.executor, done, timeout)

    def spin(self, seconds: float) -> None:
        self.spin_until(lambda: False, seconds)

    def say(self, instruction: str) -> None:
        self.instruction.publish(String(data=instruction))
        self.spin_until(lambda: self.under_test._instruction == instruction)

    def joints_at(self, stamp: float) -> None:
        position = np.concatenate([np.full(7, stamp), [0.02, 0.02]])
        self.joint_states.publish(self.writer.write(stamp, position, np.zeros(9), np.zeros(9)))
        self.executor.spin_once(timeout_sec=0.02)

    def control_at(self, stamp: float, width: float) -> None:
        """Say that control commands the gripper to be `width` [m] apart."""
        report = ControlProgress(stamp=stamp, enabled=True, end_effectors={"panda_hand/width": width})
        self.progress.publish(messages.diagnostic(NAME, messages.OK, report.hold_reason, report.values()))
        self.executor.spin_once(timeout_sec=0.02)

    def expose(self, joints: bool = True) -> float:
        """Publish joints around the next exposure, then both cameras; return its stamp."""
        self.time = round(self.time + 0.1, 6)
        if joints:
            for offset in (-0.003, 0.001):
                self.joints_at(self.time + offset)
        color, depth = np.zeros((*SIZE, 3), np.uint8), np.ones(SIZE, np.float32)
        for name, camera in self.cameras.items():
            camera.publish(CameraView(name, self.time, color, depth, np.diag([50.0, 50.0, 1.0]), np.eye(4)))
        return self.time

    def expose_until(self, done: Callable[[], bool], timeout: float = 30.0) -> bool:
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() > end:
                return False
            self.expose()
            self.spin(0.05)
        return True

    def close(self) -> None:
        self.under_test.close()
        leave(self.executor, self.under_test, self.node)
