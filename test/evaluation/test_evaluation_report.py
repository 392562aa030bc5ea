# SPDX-License-Identifier: Apache-2.0
"""What a person reads after an evaluation: nothing is left out."""

import dataclasses
import io

import pytest
from light_evaluation import SETTINGS
from rich.console import Console

from vla_ros.evaluation.evaluation import Evaluation
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.report import EvaluationProgress, print_report
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

GOOD = EpisodeResult(
    seed=3, category="mug", target="red_mug", instruction="pick up the red mug", outcome="success", success=True,
    attempts=1, first_lifted="red_mug", steps=50, duration_s=8.0, wall_s=2.0, reference_steps=40,
)  # fmt: skip
BAD = dataclasses.replace(GOOD, seed=4, category="can", success=False, outcome="time limit", cause="lifted, then lost")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def test_the_report_names_figures_categories_causes_and_what_broke(console: Console) -> None:
    evaluation = Evaluation([GOOD, BAD], [Broken(5, "ValueError: [odd] text")], interrupted=True)
    print_report(SETTINGS, evaluation, console)
    text = console.file.getvalue()
    for words in (
        "expert, set light, 2 of 3 episodes", "50.0 %  (95 % interval 9.5 to 90.5 %)", "0.400", "4.00 × real time",
        "mug", "100 %", "lifted, then lost", "seed 5 broke and counts nowhere: ValueError: [odd] text", "--resume",
    ):  # fmt: skip
        assert words in text, f"{words!r} is missing in:\n{text}"


def test_what_choosers_expect_stands_beside_what_was_lifted_first(console: Console) -> None:
    known = dataclasses.replace(GOOD, chance=0.25, color_alone=0.5, noun_alone=0.4, name_alone=1.0)
    print_report(SETTINGS, Evaluation([known]), console)
    text = console.file.getvalue()
    assert "25.0 % by chance, 50.0 % by colour alone, 40.0 % by noun alone, 100.0 % by colour and noun" in text
    print_report(SETTINGS, Evaluation([GOOD]), without := Console(file=io.StringIO(), width=120))
    assert "by chance" not in without.file.getvalue()


def test_of_a_graph_the_real_time_factor_is_reported_and_starved_episodes_are_named(console: Console) -> None:
    settings = EvaluationSettings(EpisodeSettings(policy="geometric", graph=True), episodes=2)
    fast = dataclasses.replace(GOOD, real_time_factor=0.99)
    slow = dataclasses.replace(BAD, real_time_factor=0.61)
    print_report(settings, Evaluation([fast, slow]), console)
    text = console.file.getvalue()
    for words in (
        "geometric, set basic through the graph, 2 of 2", "0.800, lowest 0.610", "ran seeds 4 (0.61); --resume",
    ):  # fmt: skip
        assert words in text, f"{words!r} is missing in:\n{text}"
    print_report(SETTINGS, Evaluation([GOOD]), lockstep := Console(file=io.StringIO(), width=120))
    assert "real-time factor" not in lockstep.file.getvalue()


def test_where_episodes_ask_for_several_things_these_are_counted(console: Console) -> None:
    several = [dataclasses.replace(GOOD, parts=6, parts_done=6), dataclasses.replace(BAD, parts=4, parts_done=3)]
    print_report(SETTINGS, Evaluation(several), console)
    assert "90.0 % of 10  (95 % interval 50.8 to 98.7 %)" in console.file.getvalue()


def test_an_evaluation_without_episodes_prints_too(console: Console) -> None:
    print_report(SETTINGS, Evaluation(interrupted=True), console)
    assert "0 of 3 episodes" in console.file.getvalue()


def test_the_bar_shows_the_success_so_far() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with EvaluationProgress(SETTINGS, console) as progress:
        progress.show(Evaluation([GOOD, BAD], [Broken(5, "gone")]))
        progress._progress.refresh()
    text = console.file.getvalue()
    assert "success 1/2 (50 %), 1 broken" in text
    assert "3/3" in text
