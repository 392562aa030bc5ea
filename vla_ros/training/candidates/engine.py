# SPDX-License-Identifier: Apache-2.0
"""Scenes made side by side; what is there is kept, and the same command goes on where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from vla_ros.training.candidates.files import CandidateFolder
from vla_ros.training.candidates.labelled_scene import SceneEnded
from vla_ros.training.candidates.measured import check_proposer
from vla_ros.training.candidates.scene_pools import ScenePool
from vla_ros.training.candidates.settings import CandidateSettings


@dataclass
class Made:
    """What there is so far of what was asked for."""

    scenes: int = 0
    kept: int = 0  # of these, that were there already
    candidates: int = 0  # that are new
    modes: dict[str, tuple[int, int]] = field(default_factory=dict)  # mode → new candidates, and those that succeed
    left_out: Counter[str] = field(default_factory=Counter)  # why scenes are not there
    interrupted: bool = False

    def add(self, ended: SceneEnded) -> None:
        """Count a scene."""
        self.scenes += 1
        self.kept += ended.kept
        self.candidates += ended.candidates
        if ended.reason:
            self.left_out[ended.reason.split(":")[0]] += 1
        for mode, (count, successes) in ended.successes.items():
            before = self.modes.get(mode, (0, 0))
            self.modes[mode] = before[0] + count, before[1] + successes


def make_all(
    settings: CandidateSettings,
    folder: CandidateFolder,
    pool: ScenePool,
    show: Callable[[Made], None],
    asked_to_stop: Callable[[], bool],
) -> Made:
    """Make all scenes; those under way are finished when asked to stop.

    Raises VlaError when a process dies or nothing can be written, ConfigError for weights that cannot propose.
    """
    if settings.checkpoint:
        check_proposer(settings.checkpoint)
    folder.begin(settings)
    made, seeds = Made(), iter(settings.seeds)
    while True:
        while pool.busy < pool.size and not asked_to_stop() and (seed := next(seeds, None)) is not None:
            pool.start(settings, folder, seed)
        if not pool.busy:
            break
        for ended in pool.wait(1.0):
            made.add(ended)
        show(made)
    made.interrupted = made.scenes < settings.scenes
    return made
