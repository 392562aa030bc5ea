# SPDX-License-Identifier: Apache-2.0
"""LIBERO's process as a child: real processes and pipes, of a stand-in and of our own server."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from controllers.chunks.progress import ArmCommand
from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.environment import LIBERO
from vla_ros.benchmarks.libero.process import LiberoError, LiberoProcess
from vla_ros.benchmarks.libero.runner import LiberoRunner
from vla_ros.benchmarks.libero.settings import LiberoSettings
from vla_ros.benchmarks.libero.suites import asked, load_libero
from vla_ros.benchmarks.libero.world import LiberoWorld
from vla_ros.robots.embodiment import load_embodiment

STAND_IN = Path(__file__).parents[1] / "support" / "libero_stand_in.py"
Start = Callable[[str], LiberoProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[LiberoProcess] = []

    def make(how: str) -> LiberoProcess:
        running.append(LiberoProcess([sys.executable, "-P", str(STAND_IN), how]))
        return running[-1]

    yield make
    for process in running:
        process.close()


def _world(process: LiberoProcess) -> LiberoWorld:
    task = next(task for task in asked("libero_object") if task.targets == ("milk_1",))
    return LiberoWorld(process, load_libero(), task, load_embodiment("franka"))


def _torques(effort: list[float]) -> ArmCommand:
    return ArmCommand(np.array(effort, dtype=float), np.zeros(7))


def test_a_world_steps_by_what_it_is_told_and_shows_what_is_there(start):
    world = _world(start("fine"))
    assert world.scene.instruction == "pick up the milk"
    assert world.object_names == ("milk_1",)
    before = world.q
    world.arms["panda"].command(_torques([1, 0, 0, 0, 0, 0, 0]), "effort")
    world.grippers["panda_hand"].command(0.5)  # more than it opens
    world.step(5)
    assert world.time == pytest.approx(0.010)
    np.testing.assert_allclose(world.q - before, [0.001, 0, 0, 0, 0, 0, 0], atol=1e-12)
    assert world.grippers["panda_hand"].width == pytest.approx(0.08)
    np.testing.assert_allclose(world.tool_pose("panda")[2, 3], 0.1239)  # the stand-in's hand is at the base
    view = world.observe_camera("side")
    assert view.color.shape == (480, 640, 3)
    assert 0.95 < np.median(view.depth) < 1.05  # as a stereo camera measures it
    assert view.depth.std() > 0.0
    world.reset(3)
    assert world.time == 0.0


def test_torques_stay_within_what_the_motors_give(start):
    world = _world(start("fine"))
    world.arms["panda"].command(_torques([1e6] * 7), "effort")
    assert world.arms["panda"].effort.max() <= 87.0
    with pytest.raises(ConfigError, match="by effort"):
        world.arms["panda"].command(_torques([0] * 7), "position")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("dies at load", "ended at 'load': no memory left for textures"),
        ("refuses load", "the suite has no such task"),
        ("talks at load", "did not answer 'load'"),
        ("short at reset", "finite numbers"),
        ("not finite at reset", "finite numbers"),
    ],
)
def test_a_process_that_misbehaves_is_one_line(start, how, what):
    with pytest.raises(LiberoError, match=what):
        _world(start(how))


def test_another_protocol_and_another_picture_are_refused(start):
    with pytest.raises(LiberoError, match="protocol 2"):
        start("other protocol")
    world = _world(start("small picture"))
    with pytest.raises(LiberoError, match="640 × 480"):
        world.render_camera("front")


def test_a_process_that_says_nothing_is_not_waited_for_without_end(start):
    process = start("silent at load")
    process.answer_s = 0.2
    with pytest.raises(LiberoError, match=r"nothing for 0\.2 s"):
        _world(process)


def test_a_process_that_was_killed_says_so(start):
    process = start("fine")
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(LiberoError, match="tasks"):
        process.ask("tasks", suite="libero_goal")


def test_it_ends_when_its_input_does(start):
    process = start("fine")
    began = time.monotonic()
    process.close()
    assert time.monotonic() - began < 5.0
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_our_server_answers_without_libero_what_needs_none_and_refuses_the_rest():
    """The server's own loop, in this environment: LIBERO is imported only once a task is asked for."""
    command = [sys.executable, "-P", "-m", "vla_ros.benchmarks.libero.server", "--packages", "numpy"]
    with LiberoProcess(command) as process:
        assert process.versions == {"numpy": np.__version__}
        for request, values in (
            ("step", {"count": 1}),
            ("render", {"camera": "front"}),
            ("load", {}),
        ):
            with pytest.raises(LiberoError, match=f"refused '{request}'"):
                process.ask(request, **values)
        assert process.ask("hello")[0]["protocol"] == 1  # and it goes on


def test_an_episode_whose_process_dies_breaks_and_the_next_one_has_a_new_one(start):
    """Played whole but for LIBERO: policy, follower and judge are real, the stand-in's picture shows nothing."""
    started: list[int] = []

    def make() -> LiberoProcess:
        started.append(len(started))
        return start("dies at step" if len(started) == 1 else "fine")

    runner = LiberoRunner(LiberoSettings("libero_object", policy="geometric", episodes=10), make)
    with pytest.raises(LiberoError, match="step"):
        runner.run(7)
    episode = runner.run(7)
    assert started == [0, 1]
    assert (episode.instruction, episode.state, episode.outcome) == ("pick up the milk", 0, "policy gave up")
    assert episode.highest == {"milk_1": 0.0}
    assert episode.chance == 1.0
    runner.close()


def test_without_the_environment_the_line_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VLA_LIBERO_VENV", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="--benchmark libero --install"):
        LiberoProcess()
    assert not LIBERO.installed
