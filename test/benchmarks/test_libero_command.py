# SPDX-License-Identifier: Apache-2.0
"""`vla eval --benchmark libero`: what it refuses, what it writes, what it goes on with."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.episode import LiberoEpisode
from vla_ros.benchmarks.libero.evaluation import evaluate, read_episodes
from vla_ros.benchmarks.libero.report import figures, print_report
from vla_ros.benchmarks.libero.settings import LiberoSettings
from vla_ros.cli import main
from vla_ros.evaluation.episode_log import log_path


def _episode(seed: int, success: bool, height: float, other: float = 0.0, **more) -> LiberoEpisode:
    task, state = LiberoSettings("libero_10", episodes=20).episode(seed)
    return LiberoEpisode(
        seed=seed, category=task.say[12:], target=task.targets[0], instruction=task.say,
        outcome="success" if success else "time limit", success=success, attempts=1,
        first_lifted=task.targets[0] if height else None, steps=100, duration_s=20.0, wall_s=40.0,
        cause="" if success else "closed, nothing lifted", chance=0.25, color_alone=0.5, task=task.name, state=state,
        in_paper=task.paper, lifted_paper=height >= 0.1, alike_paper=max(height, other) >= 0.1,
        any_lifted=max(height, other) >= 0.1 or seed == 5, **more,
    )  # fmt: skip


@pytest.fixture
def episodes() -> list[LiberoEpisode]:
    """Ten: tasks 4, 6 and 9 are not the paper's."""
    heights = [0.2, 0.12, 0.0, 0.2, 0.2, 0.0, 0.2, 0.2, 0.0, 0.0]
    return [_episode(k, height > 0.15, height, other=0.2 if k == 2 else 0.0) for k, height in enumerate(heights)]


def test_the_figures_have_ours_and_the_papers_criteria_over_all_and_over_the_papers_tasks(episodes):
    found = figures(LiberoSettings("libero_10", episodes=20), episodes)
    assert found["episodes"] == 10
    assert found["paper_tasks_episodes"] == 7
    assert found["success_rate"] == 0.5
    assert found["lifted_10cm_rate"] == 0.6
    assert found["lifted_10cm_alike_rate"] == 0.7
    assert found["paper_tasks_success_rate"] == pytest.approx(3 / 7)
    assert found["paper_tasks_lifted_10cm_alike_rate"] == pytest.approx(5 / 7)
    assert found["paper_tasks_success_ci95_low"] < 3 / 7 < found["paper_tasks_success_ci95_high"]
    assert (found["if_rate"], found["if_rate_chance"], found["if_rate_color_alone"]) == (0.6, 0.25, 0.5)
    assert found["lifted_10cm_any_rate"] == 0.8


def test_the_report_has_the_papers_figure_beside_ours(episodes, capsys):
    print_report(LiberoSettings("libero_10", episodes=20), episodes, Console(width=150))
    text = capsys.readouterr().out
    assert "10 of 20 episodes" in text
    assert "82 %" in text  # GraspVLA, Table 2
    assert "60.0 %  (6 of 10" in text
    assert re.search(r"by colour alone +│ 50.0 %", text)
    assert "closed, nothing lifted" in text


def test_without_an_episode_there_is_nothing_to_report(capsys):
    print_report(LiberoSettings("libero_10"), [], Console())
    assert capsys.readouterr().out.strip() == "no episode came to an end"


def test_a_log_is_gone_on_with_by_the_same_settings_alone(episodes, tmp_path):
    settings = LiberoSettings("libero_10", policy="geometric", episodes=10)
    log = log_path(tmp_path / "result.json")
    shared = {"suite": "libero_10", "policy": "geometric", "checkpoint": "", "objects": None, "setting": ""}
    rows = [{"settings": shared}, *(dataclasses.asdict(one) for one in episodes), {"seed": 10, "broken": "it died"}]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"seed": 11, "suc')  # killed while writing
    assert read_episodes(log, settings) == episodes
    found, broken, interrupted = evaluate(settings, log, True, Console())  # nothing is left to run, so nothing starts
    assert (found, broken, interrupted) == (episodes, [], False)
    with pytest.raises(ConfigError, match="other settings"):
        read_episodes(log, dataclasses.replace(settings, policy="graspvla"))
    log.write_text("no log\n")
    with pytest.raises(ConfigError, match="not a log"):
        read_episodes(log, settings)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--graph"], "--graph means nothing"),
        (["--task", "placing"], "--task means nothing"),
        (["--non-blocking", "0.1"], "--non-blocking means nothing"),
        (["--resume"], "--resume needs --json"),
    ],
)
def test_options_of_our_own_scenes_are_refused(words, what, capsys):
    assert main(["eval", "--benchmark", "libero", *words]) == 2
    assert what in capsys.readouterr().err


def test_without_the_environment_it_says_how_to_make_it(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("VLA_LIBERO_VENV", str(tmp_path))
    assert main(["eval", "--benchmark", "libero"]) == 2
    assert "./vla eval --benchmark libero --install" in capsys.readouterr().err


def test_install_alone_means_nothing(capsys):
    assert main(["eval", "--install"]) == 2
    assert "--benchmark libero --install" in capsys.readouterr().err
