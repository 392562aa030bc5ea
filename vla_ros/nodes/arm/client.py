# SPDX-License-Identifier: Apache-2.0
"""The other side of control: what a node knows and asks that moves the arm as the planner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import INACTIVE, NO_JOINT_STATES, ControlProgress, control_progress
from vla_ros.nodes.arm.silence import Silence
from vla_ros.nodes.parameters import declare_robot
from vla_ros.nodes.spinning import steady_timer
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.topics import commanded_pose_topic

POLL_PERIOD_S = 0.1
AWAKE_S = 3 * POLL_PERIOD_S  # [s] between two polls, unless this process was kept from running


class ArmClient(Node):
    """Keep the newest of what control says of the robot; enable it and send it chunks."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.embodiment = load_embodiment(declare_robot(self))
        self.progress = ControlProgress(hold_reason=NO_JOINT_STATES)
        self.joints: messages.JointSample | None = None
        self.commanded: dict[str, np.ndarray] = {}  # T_base_ee (4, 4) of each arm
        self._silence = Silence(AWAKE_S)  # of control
        self._joint_states: Subscription | None = None
        self._reader = messages.JointStateReader(self.embodiment.driven_joints)
        self._planner = self.create_publisher(JointTrajectory, "planner/action_chunk", qos.EVENTS)
        self.enable = self.create_client(SetBool, "control/enable")
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        for arm in self.embodiment.arms:
            topic = commanded_pose_topic(self.embodiment, arm.name)
            self.create_subscription(PoseStamped, topic, partial(self._on_commanded_pose, arm.name), qos.NEWEST)
        steady_timer(self, POLL_PERIOD_S, self._poll)

    @property
    def silence(self) -> float:
        """Return how long control has not been heard [s], while this node itself could hear."""
        return self._silence.seconds

    @property
    def ready(self) -> bool:
        """Say whether control is there, hears the joints and can be enabled."""
        waits = self.progress.hold_reason in (NO_JOINT_STATES, INACTIVE)
        return not waits and self.enable.service_is_ready()

    def measure_joints(self) -> None:
        """Begin to listen to joint states, for good."""
        if self._joint_states is None:
            self._joint_states = self._listen_to_joints()

    @contextmanager
    def measuring_joints(self) -> Iterator[None]:
        """Listen to joint states as long as this lasts, from new ones on: 500 messages a second are not free."""
        if self._joint_states is not None:  # somebody listens for good
            yield
            return
        self.joints = None
        subscription = self._listen_to_joints()
        try:
            yield
        finally:
            self.destroy_subscription(subscription)

    def _listen_to_joints(self) -> Subscription:
        return self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)

    @property
    def measured(self) -> dict[str, float]:
        """Return where every joint that is driven stands [rad], [m], by name; empty while none is heard."""
        if self.joints is None:
            return {}
        return dict(zip(self.embodiment.driven_joints, self.joints.position.tolist(), strict=True))

    def plan(self, chunk: ActionChunk) -> None:
        """Send a chunk as the planner."""
        self._planner.publish(messages.chunk_message(chunk))

    def _poll(self) -> None:
        self._silence.update()

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))
        self._silence.reset()

    def _on_commanded_pose(self, arm: str, message: PoseStamped) -> None:
        self.commanded[arm] = messages.transform(message.pose)

    def _on_joint_state(self, message: JointState) -> None:
        self.joints = self._reader.read(message) or self.joints
