# SPDX-License-Identifier: Apache-2.0
"""Grasps of one end of something long, and where it is put down: for a hand that leaves the other end to the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.grasps import distinct
from vla_ros.sim.grasping.motion import ExpertMotionConfig
from vla_ros.sim.world import World
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.placing.planning import PlacementPlanner, Site

HALF = 0.02  # [m] from the middle: a grasp nearer to it belongs to neither end
TURNS = (0.3, -0.3, 0.6, -0.6)  # [rad] off the receptacle's longer side, where nothing goes along it
ROLLS = (0.0, 0.35, -0.35, 0.7, -0.7)  # [rad] about its length in which it may be let go; it falls over to lie


class EndGrasps(PlacementPlanner):
    """What one gripper can take of one half of an object, and how the object is laid along its receptacle."""

    def __init__(self, world: World, arm: ArmModel, motion: ExpertMotionConfig, thing: LongThing) -> None:
        super().__init__(world, arm, motion)
        self._thing = thing
        self._lying = np.eye(3)
        self._sign = 1.0  # which end: 1 towards the axis' upper end
        self._turns: tuple[float, ...] = (0.0,)  # [rad] off the receptacle's longer side

    def lie(self) -> None:
        """Take the way in which the object lies now for the one in which it is to lie in the end."""
        self._lying = self.world.object_pose(self.world.scene.target)[:3, :3]

    def on_the_table(self, target: str, sign: float, count: int) -> list[Grasp]:
        """Return up to `count` different grasps of an end of the object as it lies, best first."""
        self._sign = sign
        return distinct(self._grasps(target), self.DISTINCT, self.DISTINCT_ANGLE)[:count]

    def in_the_air(self, target: str, sign: float, count: int) -> list[Grasp]:
        """Return the same as though there were no table."""
        table, self._table = self._table, -np.inf
        try:
            return self.on_the_table(target, sign, count)
        finally:
            self._table = table

    def lain(self, held: str, goal: Site, count: int, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return poses (P, 4, 4) of the object in which it may be let go in a goal, best first.

        And how far above each the way there crosses the rim (P,) [m]. Along the goal's longer side, or `turned` off it.
        """
        self._turns, count = (TURNS, count * len(TURNS)) if turned else ((0.0,), count)
        found = list(islice(self.places(held, goal, self.world.object_pose(held)), count))
        return np.array([T for T, _ in found]), np.array([above for _, above in found])

    def orientations(self, T_held: np.ndarray, goal: Site) -> Sequence[np.ndarray]:
        """Return rotations (3, 3) of the thing along the goal's longer side, lying as it lay and a little rolled."""
        along = goal.T_base_site[:2, int(np.argmax(np.ptp(goal.receptacle.outline, axis=0)))]
        axis = self._lying[:2, self._thing.axis]
        turn = float(np.arctan2(along[1], along[0]) - np.arctan2(axis[1], axis[0]))
        held = np.arctan2(*T_held[1::-1, self._thing.axis]) - np.arctan2(axis[1], axis[0])
        found = []
        shifts = [half + off for off in self._turns for half in (0.0, np.pi)]
        for shift in sorted(shifts, key=lambda shift: -np.cos(turn + shift - held)):
            level = Rotation.from_euler("z", turn + shift).as_matrix() @ self._lying
            length = level[:, self._thing.axis]
            found.append([Rotation.from_rotvec(roll * length).as_matrix() @ level for roll in ROLLS])
        return [R for pair in zip(*found, strict=True) for R in pair]

    def _centre(self, target: str) -> np.ndarray:
        T = self.world.object_pose(target)
        point = (np.linalg.inv(T) @ np.append(super()._centre(target), 1.0))[:3]
        point[self._thing.axis] = self._thing.hold(self._sign)
        return T[:3, :3] @ point + T[:3, 3]

    def _grasps(self, target: str) -> list[Grasp]:
        T_object_base = np.linalg.inv(self.world.object_pose(target))
        found = []
        for grasp in super()._grasps(target):
            along = (T_object_base @ grasp.T_base_grasp)[self._thing.axis, 3]
            if self._sign * (along - self._thing.middle) >= HALF:
                found.append(grasp)
        return found
