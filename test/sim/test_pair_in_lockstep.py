# SPDX-License-Identifier: Apache-2.0
"""The test robot in lockstep with its simulation: by two hands and sticks, executed again, stopped, held, home."""

import numpy as np
import pytest
from pages.heard_at_once import take
from robot_rigs.two_armed_robot import PairWorld, pair

from controllers.chunks.chunk import pose_channels
from controllers.errors import ChunkError
from controllers.rotations import from_matrix
from vla_ros.data.replay.player import ReplayPlayer
from vla_ros.data.replay.recorded_motion import RecordedMotion
from vla_ros.nodes.arm.homing import joints_chunk
from vla_ros.nodes.sim.controllers import SimulatedControllers
from vla_ros.planning.backends import make_planner
from vla_ros.planning.chunk import plan_chunk
from vla_ros.planning.home import plan_home
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import load_task
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation

UP = 0.02 * np.arange(1, 6)[:, None] * np.array([0.3, 0.0, 1.0])
PACKET_S = 0.02
UNTURNED = (0.0, 0.0, 0.0, 1.0)
BOX = np.full(3, -2.0), np.full(3, 2.0)
TOOLS = (*pose_channels("left"), *pose_channels("right"))
TOLD = (*TOOLS, "lift_joint/position", "left_gripper/width", "right_cup/suction", "base/velocity.x")


def commanded(robot: PairWorld) -> np.ndarray:
    """Return what is commanded now, in the order of TOLD."""
    poses = [arm.T_base_ee_commanded for arm in robot.follower.progress.arms.values()]
    numbers = [np.concatenate([T[:3, 3], from_matrix(T[:3, :3])]) for T in poses]
    command, tools = robot.follower.command, robot.follower.command.end_effectors
    cup = tools.get("right_cup/suction", 0.0)
    others = [command.joint_groups["lift"][0], tools["left_gripper/width"], cup, command.base_velocity[0]]
    return np.concatenate([*numbers, others])


@pytest.fixture(scope="module")
def driven() -> tuple[PairWorld, RecordedMotion, dict[str, np.ndarray]]:
    """Drive every group by two hands and two sticks; return what was commanded, and where the tools began."""
    robot = PairWorld()
    world = robot.world
    start = {name: world.tool_pose(name)[:3, 3] for name in world.arms}
    joints = dict(zip(pair().driven_joints, world.q, strict=True))
    teleoperation = Teleoperation(pair(), *BOX)
    rows = [commanded(robot)]
    for n in range(round(3.0 / PACKET_S)):
        now = n * PACKET_S
        place = (0.0, min(0.04 * now, 0.06), 0.0)  # up, in WebXR's axes
        grip = 1.0 if now > 1.0 else 0.0
        hands = {side: HandSample(place, UNTURNED, now < 2.4, grip) for side in ("left", "right")}
        sticks = {"left": (0.0, 0.5 if 0.5 < now < 1.5 else 0.0), "right": (0.0, -0.5 if 0.5 < now < 1.5 else 0.0)}
        arms = {
            name: ArmReading(
                Pose(arm.T_base_ee_commanded[:3, 3].copy(), from_matrix(arm.T_base_ee_commanded[:3, :3])),
                dict(robot.follower.command.end_effectors),
            )
            for name, arm in robot.follower.progress.arms.items()
        }
        chunk = take(teleoperation, Hands(n, 1e3 * now, "xr", hands, sticks), now, world.time, arms, "")
        if chunk is not None:
            robot.follower.submit(chunk, world.time, "teleop")
        robot.run(PACKET_S)
        rows.append(commanded(robot))
    robot.run(1.0)
    times = PACKET_S * np.arange(len(rows))
    return robot, RecordedMotion(times, TOLD, np.array(rows), joints, source="two hands"), start


def test_two_hands_and_sticks_move_every_group(driven):
    robot, motion, start = driven
    world = robot.world
    for name, before in start.items():
        assert world.tool_pose(name)[2, 3] - before[2] > 0.04, name
    assert world.joint_groups["lift"].q[0] - motion.start["lift_joint"] > 0.02
    assert world.base.T_odom_base[0, 3] < -0.05  # the stick was pulled
    assert world.grippers["left_gripper"].width < 0.01
    assert world.cups["right_cup"].on


def test_what_was_commanded_is_executed_again(driven):
    first, motion, _ = driven
    again = PairWorld()
    player, world = ReplayPlayer(motion, pair().base_frame), again.world
    for _ in range(round(8.0 / PACKET_S)):
        progress = again.follower.progress
        chunk = player.take(world.time, progress.sequence, progress.executed_s, not progress.hold_reason)
        if player.finished:
            break
        if chunk is not None:
            again.follower.submit(chunk, world.time, "planner")
        again.run(PACKET_S)
    assert player.finished
    again.run(1.0)
    for name in world.arms:
        np.testing.assert_allclose(world.tool_pose(name)[:3, 3], first.world.tool_pose(name)[:3, 3], atol=0.01)
    assert world.joint_groups["lift"].q == pytest.approx(first.world.joint_groups["lift"].q, abs=5e-3)
    assert world.base.T_odom_base[0, 3] == pytest.approx(first.world.base.T_odom_base[0, 3], abs=0.03)
    assert world.cups["right_cup"].on


def moving() -> PairWorld:
    robot = PairWorld()
    shifts = dict.fromkeys(robot.world.arms, UP)
    robot.submit(robot.columns(shifts) | {"lift_joint/position": 0.1 + 0.01 * np.arange(1, 6)}, step=0.3)
    robot.run(0.6)
    assert np.abs(robot.world.dq).max() > 0.02
    return robot


def test_an_e_stop_stops_every_group():
    robot = moving()
    robot.follower.emergency_stop()
    robot.run(1.0)
    held = robot.world.q
    robot.run(0.5)
    assert np.abs(robot.world.q - held).max() < 5e-3
    with pytest.raises(ChunkError, match=r"control is held \(e-stop\)"):
        robot.submit(robot.columns({"left": UP}))


def test_what_the_guard_asks_for_holds_both_arms():
    robot = moving()
    controllers = SimulatedControllers(robot.world)
    controllers.hold(True)  # as guard_node asks once control is silent
    robot.world.step(1000)
    held = robot.world.q
    robot.world.step(500)
    assert {"left_arm", "right_arm"} <= controllers.active
    assert np.abs(robot.world.q - held)[:12].max() < 5e-3


def test_a_planned_way_takes_every_group_home():
    robot = moving()
    robot.run(2.5)
    world, frame = robot.world, pair().base_frame
    measured = dict(zip(pair().driven_joints, world.q, strict=True))
    others = {name: measured[name] for group in pair().joint_groups for name in group.joints}
    planner = make_planner(pair(), others=others)
    plan = plan_home(planner, np.concatenate([world.arms[arm.name].q for arm in pair().arms]), None)
    chunk = plan_chunk(plan, world.time, frame, 10)
    robot.follower.submit(chunk, world.time, "planner")
    robot.run(chunk.duration + 1.5)
    for number, group in enumerate(pair().joint_groups, start=20):
        q = world.joint_groups[group.name].q
        chunk = joints_chunk(world.time, frame, group, q, group.home, number)
        robot.follower.submit(chunk, world.time, "planner")
        robot.run(chunk.duration + 1.5)
    home = np.concatenate([group.home for group in pair().driven_groups])
    assert np.abs(world.q - home).max() < 0.05


@pytest.mark.parametrize("task", ["grasping", "placing"])
def test_a_scene_stands_where_an_arm_reaches(task):
    for seed in range(600, 612):
        scene: Scene = load_task(task).scene(SceneRequest(seed=seed, robot=pair().source))
        x, y = scene.target_object.T_base_object[:2, 3]
        reaches = [arm.reach for arm in pair().arms]
        near = [np.hypot(x - reach.axis[0], y - reach.axis[1]) for reach in reaches]
        able = [r.nearest <= d <= r.wrist + r.wrist_offset for d, r in zip(near, reaches, strict=True)]
        assert any(able), (seed, near)
        assert 0.1 < scene.table.height < 0.6
        assert scene.floor_height == 0.0
        assert scene.table.center[0] - 0.5 * scene.table.extent[0] > 0.25  # beyond the base's own edge


def test_its_own_cameras_see_the_table():
    scene = load_task("grasping").scene(SceneRequest(seed=1, robot=pair().source, cameras=pair().cameras))
    robot = PairWorld(scene)
    try:
        views = {name: robot.world.observe_camera(name, pair().camera(name).depth) for name in scene.camera_names}
        assert set(views) == {"head", "left_wrist", "right_wrist"}
        assert all(view.color.std() > 5.0 for view in views.values())
        depth = views["head"].depth
        assert 0.3 < np.median(depth[depth > 0.0]) < 1.5
        assert views["left_wrist"].depth is None
        turned = views["left_wrist"].T_base_camera
        robot.submit(robot.columns({"left": UP}), step=0.2)
        robot.run(2.0)
        risen = robot.world.observe_camera("left_wrist", False).T_base_camera[2, 3] - turned[2, 3]
        assert risen == pytest.approx(UP[-1, 2], abs=0.01)  # it goes with the hand
    finally:
        robot.world.close()
