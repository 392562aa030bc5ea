# SPDX-License-Identifier: Apache-2.0
"""The newest of what is known of the robot: control's words, poses, forces, words of the task."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped, WrenchStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.base_motion import BaseMotion
from controllers.errors import VlaError
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import NO_JOINT_STATES, ControlProgress, control_progress
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.policy.failure_publisher import DOING
from vla_ros.policies.capabilities.failure_score import WAITING
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic
from vla_ros.teleop.axes import Pose

SILENCE_MAX_S = 0.5  # [s] after which control's last word says nothing any more
POLICY_SILENCE_S = 3.0  # [s] after which a policy is not running any more


class ArmFeed:
    """Written by the executor's thread, one assignment each; read from any."""

    def __init__(self, node: ManagedNode, embodiment: Embodiment, watched_joints: Sequence[str] = ()) -> None:
        """`watched_joints` are those of which the place is wanted, beside the arms' tools."""
        self.progress = ControlProgress(hold_reason=NO_JOINT_STATES)
        self.commanded: dict[str, Pose] = {}
        self.measured: dict[str, Pose] = {}
        self.joints: dict[str, float] = {}  # [rad], [m] where the watched ones are
        self.opening: dict[str, float] = {}  # [m] measured between the fingers of each arm
        self.force: dict[str, tuple[float, ...]] = {}  # [N]
        self.instruction = ""
        self.doubt = ""  # why the policy waits for a person; "" while it does not
        self.base = BaseMotion()  # what odometry says
        self._heard = self._policy_heard = float("-inf")  # [s] monotonic
        subscribe = node.create_subscription
        subscribe(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        subscribe(JointTrajectory, "policy/action_chunk", self._on_policy, qos.EVENTS, raw=True)
        subscribe(String, "instruction", self._on_instruction, qos.LATCHED)
        subscribe(DiagnosticStatus, "policy/failure_score", self._on_failure_score, qos.LATCHED)
        for arm in embodiment.arms:
            topic = commanded_pose_topic(embodiment, arm.name)
            subscribe(PoseStamped, topic, partial(self._on_commanded, arm.name), qos.NEWEST)
            subscribe(PoseStamped, f"{arm.name}/ee_pose", partial(self._on_measured, arm.name), qos.NEWEST)
            subscribe(WrenchStamped, f"{arm.name}/external_wrench", partial(self._on_wrench, arm.name), qos.NEWEST)

        for gripper in embodiment.grippers:
            subscribe(JointState, f"{gripper.name}/width", partial(self._on_width, gripper.arm), qos.NEWEST)

        if embodiment.base is not None:
            subscribe(Odometry, "odom", self._on_odometry, qos.NEWEST)
        if watched_joints:
            self._watched_joints = frozenset(watched_joints)
            subscribe(JointState, "joint_states", self._on_joints, qos.NEWEST)

    @property
    def silent(self) -> bool:
        """Say whether control is not heard."""
        return time.monotonic() - self._heard > SILENCE_MAX_S

    @property
    def policy_running(self) -> bool:
        """Say whether a policy sends chunks, whoever has the arm."""
        return time.monotonic() - self._policy_heard < POLICY_SILENCE_S

    def _on_progress(self, message: DiagnosticStatus) -> None:
        with contextlib.suppress(VlaError):  # a message that does not read is control's own affair
            self.progress = control_progress(message.message, messages.diagnostic_values(message))
            self._heard = time.monotonic()

    def _on_commanded(self, arm: str, message: PoseStamped) -> None:
        with contextlib.suppress(VlaError):
            self.commanded[arm] = _pose(message)

    def _on_measured(self, arm: str, message: PoseStamped) -> None:
        with contextlib.suppress(VlaError):
            self.measured[arm] = _pose(message)

    def _on_joints(self, message: JointState) -> None:
        for name, position in zip(message.name, message.position, strict=False):
            if name in self._watched_joints and np.isfinite(position):
                self.joints[name] = float(position)

    def _on_odometry(self, message: Odometry) -> None:
        self.base.add(messages.seconds(message.header.stamp), *messages.odometry_values(message))  # control judges it

    def _on_width(self, arm: str, message: JointState) -> None:
        if message.position and np.isfinite(message.position[0]):
            self.opening[arm] = float(message.position[0])

    def _on_wrench(self, arm: str, message: WrenchStamped) -> None:
        force = message.wrench.force
        if np.isfinite([force.x, force.y, force.z]).all():
            self.force[arm] = (force.x, force.y, force.z)

    def _on_policy(self, message: bytes) -> None:
        self._policy_heard = time.monotonic()

    def _on_instruction(self, message: String) -> None:
        self.instruction = message.data

    def _on_failure_score(self, message: DiagnosticStatus) -> None:
        waits = messages.diagnostic_values(message).get(DOING) == WAITING
        self.doubt = message.message if waits else ""


def _pose(message: PoseStamped) -> Pose:
    T = messages.transform(message.pose)
    return Pose(T[:3, 3], from_matrix(T[:3, :3]))
