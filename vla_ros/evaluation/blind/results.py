# SPDX-License-Identifier: Apache-2.0
"""A blind trial as two evaluations that `vla compare` reads, and how far the simulator's judge agrees with the person.

Success is the person's verdict; what else an evaluation tells of an episode is the graph's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from vla_ros.evaluation.blind.course import Course
from vla_ros.evaluation.blind.key import A, B
from vla_ros.evaluation.blind.trials import Trial, Verdict
from vla_ros.evaluation.episode_log import EpisodeLog, log_path
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult, summary
from vla_ros.output_file import write_output

RESULTS = ("A.json", "B.json")
ACTION_RATE = 10.0  # [Hz] of the actions that an evaluation counts
BY_A_PERSON = "a person's verdict"  # cause of a failure without another word


def write_results(folder: Path, course: Course, settings: tuple[EpisodeSettings, EpisodeSettings]) -> tuple[Path, Path]:
    """Write A.json and B.json with their episodes beside; `settings` are A's and B's."""
    seeds = course.design.seeds
    files = []
    for which, name in enumerate(RESULTS):
        path = folder / name
        log = EpisodeLog(log_path(path), EvaluationSettings(settings[which], len(seeds), seeds[0]), resume=False)
        episodes = []
        for seed, pair in course.pairs.items():
            if seed not in course.dropped:
                episodes.append(_episode(pair[which]))
                log.append(episodes[-1])
        why = {trial.seed: f"{trial.verdict.value}: {trial.reason}" for trial in course.uncounted((A, B)[which])}
        for seed in course.dropped:
            log.append(Broken(seed, why.get(seed, "the other policy's was void, or broke, too often")))
        write_output("", path, json.dumps(summary(episodes, spl=False), indent=2) + "\n")
        files.append(path)
    return files[0], files[1]


def agreement(trials: Sequence[Trial]) -> tuple[int, int]:
    """Return in how many trials the simulator's judge says what the person said, and of how many."""
    judged = [trial for trial in trials if trial.counts and trial.judge is not None]
    return sum((trial.verdict is Verdict.SUCCESS) is trial.judge for trial in judged), len(judged)


def _episode(trial: Trial) -> EpisodeResult:
    success = trial.verdict is Verdict.SUCCESS
    return EpisodeResult(
        seed=trial.seed,
        category=trial.category,
        target=trial.target,
        instruction=trial.instruction,
        outcome=trial.verdict.value,
        success=success,
        attempts=trial.attempts,
        first_lifted=trial.first_lifted,
        steps=round(trial.episode_s * ACTION_RATE),
        duration_s=trial.episode_s,
        wall_s=trial.wall_s,
        cause="" if success else trial.reason or BY_A_PERSON,
        real_time_factor=trial.real_time_factor,
        real_time_factor_worst_s=trial.real_time_factor_worst_s,
        run_directory=trial.run_directory,
    )
