# SPDX-License-Identifier: Apache-2.0
"""A camera's picture as the released network sees it, scaled by PIL's Lanczos filter, and boxes on it back in pixels.

Whole pictures are padded to a square at random places there (`resize_with_bbox`), in the middle here. Square ones, as
its clients send them, are the same.

Shape legend: S pixels a side of what the towers see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vla_ros.policies.graspvla.full.square_image import check_color, square_corner


@dataclass(frozen=True)
class Fit:
    """How the pictures of one shape come into the square: the part that is kept [px], and where it lies there."""

    row: int
    column: int
    height: int
    width: int
    scaled_height: int
    scaled_width: int
    size: int

    @classmethod
    def of(cls, height: int, width: int, size: int, fit: str) -> Fit:
        """Fit pictures (height, width) into a square of `size` px: cut to their centred square, or whole."""
        if fit == "crop":
            row, column, side = square_corner(height, width)
            return cls(row, column, side, side, size, size, size)
        ratio = min(size / width, size / height)
        rows, columns = (max(1, int(length * ratio + 1e-6)) for length in (height, width))
        return cls(0, 0, height, width, rows, columns, size)

    @property
    def corner(self) -> tuple[int, int]:
        """Return row and column [px] of the square where the picture begins."""
        return (self.size - self.scaled_height) // 2, (self.size - self.scaled_width) // 2


def released_picture(color: np.ndarray, size: int, fit: str) -> Tensor:
    """Return the square (3, S, S) uint8 of a picture (height, width, 3) uint8 RGB. Raises ConfigError for another."""
    check_color(color)
    one = Fit.of(color.shape[0], color.shape[1], size, fit)
    kept = np.ascontiguousarray(color[one.row : one.row + one.height, one.column : one.column + one.width])
    scaled = Image.fromarray(kept).resize((one.scaled_width, one.scaled_height), Image.Resampling.LANCZOS)
    square = np.zeros((size, size, 3), dtype=np.uint8)
    top, left = one.corner
    square[top : top + one.scaled_height, left : left + one.scaled_width] = np.asarray(scaled)
    return torch.from_numpy(square).permute(2, 0, 1)


def released_box_pixels(fractions: np.ndarray, shape: tuple[int, ...], size: int, fit: str) -> np.ndarray:
    """Return a box (4,) [px] of a picture of `shape` (height, width, …) from one (4,) in fractions of its square."""
    one = Fit.of(shape[0], shape[1], size, fit)
    top, left = one.corner
    scale = np.array([one.width / one.scaled_width, one.height / one.scaled_height] * 2)
    begins = np.array([one.column, one.row] * 2)
    return (np.asarray(fractions) * size - np.array([left, top] * 2)) * scale + begins
