# SPDX-License-Identifier: Apache-2.0
"""`ros2 launch vla_ros franka_grasp.launch.py` as a person meets it, wherever the real launch and ros2 are."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from ros2_home import Ros2LaunchedJob, why_not

SCENE = "seed:=118"  # a brown pear, alone on the table

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "all is there")


@pytest.fixture
def launch(tmp_path):
    """Return what launches franka_grasp with the given words; nothing of it outlives the test."""
    graphs: list[Ros2LaunchedJob] = []

    def start(*words: str) -> Ros2LaunchedJob:
        graphs.append(Ros2LaunchedJob(tmp_path, *words))
        return graphs[-1]

    yield start
    for graph in graphs:
        graph.close()


def _end_of(graph: Ros2LaunchedJob, node: str) -> int:
    """Return where in the output the end of a node's process is told."""
    told = [graph.output.find(f"[{node}_node-{n}]: process has {how}") for n in range(1, 20) for how in ("fin", "died")]
    assert max(told) >= 0, f"{node} has not ended: {graph.output}"
    return max(told)


def test_it_lifts_the_object_and_stops_the_arm_before_its_driver(launch):
    graph = launch(SCENE)
    assert graph.finish() == 0, graph.output
    assert "success: lifted the brown pear" in graph.output
    assert "Traceback" not in graph.output
    assert "has died" not in graph.output  # every node ended by itself, with exit code 0
    assert "[ERROR] [launch]" not in graph.output
    assert "failed to terminate" not in graph.output  # nor did launch have to insist
    assert graph.report["success"] is True
    assert _end_of(graph, "control") < min(_end_of(graph, "sim"), _end_of(graph, "guard"))
    assert graph.left_running == []


def test_no_success_is_exit_code_1(launch):
    graph = launch(SCENE, "instruction:=pick up the green mug")
    assert graph.finish() == 1, graph.output
    assert "episode finished without success (exit code 1)" in graph.output
    assert "failed to terminate" not in graph.output
    assert graph.left_running == []


@pytest.mark.parametrize("to_all", [True, False], ids=["Ctrl-C", "kill -INT of ros2 launch"])
def test_an_interrupt_during_motion_leaves_an_arm_at_rest_and_nothing_else(launch, to_all):
    graph = launch(SCENE)
    graph.wait_for_motion()
    pressed = time.monotonic()
    if to_all:
        graph.interrupt()
    else:
        graph.process.send_signal(signal.SIGINT)
    graph.finish()
    seconds = time.monotonic() - pressed
    assert graph.left_running == []
    assert "Traceback" not in graph.output
    assert np.isfinite(graph.arm.rest_began), f"{graph.output}\n{graph.arm}"
    assert _end_of(graph, "control") < min(_end_of(graph, "sim"), _end_of(graph, "guard"))
    assert seconds < (4.0 if os.getloadavg()[0] < 3.0 else 8.0)


@pytest.mark.parametrize("node", ["control", "policy", "guard"])
def test_when_a_node_is_killed_the_arm_comes_to_a_hold_and_the_node_is_named(launch, node):
    graph = launch(SCENE)
    graph.wait_for_motion()
    killed = graph.arm.stamps[-1]
    graph.kill(node)
    assert graph.finish() == 1, graph.output
    assert f"{node} died: it was killed by SIGKILL" in graph.output
    assert graph.left_running == []
    assert graph.arm.rest_began - killed < 1.5, f"{graph.output}\nkilled at {killed:.2f} s, {graph.arm}"
    assert graph.arm.stamps[-1] - graph.arm.rest_began > 0.2  # and it stays so as long as anyone can see it


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nobody_outlives_a_launch_that_is_ended_the_hard_way(launch, number):
    graph = launch(SCENE)
    graph.wait_for_motion()
    graph.process.send_signal(number)
    graph.finish()
    if not graph.arm.spin_until(lambda: graph.left_running == [], 6.0):
        pytest.fail(f"still there: {[Path(f'/proc/{pid}/cmdline').read_bytes() for pid in graph.left_running]}")


def test_bad_input_starts_nothing(launch):
    for word, expected in (("robot:=frankaa", "did you mean 'franka'"), ("sed:=1", "did you mean 'seed'")):
        graph = launch(word)
        assert graph.finish() == 1
        assert expected in graph.output
        assert "process started" not in graph.output


def test_every_argument_is_shown_with_what_is_allowed():
    shown = subprocess.run(
        ["ros2", "launch", "vla_ros", "franka_grasp.launch.py", "--show-args"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for text in (
        "'seed':",
        "a whole number from 0 to 2147483647",
        "Valid choices are: ['action', 'grounding', 'novel', 'all']",
    ):
        assert text in shown


def test_the_graph_answers_to_the_tools_of_ros2(launch):
    graph = launch(SCENE, "speed_scale:=0.05", "time_limit_s:=600.0")  # slow: the tools take their time
    assert graph.arm.spin_until(lambda: "the arm moves" in graph.output, 120.0), graph.output
    environment = os.environ | {"ROS_DOMAIN_ID": str(graph.domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}

    def ros2(*words: str, until: str | set[str]) -> str:
        """Repeat a command: without its daemon ros2 looks only so long for the graph, and machines may be busy."""
        deadline = time.monotonic() + 60.0
        while True:
            done = subprocess.run(
                ["ros2", *words], env=environment, capture_output=True, text=True, check=False, timeout=60
            )
            if all(text in done.stdout for text in ({until} if isinstance(until, str) else until)):
                return done.stdout
            assert time.monotonic() < deadline, f"ros2 {' '.join(words)}: {done.stdout}{done.stderr}"

    no_daemon = ("--no-daemon", "--spin-time", "2")
    nodes = ("sim", "camera", "state", "policy", "control", "guard", "episode")
    ros2("node", "list", *no_daemon, until={f"/{node}_node" for node in nodes})
    described = ros2("param", "describe", "/control_node", "rate_hz", *no_daemon, until="Parameter name")
    assert "control ticks a second" in described
    assert "Max value: 2000.0" in described
    ros2("param", "get", "/control_node", "rate_hz", *no_daemon, until="Double value is: 500.0")
    assert "enabled" in ros2("topic", "echo", "--once", "control/progress", "--full-length", *no_daemon, until="key")
    answer = ros2("service", "call", "/control/enable", "std_srvs/srv/SetBool", "{data: false}", until="response")
    assert "success=True" in answer
    graph.interrupt()
    graph.finish()
