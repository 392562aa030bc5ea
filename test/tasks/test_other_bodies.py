# SPDX-License-Identifier: Apache-2.0
"""Tasks about what is no rigid object: through the real follower, in lockstep."""

import dataclasses
import json

import numpy as np
import pytest
from scene_making.furnished_scene import CABINET, DRAWER, LID, LID_BOX, TABLE, TOWEL, furnished_scene
from scene_making.opening_task import OPEN, Opening, Script, handle, pull

from vla_ros.evaluation.choosers import chance, color_alone
from vla_ros.evaluation.expert_reference import scene_digest
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult, summary
from vla_ros.sim.world import World
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.judging import Outcome

STEP = 0.002  # [s]


@pytest.fixture(scope="module")
def runner():
    return EpisodeRunner(EpisodeSettings(policy="expert", robot="franka"))


def play(runner, world: World, script: Script, seconds: float) -> Rollout:
    task = Opening()
    limits = dataclasses.replace(task.limits, time_limit_s=seconds)
    run = Rollout(world, runner.follower(), script, task, RolloutConfig(latency_s=0.0), limits)
    run.run()
    return run


def test_a_drawer_is_pulled_open_by_its_handle(runner) -> None:
    runner.task = Opening()
    scene = furnished_scene(bodies=(CABINET,))
    episode = runner.run_scene(scene, compare=False)
    assert (episode.success, episode.attempts, episode.progress) == (True, 1, 1.0), episode.cause
    assert episode.target == ""
    assert episode.category == scene.set_name
    assert (episode.chance, episode.color_alone) == (None, None)


def test_a_judge_sees_how_far_it_is(runner) -> None:
    scene = furnished_scene(drawer=0.06, bodies=(CABINET,))
    world = World(scene, runner.embodiment, timestep=STEP)
    script = Script(world.embodiment, pull(world, np.array([0.4, 0.2, TABLE + 0.2]), np.zeros((1, 3))))
    judge = play(runner, world, script, 0.5).judge
    assert judge.outcome == Outcome.TIME
    assert judge.progress == pytest.approx(0.06 / OPEN, abs=1e-3)


def test_a_lid_is_lifted_by_its_knob(runner) -> None:
    world = World(furnished_scene(bodies=(LID_BOX, CABINET)), runner.embodiment, timestep=STEP)
    fixture = next(one for one in world.scene.fixtures if one.name == LID_BOX)
    knob = handle(world, LID_BOX, "lid")
    arm = knob - (fixture.T_base_fixture[:3, 3] + fixture.model.link("lid").joint.anchor)
    angles = np.radians([15, 30, 45])
    c, s = np.cos(angles), np.sin(angles)
    arc = np.stack([c * arm[0] + s * arm[2], np.full(3, arm[1]), c * arm[2] - s * arm[0]], axis=1) - arm
    steps = pull(world, knob, arc)
    play(runner, world, Script(world.embodiment, steps), 0.1 * len(steps) + 0.5)
    assert world.joint_position(LID) == pytest.approx(np.pi / 4, abs=0.1)


def test_a_towel_is_lifted_by_a_corner(runner) -> None:
    world = World(furnished_scene(bodies=(TOWEL, CABINET)), runner.embodiment, timestep=STEP)
    lain = world.cloth_vertices(TOWEL)
    first, *others = world.scene.cloths[0].model.corners
    inwards = lain.mean(axis=0) - lain[first]
    point = lain[first] + 0.03 * inwards / np.linalg.norm(inwards)
    point[2] = TABLE + 0.004
    steps = pull(world, point, np.array([[0.0, 0.0, 0.2]]))
    play(runner, world, Script(world.embodiment, steps), 0.1 * len(steps) + 0.5)
    vertices = world.cloth_vertices(TOWEL)
    assert np.isfinite(vertices).all()
    assert vertices[first, 2] > TABLE + 0.17  # went up with the hand
    assert vertices[others, 2].min() < TABLE + 0.02  # what hangs from it still touches the table
    threads = np.linalg.norm(np.diff(vertices.reshape(7, 7, 3), axis=0), axis=-1)
    assert np.abs(threads / 0.04 - 1.0).max() < 0.2
    assert np.abs(world.data.qvel[world.bodies.dof]).max() < 1.0


def test_a_scene_is_announced_with_all_that_is_in_it() -> None:
    scene = furnished_scene()
    said = json.loads(json.dumps(announcement(Opening(), scene)))
    assert [one["name"] for one in said["fixtures"]] == [CABINET, LID_BOX]
    assert said["fixtures"][0]["joints"] == {DRAWER: [0.0, 0.176]}
    assert [(one["name"], one["count"]) for one in said["cloths"]] == [(TOWEL, [7, 7])]
    assert said["target"] == ""


def test_figures_of_the_named_object_are_left_out_without_one() -> None:
    scene = furnished_scene()
    assert (chance(scene), color_alone(scene)) == (None, None)
    without = EpisodeResult(0, "basic", "", "tidy up", "success", True, 1, None, 20, 5.0, 1.0)
    named = dataclasses.replace(
        without, target="red_mug", first_lifted="red_mug", chance=0.5, color_alone=0.5, success=False
    )
    assert not summary([without]).keys() & {"if_rate", "if_rate_chance", "if_rate_color_alone"}
    both = summary([without, named])
    assert (both["if_rate"], both["if_rate_chance"], both["success_rate"]) == (1.0, 0.5, 0.5)


def test_digests_tell_furnished_scenes_apart() -> None:
    few = [furnished_scene(bodies=(name,)) for name in (CABINET, TOWEL)]
    scenes = [furnished_scene(), furnished_scene(drawer=0.1), *few]
    assert len({scene_digest(scene) for scene in scenes}) == len(scenes)
