# SPDX-License-Identifier: Apache-2.0
"""Placing: scenes that can be done, a judge that tells every ending, an expert and a baseline that do it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.lying_size import lying_size
from vla_ros.policies.geometric.placing_language import PlacingPhrases, split_placing
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.objects import same_name
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.judge import FALLEN, WRONG
from vla_ros.tasks.placing.receptacles import Receptacle, floor_height, has_room
from vla_ros.tasks.placing.task import Placing

TASK, ROBOT = Placing(), load_embodiment("franka")
(GRIPPER,), (ARM,) = ROBOT.grippers, ROBOT.arms
SEEDS = range(500, 512)
AWAY = np.array([0.0, 0.0, 0.3])  # [m]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [TASK.scene(SceneRequest(seed=seed)) for seed in SEEDS]


@pytest.fixture
def scene() -> Scene:
    """Return a scene with a third object beside target and goal."""
    return next(one for one in (TASK.scene(SceneRequest(seed=seed)) for seed in SEEDS) if len(one.objects) == 3)


# -- scenes ------------------------------------------------------------------------------------------------------------
def test_the_same_seed_is_the_same_scene(scenes):
    for scene in scenes[:4]:
        again = TASK.scene(SceneRequest(seed=scene.seed))
        assert (again.instruction, again.target, again.goal) == (scene.instruction, scene.target, scene.goal)
        for one, other in zip(scene.objects, again.objects, strict=True):
            np.testing.assert_array_equal(one.T_base_object, other.T_base_object)


def test_the_goal_has_room_for_the_target_and_neither_name_means_the_other(scenes):
    for scene in scenes:
        target, goal = scene.objects[0].model, scene.objects[1].model
        assert (scene.target, scene.goal) == (scene.objects[0].name, scene.objects[1].name)
        assert has_room(goal, lying_size(target))
        assert not any(same_name(target, one.model) for one in scene.objects[1:])
        assert not any(same_name(goal, one.model) for one in scene.objects if one.name != scene.goal)


def test_the_goal_is_in_reach_with_room_for_the_hand(scenes):
    for scene in scenes:
        at = scene.objects[1].T_base_object[:2, 3]
        assert 0.25 < np.linalg.norm(at) < 0.8
        for other in (scene.objects[0], *scene.objects[2:]):
            assert not Receptacle.of(scene.objects[1].model).over(
                scene.objects[1].T_base_object, other.T_base_object[:3, 3]
            )


def test_instructions_vary_and_say_both_names(scenes):
    assert len({scene.instruction.split()[0] for scene in scenes}) > 2
    for scene in scenes:
        phrases = split_placing(scene.instruction)
        assert phrases is not None
        colors = scene.objects[0].model.color, scene.objects[1].model.color
        assert all(color in said for color, said in zip(colors, (phrases.thing, phrases.goal), strict=True))


def test_receptacles_are_in_no_split_so_that_grasping_never_shows_one():
    catalogue = load_catalogue()
    assert {model.category for model in catalogue.receptacles} == {"tray", "plate", "bin"}
    assert not {model.category for model in catalogue.models("all")} & {"tray", "plate", "bin"}
    assert all(floor_height(one) - one.bounds[0][2] == pytest.approx(0.006, abs=0.001) for one in catalogue.receptacles)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"set_name": "basik"}, "did you mean 'basic'"),
        ({"target": "red mugg"}, "mugg"),
        ({"by_part": True}, "placing asks for whole objects"),
        ({"objects": "/tmp"}, "leave it out"),
        ({"stream": "generation", "wording": "unseen"}, "would spoil the test"),
    ],
)
def test_what_there_is_not_is_one_line(arguments, message):
    with pytest.raises(ConfigError) as error:
        TASK.scene(SceneRequest(**{"seed": 500, **arguments}))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# -- words -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "thing", "goal"),
    [
        ("put the red mug into the tray", "the red mug", "the tray"),
        ("Place the can on the plate.", "the can", "the plate"),
        ("pick up the red mug and put it onto the blue plate", "pick up the red mug", "the blue plate"),
        ("move the mug on the left into the bin", "the mug on the left", "the bin"),
        ("set the apple down on top of the tray", "the apple down", "the tray"),
    ],
)
def test_an_instruction_is_two_phrases(text, thing, goal):
    assert split_placing(text) == PlacingPhrases(thing, goal)


@pytest.mark.parametrize("text", ["pick up the red mug", "grasp the mug on the left", "put the mug down", ""])
def test_an_instruction_without_a_goal_is_none(text):
    assert split_placing(text) is None


# -- the judge ---------------------------------------------------------------------------------------------------------
class Play:
    """Move objects and the hand by hand, and let a judge look."""

    def __init__(self, scene: Scene, instruction: str = "", **limits: float) -> None:
        self.scene, self.time, self.width = scene, 0.0, GRIPPER.width_max
        self.poses = {one.name: one.T_base_object.copy() for one in scene.objects}
        self.tool = np.eye(4)
        self.tool[:3, 3] = (0.3, 0.0, scene.table.height + 0.4)
        shown = announcement(TASK, scene, load_catalogue())
        changed = dataclasses.replace(TASK.limits, **limits)
        self.judge: Judge = TASK.judge(shown, ROBOT, self.truth, changed, instruction)

    @property
    def truth(self) -> Truth:
        objects = {name: T.copy() for name, T in self.poses.items()}
        return Truth(self.time, objects, {GRIPPER.name: self.width}, {ARM.name: self.tool.copy()})

    def wait(self, seconds: float) -> Play:
        for _ in range(round(seconds / 0.02)):
            self.time += 0.02
            self.judge.update(self.truth)
        return self

    def grasp(self, name: str) -> Play:
        self.tool[:3, 3] = self.poses[name][:3, 3]
        self.wait(0.1)
        self.width = 0.0
        return self.wait(0.2)

    def carry(self, name: str, to: np.ndarray) -> Play:
        """Lift by 20 cm, go above `to` and lower: object origin there."""
        here = self.poses[name][:3, 3].copy()
        for point in (np.add(here, (0, 0, 0.2)), np.array([to[0], to[1], here[2] + 0.2]), to):
            self.poses[name][:3, 3] = self.tool[:3, 3] = point
            self.wait(0.1)
        return self

    def leave(self) -> Play:
        self.width = GRIPPER.width_max
        self.wait(0.1)
        self.tool[:3, 3] += AWAY
        return self.wait(0.1)

    def inside(self, name: str) -> np.ndarray:
        """Return where an object's origin is when it stands in the middle of the goal."""
        goal = next(one for one in self.scene.objects if one.name == self.scene.goal)
        thing = next(one for one in self.scene.objects if one.name == name)
        low = (surface_points(thing.model.parts) @ self.poses[name][2, :3]).min()
        floor = self.poses[self.scene.goal][2, 3] + floor_height(goal.model)
        return np.array([*self.poses[self.scene.goal][:2, 3], floor - low])


def test_what_rests_in_the_goal_with_the_hand_away_for_a_second_is_a_success(scene):
    play = Play(scene)
    play.grasp(scene.target)
    assert play.judge.progress == pytest.approx(0.2)
    play.carry(scene.target, play.inside(scene.target))
    assert play.judge.progress == pytest.approx(0.6)
    play.leave().wait(0.6)
    assert not play.judge.finished
    play.wait(0.6)
    assert play.judge.success
    assert play.judge.progress == 1.0
    assert play.judge.cause() == ""
    assert play.judge.attempts == 1
    assert play.judge.first_lifted == scene.target
    events = play.judge.take_events()
    assert [line.split()[0] for line in events] == ["attempt", "grasped", "placed"]


def test_what_is_held_still_in_the_goal_is_not_placed(scene):
    play = Play(scene)
    play.grasp(scene.target).carry(scene.target, play.inside(scene.target)).wait(3.0)
    assert not play.judge.finished
    play.width = GRIPPER.width_max  # open, but the hand stays
    assert not play.wait(3.0).judge.finished


def test_what_a_wide_open_hand_holds_in_the_goal_is_not_placed(scene):
    play = Play(scene)
    play.tool[:3, 3] = play.poses[scene.target][:3, 3]
    play.width = 0.6 * GRIPPER.width_max  # as wide as the thing is
    over = np.add(play.inside(scene.target), (0.0, 0.0, 0.02))
    play.wait(0.2).carry(scene.target, over)
    assert not play.wait(3.0).judge.finished
    play.poses[scene.target][:3, 3] = play.inside(scene.target)
    assert play.leave().wait(1.2).judge.success


def test_a_hand_that_opens_little_has_left_all_the_same_once_it_opens(scene):
    play = Play(scene)
    play.grasp(scene.target).carry(scene.target, play.inside(scene.target))
    play.width = 0.5 * GRIPPER.width_max  # wide enough to let go, and not yet open
    play.wait(0.2)
    play.tool[:3, 3] += AWAY
    assert not play.wait(2.0).judge.finished
    play.width = GRIPPER.width_max
    assert play.wait(1.2).judge.success


def test_what_moves_is_not_at_rest(scene):
    play = Play(scene)
    play.grasp(scene.target).carry(scene.target, play.inside(scene.target)).leave()
    for _ in range(20):
        play.poses[scene.goal][0, 3] += 0.002
        play.poses[scene.target][0, 3] += 0.002
        play.wait(0.1)
    assert not play.judge.finished
    assert play.wait(1.5).judge.success


def test_beside_the_goal_is_elsewhere_and_the_attempts_run_out(scene):
    play = Play(scene, attempts=1)
    beside = play.poses[scene.target][:3, 3] + (0.0, 0.02, 0.0)
    play.grasp(scene.target).carry(scene.target, beside).leave().wait(1.5)
    assert play.judge.outcome == Outcome.ATTEMPTS
    assert play.judge.cause() == "put elsewhere"
    assert any(line.endswith("elsewhere") for line in play.judge.take_events())


def test_leaning_on_the_wall_with_an_end_on_the_table_is_not_in_it(scene):
    play = Play(scene)
    low = play.inside(scene.target) - (0.0, 0.0, floor_height(scene.objects[1].model) + 0.02)
    play.grasp(scene.target).carry(scene.target, low).leave()
    assert not play.wait(2.0).judge.success


def test_another_object_in_the_goal_ends_the_episode(scene):
    other = scene.objects[2].name
    play = Play(scene)
    play.grasp(other).carry(other, play.inside(other)).leave().wait(6.0)
    assert play.judge.outcome == WRONG
    assert play.judge.first_lifted == other
    assert any("not the target" in line for line in play.judge.take_events())


def test_what_falls_off_the_table_ends_it(scene):
    play = Play(scene)
    play.poses[scene.target][2, 3] -= 0.3
    assert play.wait(0.1).judge.outcome == FALLEN


def test_what_falls_out_of_the_hand_is_told(scene):
    play = Play(scene)
    start = play.poses[scene.target][:3, 3].copy()
    play.grasp(scene.target).carry(scene.target, np.add(start, (0.0, 0.0, 0.2)))
    play.poses[scene.target][:3, 3] = start
    play.wait(0.1)
    assert play.judge.take_events()[-1].startswith("dropped the ")


def test_nothing_done_is_the_time_limit(scene):
    play = Play(scene, time_limit_s=2.0).wait(2.5)
    assert play.judge.outcome == Outcome.TIME
    assert play.judge.cause() == "never closed the gripper"
    assert play.judge.progress == 0.0


def test_another_sentence_is_judged_by_its_words(scene):
    other, goal = scene.objects[2], scene.objects[1].model
    play = Play(scene, f"put the {other.model.color} {other.model.category} into the {goal.color} {goal.category}")
    assert play.judge.target == other.name
    play.grasp(other.name).carry(other.name, play.inside(other.name)).leave().wait(1.5)
    assert play.judge.success


def test_a_sentence_without_a_goal_is_not_judged(scene):
    play = Play(scene, "sing a song")
    play.grasp(scene.target).carry(scene.target, play.inside(scene.target)).leave().wait(1.5)
    assert play.judge.unjudged


def test_facts_are_plain_values(scene):
    shown = json.loads(json.dumps(announcement(TASK, scene, load_catalogue())))
    assert TASK.judge(shown, ROBOT, Play(scene).truth, TASK.limits).target == scene.target


# -- who does it -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("policy", "seed"), [("expert", 503), ("geometric", 501)])
def test_expert_and_baseline_place(policy, seed):
    episode = EpisodeRunner(EpisodeSettings(policy=policy, task="placing")).run(seed)
    assert episode.success, episode.cause
    assert episode.attempts == 1
    assert episode.progress == 1.0


def test_the_baseline_says_so_where_the_receptacle_is_not_there():
    runner = EpisodeRunner(EpisodeSettings(policy="geometric", task="placing"))
    scene = runner.scene(502)
    missing = "bin" if "bin" not in scene.goal else "plate"
    thing = scene.target.replace("_", " ")
    asked = dataclasses.replace(scene, instruction=f"put the {thing} into the brown {missing}")
    episode = runner.run_scene(asked, compare=False)
    assert not episode.success
    assert "where it is to go is not in view" in episode.cause
