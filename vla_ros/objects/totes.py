# SPDX-License-Identifier: Apache-2.0
"""Totes: open plastic containers that things are picked from and put into. They stand still where they are put."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.paint import shade
from vla_ros.objects.solids import both, painted, solid

SOURCE, DESTINATION = TOTES = ("source", "destination")  # of a cell: what is picked from, and what is put into
RIM = (0.010, 0.014)  # [m] how far the rim stands out, and its height: of a drawing
_RIB = (0.003, 0.010)  # [m] how far a rib stands out of the wall, and its width: drawn
_RIB_SPACING = 0.08  # [m]
_FLOOR = 0.06  # [m] that a tote's floor collides below its upper side


@dataclass(frozen=True)
class ToteSize:
    """A tote's room. Its frame: in the middle of its floor's upper side, z up. Raises ConfigError for no room."""

    inside: tuple[float, float, float] = (0.27, 0.36, 0.14)  # [m] along x, along y, depth
    wall: float = 0.005  # [m]

    def __post_init__(self) -> None:
        if not all(0.0 < length < np.inf for length in (*self.inside, self.wall)):
            raise ConfigError(f"a tote's lengths must be above 0 m, got {self.inside} and walls of {self.wall}")

    @property
    def outside(self) -> tuple[float, float]:
        """Return how much of the table it takes along x and y [m]."""
        x, y, _ = self.inside
        return x + 2 * self.wall, y + 2 * self.wall

    def floor(self, T_base_fixture: np.ndarray) -> np.ndarray:
        """Return T_base_tote (4, 4), in the middle of the floor, of a tote whose fixture stands there (4, 4)."""
        T = T_base_fixture.copy()
        T[:3, 3] += self.wall * T[:3, 2]
        return T

    def contains(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Say which points (N, 3) [m] of its frame lie between its walls, `margin` [m] off them: (N,) bool."""
        half = np.array(self.inside[:2]) / 2 - margin
        return np.all(np.abs(points[:, :2]) <= half, axis=1)


def tote(name: str, color: str, rng: np.random.Generator, size: ToteSize | None = None) -> FixtureModel:
    """Return a tote whose fixture frame, on the table, is `wall` [m] below the middle of its floor."""
    size = size or ToteSize()
    paint = color_ranges()[color].sample(rng)
    inner = shade(paint, 0.8)
    x, y = size.inside[0] / 2, size.inside[1] / 2
    wall, deep = size.wall, size.inside[2]
    # What falls fast would stand in a thin floor and be wedged between it and the table: it collides further down.
    parts = [
        painted("box", (x + wall, y + wall, wall / 2), inner, (0, 0, wall / 2), gloss=0.2),
        solid("box", (x + wall, y + wall, _FLOOR / 2), (0, 0, wall - _FLOOR / 2)),
    ]
    tall, middle = deep / 2, wall + deep / 2
    out, thick = RIM[0] / 2, RIM[1] / 2
    for sign in (-1.0, 1.0):
        across, along = sign * (x + wall / 2), sign * (y + wall / 2)
        parts.append(both("box", (wall / 2, y + wall, tall), paint, (across, 0, middle), gloss=0.2))
        parts.append(both("box", (x, wall / 2, tall), paint, (0, along, middle), gloss=0.2))
        top = wall + deep - thick
        rim = shade(paint, 1.2)
        parts.append(painted("box", (out, y + wall, thick), rim, (sign * (x + wall + out), 0, top)))
        parts.append(painted("box", (x + wall, out, thick), rim, (0, sign * (y + wall + out), top)))
        half, wide = _RIB[0] / 2, _RIB[1] / 2
        for place in np.arange(-y + _RIB_SPACING / 2, y, _RIB_SPACING):
            rib = (sign * (x + wall + half), float(place), middle - thick)
            parts.append(painted("box", (half, wide, tall - thick), shade(paint, 0.9), rib))
    return FixtureModel(name, "tote", color, tuple(parts), ())
