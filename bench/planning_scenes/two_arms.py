# SPDX-License-Identifier: Apache-2.0
"""Tables to plan on with two arms at once, one a number.

The table of the task `handover`, as it stands before the robot, at most 1.2 m wide, without its objects: on it 5 to 9
things of `cluttered`, at most 16 cm high, within reach of an arm. Start and goal are tool poses of both arms, each
beside a thing, above it or between two neighbours, pointing down within 35 degrees, as `cluttered` draws them, of
whichever thing the arm gets to. With every other number both tools go to one of three neighbours, where arms are in
each other's way. Both ends are free by construction with MARGIN; whether a way leads from one to the other is not known
beforehand.
"""

from __future__ import annotations

import numpy as np

from bench.planning_scenes.cluttered import MARGIN, Thing, draw_pose, draw_thing, standing
from controllers.arm.inverse_kinematics import solve_ik
from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.goals import PlannedArm
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import ArmGoals, PlanningProblem, PoseGoal
from vla_ros.planning.scene import CollisionScene, box_between
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.reach import ArmReach
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Table
from vla_ros.tasks.table import load_task

TALL, WIDE = 0.16, 1.2  # [m]
NEIGHBOURS = 3
POSES, STARTS = 40, 3  # poses that are drawn for an arm, and starts of inverse kinematics for each


class TwoArmScenes:
    """Draw planning problems for a robot's two arms."""

    def __init__(self, embodiment: Embodiment, planner: MotionPlanner) -> None:
        self._embodiment, self._planner = embodiment, planner
        self._task = load_task("handover")

    def problem(self, number: int, **changes: float) -> PlanningProblem:
        """Return problem `number`; `changes` are PlanningProblem's other arguments."""
        table = self._task.scene(SceneRequest(seed=number, robot=self._embodiment.source)).table
        for again in range(100):
            random = np.random.default_rng([number, again])
            things = self._things(random, table)
            scene = _scene(table, things)
            start = self._free_pair(random, scene, table.height, things)
            goal = None if start is None else self._free_pair(random, scene, table.height, things, number % 2 == 1)
            if start is not None and goal is not None:
                poses = {name: PoseGoal(T) for name, T in self._planner.tools(goal).items()}
                return PlanningProblem(start, ArmGoals(poses), scene, margin=MARGIN, **changes)
        raise RuntimeError(f"scene {number}: nothing could be placed")

    def _things(self, random: np.random.Generator, table: Table) -> list[Thing]:
        """Return things that stand on the table within reach of an arm and do not overlap."""
        wanted, things = int(random.integers(5, 10)), []
        middle, half = np.array(table.center[:2]), np.minimum(np.array(table.extent[:2]), WIDE) / 2.0 - 0.06
        reaches = [arm.group.reach for arm in self._planner.arms if arm.group.reach is not None]
        for _ in range(600):
            thing = draw_thing(random, middle - half, middle + half, TALL)
            apart = all(np.linalg.norm(thing.place - other.place) > thing.radius + other.radius for other in things)
            if apart and any(_near(reach, thing.place) for reach in reaches):
                things.append(thing)
                if len(things) == wanted:
                    break
        return things

    def _free_pair(
        self,
        random: np.random.Generator,
        scene: CollisionScene,
        table: float,
        things: list[Thing],
        together: bool = False,
    ) -> np.ndarray | None:
        """Return a free configuration (N,) [rad] with both tools near, above or between things, of three or of all."""
        if len(things) < 3:
            return None
        checker = CollisionChecker(self._planner.geometry, scene, MARGIN)
        for _ in range(20):
            middle = things[random.integers(len(things))].place
            near = sorted(things, key=lambda thing: float(np.linalg.norm(thing.place - middle)))[:NEIGHBOURS]
            parts = [self._among(random, arm, table, near if together else things) for arm in self._planner.arms]
            if all(part is not None for part in parts):
                q = np.concatenate([part for part in parts if part is not None])
                if checker.free(q):
                    return q
        return None

    def _among(
        self, random: np.random.Generator, arm: PlannedArm, table: float, things: list[Thing]
    ) -> np.ndarray | None:
        for _ in range(POSES):
            T = draw_pose(random, table, things)
            if arm.group.reach is not None and not _near(arm.group.reach, T[:2, 3]):
                continue
            for trial in range(STARTS):
                q0 = random.uniform(arm.group.lower, arm.group.upper) if trial else arm.group.home
                q = solve_ik(arm.model, T, q0, starts=1)
                if q is not None:
                    return q
        return None


def _near(reach: ArmReach, place: np.ndarray) -> bool:
    away = float(np.hypot(*(place - np.array(reach.axis))))
    return reach.nearest <= away <= reach.wrist + reach.wrist_offset


def _scene(table: Table, things: list[Thing]) -> CollisionScene:
    middle, half = np.array(table.center[:2]), np.array(table.extent[:2]) / 2.0
    top = box_between("table", (*(middle - half), table.height - 0.04), (*(middle + half), table.height))
    return CollisionScene(
        (top, *(standing(f"thing {index}", thing, table.height) for index, thing in enumerate(things)))
    )
