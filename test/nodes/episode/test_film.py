# SPDX-License-Identifier: Apache-2.0
"""The film of an episode leaves nothing behind: no thread, no frames, however far behind its encoder is."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from vla_ros.nodes.episode import film as film_module
from vla_ros.nodes.episode.film import WAITING_MAX, Film
from vla_ros.nodes.episode_node import EpisodeRun
from vla_ros.policies.capabilities.image_lines import NO_LINES

FRAME = np.zeros((48, 64, 3), dtype=np.uint8)


@pytest.fixture
def stuck(monkeypatch) -> tuple[threading.Event, threading.Event]:
    """Have the encoder set the first when it begins, and go on when the second is set."""
    begun, goes_on = threading.Event(), threading.Event()
    write = film_module.VideoWriter.write

    def slowly(writer, frame):
        begun.set()
        goes_on.wait(10.0)
        write(writer, frame)

    monkeypatch.setattr(film_module.VideoWriter, "write", slowly)
    return begun, goes_on


def test_a_film_ends_although_its_encoder_is_as_far_behind_as_it_may_be(tmp_path, stuck):
    begun, goes_on = stuck
    film = Film(tmp_path / "video.mp4", 10.0)
    film.add([FRAME], [NO_LINES], "")
    assert begun.wait(10.0)
    for _ in range(WAITING_MAX):
        film.add([FRAME], [NO_LINES], "")
    film.close(0.05)
    goes_on.set()
    film._thread.join(10.0)
    assert not film._thread.is_alive(), "it waits for an end that never comes"
    assert film.dropped == 1
    assert (tmp_path / "video.mp4").stat().st_size > 0


def test_between_two_episodes_no_pictures_are_kept(tmp_path):
    film = Film(tmp_path / "video.mp4", 10.0)
    film.add([FRAME], [NO_LINES], "pick up the mug")
    node = SimpleNamespace(film=film, time=1.0, directory=tmp_path, report="", episodes=0, factors=[], embodiment=None)
    EpisodeRun(node, SimpleNamespace(stop=False))._finish()
    assert node.film is None, "every image that comes would wait in a film that is over"
    assert not film._thread.is_alive()
