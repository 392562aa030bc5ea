# SPDX-License-Identifier: Apache-2.0
"""What things can be put into: its outline, its floor, and whether something rests in it. Plain values for a judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import convex_polygon, mass_center, surface_points
from vla_ros.objects.lying_size import LyingSize
from vla_ros.objects.model import ObjectModel

HOLLOW = ("bowl",)  # categories of the catalogue's graspable objects that hold something as well
ROOM = 0.03  # [m] that a receptacle is wider than what is put into it
SUPPORT = 0.003  # [m] below the floor's top: lower than that a thing touches something else
TIPPED = 0.35  # [rad] a receptacle that leans more than this holds nothing


def floor_height(model: ObjectModel) -> float:
    """Return the height of the floor's top in the middle of a receptacle, object frame [m]."""
    tops = []
    for part in model.collision_parts:
        flat = np.allclose(Rotation.from_quat(part.quaternion).apply((0, 0, 1)), (0, 0, 1), atol=1e-6)
        x, y, z = part.position
        if flat and part.shape == "box" and abs(x) <= part.size[0] and abs(y) <= part.size[1]:
            tops.append(z + part.size[2])
        if flat and part.shape == "cylinder" and math.hypot(x, y) <= part.size[0]:
            tops.append(z + part.size[1])
    if not tops:
        raise ValueError(f"'{model.name}' has no floor under its middle")
    return float(max(tops))


def has_room(receptacle: ObjectModel, thing: LyingSize) -> bool:
    """Say whether a thing, however it lies and is turned, has room in a receptacle."""
    return thing.widest <= min(receptacle.size[:2]) - ROOM


@dataclass(frozen=True)
class Body:
    """An object's hull and mass centre, object frame [m]."""

    points: tuple[tuple[float, float, float], ...]
    center: tuple[float, float, float]

    @classmethod
    def of(cls, model: ObjectModel) -> Body:
        """Measure an object."""
        points = surface_points(model.parts)
        hull = points[ConvexHull(points).vertices].round(4)
        x, y, z = mass_center(model.parts).round(4).tolist()
        return cls(tuple((a, b, c) for a, b, c in hull.tolist()), (x, y, z))

    def lowest(self, T_base_object: np.ndarray) -> float:
        """Return the height of its lowest point [m]."""
        return float((self._hull @ T_base_object[2, :3]).min() + T_base_object[2, 3])

    @cached_property
    def _hull(self) -> np.ndarray:
        """Return its points (N, 3) [m]: a judge looks at them often."""
        return np.array(self.points)

    def middle(self, T_base_object: np.ndarray) -> np.ndarray:
        """Return where its mass centre is (3,) [m]."""
        return T_base_object[:3, :3] @ np.array(self.center) + T_base_object[:3, 3]


@dataclass(frozen=True)
class Receptacle:
    """Where things rest in an object, object frame [m]."""

    outline: tuple[tuple[float, float], ...]  # convex, counter-clockwise
    floor: float
    rim: float

    @classmethod
    def of(cls, model: ObjectModel) -> Receptacle:
        """Measure a receptacle."""
        points = surface_points(model.parts)
        outline = convex_polygon(points[:, :2]).round(4).tolist()
        return cls(
            tuple((x, y) for x, y in outline), round(floor_height(model), 4), round(float(points[:, 2].max()), 4)
        )

    @classmethod
    def read(cls, outline: Sequence[Sequence[float]], floor: float, rim: float) -> Receptacle:
        """Return the receptacle of plain values."""
        return cls(tuple((float(x), float(y)) for x, y in outline), float(floor), float(rim))

    def over(self, T_base_receptacle: np.ndarray, point: np.ndarray) -> bool:
        """Say whether a point (3,) [m], base frame, is above or inside its outline."""
        x, y = (point - T_base_receptacle[:3, 3]) @ T_base_receptacle[:3, :2]
        corners, edges = self._edges
        return bool((edges[:, 0] * (y - corners[:, 1]) - edges[:, 1] * (x - corners[:, 0]) >= 0.0).all())

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return corners of the outline (N, 2) [m], and the edge from each to the next."""
        corners = np.array(self.outline)
        return corners, np.roll(corners, -1, axis=0) - corners

    def supports(self, T_base_receptacle: np.ndarray, body: Body, T_base_object: np.ndarray) -> bool:
        """Say whether an object at rest is held by it alone: its middle inside the outline, nothing of it lower."""
        upright = T_base_receptacle[2, 2] >= math.cos(TIPPED)
        if not upright or not self.over(T_base_receptacle, body.middle(T_base_object)):
            return False
        low = body.lowest(np.linalg.inv(T_base_receptacle) @ T_base_object)
        # What floats above it hangs on something else, such as a hand.
        return self.floor - SUPPORT <= low <= self.rim
