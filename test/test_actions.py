# SPDX-License-Identifier: Apache-2.0
"""Delta actions compose onto the right anchor and survive the round trip through a chunk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.chunk import TaskStatus, instruction_hash
from controllers.errors import ConfigError
from vla_ros.policies.actions import (
    ActionSpecification,
    actions_to_chunk,
    chunk_to_actions,
    differentiate_poses,
    integrate_actions,
)
from vla_ros.policies.observation import Observation, RobotState


def transform(position, rotvec=(0.0, 0.0, 0.0)) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = Rotation.from_rotvec(rotvec).as_matrix()
    T[:3, 3] = position
    return T


@pytest.fixture
def observation() -> Observation:
    state = RobotState(2.0, np.zeros(7), np.zeros(7), transform([0.4, 0.0, 0.3], [np.pi, 0.0, 0.0]), 0.08)
    commanded = transform([0.41, 0.0, 0.3], [np.pi, 0.0, 0.0])
    return Observation(2.0, "pick up the red mug", {}, state, commanded)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_round_trip_through_a_chunk(seed: int):
    rng = np.random.default_rng(seed)
    anchor = transform(rng.normal(size=3), rng.normal(size=3))
    actions = np.column_stack([rng.normal(0, 0.05, (5, 3)), rng.normal(0, 0.3, (5, 3)), rng.uniform(0, 0.08, 5)])
    state = RobotState(0.0, np.zeros(7), np.zeros(7), np.eye(4), 0.0)
    specification = ActionSpecification(horizon=5)
    chunk = actions_to_chunk(specification, Observation(0.0, "x", {}, state, anchor), actions)
    np.testing.assert_allclose(chunk_to_actions(specification, chunk, anchor), actions, atol=1e-9)


def test_rotation_is_applied_in_the_base_frame():
    poses = integrate_actions(np.array([[0, 0, 0, 0, 0, np.pi / 2, 0.0]]), transform([0, 0, 0], [np.pi, 0, 0]))
    # The tool points down; a turn about the base's z takes its x axis (base +x) to base +y.
    np.testing.assert_allclose(poses[0, :3, 0], [0, 1, 0], atol=1e-12)


def test_anchor_decides_what_the_first_action_is_relative_to(observation):
    still = np.zeros((4, 7))
    commanded = actions_to_chunk(ActionSpecification(anchor="commanded"), observation, still)
    measured = actions_to_chunk(ActionSpecification(anchor="measured"), observation, still)
    np.testing.assert_allclose(commanded.positions("panda")[-1], [0.41, 0, 0.3])
    np.testing.assert_allclose(measured.positions("panda")[-1], [0.40, 0, 0.3])


def test_chunk_carries_stamp_times_status_and_the_hash_of_its_instruction(observation):
    chunk = actions_to_chunk(ActionSpecification(), observation, np.zeros((4, 7)), TaskStatus.INVALID, sequence=3)
    assert chunk.stamp == 2.0
    assert chunk.sequence == 3
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3, 0.4])
    assert chunk.status is TaskStatus.INVALID
    assert chunk.instruction == instruction_hash("Pick up  the RED mug")


def test_differences_of_a_path_sum_to_its_length():
    poses = np.array([transform([0.1 * i, 0, 0]) for i in range(1, 4)])
    actions = differentiate_poses(poses, np.full(3, 0.05), transform([0, 0, 0]))
    np.testing.assert_allclose(actions[:, 0], 0.1)
    np.testing.assert_allclose(actions[:, 6], 0.05)


@pytest.mark.parametrize("values", [{"anchor": "measurd"}, {"period": 0.0}, {"horizon": 0}])
def test_a_bad_specification_is_refused(values):
    with pytest.raises(ConfigError):
        ActionSpecification(**values)
