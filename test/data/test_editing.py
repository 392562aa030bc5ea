# SPDX-License-Identifier: Apache-2.0
"""`vla dataset edit`: what is left is what was requested, nothing is lost on the way, and it can be undone."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import signal
import time

import numpy as np
import pytest
from bags.sample_bag import Recording, write_bag
from demonstrations.numbered_picture import number, picture
from demonstrations.sample_dataset import CONTRACT, columns, write_sample
from lerobot_parts.rules import read

from vla_ros.cli import main
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.editing.edit import edit
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.editing.frame_ranges import frame_ranges
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import Feature, camera_feature
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.image_fit import fit_boxes

FRONT = "observation.images.front"
VALID = "annotation.action_valid"
CALIBRATED = (
    CONTRACT
    + """\
features:
  observation.calibration.front: {kind: calibration, camera: front}
"""
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(CALIBRATED)
    return tmp_path


def _numbers(root):
    return [number(image) for image in read(root)["images"][FRONT]]


def test_episodes_are_deleted_and_the_others_numbered_anew_and_back_again(here, capsys):
    write_sample(here / "set", [5, 6, 7, 4])
    assert main(["dataset", "edit", "set", "--delete", "1,3"]) == 0
    assert "set: 2 episodes, 12 frames; 10 frames left out" in capsys.readouterr().out
    found = read(here / "set")
    assert [row["length"] for row in found["episodes"]] == [5, 7]
    assert _numbers(here / "set") == [*range(5), *range(200, 207)]
    expected = np.concatenate([columns(5, 0)["action"], columns(7, 2)["action"]])
    np.testing.assert_array_equal(found["frames"]["action"], expected)
    np.testing.assert_allclose(found["stats"]["action"]["mean"], expected.mean(axis=0), rtol=1e-5)
    assert check(here / "set", deep=True) == []
    assert main(["dataset", "edit", "set", "--delete", "0"]) == 0
    assert main(["dataset", "edit", "set", "--undo"]) == 0
    assert _numbers(here / "set") == [*range(5), *range(200, 207)]
    assert main(["dataset", "edit", "set", "--undo"]) == 0
    assert len(read(here / "set")["episodes"]) == 4
    assert main(["dataset", "edit", "set", "--undo"]) == 2


def test_the_last_edit_is_undone_whichever_older_states_were_removed(here):
    write_sample(here / "set", [4, 5, 6, 7, 8])
    (here / "9").mkdir()
    for removed in ("", "", ".set.before_edit_1"):
        if removed:
            shutil.rmtree(here / removed)
        assert main(["dataset", "edit", "set", "--delete", "0"]) == 0
    for expected in ([6, 7, 8], [5, 6, 7, 8]):
        assert main(["dataset", "edit", "set", "--undo"]) == 0
        assert [episode.length for episode in load_metadata(here / "set").episodes] == expected
    assert main(["dataset", "edit", "set", "--undo"]) == 2


def test_a_task_gets_other_words_and_joins_one_that_has_them(here):
    write_sample(here / "set", [5, 6, 4])
    assert main(["dataset", "edit", "set", "--rename", "pick 1", "pick 0", "--to", "other"]) == 0
    assert load_metadata(here / "set").tasks == ("pick 0", "pick 1")
    assert load_metadata(here / "other").tasks == ("pick 0",)
    assert check(here / "other", deep=True) == []


def test_features_are_dropped_and_the_contract_follows(here):
    write_bag(here / "bag", Recording(duration=1.5))
    assert main(["convert", "bag", "set", "--contract", "small.yaml"]) == 0
    words = ["--drop", "observation.anchor", "--drop", "observation.images.side"]
    assert main(["dataset", "edit", "set", *words]) == 0
    metadata = load_metadata(here / "set")
    assert "observation.anchor" not in metadata.features
    assert list(metadata.contract.cameras) == ["front"]
    assert not (here / "set/videos/observation.images.side").exists()
    assert check(here / "set", deep=True) == []
    assert main(["dataset", "edit", "set", "--drop", FRONT]) == 0  # its calibration has no camera any more
    metadata = load_metadata(here / "set")
    assert (metadata.contract.cameras, metadata.contract.features) == ({}, {})
    assert check(here / "set", deep=True) == []


def test_pictures_are_made_smaller_with_their_calibration_and_boxes(here):
    write_bag(here / "bag", Recording(duration=1.5))
    assert main(["convert", "bag", "set", "--contract", "small.yaml"]) == 0
    before = read(here / "set")["frames"]["observation.calibration.front"]
    assert main(["dataset", "edit", "set", "--resize", "front=32x32", "--fit", "crop"]) == 0
    found, metadata = read(here / "set"), load_metadata(here / "set")
    assert found["images"][FRONT][0].shape == (32, 32, 3)
    assert (metadata.contract.cameras["front"].width, metadata.contract.cameras["side"].width) == (32, 48)
    fx, fy, cx, cy = before[0][:4]
    scale = 32 / 48  # 8 px are cut away on each side of 64
    expected = [fx * scale, fy * scale, (cx - 8 + 0.5) * scale - 0.5, (cy + 0.5) * scale - 0.5]
    np.testing.assert_allclose(found["frames"]["observation.calibration.front"][0][:4], expected, rtol=1e-5)
    np.testing.assert_array_equal(found["frames"]["observation.calibration.front"][0][4:], before[0][4:])
    assert check(here / "set", deep=True) == []


def test_boxes_follow_their_picture():
    boxes = np.array([[[10, 10, 20, 30, 1.0], [0, 0, 16, 8, 0.5], [0, 0, 0, 0, 0]]], np.float32)
    fitted = fit_boxes(boxes, (64, 48), CameraStream(24, 24, "crop"))[0]
    np.testing.assert_allclose(fitted[0], [1.0 - 0.25, 5 - 0.25, 6 - 0.25, 15 - 0.25, 1.0], atol=1e-6)
    np.testing.assert_allclose(
        fitted[1], [-0.5, -0.25, 4 - 0.25, 4 - 0.25, 0.5 * 8.5 / 16], atol=1e-6
    )  # cut at the left
    assert not fitted[2].any()


def _annotated(root, valid):
    """Write a dataset whose actions are examples where `valid` says so, an episode a row."""
    features = {FRONT: camera_feature(48, 64), "action": Feature("float32", (1,)), VALID: Feature("int64", (1,))}
    with LeRobotWriter(root, DatasetSchema(10, "franka", features)) as out:
        for n, row in enumerate(valid):
            frames = np.arange(len(row))
            numbers = {"action": (100 * n + frames)[:, None], VALID: np.array(row)}
            pictures = {FRONT: [picture(100 * n + k) for k in frames]}
            out.add(encode_episode(features, 10, numbers, pictures, f"task {n}", f"generated/{n}"))
    return root


def test_frames_that_are_no_example_are_left_out_and_episodes_end_there(here):
    valid = [[1, 1, 1, 0, 0, 1, 1, 1, 1], [0, 0, 1, 0, 1, 1, 1], [0, 0]]
    _annotated(here / "set", valid)
    assert main(["dataset", "edit", "set", "--clean", "--to", "clean"]) == 0
    found = read(here / "clean")  # reads by the format's rules: time stamps are i / fps, everything is contiguous
    kept = [[0, 1, 2], [5, 6, 7, 8], [104, 105, 106]]
    assert [row["length"] for row in found["episodes"]] == [len(run) for run in kept]
    assert found["frames"]["action"].ravel().tolist() == [k for run in kept for k in run]
    assert _numbers(here / "clean") == [k for run in kept for k in run]
    np.testing.assert_allclose(found["frames"]["timestamp"][3:7], [0.0, 0.1, 0.2, 0.3], atol=1e-6)
    sources = [episode.source for episode in load_metadata(here / "clean").episodes]
    assert sources == ["generated/0:0-3", "generated/0:5-9", "generated/1:4-7"]
    assert check(here / "clean", deep=True) == []


def test_frame_ranges_leave_out_what_is_too_short_for_an_episode():
    assert frame_ranges([4, 3], deleted=[0]) == [(1, 0, 3)]
    assert frame_ranges([4, 3], valid=np.array([1, 0, 1, 1, 0, 1, 0])) == [(0, 2, 4)]


def test_a_contract_is_written_back(here):
    write_bag(here / "bag", Recording(duration=1.5))
    assert main(["convert", "bag", "set", "--contract", "small.yaml"]) == 0
    text = (here / "set/meta/contract.json").read_text()
    (here / "set/meta/contract.json").unlink()
    assert main(["dataset", "edit", "set", "--contract", "small"]) == 0  # what its own copy is called
    assert (here / "set/meta/contract.json").read_text() == text
    info = (here / "set/meta/info.json").read_text().replace('"contract"', '"contrat"')
    (here / "set/meta/info.json").write_text(info)
    (here / "set/meta/contract.json").unlink()
    assert main(["dataset", "edit", "set", "--contract", "franka_grasp"]) == 2
    assert main(["dataset", "edit", "set", "--contract", "small.yaml"]) == 0
    assert (here / "set/meta/contract.json").read_text() == text


def test_an_interrupted_edit_goes_on_where_it_was(here):
    write_sample(here / "set", [5, 6, 7, 4])
    before = read(here / "set")["frames"]["action"]
    edits, seen = DatasetEdits(delete=(0,)), []

    def interrupt(share):
        seen.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        edit(here / "set", edits, progress=interrupt)
    np.testing.assert_array_equal(read(here / "set")["frames"]["action"], before)
    seen.clear()
    edit(here / "set", edits, progress=seen.append)
    assert seen == [2 / 3]  # two of three were there
    assert [row["length"] for row in read(here / "set")["episodes"]] == [6, 7, 4]


def test_a_killed_edit_leaves_the_dataset_before_or_after(here):
    """Killed (-9) at many moments; then the same command ends the work, once."""
    write_sample(here / "set", [5, 6, 7, 4])
    edits = DatasetEdits(rename={"pick 1": "pick 0"})
    for delay in (0.0, 0.02, 0.05, 0.1, 0.15, 0.2):
        child = os.fork()
        if child == 0:
            edit(here / "set", edits, commit_every_s=0.0)
            os._exit(0)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(_numbers(here / "set")) == 22
        if load_metadata(here / "set").tasks == ("pick 0",):
            break
    main(["dataset", "edit", "set", "--rename", "pick 1", "pick 0"])
    assert load_metadata(here / "set").tasks == ("pick 0",)
    assert check(here / "set", deep=True) == []


def test_an_edit_killed_between_its_last_two_steps_is_not_done_twice(here, capsys):
    """The dataset has changed places with the one before, which is not yet put aside."""
    from vla_ros.data.datasets.editing import workplace

    write_sample(here / "set", [5, 6, 7])
    place = workplace.EditPlace
    keep = place._keep
    place._keep = lambda self: (_ for _ in ()).throw(KeyboardInterrupt)
    try:
        assert main(["dataset", "edit", "set", "--delete", "0"]) == 130
    finally:
        place._keep = keep
    assert [row["length"] for row in read(here / "set")["episodes"]] == [6, 7]
    assert main(["dataset", "edit", "set", "--delete", "0"]) == 0
    assert [row["length"] for row in read(here / "set")["episodes"]] == [6, 7]
    assert main(["dataset", "edit", "set", "--undo"]) == 0
    assert [row["length"] for row in read(here / "set")["episodes"]] == [5, 6, 7]


def test_where_folders_cannot_be_exchanged_two_renames_do(here, monkeypatch):
    """Some network file systems; killed between the two, the next edit puts the dataset back first."""
    from vla_ros.data.datasets import staging

    class Refusing:
        def renameat2(self, *arguments):
            ctypes.set_errno(errno.EINVAL)
            return -1

    write_sample(here / "set", [5, 6, 7])
    monkeypatch.setattr(staging, "_libc", Refusing())
    assert main(["dataset", "edit", "set", "--delete", "0"]) == 0
    assert [row["length"] for row in read(here / "set")["episodes"]] == [6, 7]
    assert main(["dataset", "edit", "set", "--undo"]) == 0
    assert [row["length"] for row in read(here / "set")["episodes"]] == [5, 6, 7]
    (here / ".set.editing").mkdir()
    os.rename("set", ".set.editing/dataset.aside")
    assert main(["dataset", "edit", "set", "--delete", "2"]) == 0
    assert [row["length"] for row in read(here / "set")["episodes"]] == [5, 6]


def test_what_is_kept_beside_a_dataset_is_not_taken_for_one(here):
    write_sample(here / "sets/one", [5, 6])
    assert main(["dataset", "edit", "sets/one", "--delete", "0"]) == 0
    assert main(["dataset", "merge", "all", "sets"]) == 0
    assert len(read(here / "all")["episodes"]) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "nothing to do"),
        (["--delete", "7"], "episode 7 is not one of 0 to 1"),
        (["--delete", "x"], "give episodes such as 0-3,7"),
        (["--delete", "0-1"], "all 2 episodes would be deleted"),
        (["--rename", "pik 0", "b"], "unknown task 'pik 0': did you mean 'pick 0'"),
        (["--rename", "pick 0", " "], "needs words"),
        (["--drop", "actoin"], "unknown feature 'actoin': did you mean 'action'"),
        (["--drop", "timestamp"], "one that every dataset has"),
        (["--resize", "224"], "give WIDTHxHEIGHT"),
        (["--resize", "fron=32x24"], "unknown camera 'fron': did you mean 'front'"),
        (["--resize", "front=32x32"], "has another shape: add --fit crop"),
        (["--resize", "front=33x24"], "even numbers"),
        (["--fit", "crop"], "give both"),
        (["--clean"], "has no 'annotation.action_valid'"),
        (["--contract", "franka_gras"], "did you mean 'franka_grasp'"),
        (["--contract", "franka_grasp"], "fps|shape|missing"),
        (["--undo", "--clean"], "--undo: give it alone"),
        (["--undo"], "no edit to undo"),
        (["--delete", "0", "--to", "set"], "exists already"),
        (["--delete", "0", "--to", "set/new"], "lies in the dataset"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(here, capsys, words, expected):
    write_sample(here / "set", [4, 5])
    before = sorted(os.listdir(here))
    assert main(["dataset", "edit", "set", *words]) == 2
    said = capsys.readouterr().err
    assert re.search(expected, said), said
    assert said.count("\n") == 1
    assert sorted(os.listdir(here)) == before
