# SPDX-License-Identifier: Apache-2.0
"""A leader's joints to an arm that follows: mapping, take-over, limits, and whatever a leader does wrong."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.teleop.leader.config import LeaderConfig, LeaderGripper, LeaderJoint, load_leader
from vla_ros.teleop.leader.leading import LIMIT_MARGIN, Leading
from vla_ros.teleop.leader.mapping import LeaderError, LeaderMapping

ROBOT = load_embodiment("agilex")
LEFT, RIGHT = ROBOT.arms
LEFT_FINGER = ROBOT.gripper_on("left").joints[0]
PERIOD_S = 0.02  # of the leader's messages


def leader(**values: object) -> LeaderConfig:
    return build(LeaderConfig, values, "leader.yaml")


def read(config: LeaderConfig, names: list[str], positions: list[float], device: int = 0):
    return LeaderMapping(config, ROBOT).read(device, names, positions)


# -- what its joints mean ----------------------------------------------------------------------------------------------
def test_the_same_names_need_no_configuration():
    names, angles = [*reversed(LEFT.joints), *RIGHT.joints], [*np.arange(6.0)[::-1], *-np.arange(6.0)]
    found = read(LeaderConfig(), names, angles)
    assert found["left"].q.tolist() == list(range(6))
    assert found["right"].q.tolist() == [-q for q in range(6)]
    assert not found["left"].closed, "it says nothing of its gripper"
    assert set(read(LeaderConfig(), list(LEFT.joints), [0.0] * 6)) == {"left"}


def test_an_angle_is_turned_scaled_and_shifted():
    joints = {"left_joint2": {"name": "elbow", "sign": -1, "scale": 0.5, "offset": 0.3}}
    config = leader(devices=[{"joints": joints}])
    names = [LEFT.joints[0], "elbow", *LEFT.joints[2:]]
    assert read(config, names, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0])["left"].q[1] == pytest.approx(0.3 - 0.5)


def test_joints_are_found_by_their_order_and_two_arms_by_two_topics():
    devices = [
        {"topic": f"{side}/joint_states", "order": list(arm.joints), "joints": {arm.joints[5]: {"offset": 1.0}},
         "grippers": {f"{side}_gripper": {"index": 6, "closed": 0.2, "open": 1.2}}}
        for side, arm in (("left", LEFT), ("right", RIGHT))
    ]  # fmt: skip
    config = leader(devices=devices)
    assert LeaderMapping(config, ROBOT).topics == ("left/joint_states", "right/joint_states")
    for device, side in enumerate(("left", "right")):
        found = read(config, [], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.45], device)
        assert set(found) == {side}
        assert found[side].q.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]
        assert found[side].closed == {f"{side}_gripper": pytest.approx(0.75)}


@pytest.mark.parametrize(("value", "closed"), [(0.0, 1.0), (0.035, 0.0), (-1.0, 1.0), (1.0, 0.0)])
def test_the_handle_is_the_finger_of_the_same_name(value, closed):
    found = read(LeaderConfig(), [*LEFT.joints, LEFT_FINGER], [0.0] * 6 + [value])
    assert found["left"].closed["left_gripper"] == pytest.approx(closed)


@pytest.mark.parametrize(
    ("names", "positions", "reason"),
    [
        (list(LEFT.joints[:5]), [0.0] * 5, "nothing of its joint 'left_joint6'"),
        (list(LEFT.joints), [0.0, 0.0, math.nan, 0.0, 0.0, 0.0], "nan for left_joint3"),
        (list(LEFT.joints), [math.inf] + [0.0] * 5, "inf for left_joint1"),
        (["elbow"], [0.0], "nothing of this robot's joints, but of elbow"),
        (list(LEFT.joints), [0.0] * 3, "nothing of this robot's joints"),
    ],
)
def test_what_cannot_be_used_is_named(names, positions, reason):
    with pytest.raises(LeaderError, match=reason):
        read(LeaderConfig(), names, positions)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"devices": [{"joints": {"left_joint9": {}}}]}, "left_joint"),
        ({"devices": [{"grippers": {"gripper": {}}}]}, "gripper"),
        ({"devices": [{"order": ["left_joint1", "left_joint1"]}]}, "twice"),
        ({"devices": [{"topic": "a"}, {"topic": "b"}]}, "each must name"),
        ({"devices": [{}, {}]}, "one topic"),
        ({"devices": []}, "one at least"),
        ({"agree": 0.0}, "agree"),
        ({"agree": 0.9, "lose": 0.5}, "must be above 'agree'"),
        ({"devices": [{"joints": {"left_joint1": {"sign": 2}}}]}, "sign"),
        ({"devices": [{"joints": {"left_joint1": {"scale": -1.0}}}]}, "scale"),
        ({"devices": [{"joints": {"left_joint1": {"name": "a", "index": 1}}}]}, "one of the two"),
        ({"devices": [{"grippers": {"left_gripper": {"closed": 1.0, "open": 1.0}}}]}, "must differ"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(values, reason):
    with pytest.raises(ConfigError, match=reason):
        LeaderMapping(leader(**values), ROBOT)


def test_the_shipped_leaders_fit_their_robots():
    for name, robot in (("agilex", "agilex"), ("gello_franka", "franka")):
        LeaderMapping(load_leader(name), load_embodiment(robot))


# -- who follows -------------------------------------------------------------------------------------------------------
class Pair:
    """A leader with a follower that does at once what it is told, in steps of the leader's messages."""

    def __init__(self, config: LeaderConfig | None = None) -> None:
        self.leading = Leading(config or LeaderConfig(), ROBOT)
        self.q, self.now, self.obstacle = LEFT.home.copy(), 100.0, ""
        self.names: list[str] = list(LEFT.joints)
        self.told = {"left_gripper/width": 0.07}
        self.sent: list[np.ndarray] = []  # (6,) [rad] what the arm is told next
        self.widths: list[float] = []
        self._count = itertools.count(1)

    def step(self, q: np.ndarray, *more: float) -> str:
        """Have the leader say where it is; return why the arm does not follow."""
        self.now += PERIOD_S
        self.leading.hear(0, self.names, [*q, *more], self.now)
        measured = dict(zip(LEFT.joints, self.q, strict=True))
        chunk = self.leading.take(self.now, self.now, measured, self.told, self.obstacle, lambda: next(self._count))
        if chunk is not None:
            columns = [chunk.layout.columns[f"{joint}/position"] for joint in LEFT.joints]
            self.q = chunk.values[0, columns]
            self.sent.append(self.q)
            if "left_gripper/width" in chunk.channels:
                self.widths.append(chunk.values[0, chunk.layout.columns["left_gripper/width"]])
        return self.leading.said("left")

    @property
    def follows(self) -> bool:
        return self.leading.follows("left")


def off(joint: int, angle: float) -> np.ndarray:
    """Return home with one joint elsewhere."""
    q = LEFT.home.copy()
    q[joint] += angle
    return q


def test_an_arm_that_agrees_follows_without_a_jump_and_at_its_pace():
    pair, config = Pair(), LeaderConfig()
    goal = off(2, 0.1) + np.array([0.1, 0.0, 0.0, 0.0, 0.0, -0.14])
    assert pair.step(goal) == ""
    assert np.abs(pair.sent[0] - LEFT.home).max() <= config.approach_speed * PERIOD_S + 1e-9
    for _ in range(100):
        pair.step(goal)
    assert pair.q == pytest.approx(goal, abs=1e-6)
    steps = np.abs(np.diff([LEFT.home, *pair.sent], axis=0)).max(axis=0) / PERIOD_S
    assert (steps <= config.speed_share * LEFT.velocity + 1e-9).all()


def test_the_pace_grows_after_the_take_over():
    pair = Pair()
    pair.step(LEFT.home)
    slow = np.abs(np.diff([pair.step(off(0, 0.9)) or pair.q[0] for _ in range(3)])).max() / PERIOD_S
    assert slow < 0.3
    for _ in range(200):
        pair.step(LEFT.home)
    before = pair.q[0]
    pair.step(off(0, 0.9))
    pair.step(off(0, 0.9))
    assert (pair.q[0] - before) / (2.0 * PERIOD_S) > 1.0


def test_an_arm_that_disagrees_stands_and_says_which_joint_by_how_much():
    pair = Pair()
    for _ in range(50):
        said = pair.step(off(3, -0.43))
    assert "left_joint4 of the leader is 0.43 rad below the arm's, 0.15 are allowed" in said
    assert not pair.sent
    assert not pair.follows


def test_an_arm_that_is_taken_comes_to_the_leader_slowly_and_then_follows():
    pair, goal = Pair(), off(3, -0.43)
    pair.step(goal)
    pair.leading.meet()
    said = [pair.step(goal) for _ in range(60)]
    assert "comes to the leader slowly: left_joint4" in said[0]
    speeds = np.abs(np.diff([LEFT.home, *pair.sent], axis=0)).max(axis=1) / PERIOD_S
    assert speeds.max() <= LeaderConfig().approach_speed + 1e-9
    for _ in range(100):
        said.append(pair.step(goal))
    assert said[-1] == ""
    assert pair.q == pytest.approx(goal, abs=1e-6)


def test_the_arm_stops_at_its_limits_and_says_so():
    pair = Pair()
    pair.step(LEFT.home)
    beyond = np.linspace(LEFT.home[0], LEFT.upper[0] + 0.3, 300)
    for angle in beyond:
        said = pair.step(np.array([angle, *LEFT.home[1:]]))
    for _ in range(100):
        said = pair.step(np.array([beyond[-1], *LEFT.home[1:]]))
    assert pair.q[0] == pytest.approx(LEFT.upper[0] - LIMIT_MARGIN)
    assert "left_joint1 of the leader is 0.31 rad beyond the arm's limit" in said


def test_silence_lets_go_and_the_arm_follows_anew_only_where_it_agrees():
    pair = Pair()
    pair.step(LEFT.home)
    assert pair.follows
    assert not pair.leading.silent(pair.now + 0.1)
    assert pair.leading.silent(pair.now + 0.5)
    assert not pair.leading.silent(pair.now + 0.6), "it is told once"
    assert "has not been heard for" in pair.leading.said("left")
    pair.now += 1.0
    count = len(pair.sent)
    assert "0.40 rad above" in pair.step(off(1, 0.4))
    assert len(pair.sent) == count
    assert pair.step(LEFT.home) == ""


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_lets_go_and_is_never_sent(bad):
    pair = Pair()
    pair.step(LEFT.home)
    count = len(pair.sent)
    assert "for left_joint5" in pair.step(np.array([*LEFT.home[:4], bad, LEFT.home[5]]))
    assert len(pair.sent) == count
    assert not pair.follows
    assert pair.step(LEFT.home) == ""


def test_a_leader_that_runs_away_is_let_go():
    pair = Pair()
    pair.step(LEFT.home)
    assert "1 are allowed" in pair.step(off(0, 1.2))
    assert not pair.follows


def test_nothing_is_followed_while_something_forbids_it():
    pair = Pair()
    pair.obstacle = "control is disabled: enable it"
    assert pair.step(LEFT.home) == "control is disabled: enable it"
    assert not pair.sent
    pair.obstacle = ""
    assert pair.step(LEFT.home) == ""


def test_an_arm_at_an_obstacle_is_not_sent_further_and_further():
    pair = Pair()
    pair.step(LEFT.home)
    for _ in range(300):
        pair.q = LEFT.home.copy()  # it cannot move
        pair.step(off(0, 0.9))
    fastest = LeaderConfig().speed_share * LEFT.velocity[0]
    assert abs(pair.sent[-1][0] - LEFT.home[0]) <= 0.3 * fastest + 0.05 + fastest * PERIOD_S


def test_what_is_held_is_not_dropped_at_take_over():
    pair = Pair()
    pair.names = [*LEFT.joints, LEFT_FINGER]
    pair.told = {"left_gripper/width": 0.0}
    for _ in range(5):
        pair.step(LEFT.home, 0.035)
    assert set(pair.widths) == {0.0}, "its handle is open, the gripper is told to be shut"
    pair.step(LEFT.home, 0.02)
    assert pair.widths[-1] == pytest.approx(0.04, abs=1e-3)


def test_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LeaderJoint().offset = 1.0
    assert LeaderGripper().open is None
