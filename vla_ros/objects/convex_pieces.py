# SPDX-License-Identifier: Apache-2.0
"""A concave mesh as convex pieces: what lies between the blades of scissors is not solid.

Pieces by CoACD (Wei et al. 2022, "Approximate Convex Decomposition for 3D Meshes with Collision-Aware Concavity and
Tree Search"), in a process of its own: it takes seconds, may take very long, and is C++ that meets foreign files.

Shape legend: V vertices, F triangles, P pieces.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import ConvexHull

from vla_ros.objects.hull import convex_hull
from vla_ros.objects.parts import Mesh

_CORNERS = 32  # of a piece: many collision shapes are what slows the physics
_SMALLEST = 0.002  # share of the volume below which a piece is a splinter
_REMESHED_ABOVE = 4000  # triangles: such a mesh is made anew at a coarser resolution first
_FULL = 0.95  # of the hull's volume: pieces that fill it so far are no better than the hull
_SURFACE_POINTS = 3000
_BLOCK = 1024  # points compared with a hull's planes at once


@dataclass(frozen=True)
class PieceSettings:
    """When a mesh is cut, how finely, and for how long."""

    depth: float = 0.004  # [m] a surface this far inside the hull, seen straight out, makes a mesh concave
    relative_depth: float = 0.04  # the same, of the longest edge: the larger of the two counts
    most: int = 16  # pieces
    threshold: float = 0.07  # CoACD's concavity at which a piece is left whole
    seed: int = 0
    timeout: float = 240.0  # [s]


@dataclass(frozen=True, eq=False)
class ConvexDecomposition:
    """What a mesh collides as."""

    meshes: tuple[Mesh, ...]  # convex
    concave: bool
    warning: str = ""  # why a concave mesh is one hull all the same


def concavity(mesh: Mesh, hull: Mesh) -> float:
    """Return how far the surface lies inside its convex hull [m]: straight out from it, for all but 1 % of its area.

    Straight out, not the nearest way: in flat scissors every point is near the hull's top or bottom.
    """
    equations = np.unique(ConvexHull(hull.vertices).equations.round(6), axis=0)
    points, normals = _on_surface(mesh)
    depths = []
    for first in range(0, len(points), _BLOCK):
        some = slice(first, first + _BLOCK)
        rate = normals[some] @ equations[:, :3].T
        gap = np.maximum(-(points[some] @ equations[:, :3].T + equations[:, 3]), 0.0)
        depths.append(np.where(rate > 1e-6, gap / np.maximum(rate, 1e-6), np.inf).min(axis=1))
    return float(np.quantile(np.concatenate(depths), 0.99)) if depths else 0.0


def _on_surface(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return points spread over the triangles by area (N, 3) and the outward normals there (N, 3)."""
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    if not areas.sum() > 0:
        return np.empty((0, 3)), np.empty((0, 3))
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(corners), _SURFACE_POINTS, p=areas / areas.sum())
    u, v = np.sqrt(rng.random((_SURFACE_POINTS, 1))), rng.random((_SURFACE_POINTS, 1))
    a, b, c = (corners[chosen, i] for i in range(3))
    return (1 - u) * a + u * (1 - v) * b + u * v * c, normals[chosen] / areas[chosen, None]


def convex_pieces(mesh: Mesh, settings: PieceSettings | None = None) -> ConvexDecomposition:
    """Return what a mesh collides as: its hull, or pieces where it is concave. Raises ValueError where it is flat."""
    settings = settings or PieceSettings()
    hull = convex_hull(mesh.vertices[np.unique(mesh.faces)])
    longest = float(np.ptp(hull.vertices, axis=0).max())
    if concavity(mesh, hull) <= max(settings.depth, settings.relative_depth * longest):
        return ConvexDecomposition((hull,), concave=False)
    vertices, faces = welded(mesh)
    try:
        found = _decompose(vertices, faces, settings)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        return ConvexDecomposition(
            (hull,), True, f"concave, and could not be cut into convex pieces ({_reason(error)}): one hull"
        )
    pieces = _sound(found)
    if sum(_volume(piece) for piece in pieces) >= _FULL * _volume(hull) or len(pieces) == 1:
        return ConvexDecomposition((hull,), concave=False)  # what is deep in it is a cavity or a dent
    if not pieces:
        return ConvexDecomposition((hull,), True, "concave, and cut into splinters alone: collides as one hull")
    return ConvexDecomposition(pieces, True)


def welded(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and faces in which vertices at one place are one: texture seams leave a mesh open."""
    size = float(np.ptp(mesh.vertices, axis=0).max())
    _, first, index = np.unique((mesh.vertices / size).round(6), axis=0, return_index=True, return_inverse=True)
    faces = index.reshape(-1)[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return mesh.vertices[first], faces[whole].astype(np.int32)


def _sound(pieces: list[np.ndarray]) -> tuple[Mesh, ...]:
    """Return the hulls of the pieces that have a volume worth colliding with, the largest first."""
    hulls = []
    for vertices in pieces:
        try:
            hulls.append(convex_hull(vertices, _CORNERS))
        except ValueError:
            continue
    total = sum(_volume(hull) for hull in hulls)
    return tuple(
        sorted((hull for hull in hulls if _volume(hull) >= _SMALLEST * total), key=lambda hull: -_volume(hull))
    )


def _volume(hull: Mesh) -> float:
    return float(ConvexHull(hull.vertices).volume)


def _decompose(vertices: np.ndarray, faces: np.ndarray, settings: PieceSettings) -> list[np.ndarray]:
    """Run CoACD in a process of its own and return each piece's vertices."""
    with tempfile.TemporaryDirectory(prefix="vla_ros_pieces_") as folder:
        given, made = Path(folder, "mesh.npz"), Path(folder, "pieces.npz")
        size = float(np.ptp(vertices, axis=0).max())
        np.savez(
            given, vertices=vertices / size, faces=faces, remesh=len(faces) > _REMESHED_ABOVE or not _closed(faces)
        )
        script = str(Path(__file__).with_name("decompose.py"))
        words = [sys.executable, script, str(given), str(made)]
        words += [str(settings.most), str(settings.threshold), str(settings.seed)]
        subprocess.run(words, check=True, timeout=settings.timeout, capture_output=True)
        with np.load(made, allow_pickle=False) as stored:
            # A mesh made anew is a voxel thicker: its pieces end where the mesh does.
            low, high = vertices.min(axis=0), vertices.max(axis=0)
            return [np.clip(stored[name] * size, low, high) for name in sorted(stored.files)]


def _closed(faces: np.ndarray) -> bool:
    """Say whether every edge is shared by two triangles that agree which side is out: others need a new surface."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    keys, counts = np.unique(edges, axis=0, return_counts=True)
    backwards = np.unique(edges[:, ::-1], axis=0)
    return bool((counts == 1).all() and np.array_equal(keys, backwards))


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {error.timeout:.0f} s: simplify the mesh"
    if isinstance(error, subprocess.CalledProcessError):
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        return lines[-1][:100] if lines else f"exit code {error.returncode}"
    return str(error)[:100]
