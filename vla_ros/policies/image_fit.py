# SPDX-License-Identifier: Apache-2.0
"""Recorded images in the size a contract stores, and the intrinsics that then hold."""

from __future__ import annotations

import cv2
import numpy as np

from controllers.errors import VlaError
from vla_ros.policies.contract import CameraStream


def fit_image(image: np.ndarray, stream: CameraStream, camera: str) -> np.ndarray:
    """Return an image (H, W, 3) uint8 in the stored size. Raises VlaError when `fit: exact` forbids that."""
    height, width = image.shape[:2]
    if (height, width) == (stream.height, stream.width):
        return image
    left, top, used_width, used_height = _window(width, height, stream, camera)
    cut = image[top : top + used_height, left : left + used_width]
    return cv2.resize(cut, (stream.width, stream.height), interpolation=cv2.INTER_AREA)


def fit_intrinsics(numbers: np.ndarray, stream: CameraStream, camera: str) -> np.ndarray:
    """Return fx, fy, cx, cy [px] of the stored image for fx, fy, cx, cy, width, height [px] of the recorded one.

    Pixel centres are at whole numbers, so the principal point scales about the corner at (-0.5, -0.5).
    """
    fx, fy, cx, cy, width, height = numbers
    left, top, used_width, used_height = _window(int(width), int(height), stream, camera)
    sx, sy = stream.width / used_width, stream.height / used_height
    return np.array([fx * sx, fy * sy, (cx - left + 0.5) * sx - 0.5, (cy - top + 0.5) * sy - 0.5])


def fit_boxes(boxes: np.ndarray, recorded: tuple[int, int], stream: CameraStream) -> np.ndarray:
    """Return boxes (..., 5), x1, y1, x2, y2 [px] and share seen, in the stored image; empty ones stay zero.

    `recorded` is width, height [px]. What is cut away of a box cuts its share seen as well.
    """
    if recorded == (stream.width, stream.height):
        return boxes
    left, top, width, height = _window(*recorded, stream, "")
    scale = np.array([stream.width / width, stream.height / height] * 2)
    moved = (boxes[..., :4] - np.array([left, top] * 2) + 0.5) * scale - 0.5
    inside = np.clip(moved, -0.5, np.array([stream.width, stream.height] * 2) - 0.5)  # edges of the picture
    area, shown = _area(moved), _area(inside)
    share = boxes[..., 4] * np.where(area > 0.0, shown / np.where(area > 0.0, area, 1.0), 0.0)
    fitted = np.concatenate([inside, share[..., None]], axis=-1)
    return np.where((share > 0.0)[..., None], fitted, 0.0).astype(boxes.dtype)


def middle_window(width: int, height: int, shape: float) -> tuple[int, int, int, int]:
    """Return left, top, width, height [px] of the largest part about an image's middle whose width is `shape` heights.

    `width` and `height` are the image's [px].
    """
    used_width, used_height = min(width, round(height * shape)), min(height, round(width / shape))
    return (width - used_width) // 2, (height - used_height) // 2, used_width, used_height


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)


def _window(width: int, height: int, stream: CameraStream, camera: str) -> tuple[int, int, int, int]:
    """Return left, top, width, height [px] of the part of a recorded image that is stored."""
    if (height, width) == (stream.height, stream.width) or stream.fit == "stretch":
        return 0, 0, width, height
    if stream.fit == "exact":
        raise VlaError(
            f"camera '{camera}' was recorded in {width}x{height}, the contract stores {stream.width}x{stream.height}: "
            "set its fit to crop or stretch, or its size to what was recorded"
        )
    return middle_window(width, height, stream.width / stream.height)
