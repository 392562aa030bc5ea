# SPDX-License-Identifier: Apache-2.0
"""What an outsider sees of a running graph: every joint state, control's newest word, who complains of what."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseArray
from rclpy.experimental import EventsExecutor
from sensor_msgs.msg import JointState

from rig.spinning import leave, spin_until
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.robots.embodiment import load_embodiment

REST_SPEED = 0.05  # [rad/s] of the fastest joint


class ArmObserver:
    """A node on a ROS domain of its own choice; it only listens."""

    def __init__(
        self,
        domain: int | None = None,
        robot: str = "franka",
        joint_states: str = "joint_states",
        every_arm: bool = False,
    ) -> None:
        """Listen on `domain`, by default that of the environment, to the joints of the first arm or of every one."""
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("observer", context=self._context)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self._node)
        arms = load_embodiment(robot).arms[: None if every_arm else 1]
        self._reader = messages.JointStateReader([joint for arm in arms for joint in arm.joints])
        self.progress = ControlProgress()
        self.stamps: list[float] = []  # [s]
        self.positions: list[np.ndarray] = []  # (N,) [rad]
        self.velocities: list[np.ndarray] = []  # (N,) [rad/s]
        self.efforts: list[np.ndarray] = []  # (N,) [N·m], NaN where none is measured
        self.heights: np.ndarray | None = None  # (M,) [m] of the objects
        self.lowest: np.ndarray | None = None  # (M,) [m] that they have been
        self.lateness_ms: list[float] = []  # of control's loop: the worst between two of its reports
        self.complaints: set[str] = set()  # that were in diagnostics or control/progress
        subscribe = self._node.create_subscription
        subscribe(JointState, joint_states, self._on_joints, qos.BUFFERED)
        subscribe(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        subscribe(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)
        subscribe(PoseArray, "sim/object_poses", self._on_objects, qos.NEWEST)

    def _on_joints(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is None:
            return
        self.stamps.append(sample.stamp)
        self.positions.append(sample.position)
        self.velocities.append(sample.velocity)
        effort = dict(zip(message.name, message.effort, strict=False))
        self.efforts.append(np.array([effort.get(name, np.nan) for name in self._reader.joints]))

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))
        self.lateness_ms.append(self.progress.lateness_ms)
        self.complaints.update(text for text in (self.progress.hold_reason, self.progress.refused) if text)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.complaints.update(f"{status.name}: {status.message}" for status in message.status)

    def _on_objects(self, message: PoseArray) -> None:
        self.heights = np.array([pose.position.z for pose in message.poses])
        if self.lowest is None or self.lowest.shape != self.heights.shape:  # another scene
            self.lowest = self.heights
        self.lowest = np.minimum(self.lowest, self.heights)

    def spin_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Listen until `done` holds; False when it does not within `timeout` [s]."""
        return spin_until(self._executor, done, timeout)

    @property
    def under_way(self) -> bool:
        """Say whether a chunk moves the arm right now."""
        return self.progress.moving and bool(self.stamps) and self._speed(-1) > 2.0 * REST_SPEED

    @property
    def in_hand(self) -> bool:
        """Say whether the arm moves with an object that it has lifted by more than 4 cm."""
        lifted = self.heights is not None and bool((self.heights - self.lowest > 0.04).any())
        return lifted and self.under_way

    @property
    def rest_began(self) -> float:
        """Return the simulated time [s] since which the arm has been at rest; infinite when it is not."""
        moving = np.flatnonzero(np.abs(self.velocities).max(axis=1) >= REST_SPEED) if self.stamps else []
        if not self.stamps or (len(moving) and moving[-1] + 1 == len(self.stamps)):
            return np.inf
        return self.stamps[moving[-1] + 1] if len(moving) else self.stamps[0]

    def forget(self) -> None:
        """Forget the motion so far."""
        for values in (self.stamps, self.positions, self.velocities, self.efforts, self.complaints):
            values.clear()

    def __str__(self) -> str:
        stamps = np.array(self.stamps)
        every = max(1, len(stamps) // 40)
        told = ", ".join(f"{stamps[i]:.2f} s {self._speed(i):.2f}" for i in range(0, len(stamps), every))
        return (
            f"{len(stamps)} joint states, {(np.diff(stamps) < 0.0).sum()} out of order, fastest joint [rad/s]: {told}"
        )

    def excursion(self, q: np.ndarray) -> float:
        """Return how far any joint has been from q (N,) [rad]."""
        return float(np.abs(np.array(self.positions) - q).max())

    def close(self) -> None:
        """Leave ROS."""
        leave(self._executor, self._node)

    def _speed(self, index: int) -> float:
        return float(np.abs(self.velocities[index]).max())
