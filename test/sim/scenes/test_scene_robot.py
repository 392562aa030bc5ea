# SPDX-License-Identifier: Apache-2.0
"""Scenes, grasps and simulated servos follow the robot's description: another robot is given other things to do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.policies.families.loading import check_policy
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.robots.reach import ArmReach, GripperEnvelope
from vla_ros.sim.grasping.takeable import _gripper
from vla_ros.sim.scenes.scene_robot import scene_robot
from vla_ros.sim.world import World


@pytest.fixture(scope="module")
def ur5e() -> Embodiment:
    return load_embodiment("ur5e")


def test_targets_stand_where_the_robot_reaches():
    reach = load_embodiment("ur5e").only_arm.reach
    assert reach is not None
    for seed in range(500, 530):
        scene = grasping_scene("basic", seed, robot="ur5e")
        x, y = scene.target_object.T_base_object[:2, 3]
        assert reach.nearest <= np.hypot(x, y) <= reach.wrist + reach.wrist_offset
        assert scene_robot("ur5e").arms[0].waiting is not None


def test_an_arm_reaches_nothing_beyond_its_links_nor_within_its_fold():
    reach = ArmReach(shoulder=0.3, wrist=0.6, wrist_height=0.2, wrist_offset=0.1, side_offset=0.1, nearest=0.3)
    assert reach.contains(0.5, 0.2)
    assert not reach.contains(0.29, 0.2)
    assert not reach.contains(0.9, 0.2)
    assert reach.stretch(0.4, 0.1) == 0.0
    assert reach.stretch(0.7, 0.1) == pytest.approx(1.0)


@pytest.mark.parametrize("wrong", [{"wrist": 0.0}, {"nearest": -0.1}, {"strong": 0.01, "weak": 0.02}])
def test_a_reach_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match="reach"):
        dataclasses.replace(ArmReach(0.3, 0.6, 0.2), **wrong)


def test_generated_data_starts_where_the_description_says(ur5e):
    start = ur5e.only_arm.start
    q = np.array(grasping_scene("basic", 3, "generation", robot="ur5e").arm_start)
    assert q.shape == (6,)
    assert (np.abs(q - start.center) <= start.spread).all()
    assert grasping_scene("basic", 3, robot="ur5e").arm_start is None


def test_a_wrist_camera_sits_on_the_robots_own_tool():
    names = {
        robot: grasping_scene("basic", 1, cameras=("wrist",), robot=robot).mounted[0].body
        for robot in ("franka", "ur5e")
    }
    assert names == {robot: load_embodiment(robot).only_arm.tool_frame for robot in names}


def test_a_hand_opens_as_far_as_it_is_described(ur5e):
    assert _gripper("franka").opening_max == pytest.approx(0.08)
    assert _gripper("ur5e").opening_max == pytest.approx(0.085)
    assert GripperDimensions.of(ur5e.only_gripper).opening_max == pytest.approx(0.085)


def test_geometry_needs_a_reach_and_an_envelope(ur5e):
    with pytest.raises(ConfigError, match="'ur5e' has no 'reach'"):
        Reach(expand_urdf(ur5e), dataclasses.replace(ur5e.only_arm, reach=None))
    with pytest.raises(ConfigError, match="'robotiq_85' has no 'envelope'"):
        GripperDimensions.of(dataclasses.replace(ur5e.only_gripper, envelope=None))
    with pytest.raises(ConfigError, match="hand_end"):
        GripperEnvelope(0.01, 0.01, 0.06, 0.01, 0.01, 0.1, 0.03, hand_end=0.05)


def test_the_geometric_policy_is_refused_before_anything_starts(ur5e):
    arm, gripper = ur5e.only_arm, ur5e.only_gripper
    with pytest.raises(ConfigError, match="'ur5e' has no 'reach'"):
        check_policy("geometric", dataclasses.replace(ur5e, arms=(dataclasses.replace(arm, reach=None),)))
    shapeless = dataclasses.replace(ur5e, end_effectors=(dataclasses.replace(gripper, envelope=None),))
    with pytest.raises(ConfigError, match="'robotiq_85' has no 'envelope'"):
        check_policy("geometric", shapeless)


@pytest.mark.parametrize("robot", ["franka", "ur5e"])
def test_an_arm_holds_home_and_follows_a_stream(robot):
    embodiment = load_embodiment(robot)
    world = World(grasping_scene("basic", 1, robot=robot), embodiment)
    try:
        arm, q = world.arms[embodiment.only_arm.name], embodiment.only_arm.home.copy()
        np.testing.assert_allclose(arm.q, q, atol=2e-3)
        for k in range(1000):
            target = q + 0.1 * min(1.0, 0.002 * k)
            arm.command_position(target, stream=True)
            world.step(2)
        np.testing.assert_allclose(arm.q, q + 0.1, atol=5e-3)
        assert np.abs(arm.dq).max() < 0.02
    finally:
        world.close()
