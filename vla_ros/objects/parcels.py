# SPDX-License-Identifier: Apache-2.0
"""Parcels: closed cardboard boxes with tape around them and a printed shipping label on one side."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba, color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.solids import both, painted, skin

# The sides that may bear the label, as normals in the parcel's frame: a parcel's `shape` is the number of its own.
SIDES = {"top": (0, 0, 1), "bottom": (0, 0, -1), "front": (-1, 0, 0), "back": (1, 0, 0)}
_PAPER, _TAPE = 0.0006, 0.0004  # [m] that label and tape stand out, of a drawing: they are not felt
_MARGIN = 0.012  # [m] of cardboard around a label, at least
_LABEL = (0.15, 0.10)  # [m] at most
_PIXELS = (96, 144)  # [px]
_TAPE_WIDTH = 0.048  # [m]


def parcel(
    name: str,
    color: str,
    rng: np.random.Generator,
    size: tuple[float, float, float],
    side: str,
    mass: float,
    friction: float,
) -> ObjectModel:
    """Return a parcel of `size` x, y, z [m] and `mass` [kg] with its label on a side of SIDES.

    `color` is that of the label's stripe, by which the parcel is called; `friction` that of cardboard.
    """
    card = _cardboard(rng)
    half = np.array(size) / 2
    parts = [both("box", half, card, gloss=0.1)]
    parts += _tape(half, card)
    parts.append(_label(half, side, color_ranges()[color].sample(rng), rng))
    shape = list(SIDES).index(side)
    return ObjectModel(
        name, "parcel", color, tuple(parts), mass, friction, graspable=False, pads_decide=True, shape=shape
    )


def label_normal(model: ObjectModel) -> tuple[float, float, float]:
    """Return the normal of the side of a parcel that bears the label, parcel frame."""
    x, y, z = SIDES[list(SIDES)[model.shape]]
    return (float(x), float(y), float(z))


def _cardboard(rng: np.random.Generator) -> Rgba:
    shade = float(rng.uniform(0.85, 1.1))
    return (0.66 * shade, 0.50 * shade, 0.33 * shade, 1.0)


def _tape(half: np.ndarray, card: Rgba) -> list[Part]:
    """Return clear brown tape along the longest edge's middle, all around."""
    along = int(np.argmax(half[:2]))
    wide = min(_TAPE_WIDTH / 2, half[1 - along] / 3)
    size = half + _TAPE
    size[1 - along] = wide
    tint = (0.80 * card[0], 0.74 * card[1], 0.66 * card[2], 1.0)
    return [painted("box", size, tint, gloss=0.7)]


def _label(half: np.ndarray, side: str, stripe: Rgba, rng: np.random.Generator) -> Part:
    """Return the label as a thin drawn sheet whose picture is upright for who looks at that side."""
    normal = np.array(SIDES[side], dtype=float)
    axis = int(np.abs(normal).argmax())
    # Its picture's right and up: level where it stands on a side, along x and y where it lies.
    right = np.array([0.0, -1.0, 0.0]) if axis == 2 else np.cross((0.0, 0.0, 1.0), normal)
    up = np.cross(normal, right)
    room = np.array([np.abs(right) @ half, np.abs(up) @ half]) - _MARGIN
    width, height = np.minimum(room, np.array(_LABEL) / 2)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
    sheet = corners[:, :1] * width * right + corners[:, 1:] * height * up
    front, back = sheet + normal * _PAPER, sheet - normal * _PAPER
    faces = [(0, 1, 2), (0, 2, 3), (6, 5, 4), (7, 6, 4)]
    for a in range(4):
        b = (a + 1) % 4
        faces += [(b, a, a + 4), (b, a + 4, b + 4)]
    uv = np.vstack([(corners + 1) / 2] * 2)
    mesh = Mesh(np.vstack([front, back]), np.array(faces, dtype=np.int32), uv)
    return skin(mesh, (1.0, 1.0, 1.0, 1.0), _print(stripe, rng), normal * (half[axis] + 2 * _TAPE), gloss=0.4)


def _print(stripe: Rgba, rng: np.random.Generator) -> np.ndarray:
    """Return what a label shows (H, W, 3) uint8: a coloured stripe, a bar code, lines of an address, a frame."""
    height, width = _PIXELS
    image = np.full((height, width, 3), 0.95)
    image[:26] = stripe[:3]
    image[6:20, 8:46] = 0.95
    column = 10
    while column < width - 12:
        bar = int(rng.integers(1, 4))
        image[54:86, column : column + bar] = 0.05
        column += bar + int(rng.integers(1, 4))
    for row in (32, 38, 44):
        image[row : row + 3, 10 : int(rng.integers(60, 120))] = 0.25
    image[[0, 1, -2, -1]] = image[:, [0, 1, -2, -1]] = 0.1
    return (image * 255).astype(np.uint8)
