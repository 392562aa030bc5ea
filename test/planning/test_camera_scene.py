# SPDX-License-Identifier: Apache-2.0
"""A scene seen by the simulator's depth cameras: what stands there is covered, what is free stays free."""

from __future__ import annotations

import numpy as np
import pytest
from robot_rigs.planning_robot import ARM, FRANKA, HOME, assert_sound, ompl
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.planning.camera_scene import CameraSceneConfig, columns, scene_from_cameras
from vla_ros.planning.home import plan_home
from vla_ros.planning.problem import JointGoal, PlanningProblem, PoseGoal
from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
from vla_ros.robots.embodiment import expand_urdf
from vla_ros.sim.world import World

CONFIG = CameraSceneConfig()


def covered(boxes, points):
    inside = np.zeros(len(points), bool)
    for box in boxes:
        half = np.array(box.shape.size) / 2.0
        inside |= (np.abs(points - box.T_base_obstacle[:3, 3]) <= half + 1e-6).all(axis=1)
    return inside


@pytest.fixture(scope="module")
def world():
    return World(grasping_scene("distractor", 3), FRANKA, settle=False)


@pytest.fixture(scope="module")
def seen(world):
    robot = RobotShape(expand_urdf(FRANKA), ARM.joints, FRANKA.grippers[0].joints)
    views = [world.observe_camera(name) for name in FRANKA.cameras]
    return scene_from_cameras(views, robot, world.q, world.gripper_width)


def test_every_object_and_the_table_are_covered_and_the_arm_is_not(world, seen):
    tops = np.array([world.object_pose(name)[:3, 3] for name in world.object_names])
    assert covered(seen.obstacles, tops).all()
    table = world.scene.table.height
    on_table = np.array([[0.55, y, table - 0.01] for y in (-0.3, 0.3)])
    assert covered(seen.obstacles, on_table).all()
    assert not covered(seen.obstacles, on_table + np.array([0.0, 0.0, 0.4])).any()
    assert len(seen.obstacles) < 500
    look = ompl().checker(PlanningProblem(world.q, JointGoal(HOME), seen))
    assert look.free(world.q)


def test_plans_go_around_what_is_seen_and_home_again(world, seen):
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = world.object_pose(world.object_names[0])[:3, 3] + np.array([0.0, 0.0, 0.18])
    problem = PlanningProblem(world.q, PoseGoal(T), seen, budget_s=20.0)
    plan = ompl().plan(problem)
    assert_sound(plan, problem)
    home = plan_home(ompl(), plan.goal, seen)
    np.testing.assert_allclose(home.goal, HOME, atol=1e-9)


def test_columns_cover_all_points_and_merge_what_is_level():
    random = np.random.default_rng(0)
    flat = np.column_stack([random.uniform((0.3, -0.3), (0.7, 0.3), (30000, 2)), random.normal(0.0, 0.002, 30000)])
    tall = np.column_stack([random.uniform((0.44, 0.02), (0.52, 0.1), (4000, 2)), random.uniform(0.0, 0.2, 4000)])
    points = np.concatenate([flat, tall])
    boxes = columns(points, CONFIG)
    assert covered(boxes, points).all()
    assert len(boxes) < 40
    assert not covered(boxes, np.array([[0.35, -0.2, 0.03], [0.48, 0.06, 0.24]])).any()


def test_what_is_in_the_hand_is_held():
    from vla_ros.planning.camera_scene import _take_held

    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = 0.5, 0.0, 0.4
    near = np.random.default_rng(0).uniform(-0.02, 0.02, (200, 3)) + T[:3, 3]
    far = near + np.array([0.3, 0.0, 0.0])
    rest, held = _take_held(np.concatenate([near, far]), T, "panda")
    np.testing.assert_allclose(rest, far)
    assert 0.03 < held.shape.size[0] < 0.045
    assert _take_held(far, T, "panda")[1] is None


def test_no_depth_and_nonsense_are_named():
    robot = RobotShape(expand_urdf(FRANKA), ARM.joints, FRANKA.grippers[0].joints)
    with pytest.raises(ConfigError, match="no camera gives depth"):
        scene_from_cameras([], robot, HOME, 0.08)
    with pytest.raises(ConfigError, match="'cell' must be"):
        CameraSceneConfig(cell=0.0)
