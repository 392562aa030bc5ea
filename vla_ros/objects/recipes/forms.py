# SPDX-License-Identifier: Apache-2.0
"""Forms that recipes are put together from: turned bodies with their contacts, bars, rods, blocks; and turning them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.parts import IDENTITY, Mesh, Part
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sphere_profile, sweep, transformed
from vla_ros.objects.solids import ALONG_X, Vector, skin, solid

Profile = Sequence[tuple[float, ...]]  # (radius, height) [m], bottom to top
WHITE: Rgba = (1.0, 1.0, 1.0, 1.0)


def turned(
    profile: Profile, color: Rgba, gloss: float = 0.5, texture: np.ndarray | None = None, sides: int = 28
) -> Part:
    """Return a body turned about z, drawn alone."""
    return skin(lathe(profile, sides), color, texture, gloss=gloss)


def soft(points: Profile, color: Rgba, gloss: float = 0.5, count: int = 22, sides: int = 28) -> Part:
    """Return a body turned about z whose profile is a spline through a few points."""
    return turned(smooth(points, count), color, gloss, sides=sides)


def stack(profile: Profile, cuts: Sequence[float], density: float = 1.0, share: float = 0.98) -> list[Part]:
    """Return cylinders about z that collide as a turned body does: one between each two heights `cuts` [m]."""
    radius, height = np.asarray(profile, dtype=float).T
    order = np.argsort(height, kind="stable")
    parts = []
    for low, high in itertools.pairwise(cuts):
        among = np.interp(np.linspace(low, high, 15), height[order], radius[order])
        mean = float(among.mean()) * share
        parts.append(solid("cylinder", (mean, (high - low) / 2), (0, 0, (low + high) / 2), density=density))
    return parts


def rotated(parts: Iterable[Part], quaternion: Vector, shift: Vector = (0, 0, 0)) -> list[Part]:
    """Return the parts turned about the origin, then shifted [m]."""
    turn = Rotation.from_quat(quaternion)
    return [
        replace(
            part,
            position=tuple((turn.apply(part.position) + shift).tolist()),
            quaternion=tuple((turn * Rotation.from_quat(part.quaternion)).as_quat().tolist()),
        )
        for part in parts
    ]


def laid(parts: Iterable[Part], shift: Vector = (0, 0, 0)) -> list[Part]:
    """Return what stands along z laid along x, its top at +x."""
    return rotated(parts, ALONG_X, shift)


def about(axis: str, degrees: float) -> tuple[float, ...]:
    """Return a turn about one axis, xyzw."""
    return tuple(Rotation.from_euler(axis, degrees, degrees=True).as_quat().tolist())


def bar(
    half: Sequence[float],
    color: Rgba,
    position: Vector = (0, 0, 0),
    radius: float = 0.003,
    quaternion: Vector = IDENTITY,
    gloss: float = 0.4,
    texture: np.ndarray | None = None,
) -> Part:
    """Return a box with rounded edges, drawn alone."""
    mesh = rounded_box(half, min(radius, 0.95 * min(half)))
    return skin(mesh, color if texture is None else WHITE, texture, position, quaternion, gloss)


def tube(
    points: Sequence[Vector],
    radii: Sequence[float] | float,
    color: Rgba,
    count: int = 12,
    gloss: float = 0.4,
    flatness: float = 1.0,
    normal: tuple[float, float, float] = (0, 0, 1),
) -> Part:
    """Return a round body swept along a spline through points [m], drawn alone; `radii` are spread along it."""
    path = (
        smooth(np.asarray(points, dtype=float), count)
        if len(points) > 2
        else [tuple(p) for p in np.linspace(points[0], points[-1], count)]
    )
    given = np.atleast_1d(np.asarray(radii, dtype=float))
    spread = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(given)), given)
    return skin(sweep(path, spread, 12, flatness, normal), color, gloss=gloss)


def blob(
    semi: Sequence[float], color: Rgba, position: Vector = (0, 0, 0), gloss: float = 0.4, quaternion: Vector = IDENTITY
) -> Part:
    """Return an ellipsoid as a mesh, which takes a decoration, drawn alone."""
    return skin(transformed(lathe(sphere_profile(1.0, count=15), 24), semi), color, None, position, quaternion, gloss)


def plate(
    outline: Sequence[tuple[float, float]], half: float, color: Rgba, gloss: float = 0.5, height: float = 0.0
) -> Part:
    """Return a flat body: a star-shaped outline (x, y) [m], seen from its middle, with a thickness along z."""
    points = np.asarray(outline, dtype=float)
    middle, count = points.mean(axis=0), len(points)
    rim = [
        np.column_stack([middle + (points - middle) * share, np.full(count, height + z)])
        for share, z in ((0.97, -half), (1.0, -0.7 * half), (1.0, 0.7 * half), (0.97, half))
    ]
    ends = np.array([[*middle, height - half], [*middle, height + half]])
    # Each band has vertices of its own, so that edges stay sharp.
    vertices: list[np.ndarray] = []
    faces: list[tuple[int, int, int]] = []
    for low, high in itertools.pairwise(rim):
        base = int(sum(len(v) for v in vertices))
        vertices += [low, high]
        for i in range(count):
            j = (i + 1) % count
            faces += [(base + i, base + j, base + count + j), (base + i, base + count + j, base + count + i)]
    for ring, middle_point, up in ((rim[0], ends[0], False), (rim[-1], ends[1], True)):
        base = int(sum(len(v) for v in vertices))
        vertices += [ring, middle_point[None]]
        for i in range(count):
            j = (i + 1) % count
            faces.append((base + i, base + j, base + count) if up else (base + j, base + i, base + count))
    corners = np.concatenate(vertices)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return skin(Mesh(corners, np.array(faces, dtype=np.int32), (corners[:, :2] - low) / size), color, gloss=gloss)


def shape_of(part: Part) -> np.ndarray:
    """Return the vertices (V, 3) [m] of a part that is drawn as a mesh, to be changed in place."""
    if part.mesh is None:
        raise ValueError("a part that is reshaped needs a mesh")
    return part.mesh.vertices


def ring(radius: float, wire: float, color: Rgba, gloss: float = 0.5, sides: int = 28) -> Part:
    """Return a ring of round wire about z, drawn alone."""
    around = np.linspace(0, 2 * np.pi, 11)
    return turned([(radius + wire * np.cos(a), wire * np.sin(a)) for a in around], color, gloss, sides=sides)
