# SPDX-License-Identifier: Apache-2.0
"""How often, how fast and how well motion of one arm or two is planned on cluttered tables, checked again by MuJoCo."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

import numpy as np

from bench.figures import add_json_argument, report
from bench.planning_scenes.check import second_opinion
from bench.planning_scenes.cluttered import SceneMaker
from bench.planning_scenes.two_arms import TwoArmScenes
from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile
from vla_ros.planning.backends import make_planner
from vla_ros.planning.errors import PlanningError
from vla_ros.planning.ompl_search import OmplSearch
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.robots.embodiment import load_embodiment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench planning`."""
    parser.add_argument(
        "--robot", default="franka", help="who plans: a robot of two arms plans both at once (default franka)"
    )
    parser.add_argument("--scenes", type=int, default=200, help="how many scenes (default 200)")
    parser.add_argument("--first", type=int, default=0, help="number of the first scene (default 0)")
    parser.add_argument("--speed-scale", type=float, default=0.5, help="share of full speed (default 0.5)")
    parser.add_argument("--budget", type=float, default=5.0, help="time to search, each [s] (default 5)")
    parser.add_argument(
        "--compare", action="store_true", help="also time the paths with rests in corners, and by TOPP-RA without jerk"
    )
    parser.add_argument("--picture", action=OutputFile, suffix=".png", metavar="FILE",
                        help="also draw the plan of the first scene that is solved (PNG)")  # fmt: skip
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, write the JSON file."""
    if not (arguments.scenes > 0 and arguments.first >= 0):
        raise ConfigError("bench planning: --scenes must be > 0 and --first >= 0")
    figures = measure(arguments)
    report(figures, arguments.json, digits=12)
    return 0


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Plan in every scene and return the figures."""
    embodiment = load_embodiment(arguments.robot)
    standing = {
        name: home for group in embodiment.joint_groups for name, home in zip(group.joints, group.home, strict=True)
    }
    begun = time.process_time()
    planner = make_planner(embodiment, backend="ompl", others=standing)
    made = time.process_time() - begun
    one = len(embodiment.arms) == 1
    maker = SceneMaker(planner) if one else TwoArmScenes(embodiment, planner)
    solved: list[tuple[PlanningProblem, Plan]] = []
    cpu, wall = [], []
    for number in range(arguments.first, arguments.first + arguments.scenes):
        problem = maker.problem(number, speed_scale=arguments.speed_scale, budget_s=arguments.budget)
        clocks = time.process_time(), time.perf_counter()
        try:
            solved.append((problem, planner.plan(problem)))
        except PlanningError as error:
            print(f"scene {number}: {error}")
        cpu.append(1e3 * (time.process_time() - clocks[0]))
        wall.append(1e3 * (time.perf_counter() - clocks[1]))
    figures = {"scenes": float(arguments.scenes), "solved_percent": 100.0 * len(solved) / arguments.scenes}
    figures |= _spread("plan_cpu_ms", cpu) | _spread("plan_wall_ms", wall)
    figures["make_planner_cpu_ms"] = 1e3 * made
    plans = [plan for _, plan in solved]
    figures |= _spread("duration_s", [plan.duration for plan in plans])
    figures |= _spread("path_length_rad", [plan.length for plan in plans])
    figures |= _spread("tool_path_m", [_tool_path(planner, plan) for plan in plans])
    crooked = [plan for plan in plans if plan.figures["corners"] > 0]
    figures["straight_percent"] = 100.0 * (1.0 - len(crooked) / len(plans))
    if crooked:
        figures |= _spread("plan_around_cpu_ms", [1e3 * plan.figures["cpu_s"] for plan in crooked])
    figures["attempts_max"] = max(plan.figures["attempts"] for plan in plans)
    figures["collision_check_us"] = _check_cost(planner, solved)
    figures |= _limits(planner, plans, arguments.speed_scale)
    opinions = [second_opinion(embodiment, *both) for both in solved]
    figures["rechecked_configurations"] = float(sum(opinion.samples for opinion in opinions))
    figures["rechecked_colliding_paths"] = float(sum(min(o.clearance, o.self_clearance) < 0.0 for o in opinions))
    figures["rechecked_clearance_min_mm"] = 1e3 * min(opinion.clearance for opinion in opinions)
    figures["rechecked_self_clearance_min_mm"] = 1e3 * min(opinion.self_clearance for opinion in opinions)
    if arguments.picture and solved:
        from bench.planning_scenes.picture import write_picture

        write_picture(arguments.picture, embodiment, planner, *solved[0])
    if arguments.compare:
        names = [arm.group.name for arm in planner.arms]
        resting = MotionPlanner(embodiment, names, OmplSearch(planner.limits(1.0)), shortcuts=-1, others=standing)
        figures |= _spread("duration_resting_in_corners_s", [resting.plan(problem).duration for problem, _ in solved])
        figures |= _spread(
            "duration_toppra_same_path_s", [_toppra(planner, plan, arguments.speed_scale) for plan in plans]
        )
    return figures


def _spread(name: str, values: Iterable[float]) -> dict[str, float]:
    values = np.array(list(values))
    return {
        f"{name}_p50": float(np.median(values)),
        f"{name}_p95": float(np.percentile(values, 95)),
        f"{name}_max": float(values.max()),
    }


def _tool_path(planner: MotionPlanner, plan: Plan) -> float:
    """Return how far the tools go [m], that of the tool that goes furthest."""
    tools = np.array([[T[:3, 3] for T in planner.tools(q).values()] for q in plan.positions[::4]])  # (K, arms, 3)
    return float(np.linalg.norm(np.diff(tools, axis=0), axis=2).sum(axis=0).max())


def _check_cost(planner: MotionPlanner, solved: list[tuple[PlanningProblem, Plan]]) -> float:
    """Return what one check of a free configuration costs [µs]: the median over scenes."""
    costs = []
    for problem, plan in solved:
        checker = planner.checker(problem)
        begun = time.process_time()
        for q in plan.positions:
            checker.free(q)
        costs.append(1e6 * (time.process_time() - begun) / len(plan.positions))
    return float(np.median(costs))


def _limits(planner: MotionPlanner, plans: list[Plan], speed_scale: float) -> dict[str, float]:
    """Return the largest share of each limit that any plan uses."""
    limits = planner.limits(speed_scale)
    jerks = [np.abs(np.diff(p.accelerations, axis=0)) / np.diff(p.times)[:, None] for p in plans if len(p.times) > 1]
    return {
        "velocity_share_max": float(max((np.abs(p.velocities) / limits.velocity).max() for p in plans)),
        "acceleration_share_max": float(max((np.abs(p.accelerations) / limits.acceleration).max() for p in plans)),
        "jerk_share_max": float(max((jerk / limits.jerk).max() for jerk in jerks)),
    }


def _toppra(planner: MotionPlanner, plan: Plan, speed_scale: float) -> float:
    """Return the time-optimal duration [s] of the plan's own path without a limit on jerk: no motion is quicker."""
    import toppra
    from toppra.algorithm import TOPPRA
    from toppra.constraint import JointAccelerationConstraint, JointVelocityConstraint

    toppra.setup_logging("ERROR")
    limits = planner.limits(speed_scale)
    steps = np.linalg.norm(np.diff(plan.positions, axis=0), axis=1)
    keep = np.concatenate([[True], steps > 1e-9])
    s = np.concatenate([[0.0], np.cumsum(steps[steps > 1e-9])])
    chosen = np.unique(np.linspace(0, len(s) - 1, min(len(s), 400)).astype(int))
    path = toppra.SplineInterpolator(s[chosen], plan.positions[keep][chosen])
    both = [np.stack([-limit, limit], axis=1) for limit in (limits.velocity, limits.acceleration)]
    constraints = [JointVelocityConstraint(both[0]), JointAccelerationConstraint(both[1])]
    trajectory = TOPPRA(constraints, path, gridpoints=np.linspace(0.0, s[-1], 400)).compute_trajectory()
    return float("nan") if trajectory is None else float(trajectory.duration)
