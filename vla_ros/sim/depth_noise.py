# SPDX-License-Identifier: Apache-2.0
"""Depth as an active stereo camera (RealSense D435) measures it: noise in disparity, shadows, holes, range.

Sources: Intel, "Best-known methods for tuning D400 depth cameras" (error = z² · subpixel / (focal length · baseline),
subpixel about 0.08 px); Ahn et al. 2019, "Analysis and noise modeling of the Intel RealSense D435".
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from controllers.errors import ConfigError


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
    edge_jump: float = 0.6  # [px] of disparity between neighbours that counts as an edge
    edge_loss: float = 0.7  # share of edge pixels lost; the others are drawn to the nearer side
    grazing_slope: float = 6.0  # tangent of the viewing angle beyond which a surface is matched badly
    grazing_loss: float = 0.5  # share of such pixels lost
    dropout: float = 0.002  # share of pixels lost anywhere

    def __post_init__(self) -> None:
        if min(self.baseline, self.focal_length, self.disparity_step) <= 0.0 or self.correlation < 1:
            raise ConfigError("stereo noise: baseline, focal_length and disparity_step must be > 0, correlation >= 1")
        if not 0.0 < self.range_min < self.range_max:
            raise ConfigError(f"stereo noise: range {self.range_min} to {self.range_max} m is empty")


class StereoDepth:
    """Turn true depth images of one size into measured ones; works in place on arrays it keeps (pages cost time)."""

    def __init__(self, noise: StereoNoise, height: int, width: int, focal_length: float) -> None:
        """Prepare for images (height, width) with `focal_length` [px]."""
        self._noise = noise
        self._focal_length = focal_length
        self._disparity, self._near, self._far, self._jump, self._error, self._luck = (
            np.empty((height, width), dtype=np.float32) for _ in range(6)
        )
        self._lost, self._edge, self._steep, self._mask = (np.empty((height, width), dtype=bool) for _ in range(4))
        self._columns = np.arange(width, dtype=np.float32)

    def measure(self, depth: np.ndarray, seed: tuple[int, ...]) -> np.ndarray:
        """Return what the camera reports for true depth (H, W) float32 [m] along z; 0 where nothing was measured.

        Equal seeds (non-negative integers) give equal noise.
        """
        noise, disparity, lost = self._noise, self._disparity, self._lost
        self._draw(seed)
        to_disparity = np.float32(noise.focal_length * noise.baseline)
        np.divide(to_disparity, depth, out=disparity)  # [px] of the infrared pair
        self._mark_hidden()
        self._mark_badly_matched()
        np.copyto(disparity, self._near, where=self._edge)  # the matching window fattens what is in front

        # Bilinear interpolation of white noise leaves 2/3 of its standard deviation, averaged over positions.
        self._error *= np.float32(1.5 * noise.subpixel_noise)
        disparity += self._error
        disparity *= np.float32(1.0 / noise.disparity_step)
        np.rint(disparity, out=disparity)
        disparity *= np.float32(noise.disparity_step)
        self._lose(np.less(disparity, to_disparity / noise.range_max, out=self._mask))
        self._lose(np.greater(disparity, to_disparity / noise.range_min, out=self._mask))
        np.copyto(disparity, np.float32(np.inf), where=lost)
        return to_disparity / disparity

    def _draw(self, seed: tuple[int, ...]) -> None:
        height, width = self._error.shape
        cell = self._noise.correlation
        coarse = (height // cell + 1, width // cell + 1)
        random = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
        error, luck = random.standard_normal(coarse, dtype=np.float32), random.random(coarse, dtype=np.float32)
        cv2.resize(error, (width, height), dst=self._error)
        cv2.resize(luck, (width, height), dst=self._luck, interpolation=cv2.INTER_NEAREST)

    def _mark_hidden(self) -> None:
        """Mark the stereo shadow: left of near things the second imager does not see the background."""
        # The second imager sees a pixel at column − disparity; it is hidden when a pixel to its right lands left of it.
        seen_at, leftmost = self._near, self._far
        np.multiply(self._disparity, np.float32(-self._focal_length / self._noise.focal_length), out=seen_at)
        seen_at += self._columns
        np.minimum.accumulate(seen_at[:, ::-1], axis=1, out=leftmost[:, ::-1])
        np.less(leftmost[:, 1:], seen_at[:, :-1], out=self._lost[:, :-1])
        self._lost[:, -1] = False

    def _mark_badly_matched(self) -> None:
        """Mark pixels lost at edges, on grazing surfaces and by chance."""
        noise, luck, jump, mask = self._noise, self._luck, self._jump, self._mask
        cv2.dilate(self._disparity, _NEIGHBOURS, dst=self._near)
        cv2.erode(self._disparity, _NEIGHBOURS, dst=self._far)
        np.subtract(self._near, self._far, out=jump)
        np.greater(jump, np.float32(noise.edge_jump), out=self._edge)
        np.less(luck, np.float32(noise.edge_loss), out=mask)
        self._lose(np.logical_and(mask, self._edge, out=mask))
        # On a surface seen at a slope, disparity changes by disparity · slope / focal length a pixel.
        np.multiply(self._disparity, np.float32(2.0 * noise.grazing_slope / self._focal_length), out=self._far)
        steep = np.greater(jump, self._far, out=self._steep)
        np.less(luck, np.float32(noise.grazing_loss), out=mask)
        self._lose(np.logical_and(mask, steep, out=mask))
        self._lose(np.less(luck, np.float32(noise.dropout), out=mask))

    def _lose(self, mask: np.ndarray) -> None:
        np.logical_or(self._lost, mask, out=self._lost)


_NEIGHBOURS = np.ones((3, 3), np.uint8)
