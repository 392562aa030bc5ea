# SPDX-License-Identifier: Apache-2.0
"""Serving trays that two hands carry: a low rim all around, an upright board at either end that fingers hold."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.paint import shade
from vla_ros.objects.solids import both

HEIGHT = 0.060  # [m] of the boards, from below
BOARD = 0.010  # [m] thickness of boards and rim
_FLOOR, _RIM, _HANDLE = 0.008, 0.022, 0.10  # [m] thickness, height, length along x
_MAT = 0.001  # [m] thickness
_FRAME = 0.012  # [m] of a mat's border


def serving_tray(
    name: str, color: str, rng: np.random.Generator, size: tuple[float, float], mass: float, friction: float
) -> ObjectModel:
    """Return a tray of `size` [m] along x and y, between the boards that hands hold; `mass` [kg]."""
    paint = color_ranges()[color].sample(rng)
    bright = shade(paint, 1.25)
    x, y, low = size[0] / 2, size[1] / 2, -HEIGHT / 2
    parts = [both("box", (x, y, _FLOOR / 2), paint, (0, 0, low + _FLOOR / 2))]
    tall = (_RIM - _FLOOR) / 2
    for sign in (-1.0, 1.0):
        middle = low + _FLOOR + tall
        parts.append(both("box", (BOARD / 2, y - BOARD, tall), bright, (sign * (x - BOARD / 2), 0, middle)))
        parts.append(both("box", (x, BOARD / 2, tall), bright, (0, sign * (y - BOARD / 2), middle)))
        up = (HEIGHT - _RIM) / 2
        parts.append(both("box", (_HANDLE / 2, BOARD / 2, up), bright, (0, sign * (y - BOARD / 2), low + _RIM + up)))
    return ObjectModel(name, "serving tray", color, tuple(parts), mass, friction, graspable=False, pads_decide=True)


def handle(model: ObjectModel, side: int) -> np.ndarray:
    """Return the top of a board's middle (3,) [m], tray frame; `side`: 0 on its +y, 1 on its -y."""
    return np.array([0.0, (1.0 if side == 0 else -1.0) * (model.size[1] - BOARD) / 2, HEIGHT / 2])


def place_mat(name: str, color: str, rng: np.random.Generator, size: tuple[float, float]) -> FixtureModel:
    """Return a mat of `size` [m] along x and y that marks where something goes, its frame on the table."""
    paint = color_ranges()[color].sample(rng)
    x, y = size[0] / 2, size[1] / 2
    parts = (
        both("box", (x, y, _MAT / 2), paint, (0, 0, _MAT / 2), gloss=0.0),
        both("box", (x - _FRAME, y - _FRAME, _MAT / 2), shade(paint, 1.5), (0, 0, _MAT / 2 + 0.0002), gloss=0.0),
    )
    return FixtureModel(name, "place mat", color, parts, ())
