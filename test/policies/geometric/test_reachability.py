# SPDX-License-Identifier: Apache-2.0
"""Grasps the arm cannot carry through are passed over; where upright fails, leaning the right way helps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.objects.grasp import Grasp
from vla_ros.policies.geometric.grasps.reachability import (
    Reach,
    alike,
    backed_off,
    between,
    first_reachable,
    leans_well,
)
from vla_ros.robots.embodiment import expand_urdf, load_embodiment


@pytest.fixture(scope="module")
def arm():
    return load_embodiment("franka").arms[0]


@pytest.fixture(scope="module")
def reach(arm) -> Reach:
    return Reach(expand_urdf(load_embodiment("franka")), arm)


def grasp(x: float, y: float, z: float, lean: float = 0.0) -> Grasp:
    """Return a grasp that leans by `lean` [rad] about the base's y axis: positive points back to the base."""
    T = np.eye(4)
    T[:3, :3] = (Rotation.from_euler("y", lean) * Rotation.from_euler("x", np.pi)).as_matrix()
    T[:3, 3] = x, y, z
    return Grasp(T, 0.08, 0.04, 0.0)


def reachable(reach, arm, *grasps: Grasp) -> Grasp | None:
    return first_reachable(reach, grasps, arm.home, lift=0.22, tries=6, strength=arm.reach.strong)


def test_the_middle_of_the_table_is_in_reach(reach, arm):
    wanted = grasp(0.5, 0.0, 0.03)
    assert reachable(reach, arm, wanted) is wanted


def test_far_away_is_not(reach, arm):
    assert reachable(reach, arm, grasp(1.2, 0.0, 0.03)) is None


def test_the_first_that_can_be_carried_through_is_taken(reach, arm):
    good = grasp(0.5, 0.1, 0.03)
    assert reachable(reach, arm, grasp(1.2, 0.0, 0.03), good, grasp(0.5, -0.1, 0.03)) is good


def test_near_the_base_leaning_back_reaches_what_upright_does_not(reach, arm):
    assert reachable(reach, arm, grasp(0.31, -0.05, 0.05)) is None
    assert reachable(reach, arm, grasp(0.31, -0.05, 0.05, lean=0.7)) is not None


def turned(T: np.ndarray, angle: float) -> np.ndarray:
    """Return a pose turned about its approach by an angle [rad]."""
    turned = T.copy()
    turned[:3, :3] = T[:3, :3] @ Rotation.from_euler("z", angle).as_matrix()
    return turned


def test_the_wrist_does_not_turn_into_the_forearm(reach, arm):
    # High and near the base the wrist is folded: there the hand strikes link 5 a good way inside the joint's limit.
    T_home = reach.model.forward(np.array(arm.home))
    high = grasp(0.307, 0.19, 0.38).T_base_grasp
    high[:3, :3] = T_home[:3, :3]
    assert reach.strength((turned(high, 0.0),), arm.home) >= arm.reach.strong
    assert {angle: reach.strength((turned(high, angle),), arm.home) > 0.0 for angle in (-1.5, 1.5)} in (
        {-1.5: False, 1.5: True},
        {-1.5: True, 1.5: False},
    )


def test_half_way_between_two_poses_is_half_of_the_way_and_of_the_turn():
    one, other = grasp(0.5, 0.0, 0.1).T_base_grasp, turned(grasp(0.5, 0.2, 0.1).T_base_grasp, 1.0)
    half = between(one, other, 0.5)
    np.testing.assert_allclose(half[:3, 3], [0.5, 0.1, 0.1])
    np.testing.assert_allclose(half[:3, :3], turned(one, 0.5)[:3, :3], atol=1e-12)


def test_which_way_of_leaning_helps_depends_on_the_distance():
    assert leans_well(grasp(0.33, 0.0, 0.0, 0.5).T_base_grasp, 0.45)
    assert not leans_well(grasp(0.33, 0.0, 0.0, -0.5).T_base_grasp, 0.45)
    assert leans_well(grasp(0.65, 0.0, 0.0, -0.5).T_base_grasp, 0.45)


def test_backing_off_goes_against_the_approach():
    np.testing.assert_allclose(backed_off(grasp(0.5, 0.0, 0.1).T_base_grasp, 0.2)[:3, 3], [0.5, 0.0, 0.3], atol=1e-12)


def test_lifting_goes_straight_up_within_reach_and_inwards_beyond(reach):
    near, far = grasp(0.45, 0.0, 0.0).T_base_grasp, grasp(0.7, 0.0, 0.35).T_base_grasp
    np.testing.assert_allclose(reach.lifted(near, 0.2)[:3, 3], [0.45, 0.0, 0.2], atol=1e-9)
    assert reach.lifted(far, 0.2)[0, 3] < 0.65
    assert reach.lifted(far, 0.2)[2, 3] == pytest.approx(0.55)


def test_alike_needs_both_place_and_turn():
    one, other = grasp(0.5, 0.0, 0.1).T_base_grasp, grasp(0.51, 0.0, 0.1).T_base_grasp
    assert alike(one, other, 0.02, 0.1)
    assert not alike(one, other, 0.005, 0.1)
    assert not alike(one, grasp(0.5, 0.0, 0.1, 0.5).T_base_grasp, 0.02, 0.1)
