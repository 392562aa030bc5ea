# SPDX-License-Identifier: Apache-2.0
"""Hidden sides are guessed where a thing is symmetric, and left alone where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.geometric.perceiving.completion import complete, thin
from vla_ros.policies.geometric.perceiving.segmentation import Segment

ORIGINS = np.array([[1.35, 0.0, 0.5], [0.5, 0.7, 0.5]])


def segment_of(points: np.ndarray) -> Segment:
    count = len(points)
    cameras = np.zeros(count, np.int8)
    return Segment(points.astype(np.float32), points[:, 2], np.zeros((count, 3), np.uint8), cameras)


@pytest.mark.parametrize("yaw", [0.0, 0.5, 1.3])
def test_two_sides_of_a_box_become_four(yaw):
    rng = np.random.default_rng(0)
    u, z = rng.uniform(-0.5, 0.5, 3000), rng.uniform(0.0, 0.1, 3000)
    front = np.column_stack([np.full(3000, 0.025), u * 0.06, z])
    side = np.column_stack([u * 0.05, np.full(3000, 0.03), z])
    seen = np.concatenate([front, side])
    c, s = np.cos(yaw), np.sin(yaw)
    R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    whole = (complete(segment_of(seen @ R.T + [0.5, 0, 0]), ORIGINS, 0.0, 0.005) - [0.5, 0, 0]) @ R
    for axis, half in ((0, 0.025), (1, 0.03)):
        assert (whole[:, axis] < -half + 0.004).sum() > 100
        assert np.abs(whole[:, axis]).max() < half + 0.004


def test_a_bottle_keeps_its_neck_at_one_end():
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.1, 0.1, 6000)
    radius = np.where(x > 0.04, 0.012, 0.032)
    angle = rng.uniform(-0.7, np.pi, 6000)  # the half that faces +y, and over the top
    seen = np.column_stack([0.5 + x, radius * np.sin(angle), 0.032 + radius * np.cos(angle)])
    whole = complete(segment_of(seen), ORIGINS, 0.0, 0.005)
    neck = whole[whole[:, 0] > 0.56]
    assert np.ptp(neck[:, 1]) < 0.045
    assert np.ptp(whole[whole[:, 0] < 0.5][:, 1]) > 0.05


def test_a_bent_thing_is_left_as_it_is():
    rng = np.random.default_rng(0)
    angle = rng.uniform(-0.9, 0.9, 4000)
    seen = np.column_stack(
        [0.5 + 0.1 * np.sin(angle), 0.1 * np.cos(angle) + rng.uniform(-0.01, 0.01, 4000), rng.uniform(0, 0.03, 4000)]
    )
    whole = complete(segment_of(seen), ORIGINS, 0.0, 0.005)
    assert whole[:, 1].min() > seen[:, 1].min() - 0.004
    middle = np.abs(whole[:, 0] - 0.5) < 0.02
    assert whole[middle, 1].min() > 0.08


def test_the_far_edge_lies_a_little_further_than_seen():
    x = np.linspace(0.45, 0.5, 500)
    seen = np.column_stack([x, np.zeros(500), np.full(500, 0.03)])
    whole = complete(segment_of(np.concatenate([seen, seen + np.array([0, 0.03, 0])])), ORIGINS, 0.004, 0.002)
    assert whole[:, 0].min() < 0.448
    assert whole[:, 0].max() < 0.503


def test_thinning_drops_lonely_points():
    crowd = np.zeros((10, 3)) + 0.001
    alone = np.array([[0.5, 0.5, 0.5]])
    assert len(thin(np.concatenate([crowd, alone]), 0.01, least=2)) == 1
