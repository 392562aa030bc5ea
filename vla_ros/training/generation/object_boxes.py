# SPDX-License-Identifier: Apache-2.0
"""Where a scene's things are in a picture: boxes around what is seen of them, whatever hides the rest.

Shape legend: N things, P points of one thing's surface, V vertices of a cloth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.objects.parts import Part
from vla_ros.sim.grasping.solid_union import sample_surface
from vla_ros.sim.grasping.solids import Solid, body_solids
from vla_ros.sim.scenes.placed import PlacedCloth
from vla_ros.sim.scenes.relations import Spot
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.scenes.sizes import Size
from vla_ros.sim.scenes.visibility import project
from vla_ros.sim.world import World

EXTENT = 9  # numbers of how a thing stands
POINTS, POINTS_LARGE = 240, 1200  # of an object's surface, of a cloth's or of furniture's
BEHIND = 0.008  # [m] a point this far behind what the camera measured is hidden
BEHIND_BOARD = 0.003  # [m] of furniture: a mat lies under trays of less than 8 mm


class Surface(Protocol):
    """The surface of one thing, wherever it is now."""

    facing: float  # share of its points that an unhidden one shows
    behind: float  # [m] a point this far behind what the camera measured is hidden

    def points(self) -> np.ndarray:
        """Return points of it (P, 3) [m], base frame."""

    def middle(self) -> np.ndarray:
        """Return its middle (3,) [m], base frame."""

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """Return points of its hull (P, 3) [m] in its own frame, and where that is (4, 4)."""


class ObjectBoxes:
    """Boxes of the things of one world, which must stand as its scene settled when this is made."""

    def __init__(self, world: World, names: Sequence[str] | None = None) -> None:
        """Take the names of objects, cloths, fixtures or fixtures' joints; None: all rigid objects."""
        random = np.random.default_rng(world.scene.seed)
        self._surfaces = [_surface(world, name, random) for name in (world.object_names if names is None else names)]

    def measure(self, camera: SceneCamera, depth: np.ndarray) -> np.ndarray:
        """Return x1, y1, x2, y2 [px] of what is seen and the share of it that is, (N, 5), zeros where nothing is.

        `depth` is the picture's true depth (H, W) [m]. The share is that of the points that face the camera as far as
        an unhidden object of convex shape would show them: half of all. A sheet shows all.
        """
        width, height = camera.size
        rows = np.zeros((len(self._surfaces), 5), dtype=np.float32)
        for row, surface in zip(rows, self._surfaces, strict=True):
            pixels, z = project(camera, surface.points())
            columns, lines = np.round(pixels).astype(int).T
            inside = (columns >= 0) & (columns < width) & (lines >= 0) & (lines < height) & (z > 0.05)
            seen = inside.copy()
            seen[inside] = z[inside] <= depth[lines[inside], columns[inside]] + surface.behind
            if seen.any():
                low, high = pixels[seen].min(axis=0), pixels[seen].max(axis=0)
                row[:4] = *low, *high
                row[4] = min(1.0, seen.mean() / surface.facing)
        return rows

    def extents(self) -> np.ndarray:
        """Return how the things stand and how large they are (N, EXTENT), see annotations.EXTENTS."""
        rows = []
        for surface in self._surfaces:
            outline = surface.outline()
            spot, size = Spot.of_points(*outline), Size.of_points(*outline)
            rows.append((*spot.low, *spot.high, *size.edges, size.height, float(size.stands)))
        return np.array(rows, dtype=np.float32).reshape(-1, EXTENT)

    def positions(self) -> np.ndarray:
        """Return the middles of the things (N, 3) [m], base frame."""
        return np.array([surface.middle() for surface in self._surfaces]).reshape(-1, 3)  # also of none


class _RigidSurface:
    """Of a body and what its joints, where they start, carry."""

    facing = 0.5

    def __init__(self, world: World, body: str, points: np.ndarray, parts: Sequence[Part], behind: float) -> None:
        """Take the body whose frame counts, points (P, 3) [m] in the base frame, and its parts in the body's frame."""
        self._world, self._body, self.behind = world, body, behind
        self._hull = surface_points(parts)
        T = world.body_pose(body)
        self._points = (points - T[:3, 3]) @ T[:3, :3]  # (P, 3) body's frame

    def points(self) -> np.ndarray:
        T = self._world.body_pose(self._body)
        return self._points @ T[:3, :3].T + T[:3, 3]

    def middle(self) -> np.ndarray:
        T = self._world.body_pose(self._body)
        if self._body in self._world.object_names:  # its frame is in its middle; furniture's stands on the ground
            return T[:3, 3]
        return T[:3, :3] @ (self._hull.min(axis=0) + self._hull.max(axis=0)) / 2 + T[:3, 3]

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        return self._hull, self._world.body_pose(self._body)


class _ClothSurface:
    """Of a sheet that lies or hangs as its vertices do."""

    facing, behind = 1.0, BEHIND

    def __init__(self, world: World, placed: PlacedCloth, random: np.random.Generator) -> None:
        self._world, self._name = world, placed.name
        triangles = np.array(placed.model.triangles)
        self._corners = triangles[
            random.integers(len(triangles), size=POINTS_LARGE)
        ]  # (P, 3) vertices; all about as large
        self._weights = random.dirichlet(np.ones(3), POINTS_LARGE)  # (P, 3) uniform in each triangle

    def points(self) -> np.ndarray:
        vertices = self._world.cloth_vertices(self._name)
        inner = np.einsum("pk,pkd->pd", self._weights, vertices[self._corners])
        return np.concatenate([inner, vertices])  # its edge and corners are vertices

    def middle(self) -> np.ndarray:
        return self._world.cloth_vertices(self._name).mean(axis=0)

    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        return self._world.cloth_vertices(self._name), np.eye(4)


def _surface(world: World, name: str, random: np.random.Generator) -> Surface:
    """Return the surface of a thing by its name in the scene. Raises KeyError."""
    scene = world.scene
    for placed in scene.objects:
        if placed.name == name:
            points = sample_surface(_solids(world, [name]), POINTS, random).points
            return _RigidSurface(world, name, points, placed.model.parts, BEHIND)
    for cloth in scene.cloths:
        if cloth.name == name:
            return _ClothSurface(world, cloth, random)
    for fixture in scene.fixtures:
        links = dict(zip(fixture.joints, fixture.model.links, strict=True))
        if name == fixture.name:
            bodies, parts = (
                [name, *links],
                [*fixture.model.parts, *(part for one in links.values() for part in one.parts)],
            )
        elif name in links:
            bodies, parts = [name], list(links[name].parts)
        else:
            continue
        sampled = sample_surface(_solids(world, bodies), POINTS_LARGE, random)
        outside = _outside(sampled.points, sampled.normals, _solids(world, [fixture.name, *links]))
        return _RigidSurface(world, name, sampled.points[outside], parts, BEHIND_BOARD)
    raise KeyError(f"scene {scene.seed} has no thing '{name}'")


def _solids(world: World, bodies: Sequence[str]) -> list[Solid]:
    return [one for name in bodies for one in body_solids(world.model, world.data, world.model.body(name).id)]


def _outside(points: np.ndarray, normals: np.ndarray, solids: Sequence[Solid]) -> np.ndarray:
    """Say which points (P, 3) [m] of furniture do not look at its own boards: what is shut shows no inside."""
    origins = points + 0.001 * normals
    hits = [solid.cross(origins, normals).t_out > 0.0 for solid in solids]  # -inf where the line misses
    return ~np.any(hits, axis=0)
