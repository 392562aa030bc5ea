# SPDX-License-Identifier: Apache-2.0
"""Before and after: both checkpoints in the same scenes of the task, and in those of what was known before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vla_ros.evaluation.comparison import Comparison, Counterpart
from vla_ros.evaluation.episode_log import EpisodeLog
from vla_ros.evaluation.evaluation import Evaluation, evaluate
from vla_ros.evaluation.pool import Broken, Run, run_all
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult, summary
from vla_ros.policies.graspvla.small.checkpoint_config import WEIGHTS, read_config
from vla_ros.policies.graspvla.small.specification import shown

BEFORE, AFTER = "before", "after"
POLICY = "graspvla"


@dataclass(frozen=True)
class EvaluationSuite:
    """Scenes that both checkpoints are run in."""

    name: str
    settings: EvaluationSettings


@dataclass(frozen=True)
class SuiteResult:
    """What both reached."""

    suite: EvaluationSuite
    before: Evaluation
    after: Evaluation

    @property
    def comparison(self) -> Comparison:
        """Return the difference, scene by scene."""
        settings = self.suite.settings
        before, after = (tuple(broken.seed for broken in run.broken) for run in (self.before, self.after))
        other = Counterpart(BEFORE, settings.episode, tuple(self.before.episodes), True, before, settings.seed)
        return other.compare(self.after.episodes, after, settings.seed)

    def figures(self) -> dict[str, float]:
        """Return the figures of both and their difference, name → number."""
        figures: dict[str, float] = {}
        for when, evaluation in ((BEFORE, self.before), (AFTER, self.after)):
            values = summary(evaluation.episodes)
            for name in ("success_rate", "success_ci95_low", "success_ci95_high", "if_rate", "spl", "episodes"):
                if name in values:  # scenes without a single target have no if_rate
                    figures[f"{self.suite.name}.{when}.{name}"] = values[name]
        return figures | {f"{self.suite.name}.{name}": value for name, value in self.comparison.figures().items()}


@dataclass(frozen=True)
class MakeCheckpointRunner:
    """Make an episode runner for a checkpoint of any folder in a worker process."""

    settings: EpisodeSettings
    checkpoint: Path

    def __call__(self) -> Run:
        from vla_ros.evaluation.runner import EpisodeRunner  # the simulator is the worker's
        from vla_ros.policies.graspvla.small.policy import load_small_policy

        config = read_config(self.checkpoint)
        needs = shown(config.cameras, config.contract)
        runner = EpisodeRunner(self.settings, cameras=config.cameras)
        policy = load_small_policy(self.checkpoint, runner.embodiment)
        return lambda seed: runner.run_scene(runner.scene(seed), policy, needs=needs)


def suites(task: EpisodeSettings, episodes: int, seed: int, workers: int) -> list[EvaluationSuite]:
    """Return the task's scenes and those of the set basic."""
    basic = EpisodeSettings(POLICY, robot=task.robot)
    return [
        EvaluationSuite("task", EvaluationSettings(task, episodes, seed, workers)),
        EvaluationSuite("basic", EvaluationSettings(basic, episodes, seed, workers)),
    ]


def run_suite(
    suite: EvaluationSuite,
    checkpoint: Path,
    folder: Path,
    report: Callable[[Evaluation], None] = lambda evaluation: None,
) -> Evaluation:
    """Run a checkpoint in a suite's scenes; what `folder` holds of the same weights in the same scenes is kept."""
    log = EpisodeLog(folder / f"{suite.name}_{digest(checkpoint)}.episodes.jsonl", suite.settings, resume=True)
    make = MakeCheckpointRunner(suite.settings.episode, checkpoint)
    return evaluate(suite.settings, partial(_run, make, suite.settings.workers), log, report)


def digest(checkpoint: Path) -> str:
    """Return a name for the weights of a checkpoint."""
    return hashlib.sha256((checkpoint / WEIGHTS).read_bytes()).hexdigest()[:12]


def _run(make: MakeCheckpointRunner, workers: int, seeds: Sequence[int]) -> Iterator[EpisodeResult | Broken]:
    return run_all(make, seeds, workers)
