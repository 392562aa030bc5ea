# SPDX-License-Identifier: Apache-2.0
"""Geometry of parts: points on the surface, volumes, footprints, lowest points."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.transform import Rotation

from vla_ros.objects.parts import Part

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)


def _ring(count: int) -> np.ndarray:
    angle = np.arange(count) * 2 * np.pi / count
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (count, 2)


_RING = _ring(24)


def _unit_sphere(rows: int = 9, columns: int = 16) -> np.ndarray:
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi, rows), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    directions = [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)]
    return np.stack(directions, axis=-1).reshape(-1, 3)


_SPHERE, _FINE_SPHERE, _FINE_RING = _unit_sphere(), _unit_sphere(25, 48), _ring(72)


def _part_points(part: Part, fine: bool = False) -> np.ndarray:
    """Return points whose convex hull is the part, to within 2 % of its radius (`fine`: 0.3 %), part frame."""
    size = part.size
    ball, ring = (_FINE_SPHERE, _FINE_RING) if fine else (_SPHERE, _RING)
    if part.shape == "box":
        return _CORNERS * size
    if part.shape == "sphere":
        return ball * size[0]
    if part.shape == "ellipsoid":
        return ball * size
    if part.shape == "cylinder":
        return np.concatenate([np.column_stack([ring * size[0], np.full(len(ring), z)]) for z in (-size[1], size[1])])
    if part.shape == "capsule":
        shift = np.sign(ball[:, 2:].round(9)) * (0, 0, size[1])
        return ball * size[0] + shift
    if part.mesh is None:
        raise ValueError("a mesh part needs a mesh")
    return part.mesh.vertices


def surface_points(parts: Iterable[Part], fine: bool = False) -> np.ndarray:
    """Return surface points of what collides, object frame [m]: (P, 3). Every convex part's hull is spanned."""
    solid = [part for part in parts if part.collide]
    return np.concatenate([Rotation.from_quat(p.quaternion).apply(_part_points(p, fine)) + p.position for p in solid])


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


def mass_center(parts: Iterable[Part]) -> np.ndarray:
    """Return the mass centre of what collides, object frame [m]: (3,)."""
    solid = [part for part in parts if part.collide]
    weights = np.array([part_volume(part) * part.density for part in solid])
    middles = [np.zeros(3) if p.mesh is None else _hull_center(_part_points(p)) for p in solid]
    places = [Rotation.from_quat(p.quaternion).apply(m) + p.position for p, m in zip(solid, middles, strict=True)]
    return weights @ np.array(places) / weights.sum()


def _hull_center(points: np.ndarray) -> np.ndarray:
    """Return the centroid (3,) of the convex hull of points (P, 3): of its tetrahedra, by volume."""
    inside = points.mean(axis=0)
    corners = points[ConvexHull(points).simplices] - inside  # (F, 3, 3)
    volumes = np.abs(np.linalg.det(corners))
    return inside + volumes @ corners.sum(axis=1) / (4.0 * volumes.sum())


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
