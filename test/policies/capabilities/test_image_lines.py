# SPDX-License-Identifier: Apache-2.0
"""Boxes and grasps as lines over an image: where the camera sees them, and what is painted."""

from __future__ import annotations

import numpy as np
import pytest
from policy_making.reasoning_policy import BOX, grasp_at, reasoning

from vla_ros.policies.capabilities.image_drawing import draw
from vla_ros.policies.capabilities.image_lines import (
    GRASP,
    NAMED,
    NO_LINES,
    ImageLines,
    gripper_lines,
    lines_over,
    reasoning_lines,
)
from vla_ros.policies.needs import CameraNeed
from vla_ros.policies.observation import CameraView
from vla_ros.policies.view_fitting import fitted

K = np.array([[100.0, 0.0, 32.0], [0.0, 100.0, 24.0], [0.0, 0.0, 1.0]])
LOOKING_DOWN = grasp_at(0.5, 0.0, 1.0)  # T_base_camera: 1 m above the table, x to the right


def lines_of(lines: ImageLines, color) -> np.ndarray:
    return lines.ends[np.isclose(lines.colors, color).all(axis=1)]


def test_a_gripper_is_as_wide_as_its_opening_and_turns_with_its_pose():
    lines = gripper_lines(grasp_at(0.5, 0.1, 0.2), 0.06)
    left, right, hand, stem = lines
    np.testing.assert_allclose(np.abs(left - right), [[0.0, 0.06, 0.0]] * 2, atol=1e-12)
    assert left[0, 2] < 0.2 < left[1, 2] < stem[1, 2]  # tips below the tool point, the hand above them
    np.testing.assert_allclose(hand.mean(axis=0)[:2], [0.5, 0.1])


def test_the_grasp_is_drawn_where_the_camera_sees_it():
    lines = lines_of(reasoning_lines(reasoning(grasp_at(0.5, 0.1, 0.2)), "front", K, LOOKING_DOWN), GRASP)
    assert len(lines) == 4
    depth = 1.0 - 0.2 + 0.0093  # of the tips, below the camera
    x, y = lines[0, 0]
    assert x == pytest.approx(32.0)
    # The camera's y axis is the base's -y; the first finger is at -y of a tool that is turned over, so at +y.
    assert y == pytest.approx(24.0 - 100.0 * (0.1 + 0.025) / depth)


def test_what_is_behind_the_camera_is_not_drawn():
    behind = reasoning_lines(reasoning(grasp_at(0.5, 0.1, 1.5)), "front", K, LOOKING_DOWN)
    assert not len(lines_of(behind, GRASP))
    assert len(lines_of(behind, NAMED)) == 4


def test_the_object_meant_comes_last_and_thick_candidates_fade_with_their_score():
    lines = reasoning_lines(reasoning(), "side", K, LOOKING_DOWN)
    assert lines.ends.shape == (12, 2, 2)
    assert lines.thick.tolist() == [False] * 8 + [True] * 4
    corners = lines.ends[-4:].reshape(-1, 2)
    np.testing.assert_allclose([*corners.min(axis=0), *corners.max(axis=0)], BOX)
    assert lines.colors[0, 3] > lines.colors[4, 3]


def test_a_camera_nothing_is_said_about_has_no_lines():
    assert not len(reasoning_lines(reasoning(cameras=("front",)), "wrist", K, LOOKING_DOWN).ends)


def test_what_was_concluded_from_a_part_of_a_picture_is_drawn_where_it_is_in_the_whole():
    view = CameraView("front", 0.0, np.zeros((48, 64, 3), np.uint8), None, K, LOOKING_DOWN)
    cut = fitted(view, CameraNeed("front", calibration=True, width=96, height=96, fit="crop"))  # 48 in the middle, ×2
    concluded = reasoning(grasp_at(0.5, 0.1, 0.2))
    lines, whole = lines_over(concluded, "front", cut), lines_over(concluded, "front", view)
    np.testing.assert_allclose(lines_of(lines, GRASP), lines_of(whole, GRASP))
    corners = lines_of(lines, NAMED).reshape(-1, 2)
    edges = (np.array([*corners.min(axis=0), *corners.max(axis=0)]) + 0.5).reshape(2, 2)
    np.testing.assert_allclose((edges - (8, 0)) * 2 - 0.5, np.reshape(BOX, (2, 2)))


def test_painting_leaves_the_image_itself_alone_and_marks_the_box_green():
    image = np.zeros((48, 64, 3), dtype=np.uint8)
    drawn = draw(image, reasoning_lines(reasoning(), "front", K, LOOKING_DOWN))
    assert not image.any()
    x1, y1, x2, y2 = BOX.astype(int)
    for y, x in ((y1, x1 + 5), (y1 + 3, x1), (y2, x2 - 5), (y2 - 3, x2)):
        red, green, blue = drawn[y, x].astype(int)
        assert green > 200 > 2 * max(red, blue)


def test_a_caption_is_written_below_and_nothing_else_is_touched():
    image = np.full((480, 640, 3), 200, dtype=np.uint8)
    drawn = draw(image, NO_LINES, "pick up the red mug")
    changed = np.nonzero((drawn != image).any(axis=(1, 2)))[0]
    assert changed.min() > 440
    assert drawn.max() == 255
    np.testing.assert_array_equal(draw(image, NO_LINES), image)


def test_a_long_caption_fits():
    drawn = draw(np.zeros((480, 640, 3), dtype=np.uint8), NO_LINES, "pick up the red mug behind the blue can " * 2)
    assert not drawn[:, -3:].any()


def test_lines_that_leave_the_image_are_no_error():
    ends = np.array([[[-1e9, 5.0], [1e9, 5.0]], [[5.0, 5.0], [5.0, 1e300]]])
    draw(np.zeros((48, 64, 3), dtype=np.uint8), ImageLines(ends, np.ones((2, 4))))
    broken = reasoning(np.full((4, 4), np.nan))
    assert np.isfinite(reasoning_lines(broken, "front", K, LOOKING_DOWN).ends).all()
