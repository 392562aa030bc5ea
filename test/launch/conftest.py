# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that start whole graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from rig.launched_job import LaunchedJob

# Without PyTorch there is no learned policy, and a launch says so.
POLICY = () if find_spec("torch") else ("policy:=geometric",)


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., LaunchedJob]]:
    """Return what launches a job with the given words; nothing of it outlives the test."""
    yield from _launching(tmp_path)


@pytest.fixture(scope="module")
def launch_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LaunchedJob]]:
    """Return the same for a job that all tests of a module look at."""
    yield from _launching(tmp_path_factory.mktemp("job"))


def _launching(folder: Path) -> Iterator[Callable[..., LaunchedJob]]:
    graphs: list[LaunchedJob] = []

    def start(*words: str, job: str = "franka_grasp") -> LaunchedJob:
        graphs.append(LaunchedJob(folder, *POLICY, *words, job=job))
        return graphs[-1]

    yield start
    for graph in graphs:
        graph.close()
