# SPDX-License-Identifier: Apache-2.0
"""A whole robot under control: it reaches what it can, goes as near as it may to the rest, and keeps every limit."""

import numpy as np
import pytest
from robot_rigs.whole_robot import DT, controlled, follow, position_error, shifted

from controllers.errors import ConfigError
from controllers.whole_body.targets import BodyTarget, HandTarget


@pytest.mark.parametrize("robot", ["bytemini", "agilex", "ldt01", "franka", "ur5e"])
def test_a_near_target_is_reached_and_not_overshot(robot):
    control = controlled(robot)
    target = shifted(control, [0.03, 0.02, 0.03])
    start, furthest = {name: control.tool_pose(name)[:3, 3] for name in control.hands}, 0.0
    for _ in range(1000):
        assert control.tick(target, DT)
        for name, began in start.items():
            way = target.hands[name].T[:3, 3] - began
            furthest = max(furthest, float((control.tool_pose(name)[:3, 3] - began) @ way / (way @ way)))
    assert position_error(control, target) < 1e-3
    assert furthest < 1.02


def test_the_base_drives_where_the_arms_do_not_reach():
    control = controlled()
    target = shifted(control, [1.5, 0.3, 0.05])
    follow(control, target, 6.0)
    assert position_error(control, target) < 2e-3
    assert control.base_place[0] > 0.9


def test_hands_stay_where_they_are_while_the_base_is_driven():
    control = controlled()
    target = shifted(control, np.zeros(3))
    worst = 0.0
    for _ in range(750):
        control.tick(BodyTarget(target.hands, base=np.array([0.05, -0.04, 0.05])), DT)
        worst = max(worst, position_error(control, target))
    assert control.base_place[0] > 0.05
    assert worst < 3e-3


def test_a_riding_target_goes_along_with_the_base():
    control = controlled()
    T_base_ee = {name: T.copy() for name, T in control.model.T_base_ee.items()}
    hands = {name: HandTarget(T, riding=True) for name, T in T_base_ee.items()}
    follow(control, BodyTarget(hands, base=np.array([0.3, 0.1, 0.4])), 1.5)
    assert control.base_place[0] > 0.2
    for name, T in T_base_ee.items():
        np.testing.assert_allclose(control.model.T_base_ee[name], T, atol=2e-3)


def test_poses_joints_and_base_are_followed_at_once():
    """A chunk's pose for one hand, an operator's for the other, the lift and the head told by joints."""
    control = controlled()
    hands = shifted(control, [0.05, 0.0, 0.04]).hands
    joints = {"lift": np.array([0.15]), "head": np.array([0.3, 0.2]), "left_gripper": np.array([0.01])}
    follow(control, BodyTarget(hands, joints), 4.0)
    assert position_error(control, BodyTarget(hands)) < 2e-3
    for name, place in joints.items():
        np.testing.assert_allclose(control.q[control.parts[name]], place, atol=0.02)


def test_an_unreachable_target_is_approached_and_held_still():
    control = controlled("franka")
    target = shifted(control, [0.0, 2.0, 0.0])
    follow(control, target, 4.0)
    tool = control.tool_pose("panda")[:3, 3]
    assert np.linalg.norm(tool - target.hands["panda"].T[:3, 3]) < 1.6  # it stretched towards it
    follow(control, target, 1.0)
    assert np.abs(control.dq).max() < 0.05


def test_progress_waits_for_the_slower_hand_and_holds_both_back():
    control = controlled("ldt01")
    names = list(control.hands)
    start = {name: control.tool_pose(name) for name in names}
    twists = {names[0]: np.array([0.0, 0.0, 0.05, 0, 0, 0]), names[1]: np.array([0.0, 0.0, 2.5, 0, 0, 0])}
    s = 0.0
    for _ in range(60):
        hands = {}
        for name in names:
            T = start[name].copy()
            T[:3, 3] += s * twists[name][:3]
            hands[name] = HandTarget(T, twists[name])
        control.tick(BodyTarget(hands), DT)
        s += control.progress * DT
        assert position_error(control, BodyTarget(hands)) < 5e-3
    assert s < 0.9 * 60 * DT
    risen = [control.tool_pose(name)[2, 3] - start[name][2, 3] for name in names]
    assert risen[0] == pytest.approx(risen[1] / 50.0, abs=1e-3)


def test_a_push_moves_a_hand_as_its_spring_says_and_it_comes_back():
    control = controlled()
    config, target = control.config.admittance, shifted(control, np.zeros(3))
    wrench = np.array([0.0, 0.0, -(12.0 + config.force_threshold), 0.0, 0.0, 0.0])
    height = control.tool_pose("left")[2, 3]
    follow(control, BodyTarget(target.hands, wrenches={"left": wrench}), 3.0)
    assert height - control.tool_pose("left")[2, 3] == pytest.approx(12.0 / config.stiffness, abs=1e-3)
    follow(control, target, 3.0)
    assert position_error(control, target) < 1e-3


def test_an_arm_bends_away_from_a_singularity():
    """Stretched out, with nothing to do: it is more dexterous a second later."""
    control = controlled("franka", posture_rate=0.0)
    q = control.q.copy()
    q[control.parts["panda"]] = [0.0, 0.5, 0.0, -0.15, 0.0, 0.7, 0.0]
    control.reset(q)
    before = control.manipulability("panda")
    assert before < control.config.manipulability_min
    follow(control, BodyTarget(), 1.0)
    assert control.manipulability("panda") > 1.5 * before


def test_a_target_that_is_not_finite_brakes_the_robot():
    control = controlled()
    follow(control, shifted(control, [0.2, 0.1, 0.1]), 0.1)
    bad = shifted(control, [np.nan, 0.0, 0.0])
    for _ in range(1000):
        assert not control.tick(bad, DT)
    assert np.isfinite(control.q).all()
    assert not control.dq.any()
    assert not control.base_twist.any()
    good = shifted(control, np.zeros(3))
    follow(control, good, 0.5)
    assert position_error(control, good) < 1e-3


def test_names_that_the_robot_does_not_have_are_named():
    control = controlled()
    T = np.eye(4)
    for target, text in (
        (BodyTarget({"lefd": HandTarget(T)}), "unknown arm 'lefd': did you mean 'left'"),
        (BodyTarget(joints={"lif": np.zeros(1)}), "unknown group 'lif': did you mean 'lift'"),
        (BodyTarget(wrenches={"lefd": np.zeros(6)}), "unknown arm 'lefd'"),
    ):
        with pytest.raises(ConfigError, match=text):
            control.tick(target, DT)
