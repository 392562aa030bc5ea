# SPDX-License-Identifier: Apache-2.0
"""Pictures of a calibrated camera: straightened, and with the pose that the joints say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scene_making.board_views import BENT, OPTICS, corners, poses

from controllers.errors import ConfigError
from vla_ros.nodes.camera.calibrated_view import CalibratedViews
from vla_ros.robots.camera_calibration import CameraCalibration
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.link_tree import LinkTree

ROBOT = load_embodiment("franka")
PLACE = {"position": (0.05, 0.0, -0.1), "orientation": (0.0, 0.0, 0.0, 1.0)}
HOME = dict(zip(ROBOT.arms[0].joints, ROBOT.arms[0].home, strict=True))


def calibration(**values):
    (fx, fy, cx, cy), (width, height) = BENT.parameters[:4], BENT.size
    return CameraCalibration(width, height, (fx, fy), (cx, cy), **values)


@pytest.fixture(autouse=True)
def named(tmp_path, monkeypatch):
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "wrist.yaml").touch()
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))


def test_a_picture_of_a_bent_lens_becomes_one_of_a_pinhole():
    T = poses(1, np.random.default_rng(0))[0]
    drawn = np.full((480, 640, 3), 90, np.uint8)
    for pixel in corners("", T, BENT).pixels:
        cv2.circle(drawn, tuple(np.round(pixel * 16).astype(int).tolist()), 3 * 16, (255,) * 3, -1, cv2.LINE_AA, 4)
    views = CalibratedViews("front", calibration(**PLACE, distortion=tuple(BENT.distortion)), ROBOT)
    straight = views.view(1.0, drawn, None, None)
    grey = straight.color[..., 0].astype(float) - 90.0
    pixels = corners("", T, OPTICS).pixels
    whole = ((pixels > 8) & (pixels < (631, 471))).all(axis=1)
    assert whole.sum() > 12
    for u, v in pixels[whole]:
        rows, columns = np.mgrid[round(v) - 6 : round(v) + 7, round(u) - 6 : round(u) + 7]
        weight = grey[rows, columns]
        middle = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
        assert np.hypot(middle[0] - u, middle[1] - v) < 0.25


def test_a_camera_on_the_hand_is_where_the_joints_take_it():
    views = CalibratedViews("wrist", calibration(**PLACE, frame="panda_tcp"), ROBOT)
    assert views.moves
    picture = np.zeros((480, 640, 3), np.uint8)
    tree = LinkTree(expand_urdf(ROBOT))
    expected = tree.place("panda_tcp", HOME)
    expected[:3, 3] += expected[:3, :3] @ PLACE["position"]
    np.testing.assert_allclose(views.view(1.0, picture, None, HOME).T_base_camera, expected, atol=1e-9)
    assert views.view(1.0, picture, None, None).T_base_camera is None  # better none than a wrong one
    assert views.view(1.0, picture, None, {"panda_joint1": 0.0}).T_base_camera is None
    with pytest.raises(ConfigError, match="images are 320x240"):
        views.view(1.0, picture[::2, ::2], None, HOME)


@pytest.mark.parametrize(
    ("camera", "values", "words"),
    [
        ("wrist", PLACE, "needs its pose there"),
        (
            "front",
            {**PLACE, "frame": "panda_tcp"},
            "the camera is on 'panda_tcp', robot 'franka' has it on 'panda_link0'",
        ),
        ("front", {}, "has optics and no pose: `vla calibrate hand-eye`"),
    ],
)
def test_a_pose_of_another_link_or_none_is_refused(camera, values, words):
    with pytest.raises(ConfigError, match=words):
        CalibratedViews(camera, calibration(**values), ROBOT)
