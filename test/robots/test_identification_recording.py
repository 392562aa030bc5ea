# SPDX-License-Identifier: Apache-2.0
"""A recording survives its file; every kind of broken file is refused in one line, and none is executed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from arms.franka_arm import ARM
from arms.small_identification import COUNT, small

from controllers.errors import ConfigError
from vla_ros.robots.identification.recording import read_recording, write_recording


@pytest.fixture
def file(tmp_path) -> Path:
    write_recording(tmp_path / "arm.npz", small())
    return tmp_path / "arm.npz"


def rewritten(file: Path, **changes) -> Path:
    """Write the file again with some arrays changed, or left out where None."""
    with np.load(file) as archive:
        values = {key: archive[key] for key in archive.files} | changes
    np.savez(file, **{key: value for key, value in values.items() if value is not None})
    return file


def refusal(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_recording(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert "\n" not in message
    return message


def test_round_trip(tmp_path):
    before = small()
    write_recording(tmp_path / "arm.npz", before)
    after = read_recording(tmp_path / "arm.npz")
    assert (after.robot, after.arm, after.joints, after.with_gravity) == ("franka", "panda", ARM.joints, True)
    for name in ("time", "q", "dq", "effort"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


ROWS = np.zeros((COUNT, 7))
BROKEN = ROWS.copy()
BROKEN[17, 2] = np.nan
TIME = 0.01 * np.arange(COUNT)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"effort": None}, "'effort' is missing"),
        ({"joints": None}, "'joints' is missing"),
        ({"format": 9}, "format 9 is not known: this version reads 1"),
        ({"q": ROWS[:-1]}, r"'q' has shape \(299, 7\), expected \(300, 7\)"),
        ({"dq": ROWS[:, :6]}, r"'dq' has shape \(300, 6\)"),
        ({"time": TIME[:, None]}, "'time' has shape"),
        ({"effort": BROKEN}, "'effort' is not finite at sample 17"),
        ({"time": np.where(np.arange(COUNT) == 40, np.inf, TIME)}, "'time' is not finite at sample 40"),
        ({"time": np.where(np.arange(COUNT) == 40, 0.0, TIME)}, "'time' does not increase at sample 40"),
        ({"q": ROWS.astype("U4")}, "'q' must be numbers"),
        ({"q": ROWS.astype(complex)}, "'q' must be numbers"),
        ({"robot": np.array(["a", "b"])}, "'robot' must be one text"),
        ({"joints": np.arange(7)}, "'joints' must be a list of names"),
        ({"with_gravity": 3}, "'with_gravity' must be true or false"),
    ],
)
def test_broken_contents_are_named(file, changes, match):
    with pytest.raises(ConfigError, match=match):
        read_recording(rewritten(file, **changes))


def test_little_is_not_enough(file):
    few = {name: ROWS[:50] for name in ("q", "dq", "effort")}
    assert "50 samples are too few: record at least 200" in refusal(rewritten(file, time=TIME[:50], **few))


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_nothing_in_a_file_is_executed(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "not a plain .npz file" in refusal(rewritten(file, q=np.array([Bomb()], dtype=object)))
    assert not (tmp_path / "exploded").exists()


def test_other_files_are_refused(tmp_path, file):
    assert "cannot be read (No such file" in refusal(tmp_path / "none.npz")
    assert "cannot be read (Is a directory" in refusal(tmp_path)
    text, single, cut, empty = (tmp_path / name for name in ("text.npz", "single.npz", "cut.npz", "empty.npz"))
    text.write_text("not an archive\n")
    assert "not a plain .npz file" in refusal(text)
    np.save(tmp_path / "array.npy", ROWS)
    (tmp_path / "array.npy").rename(single)
    assert "a single array" in refusal(single)
    content = file.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    assert "not a plain .npz file" in refusal(cut)
    empty.touch()
    assert "not a plain .npz file" in refusal(empty)


@pytest.mark.parametrize("at", [200, 2_000, 9_000])
def test_flipped_bytes_are_refused_or_harmless(file, at):
    content = bytearray(file.read_bytes())
    content[at : at + 8] = bytes(255 - byte for byte in content[at : at + 8])
    file.write_bytes(content)
    refusal(file)


def test_another_arms_recording_is_refused():
    other = dataclasses.replace(small(), joints=tuple(f"fr3_joint{i}" for i in range(1, 8)))
    with pytest.raises(ConfigError, match=r"recorded with joints fr3_joint1, .*; arm 'panda' has panda_joint1"):
        other.check_arm(ARM)
    small().check_arm(ARM)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        write_recording(tmp_path / "none" / "arm.npz", small())
