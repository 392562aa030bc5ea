# SPDX-License-Identifier: Apache-2.0
"""What generated episodes hold: errors that are marked, actions that lead on, boxes where the objects are."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from vla_ros.data.datasets.editing.frame_ranges import valid_runs
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.data.datasets.video import open_video
from vla_ros.objects.category import categories
from vla_ros.policies.actions.encoding import ActionEncoding, one_sided
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.visibility import project
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.demonstrators.errors import FailureMode
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.grounding_maker import SEEN
from vla_ros.training.generation.settings import GenerationSettings, Rejection

SEED = 1  # a scene of two objects, one of which can be wrong
NOVEL = {name for name, category in categories().items() if category.split == "novel"}
DEMONSTRATED = {name for name, category in categories().items() if category.split == "action"}


@pytest.fixture(scope="module")
def maker() -> EpisodeMaker:
    return EpisodeMaker(GenerationSettings())


@pytest.fixture(scope="module")
def scene() -> Scene:
    return grasping_scene("basic", SEED, "generation")


def play(maker: EpisodeMaker, scene: Scene, failure_mode: FailureMode) -> EncodedEpisode | Rejection:
    return maker.play(scene, failure_mode, np.random.default_rng(SEED))


@pytest.fixture(scope="module")
def demonstration(maker: EpisodeMaker, scene: Scene) -> Callable[[FailureMode], EncodedEpisode]:
    """Return what plays the scene with an error: once each."""

    @functools.cache
    def played(failure_mode: FailureMode) -> EncodedEpisode:
        made = play(maker, scene, failure_mode)
        assert isinstance(made, EncodedEpisode), "in this scene each error is recovered from"
        return made

    return played


@pytest.fixture(
    params=[
        *(FailureMode.NONE, FailureMode.MISSED),
        *(pytest.param(mode, marks=pytest.mark.slow) for mode in FailureMode if mode.value not in ("none", "missed")),
    ]
)
def failure_mode(request: pytest.FixtureRequest) -> FailureMode:
    return request.param


@pytest.fixture
def episode(demonstration: Callable[[FailureMode], EncodedEpisode], failure_mode: FailureMode) -> EncodedEpisode:
    return demonstration(failure_mode)


@pytest.fixture(scope="module")
def groundings(maker: EpisodeMaker) -> list[EncodedEpisode]:
    made = [maker.make_grounding(seed) for seed in range(3)]
    return [episode for episode in made if isinstance(episode, EncodedEpisode)]


def test_a_demonstration_has_its_scenes_words_and_a_picture_for_each_frame(
    episode: EncodedEpisode, scene: Scene
) -> None:
    assert episode.tasks == (scene.instruction,)
    assert {video.frames for video in episode.videos.values()} == {episode.length}


def test_the_same_seed_makes_the_same_episode(
    maker: EpisodeMaker, scene: Scene, demonstration: Callable[[FailureMode], EncodedEpisode]
) -> None:
    first, again = demonstration(FailureMode.NONE), play(maker, scene, FailureMode.NONE)
    assert isinstance(again, EncodedEpisode)
    assert first.videos["observation.images.front"].data == again.videos["observation.images.front"].data
    for name, values in first.columns.items():
        np.testing.assert_array_equal(values, again.columns[name], err_msg=name)


def test_an_action_leads_to_the_next_frames_anchor(maker: EpisodeMaker, episode: EncodedEpisode) -> None:
    encoding = ActionEncoding(maker.contract.action, maker.contract.quaternion_side)
    side = np.array(maker.contract.quaternion_side)
    anchors, actions = episode.columns[ANCHOR], episode.columns[ACTION]
    reached = np.array([encoding.decode(a[None], b)[0] for a, b in zip(actions, anchors, strict=True)])[:-1]
    np.testing.assert_allclose(reached[:, :3], anchors[1:, :3], atol=1e-5)
    np.testing.assert_allclose(one_sided(reached[:, 3:7], side), anchors[1:, 3:], atol=1e-5)


def test_boxes_are_around_the_objects(scene: Scene, episode: EncodedEpisode) -> None:
    for camera in scene.cameras:
        boxes = episode.columns[notes.boxes_column(camera.name)]
        low, high, seen = boxes[..., :2], boxes[..., 2:4], boxes[..., 4] > 0
        assert (low[seen] <= high[seen]).all()
        assert (low[seen] >= -0.5).all()
        assert (high[seen] <= np.array(camera.size) - 0.5).all()
        for row in range(len(scene.objects)):
            middles, _ = project(camera, episode.columns[notes.POSITIONS][:, row])
            inside = (low[:, row] <= middles) & (middles <= high[:, row])
            assert inside.all(axis=1).mean() > 0.7


def test_errors_are_marked_not_to_be_imitated(episode: EncodedEpisode, failure_mode: FailureMode) -> None:
    valid, closed = episode.columns[notes.VALID] == 1, episode.columns[notes.CLOSED] == 1
    closing = (episode.columns[ACTION][:, -1] < 0.005) & ~closed
    if failure_mode is FailureMode.NONE:
        assert not closing.any()
    else:
        assert not valid.all()
    if failure_mode in (FailureMode.MISSED, FailureMode.EMPTY):
        assert closing.any()
        assert (valid & closing).sum() <= 1  # the first chunk afterwards may open a frame late
    assert valid[-10:].all(), "every demonstration ends well"


def test_no_frame_in_which_a_wrong_object_still_goes_up_is_an_example(maker: EpisodeMaker) -> None:
    lifts = grasping_scene("distractor", 100, "generation")  # it takes the wrong object some way up there
    made = maker.play(lifts, FailureMode.WRONG, np.random.default_rng(100))
    assert isinstance(made, EncodedEpisode)
    valid, closed = made.columns[notes.VALID] == 1, made.columns[notes.CLOSED] == 1
    up, width = made.columns[ACTION][:, 2], made.columns[ACTION][:, -1]
    put_back = valid & ~closed & (width < 0.005)
    assert put_back.sum() > 5
    assert up[put_back].max() < 0.001  # [m] a frame


def test_after_the_closure_the_grasp_is_the_tools_next_pose(maker: EpisodeMaker, episode: EncodedEpisode) -> None:
    side = np.array(maker.contract.quaternion_side)
    anchors, grasps = episode.columns[ANCHOR], episode.columns[notes.GRASP]
    closed = np.flatnonzero(episode.columns[notes.CLOSED][:-1])
    assert closed.size
    np.testing.assert_allclose(grasps[closed, :3], anchors[closed + 1, :3], atol=1e-5)
    np.testing.assert_allclose(one_sided(grasps[closed, 3:7], side), anchors[closed + 1, 3:], atol=1e-5)


def test_what_a_grounding_frame_names_is_seen_by_both_cameras(groundings: list[EncodedEpisode], scene: Scene) -> None:
    assert groundings
    for episode in groundings:
        targets = episode.columns[notes.TARGET]
        for camera in scene.cameras:
            boxes = episode.columns[notes.boxes_column(camera.name)]
            assert (boxes[np.arange(episode.length), targets, 4] >= SEEN).all()


def test_novel_categories_never_appear_and_demonstrations_hold_action_ones(
    groundings: list[EncodedEpisode], episode: EncodedEpisode
) -> None:
    assert NOVEL
    for made in (*groundings, episode):
        for text in (*made.columns[notes.OBJECT_NAMES], *made.tasks):
            assert not NOVEL & set(text.replace(";", " ").split()), text
    for text in episode.columns[notes.OBJECT_NAMES]:
        assert {name.split()[-1] for name in text.split(";")} <= DEMONSTRATED


def test_what_is_known_from_boxes_alone_carries_no_grasp() -> None:
    """Scenes of grounding categories alone: boxes and words, and nothing of how they are grasped."""
    settings = GenerationSettings(grounding_categories="grounding", grounding=1)
    made = next(
        one for seed in range(20) if isinstance(one := EpisodeMaker(settings).make_grounding(seed), EncodedEpisode)
    )
    assert notes.GRASP_OPTIONS not in made.columns
    for text in made.columns[notes.OBJECT_NAMES]:
        names = {name.split()[-1] for name in text.split(";")}
        assert names
        assert not names & (DEMONSTRATED | NOVEL)


def test_a_clean_demonstration_by_another_contract_is_the_same_motion_without_the_errors(
    scene: Scene, demonstration: Callable[[FailureMode], EncodedEpisode]
) -> None:
    """Joints and width, small pictures, as LeRobot's policies expect it; episodes end where frames are left out."""
    other = EpisodeMaker(GenerationSettings(contract="franka_grasp_lerobot", clean=True))
    made = play(other, scene, FailureMode.MISSED)
    assert isinstance(made, tuple)
    whole = demonstration(FailureMode.MISSED).columns
    runs = list(valid_runs(whole[notes.VALID]))
    assert [episode.source for episode in made] == [f"{first}-{end}" for first, end in runs]
    assert len(runs) >= 2
    states, widths = whole[STATE][:, [*range(7), 14]], whole[ACTION][:, 6]
    for episode, (first, end) in zip(made, runs, strict=True):
        assert set(episode.columns) & {ANCHOR, "observation.calibration.front"} == set()
        np.testing.assert_array_equal(episode.columns[STATE], states[first:end])
        after = np.minimum(np.arange(first, end) + 1, len(states) - 1)
        np.testing.assert_array_equal(episode.columns[ACTION][:, :7], states[after, :7])
        np.testing.assert_array_equal(episode.columns[ACTION][:, 7], widths[first:end])
        assert episode.columns[notes.VALID].all()
        boxes = episode.columns[notes.boxes_column("front")]
        assert boxes[..., :4].max() <= 223.5
        for video in episode.videos.values():
            assert video.frames == end - first
            with open_video(io.BytesIO(video.data)) as file:
                assert (file.streams.video[0].width, file.streams.video[0].height) == (224, 224)
    full = whole[notes.boxes_column("front")][runs[0][0], 0, :4]
    small = made[0].columns[notes.boxes_column("front")][0, 0, :4]
    scale = 224 / 480
    np.testing.assert_allclose(small, (full - [80, 0, 80, 0] + 0.5) * scale - 0.5, atol=0.01)


def test_absolute_poses_are_those_that_were_commanded(
    scene: Scene, demonstration: Callable[[FailureMode], EncodedEpisode]
) -> None:
    other = EpisodeMaker(GenerationSettings(contract="franka_grasp_lerobot_pose"))
    made = play(other, scene, FailureMode.NONE)
    assert isinstance(made, EncodedEpisode)
    whole = demonstration(FailureMode.NONE).columns
    encoding = ActionEncoding(other.contract.action)
    poses = encoding.decode(made.columns[ACTION], np.zeros(7))
    np.testing.assert_allclose(poses[:-1, :3], whole[ANCHOR][1:, :3], atol=1e-6)
    side = np.array(other.contract.quaternion_side)
    np.testing.assert_allclose(one_sided(poses[:-1, 3:7], side), whole[ANCHOR][1:, 3:], atol=1e-6)
    np.testing.assert_array_equal(made.columns[STATE], whole[STATE][:, 7:])
