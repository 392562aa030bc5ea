# SPDX-License-Identifier: Apache-2.0
"""A collision-free polyline between configurations: OMPL's RRT-Connect (Kuffner and LaValle 2000).

The bindings' pitfalls: a validity callback must return Python's own bool; a subclass of MotionValidator in Python is
thirty times slower than a callback for each state (1.3 µs); the random seed belongs to the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from ompl import base, geometric, util

from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.problem import PlanningProblem
from vla_ros.planning.trajectory import MotionLimits

RANGE = 1.0  # [rad] longest step of a tree
_one_at_a_time = threading.Lock()  # OMPL draws the seeds of all planners from one generator


class OmplSearch:
    """Search between joint limits; the same arguments give the same path unless the budget ends first."""

    name = "ompl"

    def __init__(self, limits: MotionLimits, clock: Callable[[], float] = time.monotonic) -> None:
        """Search within joint limits; budgets are counted by `clock` [s]."""
        self._lower, self._upper, self._clock = limits.lower, limits.upper, clock

    def find_path(
        self,
        problem: PlanningProblem,
        checker: CollisionChecker,
        goals: Sequence[np.ndarray],
        seed: int,
        budget_s: float,
        step: float,
    ) -> np.ndarray | None:
        """Return the corners (W, N) [rad] of a path from the start to one of `goals`, or None within the budget."""
        size, start = len(problem.start), problem.start
        space = base.RealVectorStateSpace(size)
        bounds = base.RealVectorBounds(size)
        for joint in range(size):
            bounds.setLow(joint, float(self._lower[joint]))
            bounds.setHigh(joint, float(self._upper[joint]))
        space.setBounds(bounds)
        information = base.SpaceInformation(space)
        free = checker.free
        information.setStateValidityChecker(lambda state: free(state[0:size]))
        information.setStateValidityCheckingResolution(step / space.getMaximumExtent())
        information.setup()

        definition = base.ProblemDefinition(information)
        definition.addStartState(_state(information, start))
        goal_states = base.GoalStates(information)
        for q in goals:
            goal_states.addState(_state(information, q))
        definition.setGoal(goal_states)
        planner = geometric.RRTConnect(information)
        planner.setRange(RANGE)
        planner.setProblemDefinition(definition)
        planner.setup()
        with _one_at_a_time:
            # Seeding again makes the next plan repeatable; OMPL says on the console that it would not.
            util.setLogLevel(util.LOG_NONE)
            util.RNG.setSeed(seed + 1)
            end = self._clock() + max(budget_s, 1e-3)
            status = planner.solve(base.PlannerTerminationCondition(lambda: self._clock() > end))
        if status.getStatus() != base.PlannerStatus.PlannerStatusType.EXACT_SOLUTION:
            return None
        return np.array([state[0:size] for state in definition.getSolutionPath().getStates()])


def _state(information: base.SpaceInformation, q: np.ndarray) -> base.State:
    state = information.allocState()
    state[0 : len(q)] = q.tolist()
    return state
