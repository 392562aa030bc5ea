# SPDX-License-Identifier: Apache-2.0
"""Boxes that a picture's edge cuts: the other view and what is known place the object, and say whether they fit it."""

import numpy as np
import pytest
from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH, box_around, camera

from vla_ros.policies.backbone.view_geometry import project, triangulate
from vla_ros.policies.graspvla.small.cut_boxes import cut_sides, nearest_on_sight, place_pairs

SIZE = (WIDTH, HEIGHT)
HERE = np.array([0.5, 0.02, 0.05])  # [m]
# Looks at a place 20 cm beside the object from 25 cm above: a part of it is below the picture's edge.
NEAR = camera((0.5, -0.10, 0.30), (0.5, 0.14, 0.05), 380.0)
HALF = 40.0  # [px] of a box


def clipped(whole: np.ndarray) -> np.ndarray:
    return np.clip(whole, 0.0, [WIDTH - 1, HEIGHT - 1, WIDTH - 1, HEIGHT - 1])


def test_which_sides_are_cut():
    boxes = np.array([[100.0, 100, 200, 200], [2.0, 100, 200, 200], [100.0, 100, 637, 478]])
    assert cut_sides(boxes, SIZE).tolist() == [
        [False, False, False, False],
        [True, False, False, False],
        [False, False, True, True],
    ]


def test_whole_boxes_are_placed_by_both_lines_of_sight_alone():
    boxes = [
        np.stack([box_around(c, HERE, HALF), box_around(c, HERE + np.array([0.05, 0.05, 0.0]), HALF)])
        for c in (FRONT, SIDE)
    ]
    first, second = ((b[:, :2] + b[:, 2:]) / 2 for b in boxes)
    expected = triangulate(FRONT, first[:, None], SIDE, second[None])
    found = place_pairs([FRONT, SIDE], boxes, [SIZE, SIZE], np.array([0.9, 0.3, 0.4]))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_cut_box_leaves_the_place_to_the_other_view_and_the_memory(order):
    whole, (pixel,) = box_around(FRONT, HERE, HALF), project(NEAR, HERE[None])[0]
    shown = clipped(np.concatenate([pixel - [60, 150], pixel + np.array([60, 150])]))
    assert cut_sides(shown, SIZE).any()
    middle = (shown[:2] + shown[2:]) / 2
    assert np.linalg.norm(middle - pixel) > 15  # of what is seen: not the object's
    views = [(FRONT, whole[None]), (NEAR, shown[None])]
    calibrations, boxes = zip(*(views[i] for i in order), strict=True)
    believed = HERE + np.array([0.003, -0.002, 0.002])
    points, gaps = place_pairs(calibrations, boxes, [SIZE, SIZE], believed)
    assert np.linalg.norm(points[0, 0] - HERE) < np.linalg.norm(believed - HERE) + 1e-9
    assert gaps[0, 0] == 0.0
    without, apart = place_pairs(calibrations, boxes, [SIZE, SIZE], None)
    assert np.linalg.norm(without[0, 0] - HERE) > np.linalg.norm(points[0, 0] - HERE)
    assert apart[0, 0] > 0.005


def test_a_cut_box_of_something_else_misses_the_place():
    boxes = [box_around(FRONT, HERE, HALF)[None], np.array([[0.0, 10.0, 60.0, 90.0]])]
    _, gaps = place_pairs([FRONT, NEAR], boxes, [SIZE, SIZE], HERE)
    assert gaps[0, 0] > 0.05


def test_where_both_are_cut_it_is_where_it_was():
    boxes = [np.array([[0.0, 0.0, 400.0, 479.0]]), np.array([[100.0, 0.0, 639.0, 479.0]])]
    points, gaps = place_pairs([FRONT, NEAR], boxes, [SIZE, SIZE], HERE)
    np.testing.assert_array_equal(points[0, 0], HERE)
    assert gaps[0, 0] == 0.0


def test_the_nearest_point_of_a_line_of_sight():
    (pixel,), _ = project(FRONT, HERE[None])
    np.testing.assert_allclose(nearest_on_sight(FRONT, pixel, HERE), HERE, atol=1e-9)
    beside = nearest_on_sight(FRONT, pixel, HERE + np.array([0.0, 0.1, 0.0]))
    (again,), _ = project(FRONT, beside[None])
    np.testing.assert_allclose(again, pixel, atol=1e-6)
