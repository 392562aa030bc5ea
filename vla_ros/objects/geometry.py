# SPDX-License-Identifier: Apache-2.0
"""Geometry of parts: points on the surface, volumes, footprints, lowest points."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.transform import Rotation

from vla_ros.objects.parts import Part

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
_RING = np.stack([np.cos(np.arange(24) * np.pi / 12), np.sin(np.arange(24) * np.pi / 12)], axis=1)  # (24, 2)


def _unit_sphere(rows: int = 9, columns: int = 16) -> np.ndarray:
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    directions = [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)]
    return np.stack(directions, axis=-1).reshape(-1, 3)


_SPHERE = _unit_sphere()


def _part_points(part: Part) -> np.ndarray:
    """Return points whose convex hull is the part, to within a few per cent of its radius, part frame."""
    size = part.size
    if part.shape == "box":
        return _CORNERS * size
    if part.shape == "sphere":
        return _SPHERE * size[0]
    if part.shape == "ellipsoid":
        return _SPHERE * size
    if part.shape == "cylinder":
        return np.concatenate([np.column_stack([_RING * size[0], np.full(24, z)]) for z in (-size[1], size[1])])
    if part.shape == "capsule":
        shift = np.sign(_SPHERE[:, 2:]) * (0, 0, size[1])
        return _SPHERE * size[0] + shift
    if part.mesh is None:
        raise ValueError("a mesh part needs a mesh")
    return part.mesh.vertices


def surface_points(parts: Iterable[Part], colliding: bool = True) -> np.ndarray:
    """Return surface points of the parts, object frame [m]: (P, 3). Every convex part's hull is spanned."""
    chosen = [part for part in parts if part.collide or not colliding]
    points = [Rotation.from_quat(p.quaternion).apply(_part_points(p)) + p.position for p in chosen]
    return np.concatenate(points) if points else np.zeros((1, 3))


def part_volume(part: Part) -> float:
    """Return the part's volume [m³]; a mesh counts as its convex hull, which is what collides."""
    size = part.size
    if part.shape == "box":
        return 8 * float(np.prod(size))
    if part.shape == "sphere":
        return 4 / 3 * np.pi * size[0] ** 3
    if part.shape == "ellipsoid":
        return 4 / 3 * np.pi * float(np.prod(size))
    if part.shape == "cylinder":
        return 2 * np.pi * size[0] ** 2 * size[1]
    if part.shape == "capsule":
        return np.pi * size[0] ** 2 * (2 * size[1] + 4 / 3 * size[0])
    return float(ConvexHull(_part_points(part)).volume)


def convex_polygon(points: np.ndarray) -> np.ndarray:
    """Return the convex hull of 2D points as a counter-clockwise polygon (K, 2)."""
    try:
        return points[ConvexHull(points).vertices]
    except QhullError as error:
        raise ValueError(f"points on one line span no polygon: {points.round(4).tolist()}") from error


def polygon_gap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the separation of two convex polygons [m] along the best edge normal; negative where they overlap.

    Between two corners this is less than the true distance, so a required gap is never undercut.
    """
    best = -np.inf
    for one, other in ((first, second), (second, first)):
        edges = np.roll(one, -1, axis=0) - one
        normals = np.column_stack([edges[:, 1], -edges[:, 0]])
        lengths = np.linalg.norm(normals, axis=1)
        normals = normals[lengths > 1e-9] / lengths[lengths > 1e-9, None]
        gap = (other @ normals.T).min(axis=0) - (one @ normals.T).max(axis=0)
        best = max(best, float(gap.max()))
    return best
