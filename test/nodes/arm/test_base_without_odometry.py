# SPDX-License-Identifier: Apache-2.0
"""A robot with a base of which no odometry comes: control says which topic is missing, and moves what needs none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from nav_msgs.msg import Odometry
from rig.group_chunk import group_chunk as chunk
from rig.group_chunk import joint
from rig.nodes import start_arm
from rig.running_graph import RunningGraph, running_graph
from robot_rigs.two_armed_robot import PAIR

from vla_ros import messages, qos

UP = np.array([0.0, 0.0, 0.03])  # [m]


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    """Run the test robot; what its simulator says of the base goes where nobody listens."""
    nodes = start_arm({"odom": "odom_of_nobody"}, str(PAIR))
    with running_graph({node.name: node for node in nodes}, str(PAIR)) as graph:
        yield graph
        graph.stop(*graph.nodes)


def test_poses_and_driving_are_refused_until_odometry_comes(operator):
    before = {arm: T[:3, 3].copy() for arm, T in operator.tools.items()}
    missing = lambda: "nothing has come on 'odom'" in operator.progress.refused  # noqa: E731
    for shifts, others in (({"left": UP}, {}), ({}, {"base/velocity.x": -0.2})):
        operator.send(chunk(operator, shifts, others, 0.5))
        assert operator.spin_until(missing), operator.progress
        # What needs no odometry moves, and what is said against the other is over.
        operator.send(chunk(operator, {}, {"lift_joint/position": 0.16 if shifts else 0.14}, 0.5))
        assert operator.spin_until(lambda: not operator.progress.refused and operator.progress.moving), (
            operator.progress
        )
        assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0)
    operator.spin(0.3)
    assert joint(operator, "lift_joint") == pytest.approx(0.14, abs=0.005)
    for arm, start in before.items():
        np.testing.assert_allclose(operator.tools[arm][:2, 3], start[:2], atol=2e-3)

    operator.send(dataclasses.replace(chunk(operator, {"left": UP}, {}, 0.8), riding=True))
    assert operator.spin_until(lambda: operator.progress.moving), operator.progress.refused
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0)

    odometry = operator.node.create_publisher(Odometry, "odom", qos.STREAM)
    said: list[float] = []

    def stand() -> bool:
        if not said or operator.stamp - said[-1] >= 0.02:
            said.append(operator.stamp)
            odometry.publish(messages.odometry(np.eye(4), np.zeros(3), operator.stamp, "odom", "base_link"))
        return False

    sent: list[float] = []

    def taken() -> bool:
        stand()
        if odometry.get_subscription_count() and (not sent or operator.stamp - sent[-1] > 0.5):
            sent.append(operator.stamp)
            operator.send(chunk(operator, {"left": -UP}, {}, 0.8))
        return operator.progress.moving

    assert operator.spin_until(taken, 60.0), operator.progress
    assert operator.spin_until(lambda: stand() or operator.progress.hold_reason == "chunk exhausted", 60.0)
    assert not operator.progress.refused
