# SPDX-License-Identifier: Apache-2.0
"""The set `absent`: the words ask for what is not there, and leaving everything alone is what is right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.evaluation.choosers import expected
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.evaluation.statistics import summary
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.actions.single_arm import SingleArmCodec
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.referring.meaning import meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.tasks.grasping.refusing import MANIPULATED
from vla_ros.tasks.judging import Outcome
from vla_ros.tasks.table import TASKS, load_task

SEEDS = range(4000, 4020)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    found = [grasping_scene("absent", seed, categories="action+grounding") for seed in SEEDS]
    return [*found, *(grasping_scene("absent", seed, wording="unseen") for seed in SEEDS)]


def test_the_words_mean_nothing_that_is_there_and_are_understood(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert (scene.target, scene.absent) == ("", True)
        meant = meaning(scene.instruction, [SceneObject.of(one, load_catalogue()) for one in scene.objects])
        assert (meant.named, meant.open, meant.doubt) == ((), (), ""), scene.instruction
        assert len(scene.objects) == 5


def test_colour_alone_and_noun_alone_would_take_something_of_many(scenes: list[Scene]) -> None:
    rates = [expected(scene) for scene in scenes]
    assert {rate["chance"] for rate in rates} == {0.0}
    assert {rate["name_alone"] for rate in rates} == {1.0}
    for chooser in ("color_alone", "noun_alone"):
        assert 0.2 < np.mean([rate[chooser] for rate in rates]) < 0.8


def test_the_set_is_of_grasping_alone() -> None:
    assert [name for name in TASKS if "absent" in load_task(name).sets.sets] == ["grasping"]


class Asleep:
    """A policy that goes on and does nothing."""

    def __init__(self, world: World) -> None:
        self._codec = SingleArmCodec.of(world.embodiment)

    def infer(self, observation: Observation) -> ActionChunk:
        seen, horizon = self._codec.view(observation), self._codec.horizon
        targets = self._codec.targets([seen.T_base_ee_commanded] * horizon, [seen.state.gripper_width] * horizon)
        return self._codec.chunk_of_targets(seen, targets, TaskStatus.ONGOING, 0)

    def reset(self) -> None: ...


def run(scene: Scene, policy: Callable[[World], Policy]) -> tuple[Outcome, float, str]:
    runner = EpisodeRunner(EpisodeSettings(EXPERT, set_name="absent"))
    world = World(scene, load_embodiment("franka"), timestep=0.002)
    try:
        made = Rollout(world, runner.follower(), policy(world), runner.task, RolloutConfig())
        judge = made.run()
        return judge.outcome, judge.elapsed, judge.reason
    finally:
        world.close()


def test_a_refusal_is_right_and_so_is_touching_nothing(scenes: list[Scene]) -> None:
    result = EpisodeRunner(EpisodeSettings(EXPERT, set_name="absent")).run(SEEDS[0])
    assert (result.success, result.first_lifted, result.target) == (True, None, "")
    figures = summary([result])
    assert (figures["if_rate"], figures["if_rate_chance"]) == (1.0, 0.0)
    outcome, elapsed, _ = run(scenes[0], Asleep)
    assert outcome == Outcome.SUCCESS
    assert elapsed == pytest.approx(25.0, abs=0.2)


def test_taking_something_is_a_failure_that_says_what(scenes: list[Scene]) -> None:
    scene = scenes[0]
    arm = EpisodeRunner(EpisodeSettings(EXPERT)).arm_model

    def expert(world: World) -> Policy:
        return ExpertPolicy(world, arm, target=scene.objects[0].name)

    outcome, _, reason = run(scene, expert)
    assert outcome == MANIPULATED
    assert reason.startswith(f"moved the {scene.objects[0].model.color}")
    assert reason.endswith("and what was asked for is not there")


def test_an_operator_is_told_to_touch_nothing(scenes: list[Scene]) -> None:
    (said,) = load_task("grasping").prompts(scenes[0])
    assert "leave everything where it stands" in said


def test_where_all_is_there_nothing_can_be_asked_for() -> None:
    with pytest.raises(ConfigError, match="take other categories"):
        grasping_scene("absent", 0, objects="test/assets/objects")
