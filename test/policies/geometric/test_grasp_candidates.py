# SPDX-License-Identifier: Apache-2.0
"""Grasps fit between the fingers, hold near the middle, and keep out of the neighbours and the table."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.geometric.grasps.candidates import GraspScene, propose_grasps
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.search_config import GraspSearchConfig
from vla_ros.policies.geometric.perceiving.completion import thin
from vla_ros.robots.embodiment import load_embodiment

AHEAD = np.array([1.0, 0.0])
GRIPPER = GripperDimensions.of(load_embodiment("franka").only_gripper)
EMPTY = np.zeros((0, 3), np.float32)


def box_surface(size, center, yaw, rng, count=6000) -> np.ndarray:
    points = rng.uniform(-0.5, 0.5, (count, 3))
    axis, side = rng.integers(0, 3, count), rng.choice([-0.5, 0.5], count)
    points[np.arange(count), axis] = side
    points *= size
    c, s = np.cos(yaw), np.sin(yaw)
    x, y = points[:, 0] * c - points[:, 1] * s, points[:, 0] * s + points[:, 1] * c
    return thin(np.column_stack([x + center[0], y + center[1], points[:, 2] + size[2] / 2]).astype(np.float32), 0.006)


def bowl_surface(radius, height, rng, count=2500) -> np.ndarray:
    angle, share = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, 1, count)
    r = radius * (0.6 + 0.4 * share)
    return thin(np.column_stack([0.5 + r * np.cos(angle), r * np.sin(angle), height * share]).astype(np.float32), 0.005)


def grasps(target, others=EMPTY):
    return propose_grasps(GraspScene(target, others, 0.0, AHEAD), GraspSearchConfig(), GRIPPER)


@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.2, 2.5])
def test_a_long_box_is_held_across_its_middle(yaw):
    best = grasps(box_surface((0.14, 0.045, 0.05), (0.5, 0.1), yaw, np.random.default_rng(0)))[0]
    assert np.linalg.norm(best.T_base_grasp[:2, 3] - (0.5, 0.1)) < 0.02
    across = np.array([-np.sin(yaw), np.cos(yaw)])
    assert abs(best.T_base_grasp[:2, 1] @ across) > np.cos(np.radians(15))
    assert 0.035 < best.width < 0.06


def test_tips_stay_above_the_table():
    config = GraspSearchConfig()
    for grasp in grasps(box_surface((0.12, 0.02, 0.015), (0.5, 0.0), 0.3, np.random.default_rng(0))):
        assert grasp.T_base_grasp[2, 3] - GRIPPER.tip >= config.table_clearance - 1e-9


def test_what_is_wider_than_the_hand_is_refused():
    assert not grasps(box_surface((0.12, 0.12, 0.06), (0.5, 0.0), 0.0, np.random.default_rng(0)))


def test_a_bowl_is_held_by_its_rim():
    best = grasps(bowl_surface(0.065, 0.05, np.random.default_rng(0)))[0]
    radius = np.linalg.norm(best.T_base_grasp[:2, 3] - (0.5, 0.0))
    assert 0.04 < radius < 0.075
    assert best.width < 0.035


def test_a_neighbour_is_not_touched():
    rng = np.random.default_rng(0)
    target = box_surface((0.05, 0.05, 0.06), (0.5, 0.0), 0.0, rng)
    wall = box_surface((0.10, 0.02, 0.06), (0.5, 0.045), 0.0, rng)
    found = grasps(target, wall)
    assert found
    # The wall stands 1 cm beside the box: no finger fits there, so the fingers close along x.
    assert all(abs(grasp.T_base_grasp[0, 1]) > 0.8 for grasp in found)


def test_of_two_equal_poses_the_nearer_turn_is_taken():
    for grasp in grasps(box_surface((0.14, 0.045, 0.05), (0.5, 0.1), 1.2, np.random.default_rng(0))):
        assert grasp.T_base_grasp[:2, 0] @ AHEAD >= -1e-6


@pytest.mark.parametrize("size", [(0.15, 0.15, 0.1), (0.01, 0.01, 0.004), (0.2, 0.004, 0.09), (0.09, 0.09, 0.01)])
@pytest.mark.parametrize("crowded", [False, True])
def test_awkward_things_have_few_grasps_or_none(size, crowded):
    rng = np.random.default_rng(0)
    target = box_surface(size, (0.5, 0.0), 0.3, rng)
    others = box_surface((0.4, 0.4, 0.2), (0.5, 0.0), 0.0, rng) if crowded else EMPTY
    found = grasps(target, others)
    assert all(grasp.width < GRIPPER.opening_max - GraspSearchConfig().play for grasp in found)
    if crowded:
        assert not found
