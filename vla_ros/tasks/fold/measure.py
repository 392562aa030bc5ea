# SPDX-License-Identifier: Apache-2.0
"""How far a garment is folded: what it covers of the table, and how near the edges that are to meet have come.

Shape legend: V vertices, T triangles, E pairs of vertices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.objects.garments import fold_in_half

_CELL = 0.004  # [m] of the raster on which areas are counted
_POINTS = 10  # along an edge of a triangle: nearer to each other than a cell, for edges of up to 4 cm
_FAR = 0.5  # share of the way between two edges at which they are as far apart as in a quarter's fold


@dataclass(frozen=True, eq=False)
class FoldMeasure:
    """What folding a garment in half makes of it, against which it is measured."""

    triangles: np.ndarray  # (T, 3)
    edges: np.ndarray  # (E, 2) vertices that are to meet
    flat_area: float  # [m²] laid flat
    folded_area: float  # [m²] folded in half without an error
    distance: float  # [m] between the edges while it lies flat

    @classmethod
    def facts(cls, model: ClothModel) -> dict[str, Any]:
        """Return what a judge must know of a garment: plain values."""
        fold = fold_in_half(model)
        flat = model.flat.round(5)
        folded = flat.copy()
        folded[:, fold.along] = np.abs(folded[:, fold.along])
        triangles, edges = np.array(model.triangles), np.array(fold.edges)
        apart = np.linalg.norm(flat[edges[:, 0]] - flat[edges[:, 1]], axis=1)
        return {
            "triangles": triangles.tolist(),
            "edges": edges.tolist(),
            "flat_area": round(covered(flat, triangles), 6),
            "folded_area": round(covered(folded, triangles), 6),
            "distance": round(float(apart.mean()), 5),
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> FoldMeasure:
        """Return what plain values say."""
        return cls(**{**values, "triangles": np.array(values["triangles"]), "edges": np.array(values["edges"])})

    def coverage(self, vertices: np.ndarray) -> float:
        """Return how much of the area that folding frees is free: 0 laid flat, 1 folded, less again when crumpled."""
        freed = self.flat_area - self.folded_area
        return float(np.clip(1.0 - abs(covered(vertices[:, :2], self.triangles) - self.folded_area) / freed, 0.0, 1.0))

    def gap(self, vertices: np.ndarray) -> float:
        """Return how far apart the edges are that are to meet [m]: the mean of their vertices, seen from above."""
        one, other = vertices[self.edges[:, 0], :2], vertices[self.edges[:, 1], :2]
        return float(np.linalg.norm(one - other, axis=1).mean())

    def alignment(self, vertices: np.ndarray) -> float:
        """Return how near the edges have come: 1 where they meet, 0 at half the way that they lay apart, or more."""
        return float(np.clip(1.0 - self.gap(vertices) / (_FAR * self.distance), 0.0, 1.0))

    def folded(self, vertices: np.ndarray) -> float:
        """Return the mean of coverage and alignment of a garment (V, 3) [m] that lies on the table."""
        return (self.coverage(vertices) + self.alignment(vertices)) / 2


def covered(points: np.ndarray, triangles: np.ndarray) -> float:
    """Return the area [m²] that triangles (T, 3) of points (V, 2) [m] cover together."""
    a, b, c = points[triangles].transpose(1, 0, 2)[:, :, None]  # (T, 1, 2)
    u, v = np.meshgrid(*(np.linspace(0.0, 1.0, _POINTS),) * 2)
    inside = u + v <= 1.0 + 1e-9
    u, v = u[inside][:, None], v[inside][:, None]
    cells = np.floor((a + u * (b - a) + v * (c - a)) / _CELL).astype(np.int64).reshape(-1, 2)
    cells -= cells.min(axis=0)
    marked = np.zeros(cells.max(axis=0) + 1, dtype=bool)
    marked[cells[:, 0], cells[:, 1]] = True
    return float(marked.sum()) * _CELL**2
