# SPDX-License-Identifier: Apache-2.0
"""Packets that come in bunches, late, or not at all for a while: what is made up for, and what is not."""

from __future__ import annotations

import numpy as np
import pytest
from arms.teleoperated_arm import FRANKA
from pages.hand_packets import Network, Packet
from pages.heard_at_once import take
from robot_rigs.teleoperated_robot import TeleoperatedRobot

from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import CHUNK_EVERY_S, ArmReading, Teleoperation

BOX = np.array([0.0, -0.5, 0.1]), np.array([0.8, 0.5, 1.0])
READINGS = {"panda": ArmReading(Pose(np.array([0.4, 0.0, 0.5]), (1.0, 0.0, 0.0, 0.0)), {})}
SPEED = 0.15  # [m/s] of a hand
GAP = (1.0, 1.3)  # [s]


def forward(time: float) -> np.ndarray:
    return np.array([SPEED * time, 0.0, 0.0])


def driven(packets: list[Packet], seconds: float, place=forward) -> tuple[TeleoperatedRobot, np.ndarray]:
    """Return an arm after `seconds`, and how far its tool was commanded to go forward (T,) [m]."""
    robot = TeleoperatedRobot("franka", place, packets)
    robot.run(seconds)
    path = robot.path("panda")[:, :3]
    return robot, path[:, 0] - path[0, 0]


def ticks(time: float) -> int:
    return round(time / 0.002)


@pytest.mark.parametrize("queued", [False, True])
def test_a_gap_of_300_ms_is_waited_through_at_rest_and_made_up_for(queued):
    robot, shift = driven(Network(gaps=(GAP,), queued=queued).packets(2.3), 2.2)
    assert np.ptp(shift[ticks(1.28) : ticks(1.3)]) < 1e-4, "it comes to rest where it was sent"
    assert shift[ticks(1.3)] < SPEED * GAP[0]
    # Some 0.14 s behind the hand, which has gone on meanwhile: nothing of its way is missing.
    assert shift[-1] == pytest.approx(SPEED * (2.2 - 0.14), abs=0.01)
    speed = np.abs(np.diff(shift)) / 0.002
    assert speed.max() < robot.teleoperation.limits.linear_speed
    assert robot.silent_at == []
    assert robot.refusals == []


def test_a_gap_in_which_the_hand_went_far_is_not_made_up_for():
    def place(time: float) -> np.ndarray:
        return forward(time) + np.array([0.0, 0.3 if time > GAP[0] else 0.0, 0.0])

    robot, shift = driven(Network(gaps=(GAP,), queued=False).packets(2.3), 2.2, place)
    assert np.abs(robot.path("panda")[:, 1] - robot.path("panda")[0, 1]).max() < 1e-3
    # Latched anew with the first packet: the hand goes on, and the arm with it.
    assert shift[-1] == pytest.approx(SPEED * (2.2 - 0.14 - 0.3), abs=0.015)
    assert robot.teleoperation.refused("panda") == ""


def test_half_a_second_of_silence_lets_go():
    robot, shift = driven(Network(gaps=((1.0, 1.6),)).packets(2.3), 2.2)
    assert len(robot.silent_at) == 1
    assert 1.45 < robot.silent_at[0] < 1.6
    assert shift[-1] < SPEED * (2.2 - 0.14 - 0.4)


def test_a_clutch_that_was_let_go_in_packets_that_come_late_is_let_go():
    """In a gap the hand lets go, is brought back, and clutches again: nothing of that is the arm's way."""

    def place(time: float) -> np.ndarray:
        return np.array([0.1 if time < 1.1 else 0.0, 0.0, 0.0])

    def clutch(time: float) -> bool:
        return not 1.05 < time < 1.12

    robot, shift = driven(Network(gaps=(GAP,)).packets(1.8, clutch=clutch), 1.7, place)
    assert robot.teleoperation.clutched("panda")
    assert np.abs(shift).max() < 1e-4


def packet(teleoperation: Teleoperation, number: int, sent: float, arrival: float, x: float, clutch: bool = True):
    sample = HandSample((0.0, 0.0, -x), (0.0, 0.0, 0.0, 1.0), clutch, 0.0)
    hands = Hands(number, 1e3 * sent, "xr", {"right": sample})
    return take(teleoperation, hands, arrival, arrival, READINGS, "")


def test_the_last_of_a_bunch_is_followed_before_the_next_comes():
    teleoperation = Teleoperation(FRANKA, *BOX)
    chunks = [packet(teleoperation, n, 0.014 * n, 1.0, 0.002 * n) for n in range(8)]
    assert [chunk is not None for chunk in chunks] == [True] + [False] * 7
    assert teleoperation.owing
    assert teleoperation.due(1.0 + 0.5 * CHUNK_EVERY_S, 1.0 + 0.5 * CHUNK_EVERY_S) is None
    last = teleoperation.due(1.0 + CHUNK_EVERY_S, 1.0 + CHUNK_EVERY_S)
    assert last.values[-1, 0] == pytest.approx(0.4 + 0.014)
    assert not teleoperation.owing
    assert teleoperation.due(1.1, 1.1) is None, "one chunk for a packet"


@pytest.mark.parametrize("how", ["clutch", "let go", "silence", "rescaled"])
def test_what_is_owed_is_not_sent_once_the_hand_is_let_go(how):
    teleoperation = Teleoperation(FRANKA, *BOX)
    for n in range(4):
        packet(teleoperation, n, 0.014 * n, 1.0, 0.002 * n)
    assert teleoperation.owing
    if how == "clutch":
        packet(teleoperation, 4, 0.056, 1.001, 0.0, clutch=False)
    elif how == "let go":
        teleoperation.let_go("the e-stop is latched")
    elif how == "silence":
        teleoperation.silent(2.0)
    else:
        teleoperation.rescale(0.5)
    assert not teleoperation.owing
    assert teleoperation.due(2.0, 2.0) is None
