# SPDX-License-Identifier: Apache-2.0
"""A camera's image as the towers see it, the largest centred square, and boxes on it back in pixels.

Shape legend: S pixels a side of what the towers see.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from controllers.errors import ConfigError


def square_corner(height: int, width: int) -> tuple[int, int, int]:
    """Return row and column of the square's corner, and its side [px]."""
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def check_color(color: np.ndarray) -> None:
    """Raise ConfigError for what is no image (height, width, 3) uint8 RGB."""
    if color.ndim != 3 or color.shape[2] != 3 or color.dtype != np.uint8:
        raise ConfigError(f"image is {color.shape} {color.dtype}: give (height, width, 3) uint8 RGB")


def square_image(color: np.ndarray, size: int) -> Tensor:
    """Return the centred square (3, S, S) uint8 of an image (height, width, 3) uint8 RGB, scaled without aliasing."""
    check_color(color)
    row, column, side = square_corner(*color.shape[:2])
    square = torch.from_numpy(np.ascontiguousarray(color[row : row + side, column : column + side]))
    pixels = square.permute(2, 0, 1)[None].float()
    scaled = interpolate(pixels, (size, size), mode="bilinear", antialias=True, align_corners=False)
    return scaled[0].round().clamp(0, 255).to(torch.uint8)


def box_pixels(fractions: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a box (4,) [px] of the whole image from one (4,) in fractions of its square."""
    row, column, side = square_corner(height, width)
    return np.asarray(fractions) * side + np.array([column, row, column, row])


def box_fractions(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a box (4,) in fractions of the square from one (4,) [px] of the whole image, cut where the square ends."""
    row, column, side = square_corner(height, width)
    return np.clip((np.asarray(pixels) - np.array([column, row, column, row])) / side, 0.0, 1.0)
