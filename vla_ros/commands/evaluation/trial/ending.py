# SPDX-License-Identifier: Apache-2.0
"""The end of a blind trial: which was which, who is better, and two evaluations that others can read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.commands.evaluation.trial.arguments import TrialEpisodes
from vla_ros.evaluation.blind.course import VOID_MAX, Course
from vla_ros.evaluation.blind.key import A, B
from vla_ros.evaluation.blind.results import agreement, write_results
from vla_ros.evaluation.blind.trials import append_revealed, read_trials
from vla_ros.evaluation.compared_results import compare_results, read_result
from vla_ros.evaluation.comparison_report import print_differing
from vla_ros.evaluation.comparison_table import print_rows
from vla_ros.evaluation.statistics import wilson_interval


def reveal(folder: Path, course: Course, episodes: TrialEpisodes, console: Console) -> None:
    """Say it, and write A.json and B.json. Raises ConfigError while no scene has ended in both."""
    if not course.pairs:
        raise ConfigError(f"{folder}: no scene was judged of both yet: there is nothing to reveal")
    if not read_trials(folder).revealed:
        append_revealed(folder, "decided" if course.decided else "at its end" if course.next() is None else "asked for")
    files = write_results(folder, course, (episodes.settings("A"), episodes.settings("B")))
    for name, words in (("A", course.design.first), ("B", course.design.second)):
        console.print(f"{name}: {' '.join(words) or 'as the job has it'}", markup=False, highlight=False)
    first, second = (read_result(str(file)) for file in files)
    names = first.name, second.name
    compared = compare_results(first, second)
    print_rows(compared, names, console)
    ((_, comparison),) = compared.rows.values()
    print_differing(names, comparison, console)
    for name in (A, B):  # whoever breaks where it is hard for it has fewer scenes to fail in
        spoiled = course.uncounted(name)
        if spoiled:
            counts = Counter(trial.verdict.value for trial in spoiled)
            said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
            often = Counter(trial.seed for trial in spoiled)
            left_out = sorted(seed for seed, count in often.items() if count >= VOID_MAX)
            scenes = f"; left out by it: scene {', '.join(map(str, left_out))}" if left_out else ""
            console.print(f"{name}, not counted: {said}{scenes}", highlight=False)
    same, judged = agreement(course.trials)
    if judged:
        low, high = (100.0 * end for end in wilson_interval(same, judged))
        console.print(
            f"the simulator's judge says the same in {same} of {judged} trials (95 %: {low:.0f} to {high:.0f} %)",
            highlight=False,
        )
    console.print(f"results in {files[0]} and {files[1]}; `vla compare` reads them", markup=False, soft_wrap=True)
