# SPDX-License-Identifier: Apache-2.0
"""The cabinet of a scene: how large it is, how many drawers it has, where it stands before an arm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.fixtures import drawer_cabinet
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.lying_size import LyingSize
from vla_ros.sim.scenes.composition import Furniture
from vla_ros.sim.scenes.footprint import Obstacle
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.tasks.drawer.drawers import COLUMNS, ROWS

NAME = "cabinet"
_BOARDS = 0.016  # [m] of a cabinet's height that its bottom and its top are
_ABOVE = 0.012  # [m] that a thing is lower than the board above it, at least
_BESIDE = 0.015  # [m] that a thing is narrower, on each side, than the opened part of a drawer


@dataclass(frozen=True)
class CabinetRanges:
    """The file config/tasks/drawer_cabinets.yaml. Lengths [m], angles [degrees], the robot's base frame."""

    colors: tuple[str, ...]
    layouts: tuple[tuple[int, int], ...]  # rows and columns of drawers, each as likely as the others
    depth: tuple[float, float]
    width: tuple[float, float]  # of each column
    drawer_height: tuple[float, float]  # of each, boards between them included
    height_max: float  # of the whole cabinet
    distance: tuple[float, float]  # of the front's middle from the origin
    bearing: tuple[float, float]  # of it, to either side of straight ahead
    turn: tuple[float, float]  # of the front, away from looking at the origin
    hand: float  # before the opened drawer's handle, and to either side of it, that stays free for a hand

    def __post_init__(self) -> None:
        for color in self.colors:
            if color not in color_ranges():
                raise ConfigError(unknown_name("colors", color, color_ranges()))
        if not self.colors or not self.layouts:
            raise ConfigError("colors and layouts must name at least one each")
        for rows, columns in self.layouts:
            if rows not in ROWS or columns not in COLUMNS:
                raise ConfigError(f"layouts: at most {max(ROWS)} × {max(COLUMNS)} drawers, got {rows} × {columns}")
        for name in ("depth", "width", "drawer_height", "distance", "bearing", "turn"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"{name} must be an increasing range, got [{low:g}, {high:g}]")
        if min(self.depth[0], self.width[0], self.drawer_height[0], self.hand) <= 0.0:
            raise ConfigError("depth, width, drawer_height and hand must be above 0")
        if max(rows for rows, _ in self.layouts) * self.drawer_height[0] + _BOARDS > self.height_max:
            raise ConfigError(f"height_max: so many drawers are higher than {self.height_max:g} m")


@cache
def cabinet_ranges() -> CabinetRanges:
    """Return what cabinets are drawn from."""
    return load_config(share_directory() / "config" / "tasks" / "drawer_cabinets.yaml", CabinetRanges)


def draw_cabinet(rng: np.random.Generator) -> FixtureModel:
    """Draw a cabinet."""
    ranges = cabinet_ranges()
    rows, columns = ranges.layouts[int(rng.integers(len(ranges.layouts)))]
    highest = min(ranges.drawer_height[1], (ranges.height_max - _BOARDS) / rows)
    height = _BOARDS + rows * rng.uniform(ranges.drawer_height[0], highest)
    depth, width = rng.uniform(*ranges.depth), columns * rng.uniform(*ranges.width)
    size = (round(float(depth), 3), round(float(width), 3), round(float(height), 3))
    return drawer_cabinet(NAME, str(rng.choice(ranges.colors)), rng, size, rows, columns)


def fits(model: FixtureModel, thing: LyingSize) -> bool:
    """Say whether a thing, however it lies and is turned, has room in the opened part of each of its drawers."""
    for link in model.links:
        assert link.inside is not None  # it is a drawer's
        (_, y0, floor), (_, y1, top) = link.inside
        room = min(link.joint.range[1], y1 - y0) - 2 * _BESIDE
        if thing.widest > room or thing.tallest > top - floor - _ABOVE:
            return False
    return True


def stand(model: FixtureModel, height: float, rng: np.random.Generator) -> Furniture:
    """Draw where a cabinet stands on a table whose top is at `height` [m], and what must stay free around it."""
    ranges = cabinet_ranges()
    bearing = float(rng.choice([-1.0, 1.0])) * np.radians(rng.uniform(*ranges.bearing))
    turned = bearing + np.radians(rng.uniform(*ranges.turn))
    front = rng.uniform(*ranges.distance) * np.array([np.cos(bearing), np.sin(bearing)])
    low, high = surface_points(model.parts).min(axis=0), surface_points(model.parts).max(axis=0)
    away = np.array([np.cos(turned), np.sin(turned)])  # from the front into the cabinet
    T = np.eye(4)
    T[:2, :2] = np.column_stack([away, (-away[1], away[0])])
    T[:3, 3] = *(front - low[0] * away), height
    travel = max(link.joint.range[1] for link in model.links)
    reach = max(-link.handle[0] for link in model.links if link.handle) + travel + ranges.hand
    case = _rectangle(T, (low[0], high[0]), (low[1], high[1]))
    before = _rectangle(T, (-reach, low[0]), (low[1], high[1]))
    obstacles = Obstacle(case, height + float(high[2])), Obstacle(before, height)
    return (PlacedFixture(NAME, model, T),), obstacles


def _rectangle(T: np.ndarray, x: tuple[float, float], y: tuple[float, float]) -> np.ndarray:
    corners = np.array([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])])
    return corners @ T[:2, :2].T + T[:2, 3]
