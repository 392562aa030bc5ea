# SPDX-License-Identifier: Apache-2.0
"""Points of objects that are seen from above, and where they face. Shape legend: P points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from vla_ros.sim.candidates.still_scene import StillScene

_PITCH = 0.003  # [m] between the rays that look down
_STEEPEST = 0.2  # least upward part of a normal: steeper ones are hardly seen from above
_BEND = 0.0008  # [m] second difference of heights on the grid from which on it is an edge: a sphere of 11 mm
_AROUND, _NEIGHBOURS = 0.012, 24  # [m] and number of points over which a normal is smoothed: a lip is as large


_RATHER_NOT = 0.02  # weight of a point on an edge


@dataclass(frozen=True, eq=False)
class VisiblePoints:
    """What a camera straight above could see of the objects."""

    points: np.ndarray  # (P, 3) [m]
    normals: np.ndarray  # (P, 3) unit, outwards, the mean around a point
    objects: np.ndarray  # (P,) index
    area: np.ndarray  # (P,) [m²] of the surface that a point stands for
    clear: np.ndarray  # (P,) [m] level, to the nearest edge or other object

    def draw(self, count: int, rng: np.random.Generator, lip: float = 0.0) -> np.ndarray:
        """Draw indices (count,): half of them evenly over the surface, half evenly over the objects.

        With the radius of a `lip` [m] where it fits rather: by the cube of how much of it is clear of edges.
        """
        weight = self.area * (_RATHER_NOT + np.minimum(self.clear / lip, 1.0) ** 3 if lip > 0.0 else 1.0)
        totals = np.bincount(self.objects, weight)
        present = np.count_nonzero(totals)
        share = weight * (0.5 / weight.sum() + 0.5 / (present * totals[self.objects]))
        return rng.choice(len(weight), count, p=share / share.sum())


def visible_points(still: StillScene, among: Sequence[int] | None = None) -> VisiblePoints:
    """Look down on a grid over all objects, or over those `among` (indices)."""
    wanted = np.arange(len(still.names)) if among is None else np.unique(np.asarray(among, int))
    everywhere = np.concatenate([still.surfaces[index] for index in wanted] or [np.zeros((1, 3))])
    top = max(surface[:, 2].max() for surface in still.surfaces) + _PITCH
    low, high = everywhere.min(axis=0), everywhere.max(axis=0)
    axes = [np.arange(low[axis] - _PITCH, high[axis] + 2.0 * _PITCH, _PITCH) for axis in (0, 1)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)  # (X, Y, 2)
    through = np.column_stack([grid.reshape(-1, 2), np.full(grid[..., 0].size, top)])
    hits = still.cast(through, np.array([0.0, 0.0, -1.0]))
    height, thing = (one.reshape(grid.shape[:2]) for one in (top - hits.distance, hits.objects))
    clear = distance_transform_edt(~_edges(height, thing), sampling=_PITCH).ravel()
    up = hits.normal[:, 2]
    kept = np.isin(hits.objects, wanted) & (up > _STEEPEST)
    points = through[kept] - hits.distance[kept, None] * np.array([0.0, 0.0, 1.0])
    objects, normals = hits.objects[kept], hits.normal[kept]
    area = _PITCH**2 / up[kept]
    return VisiblePoints(points, _smoothed(points, normals, objects), objects, area, clear[kept])


def _edges(height: np.ndarray, thing: np.ndarray) -> np.ndarray:
    """Say where on the grid (X, Y) the surface bends sharply, steps, or another thing begins."""
    edges = np.zeros(height.shape, bool)
    height = np.where(np.isfinite(height), height, -1.0)
    for axis in (0, 1):
        h, t, e = (np.moveaxis(one, axis, 0) for one in (height, thing, edges))
        e[1:-1] |= np.abs(h[2:] - 2.0 * h[1:-1] + h[:-2]) > _BEND
        e[1:] |= t[1:] != t[:-1]
    return edges


def _smoothed(points: np.ndarray, normals: np.ndarray, objects: np.ndarray) -> np.ndarray:
    if not len(points):
        return normals
    near = cKDTree(points).query(points, k=_NEIGHBOURS, distance_upper_bound=_AROUND)[1]  # (P, K), P where none
    index = np.minimum(near, len(points) - 1)
    same = (near < len(points)) & (objects[index] == objects[:, None])
    mean = (normals[index] * same[..., None]).sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)
