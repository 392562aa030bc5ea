# SPDX-License-Identifier: Apache-2.0
"""Two PiPERs on two CAN buses behind one node: moved at once, held by themselves, stopped where one is dead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("piper_sdk", reason="piper_sdk is not installed: VLA_EXTRAS=hardware ./vla … installs it")

from rig.group_chunk import group_chunk
from rig.nodes import NodeUnderTest
from rig.running_graph import RunningGraph, running_graph
from rig.simulated_piper import SimulatedPiper, piper_robot
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_ros import qos

SAG = 0.02  # [rad] an arm that is told again and again to be where it is measured would sink by so much each time
SIDES = ("left", "right")
THING = 0.03  # [m] wide, in the right gripper


@pytest.fixture(scope="module")
def arms(tmp_path_factory) -> Iterator[dict[str, SimulatedPiper]]:
    """Start the arms, each at the end of its cable."""
    folder = tmp_path_factory.mktemp("can")
    arms = {side: SimulatedPiper(folder / side, sag=SAG, thing=THING * (side == "right")) for side in SIDES}
    yield arms
    for arm in arms.values():
        arm.kill()


@pytest.fixture(scope="module")
def graph(arms, tmp_path_factory) -> Iterator[RunningGraph]:
    """Start everything but the robot's cameras, on the wall clock."""
    robot = piper_robot(tmp_path_factory.mktemp("robot"), arms)
    nodes = {name: NodeUnderTest(name, robot=robot) for name in ("sdk", "state")}
    nodes |= {name: NodeUnderTest(name, robot=robot, hold="none") for name in ("control", "guard")}
    with running_graph(nodes, robot) as graph:
        yield graph
        graph.stop("guard", "control", "state", "sdk")


def test_both_arms_and_grippers_move_at_once(operator, arms):
    start = {arm: T.copy() for arm, T in operator.tools.items()}
    shifts = {"left": np.array([0.04, 0.0, 0.03]), "right": np.array([0.04, 0.02, 0.0])}
    widths: dict[str, list[float]] = {side: [] for side in SIDES}
    for side in SIDES:
        operator.node.create_subscription(
            JointState,
            f"{side}_gripper/width",
            lambda message, side=side: widths[side].append(message.position[0]),
            qos.NEWEST,
        )
    operator.send(group_chunk(operator, shifts, {"left_gripper/width": 0.02, "right_gripper/width": 0.0}, 1.5))
    done = operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted")
    assert done, operator.progress
    operator.spin(0.7)
    for arm, shift in shifts.items():
        np.testing.assert_allclose(operator.tools[arm][:3, 3] - start[arm][:3, 3], shift, atol=0.012)
    assert widths["left"][-1] == pytest.approx(0.02, abs=2e-3)
    assert widths["right"][-1] == pytest.approx(THING, abs=1e-3)
    for arm in arms.values():
        report = arm.report
        assert (report["share"], report["follow"], report["enabled"]) == (80, 0, True)
        assert report["heard"].keys() <= {"151", "155", "156", "157", "159", "471"}


def test_velocities_are_measured(operator):
    operator.send(operator.chunk((-0.03, 0.0, 0.0), duration=1.0))
    assert operator.spin_until(lambda: operator.speed > 0.05)
    assert operator.spin_until(lambda: operator.speed < 0.01)


def test_what_must_not_be_commanded_does_not_reach_the_arm(operator, arms):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled)
    operator.spin(0.5)
    before = arms["left"].report
    commands = operator.node.create_publisher(Float64MultiArray, "left_position_controller/commands", qos.STREAM)
    assert operator.spin_until(lambda: commands.get_subscription_count() > 0)

    def said() -> bool:
        commands.publish(Float64MultiArray(data=[2.0, 1.2, -0.8, 0.0, 0.7, 0.0]))
        return "left_joint1 is to jump by" in operator.diagnostics["sdk"]["message"]

    assert operator.spin_until(said)
    assert arms["left"].report["heard"] == before["heard"]


def test_arms_that_nobody_drives_stay_where_they_were_told_to_be(operator):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled)
    operator.spin(0.5)
    before = {arm: T.copy() for arm, T in operator.tools.items()}
    operator.spin(1.0)
    for arm, T in before.items():
        assert np.abs(operator.tools[arm] - T).max() < 1e-3


def test_a_collision_of_one_arm_stops_both_and_is_said(operator, arms):
    operator.send(group_chunk(operator, {"right": np.array([0.0, 0.0, 0.06])}, {}, 3.0))
    assert operator.spin_until(lambda: operator.speed > 0.01)
    arms["left"].change(state=7)
    assert operator.spin_until(lambda: "left: collision" in operator.diagnostics["sdk"]["message"])
    assert operator.spin_until(lambda: arms["right"].report["speed"] < 1e-3)
    before = arms["right"].report["heard"]
    operator.spin(0.5)
    assert arms["right"].report["heard"] == before
    arms["left"].change(state=0)
    assert operator.spin_until(lambda: operator.diagnostics["sdk"]["message"] == "all arms answer")


def test_where_one_bus_dies_both_arms_stop(operator, arms):
    operator.send(group_chunk(operator, {"right": np.array([0.0, 0.0, -0.06])}, {}, 3.0))
    assert operator.spin_until(lambda: operator.speed > 0.01)
    arms["left"].change(silent=True)
    assert operator.spin_until(lambda: "nothing comes from the arm 'left'" in operator.diagnostics["sdk"]["message"])
    assert operator.spin_until(lambda: not operator.progress.enabled or "stale" in operator.progress.hold_reason)
    assert operator.spin_until(lambda: arms["right"].report["speed"] < 1e-3)
    before = arms["right"].report["heard"]
    operator.spin(0.5)
    assert arms["right"].report["heard"] == before
