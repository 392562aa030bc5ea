# SPDX-License-Identifier: Apache-2.0
"""What evaluations, runs and collections leave behind: roll-outs, logs of episodes, journals, views of a camera."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any


def rollout(path: Path) -> None:
    """Read a recorded roll-out."""
    from vla_ros.failure_detection.rollout import read_rollout

    read_rollout(path)


def calibration(path: Path) -> None:
    """Read a folder of pictures and of where the robot was at each."""
    from vla_ros.calibration.pictures import folder_pictures

    list(folder_pictures(path.parent, with_robot=True))


def record(path: Path) -> None:
    """Read a file as what its name says that it is."""
    _readers()[path.stem.partition("-")[0]](path)


@cache
def _readers() -> dict[str, Callable[[Path], Any]]:
    from vla_ros.benchmarks.libero.evaluation import read_episodes
    from vla_ros.benchmarks.libero.settings import LiberoSettings
    from vla_ros.data.datasets.relaxed import read_relaxed
    from vla_ros.documents import read_bytes
    from vla_ros.evaluation.episode_log import read_log
    from vla_ros.evaluation.expert_reference import load_reference
    from vla_ros.evaluation.protocol.ledger import Ledger as TestLedger
    from vla_ros.evaluation.protocol.record import TestFolder
    from vla_ros.launching.report import read_result
    from vla_ros.nodes.sim.scene_choice import announced_choice, announced_scene
    from vla_ros.teleop.episodes.journal import Journal
    from vla_ros.teleop.episodes.summary import read_summary
    from vla_ros.training.generation.ledger import Ledger

    def scene(path: Path) -> None:
        text = read_bytes(path, 1 << 20).decode(errors="replace")
        announced_choice(text)
        announced_scene(text)

    def journal(path: Path) -> None:
        Journal(path).close()

    def tests(path: Path) -> None:
        os.environ["XDG_STATE_HOME"] = str(path.parent)  # not this user's own
        TestLedger(path.parent).looks("a", range(10))

    return {
        "episodes": read_log,
        "libero": partial(read_episodes, settings=LiberoSettings()),
        "reference": lambda path: load_reference(path=path),
        "tests": tests,
        "test": lambda path: TestFolder(path.parent.with_suffix(".json")).record(),
        "result": lambda path: read_result(path.parent),
        "summary": lambda path: read_summary(path.parent),
        "relaxed": lambda path: read_relaxed(path.parent.parent),
        "scene": scene,
        "journal": journal,
        "generation": Ledger,
    }
