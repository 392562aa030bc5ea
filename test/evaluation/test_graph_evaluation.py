# SPDX-License-Identifier: Apache-2.0
"""`vla eval --graph` with a stand-in for the launch: every ending recorded, Ctrl-C, resuming, nothing left running."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig.processes import processes_of

from vla_ros import cli
from vla_ros.commands.evaluation import graph_episodes
from vla_ros.commands.evaluation.graph_episodes import GraphEpisodes
from vla_ros.evaluation.episode_log import EpisodeLog
from vla_ros.evaluation.evaluation import Evaluation, evaluate
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings

SEEDS = 8
# Does what plan.json says of its seed, as the launcher would; a seed that is not named there succeeds.
STAND_IN = """
import json, pathlib, sys, time
values = dict(word.split(":=", 1) for word in sys.argv[3:])
assert sys.argv[1:3] == ["launch", "policy"], sys.argv
here = pathlib.Path(__file__).parent
seed, directory = values["seed"], pathlib.Path(values["run_directory"])
report = {
    "success": True, "outcome": "success", "failure": "", "attempts": 1, "episode_s": 5.0, "lifted_max_m": 0.2,
    "instruction": "grasp it", "target": json.loads((here / "targets.json").read_text())[int(seed)],
    "real_time_factor": 0.99, "real_time_factor_worst_s": 0.97, "exit_code": 0, "ended": "episode finished",
}
report["first_lifted"] = report["target"]
change = json.loads((here / "plan.json").read_text()).get(seed, {})
with (here / "started.jsonl").open("a") as file:
    file.write(json.dumps(values) + "\\n")
if change == "bad input":
    print("vla: the camera is on fire")
    sys.exit(2)
directory.mkdir(parents=True)
if change == "hangs":
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        (here / "brought_to_rest").touch()
        sys.exit(130)
report = {name: value for name, value in (report | change).items() if value is not None}
(directory / "result.json").write_text(json.dumps(report))
sys.exit(report["exit_code"])
"""
DRIVER = """
import sys
from vla_ros import cli
from vla_ros.commands.evaluation.graph_episodes import GraphEpisodes
GraphEpisodes.module = "stand_in"
sys.exit(cli.main(["eval", "--graph", *sys.argv[1:]]))
"""
FAILED = {"success": False, "exit_code": 1}
DIED = {**FAILED, "outcome": None, "failure": "control died: it was killed by SIGKILL"}


@pytest.fixture(scope="module")
def targets() -> list[str]:
    """Return the named object of each scene."""
    runner = EpisodeRunner(EpisodeSettings())
    return [runner.scene(seed).target for seed in range(SEEDS)]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, targets: list[str]) -> Callable[..., None]:
    """Return what decides how the launch of a seed ends."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    (tmp_path / "targets.json").write_text(json.dumps(targets))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(tmp_path)]))
    monkeypatch.setattr(GraphEpisodes, "module", "stand_in")

    def write(**seeds: dict | str) -> None:
        (tmp_path / "plan.json").write_text(json.dumps({name.removeprefix("s"): what for name, what in seeds.items()}))

    write()
    return write


def evaluation(
    folder: Path, episodes: int, workers: int = 1, resume: bool = False, repeat_starved: bool = False
) -> Evaluation:
    settings = EvaluationSettings(EpisodeSettings(graph=True), episodes, workers=workers)
    log = EpisodeLog(folder / "graph.episodes.jsonl", settings, resume, repeat_starved)
    return evaluate(settings, GraphEpisodes(settings, folder / "graph.runs"), log)


def started(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "started.jsonl").read_text().splitlines()]


def test_every_ending_becomes_the_record_that_lockstep_keeps(tmp_path, plan, targets, monkeypatch):
    domains = itertools.cycle([7, 7, 8])
    monkeypatch.setattr(graph_episodes, "free_domain", lambda: next(domains))
    plan(
        s1=FAILED
        | {"outcome": "attempts used up", "attempts": 3, "failure": "attempts used up", "cause": "lifted, then lost"},
        s2=FAILED | {"outcome": "time limit", "first_lifted": "somebody_else", "cause": "another object lifted first"},
        s3=FAILED
        | {
            "outcome": "policy gave up",
            "first_lifted": None,
            "failure": "the policy calls itself done",
            "cause": "policy gave up: the policy calls itself done",
        },
        s4=FAILED
        | {
            "outcome": "error",
            "failure": "the arm was stopped (workspace)",
            "cause": "error: the arm was stopped (workspace)",
        },
        s5=DIED,
        s6="bad input",
        s7={"target": "another_object"},
    )
    result = evaluation(tmp_path, SEEDS, workers=2)
    episodes = {episode.seed: episode for episode in result.episodes}
    assert sorted(episodes) == [0, 1, 2, 3, 4]
    assert [episodes[seed].cause for seed in range(5)] == [
        "", "lifted, then lost", "another object lifted first", "policy gave up: the policy calls itself done",
        "error: the arm was stopped (workspace)",
    ]  # fmt: skip
    good = episodes[0]
    assert (good.success, good.target, good.first_lifted, good.attempts) == (True, targets[0], targets[0], 1)
    assert (good.steps, good.duration_s, good.real_time_factor) == (50, 5.0, 0.99)
    assert 0 < good.reference_steps < 100
    assert 0.5 < good.spl <= 1.0
    assert good.category in targets[0]
    broken = {item.seed: item.reason for item in result.broken}
    assert sorted(broken) == [5, 6, 7]
    assert broken[5].startswith("control died: it was killed by SIGKILL; see ")
    assert broken[6].startswith("the launch exited with code 2: vla: the camera is on fire")
    assert "target was another_object" in broken[7]
    runs = {run["seed"]: run for run in started(tmp_path)}
    assert len({run["run_directory"] for run in runs.values()}) == SEEDS
    assert {runs["0"]["domain_id"], runs["1"]["domain_id"]} == {"7", "8"}  # they ran side by side
    assert processes_of(tmp_path) == []


def test_resuming_runs_what_is_missing_broke_or_starved(tmp_path, plan):
    plan(s1=DIED, s2={"real_time_factor": 0.6})
    first = evaluation(tmp_path, 3)
    assert [episode.starved for episode in first.episodes] == [False, True]
    plan()
    second = evaluation(tmp_path, 4, resume=True)
    assert [run["seed"] for run in started(tmp_path)[3:]] == ["1", "3"]
    assert started(tmp_path)[3]["run_directory"].endswith("basic_00001-2")  # the log of what broke is kept
    assert [episode.starved for episode in second.episodes] == [False, False, True, False]
    third = evaluation(tmp_path, 4, resume=True, repeat_starved=True)
    assert [run["seed"] for run in started(tmp_path)[5:]] == ["2"]
    assert not any(episode.starved for episode in third.episodes)


def run_eval(folder: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *words], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_brings_the_arm_to_rest_and_keeps_what_there_is(tmp_path, plan, monkeypatch, capsys):
    plan(s1="hangs")
    process = run_eval(tmp_path, "--episodes", "3", "--json", "graph.json")
    wait_for((tmp_path / "graph.runs" / "basic_00001").exists)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "interrupted after 1 of 3 episodes" in output
    assert (tmp_path / "brought_to_rest").exists()
    assert json.loads((tmp_path / "graph.json").read_text())["episodes"] == 1
    assert processes_of(tmp_path) == []
    plan()
    monkeypatch.chdir(tmp_path)
    words = ["--episodes", "3", "--json", "graph.json", "--resume", "--compare", str(other(tmp_path))]
    assert cli.main(["eval", "--graph", *words]) == 0
    output = capsys.readouterr().out
    assert "through the graph, 3 of 3 episodes" in output
    assert "difference in success, scene by scene: +33.3 points" in output
    assert "closed, nothing lifted" in output
    figures = json.loads((tmp_path / "graph.json").read_text())
    assert figures["compared_episodes"] == figures["episodes"] == 3
    assert figures["starved"] == 0


def other(folder: Path) -> Path:
    """Write the log of an evaluation in lockstep that failed in scene 1."""
    lines = (folder / "graph.episodes.jsonl").read_text().splitlines()
    header, episode = json.loads(lines[0]), json.loads(lines[1])
    header["settings"]["graph"] = False
    rows = []
    for seed, target in enumerate(json.loads((folder / "targets.json").read_text())):
        row = episode | {"seed": seed, "target": target, "real_time_factor": None, "success": seed != 1}
        rows.append(row | ({} if row["success"] else {"cause": "closed, nothing lifted"}))
    log = folder / "lockstep.episodes.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in [header, *rows]))
    return folder / "lockstep.json"


def test_no_launch_outlives_a_killed_evaluation(tmp_path, plan):
    plan(s0="hangs")
    process = run_eval(tmp_path, "--episodes", "1")
    wait_for(lambda: (tmp_path / "started.jsonl").exists())
    process.kill()
    process.communicate()
    wait_for(lambda: processes_of(tmp_path) == [])


NEEDY = """
from vla_ros.policies.needs import CameraNeed, Needs


class Needy:
    needs = Needs((CameraNeed("front"), CameraNeed("wrist")))

    def infer(self, observation):
        raise NotImplementedError

    def reset(self):
        pass
"""


def test_the_graph_is_watched_by_the_cameras_that_the_policy_needs(tmp_path, plan):
    evaluation(tmp_path, 1)
    (tmp_path / "mine.py").write_text(NEEDY)
    settings = EvaluationSettings(EpisodeSettings(f"{tmp_path}/mine.py:Needy", graph=True), 1, 3)
    evaluate(settings, GraphEpisodes(settings, tmp_path / "needy.runs"), None)
    usual, needy = started(tmp_path)
    assert (usual["cameras"], needy["cameras"]) == ("", "front,wrist")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--graph", "--non-blocking", "0.2"], "--non-blocking is for lockstep"),
        (["--graph", "--rate-hz", "1000"], "--rate-hz is for lockstep"),
        (["--graph", "--video", "films"], "--video is for lockstep"),
        (["--graph", "--policy", "expert"], "which no node receives"),
        (["--graph", "--categories", "action+rocket"], "with --graph one of action, grounding, novel, all"),
        (["--graph", "--workers", "64"], "1 to 32 with --graph"),
        (["--graph", "--set", "basics"], "did you mean 'basic'"),
        (["--graph", "--seed", "2147483648"], "0 to 2147483647"),
        (["--repeat-starved"], "needs --graph --resume"),
        (["--compare", "nowhere.json"], "nowhere.episodes.jsonl is not beside it"),
        (["--compare", "a.json", "--json", "./a.json"], "would overwrite"),
    ],
)
def test_bad_input_is_one_line_and_code_2(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["eval", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
