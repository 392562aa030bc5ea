# SPDX-License-Identifier: Apache-2.0
"""The drawer task's judge tells every ending: of a run that is played by hand."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.drawer.drawers import asked_drawer, scene_drawers
from vla_ros.tasks.drawer.judge import ELSEWHERE, FALLEN, WRONG
from vla_ros.tasks.drawer.task import PuttingAway
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body

TASK, ROBOT = PuttingAway(), load_embodiment("franka")
(GRIPPER,), (ARM,) = ROBOT.grippers, ROBOT.arms
AWAY = np.array([0.0, 0.0, 0.3])  # [m]
OPEN = 0.15  # [m]


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return a scene with several drawers and another object beside the target."""
    drawn = (TASK.scene(SceneRequest(seed=seed)) for seed in range(700, 760))
    return next(one for one in drawn if len(one.objects) == 2 and len(one.fixtures[0].model.links) > 1)


class Play:
    """Move drawers, objects and the hand by hand, and let a judge look."""

    def __init__(self, scene: Scene, instruction: str = "", **limits: float) -> None:
        self.scene, self.time, self.width = scene, 0.0, GRIPPER.width_max
        self.drawers = {drawer.joint: drawer for drawer in scene_drawers(scene)}
        self.joints = dict.fromkeys(self.drawers, 0.0)
        self.poses = {one.name: one.T_base_object.copy() for one in scene.objects}
        self.tool = np.eye(4)
        self.tool[:3, 3] = (0.3, 0.0, scene.table.height + 0.5)
        shown = json.loads(json.dumps(announcement(TASK, scene, load_catalogue())))  # as on a topic
        self.judge: Judge = TASK.judge(
            shown, ROBOT, self.truth, dataclasses.replace(TASK.limits, **limits), instruction
        )

    @property
    def truth(self) -> Truth:
        objects = {name: T.copy() for name, T in self.poses.items()}
        tools = {ARM.name: self.tool.copy()}
        return Truth(self.time, objects, {GRIPPER.name: self.width}, tools, dict(self.joints))

    def wait(self, seconds: float) -> Play:
        for _ in range(round(seconds / 0.02)):
            self.time += 0.02
            self.judge.update(self.truth)
        return self

    def close_on(self, point: np.ndarray) -> Play:
        self.tool[:3, 3] = point
        self.wait(0.1)
        self.width = 0.0
        return self.wait(0.1)

    def slide(self, joint: str, opening: float) -> Play:
        """Move a drawer with the closed hand at its handle."""
        for value in np.linspace(self.joints[joint], opening, 20):
            self.joints[joint] = float(value)
            self.tool[:3, 3] = self.drawers[joint].handle_at(float(value))
            self.wait(0.02)
        return self

    def leave(self) -> Play:
        self.width = GRIPPER.width_max
        self.wait(0.1)
        self.tool[:3, 3] += AWAY
        return self.wait(0.1)

    def open(self, joint: str) -> Play:
        return self.close_on(self.drawers[joint].handle_at(0.0)).slide(joint, OPEN).leave()

    def put(self, name: str, joint: str) -> Play:
        """Lift an object, and let go of it in the middle of a drawer."""
        self.close_on(self.poses[name][:3, 3])
        drawer, T = self.drawers[joint], self.poses[name]
        body = Body.of(next(one.model for one in self.scene.objects if one.name == name))
        T[2, 3] += 0.3
        self.tool[:3, 3] = T[:3, 3]
        self.wait(0.1)
        floor = drawer.pose(0.0)[2, 3] + drawer.inside.floor
        middle = drawer.pose(self.joints[joint]) @ (*np.mean(drawer.inside.outline, axis=0), 0.0, 1.0)
        T[:2, 3] = middle[:2]
        T[2, 3] += floor - body.lowest(T)
        self.tool[:3, 3] = T[:3, 3]
        return self.wait(0.1)

    def shut(self, joint: str) -> Play:
        """Push a drawer closed, what lies in it going along."""
        before, drawer = self.joints[joint], self.drawers[joint]
        inside = [name for name, T in self.poses.items() if drawer.inside.over(drawer.pose(before), T[:3, 3])]
        self.width = 0.0
        for value in np.linspace(before, 0.0, 20)[1:]:
            for name in inside:
                self.poses[name][:3, 3] += (value - self.joints[joint]) * drawer.outward
            self.slide(joint, float(value))
        return self


def test_opened_filled_closed_and_left_for_a_second_is_a_success(scene):
    play, steps = Play(scene), []
    play.open(scene.goal)
    steps.append(play.judge.progress)
    play.put(scene.target, scene.goal)
    steps.append(play.judge.progress)
    play.leave()
    steps.append(play.judge.progress)
    play.shut(scene.goal)
    steps.append(play.judge.progress)
    assert not play.wait(2.0).judge.finished  # the hand is at the handle
    play.leave().wait(0.6)
    assert not play.judge.finished
    assert play.wait(0.6).judge.success
    assert steps == pytest.approx([0.3, 0.5, 0.7, 0.95], abs=0.02)
    assert play.judge.progress == 1.0
    assert play.judge.cause() == ""
    assert play.judge.first_lifted == scene.target
    events = [line.split(":")[0] for line in play.judge.take_events()]
    assert [line.split()[0] for line in events] == ["attempt", "opened", "attempt", "lifted", "put", "put"]


def test_closures_at_the_handle_and_at_the_object_are_attempts_of_their_own(scene):
    play = Play(scene).open(scene.goal)
    play.put(scene.target, scene.goal).leave().shut(scene.goal).leave().wait(1.5)
    assert play.judge.success
    assert play.judge.attempts == 1


def test_too_many_closures_at_the_handle_end_it(scene):
    play = Play(scene)
    for _ in range(4):
        play.close_on(play.drawers[scene.goal].handle_at(0.0)).leave()
    assert play.judge.outcome == Outcome.ATTEMPTS
    assert play.judge.attempts == 3
    assert play.judge.cause() == "not opened"


def test_a_thing_in_an_open_drawer_is_not_put_away(scene):
    play = Play(scene, time_limit_s=20.0).open(scene.goal).put(scene.target, scene.goal).leave().wait(20.0)
    assert play.judge.outcome == Outcome.TIME
    assert play.judge.cause() == "not closed"
    assert play.judge.progress == pytest.approx(0.7)


def test_a_drawer_that_is_left_a_finger_open_is_not_closed(scene):
    play = Play(scene, time_limit_s=20.0).open(scene.goal).put(scene.target, scene.goal).leave().shut(scene.goal)
    play.joints[scene.goal] = 0.015
    assert play.leave().wait(20.0).judge.outcome == Outcome.TIME


def test_an_empty_drawer_that_is_closed_again_is_nothing(scene):
    play = Play(scene, time_limit_s=10.0).open(scene.goal).shut(scene.goal).leave().wait(10.0)
    assert play.judge.outcome == Outcome.TIME
    assert play.judge.cause() == "opened, nothing lifted"


def test_what_is_held_in_the_drawer_is_not_yet_in_it(scene):
    play = Play(scene).open(scene.goal).put(scene.target, scene.goal).wait(2.0)
    assert play.judge.progress == pytest.approx(0.5)
    play.poses[scene.target][2, 3] += 0.2
    assert play.wait(0.2).judge.progress == pytest.approx(0.5)


def test_another_drawer_is_the_wrong_one(scene):
    other = next(drawer.joint for drawer in scene_drawers(scene) if drawer.joint != scene.goal)
    play = Play(scene).open(other).put(scene.target, other).leave().shut(other).leave().wait(6.0)
    assert play.judge.outcome == ELSEWHERE
    assert "which is another drawer" in play.judge.reason
    assert Play(scene).open(other).judge.cause() == "another drawer opened"


def test_another_object_in_the_drawer_is_the_wrong_one(scene):
    other = next(one.name for one in scene.objects if one.name != scene.target)
    play = Play(scene).open(scene.goal).put(other, scene.goal).leave().shut(scene.goal).leave().wait(6.0)
    assert play.judge.outcome == WRONG
    assert play.judge.first_lifted == other


def test_what_falls_off_the_table_ends_it(scene):
    play = Play(scene)
    play.poses[scene.target][2, 3] -= 0.3
    assert play.wait(0.1).judge.outcome == FALLEN


def test_another_sentence_is_judged_by_its_words(scene):
    other = next(one for one in scene.objects if one.name != scene.target)
    drawer = next(one for one in scene_drawers(scene) if one.joint != scene.goal)
    play = Play(scene, f"put the {other.model.color} {other.model.category} into the {drawer.name} and close it")
    assert play.judge.target == other.name
    play.open(drawer.joint).put(other.name, drawer.joint).leave().shut(drawer.joint).leave().wait(1.5)
    assert play.judge.success


@pytest.mark.parametrize("words", ["sing a song", "put the {} into the tray"])
def test_a_sentence_that_names_no_drawer_is_not_judged(scene, words):
    thing = scene.target_object.model
    play = Play(scene, words.format(f"{thing.color} {thing.category}")).open(scene.goal)
    play.put(scene.target, scene.goal).leave().shut(scene.goal).leave().wait(1.5)
    assert play.judge.unjudged


def test_the_prompts_say_the_three_things_to_do(scene):
    opened, filled, closed = TASK.prompts(scene)
    drawer, thing = asked_drawer(scene), scene.target_object.model
    assert drawer.name in opened
    assert thing.category in filled
    assert "closed" in closed
