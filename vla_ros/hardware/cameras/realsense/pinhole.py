# SPDX-License-Identifier: Apache-2.0
"""Take the distortion out of a picture by the SDK's own projection, whichever of its models the camera has."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from vla_ros.hardware.cameras.realsense.library import load_library


class Pinhole:
    """Turn pictures of a camera into those of a pinhole with the same focal length and principal point."""

    def __init__(self, intrinsics: Any) -> None:
        # Column and row (H, W) in the camera's picture for each pixel of the pinhole's.
        self._maps: tuple[np.ndarray, np.ndarray] | None = None
        if any(intrinsics.coeffs):
            project = load_library().rs2_project_point_to_pixel
            columns = (np.arange(intrinsics.width) - intrinsics.ppx) / intrinsics.fx
            rows = (np.arange(intrinsics.height) - intrinsics.ppy) / intrinsics.fy
            pixels = [[project(intrinsics, [x, y, 1.0]) for x in columns.tolist()] for y in rows.tolist()]
            found = np.array(pixels, np.float32)
            self._maps = np.ascontiguousarray(found[..., 0]), np.ascontiguousarray(found[..., 1])

    def color(self, picture: np.ndarray) -> np.ndarray:
        """Return a picture (H, W, 3) without distortion."""
        return picture if self._maps is None else cv2.remap(picture, *self._maps, cv2.INTER_LINEAR)

    def depth(self, depth: np.ndarray) -> np.ndarray:
        """Return depth (H, W) without distortion; between two depths is none."""
        return depth if self._maps is None else cv2.remap(depth, *self._maps, cv2.INTER_NEAREST)
