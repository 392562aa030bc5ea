# SPDX-License-Identifier: Apache-2.0
"""How an object may lie: orientations by name, each turned onto the face it would come to rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import mass_center, surface_points
from vla_ros.objects.parts import Part

Quaternion = tuple[float, ...]  # xyzw
NAMES = ("upright", "side", "flat", "edge", "roll", "any")
_SAME_PLANE = 5e-5  # [m]
_LEAN, _LOWER = (0.2, 0.4), 1e-4  # [rad], [m]


def named_orientation(name: str, rng: np.random.Generator) -> Rotation:
    """Return an orientation: upright as drawn; side with axis z lying and roll with axis x lying, rolled at random;
    flat and edge on the other faces of a box; any."""
    roll = rng.uniform(0, 2 * np.pi)
    if name == "side":
        return Rotation.from_euler("y", np.pi / 2) * Rotation.from_euler("z", roll)
    if name == "flat":
        return Rotation.from_euler("y", np.pi / 2)
    if name == "edge":
        return Rotation.from_euler("x", np.pi / 2)
    if name == "roll":
        return Rotation.from_euler("x", roll)
    if name == "any":
        return Rotation.from_quat(rng.normal(size=4))
    return Rotation.identity()


class RestingFaces:
    """The faces of an object's convex hull it can lie on: those with the mass centre above them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        points, center = surface_points(parts, fine=True), mass_center(parts)
        planes = np.unique(ConvexHull(points).equations.round(5), axis=0)  # (F, 4): outward normal, offset
        stable = []
        for plane in planes:
            face = points[np.abs(points @ plane[:3] + plane[3]) < _SAME_PLANE]
            if _above(center, face, plane[:3]) and _lowest(points - center, plane[:3]):
                stable.append(plane[:3] / np.linalg.norm(plane[:3]))
        self.normals = np.array(stable)  # (S, 3) of the stable faces

    def rest(self, orientation: Rotation) -> Quaternion:
        """Return the nearest stable orientation, xyzw."""
        normals = orientation.apply(self.normals)
        lowest = normals[np.argmin(normals[:, 2])]
        axis = np.cross(lowest, (0.0, 0.0, -1.0))
        turn = Rotation.from_quat(np.append(axis, 1 - lowest[2]))  # the shortest turn of the face's normal downwards
        return tuple(float(value) for value in (turn * orientation).as_quat())


def _lowest(points: np.ndarray, down: np.ndarray) -> bool:
    """Say whether leaning any way lifts the mass centre, or at least does not lower it: round sides have faces too."""
    axes = np.linalg.svd(down[None])[2][1:]
    bearing = np.arange(12) * np.pi / 6
    sideways = np.stack([np.cos(bearing), np.sin(bearing)], 1) @ axes
    leaning = np.concatenate([np.cos(angle) * down + np.sin(angle) * sideways for angle in _LEAN])
    return bool((points @ leaning.T).max(axis=0).min() > (points @ down).max() - _LOWER)


def _above(center: np.ndarray, face: np.ndarray, normal: np.ndarray) -> bool:
    """Say whether the mass centre projects into the face: then the object stays on it."""
    across = np.linalg.svd(normal[None])[2][1:]  # two axes in the plane of the face
    flat = (face - center) @ across.T
    bearing = np.sort(np.arctan2(flat[:, 1], flat[:, 0]))
    gaps = np.diff(np.append(bearing, bearing[0] + 2 * np.pi))
    return bool(gaps.max() < np.pi)  # the corners surround it: none of the gaps between them spans half a turn
