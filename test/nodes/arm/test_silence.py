# SPDX-License-Identifier: Apache-2.0
"""A watch that was kept from running itself must not take that for somebody else's silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rig.spinning import leave, spin_until

from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.nodes.arm.silence import Silence
from vla_ros.nodes.episode import topics
from vla_ros.nodes.episode.topics import EpisodeNode
from vla_ros.nodes.episode_node import CONTROL_SILENCE_MAX_S

ASLEEP_S = CONTROL_SILENCE_MAX_S + 0.4


def test_time_without_a_look_is_no_silence() -> None:
    now = [10.0]
    silence = Silence(0.25, lambda: now[0])
    for _ in range(8):
        now[0] += 0.125
        silence.update()
    assert silence.seconds == 1.0
    now[0] += 60.0  # it slept
    assert silence.update() == 1.25
    silence.reset()
    assert silence.seconds == 0.0


class Speaker:
    """Control and the other nodes, as the episode hears them, in a thread that goes on while it sleeps."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("speaker_of_a_test", context=self._context)
        self._progress = self._node.create_publisher(DiagnosticStatus, "control/progress", qos.STREAM)
        self._diagnostics = self._node.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        self.speaks = self._runs = True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        progress = messages.diagnostic("control", messages.OK, "", ControlProgress().values())
        state = messages.diagnostic("state", messages.OK, "joint states arrive", {})
        while self._runs:
            if self.speaks:
                self._progress.publish(progress)
                self._diagnostics.publish(messages.diagnostic_array(0.0, state))
            time.sleep(0.02)

    def close(self) -> None:
        self._runs = False
        self._thread.join()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def episode(tmp_path: Path) -> Iterator[tuple[Node, EventsExecutor]]:
    rclpy.init(args=["episode", "--ros-args", "-p", f"run_directory:={tmp_path}"])
    node, executor = EpisodeNode(), EventsExecutor()
    executor.add_node(node)
    yield node, executor
    leave(executor, node)


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    speaker = Speaker()
    yield speaker
    speaker.close()


def test_an_episode_that_was_kept_from_running_blames_nobody(
    episode: tuple[EpisodeNode, EventsExecutor], speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, executor = episode
    monkeypatch.setattr(topics, "SILENCE_MAX_S", CONTROL_SILENCE_MAX_S)
    before = node.progress
    assert spin_until(executor, lambda: node.progress is not before and "state" in node.heard, 30.0)
    for _ in range(3):
        time.sleep(ASLEEP_S)  # pictures to be decoded, a machine that gives its time to others
        assert node.silence < CONTROL_SILENCE_MAX_S
        assert node.silent() == ""
        assert not spin_until(executor, lambda: node.silence > CONTROL_SILENCE_MAX_S or bool(node.silent()), 0.3)
        assert node.silent() == ""
    speaker.speaks = False  # and yet who does fall silent is noticed
    began = time.monotonic()
    assert spin_until(executor, lambda: node.silence > CONTROL_SILENCE_MAX_S and bool(node.silent()), 30.0)
    assert time.monotonic() - began < 2.0 * CONTROL_SILENCE_MAX_S
    assert node.silent() == "state has been silent for 1 s"
