# SPDX-License-Identifier: Apache-2.0
"""What glibc keeps of memory that is free, in a launch and without one, and that it can be given back."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from vla_ros.launching.environment import node_environment
from vla_ros.launching.ros_launch import node_settings
from vla_ros.nodes.memory import MALLOC_ENVIRONMENT

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another libc keeps what it likes")

# Scenes: 24 arrays of 4 MiB each time, which go, and between them what is kept, 4 kB each.
SCENES = """
import numpy as np
from pathlib import Path
from vla_ros.nodes.memory import give_memory_back

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

kept = []
def scene():
    arrays = []
    for _ in range(24):
        arrays.append(np.ones(1 << 19))
        kept.append(bytes(4096))

np.ones(3 << 20)  # 24 MiB, freed: from now on glibc by itself maps only what is larger
before = resident_mib()
for _ in range(3):
    scene()
after = resident_mib()
give_memory_back()
print(after - before, resident_mib() - before)
"""


def grown(environment: dict[str, str]) -> tuple[float, float]:
    """Return how much a process has grown by [MiB] after three scenes, and after it has given back what is free."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    run = subprocess.run(
        [sys.executable, "-c", SCENES], env=clean | environment, capture_output=True, text=True, check=True
    )
    kept, rest = run.stdout.split()
    return float(kept), float(rest)


def test_a_scene_that_is_gone_takes_no_memory_in_a_launch():
    by_itself, rest = grown({})
    assert by_itself > 48.0, "glibc gives it back by itself: then this module is not needed"
    assert rest < 8.0
    in_a_launch, _ = grown(MALLOC_ENVIRONMENT)
    assert in_a_launch < 8.0


# Scenes: 200 arrays of 256 KiB, below what a launch has mapped, which go, and between them what is kept.
SMALL = """
import contextlib, sys
import numpy as np
from pathlib import Path
from vla_ros.nodes.memory import scene_made

def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

kept = []
def scene(number):
    arrays = []
    for _ in range(200):
        arrays.append(np.ones((32 << 10) + 64 * number))
        kept.append(bytes(4096))

with scene_made():
    pass
before = resident_mib()
for number in range(6):  # each somewhat larger, so that it does not fit into the gaps of the one before
    with scene_made() if sys.argv[1] == "made" else contextlib.nullcontext():
        scene(number)
gaps = resident_mib() - before
picture = np.ones(120 << 10)  # 0.9 MiB, as of a picture: from the heap again
heap = next(line.split()[0] for line in Path("/proc/self/maps").read_text().splitlines() if "[heap]" in line)
first, last = (int(end, 16) for end in heap.split("-"))
print(gaps, first <= picture.ctypes.data < last)
"""


def gaps_left(how: str, environment: dict[str, str]) -> tuple[float, bool]:
    """Return by how much a process has grown [MiB] by scenes of small arrays, and whether pictures are in its heap."""
    run = subprocess.run(
        [sys.executable, "-c", SMALL, how], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    gaps, in_heap = run.stdout.split()
    return float(gaps), in_heap == "True"


def test_what_a_scene_is_made_of_leaves_no_gaps_and_pictures_stay_in_the_heap():
    loose, _ = gaps_left("loose", MALLOC_ENVIRONMENT)
    made, in_heap = gaps_left("made", MALLOC_ENVIRONMENT)
    assert loose > 40.0, "glibc leaves no gaps by itself: then there is nothing to do"
    assert made < 10.0  # 1200 times 4 kB are kept
    assert in_heap
    _, in_heap = gaps_left("made", {"MALLOC_MMAP_THRESHOLD_": str(256 << 10)})
    assert not in_heap, "what the environment says holds again afterwards"


def test_nodes_are_started_with_it_and_what_is_chosen_already_stays(monkeypatch):
    name, other = MALLOC_ENVIRONMENT
    monkeypatch.setenv(name, "123")
    monkeypatch.delenv(other, raising=False)
    environment = node_environment({"domain_id": 7}, colored=False)
    assert (environment[name], environment[other]) == ("123", MALLOC_ENVIRONMENT[other])
    settings = node_settings({}, {name: "123"})
    assert name not in settings
    assert settings[other] == MALLOC_ENVIRONMENT[other]
