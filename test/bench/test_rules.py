# SPDX-License-Identifier: Apache-2.0
"""What a rule is worth, as `vla bench rules` counts it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import rules
from controllers.errors import ConfigError
from vla_ros.evaluation.episode_log import EpisodeLog, read_log
from vla_ros.evaluation.evaluation import Evaluation
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.evaluation.settings import EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult


def measured(*words: str) -> int:
    parser = argparse.ArgumentParser()
    rules.add_arguments(parser)
    return rules.run(parser.parse_args(words))


def _lifted(seed: int) -> EpisodeResult:
    return EpisodeResult(seed, "mug", "red_mug", "pick up the red mug", "success", True, 1, "red_mug", 80, 8.0, 4.0)


@pytest.mark.slow  # four episodes
def test_the_same_scenes_are_run_with_the_rule_and_without_it_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    words = ("--rules", "deeper", "--scenes", "2", "--seed", "4000", "--workers", "2", "--runs", str(tmp_path))
    assert measured(*words, "--json", str(file)) == 0
    figures = json.loads(file.read_text())
    whole, without = (figures[f"{name}_success_rate"] for name in ("all_rules", "without_deeper"))
    assert figures["without_deeper_worth_points"] == pytest.approx(100.0 * (whole - without))
    assert figures["without_deeper_episodes"] == 2
    logs = {path.name: read_log(path) for path in tmp_path.glob("*.jsonl")}
    assert logs["without_deeper_basic_action.episodes.jsonl"].settings.setting == "rules.deeper=false"
    assert {log.settings.setting for log in logs.values()} == {"", "rules.deeper=false"}
    before = {path: path.read_text() for path in tmp_path.glob("*.jsonl")}
    assert measured(*words) == 0  # nothing is left to run
    assert {path: path.read_text() for path in tmp_path.glob("*.jsonl")} == before
    assert capsys.readouterr().out.count("without deeper") == 2


def test_what_broke_is_named_and_the_rest_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(settings: EvaluationSettings, run: object, log: EpisodeLog, told: Callable[..., None]) -> Evaluation:
        evaluation = Evaluation()
        for seed in settings.seeds:
            broke = seed == 4001 and settings.episode.setting
            result = Broken(seed, "the arm fell off") if broke else _lifted(seed)
            evaluation.add(result)
            log.append(result)
        return evaluation

    monkeypatch.setattr(rules, "evaluate", evaluate)
    file = tmp_path / "figures.json"
    words = ("--rules", "deeper", "--scenes", "3", "--seed", "4000", "--runs", str(tmp_path))
    assert measured(*words, "--json", str(file)) == 1
    said = capsys.readouterr().err
    assert "without deeper, basic:action, seed 4001 broke, counts nowhere: the arm fell off" in said
    assert json.loads(file.read_text())["without_deeper_episodes"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rules", "deper"), "--rules: unknown rule 'deper'"),
        (("--rows", "basic"), "--rows basic: give a set and categories"),
        (("--scenes", "0"), "--scenes must be at least 1, got 0"),
        (("--workers", "0"), "--workers must be 1"),
        (("--seed", str(reserved_seeds().first)), "test seeds"),
    ],
)
def test_what_cannot_be_measured_is_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        measured(*words)
