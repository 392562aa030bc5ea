# SPDX-License-Identifier: Apache-2.0
"""Our controllers, description and switch against the real controller_manager, wherever one is installed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import yaml
from rig.nodes import NodeUnderTest
from rig.ros2_control import EFFORT, HOLD, POSITION, ControlledRobot, started, why_not

from vla_ros.nodes.arm.manager_hold import ControllerManagerHold
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.controllers import controllers_yaml

HOME = np.array(load_embodiment("franka").arms[0].home)
LIGHT = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])  # [N·m] turns the hand
INITIAL = {
    "joint_state_broadcaster": "active",
    "panda_hand_position_controller": "active",
    HOLD: "active",
    EFFORT: "inactive",
    POSITION: "inactive",
}


@pytest.fixture(scope="module", params=["mock", "topic"])
def robot(request, tmp_path_factory):
    """Return a robot whose arm is held; skip where ros2_control is not installed."""
    reason = why_not(request.param)
    if reason:
        pytest.skip(reason)
    with started(ControlledRobot(request.param, tmp_path_factory.mktemp(request.param))) as robot:
        yield robot


@pytest.fixture
def held(robot) -> ControlledRobot:
    """Return the robot with its arm held and at rest."""
    if robot.controllers() != INITIAL:
        robot.switch(
            [], [name for name, state in robot.controllers().items() if state == "active" and name == POSITION]
        )
        assert robot.set_hold(True)
    robot.operator.spin(0.3)
    assert robot.controllers() == INITIAL
    return robot


def only(robot: ControlledRobot, hardware: str) -> None:
    if robot.hardware != hardware:
        pytest.skip(f"said of {hardware} alone")


def test_joint_states_come_in_the_order_of_the_yaml(held):
    content = yaml.safe_load(controllers_yaml(load_embodiment("franka")))
    state = held.states[-1]
    assert list(state.name) == content["/**/joint_state_broadcaster"]["ros__parameters"]["joints"]
    assert len(state.position) == len(state.velocity) == len(state.effort) == 9
    np.testing.assert_allclose(held.joints(), HOME, atol=0.02)


def test_the_manager_keeps_its_rate(held):
    before = len(held.states)
    stamps = []
    held.operator.spin(2.0)
    for state in held.states[before:]:
        stamps.append(state.header.stamp.sec + state.header.stamp.nanosec * 1e-9)
    assert np.median(np.diff(stamps)) == pytest.approx(0.002, abs=5e-4)


def test_the_position_controller_moves_the_arm(held):
    target = held.joints() + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1])
    assert held.switch([POSITION], [HOLD])
    held.command(POSITION, target, seconds=1.0)
    np.testing.assert_allclose(held.joints(), target, atol=0.02)
    assert held.switch([HOLD], [POSITION])
    np.testing.assert_allclose(held.joints(), target, atol=0.02)


def test_efforts_come_back_as_states(held):
    assert held.set_hold(False)
    torque = np.zeros(7) if held.hardware == "topic" else np.arange(1.0, 8.0)
    torque[6] = 0.01
    held.command(EFFORT, torque, seconds=0.2)
    np.testing.assert_allclose(held.joints("effort"), torque, atol=1e-3)


def test_a_command_of_the_wrong_length_deactivates_the_controller_until_it_is_switched_on_again(held):
    assert held.set_hold(False)
    held.command(EFFORT, LIGHT * 0.01, seconds=0.1)
    held.command(EFFORT, [0.1] * 6)
    assert held.operator.spin_until(lambda: held.controllers()[EFFORT] != "active", 2.0)
    assert held.set_hold(True)
    assert held.controllers()[HOLD] == "active"
    assert held.set_hold(False)
    assert held.controllers()[EFFORT] == "active"


def test_a_command_that_is_not_finite_changes_nothing(held):
    assert held.set_hold(False)
    held.command(EFFORT, LIGHT * 0.01, seconds=0.1)
    held.command(EFFORT, [float("nan")] * 7, seconds=0.05)
    assert held.joints("effort")[6] == pytest.approx(0.01, abs=1e-3)


def test_asking_for_the_hold_twice_keeps_it(held):
    assert held.set_hold(True)
    assert held.controllers() == INITIAL


def test_a_switch_that_cannot_be_is_told(held):
    """As when control is enabled before its controller is loaded."""
    stranger = ControllerManagerHold(held.operator.node, {"nobody": "effort"})
    assert held.operator.spin_until(lambda: stranger.switch(False) is not None, 5.0)
    answer = stranger.switch(False)
    assert held.operator.spin_until(answer.done, 5.0)
    assert stranger.refusal(answer)
    assert held.controllers() == INITIAL


def test_the_hold_takes_the_arm_where_it_is_and_not_where_it_was_held_before(held):
    """Three times: the first finds no position on the interface, the others an old one."""
    only(held, "topic")
    for sign in (1.0, 1.0, -1.0):
        before = held.joints()[6]
        assert held.set_hold(False)
        held.command(EFFORT, sign * LIGHT, seconds=0.25)
        moving = held.joints()[6]
        assert abs(moving - before) > 0.1
        count = len(held.states)
        assert held.set_hold(True)
        held.operator.spin(0.6)
        path = np.array([state.position[6] for state in held.states[count:]])
        resting = held.joints()[6]
        # It may run on a little, but neither back to where it was held nor away with the last torque.
        assert sign * (path.min() if sign > 0 else path.max()) > sign * moving - 0.05
        assert abs(resting - moving) < 0.25
        assert abs(held.joints("velocity")[6]) < 0.02
        np.testing.assert_allclose(held.joints("effort")[6], 0.0, atol=0.5)


def test_between_the_hold_and_the_first_torque_the_arm_is_held(held):
    only(held, "topic")
    before = held.joints()
    assert held.set_hold(False)
    held.operator.spin(0.5)
    np.testing.assert_allclose(held.joints(), before, atol=2e-3)


def test_the_hand_follows_its_controller(held):
    held.command("panda_hand_position_controller", [0.02], seconds=0.6)
    positions = held.states[-1].position
    np.testing.assert_allclose(positions[7:9], 0.02, atol=2e-3)


def test_a_dead_control_leaves_the_arm_to_the_real_hold(held):
    """SIGKILL control while it drives: guard switches the controllers and latches the e-stop."""
    only(held, "topic")
    nodes = {
        "state": NodeUnderTest("state", use_sim_time=True),
        "control": NodeUnderTest("control", use_sim_time=True, hold="controller_manager"),
        "guard": NodeUnderTest("guard", use_sim_time=True, hold="controller_manager"),
    }
    operator = held.operator
    try:
        assert operator.ready()
        assert operator.spin_until(lambda: operator.enable().success, 10.0)  # once control has found the manager
        assert operator.spin_until(lambda: operator.progress.enabled and held.controllers()[EFFORT] == "active", 5.0)
        operator.spin(0.5)
        operator.send(operator.chunk((0.0, 0.1, 0.05), duration=2.0))
        assert operator.spin_until(lambda: operator.speed > 0.05, 2.0)
        os.kill(nodes["control"].process.pid, signal.SIGKILL)
        assert operator.spin_until(lambda: held.controllers()[HOLD] == "active", 2.0)
        assert held.controllers()[EFFORT] == "inactive"
        assert operator.spin_until(lambda: operator.speed < 0.02, 1.0)
        resting = held.joints()
        operator.spin(0.5)
        np.testing.assert_allclose(held.joints(), resting, atol=5e-3)
    finally:
        for node in nodes.values():
            node.kill()
