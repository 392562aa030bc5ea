# SPDX-License-Identifier: Apache-2.0
"""What `vla secure` lets a node say and hear is what it says and hears when it runs, over DDS; and it is tight."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from bags.replay_bag import write_replay_bag
from lerobot_parts.devices import write_contract
from node_census import Census, absolute_names, census
from policy_making import two_arms_still

from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.jobs import job_names, load_job
from vla_ros.launching.security import graph_topics, node_interface
from vla_ros.lerobot.node_process import GraphError, NodeProcess
from vla_ros.nodes.trial.pictures import Pictures
from vla_ros.robots.embodiment import load_embodiment, robot_names
from vla_ros.runtime.running import RunningGraph, registered
from vla_ros.security.interface import NodeInterface, absolute
from vla_ros.security.onlookers import home, observer, operator
from vla_ros.security.robot_side import commands

WITHIN_S = 120.0  # until a busy machine has every node configured
JOBS = (
    ("franka_grasp", "policy:=geometric", "view:=foxglove", "view_port:=0", "record:={folder}/bag", "namespace:=left"),
    ("franka_teleop", "port:=0", "collection:={folder}/collection", "leader:=/leader", "folder:={folder}"),
    ("bytemini_bussing",),
    ("franka_replay", "source:={folder}/episode"),
    (
        "policy",
        "robot:=agilex",
        "hardware:=joint_topics",
        "command:=position",
        f"policy:={two_arms_still.__file__}:Still",
        "instruction:=fold",
    ),
)


def lacking(taken: Census, node: NodeSpec) -> set[tuple[str, str]]:
    """Return what a node is allowed always, and does not have."""
    return lacks(taken, node_interface(node, taken.arguments), taken.of(node))


def lacks(taken: Census, allowance: NodeInterface, seen: NodeInterface) -> set[tuple[str, str]]:
    allowed, real = absolute_names(allowance, taken.namespace), absolute_names(seen, "")
    sometimes = {absolute(name, taken.namespace) for name in allowance.sometimes}
    return {
        (what, name)
        for what, names in allowed.items()
        for name in names - real[what] - sometimes
        if "*" not in name
    }  # fmt: skip


def beyond(taken: Census, node: NodeSpec) -> set[tuple[str, str]]:
    """Return what a node has and is not allowed."""
    return exceeds(taken, node_interface(node, taken.arguments), taken.of(node))


def exceeds(taken: Census, allowance: NodeInterface, seen: NodeInterface) -> set[tuple[str, str]]:
    allowed, real = absolute_names(allowance, taken.namespace), absolute_names(seen, "")
    return {
        (what, name)
        for what, names in real.items()
        for name in names
        if not any(fnmatchcase(name, one) for one in allowed[what])
    }


@pytest.mark.parametrize(("job", "words"), [(job, words) for job, *words in JOBS], ids=[job for job, *_ in JOBS])
def test_each_node_has_what_it_is_allowed_and_no_more(tmp_path, job, words):
    write_replay_bag(tmp_path / "episode")
    check_nodes(tmp_path, job, *(word.format(folder=tmp_path) for word in words))


def check_nodes(folder: Path, job: str, *words: str) -> None:
    with census(folder, job, *words) as taken:
        staying = [node for node in taken.nodes if not node.ends or node.name == "recorder"]
        whole = taken.look_until(lambda: not any(lacking(taken, node) for node in staying), WITHIN_S)
        ended = {name: process.poll() for name, process in taken.processes.items()}
        assert whole, ({node.name: lacking(taken, node) for node in staying if lacking(taken, node)}, ended)
        assert {node.name: beyond(taken, node) for node in taken.nodes if beyond(taken, node)} == {}


def test_so_has_an_arm_by_its_makers_sdk(tmp_path: Path) -> None:
    pytest.importorskip("panda_py", reason="panda_py is not installed: VLA_EXTRAS=hardware ./vla … installs it")
    from rig.fci.model_library import compiler
    from rig.fci.station import PandaStation

    if compiler() is None:
        pytest.skip("no C compiler makes the library that libfranka loads")
    station = PandaStation()
    try:
        words = ("hardware:=sdk", f"robot_ip:={station.address}", "port:=0", "cameras:=", f"folder:={tmp_path}")
        check_nodes(tmp_path, "franka_teleop", *words)
    finally:
        station.kill()


def test_a_person_at_a_shell_has_no_more_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    with census(tmp_path, "franka_grasp", "policy:=geometric", "instruction:=none") as taken:
        robot, served = load_embodiment("franka"), [node.executable for node in taken.nodes]
        control = next(node for node in taken.nodes if node.name == "control")
        assert taken.look_until(lambda: not lacking(taken, control), WITHIN_S)
        graph = RunningGraph(os.getpid(), "franka_grasp", int(os.environ["ROS_DOMAIN_ID"]), "LOCALHOST", "", "")
        with registered(graph):
            for word, name, allowed in (
                ("stop", "operator_*", operator(robot, served)),
                ("recover", "operator_*", operator(robot, served)),
                ("home", "home_node", home(robot)),
            ):
                for _ in range(20):  # a short word can be missed
                    command = [sys.executable, "-P", "-m", "vla_ros.cli", word]
                    person = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                    taken.look_until(lambda: person.poll() is not None, WITHIN_S)  # noqa: B023
                    person.kill()
                    if taken.named(name).publishes:
                        break
                assert taken.named(name).publishes, word
                assert exceeds(taken, allowed, taken.named(name)) == set(), word
            for device in ("robot", "teleoperator"):
                node = NodeProcess(device, write_contract(tmp_path))
                with contextlib.suppress(GraphError):  # the policy has the arm
                    node.connect(graph.domain_id, "")
                assert taken.look_until(lambda: bool(taken.named(f"lerobot_{device}").publishes), WITHIN_S)  # noqa: B023
                node.close()
                assert exceeds(taken, operator(robot, served), taken.named(f"lerobot_{device}")) == set(), device
        pictures = Pictures(("front",), graph.domain_id, "LOCALHOST")  # of a trial, whose page shows them
        assert taken.look_until(lambda: bool(taken.named("operator_pictures").subscribes), WITHIN_S)
        pictures.close()
        assert exceeds(taken, observer(robot), taken.named("operator_pictures")) == set()
        assert lacks(taken, home(robot), taken.named("home_node")) == set()
        assert "/estop" in taken.named("operator_*").publishes


@pytest.mark.parametrize("robot", robot_names())
def test_only_control_may_command_a_robot(robot):
    graph = load_job("expert")
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"robot": robot}
    motors = {f"rt/{topic}" for topic in commands(load_embodiment(robot), arguments)}
    assert motors
    for enclave, topics in graph_topics(graph, arguments).items():
        assert (motors & topics.publish) == (motors if enclave == "/control" else set()), enclave
        assert "*" not in "".join(topics.publish).replace("/operator_*/", "").replace("/_ros2cli_*/", ""), enclave


def test_few_may_release_the_emergency_stop():
    graph = load_job("franka_teleop")
    topics = graph_topics(graph, {argument.name: argument.default for argument in graph.arguments})
    assert {name for name, one in topics.items() if "rt/estop" in one.publish} == {"/bridge", "/guard", "/operator"}
    assert "rt/teleop/action_chunk" not in topics["/camera"].publish


def test_who_looks_on_says_nothing_that_a_node_acts_on():
    """Recorder and manager are believed by what they say in diagnostics."""
    may = observer(load_embodiment("franka")).dds_topics()
    assert "rt/*" in may.subscribe
    assert {topic for topic in may.publish if topic.startswith("rt/")} == {"rt/parameter_events"}
    assert not any(topic.startswith("rq/") for topic in may.publish), "nor does it call anybody"


@pytest.mark.parametrize("job", job_names())
@pytest.mark.parametrize("hardware", ["sim", "topic", "mock", "real", "joint_topics", "sdk"])
def test_every_node_of_every_job_is_described(job, hardware):
    graph = load_job(job)
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"hardware": hardware}
    robot = load_embodiment(str(arguments["robot"]))
    if (hardware == "joint_topics" and not robot.joint_topics) or (hardware == "sdk" and not robot.sdk):
        pytest.skip("this robot has no such hardware")
    names = {node.name for node in graph.nodes if node.starts(arguments)}
    assert {f"/{name}" for name in names} <= graph_topics(graph, arguments).keys()
