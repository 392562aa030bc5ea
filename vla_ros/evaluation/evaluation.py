# SPDX-License-Identifier: Apache-2.0
"""Evaluate a policy over consecutive seeds: interruptible, resumable, nothing broken hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vla_ros.evaluation.episode_log import EpisodeLog
from vla_ros.evaluation.pool import Broken, Run, run_all
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

RunSeeds = Callable[[Sequence[int]], Iterator[EpisodeResult | Broken]]


@dataclass
class Evaluation:
    """What has been run so far."""

    episodes: list[EpisodeResult] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    interrupted: bool = False

    def add(self, result: EpisodeResult | Broken) -> None:
        """Count one result."""
        if isinstance(result, Broken):
            self.broken.append(result)
        else:
            self.episodes.append(result)


@dataclass(frozen=True)
class MakeRunner:
    """Make an episode runner in a worker process."""

    settings: EpisodeSettings

    def __call__(self) -> Run:
        from vla_ros.evaluation.runner import EpisodeRunner  # the simulator is the worker's

        return EpisodeRunner(self.settings).run


def lockstep(settings: EvaluationSettings) -> RunSeeds:
    """Return what runs seeds in lockstep with the simulator, in worker processes."""
    return lambda seeds: run_all(MakeRunner(settings.episode), seeds, settings.workers)


def evaluate(
    settings: EvaluationSettings,
    run_seeds: RunSeeds,
    log: EpisodeLog | None = None,
    report: Callable[[Evaluation], None] = lambda evaluation: None,
) -> Evaluation:
    """Run every seed that `log` does not hold yet; `report` is called after each. Ctrl-C ends it early."""
    evaluation = Evaluation()
    for episode in log.episodes if log else ():
        evaluation.add(episode)
    done = {episode.seed for episode in evaluation.episodes}
    report(evaluation)
    try:
        for result in run_seeds([seed for seed in settings.seeds if seed not in done]):
            evaluation.add(result)
            if log is not None:
                log.append(result)
            report(evaluation)
    except KeyboardInterrupt:
        evaluation.interrupted = True
    evaluation.episodes.sort(key=lambda episode: episode.seed)
    return evaluation
