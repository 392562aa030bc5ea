# SPDX-License-Identifier: Apache-2.0
"""From a goal to the joint configurations that fulfil it: many for a pose, collision-free, the nearest first.

Shape legend: N joints of all arms, one arm's after the other's; n of one arm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from controllers.arm.inverse_kinematics import nearest_configuration, solve_ik
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError, unknown_name
from vla_ros.planning.collision import CollisionChecker, Proximity
from vla_ros.planning.errors import GoalCollisionError, JointLimitError, UnreachableError
from vla_ros.planning.problem import ArmGoals, JointGoal, PoseGoal
from vla_ros.robots.groups import ArmGroup

WANTED = 4  # collision-free configurations of a pose: one of them is often much easier to come to than the others
TRIES = 24  # descents from different configurations
ALIKE = 0.1  # [rad] solutions nearer than this in every joint are one
REASONS = 40  # colliding configurations that are looked at for the reason


@dataclass(frozen=True, eq=False)
class PlannedArm:
    """An arm that is planned for, alone or with others."""

    group: ArmGroup
    model: ArmModel
    part: slice  # its joints within q (N,)


def check_limits(q: np.ndarray, arm: ArmGroup, what: str) -> None:
    """Raise JointLimitError when q (n,) [rad] has the wrong length or leaves a joint's limits."""
    if len(q) != len(arm.joints):
        raise JointLimitError(f"{what} has {len(q)} joints, {arm.name} has {len(arm.joints)}")
    for joint, value, low, high in zip(arm.joints, q, arm.lower, arm.upper, strict=True):
        if not low <= value <= high:
            raise JointLimitError(f"{what}: {joint} at {value:.3f} rad is outside its limits {low:.3f} to {high:.3f}")


def check_all_limits(q: np.ndarray, arms: Sequence[PlannedArm], what: str) -> None:
    """Raise JointLimitError when q (N,) [rad] has the wrong length or leaves a joint's limits."""
    if len(arms) > 1 and len(q) != arms[-1].part.stop:
        names = " and ".join(arm.group.name for arm in arms)
        raise JointLimitError(f"{what} has {len(q)} joints, {names} together have {arms[-1].part.stop}")
    for arm in arms:
        check_limits(q if len(arms) == 1 else q[arm.part], arm.group, what)


def goal_configurations(
    goal: JointGoal | PoseGoal | ArmGoals,
    start: np.ndarray,
    arms: Sequence[PlannedArm],
    checker: CollisionChecker,
    random: np.random.Generator,
) -> list[np.ndarray]:
    """Return collision-free configurations (N,) [rad] that fulfil the goal, quickest to reach from `start` first.

    Raises JointLimitError, UnreachableError or GoalCollisionError, and ConfigError for a goal that is not these arms'.
    """
    if isinstance(goal, JointGoal):
        check_all_limits(goal.q, arms, "goal")
        if not checker.free(goal.q):
            raise GoalCollisionError(f"the goal is in collision: {checker.closest(goal.q)}")
        return [goal.q]
    free: list[np.ndarray] = []
    colliding: list[Proximity] = []
    for q in _candidates(_searches(goal, start, arms, random)):
        if checker.free(q):
            free.append(q)
            if len(free) == WANTED:
                break
        elif len(colliding) < REASONS:
            colliding.append(checker.closest(q))
    if not free:
        best = max(colliding, key=lambda item: item.excess)
        if len(colliding) == 1:
            raise GoalCollisionError(f"the goal is in collision: {best}")
        raise GoalCollisionError(
            f"the goal is in collision in all {len(colliding)} configurations that reach it; at best {best}"
        )
    velocity = np.concatenate([arm.group.velocity for arm in arms])
    return sorted(free, key=lambda q: float((np.abs(q - start) / velocity).max()))


class _Fixed:
    """An arm's goal that is one configuration."""

    def __init__(self, q: np.ndarray) -> None:
        self.found = [q]

    def descend(self, trial: int) -> bool:
        """Say whether descent number `trial` found another configuration."""
        return False

    def finish(self) -> bool:
        """Say whether the last resort found one where no descent did."""
        return False


class _PoseSearch:
    """Configurations of one arm that reach a pose, one descent after the other."""

    def __init__(
        self, goal: PoseGoal, start: np.ndarray, arm: PlannedArm, random: np.random.Generator, named: bool
    ) -> None:
        self._goal, self._start, self._arm, self._random, self._named = goal, start, arm, random, named
        self.found: list[np.ndarray] = []  # (n,) [rad] each

    def descend(self, trial: int) -> bool:
        """Say whether descent number `trial` found another configuration."""
        group = self._arm.group
        q0 = (self._start, group.home)[trial] if trial < 2 else self._random.uniform(group.lower, group.upper)
        q = solve_ik(self._arm.model, self._goal.T_base_tool, q0, starts=1)
        if q is None or any(np.abs(q - other).max() < ALIKE for other in self.found):
            return False
        self.found.append(q)
        return True

    def finish(self) -> bool:
        """Say whether the last resort found one where no descent did: the nearest, where the tolerance allows it.

        Raises UnreachableError where it does not.
        """
        if self.found:
            return False
        goal = self._goal
        q, error = nearest_configuration(self._arm.model, goal.T_base_tool, self._start)
        shift, turn = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
        if shift > goal.position_tolerance or turn > goal.rotation_tolerance:
            x, y, z = goal.T_base_tool[:3, 3]
            whose = f" of {self._arm.group.name}" if self._named else ""
            raise UnreachableError(
                f"the tool{whose} cannot reach ({x:.3f}, {y:.3f}, {z:.3f}) m in that orientation: the nearest found "
                f"falls short by {1e3 * shift:.0f} mm and {np.degrees(turn):.1f} degrees"
            )
        self.found.append(q)
        return True


def _searches(
    goal: PoseGoal | ArmGoals, start: np.ndarray, arms: Sequence[PlannedArm], random: np.random.Generator
) -> list[_Fixed | _PoseSearch]:
    """Return a search for each arm."""
    if isinstance(goal, PoseGoal):
        if len(arms) > 1:
            names = ", ".join(arm.group.name for arm in arms)
            raise ConfigError(f"a pose is the goal of one arm: say of which with ArmGoals ({names})")
        goal = ArmGoals({arms[0].group.name: goal})
    for name in goal.goals:
        if name not in [arm.group.name for arm in arms]:
            raise ConfigError(unknown_name("planned arm", name, (arm.group.name for arm in arms)))
    searches: list[_Fixed | _PoseSearch] = []
    for arm in arms:
        own = goal.goals.get(arm.group.name, JointGoal(start[arm.part]))
        if isinstance(own, JointGoal):
            check_limits(own.q, arm.group, "goal")
            searches.append(_Fixed(own.q))
        else:
            searches.append(_PoseSearch(own, start[arm.part], arm, random, named=len(arms) > 1))
    return searches


def _candidates(searches: Sequence[_Fixed | _PoseSearch]) -> Iterator[np.ndarray]:
    """Return configurations (N,) of all arms: each new one of an arm with all that are known of the others."""
    if all(isinstance(search, _Fixed) for search in searches):
        yield np.concatenate([search.found[0] for search in searches])
    for trial in range(TRIES + 1):
        for changed in searches:
            if changed.descend(trial) if trial < TRIES else changed.finish():
                known = [[changed.found[-1]] if search is changed else search.found for search in searches]
                yield from map(np.concatenate, product(*known))
