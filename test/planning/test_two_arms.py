# SPDX-License-Identifier: Apache-2.0
"""Two arms planned as one body: apart from each other, from the scene and from what the other holds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from bench.planning_scenes.check import second_opinion
from bench.planning_scenes.two_arms import TwoArmScenes
from controllers.errors import ConfigError
from vla_ros.planning.backends import make_planner
from vla_ros.planning.chunk import plan_chunk
from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.errors import (
    GoalCollisionError,
    JointLimitError,
    StartCollisionError,
    UnreachableError,
)
from vla_ros.planning.home import plan_home
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import ArmGoals, JointGoal, PlanningProblem, PoseGoal
from vla_ros.planning.scene import CollisionScene, HeldObject
from vla_ros.planning.shapes import Box, Sphere
from vla_ros.robots.embodiment import Embodiment, load_embodiment

ROBOTS = ["agilex", "ldt01", "bytemini"]


@lru_cache
def robot(name: str = "agilex") -> Embodiment:
    return load_embodiment(name)


@lru_cache
def planner(name: str = "agilex") -> MotionPlanner:
    return make_planner(robot(name), others=standing(name))


def standing(name: str) -> dict[str, float]:
    groups = robot(name).joint_groups
    return {joint: home for group in groups for joint, home in zip(group.joints, group.home, strict=True)}


@lru_cache
def problem(name: str = "agilex", number: int = 1) -> PlanningProblem:
    return TwoArmScenes(robot(name), planner(name)).problem(number, speed_scale=0.5, budget_s=20.0)


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("number", [1, 3])
def test_both_arms_come_to_neighbouring_things_and_mujoco_finds_the_way_free(name: str, number: int):
    given = problem(name, number)
    plan = planner(name).plan(given)
    assert plan.joints == tuple(joint for arm in robot(name).arms for joint in arm.joints)
    np.testing.assert_allclose(plan.positions[0], given.start, atol=1e-9)
    assert isinstance(given.goal, ArmGoals)
    for arm, T in planner(name).tools(plan.goal).items():
        wanted = given.goal.goals[arm]
        assert isinstance(wanted, PoseGoal)
        np.testing.assert_allclose(T, wanted.T_base_tool, atol=2e-3)
    limits = planner(name).limits(0.5)
    assert (np.abs(plan.velocities) <= limits.velocity * 1.001).all()
    assert (np.abs(plan.accelerations) <= limits.acceleration * 1.001).all()
    opinion = second_opinion(robot(name), given, plan)
    # The two collision libraries differ by a millimetre or two between curved shapes.
    assert opinion.clearance > given.margin - 0.003
    assert opinion.self_clearance > 0.0
    chunk = plan_chunk(plan, 1.0, robot(name).base_frame, 7)
    assert {channel.partition("/")[0] for channel in chunk.channels} == set(plan.joints)


def test_what_mujoco_is_asked_about_arms_that_meet_it_sees():
    given = problem()
    both = planner()
    checker = both.checker(given)
    random, limits = np.random.default_rng(0), both.limits(1.0)
    for _ in range(2000):
        q = random.uniform(limits.lower, limits.upper)
        pair = checker.closest(q)
        if pair.distance < -0.02 and "left" in str(pair) and "right" in str(pair):
            break
    else:
        pytest.fail("no two arms that meet in 2000 postures")
    plan = both.plan(given)
    colliding = type(plan)(plan.joints, plan.times[:1], q[None], 0 * q[None], 0 * q[None], "none")
    assert second_opinion(robot(), given, colliding).self_clearance < -0.01


def test_an_arm_without_a_goal_makes_way_and_comes_back():
    both, home = planner(), planner().home
    left = robot().arms[0]
    goal = home[: len(left.joints)] + 0.2
    plan = both.plan(PlanningProblem(home, ArmGoals({left.name: JointGoal(goal)})))
    np.testing.assert_allclose(plan.goal, np.concatenate([goal, home[len(left.joints) :]]), atol=1e-9)


def test_plans_are_repeatable():
    first, again = (make_planner(robot(), others=standing("agilex")).plan(problem()) for _ in range(2))
    np.testing.assert_array_equal(first.positions, again.positions)


@pytest.mark.parametrize("name", ROBOTS)
def test_home_is_found_for_both_at_once(name: str):
    plan = plan_home(planner(name), problem(name).start, problem(name).scene)
    np.testing.assert_allclose(plan.goal, planner(name).home, atol=1e-9)


def test_what_one_hand_holds_keeps_away_from_the_other_arm():
    both, given = planner(), problem()
    left, right = (arm.name for arm in robot().arms)
    T_left, T_right = (both.tools(both.home)[name] for name in (left, right))
    across = np.linalg.norm(T_left[:3, 3] - T_right[:3, 3])
    # A rod as long as the way between the hands, along the line between them, in the left one.
    rod = Box((0.02, 0.02, 2.0 * float(across)))
    middle = np.eye(4)
    direction = (T_right[:3, 3] - T_left[:3, 3]) / across
    side = np.cross(direction, (0.0, 0.0, 1.0))
    middle[:3, :3] = np.stack([side, np.cross(direction, side), direction], axis=1)
    middle[:3, 3] = T_left[:3, 3]
    held = HeldObject("rod", rod, np.linalg.inv(T_left) @ middle, left)
    scene = CollisionScene(held=(held,))
    checker = both.checker(PlanningProblem(both.home, given.goal, scene))
    assert not checker.free(both.home)
    assert "'rod'" in str(checker.closest(both.home))
    assert "right" in str(checker.closest(both.home))
    assert both.checker(PlanningProblem(both.home, given.goal)).free(both.home)
    # The hand that holds it may touch it, and the other may hold a thing of its own, which the rod must not touch.
    short = HeldObject("short", Box((0.02, 0.02, 0.05)), np.eye(4), left)
    assert both.checker(PlanningProblem(both.home, given.goal, CollisionScene(held=(short,)))).free(both.home)


def test_between_what_is_held_and_the_other_arm_the_margin_is_the_scenes():
    both = planner()
    left, right = (arm.name for arm in robot().arms)
    T_left, T_right = (both.tools(both.home)[name] for name in (left, right))
    T_base_ball = np.eye(4)
    T_base_ball[:3, 3] = T_right[:3, 3] + 0.1 * T_right[:3, 2]  # before the right hand's fingers
    ball = HeldObject("ball", Sphere(0.02), np.linalg.inv(T_left) @ T_base_ball, left)

    def checker(margin: float) -> CollisionChecker:
        goal = JointGoal(both.home)
        return both.checker(PlanningProblem(both.home, goal, CollisionScene(held=(ball,)), margin=margin))

    gap = checker(0.2).closest(both.home).distance
    assert gap > 0.02
    assert checker(gap - 0.005).free(both.home)
    near = checker(gap + 0.005)
    assert not near.free(both.home)
    assert "'ball' and right" in str(near.closest(both.home))


def test_between_arms_the_margin_is_the_scenes():
    both = planner()
    random, limits = np.random.default_rng(4), both.limits(1.0)
    wide, narrow = (
        both.checker(PlanningProblem(both.home, JointGoal(both.home), margin=margin)) for margin in (0.1, 0.002)
    )
    seen = 0
    for _ in range(3000):
        q = random.uniform(limits.lower, limits.upper)
        pair = wide.closest(q)
        if narrow.free(q) and not wide.free(q):
            assert "left" in str(pair)
            assert "right" in str(pair)
            assert pair.margin == 0.1
            seen += 1
    assert seen > 5


def _twice() -> object:
    return make_planner(robot(), [robot().arms[0].name] * 2)


def _with(goal: object, **changes: object) -> object:
    return planner().plan(PlanningProblem(changes.pop("start", planner().home), goal, **changes))  # type: ignore[arg-type]


FAR, INSIDE = np.eye(4), np.eye(4)
FAR[:3, 3] = (3.0, 0.0, 0.5)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (_twice, ConfigError, "an arm is named twice"),
        (lambda: make_planner(robot(), ["left", "middle"]), ConfigError, "unknown arm"),
        (lambda: _with(PoseGoal(FAR)), ConfigError, "a pose is the goal of one arm"),
        (lambda: ArmGoals({}), ConfigError, "names no arm"),
        (lambda: _with(ArmGoals({"lift": PoseGoal(FAR)})), ConfigError, "unknown planned arm 'lift'"),
        (lambda: _with(ArmGoals({robot().arms[1].name: PoseGoal(FAR)})), UnreachableError,
         f"the tool of {load_embodiment('agilex').arms[1].name} cannot reach"),
        (lambda: _with(ArmGoals({robot().arms[1].name: JointGoal(np.full(6, 9.0))})), JointLimitError, "outside its"),
        (lambda: _with(JointGoal(planner().home[:6])), JointLimitError, "has 6 joints, .* together have 12"),
        (lambda: _with(JointGoal(planner().home), start=planner().home[:6]), JointLimitError, "start has 6 joints"),
        (lambda: _with(JointGoal(planner().home), gripper_width={"nobody": 0.0}), ConfigError, "unknown arm with a gr"),
        (lambda: _with(JointGoal(planner().home), scene=CollisionScene(
            held=(HeldObject("cup", Box((0.1, 0.1, 0.1)), np.eye(4)),))), ConfigError, "unknown arm of what is held"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(attempt, error: type[Exception], message: str):
    with pytest.raises(error, match=message) as caught:
        attempt()
    assert "\n" not in str(caught.value)


def test_a_start_or_a_goal_in_which_arms_meet_is_refused_with_both_names():
    both = planner()
    random, limits = np.random.default_rng(0), both.limits(1.0)
    checker = both.checker(PlanningProblem(both.home, JointGoal(both.home)))
    while True:
        q = random.uniform(limits.lower, limits.upper)
        pair = checker.closest(q)
        if pair.distance < 0.0 and "left" in str(pair) and "right" in str(pair):
            break
    with pytest.raises(StartCollisionError, match=r"the start is in collision: left.* and right"):
        both.plan(PlanningProblem(q, JointGoal(both.home)))
    with pytest.raises(GoalCollisionError, match=r"the goal is in collision: left.* and right"):
        both.plan(PlanningProblem(both.home, JointGoal(q)))
