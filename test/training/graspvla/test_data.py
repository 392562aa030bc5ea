# SPDX-License-Identifier: Apache-2.0
"""What training reads out of generated datasets, and what it refuses before anything is written."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from arms.delta_actions import integrate_actions
from demonstrations.sample_dataset import write_sample
from tiny.graspvla_data import generated

from controllers.errors import ConfigError
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.editing.edit import edit
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import metadata_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.actions.single_arm import STATE_TOOL
from vla_ros.policies.backbone.crops import box_window
from vla_ros.policies.backbone.matching import CROP as MATCH_CROP
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.backbone.words import WordEmbedding
from vla_ros.policies.contract import CameraStream, load_contract
from vla_ros.policies.grasp_finding.grasp_network import CROP
from vla_ros.policies.graspvla.small.chain import TOKEN_SIZE, TOKENS
from vla_ros.training.backbone import perception
from vla_ros.training.generation import annotations as notes
from vla_ros.training.graspvla import grasp_examples
from vla_ros.training.graspvla import motion as motion_module
from vla_ros.training.graspvla.motion import VARIANTS, ChainNoise, motion_batch, read_motion
from vla_ros.training.graspvla.train import all_motion
from vla_ros.training.pictures import cache, frames
from vla_ros.training.pictures.cache import cut_frames, piece_name
from vla_ros.training.pictures.crop_variation import dealt, dealt_colors, varied
from vla_ros.training.pictures.datasets import check_datasets
from vla_ros.training.pictures.flat_patterns import draw_flat_pattern
from vla_ros.training.pictures.frames import CROP_MARGIN, read_frames
from vla_ros.training.pictures.recoloring import Recoloring
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.pictures.sentences import NO_LABEL, Sentences, disguised_tokens
from vla_ros.training.pictures.training_data import TrainingData, find_datasets

PLACES = ("left", "right", "behind", "in front", "beside", "next to", "close", "near", "far", "large", "small", "big")
HORIZON = 4
CONTRACT = load_contract("franka_grasp")
VIEWS = ("front", "side")


@pytest.fixture(scope="module")
def reader() -> LeRobotReader:
    return LeRobotReader(generated() / "action")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = tmp_path_factory.mktemp("frames") / "made"
    read_frames(generated() / "action", range(0, 100, 7), 0, VIEWS).save(folder)
    return Samples([folder])


# -- motion --------------------------------------------------------------------------------------------------------
def test_a_chunk_decoded_from_its_anchor_is_what_was_commanded(reader: LeRobotReader) -> None:
    motion = read_motion(reader.metadata.root, HORIZON, seed=0)
    anchors, valid = reader.column(ANCHOR).astype(float), reader.column(notes.VALID).astype(bool)
    kept = np.flatnonzero(valid)  # frames whose first action is worth imitating, as read_motion keeps them
    assert motion.tokens.shape == (len(kept), VARIANTS, TOKENS, TOKEN_SIZE)
    assert len(motion.actions) == len(motion.counts) == len(motion.closed) == len(kept)
    for row, frame in enumerate(kept):
        episode = reader.metadata.episodes[reader.episode_of(frame)]
        T = np.eye(4)
        T[:3, 3], T[:3, :3] = anchors[frame, :3], Rotation.from_quat(anchors[frame, 3:]).as_matrix()
        poses = integrate_actions(motion.actions[row].astype(float), T)
        steps = int(motion.counts[row].sum())
        assert motion.counts[row].tolist() == [1.0] * steps + [0.0] * (HORIZON - steps)
        for k in range(steps):
            assert valid[frame + k]
            if frame + k + 1 == episode.start + episode.length:
                continue  # there is no frame that says what the last action led to
            np.testing.assert_allclose(poses[k, :3, 3], anchors[frame + k + 1, :3], atol=2e-6)
            turn = Rotation.from_matrix(poses[k, :3, :3]).inv() * Rotation.from_quat(anchors[frame + k + 1, 3:])
            assert turn.magnitude() < 1e-5


def test_without_noise_all_variants_are_the_frame_itself_and_the_same_seed_is_the_same(reader: LeRobotReader) -> None:
    root = reader.metadata.root
    exact = read_motion(root, HORIZON, 0, ChainNoise(0.0, 0.0, 0.0, 0.0, 0.0)).tokens
    # The target is the object's middle relative to the tool: exact in every variant.
    np.testing.assert_array_equal(exact[:, :1, 0, :3].repeat(VARIANTS, axis=1), exact[:, :, 0, :3])
    first, again, other = (read_motion(root, HORIZON, seed).tokens for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    assert np.isfinite(first).all()


def test_the_state_of_before_lies_as_far_back_as_the_policy_looks_at_any_rate(reader, monkeypatch) -> None:
    columns = {name: reader.column(name)[:20] for name in motion_module._COLUMNS}
    tools = columns[STATE].astype(float)[:, STATE_TOOL]
    states = motion_module.chain_states(columns, 6)
    np.testing.assert_allclose([state.moved for state in states[6:]], tools[6:] - tools[:-6])
    asked, chain_states = [], motion_module.chain_states

    class Faster(LeRobotReader):
        def __init__(self, root: Path) -> None:
            super().__init__(root)
            self.metadata = dataclasses.replace(self.metadata, fps=2 * self.metadata.fps)

    monkeypatch.setattr(motion_module, "LeRobotReader", Faster)
    monkeypatch.setattr(
        motion_module, "chain_states", lambda one, before: asked.append(before) or chain_states(one, before)
    )
    motion_module.read_motion(reader.metadata.root, HORIZON, 0)
    assert set(asked) == {6}  # 0.3 s of 20 frames a second


def test_a_batch_is_one_variant_of_each_frame(reader: LeRobotReader) -> None:
    motion = read_motion(reader.metadata.root, HORIZON, seed=0)
    rows = np.array([4, 9, 4])
    batch = motion_batch(motion, rows, np.random.default_rng(0))
    assert batch["tokens"].shape == (3, TOKENS, TOKEN_SIZE)
    for row, tokens in zip(rows, batch["tokens"], strict=True):
        assert (motion.tokens[row] == tokens.numpy()).all(axis=(1, 2)).any()
    np.testing.assert_array_equal(batch["actions"], motion.actions[rows])


# -- perception ----------------------------------------------------------------------------------------------------
def test_boxes_crops_and_sentences_are_of_the_same_things(samples: Samples) -> None:
    columns = samples.columns
    assert len(samples) > 5
    for row in range(len(samples)):
        things = columns["things"][row]
        seen = columns["boxes"][row][..., 4] >= 0.12
        np.testing.assert_array_equal(things >= 0, seen)
        boxes = columns["boxes"][row][seen]
        assert ((boxes[:, :4] > -0.05) & (boxes[:, :4] < 1.05)).all()
        for target, words in samples.texts[row]:
            assert words
            assert target == -1 or (things[:, target] >= 0).all()
    used = columns["things"][columns["things"] >= 0]
    np.testing.assert_array_equal(np.sort(used), np.arange(len(samples.crops)))


def test_of_a_thing_that_stands_alone_as_much_is_asked_and_half_of_it_about_what_is_not_there() -> None:
    alone = [
        Sentences(seed).of_frame(["black hammer"], np.zeros((1, 3)), np.ones(1, dtype=bool), 4) for seed in range(200)
    ]
    assert {len(asked) for asked in alone} == {4}
    assert 0.3 < np.mean([target < 0 for asked in alone for target, _ in asked]) < 0.6
    unseen = Sentences(0).of_frame(["black hammer"], np.zeros((1, 3)), np.zeros(1, dtype=bool), 4)
    assert unseen == []


def test_of_two_of_one_name_each_is_asked_for_by_its_place() -> None:
    """One mug in a scene is found by its name: nothing would be learned of left and right."""
    names = ["red mug", "red mug", "blue can"]
    positions = np.array([[0.5, 0.25, 0.0], [0.5, -0.25, 0.0], [0.7, 0.0, 0.0]])  # the first is on the left
    said: dict[int, list[str]] = {0: [], 1: []}
    for seed in range(150):
        for target, text in Sentences(seed).of_frame(names, positions, np.ones(3, dtype=bool), 8):
            if target in said:
                said[target].append(text)
    left, right = (sum(" leftmost" in f" {text}" for text in said[target]) for target in (0, 1))
    assert left > 10
    assert right == 0
    placed = [any(way in text for way in PLACES) for texts in said.values() for text in texts]
    assert np.mean(placed) > 0.5  # the others have a noun that nobody knows: of two in one colour either will do


def test_a_disguised_colour_keeps_about_its_colour_and_no_word_of_it() -> None:
    text = "take the red lemon"
    rng = np.random.default_rng(0)
    plain = word_tokens(text)
    red = plain[plain[:, -1] > 0][0, -4:-1]
    for _ in range(20):
        rows = disguised_tokens(text, rng)
        colored = rows[rows[:, -1] > 0]
        assert len(colored) == 2  # red, and the lemon, whose name stays a noun
        np.testing.assert_array_equal(colored[1], plain[plain[:, -1] > 0][1])
        assert 0.0 < np.abs(colored[0, -4:-1] - red).max() < 1.5
        assert not (rows[:, :-4] == WordEmbedding().tokens("red")[0]).all(axis=1).any()


def test_flat_patterns_leave_the_boxes_alone_and_change_much_else() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([[40.0, 30.0, 70.0, 60.0], [100.0, 80.0, 130.0, 140.0]])
    changed = []
    for _ in range(30):
        picture = rng.integers(0, 256, (144, 192, 3), dtype=np.uint8)
        before = picture.copy()
        drawn = draw_flat_pattern(picture, boxes, rng)
        np.testing.assert_array_equal(picture, before)
        for x1, y1, x2, y2 in boxes.astype(int):
            np.testing.assert_array_equal(drawn[y1:y2, x1:x2], picture[y1:y2, x1:x2])
        changed.append((drawn != picture).any(axis=2).mean())
    assert np.median(changed) > 0.1


def test_questions_about_points_are_asked_where_the_crops_show_them(samples: Samples) -> None:
    rng = np.random.default_rng(0)
    rows = np.arange(4)
    batch = grasp_examples.grasp_batch(samples, rows, rng)
    assert batch["crops"].shape == (4, 2, CROP, CROP, 3)
    points, places = batch["points"].numpy(), batch["places"].numpy()
    # The middle of the object is about the middle of both crops: less than a quarter of them away.
    near = np.linalg.norm(points, axis=2) < 0.02
    assert near.any()
    assert np.abs(places.transpose(0, 2, 1, 3)[near]).max() < 0.5
    known = samples.grasps["options"][samples.grasp_rows[rows]][..., 8].max(axis=1) > 0
    assert (batch["quality"].numpy()[known].max(axis=1) > 0.5).all()
    assert all(torch.isfinite(batch[name].float()).all() for name in ("points", "places", "quality", "bins", "numbers"))


def test_a_batch_with_no_sentence_about_what_is_there_has_a_finite_loss(samples: Samples) -> None:
    from vla_ros.policies.backbone.matching import MatchNetwork

    batch = perception.match_batch(samples, np.arange(3), np.random.default_rng(0))
    batch["meant"].zero_()
    network = MatchNetwork(60, 20, 16, 1, 0.25)
    losses = perception.match_step(network, batch, torch.Generator().manual_seed(0))
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_things_are_shown_otherwise_each_time_and_their_middle_stays() -> None:
    kept = round(CROP_MARGIN * MATCH_CROP)
    rng = np.random.default_rng(0)
    crops = np.zeros((60, kept, kept, 3), dtype=np.uint8)
    middle = kept // 2
    crops[:, middle - 4 : middle + 4, middle - 4 : middle + 4] = 200, 100, 0
    made = varied(crops, MATCH_CROP, rng)
    assert made.shape == (60, 64, 64, 3)
    assert len({crop.tobytes() for crop in made}) == 60
    for crop in made:
        ys, xs = np.nonzero(crop[..., 0] > 100)
        assert np.abs([ys.mean() - 31.5, xs.mean() - 31.5]).max() < 12


def test_colours_are_dealt_in_pictures_and_words_alike(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perception, "varied", lambda crops, size, rng: crops)
    monkeypatch.setattr(perception, "draw_recoloring", lambda *asked: Recoloring())
    rows = np.arange(6)
    deal = np.eye(3)[[1, 2, 0]]
    monkeypatch.setattr(perception, "dealt_colors", lambda count, rng: np.tile(deal, (count, 1, 1)))
    batch = perception.match_batch(samples, rows, np.random.default_rng(0))
    things = samples.columns["things"][rows]
    np.testing.assert_array_equal(batch["crops"].numpy(), samples.crops[things[things >= 0]][..., [1, 2, 0]])
    assert (batch["labels"][:, 1] == NO_LABEL).all()
    assert (batch["labels"][:, 0] != NO_LABEL).any()
    red = disguised_tokens("pick up the red mug", np.random.default_rng(1), deal)
    (color,) = red[red[:, -1] > 0][:, -4:-1]
    assert color.argmax() == 2  # red comes third


def test_colours_become_others_in_pictures_and_words_alike(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perception, "varied", lambda crops, size, rng: crops)
    monkeypatch.setattr(perception, "dealt_colors", lambda count, rng: np.tile(np.eye(3), (count, 1, 1)))
    monkeypatch.setattr(perception, "DISGUISED", 0.0)
    rows = np.arange(6)
    things, labels = samples.columns["things"][rows], samples.columns["labels"][rows]
    names = list(load_catalogue().colors)
    asked: list[set[str]] = []

    def draw(there: list[str], texts: list[str], rng: np.random.Generator) -> Recoloring:
        asked.append(set(there) - {""})
        return Recoloring({sorted(asked[-1])[0]: "black"} if asked[-1] else {})

    monkeypatch.setattr(perception, "draw_recoloring", draw)
    batch = perception.match_batch(samples, rows, np.random.default_rng(0))
    assert asked == [{names[number] for number in row[:, 1] if number >= 0} for row in labels]
    scenes, _, which = np.nonzero(things >= 0)
    colors = [names[number] if number >= 0 else "" for number in labels[scenes, which, 1]]
    changed = (batch["crops"].numpy() != samples.crops[things[things >= 0]]).any(axis=(1, 2, 3))
    expected = [color and color == min(asked[scene]) for color, scene in zip(colors, scenes, strict=True)]
    assert not (changed & ~np.array(expected, dtype=bool)).any()
    assert changed.any()
    assert (batch["labels"][:, 1] == NO_LABEL).all()


def test_dealt_colours_are_all_hues_and_gray_stays_gray() -> None:
    deals = dealt_colors(400, np.random.default_rng(0))
    np.testing.assert_allclose(deals @ np.ones(3), 1.0, atol=1e-9)
    np.testing.assert_allclose(deals @ deals.transpose(0, 2, 1), np.tile(np.eye(3), (400, 1, 1)), atol=1e-9)
    changed = (deals != np.eye(3)).any(axis=(1, 2))
    assert 0.6 < changed.mean() < 0.8
    red = deals[changed] @ np.array([1.0, 0.0, 0.0])
    assert {0, 1, 2} == set(red.argmax(axis=1))
    crop = np.full((1, 2, 2, 3), (200, 100, 100), dtype=np.uint8)
    (made,) = dealt(crop, deals[changed][:1])
    np.testing.assert_allclose(made[0, 0], np.clip(deals[changed][0] @ (200, 100, 100), 0, 255), atol=0.6)


def test_pictures_with_boxes_teach_no_grasp() -> None:
    made = read_frames(generated() / "grounding", range(2), 0, VIEWS)
    assert made.texts
    assert not made.options
    assert not made.grasp_crops


def test_boxes_are_shares_of_their_own_picture(tmp_path: Path) -> None:
    whole = generated() / "grounding"
    smaller = {IMAGES + "side": CameraStream(320, 180, fit="stretch")}
    edit(whole, DatasetEdits(resize=smaller), tmp_path / "smaller")
    made, expected = (read_frames(root, range(2), 0, VIEWS) for root in (tmp_path / "smaller", whole))
    np.testing.assert_array_equal(made.sizes[0], [(640, 480), (320, 180)])
    np.testing.assert_allclose(made.boxes, expected.boxes, atol=3e-3)  # boxes are of pixels' centres
    assert made.boxes[0].dtype == np.float32


class Still:
    """Random numbers that are all zero."""

    def normal(self, size: int) -> np.ndarray:
        return np.zeros(size)


@pytest.mark.parametrize("side", [12.0, 30.0, 90.0])  # [px] of the thing's box
def test_things_are_learned_from_as_large_as_the_policy_sees_them(side: float) -> None:
    picture = np.zeros((240, 250, 3), dtype=np.uint8) + np.arange(250, dtype=np.uint8)[:, None]  # a pixel's column
    box = np.array([120.0, 120.0, 120.0 + side, 120.0 + side])
    made, boxes = frames.FrameSet(), np.append(box, 1.0)[None, None]
    frames._add_things(made, [picture], boxes, ["red mug"], round(CROP_MARGIN * MATCH_CROP), Still())
    kept, seen = made.crops[0], box_window(box).cut(picture, MATCH_CROP)
    steps = [(float(crop[5, -5, 0]) - float(crop[5, 4, 0])) / (len(crop) - 9) for crop in (kept, seen)]
    assert steps[0] == pytest.approx(steps[1], rel=0.03)  # pixels of the picture in one of the crop


def test_frames_are_cut_once_and_what_was_half_cut_is_cut_again(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    roots = [generated() / "action", generated() / "grounding"]
    (tmp_path / ".somebody.123").mkdir()
    folders = cut_frames(roots, tmp_path, 3, 1, VIEWS, progress)
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(folder.name for folder in folders)
    times = [(folder / "crops.npy").stat().st_mtime_ns for folder in folders]
    assert cut_frames(roots, tmp_path, 3, 1, VIEWS, progress) == folders
    assert [(folder / "crops.npy").stat().st_mtime_ns for folder in folders] == times


def test_samples_say_of_which_episode_they_are(tmp_path: Path) -> None:
    roots = [generated() / "action", generated() / "grounding"]
    acted, shown = (load_metadata(root).episodes for root in roots)
    cut = cut_frames(roots, tmp_path, 3, 1, VIEWS)
    found = Samples(cut).episodes
    of_scenes = np.load(cut[1] / "episodes.npy")
    assert set(found[: -len(of_scenes)]) <= set(range(len(acted)))
    np.testing.assert_array_equal(found[-len(of_scenes) :], found[: -len(of_scenes)].max() + 1 + of_scenes)
    assert set(of_scenes) <= set(range(len(shown)))
    for folder, episodes in zip(cut, (acted, shown), strict=True):
        for row, number in zip(np.load(folder / "rows.npy"), np.load(folder / "episodes.npy"), strict=True):
            assert episodes[number].start <= row < episodes[number].start + episodes[number].length
    motion = all_motion([roots[0], roots[0]], HORIZON, lambda event: None)
    starts = np.array([episode.start for episode in acted] + [load_metadata(roots[0]).frames + e.start for e in acted])
    np.testing.assert_array_equal(motion.episodes, np.searchsorted(starts, motion.rows, side="right") - 1)


def test_frames_of_an_edited_dataset_are_cut_again_and_those_before_appended_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "PIECE", 3)  # as many as are cut of an episode
    root = shutil.copytree(generated() / "action", tmp_path / "set")
    cut = lambda: cut_frames([root], tmp_path / "cut", 3, 1, VIEWS, said=True)  # noqa: E731
    before = cut()
    metadata = load_metadata(root)
    source = EpisodeSource(metadata)
    with LeRobotWriter(root, metadata_schema(metadata)) as out:
        out.add(dataclasses.replace(source.episode(metadata.episodes[0]), source="again"))
    source.close()
    appended = cut()
    assert appended[: len(before)] == before
    assert len(appended) > len(before)
    words = load_metadata(root).episodes[0].tasks[0]
    edit(root, DatasetEdits(rename={words: "take what nobody names"}))
    edited = cut()
    assert edited[0] not in appended
    assert edited[0].name.startswith(piece_name(root, 3, VIEWS, said=True))
    assert "take what nobody names" in (edited[0] / "texts.json").read_text()


# -- bad data ------------------------------------------------------------------------------------------------------
def test_roots_of_generation_and_datasets_are_told_apart(tmp_path: Path) -> None:
    root = generated()
    action, grounding = root / "action", root / "grounding"
    assert find_datasets([root]) == TrainingData((action,), (grounding,))
    assert find_datasets([grounding, action]) == TrainingData((action,), (grounding,))
    check_datasets(find_datasets([root]), CONTRACT)
    for roots, expected in (
        ([tmp_path / "nowhere"], "no such folder"),
        ([tmp_path], "holds no dataset"),
        ([grounding], "no dataset with actions"),
    ):
        with pytest.raises(ConfigError, match=expected):
            find_datasets(roots)


def spoiled(tmp_path: Path, kind: str, column: str, frame: int, value: float) -> Path:
    """Return a copy of a dataset with one number of a column changed."""
    root = shutil.copytree(generated() / kind, tmp_path / kind)
    path = next(root.glob("data/*/*.parquet"))
    table = pq.read_table(path)
    rows = table[column].to_pylist()
    first = rows[frame]
    if isinstance(first[0], list):
        first[1][2] = value
    else:
        first[2] = value
    number = table.column_names.index(column)
    pq.write_table(table.set_column(number, column, pa.array(rows, type=table.schema.field(column).type)), path)
    return root


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        ("action", ACTION, np.nan),
        ("action", "observation.calibration.side", np.inf),
        ("grounding", "annotation.boxes.front", np.nan),
    ],
)
def test_a_number_that_is_none_is_found(tmp_path: Path, kind: str, column: str, value: float) -> None:
    episode = load_metadata(generated() / kind).episodes[1]
    root = spoiled(tmp_path, kind, column, episode.start + 2, value)
    data = TrainingData((root,), ()) if kind == "action" else TrainingData((generated() / "action",), (root,))
    with pytest.raises(ConfigError, match=f"column '{column}' holds {value} in frame 2 of episode 1: leave"):
        check_datasets(data, CONTRACT)


@pytest.mark.parametrize(
    "column", ["observation.images.side", "annotation.boxes.front", "annotation.grasp", "observation.anchor"]
)
def test_a_camera_or_annotation_that_lacks_is_named(column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_metadata(generated() / "action")
    lacking = dataclasses.replace(whole, features={n: f for n, f in whole.features.items() if n != column})
    monkeypatch.setattr("vla_ros.training.pictures.datasets.load_metadata", lambda root: lacking)
    what = "the camera" if "images" in column else "the column"
    with pytest.raises(ConfigError, match=f"lacks {what} '{column}': training needs both cameras"):
        check_datasets(TrainingData((whole.root,), ()), CONTRACT)


def test_a_stage_asks_only_for_what_it_reads(tmp_path: Path) -> None:
    """Boxes and matching need no anchor, the action expert no calibration."""
    edit(generated() / "action", DatasetEdits(drop=(ANCHOR,)), tmp_path / "looking")
    looking = TrainingData((tmp_path / "looking",), ())
    check_datasets(looking, CONTRACT, ("proposals", "matching", "grasp"))
    assert len(read_frames(tmp_path / "looking", range(0, 60, 20), 0, VIEWS).boxes)
    with pytest.raises(ConfigError, match=r"lacks the column 'observation\.anchor'"):
        check_datasets(looking, CONTRACT)
    calibrations = tuple(f"observation.calibration.{view}" for view in VIEWS)
    edit(generated() / "action", DatasetEdits(drop=calibrations), tmp_path / "acting")
    acting = TrainingData((tmp_path / "acting",), ())
    check_datasets(acting, CONTRACT, ("expert",))
    assert len(read_motion(tmp_path / "acting", 4, 0).actions)
    with pytest.raises(ConfigError, match=r"lacks the column 'observation\.calibration\.front'"):
        check_datasets(acting, CONTRACT, ("matching",))


def test_a_camera_whose_video_lacks_is_named(tmp_path: Path) -> None:
    root = shutil.copytree(generated() / "action", tmp_path / "action")
    video = next(root.glob("videos/observation.images.side/*/*.mp4"))
    video.unlink()
    with pytest.raises(ConfigError, match=f"^{re.escape(str(video))}: no such file, and 'observation.images.side' is"):
        check_datasets(TrainingData((root,), ()), CONTRACT)


def test_empty_datasets_and_those_of_another_robot_are_named(tmp_path: Path) -> None:
    other = write_sample(tmp_path / "other", [4, 4])
    with pytest.raises(ConfigError, match=r"'observation.state' has shape .3., training needs .15."):
        check_datasets(TrainingData((other,), ()), CONTRACT)
    agilex = dataclasses.replace(CONTRACT, name="two_arms", robot="agilex", fps=30)
    with pytest.raises(ConfigError, match="is of robot 'franka' at 10 Hz, contract 'two_arms' of 'agilex' at 30 Hz"):
        check_datasets(find_datasets([generated()]), agilex)
    empty = shutil.copytree(generated() / "action", tmp_path / "empty")
    for path in empty.glob("meta/episodes/*/*.parquet"):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    with pytest.raises(ConfigError, match="is empty: generate or convert"):
        check_datasets(TrainingData((empty,), ()), CONTRACT)
