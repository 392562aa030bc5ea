# SPDX-License-Identifier: Apache-2.0
"""Where and how the expert puts down what it holds: turns and heights that the arm can reach and nothing touches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.grasping.motion import Step
from vla_ros.sim.grasping.planning import GraspPlanner
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


class PlacementPlanner(GraspPlanner):
    """Plan from the truth, the held object taken for a part of the hand."""

    _held: tuple[str, np.ndarray] | None = None  # name, T_ee_object (4, 4)

    def place(self, held: str, goal: Site, T_start: np.ndarray, q_start: np.ndarray, width: float) -> list[Step] | None:
        """Return the way that puts a held object into a goal, fingers closed; None where the arm finds none.

        `width` [m] between the fingers. A way on which something is touched is the last resort.
        """
        self._stand()
        own, body = self._robot_geom, self.world.model.body(held).id
        T_base_ee = self.world.tool_pose(self._group.name)
        self._held = held, np.linalg.inv(T_base_ee) @ self.world.object_pose(held)
        self._robot_geom = own | (self.world.model.geom_bodyid == body)
        fallback = None
        try:
            for steps in self._ways(held, goal, T_start, width):
                followed = self._follow(steps, q_start)
                if followed is None:
                    continue
                closed = [dataclasses.replace(step, width=0.0) for step in steps]
                if followed[0]:
                    return closed
                fallback = fallback or closed
        finally:
            self._held, self._robot_geom = None, own
        return fallback

    def _ways(self, held: str, goal: Site, T_start: np.ndarray, width: float) -> Iterator[list[Step]]:
        placed = {one.name: one.model for one in self.world.scene.objects}
        T_goal, receptacle, body = goal.T_base_site, goal.receptacle, Body.of(placed[held])
        T_held = self.world.object_pose(held)
        outline = surface_points(placed[held].parts) @ T_held[:2, :3].T  # (P, 2) about the object's origin
        middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
        # The middle of what is seen from above, drawn a little towards the mass centre, goes over the floor's middle.
        middle = 0.5 * middle + 0.5 * (body.middle(T_held) - T_held[:3, 3])[:2]
        lowest = body.lowest(T_held) - T_held[2, 3]  # [m] of the object's origin
        T_base_ee = self.world.tool_pose(self._group.name)
        T_object_ee = np.linalg.inv(T_base_ee @ self._held[1]) @ T_start if self._held else np.eye(4)
        floor, rim = T_goal[2, 3] + receptacle.floor, T_goal[2, 3] + receptacle.rim
        for headroom in HEADROOM:
            for gap in GAPS:
                for turn in TURNS:
                    R = Rotation.from_euler("z", turn).as_matrix()
                    T_object = np.eye(4)
                    T_object[:3, :3] = R @ T_held[:3, :3]
                    T_object[:2, 3] = T_goal[:2, 3] - R[:2, :2] @ middle
                    T_object[2, 3] = floor + gap - lowest
                    T_place = T_object @ T_object_ee
                    above = rim + OVER_RIM + headroom - (floor + gap)
                    yield carry(T_start, T_place, T_place[2, 3] + above, width, self.motion)

    def _touched(self, q: np.ndarray, opening: float) -> set[str]:
        if self._held is None:
            return super()._touched(q, opening)
        name, T_ee_object = self._held
        T = self.arm.forward(q) @ T_ee_object
        joint = self.world.model.body(name).jntadr[0]
        start = self.world.model.jnt_qposadr[joint]
        self._scratch.qpos[start : start + 3] = T[:3, 3]
        self._scratch.qpos[start + 3 : start + 7] = np.roll(Rotation.from_matrix(T[:3, :3]).as_quat(), 1)  # wxyz
        return super()._touched(q, opening) - {name}
