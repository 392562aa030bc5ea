# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from arms.franka_arm import ARM, HOME, franka_model

from controllers.arm.inverse_kinematics import POSITION_TOLERANCE, ROTATION_TOLERANCE, pose_error, solve_ik

TABLE = [
    HOME + np.random.default_rng(seed).uniform([-0.6, -0.3, -0.4, -0.4, -0.4, -0.3, -0.8], 0.4, 7) for seed in range(25)
]


def test_reachable_poses_are_solved_within_the_limits():
    model = franka_model()
    for q_true in TABLE:
        T = model.forward(q_true)
        q = solve_ik(model, T, HOME)
        assert q is not None
        error = pose_error(T, model.forward(q))
        assert np.linalg.norm(error[:3]) < POSITION_TOLERANCE
        assert np.linalg.norm(error[3:]) < ROTATION_TOLERANCE
        assert (q > ARM.lower).all()
        assert (q < ARM.upper).all()


def test_stays_near_the_start_and_is_repeatable():
    model = franka_model()
    T = model.forward(HOME)
    T[0, 3] += 0.02
    q = solve_ik(model, T, HOME)
    assert np.abs(q - HOME).max() < 0.15
    assert np.array_equal(q, solve_ik(model, T, HOME))


def test_out_of_reach_is_none():
    model = franka_model()
    T = model.forward(HOME)
    T[0, 3] = 2.0
    assert solve_ik(model, T, HOME, starts=2) is None


def test_pose_error_is_zero_at_the_target_and_signed():
    T = franka_model().forward(HOME)
    assert np.allclose(pose_error(T, T), 0.0)
    ahead = T.copy()
    ahead[:3, 3] += [0.1, -0.2, 0.3]
    assert pose_error(ahead, T)[:3] == pytest.approx([0.1, -0.2, 0.3])
