# SPDX-License-Identifier: Apache-2.0
"""Towels: cloths with a stripe along two ends, by which a fold is seen."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.objects.colors import color_ranges

_PIXELS = 128  # [px] edge of the texture
_SPACING = 0.04  # [m] between vertices: 49 of them on a towel of 24 × 24 cm
_AREA_DENSITY = 0.6  # [kg/m²] of terry cloth, with the water that keeps it down


def towel(
    name: str, color: str, rng: np.random.Generator, size: tuple[float, float] = (0.24, 0.24), folds: bool = True
) -> ClothModel:
    """Return a towel of `size` [m], of one colour with a light stripe near two ends."""
    count = (max(3, round(size[0] / _SPACING) + 1), max(3, round(size[1] / _SPACING) + 1))
    paint = np.asarray(color_ranges()[color].sample(rng)[:3])
    image = np.broadcast_to(paint, (_PIXELS, _PIXELS, 3)).copy()
    along = np.arange(_PIXELS) / _PIXELS
    stripe = ((along > 0.08) & (along < 0.14)) | ((along > 0.86) & (along < 0.92))
    image[:, stripe] = 0.25 * paint + 0.75
    texture = (np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)
    mass = _AREA_DENSITY * size[0] * size[1]
    return ClothModel(name, "towel", color, size, count, mass, (1.0, 1.0, 1.0, 1.0), texture, folds=folds)
