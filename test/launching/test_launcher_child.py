# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from ament_prefix import install

from vla_ros.launching.processes.child import REST_S

LAUNCHER_CHILD = [sys.executable, "-m", "vla_ros.launching.processes.launcher_child"]
# Says when it can be asked, and how it was asked to end.
NODE = """
import signal, sys, time
def asked(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, asked)
signal.signal(signal.SIGINT, asked)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
LAUNCHER = "import subprocess, sys; subprocess.run(sys.argv[1:])"


def _start(environment, *words: str) -> subprocess.Popen:
    return subprocess.Popen([*words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


@pytest.mark.parametrize("last", [False, True])
def test_only_the_last_to_stop_are_deaf_to_an_interrupt(environment, last):
    node = _start(environment, *LAUNCHER_CHILD, *(["--last"] if last else []), sys.executable, "-c", NODE)
    assert node.stdout.readline() == "ready\n"
    node.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert (node.poll() is None) is last
    if last:
        node.send_signal(signal.SIGTERM)
    assert node.communicate(timeout=10.0)[0] == ("SIGTERM\n" if last else "SIGINT\n")
    assert node.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_node_is_asked_to_stop_when_its_launcher_dies(environment, number):
    launcher = _start(
        environment, sys.executable, "-c", LAUNCHER, *LAUNCHER_CHILD, "--last", sys.executable, "-c", NODE
    )
    assert launcher.stdout.readline() == "ready\n"
    os.kill(launcher.pid, number)
    assert launcher.communicate(timeout=10.0)[0] == "SIGTERM\n"  # the node's word: it has inherited the pipe


# As `ros2 launch`, or a launcher of ours, starts two nodes: one brings the arm to rest, the other drives it until then.
PAIR = """
import subprocess, sys
for words in sys.argv[1:]:
    subprocess.Popen(words.split("|"))
sys.stdin.read()
"""
DATED = """#!{python}
import os, signal, sys, time
def asked(number, frame):
    os.write(1, f"{{sys.argv[-1]}} {{signal.Signals(number).name}} {{time.monotonic()}}\\n".encode())
    if sys.argv[-1] != "deaf":
        sys.exit(0)
signal.signal(signal.SIGTERM, asked)
os.write(1, b"ready\\n")
while True:
    time.sleep(0.02)
"""
OURS, FOREIGN_PROGRAM = "launcher_child --last", "executable 0 fake program"


@pytest.fixture
def program(tmp_path, environment):
    """Return a program of another ROS package that says when it is asked to stop."""
    install(tmp_path, "fake", "program")
    path = tmp_path / "lib/fake/program"
    path.write_text(DATED.format(python=sys.executable))
    environment["AMENT_PREFIX_PATH"] = str(tmp_path)
    return str(path)


def _pair(environment, program: str, last: str, name: str) -> tuple[subprocess.Popen, list[int]]:
    """Start a launcher of two nodes; return it, and its nodes once both can be asked."""
    words = last.split() if last == FOREIGN_PROGRAM else [*last.split(), program]
    nodes = [
        [*LAUNCHER_CHILD, program, "first"],
        [sys.executable, "-m", f"vla_ros.launching.processes.{words[0]}", *words[1:], name],
    ]
    launcher = subprocess.Popen(
        [sys.executable, "-c", PAIR, *("|".join(node) for node in nodes)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert [launcher.stdout.readline() for _ in nodes] == ["ready\n"] * 2
    return launcher, [child.pid for child in psutil.Process(launcher.pid).children()]


@pytest.mark.parametrize("last", [OURS, FOREIGN_PROGRAM])
def test_a_killed_launcher_leaves_the_arm_its_driver_until_it_stands(environment, program, last):
    launcher, nodes = _pair(environment, program, last, "last")
    launcher.kill()
    said = [line.split() for line in launcher.communicate(timeout=10.0)[0].splitlines()]
    assert [(name, number) for name, number, _ in said] == [("first", "SIGTERM"), ("last", "SIGTERM")]
    assert 0.8 * REST_S < float(said[1][2]) - float(said[0][2]) < 3.0
    assert _gone(nodes)


@pytest.mark.parametrize("last", [OURS, FOREIGN_PROGRAM])
def test_who_ignores_that_the_launcher_is_gone_is_killed(environment, program, last):
    launcher, nodes = _pair(environment, program, last, "deaf")
    launcher.kill()
    assert "deaf SIGTERM" in launcher.communicate(timeout=15.0)[0]
    assert _gone(nodes)


@pytest.mark.parametrize("last", [OURS, FOREIGN_PROGRAM])
def test_nothing_watches_on_when_a_node_has_ended(environment, program, last):
    launcher, nodes = _pair(environment, program, last, "last")
    watching = psutil.Process(nodes[1]).children(recursive=True)
    assert len(watching) == 1
    assert watching[0].memory_info().rss < 20 << 20  # a small process each
    os.kill(nodes[1], signal.SIGTERM)
    try:
        assert _gone([process.pid for process in watching])
    finally:
        launcher.kill()
        launcher.communicate(timeout=10.0)


def _gone(pids: list[int], within: float = 3.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        alive = [p for p in pids if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ([], 2, "which command?"),
        (["--last"], 2, "which command?"),
        (["/no/such/node"], 1, "/no/such/node: No such file"),
    ],
)
def test_a_command_that_is_none_is_one_line(environment, words, code, expected):
    done = subprocess.run([*LAUNCHER_CHILD, *words], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
