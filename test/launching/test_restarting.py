# SPDX-License-Identifier: Apache-2.0
"""on_failure:=restart with real processes: who is started again, told what, how often; who is not, and why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.environment import module_environment
from vla_ros.launching.jobs import job_names, load_job
from vla_ros.launching.restarting import recorder_again, refuse_restart

NODE = """
import os, pathlib, signal, sys, time, yaml
values = yaml.safe_load(pathlib.Path(sys.argv[-1]).read_text())["/**"]["ros__parameters"]
print("lives as", os.getpid(), "told", sorted(values.items()), flush=True)
if values.get("crashes"):
    time.sleep(0.1)
    raise SystemExit(1)
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(values.get("rests_s", 0.0))
    print("rests", flush=True)
    raise SystemExit(values.get("code", 0))
"""

DRIVER = """
import sys
from vla_ros.launching import restarting as r
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.launcher import launch
from vla_ros.launching.arguments import LaunchArgument as A
def node(name, **values):
    given = {key: values.pop(key) for key in ("crashes", "rests_s", "code") if key in values}
    return NodeSpec(name, "", given, module="node", **values)
specs = {
    "camera": node("camera", again=r.managed_again),
    "crashing": node("crashing", crashes=True, again=r.as_before),
    "sim": node("sim", not_again=r.NO_WORLD),
    "control": node("control", stops_first=True, again=r.control_again),
    "stuck": node("control", rests_s=30.0, stops_first=True, again=r.control_again),
    "unheld": node("control", code=1, stops_first=True, again=r.control_again),
    "guard": node("guard", again=r.guard_again, guards=("control",)),
}
arguments = (
    r.failure_argument(), A("report", "", "report"), A("run_directory", "", "folder"),
    A("domain_id", -1, "domain", minimum=-1, maximum=232),
)
nodes = tuple(specs[name] for name in sys.argv[1].split(","))
sys.exit(launch(Graph("trial", "a trial", arguments, nodes), sys.argv[2:]))
"""


class Trial:
    """A launch of small nodes in a process of its own."""

    def __init__(self, folder: Path, nodes: str, *words: str) -> None:
        (folder / "node.py").write_text(NODE)
        self._log = folder / "run" / "log.txt"
        self._report = folder / "run" / "result.json"
        environment = module_environment()
        environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment.get('PYTHONPATH', '')}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, nodes, f"run_directory:={folder / 'run'}", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def lives(self, name: str) -> list[tuple[int, dict[str, object]]]:
        """Return process and parameters of each life of a node."""
        lines = [line.partition("lives as ")[2] for line in self.log.splitlines() if line.startswith(f"[{name}]")]
        told = [line.partition(" told ") for line in lines if line]
        return [(int(pid), dict(yaml.safe_load(words.replace("(", "[").replace(")", "]")))) for pid, _, words in told]

    def wait_for_life(self, name: str, number: int, timeout: float = 60.0) -> int:
        """Return the process of a node's `number`th life, once it is there."""
        end = time.monotonic() + timeout
        while len(self.lives(name)) < number:
            assert time.monotonic() < end, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.02)
        return self.lives(name)[number - 1][0]

    def finish(self, timeout: float = 60.0) -> int:
        return self.process.wait(timeout)

    def report(self) -> dict:
        return json.loads(self._report.read_text())


@pytest.fixture
def trial(tmp_path):
    started = []

    def start(nodes: str, *words: str) -> Trial:
        started.append(Trial(tmp_path, nodes, *(words or ("on_failure:=restart",))))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGINT)
            one.finish()


def test_a_killed_node_is_started_again_and_becomes_active_by_itself(trial):
    run = trial("camera,sim")
    os.kill(run.wait_for_life("camera", 1), signal.SIGKILL)
    again = run.wait_for_life("camera", 2)
    os.kill(again, signal.SIGKILL)  # and once more
    run.wait_for_life("camera", 3)
    assert [told for _, told in run.lives("camera")] == [{}, {"autostart": True}, {"autostart": True}]
    assert "camera is started again in 0.5 s" in run.log
    assert "camera is started again in 1 s" in run.log
    run.process.send_signal(signal.SIGINT)
    assert run.finish() == 130
    assert run.report()["restarts"] == {"camera": 2}


def test_without_it_the_job_stops_as_ever(trial):
    run = trial("camera,sim", "on_failure:=stop")
    os.kill(run.wait_for_life("camera", 1), signal.SIGKILL)
    assert run.finish() == 1
    assert len(run.lives("camera")) == 1
    assert "camera died: it was killed by SIGKILL" in run.log
    assert "restarts" not in run.report()


def test_who_dies_again_and_again_ends_the_job_and_it_is_said_why(trial):
    run = trial("crashing,sim")
    assert run.finish(90.0) == 1
    assert len(run.lives("crashing")) == 6
    assert "crashing is not started again: it has died 6 times within 5 minutes" in run.log


def test_whose_death_loses_something_is_not_started_again(trial):
    run = trial("camera,sim")
    os.kill(run.wait_for_life("sim", 1), signal.SIGKILL)
    assert run.finish() == 1
    assert len(run.lives("sim")) == 1
    assert "sim is not started again: the simulated world is gone with it" in run.log
    assert run.report()["failure"] == "sim died: it was killed by SIGKILL"


def test_control_comes_back_with_the_e_stop_latched(trial):
    run = trial("control,guard")
    os.kill(run.wait_for_life("control", 1), signal.SIGKILL)
    run.wait_for_life("control", 2)
    assert run.lives("control")[1][1] == {"autostart": True, "estop": True}
    assert len(run.lives("guard")) == 1


def test_control_rests_when_its_guard_dies_and_both_come_back_stopped_the_guard_first(trial):
    run = trial("control,guard")
    run.wait_for_life("control", 1)
    os.kill(run.wait_for_life("guard", 1), signal.SIGKILL)
    run.wait_for_life("control", 2)
    assert run.lives("guard")[1][1] == {"estop": True}
    assert run.lives("control")[1][1] == {"autostart": True, "estop": True}
    words = [f"[guard]    lives as {run.lives('guard')[1][0]}", f"[control]  lives as {run.lives('control')[1][0]}"]
    places = [run.log.find(word.split("  ")[-1].strip()) for word in words]
    assert -1 < run.log.find("[control] rests") < places[0] < places[1], run.log


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ("stuck", "control does not come to rest without guard"),
        ("unheld", "control exited with code 1 without its guard"),
    ],
)
def test_an_arm_that_nobody_is_sure_to_hold_ends_the_job(trial, control, said):
    run = trial(f"{control},guard")
    run.wait_for_life("control", 1)
    os.kill(run.wait_for_life("guard", 1), signal.SIGKILL)
    assert run.finish() == 1
    assert said in run.log
    assert len(run.lives("control")) == 1


@pytest.mark.parametrize("first", ["control", "guard"])
def test_both_dead_at_once_end_the_job(trial, first):
    run = trial("control,guard")
    pids = {name: run.wait_for_life(name, 1) for name in ("control", "guard")}
    second = "guard" if first == "control" else "control"
    os.kill(pids[second], signal.SIGSTOP)  # or it might end well of what the launcher asks of it before it is killed
    os.kill(pids[first], signal.SIGKILL)
    if first == "control":
        time.sleep(0.2)
    os.kill(pids[second], signal.SIGKILL)
    assert run.finish() == 1
    assert "is not started again: " in run.log or "control was killed by SIGKILL without its guard" in run.log


def test_a_recorder_never_writes_over_what_its_forerunner_left(tmp_path):
    bag = tmp_path / "bag"
    values = {"directory": str(bag), "episodes": False}
    bag.with_name("bag.partial").mkdir()
    assert recorder_again(values, 1) == {"directory": str(tmp_path / "bag-2")}
    bag.with_name("bag-2.partial").mkdir()
    bag.with_name("bag-3").mkdir()
    assert recorder_again(values, 2) == {"directory": str(tmp_path / "bag-4")}
    assert recorder_again({"directory": str(bag), "episodes": True}, 1) == {}


@pytest.mark.parametrize("job", job_names())
def test_every_node_of_every_job_says_whether_it_may_be_started_again(job):
    for node in load_job(job).nodes:
        assert node.again is not None or node.not_again
    nodes = {node.name: node for node in load_job(job).nodes}
    assert nodes["guard"].guards == ("control",)
    assert nodes["sim"].again is None
    for name in ("control", "guard"):
        assert nodes[name].again({}, 1)["estop"] is True


def test_ros2_launch_starts_nothing_again_and_says_so():
    arguments = parse_assignments(["on_failure:=restart"], load_job("franka_grasp").arguments)
    with pytest.raises(ConfigError, match="ros2 launch starts no node again: use `vla launch`"):
        refuse_restart(arguments, "ros2 launch")
