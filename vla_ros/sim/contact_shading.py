# SPDX-License-Identifier: Apache-2.0
"""Soft shade where something stands on or in front of something else, computed from the depth image.

Luft, Colditz, Deussen 2006, "Image enhancement by unsharp masking the depth buffer": a pixel further away than its
surroundings is darkened. It ties objects to the table for a millisecond; a shadow map rendered in software takes thirty.
"""

from __future__ import annotations

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
    mean = cv2.blur(cv2.blur(z, _WIDE), _NARROW)
    nearest = cv2.erode(z, _NEIGHBOURHOOD)
    occlusion = np.clip((1.0 - mean / z - _PLAIN) * np.float32(1.0 / (_FULL - _PLAIN)), 0.0, 1.0)
    occlusion *= np.clip((np.float32(_JUMP) - (z - nearest)) * np.float32(2.0 / _JUMP), 0.0, 1.0)
    light = cv2.convertScaleAbs(occlusion, alpha=-255.0 * _DARKEST, beta=255.0)
    light = cv2.resize(light, (width, height))
    return cv2.multiply(color, cv2.merge((light, light, light)), scale=1.0 / 255.0)
