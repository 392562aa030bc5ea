# SPDX-License-Identifier: Apache-2.0
"""Where an arm's tool can point straight down, and how well it can move there.

Inverse kinematics with a free turn about the vertical, by damped least squares; a solution leads to its neighbours', so
a map costs little more than its points.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.checks.self_collision import OwnDistance
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.groups import ArmGroup

STARTS = 4  # of a point that its neighbours do not lead to
ITERATIONS = 40
POSITION_TOLERANCE, TILT_TOLERANCE = 5e-4, 2e-3  # [m], [rad]
MARGIN, STEP_MAX, POSTURE_GAIN = 0.02, 0.5, 0.05  # [rad], [rad] an iteration, [-]
TIP = 0.02  # [m] above the table that the tool is looked at
REACHED_MIN = 0.8  # share of the table below which scenes will often refuse things

Step = Callable[[], None]


@dataclass(frozen=True, eq=False)
class ArmMaps:
    """Manipulability of an arm over a table, one map (A, B) a height; NaN out of reach."""

    arm: ArmGroup
    strengths: Sequence[np.ndarray]
    manipulability_min: float  # below it control damps what moves the arm


def tool_down(model: ArmModel, point: np.ndarray, q0: np.ndarray, q_rest: np.ndarray) -> np.ndarray | None:
    """Return q (N,) [rad] with the tool at `point` (3,) [m] and its z axis down, near q0, or None."""
    lower, upper = model.lower + MARGIN, model.upper - MARGIN
    q = np.clip(q0, lower, upper)
    error, rows = np.empty(5), [0, 1, 2, 3, 4]  # a turn about the vertical is free
    for _ in range(ITERATIONS):
        T = model.forward(q)
        z = T[:3, 2]
        error[:3] = point - T[:3, 3]
        error[3:] = -z[1], z[0]  # z × (0, 0, −1): the turn that brings the tool's z down
        if z[2] > 0.0:  # beyond a right angle its sine says less: go all the way
            error[3:] /= max(float(np.hypot(z[0], z[1])), 1e-3)
        if z[2] < 0.0 and np.linalg.norm(error[:3]) < POSITION_TOLERANCE and abs(error[3:]).max() < TILT_TOLERANCE:
            return q
        J = model.jacobian(q)[rows]
        damped = J @ J.T + (0.5 * float(error @ error) + 1e-6) * np.eye(5)
        posture = POSTURE_GAIN * (q_rest - q)
        step = posture + J.T @ np.linalg.solve(damped, error - J @ posture)
        largest = float(np.abs(step).max())
        q = np.clip(q + step * min(1.0, STEP_MAX / max(largest, 1e-9)), lower, upper)
    return None


def manipulability(model: ArmModel, q: np.ndarray) -> float:
    """Return √det(J Jᵀ) at q (N,) (Yoshikawa 1985)."""
    J = model.jacobian(q)
    return float(np.sqrt(max(np.linalg.det(J @ J.T), 0.0)))


def collides(own: OwnDistance, arm: ArmGroup, q: np.ndarray) -> bool:
    """Say whether the robot's links meet with this arm at q (N,), all else at home."""
    return own.at_home(dict(zip(arm.joints, q.tolist(), strict=True)))[0] <= 0.0


def reach_map(
    model: ArmModel,
    arm: ArmGroup,
    points: np.ndarray,
    meets: Callable[[np.ndarray], bool],
    step: Step = lambda: None,
) -> np.ndarray:
    """Return the manipulability (A, B) with the tool down at each of the points (A, B, 3) [m]; NaN out of reach.

    `meets` says of q (N,) whether the robot's links meet; `step` is called once a point.
    """
    strength = np.full(points.shape[:2], np.nan)
    solutions: dict[tuple[int, int], np.ndarray] = {}
    seeds = [arm.home, *np.random.default_rng(0).uniform(model.lower, model.upper, (STARTS - 1, model.size))]
    tool = model.forward(arm.home)[:3, 3]
    order = sorted(np.ndindex(*strength.shape), key=lambda place: float(np.linalg.norm(points[place] - tool)))
    for place in order:
        if place not in solutions:
            step()
            _try(model, arm, points, place, seeds, solutions)
            _spread(model, arm, points, place, solutions, step)
    for place, q in solutions.items():
        if not meets(q):
            strength[place] = manipulability(model, q)
    return strength


def _try(
    model: ArmModel,
    arm: ArmGroup,
    points: np.ndarray,
    place: tuple[int, int],
    seeds: Sequence[np.ndarray],
    solutions: dict[tuple[int, int], np.ndarray],
) -> bool:
    for seed in seeds:
        q = tool_down(model, points[place], seed, arm.home)
        if q is not None:
            solutions[place] = q
            return True
    return False


def _spread(
    model: ArmModel,
    arm: ArmGroup,
    points: np.ndarray,
    begin: tuple[int, int],
    solutions: dict[tuple[int, int], np.ndarray],
    step: Step,
) -> None:
    """Solve from a solved point on to its neighbours, and theirs."""
    waiting = deque([begin] if begin in solutions else [])
    while waiting:
        i, j = waiting.popleft()
        for place in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            inside = 0 <= place[0] < points.shape[0] and 0 <= place[1] < points.shape[1]
            if inside and place not in solutions and _try(model, arm, points, place, [solutions[(i, j)]], solutions):
                step()
                waiting.append(place)


def check_reach(maps: Sequence[ArmMaps], table: TableArea) -> list[Finding]:
    """Judge what each arm reaches, and what all arms reach together."""
    found = []
    for one in maps:
        arm, strengths = one.arm, one.strengths
        shares = [float(np.isfinite(strength).mean()) for strength in strengths]
        said = f"{_percent(shares)} % of {table.extent[0]:.2f} × {table.extent[1]:.2f} m, tool down, on tables at "
        said += f"{', '.join(f'{height:.2f}' for height in table.heights)} m"
        found.append(Finding(f"reach {arm.name}", OK, said, {"heights_m": list(table.heights), "reached": shares}))
        values = np.concatenate([strength[np.isfinite(strength)] for strength in strengths])
        if len(values):
            found.append(_manipulability(arm, values, one.manipulability_min))
    if maps:
        together = [
            float(np.any([np.isfinite(one.strengths[h]) for one in maps], axis=0).mean())
            for h in range(len(table.heights))
        ]
        found += _together(together, table)
    return found


def _manipulability(arm: ArmGroup, values: np.ndarray, least: float) -> Finding:
    median, worst, weak = float(np.median(values)), float(values.min()), float((values < least).mean())
    figures = {"median": median, "worst": worst, "weak_share": weak, "least": least}
    said = f"median {median:.3f}, worst {worst:.3f}; {100 * weak:.0f} % of what it reaches is below {least:g}"
    if median < least:
        said += ": control slows it nearly everywhere; move 'workplace', or lower manipulability_min of its tuning"
        return Finding(f"manipulability {arm.name}", WARNING, said, figures)
    return Finding(f"manipulability {arm.name}", OK, said, figures)


def _together(shares: list[float], table: TableArea) -> list[Finding]:
    remedy = "move 'workplace' of the robot's file, or change 'home'"
    where = f"tables at {', '.join(f'{height:.2f}' for height in table.heights)} m"
    figures = {"reached": shares}
    if not any(shares):
        return [Finding("reach", PROBLEM, f"no arm reaches anything, tool down, on {where}: {remedy}", figures)]
    if min(shares) < REACHED_MIN:
        said = f"all arms reach {_percent(shares)} % on {where}: {remedy}"
        return [Finding("reach", WARNING, said, figures)]
    return []


def _percent(shares: Sequence[float]) -> str:
    return ", ".join(f"{100 * share:.0f}" for share in shares)
