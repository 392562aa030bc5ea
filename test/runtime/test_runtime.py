# SPDX-License-Identifier: Apache-2.0
"""What launches leave for `vla stop`: found from any shell, and nothing in the folder can keep a stop waiting."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rig.hostile_folders import HOSTILE, entry
from rig.nodes import NodeUnderTest
from std_msgs.msg import Bool

from controllers.errors import ConfigError
from vla_ros import qos
from vla_ros.launching.environment import free_domain, module_environment
from vla_ros.runtime.estop_socket import EstopSocket, stop_every_guard
from vla_ros.runtime.folder import RuntimeFolder, runtime_folders
from vla_ros.runtime.running import RunningGraph, process_start, refuse_taken, registered, running_graphs

OTHER_USER = 12345


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only runtime folder, made and empty."""
    monkeypatch.setenv("VLA_RUNTIME_DIR", str(tmp_path))
    (opened,) = runtime_folders(make=True)
    return opened.path


def graph(pid: int = 0, domain: int = 7, namespace: str = "") -> RunningGraph:
    return RunningGraph(pid or os.getpid(), "franka_grasp", domain, "LOCALHOST", "", "runs/a", namespace)


def test_a_launch_is_listed_for_as_long_as_it_runs(folder: Path) -> None:
    with registered(graph()) as listed:
        assert listed
        (found,) = running_graphs()
        assert (found.domain_id, found.started) == (7, process_start(os.getpid()))
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert running_graphs() == []
    assert list(folder.iterdir()) == []


def test_any_shell_of_this_user_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLA_RUNTIME_DIR")
    session = tmp_path / "session"
    session.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    common = [folder.path for folder in runtime_folders(make=True) if not folder.path.is_relative_to(session)]
    assert common, "no folder that every shell finds"
    with registered(graph(domain=101)):
        assert [found.domain_id for found in running_graphs() if found.pid == os.getpid()] == [101]
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        monkeypatch.setenv("TMPDIR", str(tmp_path))  # another one
        assert [found.domain_id for found in running_graphs() if found.pid == os.getpid()] == [101]
    assert not [found for found in running_graphs() if found.pid == os.getpid()]


def test_a_process_number_that_lives_again_is_no_launch(folder: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "30"])
    try:
        (folder / f"{sleeper.pid}.json").write_text(entry(pid=sleeper.pid, started=1))
        assert running_graphs() == []
        assert not list(folder.glob("*.json"))  # forgotten
    finally:
        sleeper.kill()
        sleeper.wait()


def _others(path: Path) -> None:
    path.chmod(0o777)


def _another_users(path: Path) -> None:
    os.chown(path, OTHER_USER, OTHER_USER)


@pytest.mark.parametrize("spoil", [_others, _another_users])
def test_a_folder_that_others_could_write_to_is_not_used(folder: Path, spoil: Callable[[Path], None]) -> None:
    if spoil is _another_users and os.getuid() != 0:
        pytest.skip("needs root, to make a folder of another user's")
    (folder / "1.json").write_text(entry())
    spoil(folder)
    assert running_graphs() == []
    with registered(graph()) as listed:
        assert not listed
    assert [file.name for file in folder.iterdir()] == ["1.json"]


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / f"{os.getpid()}.json").symlink_to(victim)
    (folder / f".{os.getpid()}.json.{os.getpid()}").symlink_to(victim)
    assert running_graphs() == []
    with registered(graph()):
        assert len(running_graphs()) == 1
    assert victim.read_text() == "precious"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        RuntimeFolder(folder)


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_lies_there_a_stop_is_sent_at_once(folder: Path, what: str) -> None:
    guard = EstopSocket()
    try:
        HOSTILE[what](folder)
        with registered(graph()):
            began = time.monotonic()
            assert stop_every_guard() >= 1
            assert guard.requested()
            found = running_graphs()
            seconds = time.monotonic() - began
        assert [one.pid for one in found] == [os.getpid()]
        assert seconds < 0.5
    finally:
        guard.close()
    assert not guard.requested()


def test_a_socket_says_stop_and_nothing_else(folder: Path) -> None:
    import socket

    guard = EstopSocket()
    try:
        assert not guard.requested()
        (path,) = folder.glob("*.estop")
        opened = RuntimeFolder(folder)
        for word in (b"", b"recover", b"stop it", b"\xff" * 200):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(word, opened.address(path.name))
        assert not guard.requested()
        assert stop_every_guard() == 1
        assert guard.requested()
        assert not guard.requested()
    finally:
        guard.close()
    assert stop_every_guard() == 0


def test_a_real_guard_passes_the_word_on() -> None:
    node = rclpy.init() or rclpy.create_node("control_of_a_test")
    heard: list[bool] = []
    node.create_subscription(Bool, "estop", lambda message: heard.append(message.data), qos.LATCHED)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    guard = NodeUnderTest("guard")
    try:
        deadline = time.monotonic() + 30.0
        while not stop_every_guard() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        while not heard and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        code, output, _ = guard.stop()
    finally:
        guard.kill()
        rclpy.shutdown()
    assert heard == [True], output
    assert code == 0
    assert "e-stop: requested by `vla stop`" in output
    assert stop_every_guard() == 0  # nothing is left behind


LISTENER = """
import sys, time
import rclpy
from std_msgs.msg import Bool
from vla_ros import qos
nodes = []
for domain in map(int, sys.argv[1:]):
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    nodes.append(rclpy.create_node("control_of_a_test", context=context))
    nodes[-1].create_subscription(Bool, "estop", lambda message: None, qos.LATCHED)
print("up", flush=True)
time.sleep(60)
"""
# In a process of its own, as the command is: it forks, which must come before there is a node.
PUBLISH = """
import sys
from vla_ros.commands.robot import estop
from vla_ros.runtime.running import RunningGraph
estop.MATCH_TIMEOUT_S = 4.0
graphs = [RunningGraph(1, "job", int(domain), discovery, "", "")
          for domain, discovery in (word.split(":") for word in sys.argv[1:])]
for graph, outcome in estop.publish_everywhere(graphs, {stopped}):
    print(graph.domain_id, type(outcome).__name__, flush=True)
"""


def test_who_does_not_answer_keeps_nobody_else_waiting() -> None:
    first, second, environment = free_domain(), free_domain(), module_environment()
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(first), str(second)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "up\n"
        # Another discovery range is another environment, and 101 to 103 are domains that nobody is on.
        words = ["101:LOCALHOST", "102:LOCALHOST", "103:LOCALHOST", f"{first}:LOCALHOST", f"{second}:SUBNET"]
        done = subprocess.run(
            [sys.executable, "-c", PUBLISH.format(stopped=True), *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        listener.kill()
        listener.communicate()
    lines = done.stdout.splitlines()
    assert sorted(lines[:2]) == sorted([f"{first} float", f"{second} float"]), done.stdout + done.stderr
    assert sorted(lines[2:]) == [f"{domain} NobodyListens" for domain in (101, 102, 103)]


ROBOT = """
import sys, time
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import Bool
from vla_ros import messages, qos
domain, stops_again = int(sys.argv[1]), sys.argv[2] == "True"
context = rclpy.Context()
rclpy.init(context=context, domain_id=domain)
node = rclpy.create_node("control_and_guard_of_a_test", context=context)
progress = node.create_publisher(DiagnosticStatus, "control/progress", qos.STREAM)
diagnostics = node.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
releases, stopped_at = [], 0.0
node.create_subscription(Bool, "estop", lambda said: releases.append(time.monotonic()) if not said.data else None, 10)
executor = SingleThreadedExecutor(context=context)
executor.add_node(node)
say = lambda name, stopped: messages.diagnostic(name, messages.OK, "", {"estop": str(stopped).lower()})
print("up", flush=True)
while not releases or time.monotonic() - releases[-1] < 1.0:
    executor.spin_once(timeout_sec=0.01)
    if stops_again and not stopped_at and releases and time.monotonic() - releases[0] > 0.3:
        stopped_at = time.monotonic()
    stopped = not releases or stopped_at > 0.0
    progress.publish(say("control", stopped))
    diagnostics.publish(messages.diagnostic_array(0.0, say("guard", stopped or stops_again)))
print(len(releases), sum(at > stopped_at + 0.2 for at in releases) if stopped_at else 0, flush=True)
"""


@pytest.mark.parametrize("stops_again", [False, True])
def test_a_release_ends_with_being_heard_and_gives_way_to_a_stop(stops_again: bool) -> None:
    """Somebody recovers, and somebody stops the robot again a moment later: that must not be released as well."""
    domain, environment = free_domain(), module_environment()
    robot = subprocess.Popen(
        [sys.executable, "-c", ROBOT, str(domain), str(stops_again)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert robot.stdout is not None
        assert robot.stdout.readline() == "up\n"
        words = [sys.executable, "-c", PUBLISH.format(stopped=False), f"{domain}:LOCALHOST"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        heard, late = map(int, robot.communicate(timeout=60)[0].split())
    finally:
        robot.kill()
        robot.communicate()
    assert done.stdout == f"{domain} {'StoppedAgain' if stops_again else 'float'}\n", done.stderr
    assert late == 0
    assert heard < 30  # as often as it is said where nobody answers


def test_a_domain_that_is_taken_is_refused_with_who_holds_it(folder: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid, started = sleeper.pid, process_start(sleeper.pid)
        (folder / f"{pid}.json").write_text(entry(pid=pid, started=started))
        with pytest.raises(ConfigError, match=f"ROS domain 7 .*franka_grasp, process {pid}.*domain_id:="):
            refuse_taken(graph())
        refuse_taken(graph(namespace="left"))
        refuse_taken(graph(domain=8))
    finally:
        sleeper.kill()
        sleeper.wait()
    refuse_taken(graph())
