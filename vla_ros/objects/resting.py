# SPDX-License-Identifier: Apache-2.0
"""How an object may lie: orientations by name, each turned onto the face it would come to rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import mass_center, surface_points
from vla_ros.objects.parts import Part

Quaternion = tuple[float, ...]  # xyzw
NAMES = ("upright", "side", "flat", "edge", "roll", "any")
_ROUNDING = 2e-5  # [m] what rounding the planes costs
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


class LazyPoses(Sequence):
    """Resting poses found when first asked for: most objects of a catalogue stand in no scene."""

    def __init__(self, find: Callable[[], tuple[Quaternion, ...]]) -> None:
        self._find = find

    @cached_property
    def _poses(self) -> tuple[Quaternion, ...]:
        return self._find()

    def __len__(self) -> int:
        return len(self._poses)

    def __getitem__(self, index: int) -> Quaternion:  # type: ignore[override]
        return self._poses[index]


class RestingFaces:
    """The faces of an object's convex hull it can lie on: those with the mass centre above them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        center = mass_center(parts)
        hull = ConvexHull(surface_points(parts, fine=True))
        points = hull.points[hull.vertices]  # what is lowest is always a corner of the hull
        planes = np.unique(hull.equations.round(5), axis=0)  # (F, 4): outward normal, offset
        normals, offsets = planes[:, :3], planes[:, 3]
        feet = center - (normals @ center + offsets)[:, None] * normals  # (F, 3) the mass centre seen on each face
        outside = (feet @ normals.T + offsets).max(axis=1)  # [m] > 0: beyond the face's rim, so it would tip over
        stable = [
            normal / np.linalg.norm(normal)
            for normal in normals[outside < _ROUNDING]
            if _lowest(points - center, normal)
        ]
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
