# SPDX-License-Identifier: Apache-2.0
"""`vla record`: which of the running graphs it takes, and what it asks of the recorder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vla_ros.cli import main
from vla_ros.commands.data import record as record_command
from vla_ros.runtime.running import RunningGraph

LEFT = RunningGraph(101, "franka_grasp", 7, "LOCALHOST", "", "runs/a", "left")
RIGHT = RunningGraph(102, "franka_grasp", 8, "SUBNET", "/etc/dds.xml", "runs/b")
NONE = RunningGraph(0, "the graph", 3, "LOCALHOST", "", "")


@pytest.fixture
def become(monkeypatch, tmp_path):
    """Return what a command would become, with given graphs running."""
    monkeypatch.chdir(tmp_path)
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(record_command.os, "execve", lambda path, words, env: started.append((words, env)))

    def run(graphs: list[RunningGraph], *words: str) -> tuple[dict[str, object], list[str], dict[str, str]]:
        monkeypatch.setattr(record_command, "targets", lambda: graphs)
        main(["record", *words])
        command, environment = started.pop()
        given = [word.partition(":=") for word in command if ":=" in word and not word.startswith("__")]
        return {name: json.loads(value) for name, _, value in given if name != "/clock"}, command, environment

    return run


def test_the_running_job_is_recorded_on_its_domain_under_its_names(become):
    parameters, command, environment = become([LEFT], "bags/one", "--images", "jpeg", "--topics", "joint_states", "a b")
    assert (environment["ROS_DOMAIN_ID"], environment["ROS_AUTOMATIC_DISCOVERY_RANGE"]) == ("7", "LOCALHOST")
    assert "__ns:=/left" in command
    assert Path(str(parameters["directory"])).parts[-2:] == ("bags", "one")
    assert (parameters["images"], parameters["topics"]) == ("jpeg", ["joint_states", "a b"])
    assert (parameters["job"], parameters["robot"]) == ("franka_grasp", "franka")
    assert "exclude" not in parameters  # an empty list has no type


def test_without_a_job_it_is_the_environments_graph(become):
    parameters, _, environment = become([NONE])
    assert environment["ROS_DOMAIN_ID"] == "3"
    assert parameters["job"] == ""
    assert Path(str(parameters["directory"])).parent.name == "bags"


def test_of_several_jobs_one_is_named(become, capsys):
    _, _, environment = become([LEFT, RIGHT], "one", "--job", "102")
    assert (environment["ROS_DOMAIN_ID"], environment["FASTRTPS_DEFAULT_PROFILES_FILE"]) == ("8", "/etc/dds.xml")
    for words, message in (
        ((), "several jobs run (franka_grasp (101), franka_grasp (102)): choose with --job and the number of one"),
        (("--job", "teleop"), "--job teleop: no such job runs; running: franka_grasp (101), franka_grasp (102)"),
    ):
        with pytest.raises(IndexError):  # nothing was started
            become([LEFT, RIGHT], "two", *words)
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["", ".."])
def test_a_folder_without_a_name_is_refused(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(record_command, "targets", lambda: [NONE])
    assert main(["record", folder or "/"]) == 2
    assert "name a folder for the bag" in capsys.readouterr().err


def test_a_folder_of_episodes_may_be_there_already_but_not_a_bag(become, tmp_path, capsys):
    (tmp_path / "bags" / "mugs" / "episode_000000").mkdir(parents=True)
    parameters, _, _ = become([LEFT], "bags/mugs", "--episodes")
    assert parameters["episodes"] is True
    assert Path(str(parameters["directory"])).parts[-2:] == ("bags", "mugs")
    (tmp_path / "bags" / "mugs" / "metadata.yaml").write_text("")
    assert main(["record", "bags/mugs", "--episodes"]) == 2
    assert "is a bag or a file; name a folder for the episodes' bags" in capsys.readouterr().err
