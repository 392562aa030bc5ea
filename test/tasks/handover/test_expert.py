# SPDX-License-Identifier: Apache-2.0
"""What the expert of handing over looks ahead to, and what it does where its first way is none."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.sim.world import World
from vla_ros.tasks.handover.end_grasps import TURNS
from vla_ros.tasks.handover.expert import LIFT_M, HandoverExpert
from vla_ros.tasks.handover.giving import Giving
from vla_ros.tasks.placing.planning import site_at
from vla_ros.tasks.two_hands.pair_checker import Situation


@pytest.fixture(scope="module")
def expert():
    runner = EpisodeRunner(EpisodeSettings(policy="expert", task="handover", robot="agilex"))
    world = World(runner.scene(501), runner.embodiment, timestep=0.002)
    yield runner.task.two_handed_expert(world, runner.arm_models)
    world.close()


@pytest.fixture(scope="module")
def given(expert: HandoverExpert) -> Giving:
    given = expert._giving.plan(expert.planner.home, [])
    assert given is not None
    return given


def test_a_grasp_counts_with_a_way_up_and_a_meeting_behind_it(expert, given):
    hand = expert.planner.hands[given.meetings.giver]
    before, after = (hand.model.forward(rows[-1][hand.part]).copy() for rows in (given.reach, given.up))
    assert after[2, 3] - before[2, 3] == pytest.approx(LIFT_M, abs=1e-3)
    T_ee_object = np.linalg.inv(given.T_object_grasp)
    meeting = given.meetings.plan(given.up[-1], T_ee_object, given.grasp.width)
    assert meeting is not None
    again = given.meetings.plan(given.up[-1], T_ee_object, given.grasp.width, failed=[meeting.T_object_grasp])
    assert again is None or np.abs(again.T_object_grasp - meeting.T_object_grasp).max() > 0.01


def test_where_the_giving_hand_cannot_go_back_the_other_takes_the_thing_away(expert, given, monkeypatch):
    planner, meetings, target = expert.planner, given.meetings, expert.world.scene.target
    giver, taker = planner.hands[meetings.giver], planner.hands[meetings.taker]
    T_ee_object = np.linalg.inv(given.T_object_grasp)
    meeting = meetings.plan(given.up[-1], T_ee_object, given.grasp.width)
    q = meetings.reach(meeting.way[-1], T_ee_object, given.grasp.width, meeting)[-1]
    T_object = giver.model.forward(q[giver.part]) @ T_ee_object
    T_taken = np.linalg.inv(taker.model.forward(q[taker.part])) @ T_object
    widths = {giver.name: given.grasp.opening, taker.name: meeting.grasp.width}
    taken = Situation(widths, target, taker.name, T_taken)
    slide = planner.slide

    def of_the_taker(arm, *arguments, **options):
        return None if arm == giver.name else slide(arm, *arguments, **options)

    monkeypatch.setattr(planner, "slide", of_the_taker)
    back = meetings.parting(q, T_object, given.T_object_grasp, taken)
    assert back is not None
    np.testing.assert_allclose(back[-1][giver.part], q[giver.part])
    T_away = taker.model.forward(back[-1][taker.part]) @ T_taken
    into = giver.model.forward(q[giver.part])[:3, 2]  # out of the hand is along its tool's axis
    assert (T_away[:3, 3] - T_object[:3, 3]) @ into > 0.03


def test_where_nothing_goes_along_the_tray_it_may_lie_off_it(expert, given):
    grasps, scene = expert._laying._grasps[given.meetings.taker], expert.world.scene
    goal = site_at(expert.world, scene.goal)
    side = goal.T_base_site[:2, int(np.argmax(np.ptp(goal.receptacle.outline, axis=0)))]

    def off(turned: bool) -> np.ndarray:
        poses, _ = grasps.lain(scene.target, goal, 10, turned)
        along = poses[:, :2, grasps._thing.axis] / np.linalg.norm(poses[:, :2, grasps._thing.axis], axis=1)[:, None]
        return np.arccos(np.clip(np.abs(along @ side), 0.0, 1.0))

    assert off(False).max() < 0.02
    assert set(np.round(off(True), 1)) == {abs(turn) for turn in TURNS}
