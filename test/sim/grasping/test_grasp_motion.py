# SPDX-License-Identifier: Apache-2.0
"""The expert's curve: where it starts, ends and points, and how fast it goes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, approach, close, lift, minimum_jerk, retreat

CONFIG = ExpertMotionConfig()
DOWN = Rotation.from_euler("x", 180, degrees=True)


def pose(position, rotation: Rotation = DOWN) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation.as_matrix(), position
    return T


START = pose([0.3, 0.0, 0.5])
coordinate = st.tuples(st.floats(0.35, 0.7), st.floats(-0.3, 0.3), st.floats(0.0, 0.2))
tilt = st.tuples(st.floats(-3, 3), st.floats(-0.8, 0.8))


@settings(max_examples=40)
@given(coordinate, tilt)
def test_approach_ends_at_the_grasp_along_its_axis_within_the_speed_limits(position, angles) -> None:
    grasp = pose(position, DOWN * Rotation.from_euler("zx", angles))
    steps = approach(START, grasp, 0.06, 0.04, CONFIG)
    poses = np.array([START, *(step.T_base_ee for step in steps)])
    np.testing.assert_allclose(poses[-1], grasp, atol=1e-6)
    speed = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1) / CONFIG.period
    assert speed.max() <= CONFIG.speed * 1.02
    pairs = itertools.pairwise(poses)
    turns = [Rotation.from_matrix(a[:3, :3].T @ b[:3, :3]).magnitude() for a, b in pairs]
    assert max(turns) / CONFIG.period <= CONFIG.turn_rate * 1.02
    # Smooth: no stop anywhere before the end (the middle of the way is never slow).
    middle = speed[len(speed) // 4 : 3 * len(speed) // 4]
    assert middle.min() > 0.5 * speed.max()
    # The last two centimetres run along the approach direction.
    near = poses[np.linalg.norm(poses[:, :3, 3] - grasp[:3, 3], axis=1) < 0.02][:, :3, 3]
    sideways = (near - grasp[:3, 3]) @ grasp[:3, :2]
    assert np.abs(sideways).max() < 0.004


def test_close_leaves_time_for_the_fingers() -> None:
    steps = close(START, 0.08, 0.02, CONFIG)
    closing = [step for step in steps if step.phase is MotionPhase.CLOSE]
    assert [step.width for step in steps if step.phase is MotionPhase.ARRIVE] == [0.08, 0.08]
    assert len(closing) * CONFIG.period >= 0.06 / CONFIG.gripper_speed + CONFIG.close_s - 1e-9
    assert {step.width for step in closing} == {0.0}


def test_lift_is_straight_up() -> None:
    steps = lift(START, CONFIG)
    assert steps[-1].T_base_ee[2, 3] == pytest.approx(START[2, 3] + CONFIG.lift_m)
    for step in steps:
        np.testing.assert_allclose(step.T_base_ee[:2, 3], START[:2, 3], atol=1e-12)
        assert step.width == 0.0


def test_retreat_opens_before_it_backs_out() -> None:
    tilted = pose([0.5, 0.1, 0.1], DOWN * Rotation.from_euler("x", 0.5))
    steps = retreat(tilted, 0.08, CONFIG)
    assert steps[0].phase is MotionPhase.RELEASE
    np.testing.assert_array_equal(steps[0].T_base_ee, tilted)
    np.testing.assert_allclose(steps[-1].T_base_ee[:3, 3], tilted[:3, 3] - CONFIG.retreat_m * tilted[:3, 2], atol=1e-9)


@given(st.floats(0.0, 10.0))
def test_minimum_jerk_is_monotone_and_arrives(seconds: float) -> None:
    fractions = minimum_jerk(seconds, 0.1)
    assert (np.diff(fractions) > 0.0).all()
    assert fractions[-1] == pytest.approx(1.0)
    assert len(fractions) * 0.1 >= seconds - 1e-6
