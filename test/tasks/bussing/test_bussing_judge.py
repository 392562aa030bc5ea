# SPDX-License-Identifier: Apache-2.0
"""The judge of bussing: what rests where, request by request, wherever the base has driven."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.bussing.judge import LEFT, MANIPULATED
from vla_ros.tasks.bussing.requests import scene_requests
from vla_ros.tasks.bussing.task import Bussing
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body, floor_height
from vla_ros.tasks.sentences import numbered

TASK, ROBOT = Bussing(), load_embodiment("bytemini")
ARMS = [arm.name for arm in ROBOT.arms]
PERIOD = 0.1  # [s]


class Play:
    """Put things somewhere, drive the base, and let the judge see it."""

    def __init__(self, scene: Scene, instruction: str = "") -> None:
        self.scene, self.time, self.T_base_odom = scene, 0.0, np.eye(4)
        self.poses = {one.name: one.T_base_object.copy() for one in scene.objects}
        self.models = {one.name: one.model for one in scene.objects}
        self.closed: dict[str, str] = {}  # arm → thing that its closed hand is at
        self.wide: dict[str, str] = {}  # arm → thing that its hand is at, told to open about as wide as that is
        self.requests = scene_requests(scene)
        self.judge: Judge = TASK.judge(announcement(TASK, scene), ROBOT, self.truth(), TASK.limits, instruction)
        self.events: list[str] = []

    def truth(self) -> Truth:
        tools = {}
        for arm in ARMS:
            T = np.eye(4)
            thing = (self.closed | self.wide).get(arm)
            T[:3, 3] = (0.4, 0.0, 2.0) if thing is None else Body.of(self.models[thing]).middle(self.poses[thing])
            tools[arm] = self.T_base_odom @ T
        share = {arm: 0.6 for arm in self.wide} | dict.fromkeys(self.closed, 0.0)
        widths = {one.name: share.get(one.arm, 1.0) * one.width_max for one in ROBOT.grippers}
        objects = {name: self.T_base_odom @ T for name, T in self.poses.items()}
        return Truth(self.time, objects, widths, tools)

    def go_on(self, seconds: float = 1.3) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.time += PERIOD
            self.judge.update(self.truth())
        self.events += self.judge.take_events()

    def drive(self) -> None:
        """Go somewhere else while the world goes on."""
        for _ in range(10):
            step = np.eye(4)
            step[:3, :3], step[:3, 3] = Rotation.from_euler("z", 0.02).as_matrix(), (0.01, 0.06, 0.0)
            self.T_base_odom = step @ self.T_base_odom
            self.go_on(PERIOD)

    def put(self, thing: str, goal: str, above: float = 0.0) -> None:
        body, T_goal, T = Body.of(self.models[thing]), self.poses[goal], self.poses[thing].copy()
        T[:2, 3] += T_goal[:2, 3] - body.middle(T)[:2]
        T[2, 3] += T_goal[2, 3] + floor_height(self.models[goal]) + above - body.lowest(T)
        self.poses[thing] = T


def play(set_name: str = "basic", instruction: str = "") -> Play:
    return Play(TASK.scene(SceneRequest(set_name=set_name, seed=500, robot="bytemini")), instruction)


def test_everything_in_its_receptacle_is_success_wherever_the_base_is():
    game = play()
    goals = game.requests[0].goals
    for number, (thing, goal) in enumerate(goals.items(), start=1):
        game.put(thing, goal)
        game.drive()
        game.go_on()
        assert game.judge.parts == (number, len(goals))
        assert game.judge.progress == pytest.approx(number / len(goals))
    assert game.judge.outcome == Outcome.SUCCESS
    assert any(f"({len(goals)} of {len(goals)})" in event for event in game.events)
    assert game.judge.figures()["share_right"] == 1.0
    assert game.judge.sentences == ()


def test_in_the_other_receptacle_is_not_where_it_belongs():
    game = play()
    goals = game.requests[0].goals
    thing, goal = next(iter(goals.items()))
    other = next(one for one in goals.values() if one != goal)
    game.put(thing, other)
    game.go_on()
    assert game.judge.parts[0] == 0
    assert game.judge.figures()["things_wrong"] == 1
    assert any("the wrong one" in event for event in game.events)
    game.put(thing, goal)  # and may be put right
    game.go_on()
    assert game.judge.parts[0] == 1


def test_what_a_closed_hand_is_at_or_what_floats_does_not_rest():
    game = play()
    thing, goal = next(iter(game.requests[0].goals.items()))
    game.put(thing, goal)
    game.closed = {ARMS[0]: thing}
    game.go_on()
    assert game.judge.parts[0] == 0
    game.closed = {}
    game.go_on()
    assert game.judge.parts[0] == 1
    game.put(thing, goal, above=0.3)
    game.go_on()
    assert game.judge.parts[0] == 0
    assert any("lifted" in event for event in game.events)


def test_what_a_wide_open_hand_carries_into_a_receptacle_does_not_rest():
    game = play()
    thing, goal = next(iter(game.requests[0].goals.items()))
    game.wide = {ARMS[0]: thing}
    game.put(thing, goal, above=0.3)
    game.go_on(0.3)
    game.drive()  # it turns with the base, too
    game.put(thing, goal)
    game.go_on(2.5)
    assert game.judge.parts[0] == 0
    game.wide = {}
    game.go_on()
    assert game.judge.parts[0] == 1


def test_what_has_fallen_is_lost_and_the_rest_still_counts():
    game = play()
    lost, *others = game.requests[0].goals
    game.poses[lost][2, 3] -= 0.6
    for thing in others:
        game.put(thing, game.requests[0].goals[thing])
    game.go_on()
    assert game.judge.outcome == LEFT
    assert game.judge.figures()["things_fallen"] == 1
    assert game.judge.parts == (len(others), len(others) + 1)


def test_requests_follow_each_other_and_each_is_met_or_not():
    game = play("step_by_step")
    first, second, third = game.requests
    assert game.judge.instruction == first.sentence
    assert numbered(game.judge.sentences, first.sentence) == f"1 of 3: {first.sentence}"
    game.put(*next(iter(second.goals.items())))  # that is not asked for yet
    game.go_on()
    assert game.judge.instruction == first.sentence
    game.put(*next(iter(first.goals.items())))
    game.go_on(1.5)  # the second is met already
    assert game.judge.instruction == third.sentence
    assert numbered(game.judge.sentences, third.sentence) == f"3 of 3: {third.sentence}"
    game.judge.give_up("too soon to say")
    assert not game.judge.finished
    game.go_on(2.5)
    game.judge.give_up("no way")
    assert game.judge.outcome == Outcome.GAVE_UP
    assert game.judge.figures()["requests_met"] == 2
    assert [one.values() for one in game.judge.sentences] == [
        {"sentence": first.sentence, "state": "done", "reason": ""},
        {"sentence": second.sentence, "state": "done", "reason": ""},
        {"sentence": third.sentence, "state": "not done", "reason": "no way"},
    ]


def test_a_request_is_followed_where_what_it_asks_for_is_taken_first():
    game = play("step_by_step")
    things = [next(iter(request.goals)) for request in game.requests]
    assert (game.judge.requested, game.judge.followed) == ((things[0],), (0, 1))
    for request, taken_first in zip(game.requests, (things[0], things[2], things[2]), strict=True):
        game.poses[taken_first][2, 3] += 0.2
        game.go_on(0.3)
        game.poses[taken_first][2, 3] -= 0.2
        game.go_on(0.3)
        game.put(*next(iter(request.goals.items())))
        game.go_on(1.5)
    assert game.judge.success  # each ended where it was to go
    assert game.judge.followed == (2, 3)  # but instead of the second the third was taken
    assert game.judge.figures()["requests_followed"] == 2
    assert play("invalid").judge.followed == (0, 0)


def test_one_request_takes_no_longer_than_it_may():
    game = play("step_by_step")
    limits = dataclasses.replace(TASK.limits, request_s=2.0)
    game.judge.limits = limits
    game.go_on(7.0)
    assert game.judge.outcome == Outcome.TIME
    assert sum("not met" in event for event in game.events) == 3


def test_what_is_not_there_is_rightly_refused_or_left_alone():
    refused = play("invalid")
    refused.drive()  # that moves nothing
    refused.go_on(2.5)
    refused.judge.give_up("the policy finds nothing that the instruction names")
    assert refused.judge.outcome == Outcome.SUCCESS
    waited = play("invalid")
    waited.go_on(TASK.limits.refrain_s + 0.2)
    assert waited.judge.outcome == Outcome.SUCCESS
    assert waited.judge.parts == (0, 0)


def test_whoever_moves_something_when_nothing_is_meant_has_failed():
    game = play("invalid")
    thing = game.scene.objects[2].name
    game.poses[thing][:3, 3] += (0.0, 0.0, 0.1)
    game.go_on(0.5)
    assert game.judge.outcome == MANIPULATED


def test_other_words_are_judged_by_what_they_mean():
    thing, goal = next(iter(play().requests[0].goals.items()))
    said = f"put the {thing.replace('_', ' ')} into the {goal.replace('_', ' ')}"
    game = play(instruction=said)
    assert (game.judge.instruction, game.judge.parts) == (said, (0, 1))
    game.put(thing, goal)
    game.go_on()
    assert game.judge.outcome == Outcome.SUCCESS
    unclear = play(instruction="juggle")
    unclear.poses[thing][2, 3] += 0.1
    unclear.go_on(0.5)
    assert unclear.judge.unjudged
    with pytest.raises(ConfigError, match="everything on the table counts"):
        TASK.judge(announcement(TASK, game.scene), ROBOT, game.truth(), TASK.limits, success_object=thing)
