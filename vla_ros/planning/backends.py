# SPDX-License-Identifier: Apache-2.0
"""The one function: a problem in, a checked trajectory out, whichever planner is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

from controllers.errors import ConfigError, unknown_name
from vla_ros.planning.planner import MotionPlanner, Search
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.planning.trajectory import motion_limits
from vla_ros.robots.embodiment import Embodiment

BACKENDS = ("auto", "ompl", "moveit")


def available_backends() -> tuple[str, ...]:
    """List the planners that can run here."""
    needs = {"ompl": "ompl", "moveit": "moveit"}
    return tuple(name for name, module in needs.items() if importlib.util.find_spec(module) is not None)


def make_planner(
    embodiment: Embodiment,
    arms: str | Sequence[str] = (),
    backend: str = "auto",
    others: Mapping[str, float] | None = None,
) -> MotionPlanner:
    """Return a planner for an arm, or for several as one body; all of the robot's where none is named.

    It is made in half a second, for two arms in one to two, and then plans as often as wanted.
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
    names = ([arms] if arms else []) if isinstance(arms, str) else list(arms)
    if len(set(names)) < len(names):
        raise ConfigError(f"planning: an arm is named twice in {', '.join(names)}")
    groups = [embodiment.arm(name) for name in names] or list(embodiment.arms)
    if chosen == "moveit":
        if len(groups) not in (1, len(embodiment.arms)):
            raise ConfigError(
                "MoveIt's planning groups are one arm, or all of the robot's: name one or none, or use ompl"
            )
        from vla_ros.planning.moveit_search import MoveItSearch

        search: Search = MoveItSearch(embodiment.base_frame, groups)
    else:
        from vla_ros.planning.ompl_search import OmplSearch

        search = OmplSearch(motion_limits(groups, 1.0))
    return MotionPlanner(embodiment, [group.name for group in groups], search, others=others)


def plan(
    problem: PlanningProblem, embodiment: Embodiment, arms: str | Sequence[str] = (), backend: str = "auto"
) -> Plan:
    """Plan once. Raises PlanningError with the reason why there is no plan; for many plans keep a planner."""
    return make_planner(embodiment, arms, backend).plan(problem)
