# SPDX-License-Identifier: Apache-2.0
"""A robot on the graph as an operator and the task's judge see it: tools, base, time, the scene's truth."""

from __future__ import annotations

import functools

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseArray, PoseStamped
from nav_msgs.msg import Odometry
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.sim.scene_choice import announced_scene
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.topics import commanded_pose_topic
from vla_ros.tasks.judging import Judge, Truth
from vla_ros.tasks.table import load_task


class JudgedRobot:
    """A node that only listens."""

    def __init__(self, domain: int, robot: str, task: str) -> None:
        self.embodiment, self.task = load_embodiment(robot), load_task(task)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("judge", context=self._context)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self._node)
        self.scene: dict = {}
        self.time = 0.0  # [s] of the newest truth
        self.objects: list[np.ndarray] = []  # T_base_object (4, 4)
        self.commanded: dict[str, np.ndarray] = {}  # T_base_ee (4, 4)
        self.measured: dict[str, np.ndarray] = {}  # T_base_ee (4, 4)
        self.T_odom_base = np.eye(4)
        self.driven = 0.0  # [m] by the base
        self.progress = ControlProgress()
        self.complaints: list[str] = []  # of control, in order
        subscribe = self._node.create_subscription
        subscribe(String, "sim/scene", self._on_scene, qos.LATCHED)
        subscribe(PoseArray, "sim/object_poses", self._on_objects, qos.NEWEST)
        subscribe(JointState, "sim/fixture_joints", self._on_joints, qos.NEWEST)
        subscribe(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        subscribe(Odometry, "odom", self._on_odometry, qos.NEWEST)
        for arm in self.embodiment.arms:
            commanded = functools.partial(self._on_pose, self.commanded, arm.name)
            subscribe(PoseStamped, commanded_pose_topic(self.embodiment, arm.name), commanded, qos.NEWEST)
            measured = functools.partial(self._on_pose, self.measured, arm.name)
            subscribe(PoseStamped, f"{arm.name}/ee_pose", measured, qos.NEWEST)
        self._joints: dict[str, float] = {}
        self.judge: Judge | None = None
        self.events: list[str] = []  # of the judge

    def _on_scene(self, message: String) -> None:
        self.scene = announced_scene(message.data)

    def _on_objects(self, message: PoseArray) -> None:
        self.objects = [messages.transform(pose) for pose in message.poses]
        self.time = messages.seconds(message.header.stamp)
        if self.judge is not None and not self.judge.finished:
            self.judge.update(self.truth())
            self.events += [f"{self.time:.1f} s {event}" for event in self.judge.take_events()]

    def _on_joints(self, message: JointState) -> None:
        self._joints = messages.joint_positions(message)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))
        for text in (self.progress.hold_reason, self.progress.refused):
            if text and text not in self.complaints[-2:]:
                self.complaints.append(text)

    def _on_pose(self, poses: dict[str, np.ndarray], arm: str, message: PoseStamped) -> None:
        poses[arm] = messages.transform(message.pose)

    def _on_odometry(self, message: Odometry) -> None:
        T = messages.transform(message.pose.pose)
        self.driven += float(np.linalg.norm(T[:2, 3] - self.T_odom_base[:2, 3]))
        self.T_odom_base = T

    @property
    def ready(self) -> bool:
        """Say whether all is heard that is looked at."""
        arms = {arm.name for arm in self.embodiment.arms}
        return bool(self.scene and self.objects) and arms <= self.commanded.keys() and arms <= self.measured.keys()

    def place_of(self, name: str) -> np.ndarray | None:
        """Return T_base_object (4, 4) of an object; None where there is none of that name."""
        names = [item["name"] for item in self.scene["objects"]]
        return self.objects[names.index(name)] if name in names else None

    def truth(self) -> Truth:
        """Return what a judge sees now."""
        names = [item["name"] for item in self.scene["objects"]]
        told = self.progress.end_effectors
        widths = {one.name: told.get(f"{one.name}/width", 0.0) for one in self.embodiment.grippers}
        return Truth(self.time, dict(zip(names, self.objects, strict=True)), widths, self.commanded, self._joints)

    def begin(self, asked: str = "") -> Judge:
        """Have the task's judge watch from now on what is `asked`, "": the scene's own."""
        self.judge = self.task.judge(self.scene, self.embodiment, self.truth(), self.task.limits, asked)
        return self.judge

    def spin(self, seconds: float) -> None:
        """Listen for a while."""
        self.spin_until(lambda: False, seconds)

    def spin_until(self, done, seconds: float) -> bool:
        """Listen until `done`; False when it is not within `seconds`."""
        return spin_until(self._executor, done, seconds)

    def close(self) -> None:
        """Leave ROS."""
        leave(self._executor, self._node)
