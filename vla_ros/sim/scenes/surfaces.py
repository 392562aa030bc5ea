# SPDX-License-Identifier: Apache-2.0
"""What tables, walls and floors look like: common coverings, and others that no training scene has."""

from __future__ import annotations

import colorsys

import numpy as np

from vla_ros.sim.scenes.scene import Rgb, SurfaceTexture
from vla_ros.sim.scenes.textures import PAINT

# Two disjoint families of patterns: `unseen` is for the background set alone.
PATTERNS = {"common": ("wood", PAINT, "laminate", "cloth"), "unseen": ("checks", "marble", "stripes", "dots", "bricks")}

_WOODS = ((0.66, 0.48, 0.31), (0.56, 0.39, 0.25), (0.72, 0.58, 0.42), (0.44, 0.30, 0.20))


def _neutral(rng: np.random.Generator, low: float, high: float, saturation: float) -> Rgb:
    return colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0, saturation), rng.uniform(low, high))


def _shaded(color: Rgb, factor: float) -> Rgb:
    r, g, b = (float(np.clip(channel * factor, 0, 1)) for channel in color)
    return r, g, b


def sample_surface(family: str, rng: np.random.Generator, wall: bool = False) -> SurfaceTexture:
    """Draw a covering of this family: common or unseen."""
    choices = PATTERNS[family]
    pattern = str(rng.choice(choices)) if family == "unseen" or not wall else PAINT
    if pattern == "wood":
        first = _shaded(_WOODS[int(rng.integers(len(_WOODS)))], rng.uniform(0.9, 1.1))
    elif family == "common":
        first = _neutral(rng, 0.74, 0.95, 0.12) if wall else _neutral(rng, 0.45, 0.74, 0.14)
    else:
        first = _neutral(rng, 0.40, 0.85, 0.35)
    contrast = {"wood": 0.78, "laminate": 0.85, "cloth": 0.86}.get(pattern, rng.uniform(0.60, 0.80))
    scale = {"wood": 0.60, "laminate": 0.35, "cloth": 0.08}.get(pattern, rng.uniform(0.10, 0.30))
    if pattern == "marble":
        scale = 0.70
    factor = 2.0 if wall else 1.0
    return SurfaceTexture(pattern, first, _shaded(first, contrast), float(scale * factor), int(rng.integers(2**31)))
