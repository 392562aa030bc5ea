# SPDX-License-Identifier: Apache-2.0
"""Soft shade where something stands on or in front of something else, computed from the depth image.

Luft, Colditz, Deussen 2006, "Image enhancement by unsharp masking the depth buffer": a pixel further away than its
surroundings is darkened. It ties objects to the table in a millisecond; a shadow map in software takes thirty.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

_WIDE, _NARROW = (25, 25), (17, 17)  # [px at half size] two box filters make one smooth kernel
_NEIGHBOURHOOD = np.ones((41, 41), np.uint8)  # all that the two reach
_PLAIN = 0.006  # relative depth below which surroundings do not shade: slopes and roughness
_FULL = 0.045  # relative depth at which the shade is darkest
_DARKEST = 0.35  # share of light taken away there
_JUMP = 0.30  # [m] things further behind than this are not touched by what is in front of them


def shade_contacts(color: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the colour image (H, W, 3) uint8 with shade added; depth is (H, W) float32 [m]."""
    height, width = depth.shape
    z = cv2.resize(depth, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST)
    inverse = np.float32(1.0) / z  # linear over the image of a plane, so that a plane shades itself nowhere
    mean = cv2.blur(cv2.blur(inverse, _WIDE), _NARROW)
    nearest = cv2.erode(z, _NEIGHBOURHOOD)
    occlusion = np.clip((mean * z - np.float32(1.0 + _PLAIN)) * np.float32(1.0 / (_FULL - _PLAIN)), 0.0, 1.0)
    occlusion *= np.clip((np.float32(_JUMP) - (z - nearest)) * np.float32(2.0 / _JUMP), 0.0, 1.0)
    occlusion *= _inside(*z.shape)
    light = cv2.convertScaleAbs(occlusion, alpha=-255.0 * _DARKEST, beta=255.0)
    light = cv2.resize(light, (width, height))
    return cv2.multiply(color, cv2.merge((light, light, light)), scale=1.0 / 255.0)


@lru_cache(maxsize=4)
def _inside(height: int, width: int) -> np.ndarray:
    """Return weights (height, width) that fade out where the filters reach over the image's edge."""
    reach = _NEIGHBOURHOOD.shape[0] // 2
    rows, columns = np.arange(height), np.arange(width)
    to_edge = np.minimum(np.minimum(rows, rows[::-1])[:, None], np.minimum(columns, columns[::-1])[None])
    return np.clip(to_edge / reach, 0.0, 1.0).astype(np.float32) ** 2
