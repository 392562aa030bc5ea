# SPDX-License-Identifier: Apache-2.0
"""Things that stand apart come apart; what a shadow may have cut is offered joined."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.geometric.perceiving.point_cloud import Cloud
from vla_ros.policies.geometric.perceiving.segmentation import segment


def blob(x: float, y: float, camera: str = "front", half: float = 0.02) -> Cloud:
    rng = np.random.default_rng(int(1000 * (x + 1)))
    points = (rng.uniform(-half, half, (600, 3)) + np.array([x, y, 0.03])).astype(np.float32)
    none = np.zeros((600, 2), np.int32)
    return Cloud(camera, points, none, np.full((600, 3), 100, np.uint8), np.zeros(3, np.float32))


def pieces(*clouds: Cloud):
    return segment(list(clouds), [cloud.points[:, 2] for cloud in clouds], cell=0.006, minimum=25)


def test_two_things_five_centimetres_apart_are_two():
    found = pieces(blob(0.4, 0.0), blob(0.49, 0.0))
    assert len(found.things) == 2
    centers = sorted(item.center[0] for item in found.things)
    np.testing.assert_allclose(centers, [0.4, 0.49], atol=0.004)


def test_one_thing_seen_by_two_cameras_is_one():
    found = pieces(blob(0.4, 0.0, "front"), blob(0.404, 0.0, "side"))
    assert len(found.things) == 1
    assert set(found.things[0].cameras) == {0, 1}


def test_a_gap_of_two_centimetres_is_offered_both_ways():
    found = pieces(blob(0.4, 0.0), blob(0.46, 0.0))
    assert [sorted(item.parts) for item in found.things] == [[0], [1], [0, 1]]
    assert len(found.things[2]) == len(found.things[0]) + len(found.things[1])


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_points_are_nothing(count):
    cloud = blob(0.4, 0.0).select(np.arange(count))
    assert pieces(cloud).fragments == pieces(cloud).things == ()
