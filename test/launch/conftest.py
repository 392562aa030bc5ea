# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that start whole graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launched_graph import LaunchedGraph


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., LaunchedGraph]]:
    """Return what launches franka_grasp with the given words; nothing of it outlives the test."""
    graphs: list[LaunchedGraph] = []

    def start(*words: str) -> LaunchedGraph:
        graphs.append(LaunchedGraph(tmp_path, *words))
        return graphs[-1]

    yield start
    for graph in graphs:
        graph.close()
