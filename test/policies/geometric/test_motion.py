# SPDX-License-Identifier: Apache-2.0
"""The approach arrives, from above, within its limits, wherever it starts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.geometric.motion import MotionConfig, Walker, rotation_between, turn_towards

PERIOD = 0.1


def pose(x, y, z, yaw=0.0) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = (Rotation.from_euler("z", yaw) * Rotation.from_euler("x", np.pi)).as_matrix()
    T[:3, 3] = x, y, z
    return T


def walk(T, goal, clearance=0.15, steps=120):
    config = MotionConfig()
    walker, path = Walker(config), [T]
    for _ in range(steps):
        path.append(walker.approach(path[-1], goal, clearance, PERIOD))
    return np.stack(path)


@settings(max_examples=25)
@given(x=st.floats(0.25, 0.75), y=st.floats(-0.3, 0.3), z=st.floats(0.0, 0.5), yaw=st.floats(-1.5, 1.5))
def test_arrives_within_speed_acceleration_and_turn_limits(x, y, z, yaw):
    goal = pose(0.5, 0.05, 0.02)
    path = walk(pose(x, y, z, yaw), goal)
    config = MotionConfig()
    np.testing.assert_allclose(path[-1, :3, 3], goal[:3, 3], atol=1e-3)
    assert rotation_between(path[-1], goal) < 0.01
    velocity = np.diff(path[:, :3, 3], axis=0) / PERIOD
    assert np.linalg.norm(velocity, axis=1).max() <= config.speed + 1e-6
    assert max(rotation_between(a, b) for a, b in pairwise(path)) <= config.turn_rate * PERIOD + 1e-6


@settings(max_examples=25)
@given(x=st.floats(0.3, 0.7), y=st.floats(-0.25, 0.25), z=st.floats(0.2, 0.5), yaw=st.floats(-1.5, 1.5))
def test_is_above_the_grasp_before_it_descends(x, y, z, yaw):
    goal = pose(0.5, 0.05, 0.02)
    path = walk(pose(x, y, z, yaw), goal, clearance=0.12)
    for T in path:
        lateral = np.linalg.norm(T[:2, 3] - goal[:2, 3])
        height = T[2, 3] - goal[2, 3]
        assert height > min(0.08, 1.5 * lateral) - 0.02


def test_from_below_it_rises_first():
    goal = pose(0.5, 0.05, 0.02)
    path = walk(pose(0.35, 0.05, 0.03), goal, clearance=0.12)
    first_sideways = next(T for T in path if T[0, 3] > 0.37)
    assert first_sideways[2, 3] > 0.08


def test_turning_stops_at_the_limit_and_at_the_goal():
    R_goal = pose(0, 0, 0, 1.0)[:3, :3]
    R = pose(0, 0, 0, 0.0)[:3, :3]
    step = turn_towards(R, R_goal, 0.2)
    assert np.isclose(np.arccos((np.trace(R.T @ step) - 1) / 2), 0.2)
    np.testing.assert_allclose(turn_towards(R, R_goal, 2.0), R_goal)


def test_speeds_must_be_positive():
    with pytest.raises(ConfigError, match="lift_speed"):
        MotionConfig(lift_speed=0.0)
