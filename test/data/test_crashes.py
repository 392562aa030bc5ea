# SPDX-License-Identifier: Apache-2.0
"""Killed, or out of disk, at any moment: a dataset is what it was before a commit or after it, never between."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from assets import ROOT
from demonstrations.numbered_picture import number
from demonstrations.sample_dataset import SCHEMA, episode, write_sample
from lerobot_parts.rules import read
from slow_tests import trials

from vla_ros.data.datasets.writer import LeRobotWriter

FRONT = "observation.images.front"
BEFORE = [7, 5]  # episodes of the dataset that is appended to
AFTER = [6, 7, 8, 9, 10]  # those the child adds, committed after the first, the fourth and the fifth
COMMITTED = [0, 1, 4, 5]


class Crasher:
    """Talk to crashing_writer.py."""

    def __init__(self, errors: Path) -> None:
        self._errors = errors.open("w+")
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "test" / "support" / "demonstrations" / "crashing_writer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def run(self, root: Path, kill_at: int = 0, size_max: int = 0) -> tuple[int, int]:
        """Return the child's exit code (-9: killed) and the number of its file events."""
        self._process.stdin.write(f"{root} {kill_at} {size_max}\n")
        self._process.stdin.flush()
        code, events = self._process.stdout.readline().split()
        return int(code), int(events)

    def said(self) -> str:
        """Return everything the children said on stderr."""
        self._errors.seek(0)
        return self._errors.read()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._errors.close()


@pytest.fixture
def crasher(tmp_path):
    made = Crasher(tmp_path / "errors")
    yield made
    made.close()


@pytest.fixture
def before(tmp_path):
    return write_sample(tmp_path / "before", BEFORE)


def check_whole(root: Path, fresh: bool) -> int:
    """Assert that a dataset is at one of its commits, by content; return the episodes added."""
    if fresh and not root.exists():
        return 0
    found = read(root)
    held = [] if fresh else BEFORE
    added = len(found["episodes"]) - len(held)
    assert added in COMMITTED
    numbers = [100 * i + k for i, n in enumerate(held) for k in range(n)]
    numbers += [100 * (50 + i) % 4096 + k for i, n in enumerate(AFTER[:added]) for k in range(n)]
    assert [number(image) % 4096 for image in found["images"][FRONT]] == [n % 4096 for n in numbers]
    return added


def check_goes_on(root: Path, fresh: bool, added: int) -> None:
    """Assert that the next writer clears up and appends."""
    with LeRobotWriter(root, SCHEMA) as out:
        out.add(episode(4, 3))
    assert len(read(root)["episodes"]) == added + 1 + (0 if fresh else len(BEFORE))
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_killed_at_any_of_many_moments_nothing_is_half_changed(tmp_path, before, crasher):
    """Every one of some hundred file operations is a moment to die at; some of them are drawn."""
    whole = tmp_path / "whole" / "set"
    shutil.copytree(before, whole)
    code, events = crasher.run(whole)
    assert code == 0
    assert check_whole(whole, False) == 5
    moments = np.random.default_rng(0).choice(np.arange(1, events + 1), min(trials(20, 50), events), replace=False)
    seen = set()
    for moment in moments.tolist():
        fresh = moment % 4 == 0
        root = tmp_path / str(moment) / "set"
        root.parent.mkdir()
        if not fresh:
            shutil.copytree(before, root)
        code, _ = crasher.run(root, kill_at=moment)
        assert code == -9 or fresh  # a new dataset takes fewer operations
        added = check_whole(root, fresh)
        seen.add(added)
        if moment % 5 == 0:
            check_goes_on(root, fresh, added)
        shutil.rmtree(root.parent)
    assert seen == set(COMMITTED)


def test_files_that_cannot_grow_leave_the_dataset_as_it_was(tmp_path, before, crasher):
    """A limit on the size of files makes write, flush and close fail in the middle, as a full disk or quota does."""
    sizes = sorted(path.stat().st_size for path in before.rglob("*") if path.is_file())
    limits = np.unique(np.random.default_rng(1).integers(200, int(sizes[-1] * 1.7), trials(15, 50))).tolist()
    codes = []
    for limit in limits:
        root = tmp_path / str(limit) / "set"
        shutil.copytree(before, root)
        code, _ = crasher.run(root, size_max=limit)
        codes.append(code)
        added = check_whole(root, False)
        assert (code == 0) == (added == 5)
        if limit % 5 == 0:
            check_goes_on(root, False, added)
        shutil.rmtree(root.parent)
    assert codes.count(2) >= 0.6 * len(limits)
    lines = crasher.said().splitlines()
    assert len(lines) == codes.count(2)
    assert all("it is as it was at the last commit; make room" in line for line in lines)


@pytest.fixture
def small_disk(tmp_path):
    """Yield a file system of 2 MB, where this may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_dataset_as_it_was(small_disk, before, crasher):
    random, codes = np.random.default_rng(2), []
    for _ in range(trials(15, 50)):
        root = small_disk / "data" / "set"
        shutil.copytree(before, root)
        free = os.statvfs(small_disk)
        leave = int(random.integers(0, 450_000))
        filler = small_disk / "filler"
        filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
        code, _ = crasher.run(root)
        codes.append(code)
        added = check_whole(root, False)
        assert (code == 0) == (added == 5)
        filler.unlink()
        if leave % 5 == 0:
            check_goes_on(root, False, added)
        shutil.rmtree(root.parent)
    assert codes.count(2) >= 0.2 * len(codes)
    assert codes.count(0) >= 0.1 * len(codes)
    assert "No space left on device" in crasher.said()
