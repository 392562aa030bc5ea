# SPDX-License-Identifier: Apache-2.0
"""Robots of one arm and of two under the real controller_manager, by torque and by position, where one is installed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from rig.nodes import NodeUnderTest
from rig.ros2_control import ControlledRobot, started, why_not

from vla_ros.robots.ros2_control.names import command_controller

CASES = [
    ("fr3", "", "mock"),
    ("fr3", "", "topic"),
    ("fr3", "position", "topic"),
    ("agilex", "", "mock"),
    ("agilex", "", "topic"),
    ("ldt01", "", "mock"),
    ("bytemini", "", "mock"),
    ("bytemini", "", "topic"),
    ("bytemini", "effort", "topic"),
]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def robot(request, tmp_path_factory):
    """Return a robot whose arms are held; skip where ros2_control is not installed."""
    name, command, hardware = request.param
    reason = why_not(hardware, name)
    if reason:
        pytest.skip(reason)
    with started(ControlledRobot(hardware, tmp_path_factory.mktemp(name), name, command)) as robot:
        yield robot


@pytest.fixture
def held(robot) -> ControlledRobot:
    """Return the robot with its arms held and at rest."""
    assert robot.refusal_of_hold(True) == ""
    robot.operator.spin(0.3)
    assert robot.controllers() == robot.expected()
    return robot


def test_every_joint_is_broadcast_where_it_begins(held):
    groups = held.robot.jointed_groups
    assert list(held.states[-1].name) == [joint for group in groups for joint in group.joints]
    for group in (*held.robot.arms, *held.robot.joint_groups):
        np.testing.assert_allclose(held.measured(group.joints), group.home, atol=0.03, err_msg=group.name)


def test_arms_are_switched_together_and_each_moves_by_its_own_controller(held):
    arms = held.robot.arms
    before = {arm.name: held.measured(arm.joints) for arm in arms}
    assert held.refusal_of_hold(False) == ""
    states = held.controllers()
    assert {states[name] for name in held.driving} == {"active"}
    assert {states[name] for name in held.holding} == {"inactive"}
    sign = dict(zip((arm.name for arm in arms), (1.0, -1.0), strict=False))
    if "effort" in held.kinds.values():
        told = {name: [0.0] * (len(arms[0].joints) - 1) + [0.02 * way] for name, way in sign.items()}
        held.command_all({command_controller(name, "effort"): torque for name, torque in told.items()}, seconds=0.2)
        for arm in arms:
            np.testing.assert_allclose(held.measured(arm.joints, "effort"), told[arm.name], atol=1e-3)
    else:
        target = {name: q + 0.1 * sign[name] * np.eye(len(q))[-1] for name, q in before.items()}
        held.command_all({command_controller(name, "position"): q for name, q in target.items()}, seconds=1.0)
        for arm in arms:
            np.testing.assert_allclose(held.measured(arm.joints), target[arm.name], atol=0.02)
    assert held.refusal_of_hold(True) == ""
    held.operator.spin(0.5)
    assert held.controllers() == held.expected()
    resting = {arm.name: held.measured(arm.joints) for arm in arms}
    held.operator.spin(0.5)
    for arm in arms:
        np.testing.assert_allclose(held.measured(arm.joints), resting[arm.name], atol=3e-3)


def test_grippers_and_joint_groups_follow_while_the_arms_are_held(held):
    arms = {arm.name: held.measured(arm.joints) for arm in held.robot.arms}
    grippers, groups = held.robot.grippers, held.robot.joint_groups
    ways = {gripper.name: 0.01 + 0.005 * number for number, gripper in enumerate(grippers)}
    wanted = {command_controller(name, "position"): [way] for name, way in ways.items()}
    targets = {group.name: held.measured(group.joints) - 0.05 for group in groups}
    wanted |= {command_controller(name, "position"): q for name, q in targets.items()}
    held.command_all(wanted, seconds=2.0)
    for gripper in grippers:
        np.testing.assert_allclose(held.measured(gripper.joints), ways[gripper.name], atol=2e-3)
    for group in groups:
        np.testing.assert_allclose(held.measured(group.joints), targets[group.name], atol=5e-3)
    for arm in held.robot.arms:
        np.testing.assert_allclose(held.measured(arm.joints), arms[arm.name], atol=0.01)


def test_one_arm_that_could_not_be_held_keeps_all_from_being_driven(held):
    last = held.holding[-1]
    assert held.switch([], [last])
    assert held.serve("UnloadController", last)
    try:
        before = held.controllers()
        assert held.refusal_of_hold(False) == f"{last} is not loaded"
        assert held.controllers() == before
        assert f"{last} is not loaded" in held.refusal_of_hold(True)
        states = held.controllers()
        assert {states[name] for name in held.holding[:-1]} <= {"active"}
        assert "active" not in {states[name] for name in held.driving}
    finally:
        assert held.serve("LoadController", last)
        assert held.serve("ConfigureController", last)
        assert held.refusal_of_hold(True) == ""


def test_a_dead_control_leaves_every_arm_to_its_hold(held):
    """SIGKILL control while it drives: guard switches the controllers of all arms."""
    if held.hardware == "mock":
        pytest.skip("mock components know no simulated time")
    command = next(iter(held.kinds.values()))
    told = {"use_sim_time": True, "robot": held.robot.source}
    driving = told | {"hold": "controller_manager", "command": command}
    nodes = {
        "state": NodeUnderTest("state", **told),
        "control": NodeUnderTest("control", **driving),
        "guard": NodeUnderTest("guard", **driving),
    }
    operator = held.operator
    try:
        assert operator.ready()
        assert operator.spin_until(lambda: operator.enable().success, 10.0)  # once control has found the manager
        active = lambda names: {held.controllers()[name] for name in names} == {"active"}  # noqa: E731
        assert operator.spin_until(lambda: operator.progress.enabled and active(held.driving), 10.0)
        operator.spin(1.0)
        os.kill(nodes["control"].process.pid, signal.SIGKILL)
        assert operator.spin_until(lambda: active(held.holding), 5.0)
        assert {held.controllers()[name] for name in held.driving} == {"inactive"}
        assert operator.spin_until(lambda: "arm held" in operator.diagnostics.get("guard", {}).get("message", ""), 5.0)
        resting = [held.measured(arm.joints) for arm in held.robot.arms]
        operator.spin(0.5)
        for arm, q in zip(held.robot.arms, resting, strict=True):
            np.testing.assert_allclose(held.measured(arm.joints), q, atol=5e-3)
    finally:
        for node in nodes.values():
            node.kill()
