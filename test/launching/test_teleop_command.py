# SPDX-License-Identifier: Apache-2.0
"""`vla teleop` and its job: what starts, and what is refused before anything does."""

from __future__ import annotations

import shutil
import socket

import pytest

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.jobs import load_job
from vla_ros.teleop.serving import pairing


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line that a command ends with, exit code 2."""
    assert cli.main(["teleop", *words]) == 2
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    return error


def nodes(*words: str) -> dict[str, dict]:
    graph = load_job("teleop")
    arguments = parse_assignments(words, graph.arguments)
    return {node.name: node.values(arguments) for node in graph.active_nodes(arguments) if node.name != "tf"}


def test_without_a_policy_the_arm_is_the_operators():
    started = nodes()
    assert list(started) == ["sim", "camera", "state", "bridge", "control", "manager", "guard"]
    assert started["bridge"]["with_policy"] is False
    assert started["bridge"]["host"] == "localhost"
    assert started["manager"]["nodes"] == ("state_node", "camera_node", "vr_bridge_node", "control_node")


def test_with_a_policy_it_is_brought_up_and_the_bridge_knows():
    started = nodes("policy:=geometric")
    assert started["bridge"]["with_policy"] is True
    assert started["policy_manager"]["nodes"][-3:] == ("policy_node", "vr_bridge_node", "control_node")
    assert "manager" not in started


def test_a_leader_is_told_to_the_bridge_and_one_that_does_not_fit_is_refused(capsys):
    assert nodes("leader:=/leader", "leader_map:=agilex")["bridge"]["leader"] == "/leader"
    assert "say with leader:=" in refusal(capsys, "leader_map:=agilex")
    assert "is no namespace" in refusal(capsys, "leader:=my leader")
    assert "did you mean 'agilex'?" in refusal(capsys, "leader:=/leader", "leader_map:=agilx", "robot:=agilex")
    assert "it is the follower's that is named" in refusal(capsys, "leader:=/leader", "leader_map:=agilex")


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def mine(robot):\n    raise NotImplementedError\n")
    return f"{path}:mine"


def test_any_policy_is_taken_from_and_given_back_to_a_users_own_too(mine, capsys):
    started = nodes(f"policy:={mine}")
    assert started["bridge"]["with_policy"] is True
    assert started["policy"]["policy"] == mine
    assert "policy_manager" in started
    assert "did you mean 'flow'?" in refusal(capsys, "policy:=flw")
    assert "unknown name 'mne': did you mean 'mine'?" in refusal(capsys, f"policy:={mine[:-3]}ne")
    assert "no such folder" in refusal(capsys, f"policy:={mine}", "objects:=nowhere")  # all before that is well


def test_on_hardware_nobody_simulates_and_the_operator_still_drives():
    real = ("hardware:=real", "robot_ip:=192.0.2.3")
    started = nodes(*real)
    assert {"bridge", "state", "control", "arm_manager"} < set(started)
    assert not {"sim", "camera", "policy", "manager", "policy_manager", "arm_policy_manager"} & set(started)
    assert started["bridge"]["use_sim_time"] is False
    helped = nodes(*real, "policy:=geometric", "camera_source:=realsense", "cameras:=front")
    assert {"policy", "realsense"} <= set(helped)
    assert helped["policy"]["use_sim_time"] is False
    assert helped["arm_policy_manager"]["nodes"] == ("state_node", "policy_node", "vr_bridge_node", "control_node")
    assert "arm_manager" not in helped
    assert helped["realsense"] == {"robot": "franka", "cameras": "front", "source": "realsense", "autostart": True}


def test_the_page_is_for_this_machine_unless_it_is_asked_otherwise(monkeypatch):
    given = []
    monkeypatch.setattr(
        "vla_ros.launching.launcher.launch", lambda graph, words: given.append((graph.name, words)) or 0
    )
    monkeypatch.setattr("vla_ros.launching.egl.require_egl", lambda: None)
    assert cli.main(["teleop", "seed:=3"]) == 0
    assert cli.main(["teleop", "--network", "policy:=geometric"]) == 0
    assert given == [("teleop", ["seed:=3"]), ("teleop", ["host:=all", "policy:=geometric"])]


def test_arguments_are_listed(capsys):
    assert cli.main(["teleop", "--show-args"]) == 0
    assert "  host:=localhost" in capsys.readouterr().out


def test_what_cannot_work_is_refused_in_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    folder = f"folder:={tmp_path}"
    assert "did you mean 'policy'" in refusal(capsys, "polcy:=none")
    assert "host:=my.robot: give localhost, all" in refusal(capsys, "host:=my.robot", folder)
    assert "host:=192.0.2.5: is no address of this machine" in refusal(capsys, "host:=192.0.2.5", folder)
    assert refusal(capsys, "token:=a-token-of-twenty-one", folder) == (
        "vla: token:=…: every user of this machine can read a command line: write it into a file that only you may "
        "read (chmod 600), and give token_file:=FILE"
    )
    assert "is no file: write a token into one" in refusal(capsys, f"token_file:={tmp_path}", folder)
    assert "others may read it" in refusal(capsys, f"token_file:={tmp_path / 'file'}", folder)
    pairing.keep_token(tmp_path, "short")
    assert "16 to 128 letters" in refusal(capsys, f"token_file:={tmp_path / 'token'}", folder)
    pairing.keep_token(tmp_path, "a-token-of-twenty-one")
    assert "give one of the two" in refusal(capsys, f"token_file:={tmp_path / 'token'}", "new_token:=true", folder)
    assert "no folder for certificate and pairing" in refusal(capsys, f"folder:={tmp_path / 'file' / 'x'}")
    (tmp_path / "key.pem").mkdir()
    assert "key.pem: cannot be written" in refusal(capsys, "--network", folder)


@pytest.mark.parametrize("host", ["localhost", "all"])
def test_a_port_that_is_taken_is_said_before_anything_starts(capsys, tmp_path, host):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refusal(capsys, f"port:={port}", f"folder:={tmp_path}", f"host:={host}")
    assert f"port:={port}: address already in use; give another, or 0 for any that is free" in error


def test_checking_twice_keeps_the_pairing(tmp_path):
    graph = load_job("teleop")
    arguments = parse_assignments([f"folder:={tmp_path}", "port:=0"], graph.arguments)
    graph.check(arguments)
    token = (tmp_path / "token").read_text()
    graph.check(arguments)
    assert (tmp_path / "token").read_text() == token
    with pytest.raises(ConfigError, match="from 0 to 65535"):
        parse_assignments(["port:=70000"], graph.arguments)


def test_a_schedule_is_for_its_own_task(capsys, tmp_path):
    words = (f"collection:={tmp_path / 'cups'}", "port:=0", f"folder:={tmp_path / 'pairing'}")
    assert "of task 'placing': give task:=placing" in refusal(capsys, *words, "schedule:=placing")
    assert "of task 'grasping': give task:=grasping" in refusal(capsys, *words, "schedule:=franka", "task:=placing")
    assert "unknown schedule 'placin': did you mean 'placing'" in refusal(capsys, *words, "schedule:=placin")
    (tmp_path / "cups").mkdir()
    shutil.copy(share_directory() / "config" / "tasks" / "collect_placing.yaml", tmp_path / "cups" / "collection.yaml")
    assert refusal(capsys, *words).startswith(f"vla: {words[0]}: its scenes are of task 'placing'")
