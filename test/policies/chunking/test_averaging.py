# SPDX-License-Identifier: Apache-2.0
"""Chunks are read at absolute times, rotations are averaged on SO(3), switches not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_making.chunk_script import about_z, chunk_at
from scipy.spatial.transform import Rotation, Slerp

from vla_ros.policies.chunking.averaging import average, mean_rotation
from vla_ros.policies.chunking.sampling import covers, sample_chunk


def line(stamp: float, count: int = 5, speed: float = 0.1) -> np.ndarray:
    """Return positions (H, 3) of a motion along x that is a function of absolute time."""
    points = np.zeros((count, 3))
    points[:, 0] = speed * (stamp + 0.1 * np.arange(1, count + 1))
    return points


def test_a_chunk_is_read_between_its_points():
    turned = about_z(0.2 * np.arange(5)).as_quat()
    chunk = chunk_at(2.0, line(2.0), turned)
    values = sample_chunk(chunk, np.array([2.25, 2.4, 9.0]))
    np.testing.assert_allclose(values[:, 0], [0.225, 0.24, 0.25])
    np.testing.assert_allclose(Rotation.from_quat(values[0, 3:7]).as_rotvec(), [0.0, 0.0, 0.3], atol=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_orientations_are_read_as_scipy_interpolates_them(seed: int):
    random = np.random.default_rng(seed)
    small = random.choice([1e-9, 1e-3, 1.0, 3.0])
    turned = Rotation.from_rotvec(small * random.uniform(-0.99, 0.99, (5, 3)) / np.sqrt(3.0))
    chunk = chunk_at(0.0, line(0.0), turned.as_quat())
    stamps = random.uniform(0.1, 0.5, 20)
    read = Rotation.from_quat(sample_chunk(chunk, stamps)[:, 3:7])
    assert (read * Slerp(chunk.times, turned)(stamps).inv()).magnitude().max() < 1e-7


def test_a_gripper_holds_until_the_next_point_is_reached():
    chunk = chunk_at(0.0, line(0.0))
    values = chunk.values.copy()
    values[:, 7] = [0.08, 0.08, 0.0, 0.0, 0.0]
    closing = type(chunk)(0.0, chunk.frame_id, chunk.channels, chunk.times, values)
    np.testing.assert_array_equal(sample_chunk(closing, np.array([0.29, 0.3, 0.31]))[:, 7], [0.08, 0.0, 0.0])


def test_a_chunk_of_one_point_holds_it():
    np.testing.assert_allclose(sample_chunk(chunk_at(0.0, line(0.0, 1)), np.array([0.0, 0.1, 5.0]))[:, 0], 0.01)


def test_a_chunk_covers_from_its_first_to_its_last_point():
    stamps = 0.3 + 0.1 * np.arange(-3, 4)  # float sums that miss 0.1 and 0.5 by an ulp
    np.testing.assert_array_equal(
        covers(chunk_at(0.0, line(0.0)), stamps), [False, True, True, True, True, True, False]
    )


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_mean_rotation_is_the_chordal_mean_whatever_the_signs(seed: int):
    random = np.random.default_rng(seed)
    # Within a hemisphere of rotations: opposite ones have no mean.
    turns = Rotation.from_rotvec(random.uniform(-0.9, 0.9, (4, 3))) * Rotation.from_rotvec(random.normal(size=3))
    weights = random.uniform(0.1, 1.0, 4)
    signed = turns.as_quat() * random.choice([-1.0, 1.0], (4, 1))
    mean = Rotation.from_quat(mean_rotation(signed[:, None], weights[:, None])[0])
    assert (mean * turns.mean(weights).inv()).magnitude() < 1e-6


def test_averaging_numbers_rotations_and_switches():
    a = chunk_at(0.0, line(0.0), np.tile([0.0, 0.0, 0.0, 1.0], (5, 1)), width=0.08)
    b = chunk_at(0.0, line(0.0) + np.array([0.0, 0.03, 0.0]), -about_z(np.full(5, 0.3)).as_quat(), width=0.0)
    weights = np.array([[2.0] * 5, [1.0, 1.0, 1.0, 1.0, 0.0]])
    values = average(np.stack([a.values, b.values]), weights, a)
    np.testing.assert_allclose(values[:, 1], [0.01] * 4 + [0.0])
    angles = Rotation.from_quat(values[:, 3:7]).as_rotvec()[:, 2]
    np.testing.assert_allclose(angles, [0.1] * 4 + [0.0], atol=1e-3)  # the chordal mean is nearly the angle's
    assert values[0, 7] == pytest.approx(0.0)  # not half open: the newest that counts
    assert values[4, 7] == pytest.approx(0.08)
