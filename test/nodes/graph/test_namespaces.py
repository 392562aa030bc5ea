# SPDX-License-Identifier: Apache-2.0
"""Two robots in two namespaces of one ROS domain: neither moves, stops nor keeps time for the other."""

from __future__ import annotations

import numpy as np
import pytest
from rig.nodes import NodeUnderTest, Operator
from rosgraph_msgs.msg import Clock

from vla_ros import messages, qos

STILL = 2e-3  # [m]


@pytest.fixture(scope="module")
def robots():
    """Start a simulator, state and control in each namespace, and an operator for each."""
    nodes = [
        NodeUnderTest(name, namespace, **({"seed": 1} if name == "sim" else {"use_sim_time": True}))
        for namespace in ("left", "right")
        for name in ("sim", "state", "control")
    ]
    operators = [Operator("left"), Operator("right")]
    try:
        for operator in operators:
            assert operator.ready(), [(node.name, node.process.poll()) for node in nodes]
            assert operator.enable().success
        yield operators
    finally:
        for node in nodes:
            node.kill()
        for operator in operators:
            operator.close()


def test_a_chunk_moves_the_robot_of_its_namespace_alone(robots):
    left, right = robots
    for operator in robots:
        assert operator.spin_until(lambda operator=operator: operator.progress.enabled and operator.speed < 0.02)
    starts = [operator.T_base_ee[:3, 3].copy() for operator in robots]
    left.send(left.chunk((0.0, -0.1, 0.0)))
    assert left.spin_until(lambda: left.progress.hold_reason == "chunk exhausted", 30.0)
    for operator in robots:
        operator.spin(0.5)
    moved = [np.linalg.norm(operator.T_base_ee[:3, 3] - start) for operator, start in zip(robots, starts, strict=True)]
    assert moved[0] > 0.09
    assert moved[1] < STILL
    assert right.progress.hold_reason == "no chunk yet"


def test_each_has_a_clock_of_its_own(robots):
    left, right = robots
    stamps: dict[str, list[float]] = {"left": [], "right": [], "": []}
    subscriptions = [
        left.node.create_subscription(
            Clock, topic, lambda m, name=name: stamps[name].append(messages.seconds(m.clock)), qos.CLOCK
        )
        for name, topic in (("left", "/left/clock"), ("right", "/right/clock"), ("", "/clock"))
    ]
    assert left.spin_until(lambda: min(len(stamps["left"]), len(stamps["right"])) > 20, 30.0), stamps
    for subscription in subscriptions:
        left.node.destroy_subscription(subscription)
    assert stamps[""] == []  # and nobody keeps time for all
    for name in ("left", "right"):
        assert (np.diff(stamps[name]) >= 0.0).all()
    assert right.node.count_publishers("/clock") == 0


def test_the_estop_of_one_is_not_that_of_the_other(robots):
    left, right = robots
    left.set_estop(True)
    right.spin(0.5)
    assert not right.progress.estop
    assert right.progress.enabled
