# SPDX-License-Identifier: Apache-2.0
"""A grasp's orientation in bins: back to what it was, the flip no difference, between the bins too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from vla_ros.policies.grasp_finding.grasp_pose import (
    TILT_STEP,
    doubted,
    from_bins,
    nearest_flip,
    soft_bins,
    to_angles,
    to_rotation,
)

FLIP = np.diag([-1.0, -1.0, 1.0])
heading = st.floats(0.0, np.pi, exclude_max=True)
tilt = st.floats(-0.9, 0.9)
slope = st.floats(-0.35, 0.35)


def apart(a: float, b: float) -> float:
    """Return the angle between two headings [rad], which go round at π."""
    return abs((a - b + np.pi / 2) % np.pi - np.pi / 2)


@given(heading, tilt, slope)
def test_angles_to_a_rotation_and_back(yaw: float, lean: float, rise: float) -> None:
    R = to_rotation(yaw, lean, rise)
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)
    found = to_angles(R)
    again = to_rotation(*found)
    error = min(Rotation.from_matrix(R.T @ other).magnitude() for other in (again, again @ FLIP))
    assert error < 1e-6
    assert apart(found[0], yaw) < 1e-6


@given(heading, tilt, slope)
def test_both_grasps_of_two_like_fingers_have_the_same_angles(yaw: float, lean: float, rise: float) -> None:
    R = to_rotation(yaw, lean, rise)
    first, second = to_angles(R), to_angles(R @ FLIP)
    if 1e-6 < yaw < np.pi - 1e-6:  # at the seam both are right: 0 with one sign of tilt, π with the other
        np.testing.assert_allclose(first, second, atol=1e-9)


def test_straight_down_leans_nowhere() -> None:
    R = Rotation.from_euler("xz", [np.pi, 0.0]).as_matrix()
    assert to_angles(R)[1:] == pytest.approx((0.0, 0.0))
    np.testing.assert_allclose(to_rotation(0.4, 0.0, 0.0)[:, 2], [0.0, 0.0, -1.0], atol=1e-12)


@given(heading, st.floats(-3 * TILT_STEP, 3 * TILT_STEP))
def test_bins_say_the_orientation_to_two_degrees(yaw: float, lean: float) -> None:
    weights = soft_bins(yaw, lean)
    assert weights.sum() == pytest.approx(1.0, abs=1e-5)
    found_yaw, found_lean = from_bins(weights)
    assert 0.0 <= found_yaw < np.pi
    assert np.degrees(apart(found_yaw, yaw)) < 2.0
    assert np.degrees(abs(found_lean - lean)) < 2.0


def test_of_two_grasps_the_likelier_is_taken_and_none_between() -> None:
    mixed = 0.6 * soft_bins(0.3, 0.0) + 0.4 * soft_bins(1.9, 0.6)
    yaw, lean = from_bins(mixed)
    assert np.degrees(apart(yaw, 0.3)) < 3.0
    assert np.degrees(abs(lean)) < 3.0


@given(heading, tilt, slope, st.booleans())
def test_the_nearer_flip_is_within_a_quarter_turn_of_the_hand(yaw: float, lean: float, rise: float, flip: bool) -> None:
    hand = np.diag([1.0, -1.0, -1.0])
    R = to_rotation(yaw, lean, rise) @ (FLIP if flip else np.eye(3))
    chosen = nearest_flip(R, hand)
    other = chosen @ FLIP
    np.testing.assert_allclose(chosen[:, 2], R[:, 2])
    assert np.trace(hand.T @ chosen) >= np.trace(hand.T @ other) - 1e-12


def test_after_a_grasp_that_held_nothing_the_other_side_of_a_box_is_likelier() -> None:
    across = 0.3 + np.pi / 2
    likelihood = 0.6 * soft_bins(0.3, 0.0) + 0.4 * soft_bins(across, 0.0)
    less = doubted(likelihood, to_rotation(0.3, 0.4, 0.0))
    assert less.sum() == pytest.approx(1.0)
    assert np.degrees(apart(from_bins(less)[0], across)) < 3.0
    # A screwdriver has one side alone: it stays the likeliest.
    sure = doubted(0.9 * soft_bins(0.3, 0.0) + 0.1 * soft_bins(across, 0.0), to_rotation(0.3, 0.0, 0.0))
    assert np.degrees(apart(from_bins(sure)[0], 0.3)) < 6.0
