# SPDX-License-Identifier: Apache-2.0
"""Driving to a place and where to drive to: what the base is told, followed as control and base follow it."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.chunks.auxiliary_track import AuxiliaryTrack
from controllers.chunks.base_motion import PlanarPose
from controllers.chunks.progress import RobotCommand
from controllers.groups.auxiliary_drive import AuxiliaryDrive, BaseLimits
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.tasks.bussing.driving import NEAR, SHARE, Drive
from vla_ros.tasks.bussing.stances import FORWARDS, OUT, stance_before, stances

ROBOT = load_embodiment("bytemini")
BASE = ROBOT.base
assert BASE is not None
PERIOD, DT = 0.1, 0.002  # [s]


def matrix(pose: PlanarPose) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[np.cos(pose.yaw), -np.sin(pose.yaw)], [np.sin(pose.yaw), np.cos(pose.yaw)]]
    T[:2, 3] = pose.x, pose.y
    return T


def drive(goal: np.ndarray, start: PlanarPose, late: float) -> tuple[PlanarPose, float, float]:
    """Look ten times a second, have the first row `late` [s] after it is due; return the end, when, how far beyond."""
    pose, twist, time, beyond = start, np.zeros(3), 0.0, 0.0
    auxiliary = AuxiliaryDrive({}, BaseLimits(BASE.speed, BASE.acceleration))
    command, told = RobotCommand({}, {}, {}), [np.zeros(3)] * round((PERIOD + late) / DT)
    way = goal - (start.x, start.y)
    planned = Drive(BASE, PERIOD, 0.0, np.array([start.x, start.y]), goal)
    while time < 8.0 and not planned.there(matrix(pose), twist):
        told += [planned.velocities(time, matrix(pose), 40)[0]] * round(PERIOD / DT)
        for _ in range(round(PERIOD / DT)):
            auxiliary.reach(0, AuxiliaryTrack(base=[told.pop(0).tolist()]), time, time, command)
            auxiliary.advance(1.0, DT, command)
            twist = np.array(command.base_velocity)
            pose, time = pose.led_on(twist.tolist(), DT), time + DT
        beyond = max(beyond, float((np.array([pose.x, pose.y]) - goal) @ way / np.linalg.norm(way)))
    return pose, time, beyond


@pytest.mark.parametrize("late", [0.0, 0.1])
@pytest.mark.parametrize("goal", [(0.0, 0.9), (0.1, -0.3), (-0.05, 0.04)])
def test_the_base_comes_to_rest_at_its_place_and_not_far_beyond(goal, late):
    end, seconds, beyond = drive(np.array(goal), PlanarPose(yaw=0.03), late)
    assert np.hypot(end.x - goal[0], end.y - goal[1]) <= NEAR
    assert abs(end.yaw) < 0.02
    assert beyond < 0.04
    assert seconds < 2.0 + np.hypot(*goal) / 0.35


def test_a_chunk_leads_to_the_place_by_itself_and_ends_at_rest():
    goal = np.array([0.0, 0.7])
    rows = Drive(BASE, PERIOD, 0.0, np.zeros(2), goal).velocities(0.0, np.eye(4), 60)
    assert len(rows) < 60
    assert not rows[-1].any()
    np.testing.assert_allclose(PERIOD * rows.sum(axis=0)[:2], goal, atol=NEAR)
    assert (np.abs(rows) <= np.array(BASE.speed) * (SHARE + 1e-9)).all()


def test_nobody_is_there_who_rushes_past():
    planned = Drive(BASE, PERIOD, 0.0, np.array([0.0, -1.0]), np.zeros(2))
    assert planned.there(np.eye(4), np.zeros(3))
    assert not planned.there(np.eye(4), np.array([0.0, 0.3, 0.0]))


def test_a_stance_has_the_place_before_the_shoulder_and_keeps_off_the_table():
    for arm in ROBOT.arms:
        assert arm.reach is not None
        stance = stance_before(arm, np.array([0.55, 0.3]))
        np.testing.assert_allclose(np.array([stance.x, stance.y]) + arm.reach.axis, [0.55 - OUT, 0.3], atol=1e-9)
        assert stance_before(arm, np.array([0.9, 0.0])).x == FORWARDS[1]
        here = np.array([stance.x + 0.02, stance.y])
        first = next(stances(arm, np.array([0.55, 0.3]), here))
        assert (first.x, first.y) == tuple(here)  # good enough: no drive
        away = next(stances(arm, np.array([0.55, 0.3]), here + np.array([0.0, 0.5])))
        assert away == stance
