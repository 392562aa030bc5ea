# SPDX-License-Identifier: Apache-2.0
"""Meshes made by formula: turned on a lathe, swept along a path, rounded boxes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from vla_ros.objects.parts import Mesh


@lru_cache(maxsize=256)
def _grid_faces(rows: int, columns: int) -> np.ndarray:
    """Return the triangles of a (rows, columns) grid of vertices, open in both directions."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    b, c, d = a + 1, a + columns + 1, a + columns
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def _drop_slivers(mesh: Mesh) -> Mesh:
    corners = mesh.vertices[mesh.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return Mesh(mesh.vertices, mesh.faces[area > 1e-10], mesh.uv)


def lathe(profile: ArrayLike, segments: int = 28, arc: tuple[float, float] = (0.0, 2 * np.pi)) -> Mesh:
    """Turn a profile of (radius, height) [m], listed bottom to top on the outside, about the z axis.

    `arc`: from where to where [rad].

    Texture: u once around, v along the profile.
    """
    outline = np.asarray(profile, dtype=float)  # (K, 2)
    angle = np.linspace(*arc, segments + 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    around = np.stack([np.cos(angle), np.sin(angle)], 1)
    vertices = np.concatenate(
        [outline[:, None, :1] * around[None], np.broadcast_to(outline[:, None, 1:], (len(outline), len(angle), 1))], 2
    )
    uv = np.stack(np.meshgrid((angle - arc[0]) / (arc[1] - arc[0]), length / length[-1], indexing="xy"), -1)
    return _drop_slivers(Mesh(vertices.reshape(-1, 3), _grid_faces(len(outline), len(angle)), uv.reshape(-1, 2)))


def smooth(points: ArrayLike, count: int = 14) -> list[tuple[float, ...]]:
    """Return `count` points on a spline through the points: a soft profile or path from a few numbers."""
    knots = np.asarray(points, dtype=float)
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    curve = CubicSpline(s, knots)(np.linspace(0, s[-1], count))
    return [tuple(point) for point in curve]


def sphere_profile(radius: float, height: float | None = None, count: int = 12) -> list[tuple[float, float]]:
    """Return the profile of a spheroid with equatorial radius and half height [m]."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, count)
    half = radius if height is None else height
    return [(max(radius * float(np.cos(a)), 0.0), half * float(np.sin(a))) for a in angle]


def sweep(
    path: ArrayLike,
    radii: ArrayLike,
    segments: int = 12,
    flatness: ArrayLike = 1.0,
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> Mesh:
    """Sweep an ellipse along a path [m]; its ends are closed.

    `radii` is the semi-axis across `normal`, `flatness` the ratio of the one along it.
    """
    centre = np.asarray(path, dtype=float)  # (K, 3)
    radius = np.asarray(radii, dtype=float)
    flat = np.broadcast_to(np.asarray(flatness, dtype=float), radius.shape)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(np.asarray(normal), tangent)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    ring = (
        centre[:, None]
        + radius[:, None, None] * np.cos(angle)[None, :, None] * side[:, None]
        + (radius * flat)[:, None, None] * np.sin(angle)[None, :, None] * up[:, None]
    )
    caps = [np.broadcast_to(c, (1, segments + 1, 3)) for c in (centre[0], centre[-1])]
    rows = np.concatenate([caps[0], ring, caps[1]])
    v = np.linspace(0, 1, len(rows))
    uv = np.stack(np.meshgrid(angle / (2 * np.pi), v, indexing="xy"), -1)
    return _drop_slivers(Mesh(rows.reshape(-1, 3), _grid_faces(len(rows), segments + 1), uv.reshape(-1, 2)))


def swath(points: ArrayLike) -> Mesh:
    """Return a strip through a grid of points (R, K, 3) [m]; its two ends along K are closed."""
    rows = np.asarray(points, dtype=float)
    closed = np.concatenate(
        [rows[:, :1] * 0 + rows[:4, :1].mean(0), rows, rows[:, -1:] * 0 + rows[:4, -1:].mean(0)], axis=1
    )
    r, k = closed.shape[:2]
    uv = np.stack(np.meshgrid(np.linspace(0, 1, k), np.linspace(0, 1, r), indexing="xy"), -1)
    return _drop_slivers(Mesh(closed.reshape(-1, 3), _grid_faces(r, k), uv.reshape(-1, 2)))


def rounded_box(half: Sequence[float], radius: float, steps: int = 3) -> Mesh:
    """Return a box with half edges `half` [m] whose edges are rounded; each face has its own 0…1 texture square."""
    inside, directions, faces = _box_grid(steps)
    vertices = inside * (np.asarray(half, dtype=float) - radius) + radius * directions
    side = len(vertices) // 6
    squares = [
        _face_uv(vertices[k * side : (k + 1) * side], k // 2, (-1.0, 1.0)[k % 2], np.asarray(half)) for k in range(6)
    ]
    return Mesh(vertices, faces, np.concatenate(squares))


@lru_cache(maxsize=8)
def _box_grid(steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where the vertices of six rounded faces lie, as shares of the core's corners, which way their rounding
    goes, and their triangles: what is the same of all rounded boxes."""
    arc = np.tan(np.linspace(0, np.pi / 4, steps + 1))[1:]
    grid = np.concatenate([-(1 + arc)[::-1], [-1.0, 1.0], 1 + arc])  # outside ±1: on the rounding
    corners, directions, faces, offset = [], [], [], 0
    for axis in range(3):
        for sign in (-1.0, 1.0):
            a, b = np.meshgrid(grid, grid, indexing="ij")
            inside = np.zeros((*a.shape, 3))
            first, second = ((axis + 1) % 3, (axis + 2) % 3) if sign > 0 else ((axis + 2) % 3, (axis + 1) % 3)
            inside[..., axis] = sign
            inside[..., first], inside[..., second] = np.clip(a, -1, 1), np.clip(b, -1, 1)
            direction = np.zeros_like(inside)
            direction[..., axis] = sign
            direction[..., first], direction[..., second] = a - np.clip(a, -1, 1), b - np.clip(b, -1, 1)
            direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
            corners.append(inside.reshape(-1, 3))
            directions.append(direction.reshape(-1, 3))
            faces.append(_grid_faces(len(grid), len(grid))[:, ::-1] + offset)
            offset += len(grid) ** 2
    return np.concatenate(corners), np.concatenate(directions), np.concatenate(faces).astype(np.int32)


def _face_uv(vertices: np.ndarray, axis: int, sign: float, half: np.ndarray) -> np.ndarray:
    """Map a face so that its picture stands upright: v along z on the sides, along y on top and bottom."""
    across, up = {0: (1, 2), 1: (0, 2), 2: (0, 1)}[axis]
    mirrored = sign if axis != 1 else -sign
    half = np.maximum(half, 1e-9)  # a face without extent shows one point of the picture
    u = 0.5 + 0.5 * mirrored * vertices[:, across] / half[across]
    return np.stack([u, 0.5 + 0.5 * vertices[:, up] / half[up]], 1)


def transformed(mesh: Mesh, scale: Sequence[float] = (1, 1, 1), shift: Sequence[float] = (0, 0, 0)) -> Mesh:
    """Return the mesh stretched along its axes, then moved [m]."""
    return Mesh(mesh.vertices * np.asarray(scale) + np.asarray(shift), mesh.faces, mesh.uv)
