# SPDX-License-Identifier: Apache-2.0
"""Joint states of a leader, which another namespace publishes, to the robot that follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros import qos

Hear = Callable[[int, Sequence[str], Sequence[float], float], None]


class LeaderFeed:
    """Listen to each device of a leader; `hear` is called in the executor's thread."""

    def __init__(self, node: Node, namespace: str, topics: Sequence[str], hear: Hear) -> None:
        """`hear` takes the device's number, names, positions, and when they arrived [s, monotonic]."""
        self._hear = hear
        for device, topic in enumerate(topics):
            name = f"{namespace.rstrip('/')}/{topic}"
            node.create_subscription(JointState, name, partial(self._on_joints, device), qos.NEWEST)

    def _on_joints(self, device: int, message: JointState) -> None:
        self._hear(device, tuple(message.name), tuple(message.position), time.monotonic())
