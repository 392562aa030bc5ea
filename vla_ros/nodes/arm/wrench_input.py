# SPDX-License-Identifier: Apache-2.0
"""Tell control what force-torque sensors measure: hands that positions drive give way to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from geometry_msgs.msg import WrenchStamped
from rclpy.node import Node

from controllers.errors import VlaError
from controllers.follower import ChunkFollower
from vla_ros import messages, qos
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import ArmGroup
from vla_ros.robots.topics import external_wrench_topic


class WrenchInput:
    """One subscription for each arm that gives way; none where whole-body control drives nothing."""

    def __init__(
        self, node: Node, embodiment: Embodiment, follower: ChunkFollower, refused: Callable[[str], None]
    ) -> None:
        """Tell `refused` why a message counts for nothing."""
        self._follower, self._frame, self._refused = follower, embodiment.base_frame, refused
        self._wrenches = follower.external_wrenches
        for name in () if self._wrenches is None else self._wrenches.arms:
            take = partial(self._on_wrench, embodiment.arm(name))
            node.create_subscription(WrenchStamped, external_wrench_topic(name), take, qos.NEWEST)

    def _on_wrench(self, arm: ArmGroup, message: WrenchStamped) -> None:
        assert self._wrenches is not None  # who subscribed has them
        T = self._follower.arms[arm.name].model.T_base_ee.copy()
        try:
            wrench = messages.wrench_on(message, self._frame, arm.tool_frame, T)
            self._wrenches.tell(arm.name, messages.seconds(message.header.stamp), wrench)
        except VlaError as error:
            self._refused(f"{external_wrench_topic(arm.name)}: {error}")
