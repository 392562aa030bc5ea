# SPDX-License-Identifier: Apache-2.0
"""Textures: pictures no larger than a small object shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.encoded_images import ImageError, read_image

LARGEST = 512  # [px] kept: a small object covers a hundred pixels


def read_texture(path: Path, remedy: str = "put the file there or leave out 'texture'") -> np.ndarray:
    """Return a picture as (H, W, 3) uint8 RGB. Raises ConfigError; `remedy` is for one that is not there."""
    import cv2  # slow to import, and not needed where an object comes from the cache

    if not path.is_file():
        raise ConfigError(f"{path}: no such texture: {remedy}")
    try:
        image = read_image(path, cv2.IMREAD_COLOR)
    except ImageError as error:
        raise ConfigError(f"{error}; {LARGEST} × {LARGEST} pixels in PNG or JPEG are all that is used") from None
    height, width = image.shape[:2]
    largest = max(height, width)
    if largest > LARGEST:
        smaller = (max(1, width * LARGEST // largest), max(1, height * LARGEST // largest))
        image = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[..., ::-1])
