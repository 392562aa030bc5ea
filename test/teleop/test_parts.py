# SPDX-License-Identifier: Apache-2.0
"""Axes, hands, triggers, seats, tokens, certificates, pictures, lateness: each by itself."""

from __future__ import annotations

import datetime
import os
import ssl
import stat
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from two_armed_robot import pair

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from controllers.rotations import angle_between
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.groups import BaseConfig
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.looking import looking
from vla_ros.teleop.axes import Pose, robot_pose, room_pose
from vla_ros.teleop.gaze import LEASH_S
from vla_ros.teleop.hand_motion import HandMotion, HandMotionLimits
from vla_ros.teleop.lateness import Lateness
from vla_ros.teleop.pictures import PictureQueue
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.seat import SILENT_S, Seat
from vla_ros.teleop.serving import addresses, certificate, keeping, pairing
from vla_ros.teleop.sticks import LIFT_SHARE, LOOK_SHARE
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation
from vla_ros.teleop.trigger import GripperTrigger, SuctionTrigger

UNTURNED = (0.0, 0.0, 0.0, 1.0)
BOX = np.full(3, -2.0), np.full(3, 2.0)
quaternions = st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: sum(x * x for x in q) > 0.1)


# -- axes --------------------------------------------------------------------------------------------------------------
def test_forward_up_and_right_are_the_robots():
    assert robot_pose((0.0, 0.0, -1.0), UNTURNED).position.tolist() == [1.0, 0.0, 0.0]
    assert robot_pose((0.0, 1.0, 0.0), UNTURNED).position.tolist() == [0.0, 0.0, 1.0]
    assert robot_pose((1.0, 0.0, 0.0), UNTURNED).position.tolist() == [0.0, -1.0, 0.0]


@given(quaternions, st.tuples(*[st.floats(-2.0, 2.0)] * 3), st.floats(-3.2, 3.2))
def test_a_turned_vector_is_the_same_in_both_frames(q, vector, facing):
    """Turning and then changing frames is changing frames and then turning."""
    q = tuple((np.array(q) / np.linalg.norm(q)).tolist())
    turned = tuple(Rotation.from_quat(q).apply(vector).tolist())
    own = robot_pose(vector, q, facing)
    np.testing.assert_allclose(
        robot_pose(turned, UNTURNED, facing).position,
        Rotation.from_quat(own.orientation).apply(own.position),
        atol=1e-9,
    )


@given(quaternions, st.tuples(*[st.floats(-2.0, 2.0)] * 3), st.floats(-3.2, 3.2))
def test_there_and_back_is_the_same_pose(q, place, facing):
    q = tuple((np.array(q) / np.linalg.norm(q)).tolist())
    position, orientation = room_pose(robot_pose(place, q, facing), facing)
    np.testing.assert_allclose(position, place, atol=1e-9)
    assert angle_between(orientation, q) < 1e-6


def test_an_operator_who_looks_at_the_robot_pulls_it_towards_himself():
    pulled = robot_pose((0.0, 0.0, 1.0), UNTURNED, np.pi).position
    np.testing.assert_allclose(pulled, [1.0, 0.0, 0.0], atol=1e-12)


# -- one hand ----------------------------------------------------------------------------------------------------------
TOOL = Pose(np.array([0.4, 0.0, 0.4]), (1.0, 0.0, 0.0, 0.0))


def place(x: float, y: float = 0.0, z: float = 0.0, q=UNTURNED) -> Pose:
    return Pose(np.array([x, y, z]), q)


def goal(motion: HandMotion) -> np.ndarray:
    return motion.path(np.array([100.0]), 1.0)[0]


def test_a_hand_that_turns_turns_the_tool_about_the_same_axis():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    quarter = Rotation.from_rotvec([0.0, 0.0, 0.3])
    motion.follow(0.01, 0.01, place(0.0, q=tuple(quarter.as_quat().tolist())), TOOL, 1.0, 1.0)
    expected = (quarter * Rotation.from_quat(TOOL.orientation)).as_quat()
    assert angle_between(tuple(expected), tuple(goal(motion)[3:])) < 1e-6


def test_one_stray_packet_is_dropped_and_the_next_good_one_followed():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    motion.follow(0.01, 0.01, place(0.5), TOOL, 1.0, 1.0)
    assert "jumped by 50 cm" in motion.refused
    np.testing.assert_allclose(goal(motion)[:3], TOOL.position)
    motion.follow(0.02, 0.02, place(0.01), TOOL, 1.0, 1.0)
    assert motion.refused == ""
    np.testing.assert_allclose(goal(motion)[:3], TOOL.position + np.array([0.01, 0.0, 0.0]))


def test_a_hand_that_jumps_about_is_never_followed():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    for n in range(1, 100):
        motion.follow(0.01 * n, 0.01 * n, place(0.5 if n % 2 else 1.0), TOOL, 1.0, 1.0)
        np.testing.assert_allclose(goal(motion)[:3], TOOL.position)


def test_a_turn_that_no_wrist_makes_is_a_jump():
    motion = HandMotion(HandMotionLimits(), *BOX)
    motion.follow(0.0, 0.0, place(0.0), TOOL, 1.0, 1.0)
    motion.follow(0.01, 0.01, place(0.0, q=(0.0, 0.0, np.sin(0.25), np.cos(0.25))), TOOL, 1.0, 1.0)
    assert "29°" in motion.refused


def test_the_setpoint_is_never_far_ahead_of_an_arm_that_does_not_follow():
    limits = HandMotionLimits()
    motion = HandMotion(limits, *BOX)
    for n in range(200):  # the arm stays where it is
        motion.follow(0.01 * n, 0.01 * n, place(0.005 * n), TOOL, 1.0, 1.0)
    ahead = motion.path(np.array([1e-6]), 1.0)[0, :3] - TOOL.position
    assert np.linalg.norm(ahead) == pytest.approx(limits.leash, abs=1e-3)


@given(
    st.lists(st.tuples(st.floats(-0.05, 0.05), st.floats(0.001, 0.1)), min_size=2, max_size=40), st.floats(0.05, 1.0)
)
def test_a_path_is_never_faster_than_the_limit(steps, speed):
    limits, motion = HandMotionLimits(), HandMotion(HandMotionLimits(), *BOX)
    time, x = 0.0, 0.0
    times = 0.02 * np.arange(1, 11)
    for step, dt in steps:
        time, x = time + dt, x + step
        motion.follow(time, time, place(x), TOOL, 2.0, speed)
        path = motion.path(times, speed)
        rates = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1) / 0.02
        assert rates.max() <= speed * limits.linear_speed + 1e-9


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="'linear_speed' must be"):
        HandMotionLimits(linear_speed=0.0)


# -- two hands ---------------------------------------------------------------------------------------------------------
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
    return [teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, READINGS, "") for p in packets]


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
    up, still = (teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, readings, "") for p in packets)
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
    left, down, still = (teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, readings, "") for p in packets)
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
            chunk = teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
            positions = np.column_stack([chunk.column(f"{joint}/position") for joint in head.joints])
            assert (np.abs(np.diff(positions, axis=0)) <= LOOK_SHARE * head.velocity * 0.02 + 1e-9).all()
            assert np.abs(positions[0] - [at[j] for j in head.joints]).max() < 0.05, "it jumps"
            at |= dict(zip(head.joints, positions[0].tolist(), strict=True))
        x, y, z = tree.place(camera.frame, at)[:3, :3] @ look
        seen = np.degrees([np.arctan2(y, x), np.arctan2(-z, np.hypot(x, y))])
        np.testing.assert_allclose(seen, [left, down], atol=1.0)
    # Without a headset, or without knowing where the head is, it is left to itself.
    alone = teleoperation.take(packet(901, right=True, left=False), 12.62, 12.62, arms, "", at)
    unknown = teleoperation.take(replace(p, n=902), 12.64, 12.64, arms, "")
    for chunk in (alone, unknown):
        assert not any(channel.startswith("head") for channel in chunk.channels)


def test_a_head_that_is_followed_goes_no_further_than_its_joints():
    robot = pair()
    teleoperation, head = Teleoperation(robot, *BOX), robot.joint_group("head")
    arms = {arm.name: ArmReading(TOOL, {}) for arm in robot.arms}
    at = dict(zip(head.joints, head.home.tolist(), strict=True))
    for n in range(600):
        p = replace(packet(n, right=True, left=False), head=turned(170.0, 80.0))
        chunk = teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
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
        chunk = teleoperation.take(p, 1e-3 * p.t, 1e-3 * p.t, arms, "", at)
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
        made += teleoperation.take(hands, 1e-3 * n, 1e-3 * n, reading, "") is not None
    assert made <= 126
    assert teleoperation.clutched("panda")


# -- trigger -----------------------------------------------------------------------------------------------------------
WIDTH = "hand/width"


def test_clutching_with_an_open_trigger_does_not_drop_what_is_held():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(0.0, {WIDTH: 0.03})
    assert trigger.values(0.0) == trigger.values(0.05) == [0.03]
    assert trigger.values(0.3) == [pytest.approx(0.056)]  # moved: from now on it means what it says
    assert trigger.values(0.0) == [0.08]


def test_a_trigger_that_agrees_with_the_gripper_takes_over_at_once():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(1.0, {WIDTH: 0.002})
    assert trigger.values(1.0) == [0.0]
    assert trigger.values(0.95) == [pytest.approx(0.004)]


def test_a_pressed_trigger_closes_at_once():
    trigger = GripperTrigger("hand", 0.08)
    trigger.engage(1.0, {WIDTH: 0.08})
    assert trigger.values(1.0) == [0.0]


def test_cups_suck_while_the_trigger_is_pulled_and_a_trembling_finger_drops_nothing():
    trigger = SuctionTrigger(("front_cup", "back_cup"))
    assert trigger.channels == ("front_cup/suction", "back_cup/suction")
    trigger.engage(0.0, {})
    assert [trigger.values(value) for value in (0.0, 0.5, 0.7, 0.5, 0.3)] == [
        [n] * 2 for n in (0.0, 0.0, 1.0, 1.0, 0.0)
    ]


def test_clutching_with_an_open_trigger_does_not_drop_what_cups_hold():
    trigger = SuctionTrigger(("front_cup", "back_cup"))
    trigger.engage(0.0, {"back_cup/suction": 1.0})
    assert trigger.values(0.05) == [0.0, 1.0]
    assert trigger.values(1.0) == [1.0, 1.0]
    assert trigger.values(0.0) == [0.0, 0.0]


# -- lateness ----------------------------------------------------------------------------------------------------------
def test_lateness_is_against_the_quickest_packet_whatever_the_clocks_say():
    late = Lateness()
    assert late.of(1000.0, 5.02) == 0.0
    assert late.of(1000.1, 5.11) == 0.0
    assert late.of(1000.2, 5.61) == pytest.approx(0.4)


def test_a_page_that_is_loaded_again_is_not_late():
    late = Lateness()
    late.of(1000.0, 5.0)
    assert late.of(0.5, 6.0) == 0.0
    assert late.of(0.6, 6.4) == pytest.approx(0.3)


def test_clocks_that_drift_are_followed():
    late = Lateness()
    worst = max(late.of(0.1 * n, 0.1 * n * (1.0 + 1e-4)) for n in range(36000))  # an hour, 0.1 ms a second
    assert worst < 0.01


# -- seat --------------------------------------------------------------------------------------------------------------
def test_one_drives_and_the_others_watch():
    seat = Seat()
    for client, name in ((1, "Ada"), (2, "Bob")):
        seat.join(client, name)
    assert seat.claim(1, 0.0)
    assert not seat.claim(2, 0.5)
    assert (seat.driver, seat.driver_name, seat.watchers) == (1, "Ada", 1)
    assert not seat.leave(2)
    assert seat.part(1)
    assert (seat.driver_name, seat.watchers) == ("", 1)
    assert seat.claim(2, 1.0)


def test_a_silent_driver_loses_the_seat_only_when_somebody_asks():
    seat = Seat()
    seat.join(1, "Ada")
    seat.join(2, "Bob")
    seat.claim(1, 0.0)
    seat.refresh(1, 10.0)
    assert not seat.claim(2, 10.0 + SILENT_S)
    assert seat.claim(2, 10.1 + SILENT_S)
    assert not seat.part(1)


# -- pairing and certificate -------------------------------------------------------------------------------------------
def test_a_token_outlives_a_run_and_only_its_owner_may_read_it(tmp_path):
    folder = keeping.user_folder(str(tmp_path / "a" / "b"))
    token = pairing.pairing_token(folder)
    assert pairing.pairing_token(folder) == token
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert pairing.pairing_token(folder, renew=True) != token
    (folder / "token").chmod(0o644)
    assert pairing.pairing_token(folder) != token  # whoever could read it may have


@pytest.mark.parametrize("kept", ["", "short", "with spaces in it, and long enough", "\xff" * 30])
def test_a_kept_token_that_is_none_is_replaced(tmp_path, kept):
    keeping.write_private(tmp_path / "token", kept.encode("latin-1"))
    assert pairing.pairing_token(tmp_path) != kept
    assert pairing.chosen_token(tmp_path / "token") == pairing.pairing_token(tmp_path)


def test_a_chosen_token_must_be_long_and_fit_a_link(tmp_path):
    for token in ("", "short", "a token with spaces in it", "x" * 200, "y" * 9000, "töken-of-twenty-chars"):
        pairing.keep_token(tmp_path, token)
        with pytest.raises(ConfigError, match="16 to 128") as refused:
            pairing.chosen_token(tmp_path / "token")
        assert token == "" or token not in str(refused.value)


def test_a_chosen_token_is_its_owners_alone(tmp_path):
    pairing.keep_token(tmp_path, "a-token-of-twenty-one")
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(ConfigError, match=r"token_file:=.*: others may read it, or it is not yours"):
        pairing.chosen_token(tmp_path / "token")
    for missing in (tmp_path, tmp_path / "none", tmp_path / "token" / "x"):
        with pytest.raises(ConfigError, match="is no file: write a token into one"):
            pairing.chosen_token(missing)


def test_what_is_private_is_written_through_no_link(tmp_path, monkeypatch):
    """Whoever else may write into the folder guesses the name of what is not finished yet, and lays a link there."""
    (tmp_path / "mine").write_text("my own words")
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in (os.getpid(), "0" * 16):
        (folder / f".token.{number}").symlink_to(tmp_path / "mine")
    monkeypatch.setattr("secrets.token_hex", lambda count: "00" * count)
    with pytest.raises(ConfigError, match="cannot be written"):
        keeping.write_private(folder / "token", b"secret")
    assert (tmp_path / "mine").read_text() == "my own words"
    monkeypatch.undo()
    (folder / "token").symlink_to(tmp_path / "mine")
    keeping.write_private(folder / "token", b"secret")
    assert (tmp_path / "mine").read_text() == "my own words"
    assert (folder / "token").read_bytes() == b"secret"


def test_the_code_in_the_terminal_is_the_link():
    link = pairing.page_link("https", "192.0.2.7", 8443, "A" * 32)
    rows = pairing.qr_text(link).split("\n")
    modules = np.array([[half for c in row for half in [c]] for row in rows])
    upper = np.isin(modules, ["█", "▀"])
    lower = np.isin(modules, ["█", "▄"])
    light = np.empty((2 * len(rows), modules.shape[1]), bool)
    light[::2], light[1::2] = upper, lower
    image = np.kron(np.pad(light, 4, constant_values=True), np.ones((8, 8))).astype(np.uint8) * 255
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == link
    assert pairing.qr_svg(link).startswith(b"<?xml")


def test_a_certificate_is_for_this_machine_kept_and_renewed(tmp_path):
    certificate.tls_context(tmp_path)
    names, hosts, ends = certificate.certified(tmp_path / "certificate.pem")
    assert {"localhost", *addresses.machine_names()} <= names
    assert set(addresses.machine_addresses()) <= hosts
    assert "127.0.0.1" in {str(host) for host in hosts}
    assert datetime.timedelta(days=360) < ends - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=398)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    before = certificate.fingerprint(tmp_path)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) == before
    (tmp_path / "key.pem").chmod(0o640)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) != before


def test_a_new_address_gets_a_new_certificate(tmp_path, monkeypatch):
    certificate.tls_context(tmp_path)
    before = certificate.fingerprint(tmp_path)
    more = (*addresses.machine_addresses(), addresses.ipaddress.ip_address("192.0.2.77"))
    monkeypatch.setattr(certificate, "machine_addresses", lambda: more)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) != before
    assert "192.0.2.77" in {str(host) for host in certificate.certified(tmp_path / "certificate.pem")[1]}


def test_a_broken_certificate_is_made_anew(tmp_path):
    certificate.tls_context(tmp_path)
    (tmp_path / "certificate.pem").write_text("nonsense")
    assert isinstance(certificate.tls_context(tmp_path), ssl.SSLContext)


def test_no_certificate_possible_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"no folder for certificate and pairing .*; give another with folder:="):
        keeping.user_folder(str(tmp_path / "file" / "folder"))
    (tmp_path / "key.pem").mkdir()
    with pytest.raises(ConfigError, match=r"key\.pem: cannot be written .*; give another folder"):
        certificate.tls_context(tmp_path)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize(
    ("host", "bound"), [("localhost", "127.0.0.1"), ("all", "0.0.0.0"), ("192.0.2.5", "192.0.2.5")]
)
def test_hosts_to_listen_on(host, bound):
    assert addresses.bind_address(host) == bound
    assert addresses.is_local(bound) is (host == "localhost")
    assert addresses.link_hosts(bound)


def test_a_host_that_is_none_is_one_line():
    with pytest.raises(ConfigError, match=r"host:=robot\.lab: give localhost, all, or an address"):
        addresses.bind_address("robot.lab")


# -- pictures ----------------------------------------------------------------------------------------------------------
def test_pictures_wait_for_acknowledgement_camera_by_camera():
    now = [0.0]
    queue = PictureQueue(lambda: now[0])
    for stamp in (1.0, 2.0, 3.0, 4.0):
        queue.offer(0, stamp, b"%d" % stamp)
        if stamp < 3.0:
            assert queue.take() == b"%d" % stamp
    queue.offer(1, 1.0, b"other")
    assert queue.take() == b"other"
    assert queue.take() is None
    queue.seen(0, 2.0)
    assert queue.take() == b"4"


def test_an_acknowledgement_that_is_lost_is_not_waited_for_forever():
    now = [0.0]
    queue = PictureQueue(lambda: now[0])
    for stamp in (1.0, 2.0, 3.0):
        queue.offer(0, stamp, b"x")
        queue.take()
    assert not queue.wants(0)
    now[0] = 5.0
    assert queue.wants(0)
    assert queue.take() == b"x"
