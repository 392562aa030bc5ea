# SPDX-License-Identifier: Apache-2.0
"""Points on the visible surface of a catalogue's object, and which of them two cameras would see.

Shape legend: N points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.shapes import lathe, sphere_profile
from vla_ros.objects.surface_points import SurfacePoints

# Two triangles a face; corners are numbered by the bits of (x, y, z).
_BOX_FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5]),
        *([0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6]),
        *([0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def sample_visible_surface(model: ObjectModel, count: int, rng: np.random.Generator) -> SurfacePoints:
    """Draw points evenly over what is drawn of an object, object frame [m], float32."""
    triangles = []
    for part in model.parts:
        if part.visible:
            mesh = _triangulate(part)
            corners = Rotation.from_quat(part.quaternion).apply(mesh.vertices) + part.position
            triangles.append(corners[mesh.faces])
    corners = np.concatenate(triangles)  # (F, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    chosen = rng.choice(len(corners), count, p=areas / areas.sum())
    u, v = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    a, b, c = (corners[chosen, i] for i in range(3))
    points = (1 - u) * a + u * (1 - v) * b + u * v * c
    facing = normals[chosen] / areas[chosen, None]
    return SurfacePoints(points.astype(np.float32), facing.astype(np.float32))


def seen_from(
    surface: SurfacePoints, viewpoints: Sequence[np.ndarray], grazing: float, grain: float = 0.006
) -> np.ndarray:
    """Say which points (N,) at least one viewpoint (3,) sees.

    A point is seen where the surface faces the viewpoint, its normal at less than 90° − `grazing` [rad] from the
    line of sight, and nothing lies before it: points are dropped on a grid of directions of `grain` [m] at the
    object's distance, and the nearest of a cell hides what lies more than two grains behind it.
    """
    points = surface.points
    seen = np.zeros(len(points), bool)
    center = points.mean(axis=0)
    for viewpoint in viewpoints:
        sight = points - viewpoint
        faces = -np.einsum("ij,ij->i", surface.normals, sight) > np.sin(grazing) * np.linalg.norm(sight, axis=1)
        forward = center - viewpoint
        distance = np.linalg.norm(forward)
        forward = forward / distance
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        frame = np.stack([right, np.cross(forward, right), forward], axis=1)
        local = sight @ frame
        cells = np.floor(local[:, :2] / local[:, 2:] * distance / grain).astype(int)
        cells -= cells.min(axis=0)
        flat = cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1]
        nearest = np.full(flat.max() + 1, np.inf)
        np.minimum.at(nearest, flat, local[:, 2])
        seen |= faces & (local[:, 2] < nearest[flat] + 2.0 * grain)
    return seen


def _triangulate(part: Part) -> Mesh:
    size = part.size
    if part.shape == "mesh":
        if part.mesh is None:
            raise ValueError("a mesh part needs a mesh")
        return part.mesh
    if part.shape == "box":
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * size
        return _outwards(Mesh(corners, _BOX_FACES))
    if part.shape == "cylinder":
        return _outwards(lathe([(0.0, -size[1]), (size[0], -size[1]), (size[0], size[1]), (0.0, size[1])]))
    if part.shape == "sphere":
        return _outwards(lathe(sphere_profile(size[0])))
    if part.shape == "capsule":
        half = sphere_profile(size[0], count=13)
        profile = [(r, z - size[1]) for r, z in half[:7]] + [(r, z + size[1]) for r, z in half[6:]]
        return _outwards(lathe(profile))
    # ellipsoid
    unit = lathe(sphere_profile(1.0))
    return _outwards(Mesh(unit.vertices * size, unit.faces))


def _outwards(mesh: Mesh) -> Mesh:
    """Turn the triangles of a convex shape around the origin so that all face away from it."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), a + b + c) < 0.0
    faces = mesh.faces.copy()
    faces[inwards] = faces[inwards][:, ::-1]
    return Mesh(mesh.vertices, faces)
