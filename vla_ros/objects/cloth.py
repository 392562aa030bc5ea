# SPDX-License-Identifier: Apache-2.0
"""What a cloth is: a sheet of threads that bends freely and hardly stretches. Descriptions only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controllers.errors import ConfigError

# With more a physics step of 1 ms takes longer than that on one core (docs/objects.md).
VERTICES_MAX = 81


@dataclass(frozen=True, eq=False)
class ClothModel:
    """One cloth cut from a rectangle; its frame lies in the rectangle's middle, the cloth flat in x and y."""

    name: str
    category: str
    color: str  # word of the dominant colour
    size: tuple[float, float]  # [m] along x and y
    count: tuple[int, int]  # vertices along x and y
    mass: float  # [kg]
    rgba: tuple[float, ...] = (0.8, 0.8, 0.8, 1.0)
    texture: np.ndarray | None = None  # (H, W, 3) uint8 RGB over all of it; tinted by rgba
    thickness: float = 0.004  # [m]
    friction: float = 0.6  # sliding, against table and objects; fingers' pads hold it at their own
    folds: bool = True  # its layers lie upon one another; without they pass through
    lies_by_vertices: bool = False  # on tables: a third of the cost, for cloths that are pinched at their vertices
    # For what hangs from two hands or over a bar: others' threads nearly double their length under all of its weight.
    firm_threads: bool = False
    drag: float = 0.0  # [1/s] at which air and threads take speed: without, what hangs swings on
    left_out: frozenset[tuple[int, int]] = frozenset()  # vertices (row, column) that were cut away with all around them

    def __post_init__(self) -> None:
        rows, columns = self.count
        if min(self.count) < 3 or len(self.grid) > VERTICES_MAX:
            raise ConfigError(
                f"cloth {self.name}: count must be 3 or more each way and {VERTICES_MAX} in all, got {rows} × {columns}"
            )
        if loose := set(range(len(self.grid))) - {vertex for triangle in self.triangles for vertex in triangle}:
            row, column = self.grid[min(loose)]
            raise ConfigError(f"cloth {self.name}: vertex ({row}, {column}) hangs on nothing: leave it out too")
        spacing = min(self.spacing)
        if not 0.001 <= self.thickness < spacing:
            raise ConfigError(
                f"cloth {self.name}: thickness must be 1 mm or more and less than what lies between two vertices "
                f"({1e3 * spacing:.0f} mm), got {1e3 * self.thickness:g} mm"
            )
        if not self.drag >= 0.0:
            raise ConfigError(f"cloth {self.name}: drag must be 0 per second or more, got {self.drag:g}")
        if not self.mass >= 0.01:
            raise ConfigError(f"cloth {self.name}: mass must be 0.01 kg or more, got {self.mass:g}")

    @property
    def spacing(self) -> tuple[float, float]:
        """Return what lies between two vertices [m], along x and y."""
        (length, width), (rows, columns) = self.size, self.count
        return length / (rows - 1), width / (columns - 1)

    @cached_property
    def grid(self) -> tuple[tuple[int, int], ...]:
        """Return row, along x, and column, along y, of each of its vertices (V, 2)."""
        rows, columns = self.count
        return tuple((i, j) for i in range(rows) for j in range(columns) if (i, j) not in self.left_out)

    @cached_property
    def vertex(self) -> dict[tuple[int, int], int]:
        """Return which vertex is at a row and a column."""
        return {place: index for index, place in enumerate(self.grid)}

    @cached_property
    def flat(self) -> np.ndarray:
        """Return where its vertices are while it lies flat (V, 2) [m], in its own frame."""
        return (np.array(self.grid) - (np.array(self.count) - 1) / 2) * self.spacing

    @cached_property
    def triangles(self) -> tuple[tuple[int, int, int], ...]:
        """Return its triangles (T, 3) of vertices: two a cell, one where one of the cell's corners was cut away."""
        found: list[tuple[int, int, int]] = []
        rows, columns = self.count
        for i in range(rows - 1):
            for j in range(columns - 1):
                around = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
                here = [self.vertex[place] for place in around if place in self.vertex]
                if len(here) == 4:
                    a, b, c, d = here
                    found += [(a, b, c), (a, c, d)]
                elif len(here) == 3:
                    found.append((here[0], here[1], here[2]))
        return tuple(found)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Return which vertices are its corners: −x −y, −x +y, +x −y, +x +y."""
        last_row, last_column = self.count[0] - 1, self.count[1] - 1
        places = ((0, 0), (0, last_column), (last_row, 0), (last_row, last_column))
        if cut := self.left_out.intersection(places):
            raise ConfigError(f"cloth {self.name}: corner {min(cut)} was cut away")
        a, b, c, d = (self.vertex[place] for place in places)
        return a, b, c, d
