# SPDX-License-Identifier: Apache-2.0
"""Files that training keeps: made once, whole or not at all; a disk that is full is one line."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.training.pictures.kept_file import kept_file

PICTURES = np.zeros((100, 100), dtype=np.uint8)


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "frames" / "one.npy"
    for value in (1, 2):
        kept_file(path, partial(_save, PICTURES + value))
    assert np.load(path)[0, 0] == 1
    assert [one.name for one in path.parent.iterdir()] == ["one.npy"]


def test_a_full_disk_is_said_and_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / "one.part").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match=r"one.npy: cannot be written .*: make room, then train again"):
        kept_file(tmp_path / "one.npy", partial(_save, PICTURES))
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "frames").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        kept_file(tmp_path / "frames" / "one.npy", partial(_save, PICTURES))


def _save(array: np.ndarray, file: object) -> None:
    np.save(file, array)  # type: ignore[call-overload]
