# SPDX-License-Identifier: Apache-2.0
"""Two arms behind two drivers that speak joint states: moved at once, held by themselves, stopped where one is dead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from rig.group_chunk import group_chunk
from rig.nodes import NodeUnderTest
from rig.running_graph import RunningGraph, running_graph
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_ros import qos

SAG = 0.02  # [rad] an arm that is told again and again to be where it is measured would sink by so much each time
AWAY = "left_position_controller/commands"


def driver(side: str) -> NodeUnderTest:
    return NodeUnderTest("joint_driver", f"{side}_arm", module="rig.joint_driver", sag=SAG)


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    """Start everything but the robot's cameras, on the wall clock."""
    nodes = {side: driver(side) for side in ("left", "right")}
    names = ("joint_topics", "state", "control", "guard")
    nodes |= {name: NodeUnderTest(name, robot="agilex") for name in ("joint_topics", "state")}
    nodes |= {name: NodeUnderTest(name, robot="agilex", hold="none") for name in ("control", "guard")}
    with running_graph(nodes, "agilex") as graph:
        yield graph
        graph.stop(*reversed(names), "right")


@pytest.fixture(scope="module")
def told(graph: RunningGraph) -> list[JointState]:
    """Return what the left driver is told, as it comes."""
    commands: list[JointState] = []
    graph.operator.node.create_subscription(JointState, "left_arm/control/joint_states", commands.append, qos.EVENTS)
    return commands


def test_both_arms_and_a_gripper_move_at_once(operator, told):
    start = {arm: T.copy() for arm, T in operator.tools.items()}
    shifts = {"left": np.array([0.04, 0.0, 0.03]), "right": np.array([0.04, 0.02, 0.0])}
    widths: list[float] = []
    operator.node.create_subscription(
        JointState, "left_gripper/width", lambda message: widths.append(message.position[0]), qos.NEWEST
    )
    operator.send(group_chunk(operator, shifts, {"left_gripper/width": 0.02}, 1.5))
    done = operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted")
    assert done, operator.progress
    operator.spin(0.5)
    for arm, shift in shifts.items():
        np.testing.assert_allclose(operator.tools[arm][:3, 3] - start[arm][:3, 3], shift, atol=0.012)
    assert widths[-1] == pytest.approx(0.02, abs=2e-3)
    assert told[-1].name == [*(f"joint{number}" for number in range(1, 7)), "gripper"]
    assert told[-1].position[-1] == pytest.approx(0.02, abs=1e-3)


def test_velocities_are_measured_where_the_driver_says_zero(operator):
    operator.send(operator.chunk((-0.03, 0.0, 0.0), duration=1.0))
    assert operator.spin_until(lambda: operator.speed > 0.05)
    assert operator.spin_until(lambda: operator.speed < 0.01)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ([float("nan")] + [0.0] * 5, "not finite"),
        ([0.0] * 5, "5 numbers for 6 joints"),
        ([0.0, 4.0, -0.8, 0.0, 0.7, 0.0], "joint2 at 4.000, allowed 0.000 to 3.140"),
        ([2.0, 1.2, -0.8, 0.0, 0.7, 0.0], "joint1 is to jump by"),
    ],
)
def test_what_must_not_be_commanded_is_not_passed_on_and_said(operator, told, numbers, reason):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled)
    operator.spin(0.3)
    told.clear()
    commands = operator.node.create_publisher(Float64MultiArray, AWAY, qos.STREAM)
    assert operator.spin_until(lambda: commands.get_subscription_count() > 0)

    def said() -> bool:
        commands.publish(Float64MultiArray(data=numbers))
        return reason in operator.diagnostics["joint_topics"]["message"]

    assert operator.spin_until(said)
    assert told == []


def test_an_arm_that_nobody_drives_stays_where_it_was_told_to_be(operator):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled)
    operator.spin(0.5)
    before = operator.T_base_ee.copy()
    operator.spin(1.0)
    assert np.abs(operator.T_base_ee - before).max() < 1e-3


def test_where_one_driver_dies_both_arms_stop(operator, graph):
    operator.send(group_chunk(operator, {"right": np.array([0.0, 0.0, 0.06])}, {}, 3.0))
    assert operator.spin_until(lambda: operator.speed > 0.01)
    graph.nodes["left"].kill()
    assert operator.spin_until(lambda: "no joint states on left_arm" in operator.diagnostics["joint_topics"]["message"])
    assert operator.spin_until(lambda: not operator.progress.enabled or "stale" in operator.progress.hold_reason)
    heard: list[JointState] = []
    operator.node.create_subscription(JointState, "right_arm/control/joint_states", heard.append, qos.EVENTS)
    operator.spin(1.0)
    assert heard == []
