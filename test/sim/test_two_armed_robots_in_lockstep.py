# SPDX-License-Identifier: Apache-2.0
"""The two-armed robots of the papers in lockstep with their simulation: a drive, a lift, pictures."""

from __future__ import annotations

import numpy as np
import pytest
from robot_rigs.described_robot import DescribedRobot
from robot_rigs.two_armed_robot import DT
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ChunkError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

ROBOTS = ("bytemini", "ldt01")


def test_bytemini_drives_by_chunk_and_its_tools_stay_where_a_chunk_put_them():
    robot = DescribedRobot("bytemini")
    world = robot.world
    try:
        columns = robot.columns(dict.fromkeys(world.arms, np.zeros((10, 3))))
        columns |= {"base/velocity.x": np.full(10, -0.05), "base/velocity.y": np.full(10, 0.10)}
        before = {arm: (world.base.T_odom_base @ world.tool_pose(arm))[:3, 3] for arm in world.arms}
        robot.submit(columns, step=0.1)
        robot.run(1.0)
        for arm, place in before.items():
            now = (world.base.T_odom_base @ world.tool_pose(arm))[:3, 3]
            np.testing.assert_allclose(now, place, atol=0.01)  # poses are in the base at the chunk's stamp
        robot.run(1.0)
        assert world.base.T_odom_base[:2, 3] == pytest.approx([-0.05, 0.10], abs=0.02)
        np.testing.assert_allclose(world.base.twist, 0.0, atol=1e-3)  # it stands once it hears nothing
    finally:
        world.close()


def test_an_e_stop_with_arms_lift_and_base_in_motion_brings_all_to_rest_within_limits():
    robot = DescribedRobot("bytemini")
    world, base = robot.world, robot.embodiment.base
    assert base is not None
    limits = np.concatenate([group.velocity for group in robot.embodiment.driven_groups])
    try:
        columns = robot.columns(dict.fromkeys(world.arms, 0.03 * np.arange(1, 11)[:, None] * np.array([0.0, 0.3, 1.0])))
        columns |= {"base/velocity.x": np.full(10, 0.25), "base/velocity.yaw": np.full(10, 0.3)}
        columns |= {"lift_joint/position": 0.24 + 0.01 * np.arange(1, 11)}
        robot.submit(columns, step=0.2)
        robot.run(1.2)
        before, speed = world.base.T_odom_base.copy(), np.abs(world.base.twist)
        assert speed[0] > 0.1
        assert speed[2] > 0.1
        assert np.abs(world.dq).max() > 0.1
        assert np.abs(world.joint_groups["lift"].dq).max() > 0.02
        robot.follower.emergency_stop()
        fastest = np.zeros_like(limits)
        for _ in range(400):
            robot.run(DT)
            fastest = np.maximum(fastest, np.abs(world.dq))
        assert (fastest < 1.02 * limits).all()
        assert np.abs(world.dq).max() < 0.02
        assert np.abs(world.base.twist).max() < 0.01
        way = np.linalg.norm(world.base.T_odom_base[:2, 3] - before[:2, 3])
        assert way < speed[0] ** 2 / (2.0 * base.acceleration[0]) + 0.05
        with pytest.raises(ChunkError, match=r"control is held \(e-stop\)"):
            robot.submit(columns, step=0.2)
    finally:
        world.close()


def test_bytemini_lifts_nods_and_closes_its_grippers():
    robot = DescribedRobot("bytemini")
    world = robot.world
    try:
        heights = np.linspace(0.24, 0.20, 10)
        robot.submit(
            {
                "lift_joint/position": heights,
                "head_pan_joint/position": np.linspace(0.0, 0.2, 10),
                "head_tilt_joint/position": np.linspace(0.75, 0.60, 10),
                "left_gripper/width": np.zeros(10),
                "right_gripper/width": np.full(10, 0.04),
            },
            step=0.1,
        )
        robot.run(2.5)
        assert world.joint_groups["lift"].q == pytest.approx([0.20], abs=3e-3)
        assert world.joint_groups["head"].q == pytest.approx([0.2, 0.60], abs=5e-3)
        assert world.grippers["left_gripper"].width < 2e-3
        assert world.grippers["right_gripper"].width == pytest.approx(0.04, abs=2e-3)
    finally:
        world.close()


@pytest.mark.parametrize("name", ROBOTS)
def test_its_cameras_see_the_table_and_the_hands(name):
    robot = load_embodiment(name)
    scene = grasping_scene("basic", 3, robot=name, cameras=robot.cameras)
    world = World(scene, robot)
    try:
        views = {camera: world.observe_camera(camera, True) for camera in robot.cameras}
        table = np.array([*scene.table.center, scene.table.height])
        for camera, view in views.items():
            assert view.color.std() > 5.0
            assert 0.05 < np.median(view.depth[view.depth > 0.0]) < 1.5
            forward = view.T_base_camera[:3, 2]
            assert forward[2] < -0.4, camera  # it looks down, onto the table
        seen = np.linalg.inv(views["head"].T_base_camera) @ np.append(table, 1.0)
        assert abs(np.arctan2(seen[0], seen[2])) < np.radians(30.0)
        for side in ("left", "right"):
            tips = world.tool_pose(side) @ [0.0, 0.0, 0.010, 1.0]
            x, y, z, _ = np.linalg.inv(views[f"{side}_wrist"].T_base_camera) @ tips
            assert z > 0.0
            assert max(abs(x) / z * 3.0 / 4.0, abs(y) / z) < np.tan(np.radians(29.0)), side  # in the picture
    finally:
        world.close()
