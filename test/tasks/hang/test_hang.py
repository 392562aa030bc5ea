# SPDX-License-Identifier: Apache-2.0
"""The hang task: scenes, words, what lies over a bar, the judge, and the expert through the real follower."""

import dataclasses
import json

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.evaluation.rollout import Rollout
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.hangers import BAR
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.garments.judge import FALLEN
from vla_ros.tasks.garments.words import names
from vla_ros.tasks.hang.expert import HangExpert
from vla_ros.tasks.hang.judge import STEPS
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.hang.motion import HangMotion, hang_over
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.hands import Hand, Lean, tools_of

ROBOT, OPEN, SEED = "bytemini", 0.09, 500
UP = np.array([-0.3, 0.0, 0.4])  # [m] to where it is lifted, before the bar


def drawn(seed: int, **changes):
    return load_task("hang").scene(SceneRequest("basic", seed, robot=ROBOT, **changes))


@pytest.fixture(scope="module")
def scene():
    return drawn(SEED)


@pytest.fixture(scope="module")
def measure(scene):
    return HangMeasure.read(HangMeasure.facts(scene.cloths[0].model, scene.fixtures[0]))


def flat(scene) -> np.ndarray:
    """Return the garment's vertices (V, 3) [m] as it lies on the table."""
    (placed,) = scene.cloths
    points = np.column_stack([placed.model.flat, np.zeros(len(placed.model.flat))])
    vertices = points @ placed.T_base_cloth[:3, :3].T + placed.T_base_cloth[:3, 3]
    vertices[:, 2] = scene.table.height + placed.model.thickness / 2
    return vertices


def draped(scene, measure, behind: float, up: float = 0.0) -> np.ndarray:
    """Return its vertices (V, 3) [m] as it hangs with its hem `behind` [m] of cloth from the bar's top, `up` higher."""
    (placed,) = scene.cloths
    bar, radius = measure.bar, BAR + placed.model.thickness / 2
    along = placed.model.flat[:, 0] + placed.model.size[0] / 2 - behind  # [m] of cloth from the bar's top to the front
    angle = np.clip(along / radius, -np.pi / 2, np.pi / 2)
    down = np.maximum(np.abs(along) - radius * np.pi / 2, 0.0)
    across, above = -radius * np.sin(angle), radius * np.cos(angle) - down + up
    aside = placed.model.flat[:, 1]
    level = bar.middle[:2] + across[:, None] * bar.onwards + aside[:, None] * bar.left
    return np.column_stack([level, bar.middle[2] + above])


def touching(scene, vertices: np.ndarray) -> np.ndarray:
    """Return vertices (V, 3) [m] of which the lowest is on the table."""
    lower = vertices.copy()
    lower[lower[:, 2].argmin(), 2] = scene.table.height + 0.003
    return lower


class Episode:
    """A judge of a scene that is shown one state after the other, the hands away unless told."""

    def __init__(self, scene, instruction: str = "", **limits) -> None:
        self.task, self.scene, self.time = load_task("hang"), scene, 0.0
        shown = json.loads(json.dumps(announcement(self.task, scene)))
        rules = dataclasses.replace(self.task.limits, **limits)
        start = self._truth(flat(scene), OPEN, 0.3)
        self.judge = self.task.judge(shown, load_embodiment(ROBOT), start, rules, instruction)

    def _truth(self, vertices: np.ndarray, width: float, away: float) -> Truth:
        tool = np.eye(4)
        tool[:3, 3] = vertices[vertices[:, 2].argmax()] + np.array([0.0, 0.0, away])
        (placed,) = self.scene.cloths
        widths = {"left_gripper": width, "right_gripper": OPEN}
        return Truth(self.time, {}, widths, {"left": tool}, {}, {placed.name: vertices})

    def show(self, vertices: np.ndarray, seconds: float, width: float = OPEN, away: float = 0.3) -> Outcome:
        for _ in range(round(seconds / 0.1)):
            self.time += 0.1
            self.judge.update(self._truth(vertices, width, away))
        return self.judge.outcome


def test_a_scene_is_a_function_of_its_seed(scene) -> None:
    again = drawn(SEED)
    (one,), (two,) = scene.cloths, again.cloths
    np.testing.assert_array_equal(one.T_base_cloth, two.T_base_cloth)
    np.testing.assert_array_equal(one.model.texture, two.model.texture)
    np.testing.assert_array_equal(scene.fixtures[0].T_base_fixture, again.fixtures[0].T_base_fixture)
    assert (one.name, scene.instruction) == (two.name, again.instruction)
    assert (scene.target, scene.objects) == ("", ())


def test_scenes_differ_in_size_colour_pose_hanger_and_words() -> None:
    scenes = [drawn(seed) for seed in range(20)]
    models = [one.cloths[0].model for one in scenes]
    assert len({model.color for model in models}) > 4
    assert len({model.size for model in models}) == len(scenes)
    heights = [
        HangMeasure.facts(one.cloths[0].model, one.fixtures[0])["bar"][0][2] - one.table.height for one in scenes
    ]
    assert np.ptp(heights) > 0.02
    assert all(one.cloths[0].model.color != one.fixtures[0].model.color for one in scenes)
    assert len({one.instruction.replace(model.color + " ", "") for one, model in zip(scenes, models, strict=True)}) > 3


def test_words_name_the_garment_and_unseen_ones_are_for_evaluation_alone() -> None:
    common = {drawn(seed).instruction for seed in range(30)}
    unseen = {drawn(seed, wording="unseen").instruction for seed in range(30)}
    assert not common & unseen
    assert all(names("hang", words, "T-shirt") for words in common | unseen)
    with pytest.raises(ConfigError, match="is for stream evaluation"):
        drawn(0, stream="generation", wording="unseen")


def test_one_handed_robots_and_parts_are_refused() -> None:
    with pytest.raises(ConfigError, match="takes two hands, and robot 'franka' has 1"):
        load_task("hang").check(SceneRequest("basic", 0, robot="franka"))
    with pytest.raises(ConfigError, match="the garment has no parts"):
        load_task("hang").check(SceneRequest("basic", 0, robot=ROBOT, by_part=True))


def test_a_garment_lies_over_the_bar_where_its_threads_cross_above(scene, measure) -> None:
    assert not measure.over(flat(scene))  # it lies below the bar, on either side of it
    hung = draped(scene, measure, 0.13)
    assert measure.over(hung)
    assert 0.3 < measure.behind(hung) < 0.6
    beside = hung.copy()
    beside[:, :2] += 0.6 * measure.bar.left
    assert not measure.over(beside)


def test_a_garment_that_hangs_still_is_a_success_step_by_step(scene, measure) -> None:
    episode = Episode(scene)
    assert episode.show(flat(scene), 0.5) == Outcome.RUNNING
    lifted = flat(scene) + UP
    progress = []
    hung = draped(scene, measure, 0.13)
    for vertices in (lifted, touching(scene, hung), hung):
        episode.show(vertices, 0.3, width=0.0)
        progress.append(episode.judge.progress)
    assert progress == pytest.approx([0.2, 0.4, 0.6])
    assert episode.show(draped(scene, measure, 0.13), 0.5) == Outcome.RUNNING
    assert episode.judge.progress == pytest.approx(0.8)
    assert episode.show(draped(scene, measure, 0.13), 1.0) == Outcome.SUCCESS
    assert (episode.judge.attempts, episode.judge.progress, episode.judge.cause()) == (1, 1.0, "")
    events = episode.judge.take_events()
    assert [event for event in events if event.startswith("the garment is")] == [f"the garment is {s}" for s in STEPS]
    assert episode.judge.figures()["lowest_m"] > 0.05


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        ("held", "over the bar, not let go"),
        ("near", "hangs, not still with the hands away"),
        ("swinging", "hangs, not still with the hands away"),
        ("on the table", "over the bar, a part on the table"),
        ("lifted", "lifted, never over the bar"),
    ],
)
def test_what_does_not_hang_yet_is_no_success(scene, measure, why, cause) -> None:
    episode = Episode(scene, time_limit_s=4.0)
    episode.show(flat(scene), 0.2)
    episode.show(flat(scene) + UP, 0.4, width=0.0)
    for step in range(40):
        vertices = draped(scene, measure, 0.13)
        if why == "on the table":
            vertices = touching(scene, vertices)
        if why == "swinging":
            vertices[0, 0] += 0.02 * (step % 2)
        if why == "lifted":
            vertices = flat(scene) + UP
        episode.show(vertices, 0.1, width=0.0 if why == "held" else OPEN, away=0.02 if why == "near" else 0.3)
    assert episode.judge.outcome == Outcome.TIME
    assert episode.judge.cause() == cause


def test_a_garment_that_slides_off_is_said_to_have_done_so(scene, measure) -> None:
    episode = Episode(scene, time_limit_s=3.0)
    for width in (OPEN, 0.0):
        episode.show(flat(scene), 0.2, width=width)
    episode.show(draped(scene, measure, 0.13), 0.3, width=0.0)
    episode.show(draped(scene, measure, 0.03), 0.3)
    episode.show(flat(scene), 2.5)
    assert (episode.judge.outcome, episode.judge.cause()) == (Outcome.TIME, "slid off the bar")
    assert "the garment is off the bar again" in episode.judge.take_events()


def test_a_garment_that_is_taken_off_again_was_never_let_go(scene, measure) -> None:
    episode = Episode(scene, time_limit_s=2.0)
    for vertices, width in ((flat(scene), OPEN), (draped(scene, measure, 0.13), 0.0), (flat(scene), 0.0)):
        episode.show(vertices, 0.7, width=width)
    assert episode.judge.cause() == "taken off the bar again"


def test_closing_too_often_and_falling_off_end_an_episode(scene) -> None:
    episode = Episode(scene, attempts=1)
    episode.show(flat(scene), 0.2)
    for width in (0.0, OPEN, 0.0):
        episode.show(flat(scene), 0.2, width=width)
    assert episode.judge.outcome == Outcome.ATTEMPTS
    assert episode.judge.cause() == "closed, nothing lifted"
    idle = Episode(scene, time_limit_s=0.5)
    assert idle.show(flat(scene), 0.6) == Outcome.TIME
    assert idle.judge.cause() == "never closed the gripper"
    fallen = Episode(scene)
    assert fallen.show(flat(scene) - (0.0, 0.0, 0.3), 0.2) == FALLEN
    assert fallen.judge.cause() == "garment fell off the table"


def test_words_that_name_no_such_garment_are_not_judged(scene, measure) -> None:
    hung = draped(scene, measure, 0.13)
    assert Episode(scene, "hang up the towel").show(hung, 1.5) == Outcome.UNJUDGED
    assert Episode(scene, "please put my T-shirt onto that rack").show(hung, 1.5) == Outcome.SUCCESS


@pytest.mark.parametrize(("behind", "hangs"), [(0.13, True), (0.04, False)])
def test_the_simulator_bears_a_garment_that_is_balanced_and_no_other(scene, measure, behind, hangs) -> None:
    (placed,) = scene.cloths
    world = World(scene, load_embodiment(ROBOT), timestep=0.002, settle=False)
    vertices = draped(scene, measure, behind, up=0.002)
    for index, point in enumerate(vertices):
        body = world.model.body(f"{placed.name}_{index}")
        world.data.qpos[world.model.jnt_qposadr[body.jntadr[0]] :][:3] = point - body.pos
    world.step(1500)
    assert measure.over(world.cloth_vertices(placed.name)) is hangs
    lowest = float(world.cloth_vertices(placed.name)[:, 2].min()) - scene.table.height
    assert lowest > 0.05 if hangs else lowest < 0.01
    world.close()


def test_hands_go_over_the_bar_and_let_go_behind_it(measure) -> None:
    bar, motion = measure.bar, HangMotion()
    start = tools_of([Hand((0.4, side, 0.9), 0.0, 0.1) for side in (0.2, -0.2)])
    hem = np.array([[0.33, 0.1], [0.33, 0.0], [0.33, -0.1]])
    height = float(bar.middle[2])
    leans = (Lean(0.2, height - 0.25), Lean(0.2, height))
    segments = hang_over(start, hem, np.array([1.0, 0.0]), bar, leans, OPEN, motion)
    points = np.array([[T[:3, 3] for T in both.tools] for segment in segments for both in segment])  # (K, 2, 3)
    widths = np.array([both.width for segment in segments for both in segment])
    beyond = (points[..., :2] - bar.middle[:2]) @ bar.onwards
    passing = np.abs(beyond) < 0.03
    assert passing.any(axis=0).all()
    assert points[..., 2][passing].min() > height + BAR + 0.02  # no finger meets the bar
    held = widths < motion.release
    assert beyond[held].max() == pytest.approx(motion.drawn)
    released = int(np.flatnonzero(~held & (np.arange(len(held)) > np.flatnonzero(held)[0]))[0])
    assert beyond[released] == pytest.approx(motion.drawn)
    assert beyond[-1] == pytest.approx(-motion.back)


def test_one_chunk_moves_both_arms(scene) -> None:
    runner = EpisodeRunner(EpisodeSettings(policy="expert", robot=ROBOT, task="hang"))
    world = World(scene, runner.embodiment, timestep=0.002)
    expert = HangExpert(world)
    run = Rollout(world, runner.follower(), expert, runner.task)
    run.follower.activate(world.q, world.dq, run._execution.begin(), world.time)
    chunk = expert.infer(run._observe())
    assert chunk.arms == ("left", "right")
    assert {"left_gripper/width", "right_gripper/width"} <= set(chunk.channels)
    assert not expert.explanation
    world.close()


@pytest.mark.slow
def test_the_expert_hangs() -> None:
    runner = EpisodeRunner(EpisodeSettings(policy="expert", robot=ROBOT, task="hang"))
    episode = runner.run(SEED)
    assert episode.success, episode.cause
