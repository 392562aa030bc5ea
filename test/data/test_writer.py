# SPDX-License-Identifier: Apache-2.0
"""Datasets as somebody else's reader finds them: content, rules, appending, files that fill up, refusals."""

from __future__ import annotations

import dataclasses
import errno
import multiprocessing
import os
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from demonstrations.numbered_picture import number, picture
from demonstrations.sample_dataset import FEATURES, SCHEMA, columns, episode, write_sample
from demonstrations.second_writer import try_to_write
from lerobot_parts.rules import read

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets import layout, writer
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.exact_statistics import write_exact_statistics
from vla_ros.data.datasets.features import Feature, camera_feature
from vla_ros.data.datasets.metadata import dataset_statistics, episode_statistics, load_metadata
from vla_ros.data.datasets.statistics import NAMES, QUANTILES, REQUIRED, column_statistics, merge_statistics
from vla_ros.data.datasets.writer import LeRobotWriter


def test_another_reader_finds_what_was_written_in_several_parts(tmp_path):
    root, lengths = tmp_path / "data" / "set", [7, 12, 1, 5, 9]
    with LeRobotWriter(root, SCHEMA) as out:
        assert [out.add(episode(n, i)) for i, n in enumerate(lengths[:2])] == [0, 1]
    with LeRobotWriter(root, SCHEMA) as out:
        assert out.sources == {"bag0", "bag1"}
        for i in (2, 3, 4):  # the last file of each kind grows at every commit
            out.add(episode(lengths[i], i))
            out.commit()
    found = read(root)
    assert [row["length"] for row in found["episodes"]] == lengths
    assert found["tasks"] == ["pick 0", "pick 1"]
    expected = [100 * i + k for i, n in enumerate(lengths) for k in range(n)]
    assert [number(image) for image in found["images"]["observation.images.front"]] == expected
    assert [number(image) for image in found["images"]["observation.images.side"]] == [n + 1 for n in expected]
    everything = [columns(n, i) for i, n in enumerate(lengths)]
    for name, values in found["frames"].items():
        if name in FEATURES:
            np.testing.assert_array_equal(values, np.concatenate([part[name] for part in everything]))
    assert len(list(root.glob("data/*/*"))) == len(list(root.glob("videos/observation.images.front/*/*"))) == 1
    assert os.listdir(tmp_path / "data") == ["set"]  # nothing beside it


def test_files_that_are_full_are_followed_by_others(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "DATA_FILE_MB", 0.004)
    monkeypatch.setattr(writer, "VIDEO_FILE_S", 2)
    monkeypatch.setattr(writer, "CHUNKS_SIZE", 2)
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        for i in range(7):
            out.add(episode(8, i))
            if i % 3 == 1:
                out.commit()
    found = read(tmp_path / "set")
    assert [number(image) for image in found["images"]["observation.images.front"]] == [
        100 * i + k for i in range(7) for k in range(8)
    ]
    places = [(row["videos/observation.images.front/chunk_index"], row["videos/observation.images.front/file_index"])
              for row in found["episodes"]]  # fmt: skip
    assert places == [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0), (1, 1)]
    assert len(list((tmp_path / "set").glob("data/*/*"))) > 1


def test_the_same_episodes_are_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        with LeRobotWriter(tmp_path / name, SCHEMA) as out:
            for i in range(3):
                out.add(episode(6, i))
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "two") for path in (tmp_path / "two").rglob("*") if path.is_file()
    )
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_a_frame_may_have_its_own_task(tmp_path):
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        out.add(episode(5, 0, ["reach", "reach", "grasp", "grasp", "reach"]))
    found = read(tmp_path / "set")
    assert found["episodes"][0]["tasks"] == ["reach", "grasp"]
    assert found["frames"]["task_index"].tolist() == [0, 0, 1, 1, 0]


def test_statistics_are_those_of_the_frames(tmp_path):
    lengths = [40, 60, 30, 80]
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        for i, n in enumerate(lengths):
            out.add(episode(n, i))
    found = read(tmp_path / "set")
    state = found["frames"]["observation.state"].astype(float)
    stats = {key: np.array(values) for key, values in found["stats"]["observation.state"].items()}
    np.testing.assert_allclose(stats["mean"], state.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(stats["std"], state.std(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(stats["min"], state.min(axis=0))
    for name, q in QUANTILES.items():
        share = (state <= stats[name]).mean(axis=0)
        assert np.abs(share - q).max() < 0.04, name  # episodes are one apart: a mean of quantiles would be 0.1 off
    pixels = np.stack(found["images"]["observation.images.front"]).astype(float) / 255.0
    np.testing.assert_allclose(
        np.ravel(found["stats"]["observation.images.front"]["mean"]), pixels.mean(axis=(0, 1, 2)), atol=0.01
    )


def test_quantiles_of_parts_that_differ_are_not_the_mean_of_their_quantiles():
    parts = [np.full((100, 1), 0.0), np.full((300, 1), 1.0), np.linspace(5, 6, 100)[:, None]]
    merged = merge_statistics([column_statistics(part) for part in parts])
    exact = column_statistics(np.concatenate(parts))
    for name in QUANTILES:
        assert abs(merged[name][0] - exact[name][0]) < 0.06, name
    assert merged["std"][0] == pytest.approx(exact["std"][0])
    constant = merge_statistics([column_statistics(np.full(5, 3.0))] * 2)
    assert constant["q50"][0] == 3.0
    assert constant["std"][0] > 0.0


def test_a_dataset_without_quantiles_is_appended_to(tmp_path):
    whole, root = write_sample(tmp_path / "whole", [9, 7, 8]), write_sample(tmp_path / "older", [9, 7])
    (path,) = (root / "meta" / "episodes").rglob("*.parquet")
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([n for n in table.column_names if n.rpartition("/")[2] in QUANTILES]), path)
    with LeRobotWriter(root, SCHEMA) as out:
        out.add(episode(8, 2))
    assert check(root) == []
    found, wanted = dataset_statistics(root), dataset_statistics(whole)
    assert found.keys() == wanted.keys()
    for name, entry in wanted.items():
        pictures = "images" in name  # their quantiles stay unsaid: all would have to be decoded
        assert found[name].keys() == set(REQUIRED if pictures else NAMES)
        for key, values in found[name].items():
            np.testing.assert_array_equal(values, entry[key], err_msg=f"{name} {key}")
    for found, wanted in zip(episode_statistics(root), episode_statistics(whole), strict=True):
        np.testing.assert_array_equal(found["action"]["q10"], wanted["action"]["q10"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"observation.state": np.zeros((5, 4))}, r"'observation.state' has frames of shape \[4\]"),
        ({"action": np.full((5, 2), np.nan)}, "not finite, first at frame 0"),
        ({"action": np.zeros((4, 2))}, "ragged"),
        ({"action": None}, "lacks 'action'"),
        ({"reward": np.zeros(5)}, "has 'reward'"),
    ],
)
def test_an_episode_that_does_not_fit_is_one_line(change, expected):
    values = {name: value for name, value in (columns(5, 0) | change).items() if value is not None}
    images = {"observation.images.front": [picture(0)] * 5, "observation.images.side": [picture(0, 32, 48)] * 5}
    with pytest.raises(VlaError, match=expected):
        encode_episode(FEATURES, 10, values, images, "pick")


def test_images_of_another_size_and_missing_words_are_refused():
    images = {"observation.images.front": [picture(0, 32, 48)] * 5}
    with pytest.raises(VlaError, match="image of 48x32 in a video of 64x48"):
        encode_episode(FEATURES, 10, columns(5, 0), images, "pick")
    images = {"observation.images.front": [picture(0)] * 5, "observation.images.side": [picture(0, 32, 48)] * 5}
    with pytest.raises(VlaError, match="no task"):
        encode_episode(FEATURES, 10, columns(5, 0), images, " ")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"fps": 20}, "fps is 10, not 20: a dataset has one"),
        ({"robot": "agilex"}, "robot is 'franka', not 'agilex'"),
        ({"features": FEATURES | {"action": Feature("float32", (3,))}}, r"action\.shape"),
        (
            {"features": FEATURES | {"observation.images.side": camera_feature(48, 64)}},
            r"images\.side\.shape\[0\] is 32",
        ),
        ({"features": {k: v for k, v in FEATURES.items() if k != "note"}}, "note is"),
    ],
)
def test_a_dataset_of_another_making_is_not_appended_to(tmp_path, change, expected):
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        out.add(episode(5, 0))
    with pytest.raises(ConfigError, match=expected):
        LeRobotWriter(tmp_path / "set", dataclasses.replace(SCHEMA, **change))
    assert len(read(tmp_path / "set")["episodes"]) == 1


def test_folders_that_hold_something_else_are_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(ConfigError, match="holds something that is no LeRobotDataset"):
        LeRobotWriter(tmp_path / "photos", SCHEMA)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        LeRobotWriter(tmp_path / "file", SCHEMA)
    assert sorted(os.listdir(tmp_path)) == ["file", "photos"]


def test_two_writers_at_once_are_one_too_many(tmp_path):
    ours, theirs = multiprocessing.Pipe()
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        process = multiprocessing.get_context("spawn").Process(target=try_to_write, args=(tmp_path / "set", theirs))
        process.start()
        assert ours.poll(60)
        assert "is being written by another process" in ours.recv()
        process.join()
        out.add(episode(5, 0))
    read(tmp_path / "set")


def test_nothing_is_appended_while_statistics_are_counted_for_it_would_be_left_out(tmp_path):
    root, refused = write_sample(tmp_path / "set", [5, 6]), []

    def append(share: float) -> None:
        try:
            write_sample(root, [4], 2)
        except ConfigError as error:
            refused.append(str(error))

    write_exact_statistics(root, append)
    assert dataset_statistics(root)["action"]["count"] == load_metadata(root).frames == 11
    assert "is being written by another process" in refused[0]
    write_sample(root, [4], 2)
    assert dataset_statistics(root)["action"]["count"] == 15


def test_a_disk_that_does_not_take_new_statistics_is_one_line(tmp_path, monkeypatch):
    root = write_sample(tmp_path / "set", [5, 6])
    (root / "meta/stats.json").write_text("{}")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("vla_ros.data.datasets.staging.os.fsync", full)
        with pytest.raises(ConfigError, match=r"\(No space left on device\): it is as it was"):
            write_exact_statistics(root)
    assert (root / "meta/stats.json").read_text() == "{}"
    write_exact_statistics(root)
    assert check(root) == []
    assert os.listdir(tmp_path) == ["set"]


def test_an_exception_discards_only_what_was_not_committed(tmp_path):
    def interrupted() -> None:
        with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
            out.add(episode(5, 0))
            out.commit()
            out.add(episode(5, 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert len(read(tmp_path / "set")["episodes"]) == 1
    assert os.listdir(tmp_path) == ["set"]


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        out.add(episode(5, 0))
    (tmp_path / ".set.writing" / "0123" / "meta").mkdir(parents=True)
    shutil.move(tmp_path / "set", tmp_path / ".set.before")  # a file system that cannot exchange, killed in between
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        assert out.episodes == 1
        out.add(episode(5, 1))
    assert len(read(tmp_path / "set")["episodes"]) == 2
    assert os.listdir(tmp_path) == ["set"]


@pytest.mark.parametrize("what", ["videos", "videos/observation.images.front/chunk-000", "data"])
def test_a_folder_that_lies_elsewhere_stays_there_and_its_frames_stay_in_the_dataset(tmp_path, monkeypatch, what):
    monkeypatch.setattr(writer, "VIDEO_FILE_S", 1)  # ten frames a file
    root, disk = write_sample(tmp_path / "set", [8, 7, 6]), tmp_path / "other disk"
    shutil.move(root / what, disk)
    (root / what).symlink_to(disk)
    before = sorted(path.name for path in disk.rglob("*"))
    write_exact_statistics(root)
    assert (root / what).is_symlink()
    with LeRobotWriter(root, SCHEMA) as out:
        out.add(episode(5, 3))
    assert check(root, deep=True) == []
    expected = [100 * i + k for i, n in enumerate([8, 7, 6, 5]) for k in range(n)]
    assert [number(image) for image in read(root)["images"]["observation.images.front"]] == expected
    assert sorted(path.name for path in disk.rglob("*")) == before


def test_files_that_are_links_as_in_a_hub_cache_are_kept(tmp_path):
    root, blobs = write_sample(tmp_path / "snapshots" / "one", [5, 6]), tmp_path / "blobs"
    blobs.mkdir()
    for i, path in enumerate(path for path in sorted(root.rglob("*")) if path.is_file()):
        path.rename(blobs / str(i))
        path.symlink_to(os.path.relpath(blobs / str(i), path.parent))
    before = {blob.name: blob.read_bytes() for blob in blobs.iterdir()}
    write_exact_statistics(root)
    with LeRobotWriter(root, SCHEMA) as out:
        out.add(episode(4, 2))
    assert check(root, deep=True) == []
    assert load_metadata(root).frames == 15
    assert {blob.name: blob.read_bytes() for blob in blobs.iterdir()} == before


def test_an_older_dataset_is_named_with_the_remedy(tmp_path):
    with LeRobotWriter(tmp_path / "set", SCHEMA) as out:
        out.add(episode(5, 0))
    info = tmp_path / "set" / layout.INFO
    info.write_text(info.read_text().replace("v3.0", "v2.1"))
    with pytest.raises(ConfigError, match=r"is LeRobotDataset v2\.1.*convert"):
        LeRobotWriter(tmp_path / "set", SCHEMA)


def test_av1_is_a_codec_like_the_other(tmp_path):
    schema = dataclasses.replace(SCHEMA, codec="av1")
    for seeds in ((0, 1), (2,)):
        with LeRobotWriter(tmp_path / "set", schema) as out:
            for i in seeds:
                images = {
                    "observation.images.front": [picture(100 * i + k) for k in range(6)],
                    "observation.images.side": [picture(100 * i + k, 32, 48) for k in range(6)],
                }
                out.add(encode_episode(FEATURES, 10, columns(6, i), images, "pick", codec="av1"))
    found = read(tmp_path / "set")
    assert found["info"]["features"]["observation.images.front"]["info"]["video.codec"] == "av1"
    assert [number(image) for image in found["images"]["observation.images.front"]] == [
        100 * i + k for i in range(3) for k in range(6)
    ]
    with pytest.raises(ConfigError, match="codec is 'av1', not 'h264'"):
        LeRobotWriter(tmp_path / "set", dataclasses.replace(schema, codec="h264"))
