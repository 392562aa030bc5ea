# SPDX-License-Identifier: Apache-2.0
"""Where two hands meet: a pose of the thing in the air at which one holds an end and the other can take the other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import surface_points
from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, straight
from vla_ros.sim.world import World
from vla_ros.tasks.handover.end_grasps import EndGraspPlanner
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.placing.planning import site_at
from vla_ros.tasks.two_hands.pair_codec import JointStep

YAWS = (0.0, 0.35, -0.35, 0.7, -0.7)  # [rad] of the thing, from lying along the line between the hands
LEANS = (0.5, 0.2, 0.8)  # [rad] of the giving hand off the vertical, outwards: as arms reach that stand behind
OUTWARDS = (0.0, 0.05, -0.04, 0.09)  # [m] of its middle, from half-way between the hands at home
ABOVE = (0.16, 0.12, 0.20, 0.24)  # [m] of its lowest point above the table
PARTING_SPEED = 0.12  # [m/s]
ASIDE = 0.07  # [m] that the hand goes aside while it backs out
SEPARATION = 0.055  # [m] between the two hands along the thing, at least
HALF_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])  # about the tool's axis
GRASPS, PLACES = 8, 10  # of the taking hand, and of the receptacle, that are looked at


def parting(T_give: np.ndarray, aside: np.ndarray, opening: float, motion: ExpertMotionConfig) -> list[Step]:
    """Return how the giving hand opens [m] and backs out past the end, slowly: the other hand is beside it.

    `aside` (3,) points along the thing, to the end at which the hand holds it.
    """
    T_back = T_give.copy()
    T_back[:3, 3] += ASIDE * aside - motion.retreat_m * T_give[:3, 2]
    opened = [Step(T_give, opening, MotionPhase.RELEASE)] * math.ceil(
        0.5 * opening / motion.gripper_speed / motion.period
    )
    return opened + straight(T_give, T_back, opening, MotionPhase.RETREAT, PARTING_SPEED, motion)


@dataclass(frozen=True, eq=False)
class Meeting:
    """How the two come together."""

    brought: list[JointStep]  # the giving arm's way
    grasp: Grasp  # of the taking hand
    approach: list[JointStep]  # its way there


class MeetingPlanner:
    """Look for meetings of two arms of known planners."""

    def __init__(self, world: World, giver: EndGraspPlanner, taker: EndGraspPlanner, thing: LongThing) -> None:
        self._world, self._thing = world, thing
        self._giver, self._taker = giver, taker
        scene = world.scene
        self._target, self._goal = scene.target, scene.goal
        self._points = surface_points(scene.target_object.model.parts)  # (P, 3) object frame
        homes = [world.tool_pose(planner.group.name)[:2, 3] for planner in (giver, taker)]
        self._middle = (homes[0] + homes[1]) / 2.0
        self._towards_giver = (homes[0] - homes[1]) / np.linalg.norm(homes[0] - homes[1])
        across = np.array([-self._towards_giver[1], self._towards_giver[0]])
        self._outwards = across * np.sign(across @ self._middle)
        self._placeable: dict[tuple[float, int], bool] = {}  # of what is offered, by end and number
        self._offered: dict[float, list[tuple[Grasp, np.ndarray]]] = {}

    def possible(self, grasp: Grasp) -> bool:
        """Say whether a grasp of the giving hand leaves the other one something to take and a way to put it down."""
        T_base_object = self._world.object_pose(self._target)
        T_object_grasp = np.linalg.inv(T_base_object) @ grasp.T_base_grasp
        sign = self._sign(T_object_grasp)
        rest = self._giver.group.home
        T_lifted = grasp.T_base_grasp.copy()
        T_lifted[2, 3] += self._giver.motion.lift_m
        with self._giver.suppose():
            if self._giver.stands(T_lifted, grasp.opening, rest, (self._target,)) is None:
                return False
        for T_meet in self._poses(T_base_object, T_object_grasp, fine=False):
            with self._giver.suppose(objects={self._target: T_meet}):
                q = self._giver.stands(T_meet @ T_object_grasp, grasp.opening, rest, (self._target,))
            if q is None:
                continue
            with self._taker.suppose(q, {self._target: T_meet}):
                for offered, T_object_taken in self._grasps(sign, T_object_grasp):
                    T_taken = T_meet @ T_object_taken
                    there = self._taker.stands(T_taken, offered.opening, self._taker.group.home)
                    if there is not None:
                        return True
        return False

    def plan(
        self, T_giver: np.ndarray, q_giver: np.ndarray, width: float, T_taker: np.ndarray, q_taker: np.ndarray
    ) -> Meeting | None:
        """Return a meeting from where both tools (4, 4) and arms are, the giving hand `width` [m] open; None: none."""
        T_ee_object = np.linalg.inv(self._world.tool_pose(self._giver.group.name)) @ self._world.object_pose(
            self._target
        )
        T_object_give, T_held = np.linalg.inv(T_ee_object), T_giver @ T_ee_object
        for T_meet in self._poses(T_held, T_object_give, fine=True):
            T_give = T_meet @ T_object_give
            for brought in self._giver.ways_to(T_giver, T_give, 0.0, width):
                with self._giver.holding(self._target):
                    way = self._giver.follow(brought, q_giver)
                if way is None:
                    continue
                taken = self._take(T_meet, T_object_give, way[-1].q, T_taker, q_taker)
                if taken is not None:
                    return Meeting([dataclasses.replace(step, width=0.0) for step in way], *taken)
                break  # the other hand is no better off with another way here
        return None

    def _take(
        self,
        T_meet: np.ndarray,
        T_object_give: np.ndarray,
        q_give: np.ndarray,
        T_taker: np.ndarray,
        q_taker: np.ndarray,
    ) -> tuple[Grasp, list[JointStep]] | None:
        top, sign = float((self._points @ T_meet[2, :3]).max() + T_meet[2, 3]), self._sign(T_object_give)
        with self._taker.suppose(q_give, {self._target: T_meet}):
            for offered, T_object_taken in self._grasps(sign, T_object_give):
                grasp = dataclasses.replace(offered, T_base_grasp=T_meet @ T_object_taken)
                if self._taker.stands(grasp.T_base_grasp, grasp.opening, self._taker.group.home) is None:
                    continue
                way = self._taker.take(grasp, top, T_taker, q_taker)
                if way is not None and self._can_part(T_meet, T_object_give, q_give, way[-1].q):
                    return grasp, way
        return None

    def aside(self, T_base_object: np.ndarray, T_object_give: np.ndarray) -> np.ndarray:
        """Return which way (3,) along the thing leads to the end at which a hand holds it."""
        return self._sign(T_object_give) * T_base_object[:3, self._thing.axis]

    def _can_part(self, T_meet: np.ndarray, T_object_give: np.ndarray, q_give: np.ndarray, q_take: np.ndarray) -> bool:
        """Say whether the giving hand can back out past the taking arm, which has just arrived."""
        aside = self.aside(T_meet, T_object_give)
        back = parting(T_meet @ T_object_give, aside, self._giver.width_max, self._giver.motion)
        with self._giver.suppose(q_take):
            return self._giver.follow(back, q_give, clean=False) is not None

    def _can_be_placed(self, T_object_taken: np.ndarray) -> bool:
        """Say whether the taking hand gets to a place to let go with such a grasp (4, 4), and over it."""
        T_lies, rest = self._world.object_pose(self._target), self._taker.group.home
        goal = site_at(self._world, self._goal)
        for T_object, above in islice(self._taker.places(self._target, goal, T_lies), PLACES):
            T_place = T_object @ T_object_taken
            T_over = T_place.copy()
            T_over[2, 3] += above
            q = self._taker.posture_at(T_place, rest)
            if q is not None and self._taker.posture_at(T_over, q) is not None:
                return True
        return False

    def _sign(self, T_object_grasp: np.ndarray) -> float:
        """Return by which end a hand holds the thing."""
        return 1.0 if T_object_grasp[self._thing.axis, 3] >= self._thing.middle else -1.0

    def _grasps(self, sign: float, T_object_give: np.ndarray) -> Iterator[tuple[Grasp, np.ndarray]]:
        """Return grasps of the end that is free, with T_object_grasp (4, 4), far enough from the giving hand."""
        if sign not in self._offered:
            T_object_base = np.linalg.inv(self._world.object_pose(self._target))
            found = self._taker.in_the_air(self._target, -sign, GRASPS)
            poses = [(grasp, T_object_base @ grasp.T_base_grasp) for grasp in found]
            # The fingers are alike, what else is on the hand is not: it may be in the way on one side.
            self._offered[sign] = [(grasp, T @ turn) for grasp, T in poses for turn in (np.eye(4), HALF_TURN)]
        axis = self._thing.axis
        for number, (grasp, T_object_taken) in enumerate(self._offered[sign]):
            if abs(T_object_taken[axis, 3] - T_object_give[axis, 3]) < SEPARATION:
                continue
            if (sign, number) not in self._placeable:
                self._placeable[sign, number] = self._can_be_placed(T_object_taken)
            if self._placeable[sign, number]:
                yield grasp, T_object_taken

    def _poses(self, T_held: np.ndarray, T_object_give: np.ndarray, fine: bool) -> Iterator[np.ndarray]:
        """Return poses (4, 4) of the thing, the end at which it is held towards the giving hand."""
        sign = self._sign(T_object_give)
        end = sign * T_held[:2, self._thing.axis]
        turned = np.arctan2(*self._towards_giver[::-1]) - np.arctan2(*end[::-1])
        # Turns what points down towards `outwards`.
        tilting = np.cross([0.0, 0.0, -1.0], [*self._outwards, 0.0])
        middle = np.zeros(3)
        middle[self._thing.axis] = self._thing.middle
        few = None if fine else 2
        for yaw in YAWS[: None if fine else 3]:
            level = Rotation.from_euler("z", turned + yaw).as_matrix() @ T_held[:3, :3]
            pointing = level @ T_object_give[:3, 2]
            leaning = np.arctan2(pointing[:2] @ self._outwards, -pointing[2])
            for lean, height, out in product(LEANS[:few], ABOVE[:few], OUTWARDS[:few]):
                R = Rotation.from_rotvec((lean - leaning) * tilting).as_matrix() @ level
                T = np.eye(4)
                T[:3, :3] = R
                T[:2, 3] = self._middle + out * self._outwards - (R @ middle)[:2]
                T[2, 3] = self._world.scene.table.height + height - float((self._points @ R[2]).min())
                yield T
