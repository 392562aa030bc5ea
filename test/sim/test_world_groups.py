# SPDX-License-Identifier: Apache-2.0
"""A simulated robot of two arms, a lift and a head, moved by one follower in lockstep."""

import numpy as np
import pytest
from robot_rigs.two_armed_robot import PairWorld, empty_scene, pair

from controllers.errors import ConfigError
from vla_ros.sim.world import World

RISE = 0.02 * np.arange(1, 6)[:, None] * np.array([0.5, 0.0, 1.0])


@pytest.fixture(scope="module", params=["position", "effort", "pose"])
def moved(request):
    """Return a world and its follower after a chunk for all groups, and where the tools began."""
    robot = PairWorld(command=request.param)
    world, follower = robot.world, robot.follower
    assert world.q.shape == (15,)
    np.testing.assert_allclose(world.q[:6], pair().arm("left").home, atol=1e-3)
    start = {name: world.tool_pose(name) for name in world.arms}
    columns = robot.columns(dict.fromkeys(world.arms, RISE))
    columns["head_pan_joint/position"] = 0.08 * np.arange(1, 6)
    columns["head_tilt_joint/position"] = np.full(5, 0.4)
    columns["lift_joint/position"] = 0.1 + 0.01 * np.arange(1, 6)
    columns["left_gripper/width"] = np.array([0.09, 0.09, 0.03, 0.03, 0.03])
    columns["right_cup/suction"] = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    columns["base/velocity.x"] = np.full(5, -0.05)
    robot.submit(columns, step=0.3)
    robot.run(3.5)
    return world, follower, start


def test_every_group_arrives(moved):
    world, follower, start = moved
    assert follower.progress.hold_reason == "chunk exhausted"
    for name, T in start.items():
        there = world.base.T_odom_base @ world.tool_pose(name)  # a chunk's poses are in the base at its stamp
        assert there[:3, 3] - T[:3, 3] == pytest.approx(RISE[-1], abs=6e-3), name
    assert world.joint_groups["lift"].q == pytest.approx([0.15], abs=3e-3)
    assert world.joint_groups["head"].q == pytest.approx([0.4, 0.4], abs=5e-3)
    assert world.grippers["left_gripper"].width == pytest.approx(0.03, abs=2e-3)
    assert world.cups["right_cup"].on
    assert world.base.T_odom_base[0, 3] == pytest.approx(-0.075, abs=0.02)  # 1.5 s


def test_the_follower_knows_where_the_tools_are(moved):
    world, follower, _ = moved
    for name, arm in follower.arms.items():
        np.testing.assert_allclose(arm.model.T_base_ee, world.tool_pose(name), atol=1e-3)


def test_the_picture_shows_it(moved):
    world, _, _ = moved
    color, depth = world.render_camera(world.scene.cameras[0].name)
    assert color.std() > 10.0
    assert np.isfinite(depth).all()


def test_what_is_for_one_arm_says_so():
    world = World(empty_scene(), pair(), settle=False)
    with pytest.raises(ValueError, match="too many values"):
        world.T_base_ee
    with pytest.raises(ConfigError, match="unknown arm 'middle'"):
        world.tool_pose("middle")
    with pytest.raises(ConfigError, match="position command must be 1 finite numbers"):
        world.joint_groups["lift"].command(np.array([np.nan]))


def test_the_base_goes_where_it_is_told_and_stands_when_it_hears_nothing():
    world = World(empty_scene(), pair(), settle=False)
    base, seen = world.base, world.camera(world.scene.cameras[0].name).T_base_camera
    tool = world.tool_pose("left")

    def drive(velocity, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            base.command(np.array(velocity))
            world.step(20)

    drive([-0.3, 0.0, 0.0], 1.0)  # away from the table
    assert base.twist == pytest.approx([-0.3, 0.0, 0.0], abs=0.01)
    drive([0.0, 0.0, 0.5], np.pi)  # a quarter turn to the left …
    drive([0.3, 0.0, 0.0], 1.0)  # … and forward
    assert base.T_odom_base[:2, 3] == pytest.approx([-0.3, 0.3], abs=0.03)
    np.testing.assert_allclose(base.T_odom_base[:2, 0], [0.0, 1.0], atol=0.03)
    world.step(1000)
    assert base.twist == pytest.approx(np.zeros(3), abs=1e-3)
    # What is on it goes with it, and what stands about does not.
    np.testing.assert_allclose(world.tool_pose("left"), tool, atol=5e-3)
    there = base.T_odom_base @ world.camera(world.scene.cameras[0].name).T_base_camera
    np.testing.assert_allclose(there, seen, atol=1e-6)
    drive([5.0, 0.0, 0.0], 0.5)
    assert base.twist[0] == pytest.approx(0.6, abs=0.02)  # no faster than it may
    with pytest.raises(ConfigError, match="base command must be 3 finite numbers"):
        base.command(np.array([np.nan, 0.0, 0.0]))
