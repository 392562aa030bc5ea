# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of other tasks than grasping: of an expert that grasps first, and of one that is any policy."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import ACTION
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.tasks.grasping.task import Grasping
from vla_ros.tasks.placing.task import Placing
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.demonstrators.errors import FailureMode
from vla_ros.training.generation.demonstrators.grasping import GraspDemonstrator
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.settings import GenerationSettings

SEED = 4


@pytest.fixture(scope="module")
def maker() -> EpisodeMaker:
    return EpisodeMaker(GenerationSettings(task="placing", contract="franka_grasp_lerobot_pose"))


@pytest.fixture(scope="module")
def scene(maker: EpisodeMaker) -> Scene:
    return Placing().scene(maker.settings.request("basic", SEED, tuple(maker.contract.cameras)))


def test_a_demonstration_of_placing_is_a_dataset_that_loads(maker: EpisodeMaker, scene: Scene, tmp_path) -> None:
    made = maker.play(scene, FailureMode.NONE, np.random.default_rng(SEED))
    assert isinstance(made, EncodedEpisode), made
    assert made.tasks == (scene.instruction,)
    closed, width = made.columns[notes.CLOSED] == 1, made.columns[ACTION][:, -1]
    grasped = int(np.flatnonzero(closed)[0])
    assert closed[grasped:].all(), "once it is grasped no other grasp of it is to come"
    let_go = grasped + int(np.flatnonzero(width[grasped:] > 0.01)[0])
    assert (width[grasped + 2 : let_go] < 0.01).all()
    middles = made.columns[notes.POSITIONS]
    target, goal = (next(i for i, one in enumerate(scene.objects) if one.name == name)
                    for name in (scene.target, scene.goal))  # fmt: skip
    assert (made.columns[notes.TARGET] == target).all()
    assert np.linalg.norm(middles[0, target, :2] - middles[0, goal, :2]) > 0.1
    assert np.linalg.norm(middles[-1, target, :2] - middles[-1, goal, :2]) < 0.08
    with LeRobotWriter(tmp_path / "placed", maker.schema) as writer:
        writer.add(made)
    assert check(tmp_path / "placed", deep=True) == []


def test_the_receptacle_is_never_the_wrong_object(maker: EpisodeMaker, scene: Scene) -> None:
    world = World(scene, maker._runner.embodiment)
    expert = cast(ExpertPolicy, Placing().expert(world, maker._runner.arm_model))
    rng = np.random.default_rng(0)
    others = {one.name for one in scene.objects} - {scene.target, scene.goal}
    wrong = GraspDemonstrator(world, expert, FailureMode.WRONG, rng)
    assert wrong.failure_mode is (FailureMode.WRONG if others else FailureMode.MISSED)
    assert expert.target in (others or {scene.target})
    world.close()


class AnyExpert:
    """A policy of which nobody knows that it grasps."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def reset(self) -> None:
        self._policy.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        return self._policy.infer(observation)


class AnyTask(Grasping):
    def expert(self, world: World, arm: ArmModel) -> Policy:
        return AnyExpert(super().expert(world, arm))


def test_an_expert_of_any_kind_is_played_as_it_is() -> None:
    maker = EpisodeMaker(GenerationSettings(contract="franka_grasp_lerobot_pose"))
    maker._runner.task = AnyTask()
    scene = maker._runner.task.scene(maker.settings.request("basic", 1, tuple(maker.contract.cameras)))
    made = maker.play(scene, FailureMode.MISSED, np.random.default_rng(1))
    assert isinstance(made, EncodedEpisode), made
    assert (made.columns[notes.VALID] == 1).all()
    assert (made.columns[notes.CLOSED] == 1).all()
