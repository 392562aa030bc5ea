# SPDX-License-Identifier: Apache-2.0
"""The drawer task's expert: its ways by themselves, and whole episodes through the real follower."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from controllers.chunks.chunk import TaskStatus
from vla_ros.evaluation.observing import Observer
from vla_ros.evaluation.rollout import Rollout
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.sim.grasping.motion import MotionPhase
from vla_ros.sim.world import World
from vla_ros.tasks.drawer.expert import DrawerExpert
from vla_ros.tasks.drawer.motion import tool_at
from vla_ros.tasks.drawer.planning import OPENED, HandlePlanner

SEED = 700


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert", task="drawer"))


@pytest.fixture
def world(runner) -> Iterator[World]:
    world = World(runner.scene(SEED), runner.embodiment, timestep=0.002)
    yield world
    world.close()


def slide(world: World, expert: DrawerExpert, opening: float) -> None:
    world.data.joint(expert.drawer.joint).qpos[0] = opening
    world.step()


def look(world: World, expert: DrawerExpert):
    follower = EpisodeRunner(EpisodeSettings(policy="expert", task="drawer")).follower()
    follower.activate(world.q, world.dq, {"panda_hand/width": 0.08}, world.time)
    return expert.infer(Observer(world, world.scene.instruction, 0.1).observe(follower.progress))


@pytest.mark.parametrize("pitch", [0.0, 0.6, np.pi / 2])
@pytest.mark.parametrize("flipped", [False, True])
def test_the_tool_points_down_or_at_the_front_and_closes_across_it(pitch, flipped):
    outward = np.array([-np.cos(0.3), np.sin(0.3), 0.0])
    T = tool_at(np.array([0.5, 0.1, 0.2]), outward, pitch, flipped)
    np.testing.assert_allclose(T[:3, :3] @ T[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(T[:3, :3]) == pytest.approx(1.0)
    assert T[:3, 2] @ (0.0, 0.0, -1.0) == pytest.approx(np.cos(pitch))
    assert T[:3, 2] @ -outward == pytest.approx(np.sin(pitch))
    assert abs(T[:3, 1] @ outward) < 1e-12
    assert abs(T[2, 1]) < 1e-12


def test_a_pull_takes_the_handle_and_goes_with_the_drawer(runner, world):
    expert = DrawerExpert(world, runner.arm_model)
    drawer = expert.drawer
    steps = expert.handles.pull(drawer, 0.0, world.T_base_ee, world.arm.q)
    assert steps is not None
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases[-5:] == [MotionPhase.ARRIVE, MotionPhase.CLOSE, MotionPhase.PULL, MotionPhase.RELEASE,
                           MotionPhase.RETREAT]  # fmt: skip
    closing = next(step for step in steps if step.phase is MotionPhase.CLOSE)
    np.testing.assert_allclose(closing.T_base_ee[:3, 3], drawer.handle_at(0.0), atol=1e-9)
    pulled = [step for step in steps if step.phase is MotionPhase.PULL]
    assert {step.width for step in pulled} == {0.0}
    np.testing.assert_allclose(pulled[-1].T_base_ee[:3, 3], drawer.handle_at(OPENED * drawer.travel), atol=1e-9)
    assert steps[-1].width > 0.04


def test_a_push_begins_before_the_handle_with_closed_fingers_and_ends_where_it_is_closed(runner, world):
    expert = DrawerExpert(world, runner.arm_model)
    drawer = expert.drawer
    slide(world, expert, 0.14)
    steps = expert.handles.push(drawer, 0.14, world.T_base_ee, world.arm.q)
    assert steps is not None
    assert {step.width for step in steps} == {0.0}
    before = next(step for step in steps if step.phase is MotionPhase.PUSH).T_base_ee[:3, 3]
    assert 0.02 < (before - drawer.handle_at(0.14)) @ drawer.outward < 0.08
    end = (steps[-1].T_base_ee[:3, 3] - drawer.handle_at(0.0)) @ drawer.outward
    assert 0.0 < end < 0.03  # a finger's width before the handle of the closed drawer


def test_a_handle_out_of_reach_has_no_way(runner, world):
    planner = HandlePlanner(world, runner.arm_model)
    drawer = DrawerExpert(world, runner.arm_model).drawer
    T = np.array(drawer.T_base_fixture)
    T[:3, 3] += (1.0, 0.0, 0.0)
    far = type(drawer)(**{**vars(drawer), "T_base_fixture": tuple(map(tuple, T.tolist()))})
    assert planner.pull(far, 0.0, world.T_base_ee, world.arm.q) is None


def test_an_expert_without_a_way_says_so(runner, world, monkeypatch):
    expert = DrawerExpert(world, runner.arm_model)
    monkeypatch.setattr(expert.handles, "pull", lambda *given: None)
    chunk = look(world, expert)
    assert chunk.status is TaskStatus.INVALID
    assert expert.explanation == "no reachable way to open the drawer"


def test_what_is_put_in_goes_to_the_middle_of_what_is_open(runner, world):
    expert = DrawerExpert(world, runner.arm_model)
    for opening in (0.10, 0.15):
        slide(world, expert, opening)
        site = expert.filling.site()
        place = np.linalg.inv(expert.drawer.pose(opening)) @ site.T_base_site[:, 3]
        front = min(x for x, _ in expert.drawer.inside.outline)
        assert front < place[0] < front + opening
        assert place[0] == pytest.approx(front + (opening - 0.01) / 2, abs=1e-3)
        over = site.T_base_site[:3, 3] + (0.0, 0.0, 0.1)
        assert site.receptacle.over(site.T_base_site, over)


def test_with_the_thing_in_a_closed_drawer_there_is_nothing_to_do(runner, world):
    expert = DrawerExpert(world, runner.arm_model)
    joint = world.model.body(world.scene.target).jntadr[0]
    start = world.model.jnt_qposadr[joint]
    middle = expert.drawer.pose(0.0) @ (*np.mean(expert.drawer.inside.outline, axis=0), 0.0, 1.0)
    low = expert._body.lowest(world.object_pose(world.scene.target)) - world.object_pose(world.scene.target)[2, 3]
    world.data.qpos[start : start + 3] = (*middle[:2], middle[2] + expert.drawer.inside.floor - low + 0.001)
    world.step()
    assert expert.inside
    assert look(world, expert).status is TaskStatus.TERMINATED


def test_a_drawer_is_pulled_open_and_held_by_nothing_but_friction(runner, world):
    expert = DrawerExpert(world, runner.arm_model)
    pads = world.model.geom_priority == 1
    world.model.geom_friction[pads, 0] = 1e-3  # soap: the bar slides through the fingers
    limits = dataclasses.replace(runner.task.limits, time_limit_s=9.0)
    Rollout(world, runner.follower(), expert, runner.task, limits=limits).run()
    assert expert.opening < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", [700, 703, 706])
def test_a_whole_episode(runner, seed):
    episode = runner.run(seed)
    assert episode.success, episode.cause
    assert episode.attempts == 1
    assert episode.progress == 1.0
