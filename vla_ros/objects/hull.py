# SPDX-License-Identifier: Apache-2.0
"""Convex hulls with a bounded number of corners: what a mesh collides as.

Shape legend: V vertices, F triangles.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from vla_ros.objects.parts import Mesh

MOST_CORNERS = 1024  # a sphere of so many is round to 0.4 % of its radius
_AT_ONCE = 64  # directions: bounds the memory, whatever the mesh


def convex_hull(vertices: np.ndarray, most: int = MOST_CORNERS) -> Mesh:
    """Return the convex hull of vertices (V, 3) [m] with at most `most` corners. Raises ValueError where it is flat."""
    try:
        hull = ConvexHull(vertices)
        if len(hull.vertices) > most:
            corners = vertices[hull.vertices]
            hull = ConvexHull(corners[outermost(corners, most)])
    except QhullError as error:
        raise ValueError("the points are flat: a solid shape is needed") from error
    points = hull.points
    index = np.full(len(points), -1)
    index[hull.vertices] = np.arange(len(hull.vertices))
    faces = index[hull.simplices]
    corners = points[hull.simplices]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * hull.equations[:, :3]).sum(axis=1) < 0  # Qhull does not order its triangles
    faces[inward] = faces[inward][:, ::-1]
    return Mesh(points[hull.vertices], faces.astype(np.int32))


def outermost(points: np.ndarray, directions: int) -> np.ndarray:
    """Return the indices of the points (V, 3) that lie furthest along directions spread evenly over the sphere."""
    found: set[int] = set()
    spread = _sphere(directions)
    for first in range(0, directions, _AT_ONCE):
        found.update((points @ spread[first : first + _AT_ONCE].T).argmax(axis=0).tolist())
    return np.array(sorted(found))


def _sphere(count: int) -> np.ndarray:
    """Return unit vectors (count, 3) on a Fibonacci spiral."""
    index = np.arange(count) + 0.5
    z, turn = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - z**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), z])
