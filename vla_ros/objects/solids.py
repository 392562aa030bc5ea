# SPDX-License-Identifier: Apache-2.0
"""Short constructors for parts: what collides (invisible), what is drawn (no contacts), or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.parts import IDENTITY, Mesh, Part

Vector = Sequence[float] | np.ndarray
ALONG_X = (0.0, float(np.sqrt(0.5)), 0.0, float(np.sqrt(0.5)))  # turns a shape's z axis onto x
ALONG_Y = (-float(np.sqrt(0.5)), 0.0, 0.0, float(np.sqrt(0.5)))  # turns a shape's z axis onto y
CLEAR: Rgba = (0.7, 0.7, 0.7, 1.0)


def solid(
    shape: str, size: Vector, position: Vector = (0, 0, 0), quaternion: Vector = IDENTITY, density: float = 1.0
) -> Part:
    """Return an invisible part that collides."""
    return Part(shape, _floats(size), _floats(position), _floats(quaternion), CLEAR, visible=False, density=density)


def painted(
    shape: str,
    size: Vector,
    color: Rgba,
    position: Vector = (0, 0, 0),
    quaternion: Vector = IDENTITY,
    gloss: float = 0.3,
) -> Part:
    """Return a primitive that is drawn and does not collide."""
    return Part(shape, _floats(size), _floats(position), _floats(quaternion), color, collide=False, gloss=gloss)


def skin(
    mesh: Mesh,
    color: Rgba,
    texture: np.ndarray | None = None,
    position: Vector = (0, 0, 0),
    quaternion: Vector = IDENTITY,
    gloss: float = 0.3,
) -> Part:
    """Return a mesh that is drawn and does not collide. With a texture, `color` tints it: white leaves it as it is."""
    return Part("mesh", (), _floats(position), _floats(quaternion), color, texture, mesh, collide=False, gloss=gloss)


def both(
    shape: str,
    size: Vector,
    color: Rgba,
    position: Vector = (0, 0, 0),
    quaternion: Vector = IDENTITY,
    gloss: float = 0.3,
    density: float = 1.0,
) -> Part:
    """Return a primitive that is drawn and collides."""
    return Part(shape, _floats(size), _floats(position), _floats(quaternion), color, gloss=gloss, density=density)


def rod(start: Vector, end: Vector, radius: float, shape: str = "capsule", density: float = 1.0) -> Part:
    """Return an invisible capsule or cylinder between two points [m] that collides."""
    a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    return solid(shape, (radius, float(np.linalg.norm(b - a)) / 2), (a + b) / 2, towards(b - a), density)


def towards(direction: Vector) -> tuple[float, ...]:
    """Return the shortest rotation that turns z onto `direction`, xyzw."""
    unit = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    axis = np.cross((0, 0, 1), unit)
    if np.linalg.norm(axis) < 1e-9:
        return IDENTITY if unit[2] > 0 else (1.0, 0.0, 0.0, 0.0)
    return tuple(np.append(axis, 1 + unit[2]) / np.linalg.norm(np.append(axis, 1 + unit[2])))


def walls(bottom: float, top: float, low: float, high: float, thickness: float, panels: int = 8) -> list[Part]:
    """Return the wall of a round vessel as slanted boxes: outer radius `bottom` at height `low` to `top` at `high` [m].

    The panels' middles lie on the wall's middle, averaged between corner and flat, so that a rim grasp closes on
    what the cameras see.
    """
    mean = np.cos(np.pi / panels / 2)  # half-way between an octagon's flat and its corner
    lean = np.arctan2(top - bottom, high - low)
    radius = (bottom + top) / 2 * mean - thickness / 2
    half = (thickness / 2, (bottom + top) / 2 * np.tan(np.pi / panels), float(np.hypot(top - bottom, high - low)) / 2)
    parts = []
    for angle in np.arange(panels) * 2 * np.pi / panels:
        turn = (Rotation.from_euler("z", angle) * Rotation.from_euler("y", lean)).as_quat()
        centre = (radius * np.cos(angle), radius * np.sin(angle), (low + high) / 2)
        parts.append(solid("box", half, centre, turn))
    return parts


def scaled(part: Part, factor: float) -> Part:
    """Return the part enlarged about the object's origin."""
    mesh = part.mesh and Mesh(part.mesh.vertices * factor, part.mesh.faces, part.mesh.uv)
    size, position = (tuple(value * factor for value in values) for values in (part.size, part.position))
    return replace(part, size=size, position=position, mesh=mesh)


def moved(parts: Sequence[Part], shift: Vector) -> list[Part]:
    """Return the parts shifted [m]."""
    return [replace(part, position=_floats(np.asarray(part.position) + shift)) for part in parts]


def _floats(values: Vector) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
