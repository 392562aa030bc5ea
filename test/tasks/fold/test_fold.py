# SPDX-License-Identifier: Apache-2.0
"""The fold task: scenes, words, the measure of a fold, the judge, and the expert through the real follower."""

import dataclasses
import json
from itertools import chain, pairwise

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.evaluation.rollout import Rollout
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.garments import fold_in_half
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.fold.carrying import FoldMotion, carry_over
from vla_ros.tasks.fold.expert import FoldExpert
from vla_ros.tasks.fold.measure import FoldMeasure, covered
from vla_ros.tasks.fold.scenes import sample_fold
from vla_ros.tasks.garments.judge import FALLEN
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.hands import Hand, Lean, way

ROBOT, OPEN = "agilex", 0.07
SHIRT, SHORTS = 5000, 5001  # seeds of a T-shirt and of shorts


def drawn(seed: int, **changes):
    return load_task("fold").scene(SceneRequest("basic", seed, robot=ROBOT, **changes))


@pytest.fixture(scope="module", params=[SHIRT, SHORTS])
def scene(request):
    return drawn(request.param)


def garment(scene, fold: float = 0.0) -> np.ndarray:
    """Return its vertices (V, 3) [m], base frame: flat, or its first half turned over by a share `fold` of 180°."""
    (placed,) = scene.cloths
    measure = FoldMeasure.facts(placed.model)
    ends = placed.model.flat[np.array(measure["edges"])]
    along = int(np.abs(ends[0, 0] - ends[0, 1]).argmax())
    points = np.column_stack([placed.model.flat, np.full(len(placed.model.flat), -0.004)])
    over = points[:, along] < 0.0
    angle, radius = np.pi * fold, points[over, along].copy()
    points[over, along] = radius * np.cos(angle)
    points[over, 2] += -radius * np.sin(angle)
    return points @ placed.T_base_cloth[:3, :3].T + placed.T_base_cloth[:3, 3]


class Episode:
    """A judge of a scene that is shown one state after the other, the hands away unless told."""

    def __init__(self, scene, instruction: str = "", **limits) -> None:
        self.task, self.scene, self.time = load_task("fold"), scene, 0.0
        shown = json.loads(json.dumps(announcement(self.task, scene)))
        rules = dataclasses.replace(self.task.limits, **limits)
        robot = load_embodiment(ROBOT)
        self.judge = self.task.judge(shown, robot, self._truth(garment(scene), OPEN, 0.3), rules, instruction)

    def _truth(self, vertices: np.ndarray, width: float, above: float) -> Truth:
        tool = np.eye(4)
        tool[:3, 3] = vertices.mean(axis=0) + np.array([0.0, 0.0, above])
        (placed,) = self.scene.cloths
        widths = {"left_gripper": width, "right_gripper": OPEN}
        return Truth(self.time, {}, widths, {"left": tool}, {}, {placed.name: vertices})

    def show(self, vertices: np.ndarray, seconds: float, width: float = OPEN, above: float = 0.3) -> Outcome:
        for _ in range(round(seconds / 0.1)):
            self.time += 0.1
            self.judge.update(self._truth(vertices, width, above))
        return self.judge.outcome


def test_a_scene_is_a_function_of_its_seed(scene) -> None:
    (one,), (again,) = scene.cloths, drawn(scene.seed).cloths
    np.testing.assert_array_equal(one.T_base_cloth, again.T_base_cloth)
    np.testing.assert_array_equal(one.model.texture, again.model.texture)
    assert (one.name, scene.instruction) == (again.name, drawn(scene.seed).instruction)
    assert (scene.target, scene.objects) == ("", ())


def test_scenes_differ_in_kind_size_colour_pose_and_words() -> None:
    scenes = [drawn(seed) for seed in range(20)]
    models = [one.cloths[0].model for one in scenes]
    assert {model.category for model in models} == {"T-shirt", "shorts"}
    assert len({model.color for model in models}) > 4
    assert len({model.size for model in models}) == len(scenes)
    assert len({one.instruction.replace(model.color + " ", "") for one, model in zip(scenes, models, strict=True)}) > 6


def test_unseen_words_are_for_evaluation_alone() -> None:
    common = {drawn(seed).instruction for seed in range(30)}
    unseen = {drawn(seed, wording="unseen").instruction for seed in range(30)}
    assert not common & unseen
    with pytest.raises(ConfigError, match="is for stream evaluation"):
        drawn(0, stream="generation", wording="unseen")


def test_an_area_is_counted_once_where_triangles_overlap() -> None:
    corners = np.array([(0.0, 0.0), (0.03, 0.0), (0.03, 0.03), (0.0, 0.03)])
    once, twice = covered(corners, np.array([(0, 1, 2), (0, 2, 3)])), covered(corners, np.array([(0, 1, 2)] * 2))
    assert once == pytest.approx(9e-4, rel=0.4)  # a raster of 4 mm counts the cells at its rim whole
    assert twice == pytest.approx(once / 2, rel=0.25)


def test_a_measure_is_0_flat_and_1_folded(scene) -> None:
    measure = FoldMeasure.read(FoldMeasure.facts(scene.cloths[0].model))
    assert measure.folded_area < 0.7 * measure.flat_area
    assert measure.folded(garment(scene)) < 0.06
    assert measure.folded(garment(scene, 1.0)) > 0.95
    shifted = garment(scene, 1.0)
    first = np.array(measure.edges)[:, 0]
    shifted[first, 0] += 0.03
    assert measure.gap(shifted) - measure.gap(garment(scene, 1.0)) == pytest.approx(0.03, abs=0.01)
    heap = garment(scene)
    heap[:, :2] = heap[:, :2].mean(axis=0) + 0.2 * (heap[:, :2] - heap[:, :2].mean(axis=0))
    assert measure.coverage(heap) < 0.25  # less is covered than by a fold


def test_a_fold_that_lies_still_is_a_success(scene) -> None:
    episode = Episode(scene)
    assert episode.show(garment(scene), 0.5) == Outcome.RUNNING
    assert episode.show(garment(scene, 0.6), 0.5, width=0.0) == Outcome.RUNNING
    assert episode.judge.progress < 0.1
    assert episode.show(garment(scene, 1.0), 1.5) == Outcome.SUCCESS
    assert (episode.judge.attempts, episode.judge.progress) == (1, 1.0)
    assert any("an edge is up" in event for event in episode.judge.take_events())
    assert episode.judge.figures()["coverage"] > 0.9


@pytest.mark.parametrize("why", ["held", "near", "in the air", "moving", "half"])
def test_what_is_no_fold_yet_is_no_success(scene, why) -> None:
    episode = Episode(scene)
    for step in range(12):
        vertices = garment(scene, 0.75 if why == "half" else 1.0)
        vertices[:, 2] += 0.08 if why == "in the air" else 0.0
        vertices[:, 0] += 0.01 * step if why == "moving" else 0.0
        episode.show(vertices, 0.2, width=0.0 if why == "held" else OPEN, above=0.02 if why == "near" else 0.3)
    assert episode.judge.outcome == Outcome.RUNNING


def test_closing_too_often_and_falling_off_end_an_episode(scene) -> None:
    episode = Episode(scene, attempts=1)
    episode.show(garment(scene), 0.2)
    for width in (0.0, OPEN, 0.0):
        episode.show(garment(scene), 0.2, width=width)
    assert episode.judge.outcome == Outcome.ATTEMPTS
    assert episode.judge.cause() == "closed, nothing lifted"
    fallen = Episode(scene)
    assert fallen.show(garment(scene) - (0.0, 0.0, 0.3), 0.2) == FALLEN


def test_words_that_name_no_such_garment_are_not_judged(scene) -> None:
    other = "shorts" if scene.cloths[0].model.category == "T-shirt" else "T-shirt"
    assert Episode(scene, f"fold the {other}").show(garment(scene, 1.0), 1.5) == Outcome.UNJUDGED
    own = f"please fold my {scene.cloths[0].model.category} neatly"
    assert Episode(scene, own).show(garment(scene, 1.0), 1.5) == Outcome.SUCCESS


def test_both_hands_arrive_together() -> None:
    start = [Hand((0.4, side, 0.8), 0.0, 0.5).T for side in (0.3, -0.3)]
    ends = [Hand((0.5, side, 0.6), 0.1, 0.0) for side in (0.1, -0.1)]
    steps = way(start, [ends], 0.03, 1.0)
    for arm in (0, 1):
        np.testing.assert_allclose(steps[-1].tools[arm], ends[arm].T, atol=1e-9)
        moves = [np.linalg.norm(b.tools[arm][:3, 3] - a.tools[arm][:3, 3]) for a, b in pairwise(steps)]
        assert max(moves) < 0.06
        assert moves[-1] < max(moves) / 2


def test_hands_that_come_the_other_way_round_fold_alike() -> None:
    half_turn = np.diag([-1.0, -1.0, 1.0, 1.0])  # about the tool's axis: the fingers stand as before
    taken, met = np.array([[0.3, 0.1], [0.3, -0.1]]), np.array([[0.55, 0.1], [0.55, -0.1]])
    leans = (Lean(0.2, 0.7), Lean(0.35, 0.7))
    start = [Hand((0.4, side, 0.9), 0.0, 0.1).T for side in (0.2, -0.2)]
    usual = carry_over(start, taken, met, leans, 0.07, FoldMotion())
    other = carry_over([start[0] @ half_turn, start[1]], taken, met, leans, 0.07, FoldMotion())
    for one, two in zip(chain(*usual), chain(*other), strict=True):
        np.testing.assert_allclose(two.tools[0], one.tools[0] @ half_turn, atol=1e-9)
        np.testing.assert_allclose(two.tools[1], one.tools[1], atol=1e-9)


def test_one_chunk_moves_both_arms(scene) -> None:
    runner = EpisodeRunner(EpisodeSettings(policy="expert", robot=ROBOT, task="fold"))
    world = World(scene, runner.embodiment, timestep=0.002)
    expert = FoldExpert(world)
    run = Rollout(world, runner.follower(), expert, runner.task)
    run.follower.activate(world.q, world.dq, run._execution.begin(), world.time)
    chunk = expert.infer(run._observe())
    assert chunk.arms == ("left", "right")
    assert {"left_gripper/width", "right_gripper/width"} <= set(chunk.channels)
    apart = chunk.positions("left") - chunk.positions("right")
    assert apart[-1, 1] < apart[0, 1]
    assert not expert.explanation


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SHIRT, SHORTS])
def test_the_expert_folds(seed) -> None:
    runner = EpisodeRunner(EpisodeSettings(policy="expert", robot=ROBOT, task="fold"))
    episode = runner.run(seed)
    assert episode.success, episode.cause


@pytest.mark.parametrize("seed", [5001, 5003, 5005])
def test_a_garment_lies_where_hanging_arms_reach_its_far_edge(seed) -> None:
    scene = sample_fold(SceneRequest(seed=seed, robot="ldt01"))
    (cloth,) = scene.cloths
    T, corners = cloth.T_base_cloth, cloth.model.flat[np.array(fold_in_half(cloth.model).edges).ravel()]
    left, right = load_embodiment("ldt01").arms
    edges = corners @ T[:2, :2].T + T[:2, 3]
    for x, y in edges[edges[:, 0] > T[0, 3]]:
        arm = left if y > 0.0 else right
        assert arm.reach.contains(float(np.hypot(x - arm.reach.axis[0], y - arm.reach.axis[1])), T[2, 3])
