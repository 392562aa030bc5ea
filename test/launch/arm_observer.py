# SPDX-License-Identifier: Apache-2.0
"""What an outsider sees of a running graph: every joint state, and the newest word of control."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.experimental import EventsExecutor
from robot_graph import JOINTS
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress

REST_SPEED = 0.05  # [rad/s] of the fastest joint


class ArmObserver:
    """A node of the test on a ROS domain of its own choice; it only listens."""

    def __init__(self, domain: int) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("observer", context=self._context)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._reader = messages.JointStateReader(JOINTS)
        self.progress = ControlProgress()
        self.stamps: list[float] = []  # [s]
        self.positions: list[np.ndarray] = []  # [rad]
        self.speeds: list[float] = []  # [rad/s] of the fastest joint
        self._node.create_subscription(JointState, "joint_states", self._on_joints, qos.BUFFERED)
        self._node.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)

    def _on_joints(self, message: JointState) -> None:
        sample = self._reader.read(message)
        self.stamps.append(sample.stamp)
        self.positions.append(sample.position)
        self.speeds.append(float(np.abs(sample.velocity).max()))

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))

    def spin_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Listen until `done` holds; False when it does not within `timeout` [s]."""
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.02)
        return True

    @property
    def under_way(self) -> bool:
        """Say whether a chunk moves the arm right now."""
        return self.progress.moving and bool(self.speeds) and self.speeds[-1] > 2.0 * REST_SPEED

    @property
    def rest_began(self) -> float:
        """Return the simulated time [s] since which the arm has been at rest; infinite when it is not."""
        moving = np.flatnonzero(np.array(self.speeds) >= REST_SPEED)
        if not self.stamps or (len(moving) and moving[-1] + 1 == len(self.stamps)):
            return np.inf
        return self.stamps[moving[-1] + 1] if len(moving) else self.stamps[0]

    def __str__(self) -> str:
        stamps, speeds = np.array(self.stamps), np.array(self.speeds)
        every = max(1, len(stamps) // 40)
        told = ", ".join(f"{t:.2f} s {v:.2f}" for t, v in zip(stamps[::every], speeds[::every], strict=True))
        return (
            f"{len(stamps)} joint states, {(np.diff(stamps) < 0.0).sum()} out of order, fastest joint [rad/s]: {told}"
        )

    def excursion(self, q: np.ndarray) -> float:
        """Return how far any joint has been from q (7,) [rad]."""
        return float(np.abs(np.array(self.positions) - q).max())

    def close(self) -> None:
        """Leave the domain."""
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)
