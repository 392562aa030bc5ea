# SPDX-License-Identifier: Apache-2.0
"""Optics from pictures of a board: exact corners give the truth, noisy ones what they promise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.board_views import BENT, OPTICS, corners, poses

from controllers.errors import ConfigError
from vla_ros.calibration.intrinsics import calibrate_intrinsics


def views(optics, count=15, noise=0.0, seed=0, **spread):
    rng = np.random.default_rng(seed)
    return [corners(f"{i}", T, optics, noise, rng) for i, T in enumerate(poses(count, rng, **spread))]


@pytest.mark.parametrize("optics", [OPTICS, BENT])
def test_exact_corners_give_the_optics_to_a_millionth(optics):
    found = calibrate_intrinsics(views(optics))
    np.testing.assert_allclose(found.optics.parameters, optics.parameters, rtol=1e-6, atol=1e-6)
    assert found.residual_px < 1e-6


def test_noisy_corners_of_a_straight_lens_show_no_distortion_and_say_how_sure_they_are():
    ratios = []
    for seed in range(6):
        found = calibrate_intrinsics(views(OPTICS, noise=0.1, seed=seed))
        assert not found.optics.distortion.any()
        error = found.optics.parameters[:4] - OPTICS.parameters[:4]
        assert np.abs(error).max() < 3.0
        ratios.append(error / found.std)
    assert 0.4 < np.sqrt(np.mean(np.square(ratios))) < 1.8


def test_distortion_is_kept_and_a_spoilt_picture_left_out():
    seen = views(BENT, count=20, noise=0.1)
    seen[7] = dataclasses.replace(seen[7], pixels=seen[7].pixels + np.linspace(0, 12, 48).reshape(24, 2) ** 1.5)
    found = calibrate_intrinsics(seen)
    assert found.left_out == ("7",)
    assert found.optics.distortion_px() == pytest.approx(BENT.distortion_px(), rel=0.3)


def test_too_few_or_level_pictures_are_refused_with_the_remedy():
    with pytest.raises(ConfigError, match="2 pictures show enough of the board: take 8 at least"):
        calibrate_intrinsics(views(OPTICS, count=2))
    with pytest.raises(ConfigError, match="tilt the board by 20 to 45 degrees"):
        calibrate_intrinsics(views(OPTICS, tilt=0.01, noise=0.2))
