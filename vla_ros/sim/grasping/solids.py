# SPDX-License-Identifier: Apache-2.0
"""Convex solids: where a line enters and leaves, which is all that grasp synthesis asks of a shape.

MuJoCo collides every geom as a convex solid (a mesh as its hull), so an object is a union of these (solid_union.py).
Shape legend: N lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where N lines enter and leave a solid: distances [m] along the unit direction and outward normals."""

    t_in: np.ndarray  # (N,), +inf where the line misses
    t_out: np.ndarray  # (N,), -inf where the line misses
    normal_in: np.ndarray  # (N, 3) base frame
    normal_out: np.ndarray  # (N, 3) base frame


@dataclass(frozen=True, eq=False)
class Solid:
    """One convex collision shape, placed in the base frame."""

    kind: str  # box, cylinder, capsule, ellipsoid, hull
    size: np.ndarray  # (3,) MuJoCo half sizes [m]; all radii for an ellipsoid
    T_base_solid: np.ndarray  # (4, 4)
    planes: np.ndarray | None = None  # (P, 4) outward normal and offset of a hull's faces: n.x <= offset

    @property
    def radius(self) -> float:
        """Return the radius of a sphere around the solid's origin that contains it [m]."""
        if self.kind == "capsule":
            return float(self.size[0] + self.size[1])
        if self.kind == "cylinder":
            return float(np.hypot(self.size[0], self.size[1]))
        if self.kind == "ellipsoid":
            return float(self.size.max())
        return float(np.linalg.norm(self.size))

    def cross(self, origins: np.ndarray, directions: np.ndarray) -> Crossing:
        """Intersect with lines given by origins (N, 3) and unit directions (N, 3) in the base frame."""
        rotation = self.T_base_solid[:3, :3]
        o = (origins - self.T_base_solid[:3, 3]) @ rotation
        d = directions @ rotation
        # Division by a zero component is meant: IEEE infinities order themselves correctly.
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = _CROSSINGS[self.kind](self, o, d)
        missed = ~(crossing.t_in < crossing.t_out)
        t_in = np.where(missed, np.inf, crossing.t_in)
        t_out = np.where(missed, -np.inf, crossing.t_out)
        return Crossing(t_in, t_out, crossing.normal_in @ rotation.T, crossing.normal_out @ rotation.T)

    def contains(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Say which points (N, 3) lie deeper than `margin` [m] along the x axis inside the solid."""
        directions = np.zeros_like(points)
        directions[:, 0] = 1.0
        crossing = self.cross(points, directions)
        return (crossing.t_in < -margin) & (crossing.t_out > margin)


def _halfspaces(normals: np.ndarray, offsets: np.ndarray, o: np.ndarray, d: np.ndarray) -> Crossing:
    """Clip lines by half-spaces n.x <= offset: normals (P, 3)."""
    rate = d @ normals.T
    gap = offsets - o @ normals.T
    t = gap / rate
    parallel = np.abs(rate) < 1e-12
    entering = np.where(rate < 0.0, t, -np.inf)
    leaving = np.where(rate > 0.0, t, np.inf)
    entering[parallel] = np.where(gap[parallel] < 0.0, np.inf, -np.inf)
    leaving[parallel] = np.inf
    first, last = entering.argmax(axis=1), leaving.argmin(axis=1)
    rows = np.arange(len(o))
    return Crossing(entering[rows, first], leaving[rows, last], normals[first], normals[last])


def _box(solid: Solid, o: np.ndarray, d: np.ndarray) -> Crossing:
    normals = np.vstack([np.eye(3), -np.eye(3)])
    return _halfspaces(normals, np.concatenate([solid.size, solid.size]), o, d)


def _hull(solid: Solid, o: np.ndarray, d: np.ndarray) -> Crossing:
    planes = np.empty((0, 4)) if solid.planes is None else solid.planes
    return _halfspaces(planes[:, :3], planes[:, 3], o, d)


def _ellipsoid(solid: Solid, o: np.ndarray, d: np.ndarray) -> Crossing:
    return _ball(o, d, solid.size)


def _ball(o: np.ndarray, d: np.ndarray, radii: np.ndarray, centre: float = 0.0) -> Crossing:
    """Cross an ellipsoid centred at z = `centre`."""
    p = o - np.array([0.0, 0.0, centre])
    so, sd = p / radii, d / radii
    t_in, t_out = _quadratic((sd**2).sum(1), (so * sd).sum(1), (so**2).sum(1) - 1.0)

    def normal(t: np.ndarray) -> np.ndarray:
        n = (p + np.where(np.isfinite(t), t, 0.0)[:, None] * d) / radii**2
        return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)

    return Crossing(t_in, t_out, normal(t_in), normal(t_out))


def _quadratic(a: np.ndarray, half_b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve a t^2 + 2 half_b t + c <= 0 for its interval; empty where there is no solution."""
    discriminant = half_b**2 - a * c
    root = np.sqrt(np.maximum(discriminant, 0.0))
    t_in, t_out = (-half_b - root) / a, (-half_b + root) / a
    flat = a < 1e-14
    t_in = np.where(flat, np.where(c < 0.0, -np.inf, np.inf), t_in)
    t_out = np.where(flat, np.where(c < 0.0, np.inf, -np.inf), t_out)
    missed = (discriminant < 0.0) & ~flat
    return np.where(missed, np.inf, t_in), np.where(missed, -np.inf, t_out)


def _cylinder(solid: Solid, o: np.ndarray, d: np.ndarray) -> Crossing:
    radius, half_length = solid.size[0], solid.size[1]
    xy, dxy = o[:, :2], d[:, :2]
    side_in, side_out = _quadratic((dxy**2).sum(1), (xy * dxy).sum(1), (xy**2).sum(1) - radius**2)
    normals = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    caps = _halfspaces(normals, np.array([half_length, half_length]), o, d)

    def side_normal(t: np.ndarray) -> np.ndarray:
        point = xy + np.where(np.isfinite(t), t, 0.0)[:, None] * dxy
        return np.column_stack([point / radius, np.zeros(len(point))])

    cap_first, cap_last = caps.t_in > side_in, caps.t_out < side_out
    return Crossing(
        np.maximum(side_in, caps.t_in),
        np.minimum(side_out, caps.t_out),
        np.where(cap_first[:, None], caps.normal_in, side_normal(side_in)),
        np.where(cap_last[:, None], caps.normal_out, side_normal(side_out)),
    )


def _capsule(solid: Solid, o: np.ndarray, d: np.ndarray) -> Crossing:
    radius, half_length = solid.size[0], solid.size[1]
    radii = np.full(3, radius)
    pieces = [_cylinder(solid, o, d), _ball(o, d, radii, half_length), _ball(o, d, radii, -half_length)]
    hit = np.array([piece.t_in < piece.t_out for piece in pieces])
    t_in = np.where(hit, [piece.t_in for piece in pieces], np.inf)
    t_out = np.where(hit, [piece.t_out for piece in pieces], -np.inf)
    first, last, rows = t_in.argmin(axis=0), t_out.argmax(axis=0), np.arange(len(o))
    normal_in = np.array([piece.normal_in for piece in pieces])[first, rows]
    normal_out = np.array([piece.normal_out for piece in pieces])[last, rows]
    return Crossing(t_in[first, rows], t_out[last, rows], normal_in, normal_out)


_CROSSINGS = {"box": _box, "hull": _hull, "ellipsoid": _ellipsoid, "cylinder": _cylinder, "capsule": _capsule}


def body_solids(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> tuple[Solid, ...]:
    """Return the colliding geoms of one body as solids at their present pose."""
    first = model.body_geomadr[body]
    geoms = range(first, first + model.body_geomnum[body])
    colliding = (g for g in geoms if model.geom_contype[g] or model.geom_conaffinity[g])
    return tuple(_geom_solid(model, data, geom) for geom in colliding)


def _geom_solid(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> Solid:
    pose = np.eye(4)
    pose[:3, :3] = data.geom_xmat[geom].reshape(3, 3)
    pose[:3, 3] = data.geom_xpos[geom]
    size = model.geom_size[geom].copy()
    kind = mujoco.mjtGeom(model.geom_type[geom])
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        return hull(vertices, pose)
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return Solid("ellipsoid", np.full(3, size[0]), pose)
    names = {
        mujoco.mjtGeom.mjGEOM_BOX: "box",
        mujoco.mjtGeom.mjGEOM_CYLINDER: "cylinder",
        mujoco.mjtGeom.mjGEOM_CAPSULE: "capsule",
        mujoco.mjtGeom.mjGEOM_ELLIPSOID: "ellipsoid",
    }
    return Solid(names[kind], size, pose)


def hull(vertices: np.ndarray, T_base_solid: np.ndarray) -> Solid:
    """Return the convex hull of vertices (V, 3) as a solid."""
    from scipy.spatial import ConvexHull

    equations = ConvexHull(vertices).equations
    # Coplanar triangles repeat their plane.
    equations = np.unique(np.round(equations, 9), axis=0)
    planes = np.column_stack([equations[:, :3], -equations[:, 3]])
    return Solid("hull", np.abs(vertices).max(axis=0), T_base_solid, planes)
