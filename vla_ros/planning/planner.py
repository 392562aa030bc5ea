# SPDX-License-Identifier: Apache-2.0
"""The planner: goals, a search for a path, a quick motion along it, and a last look at all of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.planning.collision import CollisionChecker, RobotGeometry
from vla_ros.planning.errors import NoPathError, StartCollisionError
from vla_ros.planning.goals import PlannedArm, check_all_limits, goal_configurations
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.planning.smoothing import Shortener, shorten
from vla_ros.planning.sweep import fine_times, line_free
from vla_ros.planning.trajectory import Connector, MotionLimits, PieceTrajectory, motion_limits, polyline_trajectory
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup

FINE = 0.002  # [m] most that any point of the arm moves between two samples of a finished plan
COARSE = 0.012  # [m] while shortcuts are tried
SEARCH_STEP = 0.03  # [rad] along the edges of the trees
SHORTCUTS = 30
ATTEMPTS = 6  # searches with other seeds and finer steps
TOLERANCE = 1e-6  # of the limits, for rounding


class Search(Protocol):
    """Find a collision-free polyline: the part that another library may do."""

    name: str

    def find_path(
        self,
        problem: PlanningProblem,
        checker: CollisionChecker,
        goals: Sequence[np.ndarray],
        seed: int,
        budget_s: float,
        step: float,
    ) -> np.ndarray | None:
        """Return the corners (W, N) [rad] of a path from the problem's start to one of `goals`, or None.

        It may take `budget_s` [s]; edges are checked every `step` [rad].
        """
        ...


class MotionPlanner:
    """Plan for one arm, or for several as one body; nothing is remembered from one plan to the next.

    Shape legend: N joints of all arms, one arm's after the other's.
    """

    def __init__(
        self,
        embodiment: Embodiment,
        arms: Sequence[str],
        search: Search,
        shortcuts: int = SHORTCUTS,
        others: Mapping[str, float] | None = None,
    ) -> None:
        """Take the arms' names, and how many random shortcuts to try; −1 leaves a rest in every corner.

        `others` says where the robot's other joints stand [rad], [m], by name.
        """
        groups = tuple(embodiment.arm(name) for name in arms)
        self.name = search.name
        self._search = search
        self._shortcuts = shortcuts
        self.geometry = RobotGeometry(embodiment, groups, others)
        self.arms = _planned_arms(expand_urdf(embodiment), groups, others or {})
        self.joints = tuple(joint for group in groups for joint in group.joints)
        self.home = np.concatenate([group.home for group in groups])  # (N,) [rad]

    def limits(self, speed_scale: float) -> MotionLimits:
        """Return the limits (N,) that plans keep at a speed scale."""
        return motion_limits(self.geometry.arms, speed_scale)

    def tools(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """Return T_base_tool (4, 4) of each arm, by its name, at q (N,) [rad]."""
        return {arm.group.name: arm.model.forward(q[arm.part]).copy() for arm in self.arms}

    def checker(self, problem: PlanningProblem) -> CollisionChecker:
        """Return what says whether a configuration is free in a problem's scene."""
        return CollisionChecker(self.geometry, problem.scene, problem.margin, problem.gripper_width)

    def plan(self, problem: PlanningProblem) -> Plan:
        """Return a checked trajectory. Raises PlanningError with the reason why there is none."""
        begun, begun_cpu = time.monotonic(), time.process_time()
        deadline = begun + problem.budget_s
        check_all_limits(problem.start, self.arms, "start")
        checker = self.checker(problem)
        if not checker.free(problem.start):
            raise StartCollisionError(f"the start is in collision: {checker.closest(problem.start)}")
        random = np.random.default_rng(problem.seed)
        goals = goal_configurations(problem.goal, problem.start, self.arms, checker, random)
        found = time.monotonic()
        limits = self.limits(problem.speed_scale)
        motion, how = self._motion(problem, goals, checker, limits, random, deadline)
        figures = {
            "goal_s": found - begun,
            "plan_s": time.monotonic() - begun,
            "cpu_s": time.process_time() - begun_cpu,
            **how,
            "checks": float(checker.checks),
        }
        return Plan(self.joints, *motion, backend=self.name, figures=figures)

    def _motion(
        self,
        problem: PlanningProblem,
        goals: list[np.ndarray],
        checker: CollisionChecker,
        limits: MotionLimits,
        random: np.random.Generator,
        deadline: float,
    ) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], dict[str, float]]:
        """Return the samples of a checked motion, and how it was found."""
        start = problem.start
        if np.abs(goals[0] - start).max() < 1e-6:
            rest = np.zeros((1, len(start)))
            return (np.zeros(1), start[None].copy(), rest, rest), {"attempts": 0.0, "corners": 0.0}
        connector = Connector(limits)
        for attempt in range(ATTEMPTS):
            # What the last attempt missed between its samples, this one sees.
            step, search_step = COARSE / 2**attempt, SEARCH_STEP / 2 ** (attempt / 2)
            corners = self._corners(problem, goals, checker, step, search_step, attempt, deadline)
            motion = None if corners is None else polyline_trajectory(corners, connector)
            if corners is not None and motion is not None:
                if self._shortcuts >= 0:
                    shortener = Shortener(checker, limits, connector, max(step, FINE), deadline)
                    motion = shortener.shorten(motion, random, self._shortcuts)
                samples = self._checked(motion, checker, limits)
                if samples is not None:
                    return samples, {"attempts": attempt + 1.0, "corners": len(corners) - 2.0}
            if time.monotonic() > deadline:
                break
        raise NoPathError(
            f"no path within {problem.budget_s:g} s and {attempt + 1} searches: give more time (budget_s), a smaller "
            f"margin (now {1e3 * problem.margin:g} mm) or another goal"
        )

    def _corners(
        self,
        problem: PlanningProblem,
        goals: list[np.ndarray],
        checker: CollisionChecker,
        step: float,
        search_step: float,
        attempt: int,
        deadline: float,
    ) -> np.ndarray | None:
        """Return the corners (W, N) [rad] of a path: the straight line where it is free."""
        for goal in goals:
            if line_free(checker, problem.start, goal, step):
                return np.array([problem.start, goal])
        budget = deadline - time.monotonic()
        if budget <= 0.0:
            return None
        seed = problem.seed + 1_000_003 * attempt
        path = self._search.find_path(problem, checker, goals, seed, budget, search_step)
        return None if path is None else shorten(checker, path, step)

    def _checked(
        self, motion: PieceTrajectory, checker: CollisionChecker, limits: MotionLimits
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        """Return times, positions, velocities and accelerations of a motion that is free and within limits, or None."""
        times = fine_times(checker, motion, FINE)
        q, dq, ddq = motion.states(times)
        jerk = np.abs(np.diff(ddq, axis=0)) / np.diff(times)[:, None]
        within = (
            (q >= limits.lower - TOLERANCE).all()
            and (q <= limits.upper + TOLERANCE).all()
            and (np.abs(dq) <= limits.velocity * (1.0 + 1e-4) + TOLERANCE).all()
            and (np.abs(ddq) <= limits.acceleration * (1.0 + 1e-4) + TOLERANCE).all()
            and (jerk <= limits.jerk * (1.0 + 1e-3)).all()
        )
        if not within or not all(checker.free(row) for row in q):
            return None
        return times, q, dq, ddq


def _planned_arms(urdf: str, groups: Sequence[ArmGroup], others: Mapping[str, float]) -> tuple[PlannedArm, ...]:
    """Return the arms, standing where what carries them is: `others` [rad], [m], by joint."""
    arms, begin = [], 0
    for group in groups:
        model = ArmModel(urdf, group.joints, group.tool_frame)
        carriers = model.mount.carriers
        if carriers and all(name in others for name in carriers):
            model.mount.place(np.array([others[name] for name in carriers]))
        arms.append(PlannedArm(group, model, slice(begin, begin + model.size)))
        begin += model.size
    return tuple(arms)
