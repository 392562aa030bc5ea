# SPDX-License-Identifier: Apache-2.0
"""A container that things are put into, and how high it is filled: a height map of it.

Frame: in the middle of the floor's upper side, z up, as a tote's. Shape legend: X, Y cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.totes import ToteSize
from vla_ros.sim.candidates.still_scene import StillScene

PITCH = 0.005  # [m] between cells
_MARGIN = 0.06  # [m] that the map reaches beyond the walls' inner sides


@dataclass(frozen=True, eq=False)
class Container:
    """Where it stands, and its room."""

    T_base_container: np.ndarray  # (4, 4)
    inside: tuple[float, float, float]  # [m] along x, along y, depth

    @classmethod
    def of(cls, still: StillScene, name: str, size: ToteSize) -> Container:
        """Return a scene's tote by the name of its fixture. Raises ConfigError for a name that is none."""
        for fixture in still.scene.fixtures:
            if fixture.name == name:
                return cls(size.floor(fixture.T_base_fixture), size.inside)
        raise ConfigError(unknown_name("fixture", name, [fixture.name for fixture in still.scene.fixtures]))


@dataclass(frozen=True, eq=False)
class HeightMap:
    """How high a container is filled, and its walls stand."""

    x: np.ndarray  # (X,) [m] of the cells' middles
    y: np.ndarray  # (Y,)
    heights: np.ndarray  # (X, Y) [m] above the floor
    inside: np.ndarray  # (X, Y) bool: between the walls

    def around(self, center: np.ndarray, radius: float) -> tuple[slice, slice]:
        """Return the cells no further from a point (2,) [m] than a radius [m] along either axis."""
        return tuple(  # type: ignore[return-value]  # two of them
            slice(*np.searchsorted(axis, (middle - radius, middle + radius)))
            for axis, middle in zip((self.x, self.y), center, strict=True)
        )


def height_map(still: StillScene, container: Container) -> HeightMap:
    """Look straight down into a container."""
    length, width, depth = container.inside
    x, y = (np.arange(-edge / 2 - _MARGIN, edge / 2 + _MARGIN, PITCH) + PITCH / 2 for edge in (length, width))
    grid = np.stack([*np.meshgrid(x, y, indexing="ij"), np.full((len(x), len(y)), depth)], axis=-1)
    R, place = container.T_base_container[:3, :3], container.T_base_container[:3, 3]
    hits = still.cast(grid.reshape(-1, 3) @ R.T + place, -R[:, 2])
    inside = (np.abs(grid[..., 0]) < length / 2) & (np.abs(grid[..., 1]) < width / 2)
    return HeightMap(x, y, depth - hits.distance.reshape(inside.shape), inside)
