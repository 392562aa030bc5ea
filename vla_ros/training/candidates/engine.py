# SPDX-License-Identifier: Apache-2.0
"""Scenes made side by side in processes; what is there is kept, and the same command goes on where it was."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from controllers.errors import VlaError
from vla_ros.evaluation.child_process import SINGLE_THREAD
from vla_ros.training.candidates.files import CandidateFolder
from vla_ros.training.candidates.labelled_scene import SceneEnded, make_scene
from vla_ros.training.candidates.measured import check_proposer
from vla_ros.training.candidates.settings import CandidateSettings


@dataclass
class Made:
    """What there is so far of what was asked for."""

    scenes: int = 0
    candidates: int = 0  # that are new
    modes: dict[str, tuple[int, int]] = field(default_factory=dict)  # mode → new candidates, and those that succeed
    left_out: Counter[str] = field(default_factory=Counter)  # why scenes are not there
    interrupted: bool = False

    def add(self, ended: SceneEnded) -> None:
        """Count a scene."""
        self.scenes += 1
        self.candidates += ended.candidates
        if ended.reason:
            self.left_out[ended.reason.split(":")[0]] += 1
        for mode, (count, successes) in ended.successes.items():
            before = self.modes.get(mode, (0, 0))
            self.modes[mode] = before[0] + count, before[1] + successes


def make_all(
    settings: CandidateSettings,
    folder: CandidateFolder,
    workers: int,
    show: Callable[[Made], None],
    asked_to_stop: Callable[[], bool],
) -> Made:
    """Make all scenes in `workers` processes; scenes under way are finished when asked to stop.

    Raises VlaError when a process dies, ConfigError for weights that cannot propose.
    """
    if settings.checkpoint:
        check_proposer(settings.checkpoint)
    folder.begin(settings)
    made, seeds = Made(), iter(settings.seeds)
    os.environ.update(SINGLE_THREAD)  # which a worker is born with
    context = multiprocessing.get_context("spawn")  # OpenGL contexts do not survive a fork
    with ProcessPoolExecutor(workers, context, _deaf) as pool:
        under_way: set[Future[SceneEnded]] = set()
        while True:
            while len(under_way) < workers and not asked_to_stop() and (seed := next(seeds, None)) is not None:
                under_way.add(pool.submit(make_scene, settings, folder, seed))
            if not under_way:
                break
            done, under_way = wait(under_way, 1.0, FIRST_COMPLETED)
            for future in done:
                made.add(_ended(future))
            show(made)
    made.interrupted = made.scenes < settings.scenes
    return made


def _ended(future: Future[SceneEnded]) -> SceneEnded:
    try:
        return future.result()
    except BrokenProcessPool:
        raise VlaError(
            "a worker process died, of too little memory perhaps: give fewer --workers, and start again"
        ) from None


def _deaf() -> None:
    """Ignore Ctrl-C: the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
