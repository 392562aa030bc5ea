# SPDX-License-Identifier: Apache-2.0
"""The one function: a problem in, a checked trajectory out, whichever planner is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from controllers.errors import ConfigError, unknown_name
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.robots.embodiment import Embodiment

BACKENDS = ("auto", "ompl", "moveit")


def available_backends() -> tuple[str, ...]:
    """List the planners that can run here."""
    needs = {"ompl": "ompl", "moveit": "moveit"}
    return tuple(name for name, module in needs.items() if importlib.util.find_spec(module) is not None)


def make_planner(
    embodiment: Embodiment, arm: str = "", backend: str = "auto", others: Mapping[str, float] | None = None
) -> MotionPlanner:
    """Return a planner for an arm ("": the only one). It is made in half a second, then plans as often as wanted.

    `others` says where the robot's other joints stand [rad], [m], by name. `auto` takes OMPL, which needs no
    configuration of its own; `moveit` needs one (docs/planning.md). Whichever searches, the rest is the same: goals,
    motion, the last look. Raises ConfigError for an unknown backend, or one that is not installed.
    """
    if backend not in BACKENDS:
        raise ConfigError(unknown_name("planning backend", backend, BACKENDS))
    there = available_backends()
    chosen = backend if backend != "auto" else next(iter(there), "ompl")
    if chosen not in there:
        remedy = "pip install ompl" if chosen == "ompl" else "install ros-jazzy-moveit-py and source it, or use ompl"
        raise ConfigError(f"planning backend '{chosen}' is not installed: {remedy}")
    name = arm or embodiment.only_arm.name
    if chosen == "moveit":
        from vla_ros.planning.moveit_search import MoveItSearch

        return MotionPlanner(embodiment, name, MoveItSearch(embodiment.base_frame, embodiment.arm(name)), others=others)
    from vla_ros.planning.ompl_search import OmplSearch

    return MotionPlanner(embodiment, name, OmplSearch(embodiment.arm(name)), others=others)


def plan(problem: PlanningProblem, embodiment: Embodiment, arm: str = "", backend: str = "auto") -> Plan:
    """Plan once. Raises PlanningError with the reason why there is no plan; for many plans keep a planner."""
    return make_planner(embodiment, arm, backend).plan(problem)
