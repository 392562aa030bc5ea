# SPDX-License-Identifier: Apache-2.0
"""What covers an object's main colour: materials, patterns, printed labels. Each keeps the colour on most of it.

Shape legend: H × W pixels; u runs across and v up the picture, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vla_ros.objects.colors import Rgba

Painter = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def decorate(name: str, height: int, width: int, main: Rgba, accent: Rgba, rng: np.random.Generator) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 of a decoration in two colours."""
    v, u = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    painter = DECORATIONS[name]
    if painter is None:
        raise ValueError(f"decoration '{name}' has no picture")
    image = painter(1.0 - v, u, np.asarray(main[:3]), np.asarray(accent[:3]), rng)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _mixed(main: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    weight = np.asarray(share, dtype=float)[..., None]
    return main * (1 - weight) + other * weight


def _noise(u: np.ndarray, cells: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise in 0…1 with this many cells down and across, seamless around: as u."""
    values = rng.random((cells[0] + 1, cells[1]))
    rows = np.linspace(0, cells[0] - 1e-6, u.shape[0])
    columns = np.arange(u.shape[1]) * cells[1] / u.shape[1]
    i, j = rows.astype(int), columns.astype(int)
    a, b = (rows - i)[:, None], (columns - j)[None]
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
    j1 = (j + 1) % cells[1]
    top = values[np.ix_(i, j)] * (1 - b) + values[np.ix_(i, j1)] * b
    bottom = values[np.ix_(i + 1, j)] * (1 - b) + values[np.ix_(i + 1, j1)] * b
    return top * (1 - a) + bottom * a


# -- training's ------------------------------------------------------------------------------------------------------


def _dots(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    across, up = int(rng.integers(5, 8)), int(rng.integers(3, 6))
    row = (v * up).astype(int)
    spots = np.hypot((u * across + 0.5 * (row % 2)) % 1 - 0.5, ((v * up) % 1 - 0.5)) < 0.26
    return _mixed(main, accent, spots)


def _bands(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count = int(rng.integers(2, 5))
    return _mixed(main, accent, (v * count + rng.uniform()) % 1 < 0.24)


def _checker(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    cells = int(rng.integers(3, 5)) * 2
    field = ((u * cells).astype(int) + (v * cells).astype(int)) % 2 == 0
    return _mixed(main, accent, 0.55 * field * (np.abs(v - 0.5) < 0.3))


def _wood(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grain = _noise(u, (4, 10), rng) + 0.4 * _noise(u, (8, 28), rng)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (grain * 3 + u * 3))
    return main * (1.05 - 0.38 * rings**2)[..., None]


def _brushed(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    lines = rng.random((u.shape[0], 1)) * 0.24 + 0.06 * rng.random(u.shape)
    sheen = 0.18 * (0.5 + 0.5 * np.cos(4 * np.pi * u))
    return main * (0.88 + lines + sheen - 0.15)[..., None] + 0.10 * sheen[..., None]


def _freckles(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    spots = np.zeros(u.shape)
    for x, y, size in zip(rng.random(70), rng.random(70), rng.uniform(0.006, 0.014, 70), strict=True):
        spots += np.hypot((u - x + 0.5) % 1 - 0.5, v - y) < size
    return _mixed(main, main * 0.45, np.minimum(spots, 1) * 0.8)


# -- evaluation's ----------------------------------------------------------------------------------------------------


def _stripes(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    count, lean = int(rng.integers(5, 9)), int(rng.integers(-2, 3))
    return _mixed(main, accent, (u * count + v * lean) % 1 < 0.30)


def _speckle(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    grains = rng.random((u.shape[0] // 2 + 1, u.shape[1] // 2 + 1)).repeat(2, 0).repeat(2, 1)
    grains = grains[: u.shape[0], : u.shape[1]]
    return _mixed(_mixed(main, main * 0.4, grains < 0.10), accent, grains > 0.90)


def _zigzag(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    teeth, rows = int(rng.integers(5, 9)), int(rng.integers(2, 4))
    wave = np.abs((u * teeth) % 1 - 0.5)
    return _mixed(main, accent, (v * rows + 0.5 * wave) % 1 < 0.26)


def _patches(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    cloud = _noise(u, (4, 6), rng)
    return _mixed(_mixed(main, main * 0.6, cloud < 0.32), accent, cloud > 0.70)


def _panel(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A printed label: an oval panel with a bar and lines of text."""
    x = (u * (2 if u.shape[1] > u.shape[0] else 1)) % 1 - 0.5
    oval = np.hypot(x / 0.40, (v - 0.58) / 0.24) < 1
    image = _mixed(main, accent, oval & ~(np.hypot(x / 0.33, (v - 0.58) / 0.18) < 1))
    image = _mixed(image, accent, (np.abs(v - 0.58) < 0.035) & (np.abs(x) < 0.24))
    text = (np.abs(x) < 0.26) & (np.sin(40 * x + rng.uniform(0, 6)) > -0.4)
    for line in (0.26, 0.19, 0.12):
        image = _mixed(image, accent * 0.7, text & (np.abs(v - line) < 0.013))
    return image


def _diagonal(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A printed label: a slanted field, a line beside it, a dot."""
    x = (u * (2 if u.shape[1] > u.shape[0] else 1)) % 1
    lean = v + 0.7 * (x - 0.5)
    image = _mixed(main, accent, np.abs(lean - 0.45) < 0.10)
    image = _mixed(image, main * 0.55, np.abs(lean - 0.61) < 0.025)
    return _mixed(image, accent, np.hypot(x - 0.26, v - 0.84) < 0.075)


def _rays(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A printed label: rays around a disc."""
    x = (u * (2 if u.shape[1] > u.shape[0] else 1)) % 1 - 0.5
    away, angle = np.hypot(x, v - 0.5), np.arctan2(v - 0.5, x)
    image = _mixed(main, accent, (np.sin(9 * angle) > 0.35) & (away > 0.24) & (away < 0.48))
    return _mixed(image, accent, away < 0.15)


def _glassy(v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coloured glass, as it looks: deeper at the foot, light running down it."""
    light = np.exp(-(((u * 3 + rng.uniform()) % 1 - 0.3) ** 2) / 0.006) + 0.5 * (v > 0.9)
    return _mixed(main * (0.82 + 0.30 * v)[..., None], np.ones(3), 0.38 * np.clip(light, 0, 1))


def _hammered(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    dents = _noise(u, (12, 20), rng)
    return main * (0.72 + 0.5 * dents)[..., None] + 0.12 * (dents > 0.7)[..., None]


def _mottled(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    cloud = 0.6 * _noise(u, (5, 7), rng) + 0.4 * _noise(u, (11, 17), rng)
    return main * (0.78 + 0.38 * cloud)[..., None]


def _streaks(
    v: np.ndarray, u: np.ndarray, main: np.ndarray, accent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    lines = _noise(u, (2, 36), rng)
    return main * (1.06 - 0.36 * (lines > 0.62))[..., None]


DECORATIONS: dict[str, Painter | None] = {
    "plain": None,  # the recipe's own trim, and the first kind of printed label
    "dots": _dots, "bands": _bands, "checker": _checker, "wood": _wood, "brushed": _brushed, "freckles": _freckles,
    "stripes": _stripes, "speckle": _speckle, "zigzag": _zigzag, "patches": _patches, "panel": _panel,
    "diagonal": _diagonal, "rays": _rays, "glassy": _glassy, "hammered": _hammered, "mottled": _mottled,
    "streaks": _streaks,
}  # fmt: skip
