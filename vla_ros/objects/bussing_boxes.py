# SPDX-License-Identifier: Apache-2.0
"""Bussing boxes: open cardboard boxes, their flaps folded down outside, that tableware is cleared into."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.category import categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.paint import shade
from vla_ros.objects.solids import both, painted

CATEGORY = "box"  # as it is called; the catalogue's boxes are closed cartons, or too small to hold a bowl
COLORS = ("brown", "brown", "white", "yellow", "green", "blue")  # cardboard first
SIZE = (0.42, 0.30, 0.10)  # [m] outside
_BOARD = 0.006  # [m] of floor and walls
_FLAP = (0.042, 0.0012)  # [m] how far a flap hangs down, and how far it stands out: of a drawing
_HOLE = (0.045, 0.011)  # [m] half width and half height of a hand hole, drawn
_MASS, _FRICTION = (0.9, 1.3), (0.45, 0.65)  # [kg], with what is left in it of the load that keeps it in its place


def bussing_box(rng: np.random.Generator) -> ObjectModel:
    """Draw an open box that stands on the table, its long side along x."""
    color = str(rng.choice(COLORS))
    paint = color_ranges()[color].sample(rng)
    x, y, z = (edge / 2 for edge in SIZE)
    inner = shade(paint, 0.85)
    parts = [both("box", (x, y, _BOARD / 2), inner, (0, 0, -z + _BOARD / 2), gloss=0.1)]
    tall, middle = z - _BOARD / 2, _BOARD / 2  # walls begin on the floor: a box in a box would be drawn twice
    low, out = _FLAP
    for sign in (-1.0, 1.0):
        parts.append(both("box", (x, _BOARD / 2, tall), paint, (0, sign * (y - _BOARD / 2), middle), gloss=0.1))
        parts.append(
            both("box", (_BOARD / 2, y - _BOARD, tall), paint, (sign * (x - _BOARD / 2), 0, middle), gloss=0.1)
        )
        for half, place in (
            ((x - 0.004, out / 2, low / 2), (0, sign * (y + out / 2), z - low / 2)),
            ((out / 2, y - 0.004, low / 2), (sign * (x + out / 2), 0, z - low / 2)),
        ):
            parts.append(painted("box", half, shade(paint, 1.4), place, gloss=0.1))
        hole = (out / 2 + 0.0004, *_HOLE)
        parts.append(
            painted("box", hole, (0.12, 0.11, 0.10, 1.0), (sign * (x + out / 2), 0, z - low - 0.018), gloss=0.0)
        )
    return ObjectModel(
        "bussing_box",
        CATEGORY,
        color,
        tuple(parts),
        float(rng.uniform(*_MASS)),
        float(rng.uniform(*_FRICTION)),
        graspable=False,
        shape=categories()[CATEGORY].shapes.index("open"),
    )
