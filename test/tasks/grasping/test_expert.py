# SPDX-License-Identifier: Apache-2.0
"""The scripted expert and its planner in real scenes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vla_ros.evaluation.rollout import Rollout
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.tasks.judging import Outcome


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert"))


@pytest.mark.parametrize(("categories", "seed"), [("action", 5), ("grounding", 3), ("novel", 4)])
def test_lifts_what_is_named_at_the_first_attempt(categories: str, seed: int) -> None:
    episode = EpisodeRunner(EpisodeSettings(policy="expert", categories=categories)).run(seed)
    assert (episode.outcome, episode.attempts, episode.first_lifted) == ("success", 1, episode.target)
    assert 20 <= episode.steps <= 100
    assert episode.spl == 1.0


def test_a_late_chunk_does_not_stop_it(runner: EpisodeRunner) -> None:
    episode = EpisodeRunner(dataclasses.replace(runner.settings, latency_s=0.2)).run(5)
    assert episode.success


def test_a_slippery_object_is_tried_again_elsewhere(runner: EpisodeRunner) -> None:
    world = World(runner.scene(6), runner.embodiment, timestep=0.002)
    world.model.pair_friction[:, :2] = 1e-3  # of soap, where pads touch it: no grasp holds
    expert = ExpertPolicy(world, runner.arm_model)
    task = Rollout(world, runner.follower(), expert, runner.task).run()
    assert task.outcome is not Outcome.SUCCESS
    assert task.attempts >= 2
    places = [grasp[:3, 3] for grasp in expert.failed]
    assert np.linalg.norm(places[0] - places[1]) > 1e-3


def test_planned_ways_are_reachable_and_free(runner: EpisodeRunner) -> None:
    world = World(runner.scene(7), runner.embodiment, timestep=0.002)
    planner = GraspPlanner(world, runner.arm_model)
    planned = planner.plan(world.scene.target, world.T_base_ee, world.q)
    assert planned is not None
    assert planned.clean
    assert {step.phase for step in planned.approach} == {MotionPhase.APPROACH}
    np.testing.assert_allclose(planned.approach[-1].T_base_ee, planned.grasp.T_base_grasp, atol=1e-6)


def test_a_grasp_that_failed_is_not_planned_again(runner: EpisodeRunner) -> None:
    world = World(runner.scene(7), runner.embodiment, timestep=0.002)
    planner = GraspPlanner(world, runner.arm_model)
    target = world.scene.target
    first = planner.plan(target, world.T_base_ee, world.q)
    T_object_grasp = np.linalg.inv(world.object_pose(target)) @ first.grasp.T_base_grasp
    second = planner.plan(target, world.T_base_ee, world.q, failed=[T_object_grasp])
    R = first.grasp.T_base_grasp[:3, :3].T @ second.grasp.T_base_grasp[:3, :3]
    apart = np.linalg.norm(first.grasp.T_base_grasp[:3, 3] - second.grasp.T_base_grasp[:3, 3])
    assert apart > 0.01 or np.trace(R) < 1.0 + 2.0 * np.cos(0.2)


def far_away(scene: Scene) -> Scene:
    """Return the scene with its target out of the arm's reach, on the floor."""
    placed = scene.target_object
    T = placed.T_base_object.copy()
    T[:3, 3] = [1.6, 1.0, scene.floor_height + 0.1]
    moved = PlacedObject(placed.name, placed.model, T)
    others = tuple(other for other in scene.objects if other.name != placed.name)
    return dataclasses.replace(scene, objects=(moved, *others))


def test_out_of_reach_is_said_and_nothing_moves(runner: EpisodeRunner) -> None:
    episode = runner.run_scene(far_away(runner.scene(5)))
    assert episode.outcome == Outcome.GAVE_UP.value
    assert "no reachable grasp" in episode.cause
    assert (episode.attempts, episode.reference_steps) == (0, episode.steps)


def test_motion_follows_the_action_period() -> None:
    assert ExpertMotionConfig().period == pytest.approx(0.1)
