# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

TETHERED = [sys.executable, "-m", "vla_ros.bringup.tethered"]
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
    node = _start(environment, *TETHERED, *(["--last"] if last else []), sys.executable, "-c", NODE)
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
    launcher = _start(environment, sys.executable, "-c", LAUNCHER, *TETHERED, "--last", sys.executable, "-c", NODE)
    assert launcher.stdout.readline() == "ready\n"
    os.kill(launcher.pid, number)
    assert launcher.communicate(timeout=10.0)[0] == "SIGTERM\n"  # the node's word: it has inherited the pipe


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ([], 2, "which command?"),
        (["--last"], 2, "which command?"),
        (["/no/such/node"], 1, "/no/such/node: No such file"),
    ],
)
def test_a_command_that_is_none_is_one_line(environment, words, code, expected):
    done = subprocess.run([*TETHERED, *words], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
