# SPDX-License-Identifier: Apache-2.0
"""Hands, sticks and the headset's gaze together: which of them moves which part of a robot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pages.heard_at_once import take
from robot_rigs.two_armed_robot import pair
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.groups import BaseConfig
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.looking import looking
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.gaze import LEASH_S
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.sticks import LIFT_SHARE, LOOK_SHARE
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation

UNTURNED = (0.0, 0.0, 0.0, 1.0)

BOX = np.full(3, -2.0), np.full(3, 2.0)

TOOL = Pose(np.array([0.4, 0.0, 0.4]), (1.0, 0.0, 0.0, 0.0))


def place(x: float, y: float = 0.0, z: float = 0.0, q=UNTURNED) -> Pose:
    return Pose(np.array([x, y, z]), q)


FRANKA = load_embodiment("franka")

TWO_ARMS = replace(
    FRANKA,
    arms=(replace(FRANKA.arms[0], name="one"), replace(FRANKA.arms[0], name="two")),
    end_effectors=(replace(FRANKA.grippers[0], name="one_hand", arm="one"),),
    base=BaseConfig((0.5, 0.4, 1.0), (1.0, 1.0, 2.0)),
)

READINGS = {name: ArmReading(TOOL, {}) for name in ("one", "two")}


def packet(n: int, *, right: bool, left: bool, x: float = 0.0, sticks=None) -> Hands:
    hands = {
        "right": HandSample((x, 0.0, 0.0), UNTURNED, right, 0.0),
        "left": HandSample((0.0, x, 0.0), UNTURNED, left, 0.0),
    }
    return Hands(n, 14.0 * n, "xr", hands, sticks or {})


def drive(teleoperation: Teleoperation, packets: list[Hands]) -> list[ActionChunk | None]:
    return [take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, READINGS, "") for p in packets]


def test_each_hand_drives_its_arm_and_one_chunk_moves_both():
    teleoperation = Teleoperation(TWO_ARMS, *BOX)
    assert teleoperation.hands == {"one": "right", "two": "left"}
    chunks = drive(teleoperation, [packet(n, right=True, left=True, x=1e-3 * n) for n in range(40)])
    chunk = chunks[-1]
    assert chunk.arms == ("one", "two")
    assert "one_hand/width" in chunk.channels
    np.testing.assert_allclose(chunk.positions("one")[-1] - TOOL.position, [0.0, -0.039, 0.0], atol=1e-9)
    np.testing.assert_allclose(chunk.positions("two")[-1] - TOOL.position, [0.0, 0.0, 0.039], atol=1e-9)
    assert [c.sequence for c in chunks] == list(range(1, 41))


def test_one_hand_that_lets_go_leaves_the_other_clutched():
    teleoperation = Teleoperation(TWO_ARMS, *BOX)
    *_, both, one, none = drive(
        teleoperation,
        [packet(0, right=True, left=True), packet(1, right=False, left=True), packet(2, right=False, left=False)],
    )
    assert (both.arms, one.arms, none) == (("one", "two"), ("two",), None)


def test_the_left_hand_may_drive_the_first_arm():
    assert Teleoperation(FRANKA, *BOX, first_hand="left").hands == {"panda": "left"}


def test_each_hand_drives_the_arm_on_its_side():
    assert Teleoperation(pair(), *BOX).hands == {"left": "left", "right": "right"}
    assert Teleoperation(pair(), *BOX, first_hand="right").hands == {"left": "right", "right": "left"}


def test_the_right_stick_lifts_and_a_lift_at_rest_is_left_to_itself():
    teleoperation = Teleoperation(pair(), *BOX)
    readings = {name: ArmReading(TOOL, {}) for name in ("left", "right")}
    packets = [packet(n, right=True, left=False, sticks={"right": (0.0, down)}) for n, down in enumerate((-0.5, 0.0))]
    up, still = (take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, readings, "") for p in packets)
    lift = pair().joint_group("lift")
    np.testing.assert_allclose(up.column("lift_joint/velocity"), 0.5 * min(LIFT_SHARE * lift.velocity[0], 0.5))
    assert not any(channel.startswith("lift") for channel in still.channels)
    assert still.column("base/velocity.x")[0] == 0.0


def test_a_third_stick_looks_about_whichever_way_the_joints_turn():
    """x of the stick is right, y down; the camera looks there, faster than nobody asks for."""
    robot = pair()
    teleoperation = Teleoperation(robot, *BOX)
    readings = {name: ArmReading(TOOL, {}) for name in ("left", "right")}
    pushes = ((-1.0, 0.0), (0.0, 1.0), (0.02, -0.05))
    packets = [packet(n, right=True, left=False, sticks={"look": push}) for n, push in enumerate(pushes)]
    left, down, still = (take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, readings, "") for p in packets)
    head, tree = robot.joint_group("head"), LinkTree(expand_urdf(robot))
    for chunk, moves in ((left, lambda T: T[1, 0]), (down, lambda T: -T[2, 0])):  # where the camera's x points
        asked = [one for one in chunk.channels if one.startswith("head") and one.endswith("/velocity")]
        assert len(asked) == 2, "a group moves whole"
        (channel,) = (one for one in asked if chunk.column(one)[0])
        joint, velocity = channel.removesuffix("/velocity"), chunk.column(channel)[0]
        assert abs(velocity) == pytest.approx(LOOK_SHARE * head.velocity[0])
        at = {joint: q for joint, q in zip(head.joints, head.home, strict=True)}
        before, after = (tree.place("head", at | {joint: at[joint] + 0.1 * velocity * t}) for t in (0, 1))
        assert moves(after) > moves(before) + 0.01
    assert not any(channel.startswith("head") for channel in still.channels)


def turned(left: float, down: float) -> tuple[float, float, float, float]:
    """Return a headset's orientation in WebXR's axes: turned to the left, then down [degrees]."""
    return tuple(Rotation.from_euler("YX", [left, -down], degrees=True).as_quat().tolist())


@pytest.mark.parametrize("name", [None, "bytemini"])
def test_a_heads_camera_looks_where_the_headset_does_at_the_pace_that_it_may(name):
    robot = pair() if name is None else load_embodiment(name)
    teleoperation, tree = Teleoperation(robot, *BOX), LinkTree(expand_urdf(robot))
    head, camera = robot.joint_group("head"), next(one for one in robot.described_cameras if one.name == "head")
    arms = {arm.name: ArmReading(TOOL, {}) for arm in robot.arms}
    at = {j: float(q) for group in robot.driven_groups for j, q in zip(group.joints, group.home, strict=True)}
    look = np.subtract(camera.mount.look_at, camera.mount.position)
    for begin, (left, down) in zip((0, 300, 600), ((0.0, 0.0), (25.0, 10.0), (-20.0, 25.0)), strict=True):
        for n in range(begin, begin + 300):
            p = replace(packet(n, right=True, left=False), head=turned(left, down))
            chunk = take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
            positions = np.column_stack([chunk.column(f"{joint}/position") for joint in head.joints])
            assert (np.abs(np.diff(positions, axis=0)) <= LOOK_SHARE * head.velocity * 0.02 + 1e-9).all()
            assert np.abs(positions[0] - [at[j] for j in head.joints]).max() < 0.05, "it jumps"
            at |= dict(zip(head.joints, positions[0].tolist(), strict=True))
        x, y, z = tree.place(camera.frame, at)[:3, :3] @ look
        seen = np.degrees([np.arctan2(y, x), np.arctan2(-z, np.hypot(x, y))])
        np.testing.assert_allclose(seen, [left, down], atol=1.0)
    # Without a headset, or without knowing where the head is, it is left to itself.
    alone = take(teleoperation, packet(901, right=True, left=False), 12.62, 12.62, arms, "", at)
    unknown = take(teleoperation, replace(p, n=902), 12.64, 12.64, arms, "")
    for chunk in (alone, unknown):
        assert not any(channel.startswith("head") for channel in chunk.channels)


def test_a_head_that_is_followed_goes_no_further_than_its_joints():
    robot = pair()
    teleoperation, head = Teleoperation(robot, *BOX), robot.joint_group("head")
    arms = {arm.name: ArmReading(TOOL, {}) for arm in robot.arms}
    at = dict(zip(head.joints, head.home.tolist(), strict=True))
    for n in range(600):
        p = replace(packet(n, right=True, left=False), head=turned(170.0, 80.0))
        chunk = take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
        at = {joint: chunk.column(f"{joint}/position")[0] for joint in head.joints}
    last = np.array([chunk.column(f"{joint}/position")[-1] for joint in head.joints])
    assert ((last >= head.lower) & (last <= head.upper)).all()
    assert (np.isclose(last, head.lower) | np.isclose(last, head.upper)).any()


def test_a_head_that_does_not_come_along_is_not_run_away_from():
    robot = pair()
    teleoperation, head = Teleoperation(robot, *BOX), robot.joint_group("head")
    arms = {arm.name: ArmReading(TOOL, {}) for arm in robot.arms}
    at = dict(zip(head.joints, head.home.tolist(), strict=True))
    for n in range(200):
        p = replace(packet(n, right=True, left=False), head=turned(80.0, 0.0))
        chunk = take(teleoperation, p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
    sent = np.array([chunk.column(f"{joint}/position")[0] for joint in head.joints])
    assert (np.abs(sent - head.home) <= LOOK_SHARE * head.velocity * (LEASH_S + 0.02) + 1e-9).all()


def test_a_robot_without_a_head_looks_at_nothing():
    assert looking(FRANKA) is None
    assert looking(pair()) is not None


def test_sticks_drive_the_base_while_a_clutch_is_held():
    teleoperation = Teleoperation(TWO_ARMS, *BOX)
    sticks = {"left": (0.5, -1.0), "right": (1.0, 0.05)}
    moving, still = drive(
        teleoperation,
        [packet(0, right=True, left=False, sticks=sticks), packet(1, right=False, left=False, sticks=sticks)],
    )
    base = [moving.column(f"base/velocity.{axis}")[0] for axis in ("x", "y", "yaw")]
    np.testing.assert_allclose(base, [0.5, -0.2, -1.0])
    assert still is None


def test_a_client_that_talks_too_much_does_not_keep_control_busy():
    teleoperation = Teleoperation(FRANKA, *BOX)
    reading = {"panda": ArmReading(TOOL, {})}
    made = 0
    for n in range(1000):  # a thousand packets a second
        hands = Hands(n, float(n), "xr", {"right": HandSample((1e-4 * n, 0.0, 0.0), UNTURNED, True, 0.0)})
        made += take(teleoperation, hands, 1e-3 * n, 1e-3 * n, reading, "") is not None
    assert made <= 126
    assert teleoperation.clutched("panda")
