# SPDX-License-Identifier: Apache-2.0
"""Two evaluations of the same scenes: the interval of their difference, and what a person reads of it."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.evaluation.comparison import Counterpart, read_counterpart
from vla_ros.evaluation.comparison_report import print_comparison
from vla_ros.evaluation.episode_log import EpisodeLog
from vla_ros.evaluation.sequential import SequentialComparison
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

GRAPH, LOCKSTEP = EpisodeSettings(graph=True), EpisodeSettings()
GOOD = EpisodeResult(
    seed=0, category="mug", target="red_mug", instruction="pick up the red mug", outcome="success", success=True,
    attempts=1, first_lifted="red_mug", steps=50, duration_s=5.0, wall_s=2.0, reference_steps=40,
)  # fmt: skip
BAD = dataclasses.replace(GOOD, success=False, outcome="time limit", cause="lifted, then lost")


def at(seed: int, episode: EpisodeResult, **changes: object) -> EpisodeResult:
    return dataclasses.replace(episode, seed=seed, **changes)


def test_only_the_same_scenes_are_compared_and_the_rest_is_named():
    there = Counterpart("l.json", LOCKSTEP, (at(0, GOOD), at(1, GOOD), at(2, GOOD, target="red_cup"), at(9, BAD)))
    comparison = there.compare([at(0, GOOD), at(1, BAD), at(2, GOOD), at(3, GOOD)])
    low, high = SequentialComparison([0, -1]).interval
    assert [here.seed for here, _ in comparison.pairs] == [0, 1]
    assert comparison.alone == (2, 3)
    assert comparison.difference == -0.5
    assert [here.seed for here, _ in comparison.differing] == [1]
    assert comparison.figures() == {
        "compared_episodes": 2, "compared_success_rate": 1.0, "difference_points": -50.0, "verdict": 0,
        "difference_points_ci95_low": 100 * low, "difference_points_ci95_high": 100 * high,
        "more_episodes_needed": comparison.sequence.needed,
    }  # fmt: skip


def test_scenes_count_in_the_order_of_their_seeds_and_wait_for_those_before_them():
    """Of episodes side by side the short ones end first, and those are rather successes."""
    there = Counterpart("l.json", LOCKSTEP, tuple(at(seed, BAD) for seed in range(8)), first=0)
    here = [at(seed, GOOD) for seed in (6, 0, 1, 3, 4)]
    comparison = there.compare(here, first=0)
    assert [pair[0].seed for pair in comparison.pairs] == [0, 1]
    assert comparison.waiting == (3, 4, 6)
    assert [pair[0].seed for pair in there.compare([*here, at(2, BAD)], first=0).pairs] == [0, 1, 2, 3, 4]
    # The very first one may be the one that takes long; what broke will never end.
    assert there.compare(here[:1], first=5).pairs == ()
    comparison = there.compare(here, broken=(2, 5, 90), first=0)
    assert [pair[0].seed for pair in comparison.pairs] == [0, 1, 3, 4, 6]
    assert comparison.broken == (2, 5)
    later = Counterpart("l.json", LOCKSTEP, tuple(at(seed, BAD) for seed in range(3, 8)), first=3)
    assert [pair[0].seed for pair in later.compare(here, first=0).pairs] == [3, 4]


def test_the_verdict_in_words():
    there = Counterpart("l.json", LOCKSTEP, tuple(at(seed, BAD) for seed in range(30)))
    words = there.compare([at(seed, GOOD) for seed in range(30)]).verdict("A", "B")
    assert words == "A is better (decided after 7 of 30 scenes)"
    assert there.compare([at(seed, BAD) for seed in range(30)]).verdict("A", "B").endswith("tells them apart")
    two = there.compare([at(seed, GOOD if seed < 2 else BAD) for seed in range(30)])
    assert two.verdict("A", "B") == "not decided after 30 scenes: about 75 more would be needed if the rates stay"


def test_the_report_sets_both_side_by_side_and_says_where_they_differ():
    console = Console(file=io.StringIO(), width=140)
    here = [at(0, GOOD), at(1, BAD, real_time_factor=0.95, run_directory="graph.runs/basic_00001"), at(3, GOOD)]
    print_comparison(GRAPH, Counterpart("l.json", LOCKSTEP, (at(0, GOOD), at(1, GOOD))).compare(here), console)
    text = console.file.getvalue()
    for words in (
        "compared with l.json over the 2 scenes that both ran", "graph", "lockstep", "50.0 %", "100.0 %", "0.800",
        "-50.0 points, 95 % interval", "lifted, then lost", "0.95", "log and film in graph.runs/basic_00001",
        "not compared, l.json has not run these scenes: seeds 3",
    ):  # fmt: skip
        assert words in text, f"{words!r} is missing in:\n{text}"


@pytest.mark.parametrize(
    ("ours", "heads"), [("after", "figure after before difference"), ("", "figure this run before")]
)
def test_two_of_the_same_kind_are_told_apart_by_their_names(ours, heads):
    console = Console(file=io.StringIO(), width=140)
    comparison = Counterpart("before", LOCKSTEP, (at(0, GOOD),)).compare([at(0, GOOD)])
    print_comparison(LOCKSTEP, comparison, console, **({"ours": ours} if ours else {}))
    text = console.file.getvalue()
    assert heads in " ".join(text.replace("┃", " ").split())
    assert "lockstep" not in text


def test_nothing_in_common_prints_too():
    console = Console(file=io.StringIO(), width=140)
    print_comparison(GRAPH, Counterpart("l.json", LOCKSTEP, ()).compare([at(5, GOOD)]), console)
    assert "over the 0 scenes" in console.file.getvalue()


def test_the_counterpart_is_read_from_beside_its_result(tmp_path: Path):
    log = EpisodeLog(tmp_path / "l.episodes.jsonl", EvaluationSettings(LOCKSTEP), resume=False)
    log.append(GOOD)
    assert read_counterpart(str(tmp_path / "l.json"), GRAPH).episodes == (GOOD,)
    with pytest.raises(ConfigError, match="its set_name is basic, not light"):
        read_counterpart(str(tmp_path / "l.json"), EpisodeSettings(set_name="light"))
    (tmp_path / "l.episodes.jsonl").write_text("{}\n")
    with pytest.raises(ConfigError, match="not an episode log"):
        read_counterpart(str(tmp_path / "l.json"), GRAPH)


def test_other_words_for_the_same_scenes_are_compared_scene_by_scene(tmp_path: Path):
    log = EpisodeLog(tmp_path / "l.episodes.jsonl", EvaluationSettings(LOCKSTEP), resume=False)
    log.append(GOOD)
    asked = dataclasses.replace(GOOD, instruction="fetch the crimson mug")
    unseen = dataclasses.replace(LOCKSTEP, wording="unseen")
    assert len(read_counterpart(str(tmp_path / "l.json"), unseen).compare([asked]).pairs) == 1
    assert read_counterpart(str(tmp_path / "l.json"), LOCKSTEP).compare([asked]).pairs == ()
    with pytest.raises(ConfigError, match="other settings"):
        EpisodeLog(log.path, EvaluationSettings(unseen), resume=True)


def test_a_log_from_before_there_were_graphs_is_one_of_lockstep(tmp_path: Path):
    log = EpisodeLog(tmp_path / "l.episodes.jsonl", EvaluationSettings(LOCKSTEP), resume=False)
    log.append(GOOD)
    rows = [json.loads(line) for line in log.path.read_text().splitlines()]
    del rows[0]["settings"]["graph"]
    for name in ("real_time_factor", "real_time_factor_worst_s", "run_directory"):
        del rows[1][name]
    log.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert EpisodeLog(log.path, EvaluationSettings(LOCKSTEP), resume=True).episodes == [GOOD]
    with pytest.raises(ConfigError, match="other settings"):
        EpisodeLog(log.path, EvaluationSettings(GRAPH), resume=True)
