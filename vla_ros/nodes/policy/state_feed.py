# SPDX-License-Identifier: Apache-2.0
"""The robot's state as topics carry it, into what builds observations: joints, base, commanded tools, cups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.nodes.policy.observation_builder import ObservationBuilder
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic, seal_topic


class StateFeed:
    """Subscribe to what a builder needs of the state, and to no more."""

    def __init__(
        self,
        node: Node,
        embodiment: Embodiment,
        builder: ObservationBuilder,
        moved: Callable[[messages.JointSample], None] = lambda sample: None,
    ) -> None:
        """Fill `builder`; `moved` is told of each sample of the joints when it is there."""
        self._builder, self._moved = builder, moved
        self._reader = messages.JointStateReader(builder.joints)
        subscribe = node.create_subscription
        if builder.joints:
            subscribe(JointState, "joint_states", self._on_joint_state, qos.BUFFERED)
        if builder.has_base:
            subscribe(Odometry, "odom", self._on_odometry, qos.BUFFERED)
        for arm in builder.arms:
            topic = commanded_pose_topic(embodiment, arm)
            subscribe(PoseStamped, topic, partial(self._on_commanded_pose, arm), qos.BUFFERED)
        for cup in builder.cups:
            subscribe(JointState, seal_topic(cup), partial(self._on_seal, cup), qos.BUFFERED)

    def _on_joint_state(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is not None:
            self._builder.states.add(sample.stamp, np.stack([sample.position, sample.velocity]))
            self._moved(sample)

    def _on_odometry(self, message: Odometry) -> None:
        self._builder.add_odometry(messages.seconds(message.header.stamp), *messages.odometry_values(message))

    def _on_commanded_pose(self, arm: str, message: PoseStamped) -> None:
        stamp = messages.seconds(message.header.stamp)
        self._builder.add_commanded(arm, stamp, messages.transform(message.pose))

    def _on_seal(self, cup: str, message: JointState) -> None:
        sealed = messages.seal(message)
        if sealed is not None:
            self._builder.add_seal(cup, messages.seconds(message.header.stamp), sealed)
