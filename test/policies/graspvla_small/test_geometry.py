# SPDX-License-Identifier: Apache-2.0
"""Two calibrated views: what is projected is found again, and crops show things where the arithmetic says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.crops import Window, box_window
from vla_ros.policies.backbone.view_geometry import calibration_of, point_window, project, ray, triangulate
from vla_ros.policies.observation import CameraView

share = st.floats(-1.0, 1.0)


@given(share, share, share)
def test_a_point_seen_by_both_views_is_found_again(x: float, y: float, z: float) -> None:
    point = np.array([0.5, 0.0, 0.1]) + np.array([0.2, 0.2, 0.1]) * (x, y, z)
    pixels = [project(calibration, point[None])[0][0] for calibration in (FRONT, SIDE)]
    found, gap = triangulate(FRONT, pixels[0], SIDE, pixels[1])
    np.testing.assert_allclose(found, point, atol=1e-9)
    assert gap < 1e-9


@given(share, share)
def test_the_line_of_sight_through_a_pixel_is_seen_at_that_pixel(x: float, y: float) -> None:
    pixel = np.array([320.0, 240.0]) + np.array([300.0, 220.0]) * (x, y)
    start, direction = ray(FRONT, pixel)
    points = start + np.array([[0.3], [0.7], [2.0]]) * direction
    pixels, depths = project(FRONT, points)
    np.testing.assert_allclose(pixels, np.tile(pixel, (3, 1)), atol=1e-8)
    assert (np.diff(depths) > 0.0).all()


def test_lines_that_pass_each_other_meet_half_way() -> None:
    left = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, *Rotation.identity().as_quat()])
    right = left.copy()
    right[4:7] = 1.0, 0.02, 0.0
    found, gap = triangulate(left, np.array([0.5, 0.0]), right, np.array([-0.5, 0.0]))
    assert gap == pytest.approx(0.02)
    np.testing.assert_allclose(found, [0.5, 0.01, 1.0], atol=1e-12)


def test_the_calibration_of_a_view_projects_as_its_matrices_do() -> None:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_euler("xyz", [-2.0, 0.1, 1.4]).as_matrix(), (0.9, -0.2, 0.5)
    K = np.array([[610.0, 0.0, 321.0], [0.0, 605.0, 238.0], [0.0, 0.0, 1.0]])
    view = CameraView("front", 0.0, np.zeros((HEIGHT, WIDTH, 3), np.uint8), None, K, T)
    point = T[:3, :3] @ (0.1, -0.05, 0.8) + T[:3, 3]
    pixels, depth = project(calibration_of(view), point[None])
    np.testing.assert_allclose(pixels[0], (K @ (0.1, -0.05, 0.8) / 0.8)[:2], atol=1e-9)
    assert depth[0] == pytest.approx(0.8)


def centroid(image: np.ndarray) -> np.ndarray:
    weight = image[..., 0].astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize("side", [48.0, 96.0, 130.0, 200.0, 300.0])  # scale 0.5 to 3.1, beyond 1.6 blurred first
@pytest.mark.parametrize("corner", [(200.3, 150.8), (-20.4, -31.0), (500.7, 330.2)])  # also beyond the picture's edge
def test_a_painted_dot_is_where_the_networks_look_it_up(side: float, corner: tuple[float, float]) -> None:
    size, window = 96, Window(*corner, side)
    dot = np.clip(np.round(np.array(corner) + 0.55 * side).astype(int), 8, [WIDTH - 9, HEIGHT - 9])
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[dot[1] - 3 : dot[1] + 4, dot[0] - 3 : dot[0] + 4] = 255
    # As grasp_search and training's `places` have it, -1 to 1 over the crop; pixel n of a crop has its middle at n + ½.
    place = 2.0 * (dot + 0.5 - (window.x, window.y)) / window.side - 1.0
    expected = (place + 1.0) * size / 2.0 - 0.5
    blurred = 0.5 * size / side if side > 1.6 * size else 0.0  # an even blur moves a dot by half a pixel of the picture
    np.testing.assert_allclose(centroid(window.cut(picture, size)), expected, atol=0.25 + blurred)


def test_a_crop_beyond_the_picture_goes_on_with_its_edge() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for side in (60.0, 400.0):
        crop = Window(-0.7 * side, -0.7 * side, side).cut(picture, 96)
        assert crop.shape == (96, 96, 3)
        assert (crop == 90).all()


def test_windows_are_around_what_they_show() -> None:
    box = np.array([100.0, 120.0, 180.0, 160.0])
    window = box_window(box, 1.35)
    assert (window.x + window.side / 2, window.y + window.side / 2) == (140.0, 140.0)
    assert window.side == pytest.approx(1.35 * 80.0)
    assert box_window(np.array([10.0, 10.0, 14.0, 13.0])).side == 44.0

    point = np.array([0.5, 0.05, 0.1])
    window = point_window(FRONT, point, 0.24)
    pixel, depth = project(FRONT, point[None])
    assert (window.x + window.side / 2, window.y + window.side / 2) == pytest.approx(tuple(pixel[0]))
    assert window.side == pytest.approx(600.0 * 0.24 / depth[0])
