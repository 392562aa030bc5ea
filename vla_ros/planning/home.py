# SPDX-License-Identifier: Apache-2.0
"""The way home: around what is known to be there, and never lower than where the hand already is.

What stands on the table is not always known, but the hand is in free space, and so is home: a floor just under the
lower of the two tools, beyond the base, stands for the table and everything on it.
"""

from __future__ import annotations

import numpy as np

from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import JointGoal, Plan, PlanningProblem, Widths
from vla_ros.planning.scene import CollisionScene, box_between

SPEED_SCALE = 0.3
MARGINS = (0.02, 0.008, 0.002)  # [m] the next where the last is not there to begin with
BELOW_TOOL = 0.05  # [m] from the lower tool down to the floor
LOWER = 0.08  # [m] the floor goes down by this when the arm itself hangs under it
FLOORS = 6
BUDGET_S = 10.0  # [s] a starved machine may take; an idle one takes a hundredth
BEYOND_BASE = 0.22  # [m] from the base's axis: nearer there is the arm's own foot
HALF_WIDTH, THICKNESS = 1.2, 0.05  # [m]


def plan_home(
    planner: MotionPlanner, start: np.ndarray, scene: CollisionScene | None = None, gripper_width: Widths = None
) -> Plan:
    """Return a checked trajectory from `start` (N,) [rad] to the arms' home, around `scene` when one is known.

    Obstacles that an arm already stands in, such as a camera's stray points, are none. Raises PlanningError with
    the reason when there is no way.
    """
    scene = _without_what_the_arm_is_in(planner, start, scene or CollisionScene(), gripper_width)
    problems = _problems(planner, start, scene, gripper_width)
    for problem in problems:
        checker = planner.checker(problem)
        if checker.free(start) and checker.free(planner.home):
            return planner.plan(problem)
    return planner.plan(problems[-1])  # the least demanding one says what is in the way


def _without_what_the_arm_is_in(
    planner: MotionPlanner, start: np.ndarray, scene: CollisionScene, gripper_width: Widths
) -> CollisionScene:
    goal = JointGoal(planner.home)
    while True:
        checker = planner.checker(PlanningProblem(start, goal, scene, gripper_width, margin=MARGINS[-1]))
        if checker.free(start):
            return scene
        contact = checker.closest(start)
        names = [item.name for item in scene.obstacles if f"'{item.name}'" in (contact.first, contact.second)]
        if not names:
            return scene  # the robot itself, or what it holds
        scene = scene.remove(names[0])


def _problems(
    planner: MotionPlanner, start: np.ndarray, scene: CollisionScene, gripper_width: Widths
) -> list[PlanningProblem]:
    goal = JointGoal(planner.home)
    tools = [T for q in (start, planner.home) for T in planner.tools(q).values()]
    lowest = min(float(T[2, 3]) for T in tools) - BELOW_TOOL
    return [
        PlanningProblem(
            start, goal, _with_floor(scene, lowest - LOWER * step), gripper_width, margin, SPEED_SCALE, BUDGET_S
        )
        for step in range(FLOORS)
        for margin in MARGINS
    ]


def _with_floor(scene: CollisionScene, height: float) -> CollisionScene:
    """Return the scene with a floor in front of and beside the base, its top at `height` [m]."""
    far, base, under = HALF_WIDTH, BEYOND_BASE, height - THICKNESS
    return scene.add(
        box_between("floor in front", (base, -far, under), (far, far, height)),
        box_between("floor at the left", (-far, base, under), (base, far, height)),
        box_between("floor at the right", (-far, -far, under), (base, -base, height)),
    )
