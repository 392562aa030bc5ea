# SPDX-License-Identifier: Apache-2.0
"""A take-over that jumps: from the policy to an operator, and back.

lerobot#3385, #3723: the follower leaps to the leader's pose the moment a person intervenes. IsaacTeleop#569: the hand's
pose does not match the tool's at the hand-over, and control snaps to it.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from arms.franka_arm import DT, WIDTH
from arms.position_arm import PositionRig
from arms.teleoperated_arm import FRANKA, TeleoperatedArm, upright

from controllers.errors import ChunkError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.teleop.leader.config import LeaderConfig
from vla_ros.teleop.leader.leading import Leading

FORWARD = np.array([1.0, 0.0, 0.0])
SPEED = 0.15  # [m/s] of the policy
ELSEWHERE = np.array([0.5, 1.4, -0.3])  # [m] where the hand happens to be
ACCELERATION = np.array(FRANKA.arms[0].acceleration)  # [rad/s²]


def policy_chunk(rig: PositionRig, late: float = 0.0) -> None:
    """Have the policy lead on at SPEED from where the tool is, seen `late` [s] ago."""
    begin = rig.driven.progress.T_base_ee_commanded[:3, 3] - rig.position
    shifts = begin + (SPEED * 0.1 * np.arange(1, 11))[:, None] * FORWARD
    rig.submit(shifts, stamp=rig.now - late)


def jolts(rig: PositionRig, since: int = 0) -> float:
    """Return the largest joint acceleration commanded as a share of its limit."""
    return float(np.abs(np.diff(np.array(rig.commands[since:]), 2, axis=0) / DT**2 / ACCELERATION).max())


def test_the_hand_takes_over_from_the_policy_and_gives_back_without_a_jump():
    clutched = (1.0, 2.0)  # [s]

    def hand(time: float):
        lifted = np.array([0.0, 0.1 * np.clip(time - 1.2, 0.0, 0.8), 0.0])  # once it has the arm it rises
        return upright(ELSEWHERE + lifted, clutched[0] <= time < clutched[1])

    arm = TeleoperatedArm(hand)
    rig = arm.rig
    policy_chunk(rig)
    arm.run(clutched[0] + 0.05)
    taken = len(arm.path)
    assert rig.follower.progress.source == "policy" or rig.follower.progress.source == "teleop"
    arm.run(clutched[1] - rig.now + 0.3)
    assert arm.refusals == []
    assert rig.follower.progress.source == "teleop"
    path = arm.path
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() / DT < 2.0 * SPEED  # nothing of the 1.4 m to the hand
    assert path[-1][2] - path[taken][2] == pytest.approx(0.08, abs=0.01)  # the hand's motion, and that alone
    with pytest.raises(ChunkError, match="'policy' is refused: 'teleop'"):
        policy_chunk(rig)  # a hand that was let go does not hand the arm to whatever talks
    arm.run(1.0)
    assert rig.hold
    # Given back: a person enables again, and the policy goes on from a look of before.
    rig.follower.activate(rig.servo.q, rig.servo.dq, {WIDTH: 0.08}, rig.now)
    begin = len(rig.commands)
    policy_chunk(rig, late=0.2)
    arm.run(1.5)
    assert rig.follower.progress.source == "policy"
    assert (arm.path[-1] - arm.path[begin])[0] > 0.8 * 1.0 * SPEED
    assert np.linalg.norm(np.diff(arm.path, axis=0), axis=1).max() / DT < 2.0 * SPEED
    assert jolts(rig) < 1.01


def test_a_policys_chunk_from_before_the_take_over_does_not_undo_what_the_hand_did():
    """It was computed where the arm had been: entered from where it is, without a leap."""
    arm = TeleoperatedArm(lambda time: upright(ELSEWHERE + np.array([0.0, 0.12 * min(time, 1.0), 0.0])))
    rig = arm.rig
    arm.run(1.2)
    arm._hand = lambda time: upright(ELSEWHERE, clutch=False)
    arm.run(0.8)
    rig.follower.activate(rig.servo.q, rig.servo.dq, {WIDTH: 0.08}, rig.now)
    begin = arm.path[-1].copy()
    count = len(arm.path)
    assert begin[2] - arm.path[0][2] > 0.1
    # Planned from where the tool was 1 s ago, when the hand was still lifting it: 8 cm below.
    rig.submit(begin - rig.position - [0.0, 0.0, 0.08] + (0.01 * np.arange(1, 11))[:, None] * FORWARD,
               stamp=rig.now - 1.0)  # fmt: skip
    arm.run(1.5)
    speed = np.linalg.norm(np.diff(arm.path[count:], axis=0), axis=1) / DT
    assert speed.max() < rig.config.stitch.speed_max
    assert jolts(rig, count) < 1.01


ROBOT = load_embodiment("agilex")
LEFT = ROBOT.arms[0]
PERIOD_S = 0.02  # of a leader's messages


class Led:
    """An arm at home that a policy left there, and a leader arm that lies somewhere else."""

    def __init__(self, leader: np.ndarray) -> None:
        self.leading, self.leader, self.q, self.now = Leading(LeaderConfig(), ROBOT), leader, LEFT.home.copy(), 100.0
        self.steps: list[float] = []  # [rad/s] of each message, the fastest joint
        self._count = itertools.count(1)

    def messages(self, many: int) -> str:
        """Have the leader say where it is; return what it says of the arm at the end."""
        for _ in range(many):
            self.now += PERIOD_S
            self.leading.hear(0, list(LEFT.joints), list(self.leader), self.now)
            measured = dict(zip(LEFT.joints, self.q, strict=True))
            chunk = self.leading.take(
                self.now, self.now, measured, {"left_gripper/width": 0.07}, "", lambda: next(self._count)
            )
            if chunk is not None:
                told = chunk.values[0, [chunk.layout.columns[f"{joint}/position"] for joint in LEFT.joints]]
                self.steps.append(float(np.abs(told - self.q).max()) / PERIOD_S)
                self.q = told
        return self.leading.said("left")


def test_an_arm_does_not_leap_to_a_leader_that_lies_elsewhere():
    away = LEFT.home + np.array([0.0, 0.0, 0.0, -0.6, 0.0, 0.3])
    led = Led(away)
    said = led.messages(100)
    assert "left_joint4 of the leader is 0.60 rad below the arm's" in said
    assert led.steps == []  # intervening moves nothing …
    led.leading.meet()  # … the person says so, with the leader in hand
    led.messages(400)
    config, met = LeaderConfig(), int(0.4 / 0.2 / PERIOD_S)  # messages until they agree to 0.15 rad, or nearly
    assert max(led.steps[:met]) <= config.approach_speed + 1e-9
    assert np.diff([0.0, *led.steps]).max() <= config.approach_speed + 1e-9  # and faster little by little
    np.testing.assert_allclose(led.q, away, atol=1e-6)
