# SPDX-License-Identifier: Apache-2.0
"""Evaluations: every seed accounted for whatever breaks, Ctrl-C, resuming, bad input; through real processes."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from assets import ROOT
from fake_runner import MakeFake, fake_episode
from policy_making.synthetic_rollouts import rollout
from safetensors.numpy import save_file

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.evaluation import pool
from vla_ros.evaluation.episode_log import EpisodeLog
from vla_ros.evaluation.evaluation import RunSeeds, evaluate
from vla_ros.evaluation.pool import Broken, run_all
from vla_ros.evaluation.recorded_features import check_folder, features_path, weights_of
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult, summary
from vla_ros.failure_detection.rollout import save_rollout


def fakes(workers: int = 1, **wrong: int) -> RunSeeds:
    return lambda seeds: run_all(MakeFake(**wrong), seeds, workers)


def test_every_seed_comes_back_once_over_two_processes() -> None:
    results = list(run_all(MakeFake(), range(5, 16), workers=2))
    assert sorted(result.seed for result in results) == list(range(5, 16))
    assert all(isinstance(result, EpisodeResult) for result in results)


def test_an_exception_and_a_killed_process_are_reported_and_the_rest_is_run() -> None:
    settings = EvaluationSettings(EpisodeSettings(), episodes=6)
    evaluation = evaluate(settings, fakes(workers=2, raises=2, dies=4))
    assert [episode.seed for episode in evaluation.episodes] == [0, 1, 3, 5]
    broken = {item.seed: item for item in evaluation.broken}
    assert set(broken) == {2, 4}
    assert broken[2].reason == "ValueError: seed 2 is cursed"
    assert "Traceback" in broken[2].trace
    assert broken[4] == Broken(4, "the worker process died (killed by SIGKILL)")


def test_a_worker_that_dies_before_it_reads_its_seed_is_reported() -> None:
    died = "the worker process died (killed by SIGKILL)"
    assert list(run_all(MakeFake(unready=True), range(2), workers=1)) == [Broken(0, died), Broken(1, died)]


def test_a_worker_that_dies_idle_is_reported_with_the_next_seed_and_replaced() -> None:
    results = run_all(MakeFake(dies_after=0), range(3), workers=1)
    assert isinstance(next(results), EpisodeResult)
    end = time.monotonic() + 60.0
    while multiprocessing.active_children():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert next(results) == Broken(1, "the worker process died (killed by SIGKILL)")
    assert [result.seed for result in results if isinstance(result, EpisodeResult)] == [2]


def test_two_that_are_ready_at_once_one_of_them_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "wait", lambda connections: [one for one in connections if one.poll(20.0)])
    results = list(run_all(MakeFake(dies=0), range(4), workers=2))
    assert sorted(result.seed for result in results) == [0, 1, 2, 3]
    assert [result.seed for result in results if isinstance(result, Broken)] == [0]


def test_resuming_runs_only_what_is_missing(tmp_path: Path) -> None:
    settings = EvaluationSettings(EpisodeSettings(), episodes=4)
    path = tmp_path / "log.jsonl"
    log = EpisodeLog(path, settings, resume=False)
    for seed in (0, 2):
        log.append(fake_episode(seed))
    with path.open("a") as file:
        file.write('{"seed": 3, "cate')  # killed in the middle of a line
    seen: list[int] = []
    resumed = EpisodeLog(path, settings, resume=True)
    evaluation = evaluate(settings, fakes(raises=2), resumed, lambda e: seen.append(len(e.episodes)))
    assert [episode.seed for episode in evaluation.episodes] == [0, 1, 2, 3]
    assert seen == [2, 3, 4]
    assert not evaluation.broken
    assert len(path.read_text().splitlines()) == 5


def test_resuming_runs_again_what_has_no_features_though_they_are_asked_for(tmp_path: Path) -> None:
    path, folder = tmp_path / "log.jsonl", tmp_path / "rollouts"
    EpisodeLog(path, EvaluationSettings(EpisodeSettings(), episodes=2), resume=False).append(fake_episode(0))
    settings = EvaluationSettings(EpisodeSettings(features=str(folder)), episodes=2)
    assert EpisodeLog(path, settings, resume=True).episodes == []
    EpisodeLog(path, EvaluationSettings(EpisodeSettings(), episodes=2), resume=False).append(fake_episode(0))
    folder.mkdir()
    features_path(settings.episode, 0).touch()
    assert [episode.seed for episode in EpisodeLog(path, settings, resume=True).episodes] == [0]


def test_features_of_another_policy_are_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    theirs = EpisodeSettings(policy="act", checkpoint="mine", features=str(tmp_path))
    path = features_path(theirs, 1)
    made = rollout(np.zeros((2, 3)), 1, True)
    save_rollout(
        path, dataclasses.replace(made, episode=dataclasses.replace(made.episode, policy="act", checkpoint="mine"))
    )
    there = path.read_bytes()
    words = ["--policy", "graspvla", "--features", str(tmp_path)]
    assert cli.main(["eval", *words, "--seed", "0", "--episodes", "2"]) == 2
    error = capsys.readouterr().err
    assert f"{path.name} is of policy act with mine: name another folder" in error
    assert len(error.strip().splitlines()) == 1
    assert path.read_bytes() == there
    check_folder(EpisodeSettings(features=str(tmp_path)), range(2, 4))  # other scenes may lie beside
    path.write_bytes(there[:-3])
    check_folder(EpisodeSettings(features=str(tmp_path)), range(2))  # torn: it is recorded anew
    check_folder(theirs, range(2))


def test_features_of_the_same_weights_in_another_folder_are_added_to(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("mine", "copy", "other")]
    for folder, value in zip(folders, (1.0, 1.0, 2.0), strict=True):
        folder.mkdir()
        save_file({"w": np.full(3, value, np.float32)}, folder / "model.safetensors")
    mine, copied, other = (EpisodeSettings(checkpoint=str(one), features=str(tmp_path / "f")) for one in folders)
    episode = dataclasses.replace(
        rollout(np.zeros((2, 3)), 1, True).episode, checkpoint=mine.checkpoint, weights=weights_of(mine)
    )
    save_rollout(features_path(mine, 1), dataclasses.replace(rollout(np.zeros((2, 3)), 1, True), episode=episode))
    check_folder(copied, range(2))
    with pytest.raises(ConfigError, match="name another folder"):
        check_folder(other, range(2))


def test_what_broke_is_logged_and_run_again_when_resuming(tmp_path: Path) -> None:
    settings = EvaluationSettings(EpisodeSettings(), episodes=2)
    path = tmp_path / "log.jsonl"
    evaluate(settings, fakes(raises=1), EpisodeLog(path, settings, resume=False))
    assert {"seed": 1, "broken": "ValueError: seed 1 is cursed"} in map(json.loads, path.read_text().splitlines())
    evaluation = evaluate(settings, fakes(raises=0), EpisodeLog(path, settings, resume=True))
    assert ([e.seed for e in evaluation.episodes], evaluation.broken) == ([0, 1], [])


def test_resuming_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    EpisodeLog(path, EvaluationSettings(EpisodeSettings(set_name="basic")), resume=False)
    with pytest.raises(ConfigError, match="other settings"):
        EpisodeLog(path, EvaluationSettings(EpisodeSettings(set_name="light")), resume=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "basics"], "did you mean 'basic'"),
        (["--policy", "geometrik"], "did you mean 'geometric'"),
        (["--categories", "all of them"], "unknown categories"),
        (["--target", "red submarine"], "target 'red submarine': unknown object"),
        (["--categories", "mug", "--target", "red car"], "target 'red car': unknown object"),
        (["--robot", "frank"], "did you mean 'franka'"),
        (["--episodes", "0"], "--episodes must be 1 to"),
        (["--episodes", "-3"], "--episodes must be 1 to"),
        (["--seed", "-1"], "--seed must be 0 to"),
        (["--workers", "100000"], "--workers must be 1 to"),
        (["--non-blocking", "-0.5"], "--non-blocking -0.5: network: latency_s must be 0 or more, got -0.5"),
        (["--non-blocking", "nan"], "latency_s must be 0 or more, got nan"),
        (["--non-blocking", "soon"], "--non-blocking soon: give SECONDS"),
        (["--non-blocking", "0.1±0.2"], "jitter 0.2 s is more than the latency"),
        (["--non-blocking", "0.3", "--blocking", "0.2"], "leave --blocking or --non-blocking out"),
        (["--rate-hz", "3"], "--rate-hz must be 200 to"),
        (["--objects", "/no/such/folder"], "/no/such/folder"),
        (["--resume"], "--resume needs --json"),
        (["--mode", "pinch"], "--mode pinch: is for policy gam, 'graspvla' has none"),
        (["--task", "bin_pick", "--tool", "hybrid", "--policy", "expert", "--mode", "pinch"], "'expert' has none"),
        (
            ["--features", "x", "--policy", "expert"],
            "--features is for policies in lockstep: leave out --policy expert",
        ),
        (["--features", "x", "--graph"], "--features is for policies in lockstep: leave out --graph"),
        (["--on-alarm", "pause"], "--on-alarm pause: name what raises alarms with --detector"),
        (["--score", "mlp"], "--score mlp: name what raises alarms with --detector"),
        (["--alpha", "7"], "--alpha 7.0: name what raises alarms with --detector"),
        (
            ["--detector", "x", "--policy", "expert"],
            "--detector is for policies in lockstep: leave out --policy expert",
        ),
        (["--detector", "x", "--graph"], "--detector is for policies in lockstep: leave out --graph"),
        (["--detector", "x", "--features", "y", "--on-alarm", "home"], "leave out --on-alarm, or --features"),
        (["--detector", "x", "--on-alarm", "pauze"], "did you mean 'pause'"),
        (["--detector", "x", "--alpha", "0"], "alpha must lie between 0 and 1, got 0"),
        (["--detector", "/no/such/folder"], "/no/such/folder: is no failure detector"),
        (["--json", "/proc/nothing/here.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_code_2(words: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["eval", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("mode", [[], ["--graph"]])
def test_weights_that_cannot_be_used_are_one_line_before_an_earlier_result_is_touched(
    mode: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    shipped = ROOT / "checkpoints" / "graspvla_small"
    shutil.copy(shipped / "config.json", tmp_path)
    (tmp_path / "model.safetensors").write_bytes((shipped / "model.safetensors").read_bytes()[:-1000])
    log = tmp_path / "earlier.episodes.jsonl"
    log.write_text("of an earlier evaluation\n")
    assert cli.main(["eval", *mode, "--checkpoint", str(tmp_path), "--json", str(tmp_path / "earlier.json")]) == 2
    error = capsys.readouterr().err
    assert "model.safetensors: is corrupt or truncated" in error
    assert len(error.strip().splitlines()) == 1
    assert log.read_text() == "of an earlier evaluation\n"


def run_eval(*words: str, **options) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "vla_ros.cli", "eval", *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_the_command_writes_the_figures_films_and_details(tmp_path: Path) -> None:
    result = tmp_path / "made" / "result.json"
    words = ["--policy", "expert", "--set", "height", "--episodes", "1", "--seed", "4"]
    process = run_eval(*words, "--json", str(result), "--video", str(tmp_path / "films"))
    output, errors = process.communicate(timeout=150)
    assert process.returncode == 0, errors
    assert "height, 1 of 1 episodes" in output
    figures = json.loads(result.read_text())
    assert set(figures) == {
        "success_rate", "success_ci95_low", "success_ci95_high", "if_rate", "if_rate_chance", "if_rate_color_alone",
        "if_rate_noun_alone", "if_rate_name_alone", "spl", "attempts_mean", "episode_s_mean",
        "successes_per_hour", "sim_speed", "episodes",
    }  # fmt: skip
    assert figures["episodes"] == 1
    assert figures["success_rate"] == figures["spl"]
    lines = [json.loads(line) for line in result.with_suffix(".episodes.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines[1:]] == [4]
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["height_00004_success.mp4"]


def test_without_spl_the_expert_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    done = fake_episode(4)
    monkeypatch.setattr(EpisodeRunner, "_run", lambda self, *rest: done)
    monkeypatch.setattr(EpisodeRunner, "reference_steps", lambda self, scene: 17)
    figures = {}
    for spl in (True, False):
        runner = EpisodeRunner(EpisodeSettings(policy="geometric", spl=spl))
        monkeypatch.setitem(runner.__dict__, "_policy", object())  # none is asked
        run = runner.run(4)
        assert run.reference_steps == (17 if spl else done.reference_steps)
        figures[spl] = summary([run], spl)
    assert figures[True].keys() - figures[False].keys() == {"spl"}


def test_ctrl_c_prints_what_there_is(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    process = run_eval("--policy", "expert", "--episodes", "500", "--json", str(result), start_new_session=True)
    log = result.with_suffix(".episodes.jsonl")
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline and not (log.exists() and len(log.read_text().splitlines()) >= 2):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted after" in output
    assert json.loads(result.read_text())["episodes"] >= 1
