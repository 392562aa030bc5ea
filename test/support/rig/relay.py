# SPDX-License-Identifier: Apache-2.0
"""Joint states on their way from the robot to the nodes, passed on or spoilt; in a thread and a context of its own."""

from __future__ import annotations

import threading

import rclpy
from rclpy.experimental import EventsExecutor
from sensor_msgs.msg import JointState

from rig.spinning import leave
from vla_ros import qos

JUMP = 0.4  # [rad]


class JointStateRelay:
    """Publish on joint_states what comes on SOURCE, as `mode` says: pass, drop, jump, lose, nan or reorder."""

    SOURCE = "joint_states_of_the_robot"

    def __init__(self) -> None:
        self.mode = "pass"
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("relay", context=self._context)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._publisher = self._node.create_publisher(JointState, "joint_states", qos.STREAM)
        self._node.create_subscription(JointState, self.SOURCE, self._pass_on, qos.BUFFERED)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def _pass_on(self, message: JointState) -> None:
        mode = self.mode
        if mode == "drop":
            return
        if mode == "jump":
            message.position[2] += JUMP
        elif mode == "nan":
            message.position[2] = float("nan")
        elif mode in ("lose", "reorder"):
            order = [i for i in range(len(message.name)) if mode == "reorder" or i != 2]
            for field in ("name", "position", "velocity", "effort"):
                values = getattr(message, field)
                setattr(message, field, [values[i] for i in reversed(order)])
        self._publisher.publish(message)

    def close(self) -> None:
        """Leave ROS."""
        self._over.set()
        self._thread.join(1.0)
        leave(self._executor, self._node)
