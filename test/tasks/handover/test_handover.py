# SPDX-License-Identifier: Apache-2.0
"""Handing over: scenes in which one hand cannot, a judge that tells who held what, an expert of both hands."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.geometric.placing_language import split_placing
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import NoRoomError, compose
from vla_ros.sim.scenes.footprint import place
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.scene_robot import scene_robot
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.handover import scenes as drawing
from vla_ros.tasks.handover.judge import DROPPED, NOT_PASSED, PASSED, TOGETHER, HandoverJudge
from vla_ros.tasks.handover.long_thing import LENGTH, LongThing, lying
from vla_ros.tasks.handover.reaching import PassingRobot
from vla_ros.tasks.handover.task import Handover
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body, floor_height

TASK, ROBOT = Handover(), load_embodiment("agilex")
SEEDS = range(5000, 5008)
ARMS = [arm.name for arm in ROBOT.arms]
GRIPPER = {gripper.arm: gripper for gripper in ROBOT.grippers}
FAR = np.array([0.0, 0.0, 0.5])  # [m]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [TASK.scene(SceneRequest(seed=seed, robot="agilex")) for seed in SEEDS]


# -- scenes ------------------------------------------------------------------------------------------------------------
def test_what_is_passed_on_is_for_one_hand_and_its_place_for_the_other(scenes):
    for scene in scenes:
        height = scene.table.height
        thing, goal = (one.T_base_object[:2, 3] for one in scene.objects[:2])
        distances = {
            arm.name: [float(np.linalg.norm(at - np.array(arm.reach.axis))) for at in (thing, goal)]
            for arm in ROBOT.arms
            if arm.reach is not None
        }
        giver = min(ARMS, key=lambda arm: distances[arm][0])
        taker = min(ARMS, key=lambda arm: distances[arm][1])
        assert giver != taker
        reach = {arm.name: arm.reach for arm in ROBOT.arms}
        assert not (reach[taker].contains(distances[taker][0], height + 0.02)
                    and reach[taker].contains(distances[taker][0], height + 0.19))  # fmt: skip


def test_the_same_seed_is_the_same_scene(scenes):
    again = TASK.scene(SceneRequest(seed=scenes[0].seed, robot="agilex"))
    assert again.instruction == scenes[0].instruction
    for one, other in zip(scenes[0].objects, again.objects, strict=True):
        np.testing.assert_array_equal(one.T_base_object, other.T_base_object)


def test_where_there_is_no_room_others_stay_away(scenes, monkeypatch):
    def crowded(chosen, *arguments, **options):
        if len(chosen[0]) > 2:
            raise NoRoomError("no room on the table")
        return compose(chosen, *arguments, **options)

    monkeypatch.setattr(drawing, "compose", crowded)
    full = next(scene for scene in scenes if len(scene.objects) > 2)
    scene = TASK.scene(SceneRequest(seed=full.seed, robot="agilex"))
    assert [one.model.category for one in scene.objects] == [one.model.category for one in full.objects[:2]]
    assert scene.goal == scene.objects[1].name


def test_it_is_long_lies_and_has_room_in_a_tray(scenes):
    opening = min(gripper.width_max for gripper in ROBOT.grippers)
    for scene in scenes:
        model, goal = scene.objects[0].model, scene.objects[1].model
        thing = LongThing.of(model, opening)
        assert thing is not None
        assert thing.length >= LENGTH
        assert abs(scene.objects[0].T_base_object[2, thing.axis]) < 0.3
        assert thing.length < max(goal.size[:2])


def test_instructions_say_both_names(scenes):
    for scene in scenes:
        phrases = split_placing(scene.instruction)
        assert phrases is not None
        assert scene.objects[1].model.color in phrases.goal


def test_what_never_lies_along_its_length_or_is_too_short_is_no_long_thing():
    models = {model.name: model for model in load_catalogue().models("all")}
    assert LongThing.of(models["apple_round"], 0.08) is None
    assert LongThing.of(models["bottle_water"], 0.03) is None
    bottle = LongThing.of(models["bottle_water"], 0.08)
    assert bottle is not None
    assert bottle.low < bottle.hold(-1.0) < bottle.middle < bottle.hold(1.0) < bottle.high
    assert all(abs(pose[3]) < 0.99 for pose in lying(models["bottle_water"], 0.08).resting)  # never upright


def test_one_hand_that_reaches_both_asks_nothing_of_the_other():
    robot = PassingRobot(scene_robot("agilex").arms)
    model = next(model for model in load_catalogue().models("action") if model.name == "block_cube")

    def at(x: float, y: float):
        return place(model, np.array([0.0, 0.0, 0.0, 1.0]), np.array([x, y]), 0.0)

    left, right = np.array([0.45, 0.2]), np.array([0.45, -0.2])
    height = 0.03
    assert robot.reaches_together([at(*left), at(*right)], height)
    assert not robot.reaches_together([at(*left), at(left[0], left[1] - 0.03)], height)


def test_a_robot_of_one_hand_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="takes two hands, and robot 'franka' has 1"):
        TASK.check(SceneRequest(robot="franka"))
    TASK.check(SceneRequest(robot="agilex"))


# -- the judge ---------------------------------------------------------------------------------------------------------
class Play:
    """Say who holds the thing where, and let the judge see it."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.time = scene, 0.0
        self.poses = {one.name: one.T_base_object.copy() for one in scene.objects}
        self.thing, self.goal = scene.objects[0], scene.objects[1]
        self.judge: HandoverJudge = TASK.judge(announcement(TASK, scene), ROBOT, self.truth(()), TASK.limits)

    def truth(self, closed: tuple[str, ...], near: tuple[str, ...] = ()) -> Truth:
        tools = {}
        for arm in ARMS:
            T = np.eye(4)
            T[:3, 3] = self.poses[self.thing.name][:3, 3] + (0.0 if arm in (*closed, *near) else FAR)
            tools[arm] = T
        widths = {GRIPPER[arm].name: 0.0 if arm in closed else GRIPPER[arm].width_max for arm in ARMS}
        return Truth(self.time, {name: T.copy() for name, T in self.poses.items()}, widths, tools)

    def go_on(self, *closed: str, seconds: float = 0.3, near: tuple[str, ...] = ()) -> None:
        for _ in range(round(seconds / 0.02)):
            self.time += 0.02
            self.judge.update(self.truth(closed, near))

    def lift(self, height: float) -> None:
        self.poses[self.thing.name][2, 3] = self.thing.T_base_object[2, 3] + height

    def put_into_the_goal(self) -> None:
        T, body = self.thing.T_base_object.copy(), Body.of(self.thing.model)
        T_goal = self.goal.T_base_object
        T[:2, 3] += T_goal[:2, 3] - body.middle(T)[:2]
        T[2, 3] += T_goal[2, 3] + floor_height(self.goal.model) - body.lowest(T)
        self.poses[self.thing.name] = T


@pytest.fixture
def play(scenes) -> Play:
    return Play(scenes[0])


def test_from_hand_to_hand_into_the_goal_is_success(play):
    giver, taker = ARMS
    play.go_on()
    play.go_on(giver)
    play.lift(0.15)
    play.go_on(giver)
    assert (play.judge.giver, play.judge.passed) == (giver, False)
    play.go_on(giver, taker)
    assert play.judge.progress == TOGETHER
    play.go_on(taker)
    assert (play.judge.taker, play.judge.progress) == (taker, PASSED)
    play.put_into_the_goal()
    play.go_on(taker)
    play.go_on(seconds=1.3)
    assert play.judge.outcome == Outcome.SUCCESS
    assert play.judge.attempts == 1
    assert f"from the {giver} hand to the {taker} one" in play.judge.success_text


def test_what_one_hand_carried_all_the_way_is_not_handed_over(play):
    play.go_on()
    play.lift(0.15)
    play.go_on(ARMS[0])
    play.put_into_the_goal()
    play.go_on(seconds=1.5)
    assert play.judge.outcome == NOT_PASSED
    assert play.judge.progress < PASSED


def test_let_go_in_the_air_it_was_dropped(play):
    play.go_on()
    play.lift(0.15)
    play.go_on(ARMS[0])
    play.go_on(*ARMS)
    play.go_on(seconds=0.1)
    assert play.judge.outcome == DROPPED
    assert play.judge.cause() == DROPPED.value


def test_a_second_hand_that_closes_beside_it_does_not_hold_it(play):
    giver, taker = ARMS
    play.go_on()
    play.lift(0.15)
    play.go_on(giver)
    truth = play.truth((giver, taker))
    away = dict(truth.tools)
    away[taker] = away[taker].copy()
    away[taker][:3, 3] += FAR
    play.judge.update(dataclasses.replace(truth, time=play.time + 0.02, tools=away))
    play.judge.update(dataclasses.replace(truth, time=play.time + 0.5, tools=away))
    assert play.judge.progress < TOGETHER


def test_a_place_from_which_no_hand_has_left_is_not_done(play):
    giver, taker = ARMS
    play.go_on()
    play.lift(0.15)
    for hands in ((giver,), (giver, taker), (taker,)):
        play.go_on(*hands)
    play.put_into_the_goal()
    play.go_on(taker)
    play.go_on(seconds=2.0, near=(taker,))
    assert play.judge.outcome == Outcome.RUNNING
