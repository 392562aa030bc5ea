# SPDX-License-Identifier: Apache-2.0
"""Procedural textures of tables, walls and floors, made with NumPy when a scene is built; they tile without a seam."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vla_ros.sim.scenes.scene import SurfaceTexture

SIZE = 256  # [px] edge of a texture
PAINT = "paint"  # the pattern of an even colour: no texture, which halves what a frame costs


def smooth_noise(size: int, cells: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return periodic noise in 0…1 with this many cells down and across: (size, size)."""
    values = rng.random(cells)
    rows, columns = np.arange(size) * cells[0] / size, np.arange(size) * cells[1] / size
    i, j = rows.astype(int), columns.astype(int)
    a, b = rows - i, columns - j
    a, b = (a * a * (3 - 2 * a))[:, None], (b * b * (3 - 2 * b))[None]
    i1, j1 = (i + 1) % cells[0], (j + 1) % cells[1]
    top = values[np.ix_(i, j)] * (1 - b) + values[np.ix_(i, j1)] * b
    bottom = values[np.ix_(i1, j)] * (1 - b) + values[np.ix_(i1, j1)] * b
    return top * (1 - a) + bottom * a


def _layers(size: int, cells: tuple[int, int], rng: np.random.Generator, octaves: int = 3) -> np.ndarray:
    noise = sum(smooth_noise(size, (cells[0] << k, cells[1] << k), rng) / 2**k for k in range(octaves))
    return noise / (2 - 2 ** (1 - octaves))


def _wood(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grain = _layers(SIZE, (24, 2), rng)
    board = np.floor(v * 4)
    joint = ((v * 4) % 1 < 0.02) * 0.5
    tone = rng.random(4)[board.astype(int)] * 0.35
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (grain * 6 + board * 0.37))
    return np.clip(0.45 * rings + 0.35 * grain + tone + joint, 0, 1)


def _laminate(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.35 * _layers(SIZE, (6, 6), rng) + 0.9 * (_layers(SIZE, (48, 48), rng) > 0.62), 0, 1)


def _cloth(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weave = np.sin(2 * np.pi * 16 * u) * np.sin(2 * np.pi * 16 * v)
    return np.clip(0.5 + 0.4 * weave + 0.2 * (_layers(SIZE, (8, 8), rng) - 0.5), 0, 1)


def _checks(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ((u * 4).astype(int) + (v * 4).astype(int)) % 2 * 1.0


def _marble(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    veins = np.abs(np.sin(2 * np.pi * (u + v) + 9 * _layers(SIZE, (3, 3), rng, 4)))
    return np.clip(1.1 - veins**0.35 + 0.3 * _layers(SIZE, (4, 4), rng), 0, 1)


def _stripes(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return ((u * 6) % 1 < rng.uniform(0.3, 0.6)) * 1.0


def _dots(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shifted = u * 4 + 0.5 * ((v * 4).astype(int) % 2)
    return (np.hypot(shifted % 1 - 0.5, (v * 4) % 1 - 0.5) < 0.28) * 1.0


def _bricks(v: np.ndarray, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row = (v * 8).astype(int)
    along = (u * 4 + 0.5 * (row % 2)) % 4
    mortar = ((v * 8) % 1 < 0.10) | (along % 1 < 0.05)
    tone = rng.random((8, 4))[row, along.astype(int)]
    return np.clip(0.45 * tone + 0.8 * mortar, 0, 1)


_PATTERNS: dict[str, Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]] = {
    "wood": _wood,
    "laminate": _laminate,
    "cloth": _cloth,
    "checks": _checks,
    "marble": _marble,
    "stripes": _stripes,
    "dots": _dots,
    "bricks": _bricks,
}


def surface_texture(surface: SurfaceTexture) -> np.ndarray:
    """Return the texture of a surface: (SIZE, SIZE, 3) uint8 RGB."""
    rng = np.random.default_rng(surface.seed)
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    mix = _PATTERNS[surface.pattern](v, u, rng)[..., None]
    fine = 1 + 0.03 * (rng.random((SIZE, SIZE, 1)) - 0.5)
    image = (np.asarray(surface.first) * (1 - mix) + np.asarray(surface.second) * mix) * fine
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)
