# SPDX-License-Identifier: Apache-2.0
"""From a goal to the joint configurations that fulfil it: many for a pose, collision-free, the nearest first."""

from __future__ import annotations

import numpy as np

from controllers.arm.inverse_kinematics import nearest_configuration, solve_ik
from controllers.arm.model import ArmModel
from vla_ros.planning.collision import CollisionChecker, Proximity
from vla_ros.planning.errors import GoalCollisionError, JointLimitError, UnreachableError
from vla_ros.planning.problem import JointGoal, PoseGoal
from vla_ros.robots.groups import ArmGroup

WANTED = 4  # collision-free configurations of a pose: one of them is often much easier to come to than the others
TRIES = 24  # descents from different configurations
ALIKE = 0.1  # [rad] solutions nearer than this in every joint are one


def check_limits(q: np.ndarray, arm: ArmGroup, what: str) -> None:
    """Raise JointLimitError when q (N,) [rad] has the wrong length or leaves a joint's limits."""
    if len(q) != len(arm.joints):
        raise JointLimitError(f"{what} has {len(q)} joints, {arm.name} has {len(arm.joints)}")
    for joint, value, low, high in zip(arm.joints, q, arm.lower, arm.upper, strict=True):
        if not low <= value <= high:
            raise JointLimitError(f"{what}: {joint} at {value:.3f} rad is outside its limits {low:.3f} to {high:.3f}")


def goal_configurations(
    goal: JointGoal | PoseGoal,
    start: np.ndarray,
    arm: ArmGroup,
    model: ArmModel,
    checker: CollisionChecker,
    random: np.random.Generator,
) -> list[np.ndarray]:
    """Return collision-free configurations (N,) [rad] that fulfil the goal, quickest to reach from `start` first.

    Raises JointLimitError, UnreachableError or GoalCollisionError.
    """
    if isinstance(goal, JointGoal):
        check_limits(goal.q, arm, "goal")
        if not checker.free(goal.q):
            raise GoalCollisionError(f"the goal is in collision: {checker.closest(goal.q)}")
        return [goal.q]
    return _pose_configurations(goal, start, arm, model, checker, random)


def _pose_configurations(
    goal: PoseGoal,
    start: np.ndarray,
    arm: ArmGroup,
    model: ArmModel,
    checker: CollisionChecker,
    random: np.random.Generator,
) -> list[np.ndarray]:
    free: list[np.ndarray] = []
    colliding: list[Proximity] = []
    for trial in range(TRIES):
        q0 = (start, arm.home)[trial] if trial < 2 else random.uniform(arm.lower, arm.upper)
        q = solve_ik(model, goal.T_base_tool, q0, starts=1)
        if q is None or any(np.abs(q - other).max() < ALIKE for other in free):
            continue
        if checker.free(q):
            free.append(q)
            if len(free) == WANTED:
                break
        else:
            colliding.append(checker.closest(q))
    if not free and not colliding:
        return [_within_tolerance(goal, start, model, checker)]
    if not free:
        best = max(colliding, key=lambda item: item.excess)
        raise GoalCollisionError(
            f"the goal is in collision in all {len(colliding)} configurations that reach it; at best {best}"
        )
    return sorted(free, key=lambda q: float((np.abs(q - start) / arm.velocity).max()))


def _within_tolerance(goal: PoseGoal, start: np.ndarray, model: ArmModel, checker: CollisionChecker) -> np.ndarray:
    """Return the configuration nearest to a pose that cannot be met exactly, when the tolerance allows it."""
    q, error = nearest_configuration(model, goal.T_base_tool, start)
    shift, turn = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
    if shift > goal.position_tolerance or turn > goal.rotation_tolerance:
        x, y, z = goal.T_base_tool[:3, 3]
        raise UnreachableError(
            f"the tool cannot reach ({x:.3f}, {y:.3f}, {z:.3f}) m in that orientation: the nearest found falls short "
            f"by {1e3 * shift:.0f} mm and {np.degrees(turn):.1f} degrees"
        )
    if not checker.free(q):
        raise GoalCollisionError(f"the goal is in collision: {checker.closest(q)}")
    return q
