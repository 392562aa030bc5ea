# SPDX-License-Identifier: Apache-2.0
"""Where and how the expert puts down what it holds: turns and heights that the arm can reach and nothing touches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.grasping.motion import Step
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.world import World
from vla_ros.tasks.placing.motion import carry
from vla_ros.tasks.placing.receptacles import Body, Receptacle

TURNS = np.radians((0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 135.0, -135.0, 180.0))  # about the vertical
GAPS = (0.004, 0.020, 0.040)  # [m] above the floor where it is let go: the lowest that nothing forbids
OVER_RIM = 0.03  # [m] that the object's lowest point crosses the rim by
HEADROOM = (0.0, 0.06, 0.12)  # [m] higher than that, where something tall stands in the way


@dataclass(frozen=True, eq=False)
class Site:
    """Where something is put: the middle of what is put goes above the frame's origin."""

    T_base_site: np.ndarray  # (4, 4)
    receptacle: Receptacle


def site_at(world: World, name: str) -> Site:
    """Return where something is put that goes into or onto an object, as that stands now."""
    model = next(one.model for one in world.scene.objects if one.name == name)
    return Site(world.object_pose(name), Receptacle.of(model))


class PlacementPlanner(GraspPlanner):
    """Plan from the truth, the held object taken for a part of the hand."""

    _held: tuple[str, np.ndarray] | None = None  # name, T_ee_object (4, 4)

    def place(self, held: str, goal: Site, T_start: np.ndarray, q_start: np.ndarray, width: float) -> list[Step] | None:
        """Return the way that puts a held object into a goal, fingers closed; None where the arm finds none.

        `width` [m] between the fingers. A way on which something is touched is the last resort.
        """
        fallback = None
        with self.holding(held):
            for steps in self._ways(held, goal, T_start, width):
                followed = self._follow(steps, q_start)
                if followed is None:
                    continue
                closed = [dataclasses.replace(step, width=0.0) for step in steps]
                if followed[0]:
                    return closed
                fallback = fallback or closed
        return fallback

    @contextmanager
    def holding(self, held: str) -> Iterator[None]:
        """Look at ways from now on with an object in the hand as it is there now."""
        self._stand()
        own, body = self._robot_geom, self.world.model.body(held).id
        self._held = held, np.linalg.inv(self.world.tool_pose(self._group.name)) @ self.world.object_pose(held)
        self._robot_geom = own | (self.world.model.geom_bodyid == body)
        try:
            yield
        finally:
            self._held, self._robot_geom = None, own

    def orientations(self, T_held: np.ndarray, goal: Site) -> Sequence[np.ndarray]:
        """Return rotations (3, 3) in which what is held at T_held (4, 4) may be let go in a goal, best first."""
        return [Rotation.from_euler("z", turn).as_matrix() @ T_held[:3, :3] for turn in TURNS]

    def places(self, held: str, goal: Site, T_held: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
        """Return where an object that is held at T_held (4, 4) can be let go in a goal, best first.

        Each is T_base_object (4, 4), and how far above it [m] the way there crosses the rim.
        """
        placed = {one.name: one.model for one in self.world.scene.objects}
        T_goal, receptacle, body = goal.T_base_site, goal.receptacle, Body.of(placed[held])
        points, center = surface_points(placed[held].parts), np.array(body.center)
        floor, rim = T_goal[2, 3] + receptacle.floor, T_goal[2, 3] + receptacle.rim
        rotations = self.orientations(T_held, goal)
        for headroom in HEADROOM:
            for gap in GAPS:
                for R in rotations:
                    T_object = np.eye(4)
                    T_object[:3, :3] = R
                    outline = points @ R[:2].T  # (P, 2) about the object's origin
                    # The middle of what is seen from above, drawn a little towards the mass centre, goes over the
                    # floor's middle.
                    middle = 0.5 * (outline.min(axis=0) + outline.max(axis=0)) / 2 + 0.5 * (R @ center)[:2]
                    T_object[:2, 3] = T_goal[:2, 3] - middle
                    T_object[2, 3] = floor + gap - body.lowest(T_object)
                    yield T_object, rim + OVER_RIM + headroom - (floor + gap)

    def _ways(self, held: str, goal: Site, T_start: np.ndarray, width: float) -> Iterator[list[Step]]:
        T_held, T_base_ee = self.world.object_pose(held), self.world.tool_pose(self._group.name)
        T_object_ee = np.linalg.inv(T_base_ee @ self._held[1]) @ T_start if self._held else np.eye(4)
        for T_object, above in self.places(held, goal, T_held):
            yield from self.ways_to(T_start, T_object @ T_object_ee, above, width)

    def ways_to(self, T_start: np.ndarray, T_end: np.ndarray, above: float, width: float) -> Iterator[list[Step]]:
        """Return ways to carry something, to be tried in this order, that come from `above` [m] over their end."""
        yield carry(T_start, T_end, T_end[2, 3] + above, width, self.motion)

    def _touched(self, q: np.ndarray, opening: float) -> set[str]:
        if self._held is None:
            return super()._touched(q, opening)
        name, T_ee_object = self._held
        T = self.world.in_odom(self.arm.forward(q) @ T_ee_object)
        joint = self.world.model.body(name).jntadr[0]
        start = self.world.model.jnt_qposadr[joint]
        self._scratch.qpos[start : start + 3] = T[:3, 3]
        self._scratch.qpos[start + 3 : start + 7] = np.roll(Rotation.from_matrix(T[:3, :3]).as_quat(), 1)  # wxyz
        return super()._touched(q, opening) - {name}
