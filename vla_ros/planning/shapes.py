# SPDX-License-Identifier: Apache-2.0
"""What things in the way look like: boxes, spheres, cylinders and convex hulls [m], in frames of their own."""

from __future__ import annotations

from dataclasses import dataclass

import coal
import numpy as np

from controllers.errors import ConfigError


@dataclass(frozen=True)
class Box:
    """A box about its centre."""

    size: tuple[float, float, float]  # [m] edges along x, y, z

    def __post_init__(self) -> None:
        _positive("box size", *self.size)


@dataclass(frozen=True)
class Sphere:
    """A sphere about its centre."""

    radius: float  # [m]

    def __post_init__(self) -> None:
        _positive("sphere radius", self.radius)


@dataclass(frozen=True)
class Cylinder:
    """A cylinder about its centre, its axis along z."""

    radius: float  # [m]
    length: float  # [m]

    def __post_init__(self) -> None:
        _positive("cylinder radius and length", self.radius, self.length)


@dataclass(frozen=True, eq=False)
class ConvexHull:
    """The convex hull of points: what a mesh collides as. Split a hollow mesh into convex parts first."""

    points: np.ndarray  # (V, 3) [m]

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=float)
        if points.ndim != 2 or points.shape[1] != 3 or len(points) < 4 or not np.isfinite(points).all():
            raise ConfigError(f"convex hull: points must be (V, 3) finite numbers, V >= 4, got shape {points.shape}")
        if np.linalg.matrix_rank(points - points.mean(axis=0), tol=1e-6) < 3:
            raise ConfigError("convex hull: the points are flat: give them a thickness")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)


Shape = Box | Sphere | Cylinder | ConvexHull


def collision_geometry(shape: Shape) -> coal.CollisionGeometry:
    """Return the shape as coal knows it."""
    if isinstance(shape, Box):
        return coal.Box(*shape.size)
    if isinstance(shape, Sphere):
        return coal.Sphere(shape.radius)
    if isinstance(shape, Cylinder):
        return coal.Cylinder(shape.radius, shape.length)
    points = coal.StdVec_Vec3s()
    points.extend(list(shape.points))
    return coal.ConvexBase.convexHull(points, True, "Qt")


def _positive(what: str, *values: float) -> None:
    if not all(np.isfinite(value) and value > 0.0 for value in values):
        raise ConfigError(f"{what} must be positive [m], got {', '.join(f'{value:g}' for value in values)}")
