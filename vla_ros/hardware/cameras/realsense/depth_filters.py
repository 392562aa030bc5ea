# SPDX-License-Identifier: Apache-2.0
"""The SDK's depth filters in the order that it recommends: in disparity, where noise is alike near and far."""

from __future__ import annotations

from typing import Any

from vla_ros.hardware.cameras.realsense.config import HOLE_FILLING, DepthFilters
from vla_ros.hardware.cameras.realsense.library import load_library


class FilterChain:
    """Filter depth frames of one camera; the temporal filter remembers those before.

    Source: librealsense, doc/post-processing-filters.md. Decimation is left out: depth is aligned to colour's size.
    """

    def __init__(self, config: DepthFilters) -> None:
        rs = load_library()
        smoothing = [rs.spatial_filter()] * config.spatial + [rs.temporal_filter()] * config.temporal
        self._blocks: list[Any] = []
        if smoothing:
            self._blocks = [rs.disparity_transform(True), *smoothing, rs.disparity_transform(False)]
        if config.hole_filling != "none":
            self._blocks.append(rs.hole_filling_filter(HOLE_FILLING.index(config.hole_filling) - 1))

    def process(self, frames: Any) -> Any:
        """Return a frameset with its depth filtered; colour passes."""
        for block in self._blocks:
            frames = block.process(frames).as_frameset()
        return frames
