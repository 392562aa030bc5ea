# SPDX-License-Identifier: Apache-2.0
"""What an object is: named, coloured, made of parts. Descriptions only; simulator and policies both read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SIZES = {"sphere": 1, "capsule": 2, "cylinder": 2, "box": 3, "ellipsoid": 3, "mesh": 0}  # numbers a shape takes

IDENTITY = (0.0, 0.0, 0.0, 1.0)  # quaternion, xyzw


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the part's frame, optionally with texture coordinates (v upwards)."""

    vertices: np.ndarray  # (V, 3) float64 [m]
    faces: np.ndarray  # (F, 3) int32, counter-clockwise from outside
    uv: np.ndarray | None = None  # (V, 2) in 0…1


@dataclass(frozen=True, eq=False)
class Part:
    """One shape of an object, placed in the object's frame.

    `collide` parts carry contacts and mass; `visible` parts are drawn. A good-looking mesh is usually visible only,
    over a few invisible primitives: contacts are what costs time.
    """

    shape: str  # box | cylinder | capsule | sphere | ellipsoid | mesh
    size: tuple[float, ...] = ()  # MuJoCo half sizes [m]: radius, half length; half edges; semi-axes
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m] object frame
    quaternion: tuple[float, float, float, float] = IDENTITY  # xyzw
    rgba: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 1.0)
    texture: np.ndarray | None = None  # (H, W, 3) uint8 RGB, mapped by the mesh's uv; tinted by rgba
    mesh: Mesh | None = None
    collide: bool = True
    visible: bool = True
    density: float = 1.0  # relative to the object's other parts: a hammer's head is heavier than its handle
    gloss: float = 0.3  # 0 cloth … 1 polished metal


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """One object: what it is called, what it is made of, how it may lie.

    The object's frame has its origin near the middle of the object; z is up in the canonical pose.
    """

    name: str  # unique in its catalogue
    category: str
    color: str  # name of the dominant colour
    parts: tuple[Part, ...]
    mass: float  # [kg]
    friction: float  # sliding, against the table and the fingers' pads
    resting: tuple[tuple[float, float, float, float], ...] = (IDENTITY,)  # orientations it may rest in, xyzw
    rolls: bool = False  # has a round side: simulated with rolling resistance
    graspable: bool = True
    shape: int = 0  # which of its category's shapes
    size: tuple[float, float, float] = (0.0, 0.0, 0.0)  # extents in the canonical pose [m]; filled from the parts

    def __post_init__(self) -> None:
        if not any(self.size):
            low, high = self.bounds
            object.__setattr__(self, "size", tuple(float(edge) for edge in high - low))

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and highest corner of what collides, object frame [m]."""
        from vla_ros.objects.geometry import surface_points

        points = surface_points(self.parts)
        return points.min(axis=0), points.max(axis=0)

    @property
    def collision_parts(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.collide)
