# SPDX-License-Identifier: Apache-2.0
"""Where things stand by the boxes of two views: found where both see them, left out where one does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.standing import MIDDLE, NUMBERS, SIZE, UNIT, standing
from vla_ros.policies.backbone.view_geometry import project

SIZES = [(640, 480), (640, 480)]


def camera(position: tuple[float, float, float], look_at: tuple[float, float, float]) -> np.ndarray:
    forward = np.subtract(look_at, position)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    R = np.column_stack([right, np.cross(forward, right), forward])
    return np.array([617.0, 617.0, 320.0, 240.0, *position, *Rotation.from_matrix(R).as_quat()])


CAMERAS = [camera((1.35, 0.0, 0.54), (0.3, 0.0, 0.0)), camera((0.5, 0.69, 0.5), (0.5, 0.0, 0.1))]
# Cubes of these edges [m] at these places.
CUBES = [((0.45, 0.10, 0.03), 0.05), ((0.60, -0.05, 0.04), 0.08), ((0.40, -0.12, 0.02), 0.03)]


def boxes_of(view: int, cubes: list[tuple[tuple[float, float, float], float]]) -> np.ndarray:
    boxes = []
    for middle, edge in cubes:
        corners = np.array(middle) + edge / 2 * np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1).T
        pixels = project(CAMERAS[view], corners)[0]
        boxes.append([*pixels.min(axis=0), *pixels.max(axis=0)])
    return np.array(boxes).reshape(-1, 4)


def test_each_thing_is_found_where_it_is_whatever_the_order_of_the_boxes() -> None:
    second = [CUBES[2], CUBES[0], CUBES[1]]
    found = standing(CAMERAS, [boxes_of(0, CUBES), boxes_of(1, second)], SIZES)
    assert all(one.shape == (3, NUMBERS) and one.dtype == np.float32 for one in found)
    for row, (middle, edge) in enumerate(CUBES):
        for numbers in (found[0][row], found[1][second.index(CUBES[row])]):
            assert numbers[5] == 1.0
            np.testing.assert_allclose(numbers[:3] * UNIT + MIDDLE, middle, atol=0.012)
            assert edge * 0.9 < numbers[3] * SIZE < edge * 1.8  # a cube seen from a corner is wider than its edge


def test_what_one_view_does_not_see_has_no_place() -> None:
    found = standing(CAMERAS, [boxes_of(0, CUBES), boxes_of(1, CUBES[:2])], SIZES)
    assert found[0][:, 5].tolist() == [1.0, 1.0, 0.0]
    assert not found[0][2].any()
    none = standing(CAMERAS, [boxes_of(0, CUBES), np.empty((0, 4))], SIZES)
    assert [len(one) for one in none] == [3, 0]
    assert not none[0].any()


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_boxes_a_little_wrong_still_meet(shift: float) -> None:
    rng = np.random.default_rng(0)
    boxes = [boxes_of(view, CUBES) + shift * rng.normal(size=(3, 4)) for view in range(2)]
    for one in standing(CAMERAS, boxes, SIZES):
        assert one[:, 5].tolist() == [1.0] * 3
        np.testing.assert_allclose(one[:, :3] * UNIT + MIDDLE, [middle for middle, _ in CUBES], atol=0.02)
