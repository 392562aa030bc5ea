# SPDX-License-Identifier: Apache-2.0
"""Shared memory of killed nodes: theirs goes, what lives or belongs to others stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vla_ros.launching.processes import shared_memory
from vla_ros.launching.processes.shared_memory import OwnedSegments

# Holds a segment as Fast DDS does: its lock file open and locked, the segment itself only mapped.
OWNER = """
import fcntl, pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / sys.argv[2]).write_bytes(bytes(1000))
lock = (folder / (sys.argv[2] + "_el")).open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, "_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def owner(folder):
    """Return what starts a process that owns a segment."""
    processes = []

    def start(name):
        words = [sys.executable, "-c", OWNER, str(folder), name]
        processes.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert processes[-1].stdout.readline() == b"ready\n"
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_killed_process_leaves_nothing_and_others_keep_theirs(folder, owner):
    killed, alive, stranger = owner("fastrtps_a"), owner("fastrtps_b"), owner("fastrtps_c")
    segments = OwnedSegments()
    segments.note([killed.pid, alive.pid])
    for process in (killed, stranger):
        process.kill()
        process.wait()
    segments.remove_orphans()
    # b still has its owner; c has none any more, but it was not ours to judge.
    assert names(folder) == ["fastrtps_b", "fastrtps_b_el", "fastrtps_c", "fastrtps_c_el"]


def test_what_is_gone_already_and_what_never_was_are_no_errors(folder, owner):
    process = owner("fastrtps_a")
    segments = OwnedSegments()
    segments.note([process.pid, 2**22 + 1])
    process.kill()
    process.wait()
    for path in folder.iterdir():
        path.unlink()
    segments.remove_orphans()
    assert names(folder) == []


def test_other_open_files_are_left_alone(folder, owner):
    process = owner("somebody_else")
    segments = OwnedSegments()
    segments.note([process.pid])
    process.kill()
    process.wait()
    segments.remove_orphans()
    assert names(folder) == ["somebody_else", "somebody_else_el"]
