# SPDX-License-Identifier: Apache-2.0
"""Objects as unions of convex solids: points on their outside, and the material a line runs through.

Shape legend: N lines or points, S pieces of material, K solids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.surface_points import SurfacePoints
from vla_ros.sim.grasping.solids import Solid

TOUCHING = 2e-4  # [m] parts closer than this along a line count as one piece of material


def sample_surface(solids: Sequence[Solid], count: int, rng: np.random.Generator) -> SurfacePoints:
    """Sample about `count` points of the union's surface in the base frame, uniformly by area.

    Isotropic random lines meet a surface uniformly by area (Cauchy-Crofton), so one intersection routine serves
    every shape; points inside another part are not on the outside.
    """
    # The expected number of crossings of a part is proportional to its area when all share one line density.
    density = max(solid.radius for solid in solids) ** -2
    p, n = np.empty((0, 3)), np.empty((0, 3))
    for lines in (2 * count, 6 * count):  # through the largest part; the second time for thin or hidden ones
        found = [_crossings(solid, solids, max(64, int(lines * density * solid.radius**2)), rng) for solid in solids]
        p, n = (np.concatenate([known, *(each[i] for each in found)]) for i, known in enumerate((p, n)))
        if len(p) >= count:
            break
    keep = rng.permutation(len(p))[:count]
    return SurfacePoints(p[keep], n[keep])


def _crossings(
    solid: Solid, solids: Sequence[Solid], lines: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return points (N, 3) where random lines meet a solid outside all others, and normals (N, 3)."""
    directions = rng.normal(size=(lines, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    offsets = np.cross(directions, rng.normal(size=(lines, 3)))
    offsets *= (solid.radius * np.sqrt(rng.uniform(size=lines)) / np.linalg.norm(offsets, axis=1))[:, None]
    origins = solid.T_base_solid[:3, 3] + offsets
    crossing = solid.cross(origins, directions)
    hit = np.isfinite(crossing.t_in) & np.isfinite(crossing.t_out)
    t = np.concatenate([crossing.t_in[hit], crossing.t_out[hit]])
    points = np.tile(origins[hit], (2, 1)) + t[:, None] * np.tile(directions[hit], (2, 1))
    normals = np.concatenate([crossing.normal_in[hit], crossing.normal_out[hit]])
    outside = ~_inside(points, [other for other in solids if other is not solid])
    return points[outside], normals[outside]


def _inside(points: np.ndarray, solids: Sequence[Solid]) -> np.ndarray:
    """Say which points (N, 3) lie inside one of the solids."""
    inside = np.zeros(len(points), dtype=bool)
    for solid in solids:
        # Most lie nowhere near: only the rest is worth an exact answer.
        x, y, z = (points - solid.T_base_solid[:3, 3]).T
        near = np.flatnonzero((x * x + y * y + z * z < solid.radius**2) & ~inside)
        inside[near] = solid.contains(points[near], TOUCHING)
    return inside


@dataclass(frozen=True, eq=False)
class Material:
    """How N lines run through a union of solids: up to S pieces of material, in order along the line."""

    t_in: np.ndarray  # (S, N) [m], +inf where there is no such piece
    t_out: np.ndarray  # (S, N) [m]
    normal_out: np.ndarray  # (S, N, 3)
    normal_in: np.ndarray  # (S, N, 3)


def cross_union(
    solids: Sequence[Solid], origins: np.ndarray, directions: np.ndarray, start: float = -np.inf, pieces: int = 2
) -> Material:
    """Merge the crossings of all solids into pieces of material that end after `start` [m] along the line."""
    crossings = [solid.cross(origins, directions) for solid in solids]
    t_in = np.array([c.t_in for c in crossings])  # (K, N)
    t_out = np.array([c.t_out for c in crossings])
    normals_in = np.array([c.normal_in for c in crossings])
    normals_out = np.array([c.normal_out for c in crossings])
    rows = np.arange(len(origins))
    result: list[tuple[np.ndarray, ...]] = []
    behind = np.full(len(origins), start)
    for _ in range(pieces):
        first = np.where(t_out > behind + TOUCHING, t_in, np.inf).argmin(axis=0)
        begin = np.where(t_out[first, rows] > behind + TOUCHING, t_in[first, rows], np.inf)
        end, last = t_out[first, rows].copy(), first.copy()
        for _ in solids:
            reach = np.where(t_in <= end + TOUCHING, t_out, -np.inf)
            further = reach.argmax(axis=0)
            grows = reach[further, rows] > end
            end, last = np.where(grows, reach[further, rows], end), np.where(grows, further, last)
        end = np.where(np.isfinite(begin), end, np.inf)
        result.append((begin, end, normals_out[last, rows], normals_in[first, rows]))
        behind = end
    return Material(*(np.array(parts) for parts in zip(*result, strict=True)))
