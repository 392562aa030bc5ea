# SPDX-License-Identifier: Apache-2.0
"""A job's cameras beside a real robot: whose they are, and what is refused before anything starts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from policy_making import two_arms_still

from controllers.errors import ConfigError
from vla_ros.hardware.cameras.realsense import library
from vla_ros.hardware.cameras.realsense.library import FoundCamera
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.checks import check_launch
from vla_ros.launching.jobs import load_job
from vla_ros.launching.real_cameras import check_camera_source

BESIDE = ("hardware:=joint_topics", "camera_source:=realsense")


def check(*words: str) -> None:
    check_camera_source(parse_assignments(words, load_job("policy").arguments))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch):
    def connect(*serials: str) -> None:
        found: Sequence[FoundCamera] = tuple(FoundCamera(serial, "D435") for serial in serials)
        monkeypatch.setattr(library, "found_cameras", lambda: found)

    return connect


def test_a_simulated_robot_has_its_own():
    with pytest.raises(ConfigError, match="camera_source:=realsense: hardware:=sim has cameras of its own"):
        check("camera_source:=realsense")
    check()


def test_each_camera_of_the_robot_must_be_connected_and_known(connected):
    connected()
    with pytest.raises(ConfigError, match="no RealSense camera is connected"):
        check(*BESIDE, "cameras:=front")
    connected("819112070001")
    check(*BESIDE, "cameras:=front")
    with pytest.raises(ConfigError) as raised:
        check(*BESIDE, "cameras:=front,side")
    assert "\n" not in str(raised.value)


def test_a_job_on_hardware_needs_no_renderer_and_has_its_policy(monkeypatch):
    def none() -> None:
        raise ConfigError("no EGL")

    monkeypatch.setattr("vla_ros.launching.checks.require_egl", none)
    graph, words = (
        load_job("policy"),
        ("robot:=agilex", "hardware:=joint_topics", "command:=position", f"policy:={two_arms_still.__file__}:Still"),
    )
    arguments = check_launch(graph, words)
    nodes = {node.name: node.values(arguments) for node in graph.active_nodes(arguments)}
    assert "realsense" not in nodes  # somebody else's driver publishes them
    assert nodes["arm_manager"]["nodes"] == ("state_node", "policy_node", "control_node")
    with pytest.raises(ConfigError, match="no EGL"):
        check_launch(graph, ())
