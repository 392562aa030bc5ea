# SPDX-License-Identifier: Apache-2.0
"""Grasps of one end of something long: for a hand that leaves the other end to the other hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.grasps import distinct
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, approach, straight
from vla_ros.sim.grasping.planning import PlannedGrasp
from vla_ros.sim.world import World
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.placing.planning import Site
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.arm_planning import ArmPlanner

HALF = 0.02  # [m] from the middle: a grasp nearer to it belongs to neither end
ROLLS = (0.0, 0.35, -0.35, 0.7, -0.7)  # [rad] about its length in which it may be let go; it falls over to lie
BEFORE = 0.07  # [m] before a grasp where the last stretch begins, straight in


class EndGraspPlanner(ArmPlanner):
    """Plan grasps of one half of an object, and put it down along its receptacle."""

    def __init__(self, world: World, arm: ArmModel, other: str, motion: ExpertMotionConfig, thing: LongThing) -> None:
        super().__init__(world, arm, other, motion)
        self._thing = thing
        self._lying = world.object_pose(world.scene.target)[:3, :3]  # as it lay
        self.sign = 1.0  # which end: 1 towards the axis' upper end
        # Says of a grasp that the arm can reach whether it serves what comes after it.
        self.serves: Callable[[Grasp], bool] | None = None

    def in_the_air(self, target: str, sign: float, count: int) -> list[Grasp]:
        """Return up to `count` different grasps of an end as the object lies now, as though there were no table."""
        table, self._table, self.sign = self._table, -np.inf, sign
        try:
            return distinct(self._grasps(target), self.DISTINCT, self.DISTINCT_ANGLE)[:count]
        finally:
            self._table = table

    def take(self, grasp: Grasp, top: float, T_start: np.ndarray, q_start: np.ndarray) -> list[JointStep] | None:
        """Return the way to a grasp of something whose top is at a height [m], on which nothing is touched."""
        T_before = grasp.T_base_grasp.copy()
        T_before[:3, 3] -= BEFORE * T_before[:3, 2]
        way_in = straight(
            T_before, grasp.T_base_grasp, grasp.opening, MotionPhase.APPROACH, self.motion.lift_speed, self.motion
        )
        run_in = max(0.04, top + self.RUN_IN - grasp.T_base_grasp[2, 3])
        curve = approach(T_start, grasp.T_base_grasp, grasp.opening, run_in, self.motion)
        swings = ([*way, *way_in] for way in self.swing(T_before, q_start, grasp.opening, MotionPhase.APPROACH))
        for way in chain((curve,), swings):
            found = self.follow(way, q_start)
            if found is not None:
                return found
        return None

    def orientations(self, T_held: np.ndarray, goal: Site) -> Sequence[np.ndarray]:
        """Return rotations (3, 3) of the thing along the goal's longer side, lying as it lay and a little rolled."""
        along = goal.T_base_site[:2, int(np.argmax(np.ptp(goal.receptacle.outline, axis=0)))]
        axis = self._lying[:2, self._thing.axis]
        turn = float(np.arctan2(along[1], along[0]) - np.arctan2(axis[1], axis[0]))
        held = np.arctan2(*T_held[1::-1, self._thing.axis]) - np.arctan2(axis[1], axis[0])
        found = []
        for shift in sorted((0.0, np.pi), key=lambda shift: -np.cos(turn + shift - held)):
            level = Rotation.from_euler("z", turn + shift).as_matrix() @ self._lying
            length = level[:, self._thing.axis]
            found.append([Rotation.from_rotvec(roll * length).as_matrix() @ level for roll in ROLLS])
        return [R for pair in zip(*found, strict=True) for R in pair]

    def _centre(self, target: str) -> np.ndarray:
        T = self.world.object_pose(target)
        point = (np.linalg.inv(T) @ np.append(super()._centre(target), 1.0))[:3]
        point[self._thing.axis] = self._thing.hold(self.sign)
        return T[:3, :3] @ point + T[:3, 3]

    def _grasps(self, target: str) -> list[Grasp]:
        T_object_base = np.linalg.inv(self.world.object_pose(target))
        found = []
        for grasp in super()._grasps(target):
            along = (T_object_base @ grasp.T_base_grasp)[self._thing.axis, 3]
            if self.sign * (along - self._thing.middle) >= HALF:
                found.append(grasp)
        return found

    def _reach(self, grasp: Grasp, T_start: np.ndarray, q_start: np.ndarray) -> PlannedGrasp | None:
        planned = super()._reach(grasp, T_start, q_start)
        if planned is not None and self.serves is not None and not self.serves(grasp):
            return None
        return planned
