# SPDX-License-Identifier: Apache-2.0
"""The launcher with real processes: small nodes that talk, crash, hang and ignore signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig.processes import process_of, processes_of

NODES = {
    # Runs until it is asked to stop, and says so.
    "quiet": """
        import time
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("stopping at", time.time(), flush=True)
    """,
    "deciding": """
        import json, pathlib, sys, time, yaml
        values = yaml.safe_load(pathlib.Path(sys.argv[-1]).read_text())["/**"]["ros__parameters"]
        time.sleep(values["after_s"])
        result = {"success": values["code"] == 0, "attempts": 2, "words": values["words"]}
        (pathlib.Path(values["run_directory"]) / "result.json").write_text(json.dumps(result))
        sys.exit(values["code"])
    """,
    "crashing": """
        import time
        for i in range(30):
            print("line", i, flush=True)
        time.sleep(0.3)
        raise RuntimeError("the wheel came off")
    """,
    # Ignores every polite request, and so does its helper, which also holds the output open.
    "stubborn": """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print("helper", helper.pid, flush=True)
        time.sleep(60)
    """,
    "chatty": """
        import sys
        for i in range(20000):
            print(f"number {i} " + "x" * 50)
        sys.stdout.write("no newline at the end")
    """,
    "echoing": """
        print("\\x1b[32mgreen\\x1b[0m, told: \\x1b]0;title\\x07\\x1b[2J\\u202e")
    """,
    "complaining": """
        from controllers.errors import ConfigError
        raise ConfigError("config/x.yaml: key 'rate' must be above 0, got -1")
    """,
    "orderly": """
        import signal, sys, time
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(0.3)
            print("at rest at", time.time(), flush=True)
    """,
    "ending": """
        import time
        print("going on", flush=True)
        time.sleep(0.3)
        print("ended early: the disk is full", flush=True)
        raise SystemExit(1)
    """,
    "dated": """
        import pathlib, signal, time
        def asked(number, frame):
            pathlib.Path(__file__).with_suffix(".end").write_text(str(time.time()))
            raise SystemExit
        signal.signal(signal.SIGTERM, asked)
        print("dated", flush=True)
        time.sleep(60)
    """,
    "environment": """
        import os
        for name in sorted(os.environ):
            print(f"{name}={os.environ[name]}")
    """,
}

NODES["dated_first"] = NODES["dated"]
NODES["killed"] = NODES["quiet"]

DRIVER = """
import sys
from vla_ros.launching.arguments import LaunchArgument as A
from vla_ros.launching.graph import Argument, Graph, NodeSpec
from vla_ros.launching.launcher import launch
decide = {name: Argument(name) for name in ("after_s", "code", "words", "run_directory")}
specs = {
    "deciding": NodeSpec("deciding", "", decide, decides=True, module="node_deciding"),
    "orderly": NodeSpec("orderly", "", stops_first=True, module="node_orderly"),
    "dated_first": NodeSpec("dated_first", "", stops_first=True, module="node_dated_first"),
    "ending": NodeSpec("ending", "", ends=True, module="node_ending"),
    "killed": NodeSpec("killed", "", ends=True, module="node_killed"),
    "optional": NodeSpec("optional", "", required=False, module="node_crashing"),
}
arguments = (
    A("after_s", 0.5, "how long to run"), A("code", 0, "exit code"), A("words", "", "some words"),
    A("report", "", "report"), A("run_directory", "", "folder"), A("domain_id", -1, "domain", minimum=-1, maximum=232),
)
nodes = tuple(specs.get(n, NodeSpec(n, "", module=f"node_{n}")) for n in sys.argv[1].split(","))
sys.exit(launch(Graph("trial", "a trial", arguments, nodes), sys.argv[2:]))
"""


class Run:
    """A launch of small nodes in a process of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], nodes: str, *words: str) -> None:
        self.folder = folder
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, nodes, f"run_directory:={folder / 'run'}", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, text: str, timeout: float = 10.0) -> None:
        log = self.folder / "run" / "log.txt"
        deadline = time.monotonic() + timeout
        while not (log.exists() and text in log.read_text()):
            assert time.monotonic() < deadline, f"'{text}' never came: {log.read_text() if log.exists() else ''}"
            assert self.process.poll() is None, self.process.stdout.read()
            time.sleep(0.02)

    def finish(self, timeout: float = 15.0) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=timeout)
        self.duration = time.monotonic() - self.started
        return self.process.returncode, output

    def children(self) -> list[int]:
        """Return every living process that runs one of this run's nodes."""
        return [pid for pid in processes_of(self.folder) if pid != self.process.pid]


@pytest.fixture
def run(tmp_path, environment):
    for name, body in NODES.items():
        lines = [line.removeprefix("        ") for line in body.splitlines()]
        (tmp_path / f"node_{name}.py").write_text("\n".join(lines) + "\n")
    environment["PYTHONPATH"] += os.pathsep + str(tmp_path)
    environment.pop("ROS_DOMAIN_ID", None)
    runs = []

    def start(nodes: str, *words: str) -> Run:
        runs.append(Run(tmp_path, environment, nodes, *words))
        return runs[-1]

    yield start
    for one in runs:
        one.process.kill()
        one.process.communicate()
        for pid in one.children():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_deciding_node_ends_the_graph_with_its_exit_code(run, tmp_path, code):
    one = run("quiet,deciding", f"code:={code}", "words:=007", "report:=report.json")
    returned, output = one.finish()
    assert returned == code, output
    assert one.children() == []
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["success"] is {0: True, 1: False, 3: None}[code]
    assert f"{ {0: 'success', 1: 'no success', 3: 'not judged'}[code] } (deciding finished)" in output
    assert report["attempts"] == 2
    assert report["words"] == "007"
    assert report["exit_code"] == code
    assert 0.4 < report["duration_s"] < 10.0
    assert 5.0 < report["pss_mib"] < 500.0
    assert report["cores_by_process"].keys() == {"quiet", "deciding", "launcher"}
    for key in ("time_to_first_motion_s", "real_time_factor", "real_time_factor_worst_s"):
        assert report[key] is None  # nothing of the kind happened, and the report says so
    assert "[quiet]    ready" in output
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == report


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_time_without_a_trace_back(run, number):
    one = run("quiet,orderly,stubborn,deciding", "after_s:=50")
    one.wait_for("helper")
    sent = time.monotonic()
    one.process.send_signal(number)
    returned, output = one.finish(timeout=5.0)
    assert time.monotonic() - sent < 3.0
    assert returned == 128 + number
    assert "Traceback" not in output
    assert "stubborn did not stop when asked and was killed" in output
    assert one.children() == []


def test_the_arm_comes_to_rest_before_the_rest_is_asked_to_stop(run):
    one = run("quiet,orderly")
    one.wait_for("ready")
    time.sleep(0.3)
    one.process.send_signal(signal.SIGINT)
    _, output = one.finish()
    times = {word: float(output.partition(word)[2].split()[0]) for word in ("at rest at", "stopping at")}
    assert times["at rest at"] < times["stopping at"]


def test_a_second_ctrl_c_kills_at_once(run):
    one = run("stubborn,orderly")
    one.wait_for("helper")
    one.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    one.process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    returned, _ = one.finish()
    assert time.monotonic() - sent < 1.0
    assert returned == 130
    assert one.children() == []


def test_a_crashed_node_is_named_with_its_last_lines(run):
    returned, output = (one := run("quiet,crashing,deciding", "after_s:=50")).finish()
    assert returned == 1
    assert "crashing died: it exited with code 1" in output
    quoted = [line for line in output.splitlines() if line.startswith("   | ")]
    assert quoted[-1] == "   | RuntimeError: the wheel came off"
    assert "   | line 29" in quoted
    assert "   | line 0" not in quoted
    assert 1.5 < one.duration < 8.0  # guard and the arm's driver go on for a while, to hold it
    assert one.children() == []


def test_a_killed_node_is_named_with_its_signal(run, tmp_path):
    one = run("quiet,orderly")
    one.wait_for("ready")
    os.kill(process_of(tmp_path, "node_quiet"), signal.SIGKILL)
    returned, output = one.finish()
    assert returned == 1
    assert "quiet died: it was killed by SIGKILL" in output


def test_a_stopped_node_is_killed_too(run, tmp_path):
    one = run("quiet,orderly")
    one.wait_for("ready")
    os.kill(process_of(tmp_path, "node_quiet"), signal.SIGSTOP)
    one.process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    one.finish()
    assert time.monotonic() - sent < 3.0
    assert one.children() == []


def test_an_optional_node_may_die(run):
    returned, output = run("optional,deciding", "after_s:=1.0").finish()
    assert returned == 0
    assert "optional exited with code 1; going on without it" in output


def test_a_node_that_ends_without_success_ends_the_graph_with_its_last_line(run, tmp_path):
    returned, output = run("ending,orderly").finish()
    assert returned == 1
    assert "no success (ending: ended early: the disk is full)" in output
    assert "at rest at" in output
    report = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (report["failure"], report["success"]) == ("ending: ended early: the disk is full", False)


def test_a_node_that_is_killed_before_its_end_ends_the_graph_and_is_named(run):
    one = run("killed,orderly")
    one.wait_for("ready")
    (pid,) = [pid for pid in one.children() if b"node_killed" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(pid, signal.SIGKILL)
    returned, output = one.finish()
    assert returned == 1
    assert "no success (killed died: it was killed by SIGKILL)" in output


def test_bad_input_found_by_a_node_is_one_line_and_code_2(run):
    returned, output = (one := run("quiet,complaining,deciding", "after_s:=50")).finish()
    assert returned == 2
    assert "vla: complaining: config/x.yaml: key 'rate' must be above 0, got -1" in output
    assert "Traceback" not in output
    assert one.duration < 5.0
    assert one.children() == []


def test_no_line_is_lost_and_the_last_needs_no_newline(run, tmp_path):
    returned, output = run("chatty,deciding", "after_s:=3.0").finish()
    assert returned == 1  # a required node that ends, ends the graph
    lines = [line for line in output.splitlines() if line.startswith("[chatty]") and " number " in line]
    assert len(lines) == 20000
    assert "[chatty]   no newline at the end" in output
    assert (tmp_path / "run" / "log.txt").read_text().count("number ") >= 20000


def test_a_killed_launcher_ends_the_graph_in_order_too(run, tmp_path):
    one = run("dated,dated_first")
    one.wait_for("[dated]")
    one.wait_for("[dated_first]")
    one.process.kill()
    one.process.wait()
    ends = [tmp_path / "node_dated_first.end", tmp_path / "node_dated.end"]
    deadline = time.monotonic() + 6.0
    while not all(end.exists() and end.read_text() for end in ends):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first, last = (float(end.read_text()) for end in ends)
    assert 0.8 < last - first < 3.0  # the arm's driver and its guard stay until it stands


def test_nobody_outlives_a_killed_launcher(run):
    one = run("quiet,orderly,stubborn")
    one.wait_for("helper")
    assert len(one.children()) >= 4
    one.process.kill()
    one.process.wait()
    deadline = time.monotonic() + 4.0
    while one.children():
        assert time.monotonic() < deadline, one.children()
        time.sleep(0.05)


def test_nodes_stay_on_this_machine_on_a_domain_of_their_own(run):
    _, output = run("environment,deciding").finish()
    values = dict(
        line.split(None, 1)[1].split("=", 1) for line in output.splitlines() if line.startswith("[env") and "=" in line
    )
    assert values["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert 1 <= int(values["ROS_DOMAIN_ID"]) <= 100
    assert values["OMP_NUM_THREADS"] == "1"
    assert values["MUJOCO_GL"] == "egl"
    assert values["PYTHONUNBUFFERED"] == "1"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("report:=missing/report.json", "the folder missing does not exist"),
        ("report:=.", "is a folder"),
        ("domain_id:=900", "from -1 to 232"),
    ],
)
def test_bad_input_starts_nothing(run, tmp_path, word, expected):
    one = run("quiet", word)
    returned, output = one.finish()
    assert returned != 0
    assert expected in output
    assert not (tmp_path / "run").exists()


def test_what_a_node_was_told_commands_no_terminal(run, tmp_path):
    _, output = run("echoing,deciding").finish()
    said = "green, told: \\x1b]0;title\\x07\\x1b[2J\\u202e"
    assert said in output
    assert said in (tmp_path / "run" / "log.txt").read_text()


def test_what_a_run_says_is_its_users_alone(run, tmp_path):
    run("deciding").finish()
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0


def test_a_run_folder_is_not_used_twice(run):
    run("deciding").finish()
    returned, output = run("deciding").finish()
    assert returned != 0
    assert "already holds a run" in output
