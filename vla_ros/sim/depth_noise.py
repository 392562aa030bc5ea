# SPDX-License-Identifier: Apache-2.0
"""Depth as an active stereo camera (RealSense D435) measures it: noise in disparity, shadows, holes, range.

Sources: Intel, "Best known methods for tuning D400 depth cameras" (depth error = z² · subpixel / (f · baseline),
subpixel about 0.08 px); Ahn et al. 2019, "Analysis and noise modeling of the Intel RealSense D435".
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class StereoNoise:
    """Parameters of a stereo depth camera."""

    baseline: float = 0.050  # [m] D435
    focal_length: float = 421.0  # [px] of the infrared imagers at 848×480, the mode Intel recommends
    subpixel_noise: float = 0.08  # [px] standard deviation of the matched disparity
    disparity_step: float = 1.0 / 32.0  # [px] resolution of the matcher
    correlation: int = 3  # [px] neighbours share a matching window, so their errors are alike
    range_min: float = 0.2  # [m]
    range_max: float = 3.0  # [m]
    grazing_slope: float = 4.0  # tan of the viewing angle beyond which a surface is matched badly
    edge_jump: float = 0.6  # [px] of disparity between neighbours that counts as an edge
    dropout: float = 0.002  # share of pixels lost anywhere


def noisy_depth(depth: np.ndarray, focal_length: float, seed: tuple[int, ...], noise: StereoNoise) -> np.ndarray:
    """Return what the camera would report for a true depth image: (H, W) float32 [m], 0 where nothing.

    `depth` is along the optical axis [m], `focal_length` [px] is of that image; equal seeds give equal noise.
    """
    height, width = depth.shape
    random = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
    coarse = (height // noise.correlation + 1, width // noise.correlation + 1)
    error = cv2.resize(random.standard_normal(coarse, dtype=np.float32), (width, height))  # bilinear
    luck = cv2.resize(random.random(coarse, dtype=np.float32), (width, height))

    disparity = np.float32(noise.focal_length * noise.baseline) / depth  # (H, W) [px] of the infrared pair
    lost = _unmatched(disparity, depth, focal_length, luck, noise)

    # Bilinear interpolation of unit noise averages it down to 2/3 of its standard deviation (mean of the variance 4/9).
    disparity += np.float32(1.5 * noise.subpixel_noise) * error
    step = np.float32(noise.disparity_step)
    np.maximum(np.rint(disparity / step) * step, step, out=disparity)
    measured = np.float32(noise.focal_length * noise.baseline) / disparity
    lost |= (measured < noise.range_min) | (measured > noise.range_max)
    measured[lost] = 0.0
    return measured


def _unmatched(
    disparity: np.ndarray, depth: np.ndarray, focal_length: float, luck: np.ndarray, noise: StereoNoise
) -> np.ndarray:
    """Mark pixels the matcher loses: the stereo shadow, edges, grazing surfaces and some by chance."""
    scale = np.float32(focal_length / noise.focal_length)  # infrared disparity → pixels of this image
    columns = np.arange(depth.shape[1], dtype=np.float32)
    # The second imager sees a pixel at column − disparity; it is hidden when something nearer lands left of it.
    seen_at = columns - scale * disparity
    hidden = np.empty(depth.shape, dtype=bool)
    nearest = np.minimum.accumulate(seen_at[:, ::-1], axis=1)[:, ::-1]
    np.less_equal(nearest[:, 1:], seen_at[:, :-1] - np.float32(0.5), out=hidden[:, :-1])
    hidden[:, -1] = False

    across = cv2.absdiff(disparity, cv2.erode(disparity, np.ones((3, 3), np.uint8)))
    # Disparity changes by d · slope / f a pixel on a surface seen at that slope.
    grazing = across > np.float32(noise.grazing_slope / noise.focal_length) * disparity
    edge = across > np.float32(noise.edge_jump)
    return hidden | (edge & (luck < 0.7)) | (grazing & (luck < 0.5)) | (luck < np.float32(_tail(noise.dropout)))


def _tail(share: float) -> float:
    """Return the value that about `share` of the bilinearly resized uniform noise stays below."""
    return 0.5 * share**0.5
