# SPDX-License-Identifier: Apache-2.0
"""The other side of control: what a node knows and asks that moves the arm as the planner."""

from __future__ import annotations

import time

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from controllers.chunk import ActionChunk
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import INACTIVE, NO_JOINT_STATES, ControlProgress, control_progress
from vla_ros.nodes.parameters import declare_robot
from vla_ros.robots.embodiment import load_embodiment


class ArmClient(Node):
    """Keep the newest of what control says of the robot's first arm; enable it and send it chunks."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.embodiment = load_embodiment(declare_robot(self))
        self.progress = ControlProgress(hold_reason=NO_JOINT_STATES)
        self.joints: messages.JointSample | None = None
        self.T_commanded: np.ndarray | None = None  # T_base_ee (4, 4)
        self._progress_arrival = 0.0  # [s] monotonic
        self._reader = messages.JointStateReader(self.embodiment.arms[0].joints)
        self._planner = self.create_publisher(JointTrajectory, "planner/action_chunk", qos.EVENTS)
        self.enable = self.create_client(SetBool, "control/enable")
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(PoseStamped, "control/commanded_pose", self._on_commanded_pose, qos.NEWEST)

    @property
    def silence(self) -> float:
        """Return how long control has not been heard [s]."""
        return time.monotonic() - self._progress_arrival

    @property
    def ready(self) -> bool:
        """Say whether control is there, hears the joints and can be enabled."""
        waits = self.progress.hold_reason in (NO_JOINT_STATES, INACTIVE)
        return not waits and self.enable.service_is_ready()

    def measure_joints(self) -> None:
        """Begin to listen to joint states: needed only on the way home, and 500 messages a second are not free."""
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)

    def plan(self, chunk: ActionChunk) -> None:
        """Send a chunk as the planner."""
        self._planner.publish(messages.chunk_message(chunk))

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))
        self._progress_arrival = time.monotonic()

    def _on_commanded_pose(self, message: PoseStamped) -> None:
        self.T_commanded = messages.transform(message.pose)

    def _on_joint_state(self, message: JointState) -> None:
        self.joints = self._reader.read(message) or self.joints
