# SPDX-License-Identifier: Apache-2.0
"""A collection at work, closed at a test's end."""

from __future__ import annotations

import pytest
from demonstrations.collection_bench import CollectionBench

from vla_ros.teleop.episodes import collecting
from vla_ros.teleop.episodes.previews import Previews


@pytest.fixture
def quiet(monkeypatch):
    """No films: they are tested by themselves, and cost a process each."""
    monkeypatch.setattr(Previews, "want", lambda self, name: None)
    monkeypatch.setattr(collecting, "POLL_EVERY_S", 0.02)


@pytest.fixture
def make(tmp_path):
    made = []

    def make(**arguments) -> CollectionBench:
        made.append(CollectionBench(tmp_path / "mugs", **arguments))
        return made[-1]

    yield make
    for bench in made:
        bench.end()


@pytest.fixture
def bench(quiet, make):
    return make()
