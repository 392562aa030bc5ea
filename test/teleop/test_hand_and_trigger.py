# SPDX-License-Identifier: Apache-2.0
"""A hand and a trigger, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from controllers.rotations import angle_between
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.hand_motion import HandMotion, HandMotionLimits
from vla_ros.teleop.trigger import GripperTrigger, SuctionTrigger

UNTURNED = (0.0, 0.0, 0.0, 1.0)
BOX = np.full(3, -2.0), np.full(3, 2.0)


# -- one hand ----------------------------------------------------------------------------------------------------------
TOOL = Pose(np.array([0.4, 0.0, 0.4]), (1.0, 0.0, 0.0, 0.0))


def place(x: float, y: float = 0.0, z: float = 0.0, q=UNTURNED) -> Pose:
    return Pose(np.array([x, y, z]), q)


def goal(motion: HandMotion) -> np.ndarray:
    return motion.path(np.array([100.0]), 1.0)[0]


def test_a_hand_that_turns_turns_the_tool_about_the_same_axis():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    quarter = Rotation.from_rotvec([0.0, 0.0, 0.3])
    motion.follow(0.01, 0.01, place(0.0, q=tuple(quarter.as_quat().tolist())), TOOL, 1.0, 1.0)
    expected = (quarter * Rotation.from_quat(TOOL.orientation)).as_quat()
    assert angle_between(tuple(expected), tuple(goal(motion)[3:])) < 1e-6


def test_one_stray_packet_is_dropped_and_the_next_good_one_followed():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    motion.follow(0.01, 0.01, place(0.5), TOOL, 1.0, 1.0)
    assert "jumped by 50 cm" in motion.refused
    np.testing.assert_allclose(goal(motion)[:3], TOOL.position)
    motion.follow(0.02, 0.02, place(0.01), TOOL, 1.0, 1.0)
    assert motion.refused == ""
    np.testing.assert_allclose(goal(motion)[:3], TOOL.position + np.array([0.01, 0.0, 0.0]))


def test_a_hand_that_jumps_about_is_never_followed():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    for n in range(1, 100):
        motion.follow(0.01 * n, 0.01 * n, place(0.5 if n % 2 else 1.0), TOOL, 1.0, 1.0)
        np.testing.assert_allclose(goal(motion)[:3], TOOL.position)


def test_a_turn_that_no_wrist_makes_is_a_jump():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    motion.follow(0.01, 0.01, place(0.0, q=(0.0, 0.0, np.sin(0.25), np.cos(0.25))), TOOL, 1.0, 1.0)
    assert "29°" in motion.refused


def test_the_setpoint_is_never_far_ahead_of_an_arm_that_does_not_follow():
    limits = HandMotionLimits()
    motion = HandMotion(limits, *BOX)
    for n in range(200):  # the arm stays where it is
        motion.follow(0.01 * n, 0.01 * n, place(0.005 * n), TOOL, 1.0, 1.0)
    ahead = motion.path(np.array([1e-6]), 1.0)[0, :3] - TOOL.position
    assert np.linalg.norm(ahead) == pytest.approx(limits.leash, abs=1e-3)


@given(
    st.lists(st.tuples(st.floats(-0.05, 0.05), st.floats(0.001, 0.1)), min_size=2, max_size=40), st.floats(0.05, 1.0)
)
def test_a_path_is_never_faster_than_the_limit(steps, speed):
    limits, motion = HandMotionLimits(), HandMotion(HandMotionLimits(), *BOX)
    time, x = 0.0, 0.0
    times = 0.02 * np.arange(1, 11)
    for step, dt in steps:
        time, x = time + dt, x + step
        motion.follow(time, time, place(x), TOOL, 2.0, speed)
        path = motion.path(times, speed)
        rates = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1) / 0.02
        assert rates.max() <= speed * limits.linear_speed + 1e-9


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="'linear_speed' must be"):
        HandMotionLimits(linear_speed=0.0)


# -- two hands ---------------------------------------------------------------------------------------------------------


def turned(left: float, down: float) -> tuple[float, float, float, float]:
    """Return a headset's orientation in WebXR's axes: turned to the left, then down [degrees]."""
    return tuple(Rotation.from_euler("YX", [left, -down], degrees=True).as_quat().tolist())


# -- trigger -----------------------------------------------------------------------------------------------------------
WIDTH = "hand/width"


def test_clutching_with_an_open_trigger_does_not_drop_what_is_held():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(0.0, {WIDTH: 0.03})
    assert trigger.values(0.0) == trigger.values(0.05) == [0.03]
    assert trigger.values(0.3) == [pytest.approx(0.056)]  # moved: from now on it means what it says
    assert trigger.values(0.0) == [0.08]


def test_a_trigger_that_agrees_with_the_gripper_takes_over_at_once():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(1.0, {WIDTH: 0.002})
    assert trigger.values(1.0) == [0.0]
    assert trigger.values(0.95) == [pytest.approx(0.004)]


def test_a_pressed_trigger_closes_at_once():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(1.0, {WIDTH: 0.08})
    assert trigger.values(1.0) == [0.0]


def test_cups_suck_while_the_trigger_is_pulled_and_a_trembling_finger_drops_nothing():
    trigger = SuctionTrigger(("front_cup", "back_cup"))
    assert trigger.channels == ("front_cup/suction", "back_cup/suction")
    trigger.engage(0.0, {})
    assert [trigger.values(value) for value in (0.0, 0.5, 0.7, 0.5, 0.3)] == [
        [n] * 2 for n in (0.0, 0.0, 1.0, 1.0, 0.0)
    ]


def test_clutching_with_an_open_trigger_does_not_drop_what_cups_hold():
    trigger = SuctionTrigger(("front_cup", "back_cup"))
    trigger.engage(0.0, {"back_cup/suction": 1.0})
    assert trigger.values(0.05) == [0.0, 1.0]
    assert trigger.values(1.0) == [1.0, 1.0]
    assert trigger.values(0.0) == [0.0, 0.0]
