# SPDX-License-Identifier: Apache-2.0
"""Where the scene's rigid objects are in a picture: boxes around what is seen of them. Fixtures and cloths hide them.

Shape legend: N objects, P points of one object's surface.
"""

from __future__ import annotations

import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.grasping.solid_union import sample_surface
from vla_ros.sim.grasping.solids import body_solids
from vla_ros.sim.scenes.relations import Spot
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.scenes.sizes import Size
from vla_ros.sim.scenes.visibility import project
from vla_ros.sim.world import World

POINTS = 240  # of each object's surface
EXTENT = 9  # numbers of how an object stands
BEHIND = 0.008  # [m] a point this far behind what the camera measured is hidden


class ObjectBoxes:
    """Boxes of all objects of one world, which must stand as its scene settled when this is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        random = np.random.default_rng(world.scene.seed)
        self._parts = [surface_points(placed.model.parts) for placed in world.scene.objects]  # of their hulls
        self._points = []  # (P, 3) object frame [m]
        for name in world.object_names:
            T = world.object_pose(name)
            solids = body_solids(world.model, world.data, world.model.body(name).id)
            points = sample_surface(solids, POINTS, random).points
            self._points.append((points - T[:3, 3]) @ T[:3, :3])

    def measure(self, camera: SceneCamera, depth: np.ndarray) -> np.ndarray:
        """Return x1, y1, x2, y2 [px] of what is seen and the share of it that is, (N, 5), zeros where nothing is.

        `depth` is the picture's true depth (H, W) [m]. The share is that of the points that face the camera as far as
        an unhidden object of convex shape would show them: half of all.
        """
        width, height = camera.size
        rows = np.zeros((len(self._points), 5), dtype=np.float32)
        for row, name, points in zip(rows, self._world.object_names, self._points, strict=True):
            T = self._world.object_pose(name)
            pixels, z = project(camera, points @ T[:3, :3].T + T[:3, 3])
            columns, lines = np.round(pixels).astype(int).T
            inside = (columns >= 0) & (columns < width) & (lines >= 0) & (lines < height) & (z > 0.05)
            seen = inside.copy()
            seen[inside] = z[inside] <= depth[lines[inside], columns[inside]] + BEHIND
            if seen.any():
                low, high = pixels[seen].min(axis=0), pixels[seen].max(axis=0)
                row[:4] = *low, *high
                row[4] = min(1.0, 2.0 * seen.mean())
        return rows

    def extents(self) -> np.ndarray:
        """Return how the objects stand and how large they are (N, EXTENT), see annotations.EXTENTS."""
        rows = []
        for points, name in zip(self._parts, self._world.object_names, strict=True):
            T = self._world.object_pose(name)
            spot, size = Spot.of_points(points, T), Size.of_points(points, T)
            rows.append((*spot.low, *spot.high, *size.edges, size.height, float(size.stands)))
        return np.array(rows, dtype=np.float32).reshape(-1, EXTENT)

    def positions(self) -> np.ndarray:
        """Return the middles of the objects (N, 3) [m], base frame."""
        positions = [self._world.object_pose(name)[:3, 3] for name in self._world.object_names]
        return np.array(positions).reshape(-1, 3)  # also of none
