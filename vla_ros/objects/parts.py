# SPDX-License-Identifier: Apache-2.0
"""The parts objects are made of: primitives and meshes, placed in the object's frame."""

from __future__ import annotations

from dataclasses import dataclass

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
    position: tuple[float, ...] = (0.0, 0.0, 0.0)  # (3,) [m] object frame
    quaternion: tuple[float, ...] = IDENTITY  # (4,) xyzw
    rgba: tuple[float, ...] = (0.5, 0.5, 0.5, 1.0)  # (4,)
    texture: np.ndarray | None = None  # (H, W, 3) uint8 RGB, mapped by the mesh's uv; tinted by rgba
    mesh: Mesh | None = None
    collide: bool = True
    visible: bool = True
    density: float = 1.0  # relative to the object's other parts: a hammer's head is heavier than its handle
    gloss: float = 0.3  # 0 cloth … 1 polished metal
