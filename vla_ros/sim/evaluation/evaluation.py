# SPDX-License-Identifier: Apache-2.0
"""Evaluate a policy over consecutive seeds: in parallel, interruptible, resumable, nothing broken hidden."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.sim.evaluation.pool import Broken, Run, run_all
from vla_ros.sim.evaluation.settings import EpisodeSettings
from vla_ros.sim.evaluation.statistics import Episode

EPISODES_MAX = 1_000_000
WORKERS_MAX = 256
SEED_MAX = 2**31
BROKEN = "broken"  # key of a log line that is no episode; resuming runs its seed again


@dataclass(frozen=True)
class EvaluationSettings:
    """Which episodes are run, and by how many processes."""

    episode: EpisodeSettings = field(default_factory=EpisodeSettings)
    episodes: int = 20
    seed: int = 0
    workers: int = 1

    def check(self) -> None:
        """Raise ConfigError for what cannot be run, before any work begins."""
        for name, value, low, high in (
            ("--episodes", self.episodes, 1, EPISODES_MAX),
            ("--seed", self.seed, 0, SEED_MAX),
            ("--workers", self.workers, 1, WORKERS_MAX),
        ):
            if not (math.isfinite(value) and low <= value <= high):
                raise ConfigError(f"{name} must be {low} to {high}, got {value}")
        self.episode.check()

    @property
    def seeds(self) -> range:
        """Return the seeds of the episodes."""
        return range(self.seed, self.seed + self.episodes)


@dataclass
class Evaluation:
    """What has been run so far."""

    episodes: list[Episode] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    interrupted: bool = False

    def add(self, result: Episode | Broken) -> None:
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
        from vla_ros.sim.evaluation.runner import EpisodeRunner  # the simulator is the worker's

        return EpisodeRunner(self.settings).run


def evaluate(
    settings: EvaluationSettings,
    log: EpisodeLog | None = None,
    report: Callable[[Evaluation], None] = lambda evaluation: None,
    make_run: Callable[[], Run] | None = None,
) -> Evaluation:
    """Run every seed that `log` does not hold yet; `report` is called after each. Ctrl-C ends it early."""
    evaluation = Evaluation()
    for episode in log.episodes if log else ():
        evaluation.add(episode)
    done = {episode.seed for episode in evaluation.episodes}
    report(evaluation)
    try:
        left = [seed for seed in settings.seeds if seed not in done]
        for result in run_all(make_run or MakeRunner(settings.episode), left, settings.workers):
            evaluation.add(result)
            if log is not None:
                log.append(result)
            report(evaluation)
    except KeyboardInterrupt:
        evaluation.interrupted = True
    evaluation.episodes.sort(key=lambda episode: episode.seed)
    return evaluation


class EpisodeLog:
    """Episodes as JSON lines beside the result file: details for people, and what --resume continues from."""

    def __init__(self, path: Path, settings: EvaluationSettings, resume: bool) -> None:
        """Open the log; with `resume` keep the episodes of the same settings that lie there."""
        self.path = path
        self._header = {"settings": _comparable(settings.episode)}
        self.episodes: list[Episode] = []
        if resume and path.exists():
            self.episodes = [e for e in self._read() if e.seed in settings.seeds]
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self._header, *(dataclasses.asdict(episode) for episode in self.episodes)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def append(self, result: Episode | Broken) -> None:
        """Write one more result at once, so that nothing is lost when the run is killed."""
        line = (
            {"seed": result.seed, BROKEN: result.reason} if isinstance(result, Broken) else dataclasses.asdict(result)
        )
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _read(self) -> list[Episode]:
        lines = self.path.read_text().splitlines()
        try:
            header = json.loads(lines[0]) if lines else {}
            # A killed run may leave half a line at the end.
            rows = [json.loads(line) for line in lines[1:] if line.endswith("}")]
            episodes = [Episode(**row) for row in rows if BROKEN not in row]
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{self.path}: not an episode log ({error}): run without --resume") from error
        if header != self._header:
            raise ConfigError(f"{self.path}: holds episodes of other settings: run without --resume, or as then")
        return episodes


def _comparable(settings: EpisodeSettings) -> dict:
    values = dataclasses.asdict(settings)
    del values["video"]  # films change no result
    return values
