# SPDX-License-Identifier: Apache-2.0
"""A hanger that stands on its rack: a round bar between two posts, over which a garment is laid."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.colors import Rgba, color_ranges
from vla_ros.objects.paint import shade
from vla_ros.objects.solids import ALONG_Y, both

BAR = 0.009  # [m] radius of the bar
FRICTION = 0.5  # sliding, of the bar's velvet against cotton
_POST, _FOOT = (0.008, 0.008), (0.08, 0.012, 0.005)  # [m] half edges: of a post along x and y, of a foot
_METAL: Rgba = (0.72, 0.73, 0.76, 1.0)


def hanger(name: str, color: str, rng: np.random.Generator, length: float, height: float) -> FixtureModel:
    """Return a hanger whose bar runs along y for `length` [m] between its posts, its axis `height` [m] above ground."""
    paint = color_ranges()[color].sample(rng)
    # A cylinder: through one capsule or box of this length cloth passes as though it were not there.
    parts = [both("cylinder", (BAR, length / 2), paint, (0, 0, height), ALONG_Y, gloss=0.0)]
    tall = (height + BAR - 2 * _FOOT[2]) / 2
    for side in (-1.0, 1.0):
        y = side * (length / 2 + _POST[1])
        parts.append(both("box", (*_POST, tall), _METAL, (0, y, 2 * _FOOT[2] + tall), gloss=0.8))
        parts.append(both("box", _FOOT, shade(_METAL, 0.7), (0, y, _FOOT[2])))
    return FixtureModel(name, "hanger", color, tuple(parts), (), FRICTION)
