# SPDX-License-Identifier: Apache-2.0
"""Trays, plates and bins: low things with a floor and a wall, to put something into or onto."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.shapes import lathe
from vla_ros.objects.solids import both, skin, solid, walls

_FLOOR = 0.006  # [m] thickness: what rests on it is seen to be off the table


def tray(shape: str, paint: Paint) -> list[Part]:
    """A tray with a low wall, its long side along x."""
    length, width = {"oblong": (0.27, 0.19), "square": (0.20, 0.20)}[shape]
    return _open_box(length, width, 0.026, 0.007, paint)


def storage_bin(shape: str, paint: Paint) -> list[Part]:
    """A bin whose wall is as high as fingers are long, its long side along x."""
    length, width = {"square": (0.17, 0.17), "oblong": (0.22, 0.16)}[shape]
    return _open_box(length, width, 0.055, 0.005, paint)


def plate(shape: str, paint: Paint) -> list[Part]:
    """A round plate with a slanted rim."""
    foot, rim, height = {"dinner": (0.080, 0.112, 0.020), "deep": (0.070, 0.098, 0.030)}[shape]
    h = height / 2
    outside = [(0.0, -h), (foot, -h), (rim, h - 0.003), (rim, h)]
    inside = [(rim, h), (foot + 0.002, -h + _FLOOR), (0.0, -h + _FLOOR)]
    floor = solid("cylinder", (foot, _FLOOR / 2), (0.0, 0.0, -h + _FLOOR / 2))
    rim_parts = walls(foot, rim, -h + 0.003, h, 0.005, panels=12)
    main = skin(lathe(outside), paint.main, gloss=0.7)
    return [main, skin(lathe(inside), shade(paint.main, 1.1), gloss=0.7), floor, *rim_parts]


def _open_box(length: float, width: float, height: float, wall: float, paint: Paint) -> list[Part]:
    """Return a box without a lid: outer lengths [m], standing on z = −height/2."""
    half = np.array([length, width, height]) / 2
    floor = both(
        "box", (half[0], half[1], _FLOOR / 2), shade(paint.main, 0.9), (0, 0, -half[2] + _FLOOR / 2), gloss=0.3
    )
    parts = [floor]
    for sign in (-1.0, 1.0):
        # Walls begin on the floor: a box in a box would be drawn twice.
        tall, middle = half[2] - _FLOOR / 2, _FLOOR / 2
        along = (half[0], wall / 2, tall), (0.0, sign * (half[1] - wall / 2), middle)
        across = (wall / 2, half[1] - wall, tall), (sign * (half[0] - wall / 2), 0.0, middle)
        parts += [both("box", size, paint.main, position, gloss=0.3) for size, position in (along, across)]
    return parts
