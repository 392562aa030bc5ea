# SPDX-License-Identifier: Apache-2.0
"""The vendor's driver of a gripper is started with the robot's parameters, watched, and ended with us."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
import yaml
from ament_prefix import install
from rig.nodes import NodeUnderTest, Operator
from std_srvs.srv import SetBool

PROGRAM = """#!/bin/sh
for word in "$@"; do case "$word" in *.yaml) cp "$word" {folder}/parameters.yaml;; esac; done
echo "$@" > {folder}/words
echo $$ > {folder}/pid
exec sleep {seconds}
"""


def start(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, **told: float) -> NodeUnderTest:
    install(folder, "franka_gripper", "franka_gripper_node")
    (folder / "lib/franka_gripper/franka_gripper_node").write_text(PROGRAM.format(folder=folder, seconds=seconds))
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(folder))
    return NodeUnderTest("gripper_drivers", "left", robot="fr3", robot_ip="172.16.0.2", **told)


def until(done, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
    return done()


def test_it_gets_its_name_namespace_and_parameters_and_ends_with_us(tmp_path, monkeypatch):
    node = start(tmp_path, monkeypatch, 60.0, discovery_s=0.3)
    try:
        assert until((tmp_path / "pid").exists)
        words = (tmp_path / "words").read_text().split()
        assert words[:5] == ["--ros-args", "-r", "__node:=franka_gripper", "-r", "__ns:=/left"]
        (content,) = yaml.safe_load((tmp_path / "parameters.yaml").read_text()).values()
        told = content["ros__parameters"]
        assert told["robot_ip"] == "172.16.0.2"
        assert told["default_grasp_epsilon"] == {"inner": 0.08, "outer": 0.08}
        program = int((tmp_path / "pid").read_text())
        code, _, _ = node.stop(signal.SIGTERM)
        assert code == 0
        assert until(lambda: not Path(f"/proc/{program}").exists(), 2.0)
    finally:
        node.kill()


def test_one_that_runs_already_is_left_alone_and_a_client_is_none(tmp_path, monkeypatch):
    operator = Operator("left")
    name = "franka_gripper/gripper_action/_action/send_goal"
    client = operator.node.create_client(SetBool, name)
    node = start(tmp_path, monkeypatch, 60.0)
    try:
        assert until((tmp_path / "pid").exists)
        node.stop(signal.SIGTERM)
        assert until(lambda: "gripper_drivers_node" not in operator.node.get_node_names(), 30.0)
        (tmp_path / "pid").unlink()
        operator.node.create_service(SetBool, name, lambda request, response: response)
        node = start(tmp_path, monkeypatch, 60.0, discovery_s=5.0)  # a busy machine takes its time
        assert until(lambda: "gripper_drivers_node" in operator.node.get_node_names(), 30.0)
        assert not until((tmp_path / "pid").exists, 8.0)
        assert "is there already" in node.stop(signal.SIGTERM)[1]
        assert client is not None
    finally:
        node.kill()
        operator.close()


def test_a_driver_that_ends_is_said(tmp_path, monkeypatch):
    node = start(tmp_path, monkeypatch, 0.1, discovery_s=0.3)
    try:
        assert until(lambda: node.process.poll() is not None)
        code, output = _ended(node)
        assert code == 1
        assert output.strip().endswith("the driver of gripper 'fr3_hand' ended with code 0")
    finally:
        node.kill()


@pytest.mark.parametrize("name", ["gripper_drivers", "gripper_action"])
def test_a_robot_without_such_grippers_needs_neither_node(name):
    node = NodeUnderTest(name, robot="agilex")
    try:
        assert until(lambda: node.process.poll() is not None)
        assert _ended(node)[0] == 0
    finally:
        node.kill()


def _ended(node: NodeUnderTest) -> tuple[int, str]:
    output, _ = node.process.communicate(timeout=5.0)
    return node.process.returncode, output


def test_without_the_actions_package_one_line_says_so():
    try:
        import control_msgs.action  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("control_msgs is installed here")
    node = NodeUnderTest("gripper_action", robot="fr3")
    try:
        assert until(lambda: node.process.poll() is not None)
        code, output = _ended(node)
        assert code == 2
        assert "ros-jazzy-control-msgs" in output
        assert "Traceback" not in output
    finally:
        node.kill()
