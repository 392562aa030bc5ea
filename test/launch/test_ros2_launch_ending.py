# SPDX-License-Identifier: Apache-2.0
"""How a graph ends under ROS 2's launch: nodes of straw that take their time, the real launch."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

try:
    HAS_LAUNCH = hasattr(importlib.import_module("launch"), "LaunchDescription")  # not the clone's own folder
except ImportError:
    HAS_LAUNCH = False
pytestmark = pytest.mark.skipif(not HAS_LAUNCH, reason="ROS 2's launch is not installed here")

# A node ends so long after it was asked to; those that do not move the arm ignore SIGINT, as under `launcher_child`.
NODE = """
import signal, sys, time
name, own, takes, deaf, code = sys.argv[1], *map(float, sys.argv[2:])
def asked(number, frame):
    print(name, "asked", flush=True)
    time.sleep(takes)
    print(name, "ends", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, asked)
signal.signal(signal.SIGINT, signal.SIG_IGN if deaf else asked)
time.sleep(own)
sys.exit(int(code))
"""
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.ros_launch_ending import OrderlyEnd
end = OrderlyEnd()
def node(spec, own, takes, code=0):
    words = [sys.executable, {node!r}, spec.name, str(own), str(takes), str(int(not spec.stops_first)), str(code)]
    return ExecuteProcess(cmd=words, output="screen", **end.options(spec))
control = NodeSpec("control", "control_node", stops_first=True)
episode = NodeSpec("episode", "episode_node", decides=True, stops_first=True)
sim, guard = NodeSpec("sim", "sim_node"), NodeSpec("guard", "guard_node")
nodes = {{
    node(control, 60, {stops}): control,
    node(episode, 1.0, 0.0, {code}): episode,
    node(sim, 60, {takes}): sim,
    node(guard, 60, 0.1): guard,
}}
service = LaunchService(argv=[])
service.include_launch_description(LaunchDescription([*end.handlers(nodes), *nodes]))
raise SystemExit(service.run())
"""


def launched(
    folder: Path, environment: dict[str, str], code: int, takes: float, stops: float = 0.4
) -> tuple[int, str, float]:
    """Run a graph whose episode ends with `code`, whose simulator and control take so long [s] to end."""
    (folder / "node.py").write_text(NODE)
    (folder / "graph.py").write_text(LAUNCH.format(node=str(folder / "node.py"), code=code, takes=takes, stops=stops))
    began = time.monotonic()
    words, environment = [sys.executable, str(folder / "graph.py")], environment | {"ROS_LOG_DIR": str(folder)}
    done = subprocess.run(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, time.monotonic() - began


@pytest.mark.parametrize("takes", [0.1, 2.5])
def test_a_success_ends_without_an_error_of_launch_however_slow_the_machine(tmp_path, environment, takes):
    code, output, _ = launched(tmp_path, environment, 0, takes)
    assert code == 0, output
    assert "ERROR" not in output
    assert output.index("control ends") < min(output.index("sim asked"), output.index("guard asked"))


def test_no_success_is_the_only_error_there_is(tmp_path, environment):
    code, output, _ = launched(tmp_path, environment, 1, 2.5)
    assert code == 1, output
    assert "episode finished without success (exit code 1)" in output
    assert "failed to terminate" not in output
    assert output.index("control ends") < output.index("sim asked")


def test_a_node_that_hangs_is_killed_and_named(tmp_path, environment):
    code, output, seconds = launched(tmp_path, environment, 0, 60.0)
    assert "failed to terminate" in output
    assert "sim ends" not in output
    assert seconds < 25.0
    assert code == 0, output


def test_a_control_that_hangs_is_killed_in_two_seconds(tmp_path, environment):
    _, output, _ = launched(tmp_path, environment, 0, 4.0, stops=60.0)
    assert "control ends" not in output
    assert output.index("exit code -9") < output.index("sim ends")  # which was asked after 1 s, and takes 4
