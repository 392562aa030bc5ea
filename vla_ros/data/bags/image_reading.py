# SPDX-License-Identifier: Apache-2.0
"""Images out of a bag as NumPy arrays, whatever form they were recorded in."""

from __future__ import annotations

from typing import Any

import av
import cv2
import numpy as np

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import IMAGE
from vla_ros.data.bags.message_definitions import JPEG, VIDEO
from vla_ros.encoded_images import ImageError, decode_image

IMAGE_TYPES = (IMAGE, JPEG, VIDEO)
DEPTH_SCALE = 0.001  # [m] one step of a 16UC1 depth image
_FROM = {"bgr8": cv2.COLOR_BGR2RGB, "rgba8": cv2.COLOR_RGBA2RGB, "bgra8": cv2.COLOR_BGRA2RGB, "8UC3": cv2.COLOR_BGR2RGB}
_CHANNELS = {"rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "8UC1": 1}
_DEPTH = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}


class ImageReader:
    """Turn one topic's decoded messages into arrays, in the order of the bag: a video frame needs those before it."""

    def __init__(self, message_type: str) -> None:
        if message_type not in IMAGE_TYPES:
            raise BagError(f"'{message_type}' holds no images: known are {', '.join(IMAGE_TYPES)}")
        self._type = message_type
        self._decoder: Any = None

    def read(self, message: Any) -> np.ndarray | None:
        """Return colour (H, W, 3) uint8 RGB or depth (H, W) float32 [m]; None for a frame before the first key frame.

        Raises BagError for an image that is not whole or of an encoding that is not known.
        """
        if self._type == IMAGE:
            return _raw(message)
        if self._type == JPEG:
            try:
                pixels = decode_image(message.data, cv2.IMREAD_COLOR)
            except ImageError as error:
                raise BagError(f"a compressed image ('{message.format[:40]}') {error}") from None
            return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return self._frame(message)

    def _frame(self, message: Any) -> np.ndarray | None:
        if self._decoder is None:
            if message.format != "h264":
                raise BagError(f"video in '{message.format}': only h264 is known")
            self._decoder = av.CodecContext.create("h264", "r")
            self._decoder.options = {"threads": "1", "flags": "low_delay"}
        try:
            frames = self._decoder.decode(av.Packet(message.data.tobytes()))
        except av.error.InvalidDataError:  # the video begins in the middle
            return None
        return frames[-1].to_ndarray(format="rgb24") if frames else None


def _raw(image: Any) -> np.ndarray:
    if image.encoding in _DEPTH:
        return _depth(image)
    channels = _CHANNELS.get(image.encoding)
    if channels is None:
        known = ", ".join((*_CHANNELS, *_DEPTH))
        raise BagError(f"image encoding '{image.encoding}' is not known: {known}")
    pixels = _rows(image, np.dtype(np.uint8), channels).reshape(image.height, image.width, channels)
    if channels == 1:
        return np.repeat(pixels, 3, axis=2)
    return cv2.cvtColor(pixels, _FROM[image.encoding]) if image.encoding in _FROM else pixels


def _depth(image: Any) -> np.ndarray:
    kind = np.dtype((">" if image.is_bigendian else "<") + _DEPTH[image.encoding])
    rows = _rows(image, kind, 1)
    if kind.kind == "f":
        return np.nan_to_num(rows.astype(np.float32), posinf=0.0, neginf=0.0)
    return rows * np.float32(DEPTH_SCALE)


def _rows(image: Any, kind: np.dtype, channels: int) -> np.ndarray:
    used = image.width * channels * kind.itemsize
    if image.step < used or len(image.data) < image.step * image.height:
        raise BagError(f"image {image.width}x{image.height} {image.encoding} has only {len(image.data)} bytes")
    rows = image.data[: image.step * image.height].reshape(image.height, image.step)[:, :used]
    return np.ascontiguousarray(rows).view(kind)
