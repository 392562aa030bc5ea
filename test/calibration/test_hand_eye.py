# SPDX-License-Identifier: Apache-2.0
"""Hand-eye: exact views give the truth, noisy ones what they promise, and views that teach nothing are refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.board_views import BENT, OPTICS, X, Z, hand_views

from controllers.errors import ConfigError
from vla_ros.calibration.hand_eye import Free, calibrate_hand_eye
from vla_ros.calibration.motions import difference, inverse, motion, rotation_vector
from vla_ros.calibration.optics import PINHOLE
from vla_ros.calibration.views import RobotView, check_views, rich_enough


@pytest.mark.parametrize("optics", [OPTICS, BENT])
def test_exact_views_give_camera_and_board_to_a_millionth(optics):
    found = calibrate_hand_eye(hand_views(12, np.random.default_rng(0), optics=optics), optics)
    assert max(difference(found.found.T_link_camera, X)) < 1e-6
    assert max(difference(found.found.T_boardlink_board, Z)) < 1e-6
    assert found.residual_px < 1e-6
    assert not found.left_out


def test_optics_offsets_and_the_squares_are_found_with_it():
    rng = np.random.default_rng(1)
    offsets = np.array([0.001, -0.002])
    views = []
    for view in hand_views(20, rng):
        twists = rng.normal(0.0, 0.4, (6, 2))
        told = motion(twists @ -offsets) @ view.T_link_boardlink
        views.append(RobotView(view.corners, told, twists))
    off = OPTICS.changed(np.arange(PINHOLE), np.array([5.0, -4.0, 3.0, -2.0]))
    found = calibrate_hand_eye(views, off, Free(optics=True, offsets=1.0))
    np.testing.assert_allclose(found.found.optics.parameters, OPTICS.parameters, atol=0.05)
    np.testing.assert_allclose(found.found.offsets, offsets, atol=2e-5)
    small = [dataclasses.replace(v, corners=dataclasses.replace(v.corners, board=v.corners.board * 0.9)) for v in
             hand_views(12, rng)]  # fmt: skip
    scaled = calibrate_hand_eye(small, OPTICS, Free(board_scale=True))
    assert scaled.found.scale == pytest.approx(1.0 / 0.9, abs=1e-6)


def test_noise_leaves_errors_as_large_as_it_says():
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(20):
        views = hand_views(15, rng, noise=0.2)
        moved = [RobotView(v.corners, motion(rng.normal(0.0, 2e-4, 6)) @ v.T_link_boardlink) for v in views]
        found = calibrate_hand_eye(moved, OPTICS)
        off = inverse(X) @ found.found.T_link_camera
        error = np.concatenate([off[:3, 3], rotation_vector(off[:3, :3])])
        assert np.linalg.norm(error[:3]) < 2e-3
        assert np.linalg.norm(error[3:]) < np.radians(0.2)
        ratios.append(error / np.sqrt(np.diag(found.covariance)[:6]))
        assert found.alone_px < found.residual_px  # the arm's poses are off, and it is seen
    assert 0.6 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_views_that_contradict_the_others_are_left_out_by_name():
    views = hand_views(15, np.random.default_rng(3), noise=0.1)
    for number in (4, 9):  # the arm moved
        wrong = motion(np.array([0.02, -0.01, 0.01, 0.03, 0.0, 0.02])) @ views[number].T_link_boardlink
        views[number] = RobotView(views[number].corners, wrong)
    found = calibrate_hand_eye(views, OPTICS)
    assert found.left_out == ("004.png", "009.png")
    assert difference(found.found.T_link_camera, X)[0] < 1e-3


def test_views_of_an_arm_that_never_rested_are_refused():
    rng = np.random.default_rng(4)
    views = [RobotView(v.corners, motion(rng.normal(0.0, 0.1, 6) * (0 if i % 3 else 1)) @ v.T_link_boardlink)
             for i, v in enumerate(hand_views(9, rng, noise=0.1))]  # fmt: skip
    with pytest.raises(ConfigError, match="views agree with each other"):
        calibrate_hand_eye(views, OPTICS)


@pytest.mark.parametrize(
    ("views", "words"),
    [
        (lambda rng: hand_views(2, rng), "2 views of the board from different poses: take 8 at least"),
        (lambda rng: hand_views(1, rng) * 12, r"1 views .*\(11 repeat others\)"),
        (lambda rng: hand_views(12, rng, tilt=0.0, turn=0.0), "hardly turned .* about two axes"),
        (lambda rng: hand_views(12, rng, tilt=0.0, turn=1.0), "about one axis"),
    ],
)
def test_views_that_teach_nothing_are_refused_with_the_remedy(views, words):
    with pytest.raises(ConfigError, match=words):
        check_views(views(np.random.default_rng(5)))


def test_pictures_that_show_too_little_do_not_count_and_sizes_must_agree():
    full, few, line = (view.corners for view in hand_views(3, np.random.default_rng(6)))
    few = dataclasses.replace(few, board=few.board[:5], pixels=few.pixels[:5])
    row = line.board[:, 1] == line.board[0, 1]
    line = dataclasses.replace(line, board=np.tile(line.board[row], (2, 1)), pixels=np.tile(line.pixels[row], (2, 1)))
    good, poor = rich_enough([full, few, line])
    assert (good, poor) == ([full], ["001.png", "002.png"])
    with pytest.raises(ConfigError, match=r"x is 320x240, 000\.png 640x480"):
        rich_enough([full, dataclasses.replace(full, name="x", size=(320, 240))])
