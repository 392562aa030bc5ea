# SPDX-License-Identifier: Apache-2.0
"""Filled plastic bags: pillows with a seam around them and wrinkles. Rigid here, as a full bag nearly is."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import color_ranges
from vla_ros.objects.hull import convex_hull
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.solids import skin

_GRID = 33  # points along either edge of each side
_EDGE = 0.0015  # [m] half of the seam's thickness
_FULLNESS = 0.45  # exponent of the thickness towards the seam: smaller is fuller
_WRINKLES = 14  # waves that are drawn into a side
_WAVE = (18.0, 70.0)  # [rad/m] wave numbers: waves of 9 to 35 cm, of which each half is a wrinkle


def bag(name: str, color: str, rng: np.random.Generator, size: tuple[float, float, float], mass: float) -> ObjectModel:
    """Return a bag of about `size` x, y, z [m] and `mass` [kg]; z is its thickness in the middle.

    What collides is its hull; what is drawn, and what a cup meets, has wrinkles of up to a millimetre or two.
    """
    u, v = np.meshgrid(np.linspace(-1, 1, _GRID), np.linspace(-1, 1, _GRID), indexing="ij")
    thick = ((1 - u**2) * (1 - v**2)) ** _FULLNESS * (size[2] / 2 - _EDGE) + _EDGE
    wrinkles = [_wrinkled(u * size[0] / 2, v * size[1] / 2, rng) * float(rng.uniform(0.3, 1.0)) for _ in range(2)]
    inside = ((1 - u**2) * (1 - v**2)) ** 0.5
    # Sides are pulled in where the bag is full, as a pillow's are.
    x, y = u * size[0] / 2 * (1 - 0.08 * (1 - v**2)), v * size[1] / 2 * (1 - 0.08 * (1 - u**2))
    top = np.stack([x, y, thick + 1e-3 * wrinkles[0] * inside], axis=-1).reshape(-1, 3)
    bottom = np.stack([x, y, -thick + 1e-3 * wrinkles[1] * inside], axis=-1).reshape(-1, 3)
    mesh = _closed(top, bottom)
    paint = color_ranges()[color].sample(rng)
    hull = Part("mesh", mesh=convex_hull(np.vstack([top, bottom]), 80), visible=False)
    drawn = skin(mesh, paint, gloss=0.8)
    return ObjectModel(name, "bag", color, (hull, drawn), mass, float(rng.uniform(0.35, 0.55)))


def _wrinkled(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a height of about unit size: waves of many directions, of which crests are sharper than troughs."""
    height = np.zeros_like(x)
    for _ in range(_WRINKLES):
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        number = rng.uniform(*_WAVE)
        height += 1 - 2 * np.abs(np.sin(number * (x * np.cos(angle) + y * np.sin(angle)) + phase))
    return height / np.sqrt(_WRINKLES)


def _closed(top: np.ndarray, bottom: np.ndarray) -> Mesh:
    """Return both sides (N, 3) as one closed surface."""
    number = np.arange(_GRID * _GRID).reshape(_GRID, _GRID)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    up = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    low = up[:, ::-1] + len(top)
    border = np.concatenate([number[:-1, 0], number[-1, :-1], number[:0:-1, -1], number[0, :0:-1]])
    after = np.roll(border, -1)
    seam = np.concatenate(
        [np.stack([border, border + len(top), after], -1), np.stack([after, border + len(top), after + len(top)], -1)]
    )
    return Mesh(np.vstack([top, bottom]), np.concatenate([up, low, seam]).astype(np.int32))
