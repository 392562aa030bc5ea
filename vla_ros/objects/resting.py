# SPDX-License-Identifier: Apache-2.0
"""How an object may lie: orientations by name, each turned onto the face it would come to rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import mass_center, surface_points
from vla_ros.objects.hull import outermost
from vla_ros.objects.parts import Part

Quaternion = tuple[float, ...]  # xyzw
MEANINGS = {
    "upright": "as modelled, z up",
    "side": "the model's z axis level, rolled about it at random: a bottle that lies",
    "flat": "turned about y by 90°, the x axis down: a book on its cover, when x is its thickness",
    "edge": "turned about x by 90°, the y axis up: a plate on its rim",
    "roll": "the model's x axis level, rolled about it at random: a banana, a hammer",
    "any": "any way round: a ball",
}
NAMES = tuple(MEANINGS)
_ROUNDING = 2e-5  # [m] what rounding the planes costs
_MOST_CORNERS, _AT_ONCE = 2048, 2048  # bounds of time and memory, which grow with the square of the hull's faces
_FLAT = 0.02  # [rad]
_PUSH = 0.0005  # [m] the mass centre must be lifted before it tips: a block of 100 × 30 × 150 mm needs 1.5 mm
_TIPPING = np.linspace(0.01, 0.6, 60)  # [rad]
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
    """Resting poses found when first requested: most objects of a catalogue stand in no scene."""

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
        if len(points) > _MOST_CORNERS:
            hull = ConvexHull(points[outermost(points, _MOST_CORNERS)])
            points = hull.points[hull.vertices]
        planes = np.unique(hull.equations.round(5), axis=0)  # (F, 4): outward normal, offset
        normals, offsets = planes[:, :3], planes[:, 3]
        feet = center - (normals @ center + offsets)[:, None] * normals  # (F, 3) the mass centre seen on each face
        outside = np.concatenate(  # [m] > 0: beyond the face's rim, so it would tip over; (F, F) is never held whole
            [
                (feet[first : first + _AT_ONCE] @ normals.T + offsets).max(axis=1)
                for first in range(0, len(feet), _AT_ONCE)
            ]
        )
        inside = normals[outside < _ROUNDING]
        stable = [normal / np.linalg.norm(normal) for normal in inside if _lowest(points - center, normal)]
        self.normals = np.array(stable)  # (S, 3) of the stable faces
        self._points, self._planes, self._outside = points - center, planes, outside

    def rest(self, orientation: Rotation) -> Quaternion:
        """Return the nearest stable orientation, xyzw."""
        normals = orientation.apply(self.normals)
        lowest = normals[np.argmin(normals[:, 2])]
        axis = np.cross(lowest, (0.0, 0.0, -1.0))
        turn = Rotation.from_quat(np.append(axis, 1 - lowest[2]))  # the shortest turn of the face's normal downwards
        return tuple(float(value) for value in (turn * orientation).as_quat())

    def stands(self, orientation: Rotation) -> bool:
        """Say whether the object stays as it is turned: a face is flat on the table, and tipping over takes a push.

        Stricter than a mathematician, who would stand a pencil on its end; laxer than `rest`, which lays down what a
        lean of 0.2 rad tips over.
        """
        down = orientation.inv().apply((0.0, 0.0, -1.0))
        flat = self._planes[:, :3] @ down > np.cos(_FLAT)
        return bool((self._outside[flat] < _ROUNDING).any()) and _barrier(self._points, down) >= _PUSH

    def tilt(self, orientation: Rotation, rested: Quaternion) -> float:
        """Return the angle [rad] by which an orientation was turned to come to rest, turns about the vertical aside."""
        up = orientation.inv().apply((0.0, 0.0, 1.0))
        return float(np.arccos(np.clip(up @ Rotation.from_quat(rested).inv().apply((0.0, 0.0, 1.0)), -1.0, 1.0)))


def _barrier(points: np.ndarray, down: np.ndarray) -> float:
    """Return how far the mass centre must be lifted at least [m] to tip what stands with `down` (3,) downwards."""
    axes = np.linalg.svd(down[None])[2][1:]
    standing, least = float((points @ down).max()), np.inf
    for bearing in np.arange(24) * np.pi / 12:
        sideways = np.cos(bearing) * axes[0] + np.sin(bearing) * axes[1]
        highest = 0.0
        for angle in _TIPPING:
            lifted = float((points @ (np.cos(angle) * down + np.sin(angle) * sideways)).max()) - standing
            if lifted < 0.0:
                break
            highest = max(highest, lifted)
        least = min(least, highest)
    return least


def _lowest(points: np.ndarray, down: np.ndarray) -> bool:
    """Say whether leaning any way lifts the mass centre, or at least does not lower it: round sides have faces too."""
    axes = np.linalg.svd(down[None])[2][1:]
    bearing = np.arange(12) * np.pi / 6
    sideways = np.stack([np.cos(bearing), np.sin(bearing)], 1) @ axes
    leaning = np.concatenate([np.cos(angle) * down + np.sin(angle) * sideways for angle in _LEAN])
    return bool((points @ leaning.T).max(axis=0).min() > (points @ down).max() - _LOWER)
