# SPDX-License-Identifier: Apache-2.0
"""Datasets as others leave them: of one task, edited by lerobot's tools, without a contract, anchor or calibration."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bags.sample_bag import Recording, write_bag
from demonstrations.sample_dataset import CONTRACT, FEATURES, write_sample

from vla_ros.cli import main
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import camera_feature
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.writer import LeRobotWriter

FRONT = "observation.images.front"
ONE_ARM = CONTRACT.replace("  side: {width: 48, height: 32}\n", "")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(ONE_ARM)
    return tmp_path


def _stats(root, change):
    path = root / "meta/stats.json"
    values = json.loads(path.read_text())
    for name, entry in values.items():
        change(name, entry)
    path.write_text(json.dumps(values))


def _converted(here):
    write_bag(here / "bag", Recording(duration=1.5))
    assert main(["convert", "bag", "set", "--contract", "small.yaml"]) == 0
    return here / "set"


def _zero_std(name, entry):
    if name in ("task_index", "episode_index"):
        entry["std"] = [0.0]


def _no_quantiles(name, entry):
    for key in [key for key in entry if key[0] == "q"]:
        del entry[key]


@pytest.mark.parametrize("change", [_zero_std, _no_quantiles])
def test_what_lerobot_writes_of_one_task_is_fine(here, change):
    """A number that never changes has a std of zero there, and quantiles are of later versions."""
    write_sample(here / "set", [5])
    _stats(here / "set", change)
    assert check(here / "set") == []


def test_statistics_without_quantiles_are_counted_again_where_they_are_needed(here):
    write_sample(here / "set", [5, 4])
    for path in (here / "set/meta/episodes").rglob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.select([n for n in table.column_names if "/q" not in n]), path)
    assert main(["dataset", "merge", "all", "set"]) == 0
    assert check(here / "all", deep=True) == []


def test_statistics_without_quantiles_are_shown_without_them(here, capsys):
    write_sample(here / "set", [5])
    _stats(here / "set", _no_quantiles)
    assert main(["dataset", "stats", "set"]) == 0
    (row,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["x"]]
    stats = json.loads((here / "set/meta/stats.json").read_text())["action"]
    assert row[2:5] == ["-"] * 3
    shown = [row[1], *row[5:]]
    assert shown == [f"{stats[name][0]:.4g}" for name in ("min", "max", "mean", "std")]


def test_a_negative_std_is_still_found(here):
    write_sample(here / "set", [5])
    _stats(here / "set", lambda name, entry: entry.update(std=[-1.0]) if name == "task_index" else None)
    (found,) = check(here / "set")
    assert "negative std" in found
    remedy = found.rpartition("`vla ")[2].rstrip("`").split()  # what it says to do is what helps
    assert main([*remedy, "set"]) == 0
    assert check(here / "set") == []


def test_an_episode_that_begins_between_key_frames_is_merged(here):
    """lerobot's own editing leaves key frames where they fall."""
    write_sample(here / "set", [5, 4])  # frames 0, 2, 4 and, encoded anew, 5, 7 are key frames
    path = here / f"set/videos/{FRONT}/chunk-000/file-000.mp4"
    images = [image for n in range(2) for image in _pictures(here / "set", n)]
    one = encode_episode({FRONT: FEATURES[FRONT]}, 10, {}, {FRONT: images}, "x")
    path.write_bytes(one.videos[FRONT].data)
    assert check(here / "set", deep=True) == []
    assert main(["dataset", "merge", "all", "set"]) == 0
    assert check(here / "all", deep=True) == []
    assert np.abs(np.array(_pictures(here / "all", 1)).astype(int) - np.array(images[5:])).mean() < 3.0


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([0.4, 0.0, 0.8], []),  # the order in the file is nobody's concern
        ([0.0, 0.4, 1.0], ["episode 2 begins at 1.000 s and has 2 frames of no episode before it"]),
        (
            [0.0, 0.0, 0.8],
            [
                "episode 1 begins at 0.000 s and has pictures of another episode",
                "episode 2 begins at 0.800 s and has 4 frames of no episode before it",
            ],
        ),
    ],
)
def test_an_episode_with_another_ones_pictures_is_found(here, starts, expected):
    lengths = [4, 4, 6]
    write_sample(here / "set", lengths)
    (path,) = (here / "set/meta/episodes").rglob("*.parquet")
    table = pq.read_table(path)
    for end, times in (("from", starts), ("to", [s + n / 10 for s, n in zip(starts, lengths, strict=True)])):
        name = f"videos/{FRONT}/{end}_timestamp"
        table = table.set_column(table.column_names.index(name), name, pa.array(times, pa.float64()))
    pq.write_table(table, path)
    assert [line.partition(": ")[2] for line in check(here / "set")] == expected


@pytest.mark.parametrize("every", [4, 250])
def test_frames_that_refer_to_later_ones_are_encoded_again(here, capsys, every):
    """Whoever writes H.264 by default has B frames: packets come in another order than pictures."""
    write_sample(here / "set", [5, 6, 7])
    path = here / f"set/videos/{FRONT}/chunk-000/file-000.mp4"
    images = [image for n in range(3) for image in _pictures(here / "set", n)]
    _write_with_b_frames(path, images, every)
    assert check(here / "set", deep=True) == []
    seen = [image for n in range(3) for image in _pictures(here / "set", n)]
    assert np.abs(np.array(seen).astype(int) - np.array(images)).mean() < 3.0
    assert main(["dataset", "merge", "all", "set"]) == 0
    assert "3 episodes, 18 frames added from 1 datasets; 0 were there already, 0 corrupt" in capsys.readouterr().out
    assert main(["dataset", "edit", "set", "--rename", "pick 0", "lift", "--to", "other"]) == 0
    write_sample(here / "set", [4], 3)  # appended
    for root, count in (("all", 18), ("other", 18), ("set", 22)):
        assert check(here / root, deep=True) == []
        found = np.array([image for n in range(3) for image in _pictures(here / root, n)])
        assert np.abs(found.astype(int) - np.array(images)).mean() < 4.0
        assert load_metadata(here / root).frames == count


def _write_with_b_frames(path, images, every):
    with av.open(str(path), "w") as container:
        options = {"bf": "3", "g": str(every), "crf": "10", "b_strategy": "0", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=10, options=options, width=64, height=48)
        stream.pix_fmt = "yuv420p"
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        order = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert order != sorted(order)


def _pictures(root, episode):
    from vla_ros.data.datasets.reader import LeRobotReader

    with LeRobotReader(root) as reader:
        return list(reader.images(FRONT, episode))


def test_pictures_whose_channels_come_first_in_info_json_are_read(here):
    write_sample(here / "set", [5])
    path = here / "set/meta/info.json"
    info = json.loads(path.read_text())
    info["features"][FRONT] |= {"shape": [3, 48, 64], "names": ["channels", "height", "width"]}
    path.write_text(json.dumps(info))
    assert load_metadata(here / "set").features[FRONT] == camera_feature(48, 64)
    assert check(here / "set", deep=True) == []


def test_a_contract_that_lerobot_dropped_is_found_again_in_what_it_keeps(here, capsys):
    """lerobot's tools write meta/ anew and keep the entries of `features` as they are."""
    dataset = _converted(here)
    contract = load_metadata(dataset).contract
    (dataset / "meta/contract.json").unlink()
    assert load_metadata(dataset).contract == contract
    capsys.readouterr()
    assert main(["dataset", "check", "set"]) == 0
    said = capsys.readouterr().out
    assert "meta/contract.json is missing" in said
    assert "copy in meta/info.json" in said
    assert main(["dataset", "info", "set"]) == 0
    assert "contract small" in capsys.readouterr().out


def test_a_column_that_lerobot_removed_is_gone_from_the_contract_too(here):
    contract = ONE_ARM + "features: {observation.calibration.front: {kind: calibration, camera: front}}\n"
    (here / "small.yaml").write_text(contract)
    dataset = _converted(here)
    (dataset / "meta/contract.json").unlink()
    path = dataset / "meta/info.json"
    info = json.loads(path.read_text())
    del info["features"]["observation.calibration.front"]
    path.write_text(json.dumps(info))
    assert load_metadata(dataset).contract.features == {}
    assert check(dataset) == []


def test_a_dataset_without_any_contract_says_which_ones_its_columns_fit(here, capsys):
    from vla_ros.data.datasets.schema import contract_schema
    from vla_ros.policies.contract import load_contract

    schema = contract_schema(load_contract("franka_grasp"))
    schema = DatasetSchema(schema.fps, schema.robot, schema.features)  # as an older version's after lerobot's merge
    numbers = {n: np.zeros((2, *f.shape)) for n, f in schema.features.items() if not f.is_video}
    pictures = {n: [np.zeros(f.shape, np.uint8)] * 2 for n, f in schema.features.items() if f.is_video}
    with LeRobotWriter(here / "set", schema) as out:
        out.add(encode_episode(schema.features, 10, numbers, pictures, "pick"))
    assert main(["dataset", "check", "set"]) == 0
    said = capsys.readouterr().out
    assert "its columns are those of franka_grasp" in said
    assert "vla dataset edit set --contract franka_grasp" in said
    write_sample(here / "foreign", [4])
    assert main(["dataset", "check", "foreign"]) == 0
    assert capsys.readouterr().out == "foreign: ok\n"


@pytest.mark.parametrize(
    ("key", "path", "why"),
    [
        ("video_path", "/etc/{video_key}.mp4", "must stay in the dataset's folder"),
        ("video_path", "videos/../../{video_key}.mp4", "must stay in the dataset's folder"),
        ("data_path", "../{chunk_index}.parquet", "must stay in the dataset's folder"),
        ("data_path", "{chunk_index.__class__.__mro__}", "and no other braces"),
        ("data_path", "{chunk_index:999999999d}.parquet", "and no other braces"),
        ("data_path", "{0}/{nothing}", "and no other braces"),
        ("data_path", "}{", "and no other braces"),
        ("data_path", 7, "and no other braces"),
        ("data_path", "", "and no other braces"),
    ],
)
def test_the_paths_of_a_dataset_lead_nowhere_else_and_format_nothing(here, capsys, key, path, why):
    write_sample(here / "set", [4])
    file = here / "set/meta/info.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: path}))
    for command in ("check", "view"):
        assert main(["dataset", command, "set"]) == 2
        error = capsys.readouterr().err
        assert f"{key} is {path!r}: it " in error
        assert why in error
        assert error.count("\n") == 1


def test_a_camera_whose_name_leads_out_of_the_folder_is_refused(here, capsys):
    write_sample(here / "set", [4])
    for file in (here / "set/meta").rglob("*.json"):
        file.write_text(file.read_text().replace(FRONT, "../../front"))
    assert main(["dataset", "view", "set"]) == 2
    assert "must stay in the dataset's folder" in capsys.readouterr().err
