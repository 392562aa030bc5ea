# SPDX-License-Identifier: Apache-2.0
"""Datasets read for training, checked, merged and split."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from demonstrations.numbered_picture import number
from demonstrations.sample_dataset import FEATURES, SCHEMA, columns, episode, write_sample
from lerobot_parts.rules import read

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.merge import find_datasets, merge
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.split import share_episodes, split
from vla_ros.data.datasets.writer import LeRobotWriter

FRONT = "observation.images.front"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("made") / "set", [7, 12, 5])


@pytest.fixture
def sample(made, tmp_path):
    return shutil.copytree(made, tmp_path / "set")


def test_any_frame_in_any_order_is_the_one_that_was_written(sample):
    expected = [100 * i + k for i, n in enumerate([7, 12, 5]) for k in range(n)]
    state = np.concatenate([columns(n, i)["observation.state"] for i, n in enumerate([7, 12, 5])])
    with LeRobotReader(sample) as reader:
        assert len(reader) == 24
        for index in np.random.default_rng(0).permutation(24).tolist() * 2:
            frame = reader[index]
            assert number(frame[FRONT]) == expected[index]
            np.testing.assert_array_equal(frame["observation.state"], state[index])
            assert frame["task"] == f"pick {(0 if index < 7 else 1 if index < 19 else 2) % 2}"
            assert frame["note"] == f"frame {frame['frame_index']}"
        assert [number(image) for image in reader.images(FRONT, 1)] == expected[7:19]
        with pytest.raises(IndexError, match="frame 24 of a dataset of 24"):
            reader[24]
        with pytest.raises(ConfigError, match=r"did you mean 'action'"):
            reader.column("actoin")


def test_images_come_in_the_size_asked_for_and_from_a_cache_of_it(sample, tmp_path):
    shares = []
    direct = LeRobotReader(sample, (24, 32))
    cached = LeRobotReader(sample, (24, 32), tmp_path / "cache", lambda key, share: shares.append(share))
    assert shares[-1] == 1.0
    for index in (0, 6, 7, 23):
        assert direct.image(FRONT, index).shape == (24, 32, 3)
        np.testing.assert_array_equal(direct.image(FRONT, index), cached.image(FRONT, index))
        assert number(direct.image(FRONT, index)) == number(LeRobotReader(sample).image(FRONT, index))
    with LeRobotWriter(sample, SCHEMA) as out:
        out.add(episode(4, 9))
    grown = LeRobotReader(sample, (24, 32), tmp_path / "cache")
    assert number(grown.image(FRONT, 25)) == 901


def test_windows_stay_in_their_episode(sample):
    reader = LeRobotReader(sample)
    action = reader.column("action")
    rows, inside = reader.window("action", 5, range(4))
    np.testing.assert_array_equal(rows, action[[5, 6, 6, 6]])
    assert inside.tolist() == [True, True, False, False]
    rows, inside = reader.window("observation.state", 7, (-2, 0))
    np.testing.assert_array_equal(rows, reader.column("observation.state")[[7, 7]])
    assert inside.tolist() == [False, True]


def test_a_reader_travels_to_another_process(sample):
    reader = LeRobotReader(sample)
    before = reader.image(FRONT, 8)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(reader)).image(FRONT, 8), before)
    child = os.fork()
    if child == 0:
        os._exit(0 if all(number(reader.image(FRONT, i)) == number(before) + i - 8 for i in (8, 9, 10)) else 1)
    assert all(number(reader.image(FRONT, i)) == number(before) + i - 8 for i in (10, 9, 8))
    assert os.waitpid(child, 0)[1] == 0


def test_a_good_dataset_has_no_findings(sample):
    shares = []
    assert check(sample, deep=True, progress=shares.append) == []
    assert shares[-1] == 1.0


def _rewrite_data(root, change):
    path = root / "data/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    pq.write_table(change(table), path)


def _info(root, **change):
    path = root / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def _cut_video(root):
    path = root / f"videos/{FRONT}/chunk-000/file-000.mp4"
    path.write_bytes(path.read_bytes()[:-300])


def _scratch_video(root):
    path = root / f"videos/{FRONT}/chunk-000/file-000.mp4"
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat")
    middle = start + int.from_bytes(data[start - 4 : start]) // 2
    data[middle - 300 : middle + 300] = bytes(600)
    path.write_bytes(data)


def _scratch_codec(root):
    path = root / f"videos/{FRONT}/chunk-000/file-000.mp4"
    path.write_bytes(path.read_bytes().replace(b"avc1", bytes(4)).replace(b"avcC", bytes(4)))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda root: _rewrite_data(root, lambda t: t.slice(0, 20)), "holds 1 of the 5 frames of episode 2"),
        (lambda root: _rewrite_data(root, lambda t: t.drop_columns(["action"])), "has no column 'action'"),
        (lambda root: _info(root, total_frames=25), "total_frames is 25, there are 24"),
        (_cut_video, "file-000.mp4: not a readable video"),
        (_scratch_video, "picture"),
        (_scratch_codec, "of no known codec"),
        (lambda root: (root / f"videos/{FRONT}/chunk-000/file-000.mp4").unlink(), "not a readable video"),
        (lambda root: shutil.copy(root / f"videos/{FRONT}/chunk-000/file-000.mp4",
                                  root / f"videos/{FRONT}/chunk-000/file-001.mp4"), "belongs to no episode"),
        (lambda root: shutil.copy(root / "videos/observation.images.side/chunk-000/file-000.mp4",
                                  root / f"videos/{FRONT}/chunk-000/file-000.mp4"), "is 48x32, info.json says 64x48"),
        (lambda root: (root / "meta/stats.json").write_text("{}"), "'action' lacks min"),
        (lambda root: (root / "data/chunk-000/file-000.parquet").write_bytes(b"PAR1"), "cannot be read"),
    ],
)  # fmt: skip
def test_check_says_what_is_broken_and_where(sample, damage, expected):
    damage(sample)
    assert any(expected in line for line in check(sample, deep=True)), check(sample, deep=True)


FROM = "videos/observation.images.front/from_timestamp"


def _tasks(root, numbers, words):
    pq.write_table(pa.table({"task_index": numbers, "task": words}), root / "meta/tasks.parquet")


def _episodes(root, column, value):
    _replace(next((root / "meta/episodes").rglob("*.parquet")), column, [value])


def _data(root, column, values):
    _replace(next((root / "data").rglob("*.parquet")), column, values)


def _replace(path, column, values):
    table = pq.read_table(path)
    many = pa.array(values * len(table), None if values[0] is not None else pa.int64())
    pq.write_table(table.set_column(table.column_names.index(column), column, many), path)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda root: shutil.rmtree(root), "no such folder"),
        (lambda root: (root / "meta/info.json").unlink(), "no LeRobotDataset"),
        (lambda root: (root / "meta/info.json").write_text("{"), "not valid JSON"),
        (lambda root: (root / "meta/info.json").write_text("[" * 100_000), "nested more than 50 deep"),
        (lambda root: _info(root, codebase_version="v2.1"), r"is LeRobotDataset v2\.1"),
        (lambda root: _info(root, fps=9.5), "fps is 9.5"),
        (lambda root: _info(root, features={"action": {}}), "feature 'action' lacks dtype"),
        (lambda root: _info(root, features=[]), "features must be a mapping"),
        (lambda root: _info(root, features={"action": {"dtype": "float32", "shape": [1.5]}}), "expected whole numbers"),
        (lambda root: _info(root, features={"a": {"dtype": "video", "shape": [1], "names": ["channel"]}}), "for video"),
        (lambda root: _info(root, features={"a": {"dtype": "bool", "shape": [1], "names": [[1]]}}), "expected words"),
        (lambda root: _tasks(root, [None, 0], ["a", "b"]), "task_index must be whole numbers"),
        (lambda root: _tasks(root, [0, 1], [1, 2]), "task words"),
        (lambda root: _episodes(root, "episode_index", None), "a whole number in 'episode_index'"),
        (lambda root: _episodes(root, "data/chunk_index", "x"), "a whole number in 'data/chunk_index'"),
        (lambda root: _episodes(root, FROM, float("nan")), "a time in 'videos/observation.images.front/from"),
        (lambda root: _data(root, "action", ["x"]), "action: holds string, info.json says float32"),
        (lambda root: _data(root, "index", ["x"]), "index: holds string, info.json says int64"),
        (lambda root: (root / "meta/tasks.parquet").write_bytes(b""), "tasks.parquet: cannot be read"),
        (lambda root: shutil.rmtree(root / "meta/episodes"), "holds no episode"),
    ],
)
def test_a_dataset_that_is_none_is_one_line(sample, damage, expected):
    damage(sample)
    with pytest.raises(ConfigError, match=expected):
        LeRobotReader(sample)


def test_folders_of_many_processes_become_one_dataset(tmp_path):
    for i, name in enumerate(("0b7c", "3fa1", "91de")):
        write_sample(tmp_path / "parts" / name, [4 + i, 6], first=2 * i)
    report = merge(tmp_path / "all", find_datasets([tmp_path / "parts"]), deep=True)
    assert (report.episodes, report.frames, report.skipped, report.corrupt_rate) == (6, 33, [], 0.0)
    found = read(tmp_path / "all")
    assert [row["length"] for row in found["episodes"]] == [4, 6, 5, 6, 6, 6]
    assert [number(image) for image in found["images"][FRONT]] == [
        100 * i + k for i, row in enumerate(found["episodes"]) for k in range(row["length"])
    ]
    again = merge(tmp_path / "all", find_datasets([tmp_path / "parts"]))
    assert (again.episodes, again.known) == (0, 6)


def test_what_is_corrupt_is_counted_and_skipped(tmp_path):
    for i in range(4):
        write_sample(tmp_path / "parts" / f"part{i}", [5, 6], first=2 * i)
    _rewrite_data(tmp_path / "parts/part1", lambda t: t.slice(0, 8))
    _scratch_video(tmp_path / "parts/part2")
    (tmp_path / "parts/part3/meta/info.json").write_text("")
    report = merge(tmp_path / "all", find_datasets([tmp_path / "parts"]), deep=True)
    assert any("part1" in line and "episode 1" in line for line in report.skipped)
    assert any("part2" in line for line in report.skipped)
    assert [line for line in report.unreadable if "part3" in line]
    assert report.episodes + len(report.skipped) == 6
    assert report.corrupt_rate == len(report.skipped) / 6
    assert len(read(tmp_path / "all")["episodes"]) == report.episodes >= 3


def test_datasets_that_differ_are_not_merged(tmp_path):
    write_sample(tmp_path / "one", [4])
    write_sample(tmp_path / "two", [4])
    _info(tmp_path / "two", robot_type="agilex")
    with pytest.raises(ConfigError, match="two: robot is 'agilex', not 'franka'"):
        merge(tmp_path / "all", [tmp_path / "one", tmp_path / "two"])
    with pytest.raises(ConfigError, match="output as well"):
        merge(tmp_path / "one", [tmp_path / "one"])
    assert not (tmp_path / "all").exists()


def test_a_split_holds_every_episode_once(sample, tmp_path):
    parts = share_episodes(3, {"train": 0.9, "val": 0.1}, seed=1)
    assert sorted(parts["train"] + parts["val"]) == [0, 1, 2]
    assert len(parts["val"]) == 1
    frames = split(sample, tmp_path / "out", parts)
    assert sum(frames.values()) == 24
    whole = read(sample)
    for name, episodes in parts.items():
        found = read(tmp_path / "out" / name)
        expected = [i for e in episodes for i in np.flatnonzero(whole["frames"]["episode_index"] == e)]
        assert [number(image) for image in found["images"][FRONT]] == [
            number(whole["images"][FRONT][i]) for i in expected
        ]
        np.testing.assert_array_equal(found["frames"]["action"], whole["frames"]["action"][expected])
        assert found["info"]["features"] == whole["info"]["features"]
    assert load_metadata(tmp_path / "out" / "train").features == FEATURES


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"train": [0, 3]}, "episode 3 is not one of 0 to 2"),
        ({"train": []}, "is empty"),
        ({"a/b": [0]}, "name of a folder"),
    ],
)
def test_a_split_that_makes_no_sense_is_one_line(sample, tmp_path, parts, expected):
    with pytest.raises(ConfigError, match=expected):
        split(sample, tmp_path / "out", parts)
    with pytest.raises(ConfigError, match="add up to 1"):
        share_episodes(10, {"train": 0.8, "val": 0.1})


def test_a_video_without_the_frame_is_an_error_not_another_frame(sample):
    metadata = load_metadata(sample)
    reader = LeRobotReader(sample)
    shutil.copy(
        write_sample(sample.parent / "short", [3]) / f"videos/{FRONT}/chunk-000/file-000.mp4",
        metadata.video_path(FRONT, metadata.episodes[0].videos[FRONT].place),
    )
    with pytest.raises(VlaError, match=r"frame .* of episode 2 is missing: run dataset check"):
        reader.image(FRONT, 20)
