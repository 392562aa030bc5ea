# SPDX-License-Identifier: Apache-2.0
"""`vla compare` as a user meets it: files in, a table, figures and a picture out; bad input is one line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from fake_runner import fake_episode
from PIL import Image

from vla_ros import cli
from vla_ros.evaluation.episode_log import EpisodeLog, log_path
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluation(file: str, successes: str, seed: int = 0, **settings: object) -> Path:
    """Write an evaluation of a success for each 1, a failure for each 0, a broken episode for each x."""
    episode = EpisodeSettings(**settings)
    log = EpisodeLog(log_path(Path(file)), EvaluationSettings(episode, len(successes), seed), resume=False)
    for number, said in enumerate(successes, seed):
        good = dataclasses.replace(fake_episode(number), success=said == "1", instruction="pick up the mug")
        log.append(Broken(number, "gone") if said == "x" else good)
    return log.path


def test_a_better_policy_is_named_with_figures_and_a_picture(capsys: pytest.CaptureFixture) -> None:
    evaluation("mine.json", "1" * 40)
    evaluation("shipped.json", "11011" * 8, policy="geometric")
    assert cli.main(["compare", "mine.json", "shipped.json", "--json", "verdict.json", "--plot", "evidence.png"]) == 0
    said = capsys.readouterr().out
    for words in ("40 of 40", "32 of 40", "+20.0", "mine.json is better (decided after 33 of 40 scenes)", "│ 37   │"):
        assert words in said, f"{words!r} is missing in:\n{said}"
    figures = json.loads(Path("verdict.json").read_text())
    assert (figures["verdict"], figures["decided_after_episodes"], figures["compared_episodes"]) == (1, 33, 40)
    assert figures["difference_points"] == pytest.approx(20.0)
    assert figures["difference_points_ci95_low"] > 0.0
    picture = np.asarray(Image.open("evidence.png").convert("L"))
    assert picture.shape[1] == 1100
    assert (picture < 128).mean() > 0.005  # lines and words on white


def test_it_is_the_verdict_that_eval_compare_gives(capsys: pytest.CaptureFixture) -> None:
    from vla_ros.evaluation.comparison import read_counterpart
    from vla_ros.evaluation.episode_log import read_log

    evaluation("mine.json", "1" * 40)
    evaluation("shipped.json", "11011" * 8)
    logged = read_log(log_path(Path("mine.json")))
    figures = read_counterpart("shipped.json", logged.settings).compare(logged.episodes, (), 0).figures()
    cli.main(["compare", "mine.json", "shipped.json", "--json", "verdict.json"])
    assert json.loads(Path("verdict.json").read_text()) == figures


def test_what_is_under_way_is_compared_as_far_as_it_is(capsys: pytest.CaptureFixture) -> None:
    log = evaluation("mine.json", "1" * 12)
    evaluation("shipped.json", "1110111x1111")
    lines = log.read_text().splitlines()
    del lines[6]  # seed 5 is still being run
    log.write_text("\n".join(lines) + '\n{"seed": 12, "cat')  # and the last line being written
    assert cli.main(["compare", "mine.json", "shipped.json"]) == 0
    said = capsys.readouterr().out
    assert "not decided after 5 scenes: about" in said
    assert "not counted yet" in said
    assert "seeds 6 8 9 10 11" in said
    assert "broke in one of them and count nowhere: seeds 7" in said


def rows(folder: str, **successes: str) -> None:
    for name, said in successes.items():
        evaluation(f"{folder}.rows/{name}.json", said, set_name=name)


def test_results_of_many_rows_share_the_error(capsys: pytest.CaptureFixture) -> None:
    rows("mine", basic="1" * 30, light="1" * 30, height="1" * 30)
    rows("shipped", basic="1" * 30, light="0" * 30, distractor="1" * 30)
    assert cli.main(["compare", "mine.json", "shipped.rows", "--json", "v.json", "--plot", "e.png"]) == 0
    said = capsys.readouterr().out
    figures = json.loads(Path("v.json").read_text())
    # A quarter of the 5 % for each of two rows, half of it for both together: 2 / 0.0125 and 2 / 0.025.
    assert "of 160" in said
    assert "of 80" in said
    assert (figures["light.verdict"], figures["basic.verdict"], figures["all_rows.verdict"]) == (1, 0, 1)
    assert figures["light.decided_after_episodes"] == 10
    assert figures["all_rows.difference_points"] == pytest.approx(50.0)
    assert "rows of one of them alone: height, distractor" in said
    assert Path("e.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("prepare", "words", "message"),
    [
        (lambda: None, ("a.json", "b.json"), "a.json: a.episodes.jsonl is not beside it"),
        (lambda: evaluation("a.json", "1"), ("a.json", "./a.json"), "are the same result"),
        (
            lambda: evaluation("b.json", "11", set_name="light"),
            ("a.json", "b.json"),
            "its set_name is light, not basic",
        ),
        (lambda: evaluation("b.json", "11", robot="ur5e"), ("a.json", "b.json"), "its robot is ur5e, not franka"),
        (lambda: evaluation("b.json", "11", task="placing"), ("a.json", "b.json"), "its task is placing, not grasping"),
        (
            lambda: evaluation("b.json", "11", seed=7),
            ("a.json", "b.json"),
            "share no scene of 'basic' (seeds 0 to 1, and",
        ),
        (lambda: evaluation("b.json", ""), ("a.json", "b.json"), "b.json: no episode of 'basic' has ended yet"),
        (lambda: Path("b.rows").mkdir(), ("a.json", "b.rows"), "holds no row yet"),
        (lambda: rows("b", light="11", height="11"), ("a.json", "b.json"), "has no row of the same scenes"),
        (lambda: evaluation("b.json", "11"), ("a.json", "b.json", "--plot", "b.jpg"), "ends in .png"),
        (lambda: evaluation("b.json", "11"), ("a.json", "b.json", "--json", "no/b.json"), "does not exist"),
    ],
)
def test_bad_input_is_one_line(prepare, words, message, capsys: pytest.CaptureFixture) -> None:
    if message != "a.json: a.episodes.jsonl is not beside it":
        evaluation("a.json", "11")
    prepare()
    before = {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()}
    assert cli.main(["compare", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert before == {path: path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()}


def change(line: int, old: str, new: str):
    def changed(lines: list[str]) -> list[str]:
        assert old in lines[line]
        return [text.replace(old, new) if number == line else text for number, text in enumerate(lines)]

    return changed


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: [lines[0], lines[1][:40], lines[2]], "line 2: not valid JSON"),
        (lambda lines: [*lines, lines[1]], "seed 0 twice"),
        (change(1, '"success": true', '"success": 1'), "with success 1"),
        (change(2, '"seed": 1', '"seed": "1"'), "an episode of seed '1'"),
        (change(0, '"seeds": [0, 2]', '"seeds": []'), "not an episode log"),
        (change(0, '"seeds": [0, 2]', '"seeds": ["a", 2]'), "which is no whole number"),
        (lambda lines: ["[]"], "not an episode log"),
        (lambda lines: [], "not an episode log"),
        (change(2, "pick up the mug", "pick up the cup"), "scene 1 of 'basic' is another one ('pick up the cup', not"),
    ],
)
def test_a_log_that_cannot_be_right_is_one_line(damage, message, capsys: pytest.CaptureFixture) -> None:
    evaluation("a.json", "11")
    log = evaluation("b.json", "11")
    log.write_text("".join(line + "\n" for line in damage(log.read_text().splitlines())))
    assert cli.main(["compare", "a.json", "b.json"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_plan_says_how_many_scenes_before_any_is_run(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["compare", "--plan", "--points", "15", "--rate", "0.7", "--json", "plan.json"]) == 0
    said = capsys.readouterr().out
    figures = json.loads(Path("plan.json").read_text())
    for name in ("unpaired_scenes", "correlation_0.paired_scenes", "correlation_60.sequential_scenes"):
        assert f"│ {figures[name]}" in said
    assert figures["correlation_60.paired_scenes"] < figures["correlation_0.paired_scenes"]
    words = ["compare", "--plan", "--points=-15", "--rate", "0.85", "--paired-correlation", "0.3", "--json", "p.json"]
    assert cli.main(words) == 0
    one = json.loads(Path("p.json").read_text())
    assert one["paired_scenes"] == figures["correlation_30.paired_scenes"]
    assert one["sequential_scenes_mean"] == pytest.approx(figures["correlation_30.sequential_scenes_mean"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name two results"),
        (["a.json"], "name two results"),
        (["--points", "5"], "--points is for --plan"),
        (["--plan", "--points", "5"], "needs --points and --rate"),
        (["--plan", "--points", "5", "--rate", "0.8", "a.json"], "leave out a.json"),
        (["--plan", "--points", "5", "--rate", "0.8", "--plot", "a.png"], "leave out --plot"),
        (["--plan", "--points", "5", "--rate", "0.8", "--alpha", "0.5"], "--alpha must be 0.001 to 0.2"),
        (["--plan", "--points", "5", "--rate", "0.8", "--power", "nan"], "--power must be"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["compare", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
