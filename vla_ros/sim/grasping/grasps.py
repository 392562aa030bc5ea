# SPDX-License-Identifier: Apache-2.0
"""Antipodal grasps on the real collision geometry, from the simulator's truth.

GraspVLA, Appendix J: only grasps that are in force closure at a friction of 0.15 are kept: they hold whatever has as
much, and objects of the catalogue have twice that. Two opposing contacts are in force closure when the line between
them lies inside both friction cones (Nguyen 1988).

Frame of a grasp: the tool frame, z the approach direction, y the closing direction. Shape legend: M grasps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.grasp import Grasp
from vla_ros.objects.surface_points import SurfacePoints
from vla_ros.sim.grasping.gripper_shape import GripperShape
from vla_ros.sim.grasping.solid_union import cross_union, sample_surface
from vla_ros.sim.grasping.solids import Solid

CLOSURE_FRICTION = 0.15  # of every grasp that is planned or labelled: there is no other where an object offers none

# Odd factors that spread nine small whole numbers over 64 bits.
_CELL_NUMBERS = np.random.default_rng(0).integers(2**62, size=9, dtype=np.int64) | 1


@dataclass(frozen=True)
class AntipodalConfig:
    """What is sampled and how candidates are ranked."""

    friction: float = CLOSURE_FRICTION  # force closure must hold at this coefficient
    play: float = 0.004  # [m] by which the widest object part is narrower than the full opening
    width_min: float = 0.003  # [m]
    contacts: int = 300  # surface points tried
    batch: int = 150  # candidates checked for collisions at a time
    enough: int = 60  # grasps free of collision, then the search stops
    opening_margin: float = 0.014  # [m] free room on each side between finger and object before closing
    wide_margin: float = 0.014  # [m] the same where neighbours leave room for it
    table_clearance: float = 0.003  # [m] between the fingers' tips and the table
    neighbour_clearance: float = 0.006  # [m]
    tilt_max: float = 1.0  # [rad] between the approach and straight down
    closing_slope_max: float = 0.35  # vertical component of the closing direction
    tilts: tuple[float, ...] = (0.0, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)  # [rad] about the closing direction
    depths: tuple[float, ...] = (0.005, 0.0, -0.004, -0.008)  # [m] of the tool point past the contacts
    pad_radius: float = 0.006  # [m] of the patch of the pads that should rest on the object
    same_distance: float = 0.01  # [m] closer grasps that also point alike are one
    same_angle: float = 0.25  # [rad]
    # Cost = weighted sum; each term is about 1 where it starts to hurt.
    centre_weight: float = 1.0  # distance of the contacts from the mass centre / 3 cm
    tilt_weight: float = 0.6  # tilt / 45 degrees
    support_weight: float = 1.5  # share of the pads' patch that touches nothing
    depth_weight: float = 0.3  # contacts away from the middle of the pads / 1 cm
    cone_weight: float = 0.5  # angle to the normals / friction angle


def antipodal_grasps(
    target: Sequence[Solid],
    mass_centre: np.ndarray,  # (3,) [m]
    neighbours: Sequence[Solid],
    table_height: float,  # [m]
    gripper: GripperShape,
    rng: np.random.Generator,
    config: AntipodalConfig | None = None,
) -> list[Grasp]:
    """Return force-closure grasps free of collision, best first; empty when there is none."""
    config = config or AntipodalConfig()
    contacts = _contact_pairs(target, rng, gripper.opening_max, config)
    if contacts is None:
        return []
    candidates = _poses(*contacts, gripper.opening_max, config)
    candidates = candidates.select(_in_reach(candidates, gripper, table_height, config))
    own = sample_surface(target, 1200, rng).points
    others = np.concatenate([np.empty((0, 3)), *(_near(solid, mass_centre, rng) for solid in neighbours)])
    grasps: list[Grasp] = []
    # Collisions are dear and good grasps many: look at the promising ones first and stop when there are enough.
    candidates = _thinned(candidates, mass_centre, config)
    order = np.arange(len(candidates.T))
    for first in range(0, len(order), config.batch):
        if len(grasps) >= config.enough:
            break
        batch = candidates.select(order[first : first + config.batch])
        batch = batch.select(~gripper.touches(batch.T, batch.opening, own, margin=0.0015))
        batch = batch.select(~gripper.touches(batch.T, batch.opening, others, margin=config.neighbour_clearance))
        cost = _cheap_cost(batch, mass_centre, config)
        cost += config.support_weight * (1.0 - _pad_support(batch, target, config))
        grasps += [
            Grasp(T, float(opening), float(width), float(c))
            for T, width, opening, c in zip(batch.T, batch.width, batch.opening, cost, strict=True)
        ]
    return sorted(grasps, key=lambda grasp: grasp.cost)


def distinct(grasps: Sequence[Grasp], distance: float, angle: float) -> list[Grasp]:
    """Return the first of all grasps that are nearer than a distance [m] and an angle [rad]; the fingers are alike."""
    if not grasps:
        return []
    T = np.array([grasp.T_base_grasp for grasp in grasps])
    apart = np.linalg.norm(T[:, None, :3, 3] - T[None, :, :3, 3], axis=2)
    closing = np.abs(T[:, :3, 1] @ T[:, :3, 1].T)
    approach = T[:, :3, 2] @ T[:, :3, 2].T
    same = (apart < distance) & (np.minimum(closing, approach) > np.cos(angle))
    kept: list[int] = []
    for i in range(len(grasps)):
        if not same[i, kept].any():
            kept.append(i)
    return [grasps[i] for i in kept]


@dataclass(frozen=True, eq=False)
class _Candidates:
    T: np.ndarray  # (M, 4, 4)
    width: np.ndarray  # (M,)
    opening: np.ndarray  # (M,)
    depth: np.ndarray  # (M,)
    cone: np.ndarray  # (M,) larger angle to a normal / friction angle

    @property
    def contact_centre(self) -> np.ndarray:
        """Return the middle between the contacts (M, 3) [m]."""
        return self.T[:, :3, 3] - self.depth[:, None] * self.T[:, :3, 2]

    def select(self, keep: np.ndarray) -> _Candidates:
        return _Candidates(self.T[keep], self.width[keep], self.opening[keep], self.depth[keep], self.cone[keep])


def _contact_pairs(
    target: Sequence[Solid], rng: np.random.Generator, opening_max: float, config: AntipodalConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Return first contacts (M, 3), closing directions (M, 3), widths (M,) and cone angles (M,)."""
    surface = sample_surface(target, config.contacts, rng)
    friction_angle = np.arctan(config.friction)
    starts, normals, directions = _closing_directions(surface, friction_angle, rng)
    material = cross_union(target, starts, directions, start=0.0, pieces=2)
    here = _angle(directions, -normals)
    points, closing, widths, cones = [], [], [], []
    # The first piece is the wall under the contact (a mug's), the second the far side of something hollow.
    for t_out, normal in zip(material.t_out, material.normal_out, strict=True):
        angle = np.maximum(here, _angle(directions, normal))
        fits = (t_out >= config.width_min) & (t_out <= opening_max - config.play) & (angle <= friction_angle)
        points.append(starts[fits])
        closing.append(directions[fits])
        widths.append(t_out[fits])
        cones.append(angle[fits] / friction_angle)
    p, y, w, c = np.concatenate(points), np.concatenate(closing), np.concatenate(widths), np.concatenate(cones)
    level = np.abs(y[:, 2]) <= config.closing_slope_max
    return (p[level], y[level], w[level], c[level]) if level.any() else None


def _closing_directions(
    surface: SurfacePoints, friction_angle: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return contacts, their normals and directions into the object inside the friction cone.

    Against the normal; level where the cone allows it, which on an ellipsoid alone meets its counterpart; and anywhere
    in the cone, for sides that are not parallel.
    """
    against = -surface.normals
    level = against * (1.0, 1.0, 0.0)
    length = np.linalg.norm(level, axis=1)
    possible = length > np.cos(friction_angle)
    level = level[possible] / length[possible, None]
    slant = np.cross(against, rng.normal(size=against.shape))
    slant /= np.linalg.norm(slant, axis=1, keepdims=True)
    slant *= np.tan(friction_angle) * np.sqrt(rng.uniform(size=(len(slant), 1)))  # uniform over the cone's disk
    anywhere = against + slant
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    points = np.concatenate([surface.points, surface.points[possible], surface.points])
    normals = np.concatenate([surface.normals, surface.normals[possible], surface.normals])
    return points, normals, np.concatenate([against, level, anywhere])


def _angle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.arccos(np.clip((first * second).sum(axis=1), -1.0, 1.0))


def _poses(
    points: np.ndarray,
    closing: np.ndarray,
    widths: np.ndarray,
    cones: np.ndarray,
    opening_max: float,
    config: AntipodalConfig,
) -> _Candidates:
    """Turn contact pairs into tool poses: every tilt about the closing direction, every depth, both ways round."""
    down = np.array([0.0, 0.0, -1.0])
    base = down - (closing @ down)[:, None] * closing
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    side = np.cross(closing, base)
    centres = points + 0.5 * widths[:, None] * closing
    parts = []
    for tilt in config.tilts:
        approach = np.cos(tilt) * base + np.sin(tilt) * side
        for depth in config.depths:
            for flip in (1.0, -1.0):
                T = np.tile(np.eye(4), (len(points), 1, 1))
                T[:, :3, 1] = flip * closing
                T[:, :3, 2] = approach
                T[:, :3, 0] = np.cross(T[:, :3, 1], T[:, :3, 2])
                T[:, :3, 3] = centres + depth * approach
                parts.append((T, np.full(len(points), depth)))
    T = np.concatenate([part[0] for part in parts])
    depths = np.concatenate([part[1] for part in parts])
    width, cone = np.tile(widths, len(parts)), np.tile(cones, len(parts))
    opening = np.minimum(width + 2.0 * config.opening_margin, opening_max)
    return _Candidates(T, width, opening, depths, cone)


def _in_reach(
    candidates: _Candidates, gripper: GripperShape, table_height: float, config: AntipodalConfig
) -> np.ndarray:
    """Keep approaches from above whose fingers stay clear of the table."""
    steep = -candidates.T[:, 2, 2] >= np.cos(config.tilt_max)
    lowest = gripper.lowest(candidates.T, candidates.opening)
    return steep & (lowest >= table_height + config.table_clearance)


def _thinned(candidates: _Candidates, mass_centre: np.ndarray, config: AntipodalConfig) -> _Candidates:
    """Sort by cost and keep the best of those that are nearly the same, so that the list offers real alternatives."""
    order = np.argsort(_cheap_cost(candidates, mass_centre, config), kind="stable")
    T = candidates.T[order]
    cells = [T[:, :3, 3] / config.same_distance, T[:, :3, 1] / config.same_angle, T[:, :3, 2] / config.same_angle]
    # One number a cell: whole rows take ten times as long to sort.
    numbers = np.round(np.concatenate(cells, axis=1)).astype(np.int64) @ _CELL_NUMBERS
    _, first = np.unique(numbers, return_index=True)
    return candidates.select(order[np.sort(first)])


def _near(solid: Solid, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample a neighbour's surface densely enough for a finger not to slip between the points."""
    if np.linalg.norm(solid.T_base_solid[:3, 3] - centre) > 0.25 + solid.radius:
        return np.empty((0, 3))
    return sample_surface([solid], 250, rng).points


def _cheap_cost(candidates: _Candidates, mass_centre: np.ndarray, config: AntipodalConfig) -> np.ndarray:
    off_centre = np.linalg.norm(candidates.contact_centre - mass_centre, axis=1)
    tilt = np.arccos(np.clip(-candidates.T[:, 2, 2], -1.0, 1.0))
    return (
        config.centre_weight * off_centre / 0.03
        + config.tilt_weight * tilt / (np.pi / 4.0)
        + config.depth_weight * np.abs(candidates.depth) / 0.01
        + config.cone_weight * candidates.cone
    )


def _pad_support(candidates: _Candidates, target: Sequence[Solid], config: AntipodalConfig) -> np.ndarray:
    """Return the share of eight points around both pads' centres where the object is within 1.5 mm of the pad."""
    x, y, z = (candidates.T[:, :3, i] for i in range(3))
    lead = 0.01
    touching = np.zeros(len(candidates.T))
    for along_x, along_z in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        offset = config.pad_radius * (along_x * x + along_z * z)
        for sign in (1.0, -1.0):
            start = candidates.contact_centre + offset - sign * y * (0.5 * candidates.width + lead)[:, None]
            first = cross_union(target, start, sign * y, start=0.0, pieces=1).t_in[0]
            touching += np.abs(first - lead) <= 0.0015
    return touching / 8.0
