# SPDX-License-Identifier: Apache-2.0
"""Depth of several frames made one."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.perception.still_frames import FRAMES, StillFrames
from vla_ros.policies.observation import CameraView
from vla_ros.sim.depth_noise import StereoDepth, StereoNoise

COLOR = np.zeros((48, 64, 3), np.uint8)


def view(stamp: float, depth: np.ndarray) -> dict[str, CameraView]:
    return {"source": CameraView("source", stamp, COLOR, depth.astype(np.float32))}


def averaged(depths: list[np.ndarray]) -> np.ndarray:
    frames = StillFrames()
    for stamp, depth in enumerate(depths):
        frames.add(view(float(stamp), depth))
    return frames.averaged()["source"].depth


def test_noise_of_a_stereo_camera_falls_with_the_frames():
    true = np.full((48, 64), 0.9, np.float32)
    camera = StereoDepth(StereoNoise(), 48, 64, 421.0)
    depths = [camera.measure(true, (seed,)).copy() for seed in range(FRAMES)]
    inner = np.s_[2:-2, 2:-26]  # without the shadow at the side
    alone, together = (np.std(depth[inner][depth[inner] > 0.0] - 0.9) for depth in (depths[0], averaged(depths)))
    assert 0.002 < alone < 0.004
    assert together < 1.3 * alone / np.sqrt(FRAMES)


def test_what_is_measured_in_less_than_half_of_the_frames_is_not_known():
    depths = [np.full((48, 64), 0.5) for _ in range(4)]
    depths[0][0, 0] = depths[1][0, 1] = depths[2][0, 1] = 0.0
    for depth in depths[:3]:
        depth[0, 2] = 0.0
    depths[3][0, 0] = 0.8
    found = averaged(depths)
    np.testing.assert_allclose(found[0, :3], [0.6, 0.5, 0.0], atol=1e-6)  # the mean of what was measured alone


def test_a_frame_that_was_shown_before_is_no_further_one():
    frames = StillFrames()
    for stamp in (0.0, 0.0, 0.1, 0.1):
        frames.add(view(stamp, np.ones((48, 64))))
    assert len(frames) == 2
    frames.clear()
    assert len(frames) == 0
