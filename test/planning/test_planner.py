# SPDX-License-Identifier: Apache-2.0
"""Problems that every planner must solve, and those it must explain."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from robot_rigs.planning_robot import ARM, BACKENDS, FRANKA, HOME, TABLE, assert_sound, ompl, planner, tool
from scipy.spatial.transform import Rotation

from bench.planning_scenes.check import second_opinion
from bench.planning_scenes.cluttered import SceneMaker
from controllers.errors import ConfigError, VlaError
from vla_ros.planning.backends import make_planner
from vla_ros.planning.errors import (
    GoalCollisionError,
    JointLimitError,
    NoPathError,
    PlanningError,
    StartCollisionError,
    UnreachableError,
)
from vla_ros.planning.ompl_search import OmplSearch
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import JointGoal, PlanningProblem, PoseGoal
from vla_ros.planning.scene import CollisionScene, HeldObject, box_between
from vla_ros.planning.shapes import Cylinder

SIDE = HOME + np.array([1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
OTHER_SIDE = HOME - np.array([1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
WALL = box_between("wall", (0.3, -0.05, 0.0), (0.8, 0.05, 0.7))
SCENE = CollisionScene((TABLE, WALL))


def pose(x, y, z):
    T = np.eye(4)
    T[:3, 3] = x, y, z
    T[:3, :3] = Rotation.from_euler("x", np.pi).as_matrix()
    return T


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scene", [CollisionScene((TABLE,)), SCENE], ids=["free", "wall"])
def test_a_joint_goal_is_reached_around_what_is_there(backend, scene):
    problem = PlanningProblem(SIDE, JointGoal(OTHER_SIDE), scene)
    plan = planner(backend).plan(problem)
    assert_sound(plan, problem)
    np.testing.assert_allclose(plan.goal, OTHER_SIDE, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pose_goal_is_reached_with_something_in_the_hand(backend):
    scene = SCENE.hold(HeldObject("bottle", Cylinder(0.03, 0.16), np.eye(4)))
    problem = PlanningProblem(SIDE, PoseGoal(pose(0.5, -0.3, 0.2)), scene, gripper_width=0.06)
    plan = planner(backend).plan(problem)
    assert_sound(plan, problem)
    np.testing.assert_allclose(tool(plan.goal)[:3, 3], (0.5, -0.3, 0.2), atol=1e-3)
    turn = Rotation.from_matrix(tool(plan.goal)[:3, :3].T @ pose(0, 0, 0)[:3, :3]).magnitude()
    assert turn < 0.01


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        (JointLimitError, r"start: panda_joint4 at 0.500 rad is outside its limits -3.072 to -0.070",
         {"start": np.array([0, 0, 0, 0.5, 0, 1, 0.0])}),
        (JointLimitError, r"goal: panda_joint1 at 3.000 rad", {"goal": JointGoal(np.append(3.0, HOME[1:]))}),
        (JointLimitError, "start has 6 joints, panda has 7", {"start": HOME[:6]}),
        (UnreachableError, r"cannot reach \(1.200, 0.000, 0.300\) m .* falls short by \d{3} mm",
         {"goal": PoseGoal(pose(1.2, 0.0, 0.3))}),
        (StartCollisionError, r"start is in collision: .*'wall'.* overlap by \d+", {"start": HOME}),
        (GoalCollisionError, r"goal is in collision: .*'wall'.* overlap by \d+", {"goal": JointGoal(HOME)}),
        (GoalCollisionError, r"goal is in collision in all \d+ configurations .* 'table'|'wall'",
         {"goal": PoseGoal(pose(0.5, -0.3, -0.03))}),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_said_in_words(backend, error, message, changes):
    given = {"start": SIDE, "goal": JointGoal(OTHER_SIDE), "scene": SCENE} | changes
    with pytest.raises(error, match=message) as caught:
        planner(backend).plan(PlanningProblem(**given))
    assert isinstance(caught.value, PlanningError)
    assert isinstance(caught.value, VlaError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_closed_cage_has_no_path(backend):
    cage = [
        box_between("left", (0.2, 0.3, 0.0), (0.7, 0.32, 1.3)),
        box_between("right", (0.2, 0.68, 0.0), (0.7, 0.7, 1.3)),
        box_between("front", (0.68, 0.32, 0.0), (0.7, 0.68, 1.3)),
        box_between("back", (0.2, 0.32, 0.0), (0.22, 0.68, 1.3)),
        box_between("lid", (0.2, 0.3, 0.6), (0.7, 0.7, 0.62)),
    ]
    inside = PoseGoal(pose(0.45, 0.5, 0.25))
    problem = PlanningProblem(OTHER_SIDE, inside, CollisionScene((TABLE, *cage)), budget_s=0.3)
    with pytest.raises((NoPathError, GoalCollisionError)):
        planner(backend).plan(problem)


def test_cluttered_tables_are_solved_and_mujoco_agrees():
    maker = SceneMaker(ompl())
    for number in range(1000, 1012):
        problem = maker.problem(number, budget_s=20.0)
        plan = ompl().plan(problem)
        assert_sound(plan, problem)
        if number % 4 == 0:
            opinion = second_opinion(FRANKA, problem, plan)
            assert opinion.clearance > problem.margin - 0.0015
            assert opinion.self_clearance > 0.0


def test_the_same_seed_gives_the_same_plan_whatever_was_planned_before():
    problem = PlanningProblem(SIDE, JointGoal(OTHER_SIDE), SCENE, seed=7, budget_s=20.0)
    first = ompl().plan(problem)
    ompl().plan(PlanningProblem(SIDE, JointGoal(HOME), CollisionScene((TABLE,)), seed=3))
    again = make_planner(FRANKA).plan(problem)
    np.testing.assert_array_equal(first.positions, again.positions)
    np.testing.assert_array_equal(first.times, again.times)


def test_half_the_speed_takes_twice_as_long_on_the_same_path():
    fast, slow = (
        ompl().plan(PlanningProblem(SIDE, JointGoal(OTHER_SIDE), SCENE, speed_scale=s, budget_s=20.0))
        for s in (0.6, 0.3)
    )
    assert slow.duration == pytest.approx(2.0 * fast.duration, rel=1e-3)
    assert slow.length == pytest.approx(fast.length, rel=1e-3)


def test_shortcuts_swing_past_corners():
    problem = PlanningProblem(SIDE, JointGoal(OTHER_SIDE), SCENE, budget_s=20.0)
    resting = MotionPlanner(FRANKA, ["panda"], OmplSearch(ompl().limits(1.0)), shortcuts=-1).plan(problem)
    assert ompl().plan(problem).duration < 0.95 * resting.duration


def test_a_goal_that_is_the_start_is_a_plan_of_no_length():
    plan = ompl().plan(PlanningProblem(HOME, JointGoal(HOME)))
    assert plan.duration == 0.0
    np.testing.assert_array_equal(plan.sample(np.array([0.0, 1.0])), [HOME, HOME])


def test_a_tolerance_lets_the_tool_stop_short():
    far = pose(0.0, 0.0, 0.0)
    far[:3, 3] = 0.80, 0.0, 0.35
    with pytest.raises(UnreachableError):
        ompl().plan(PlanningProblem(HOME, PoseGoal(far)))
    plan = ompl().plan(PlanningProblem(HOME, PoseGoal(far, position_tolerance=0.3, rotation_tolerance=1.5)))
    assert np.linalg.norm(tool(plan.goal)[:3, 3] - far[:3, 3]) < 0.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PlanningProblem(HOME, JointGoal(HOME), margin=-1.0), "'margin' must be 0 to 0.2"),
        (lambda: PlanningProblem(HOME, JointGoal(HOME), speed_scale=0.0), "'speed_scale' must be 0.01 to 1"),
        (lambda: PlanningProblem([np.nan] * 7, JointGoal(HOME)), "start: a joint configuration"),
        (lambda: PoseGoal(np.zeros((4, 4))), "goal: the pose must be"),
        (lambda: PoseGoal(np.eye(4), position_tolerance=0.0), "goal tolerances"),
        (lambda: make_planner(FRANKA, backend="movit"), "did you mean 'moveit'"),
        (lambda: make_planner(FRANKA, "left"), "unknown arm 'left'"),
    ],
)
def test_nonsense_is_named(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_planning_is_not_imported_before_it_is_needed(root):
    code = (
        "import sys; import vla_ros.nodes.home_node, vla_ros.nodes.episode_node; "
        "print([n for n in ('ompl', 'coal', 'ruckig', 'vla_ros.planning.planner') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_arm_knows_the_limits_of_planned_motion():
    assert ARM.acceleration.min() > 0.0
    assert ARM.jerk.min() > 0.0
