# SPDX-License-Identifier: Apache-2.0
"""A cup of the test robot lifts an object through real nodes over real DDS, and everybody hears that it holds it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import PoseArray
from rig.group_chunk import group_chunk
from rig.nodes import NodeUnderTest, Operator
from rig.running_graph import RunningGraph, running_graph
from robot_rigs.two_armed_robot import PAIR
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.reader import BagReader
from vla_ros.robots.topics import seal_topic
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.table import load_task

CUP = "right_cup"
WHERE = {"seed": 123, "stream": "generation", "target": "red box"}  # well within the right arm's reach, flat on top
ABOVE = 0.05  # [m]


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    nodes = [NodeUnderTest(name, robot=str(PAIR), use_sim_time=True) for name in ("state", "control")]
    nodes.append(NodeUnderTest("sim", robot=str(PAIR), **WHERE))
    with running_graph({node.name: node for node in nodes}, str(PAIR)) as graph:
        yield graph
        graph.stop(*graph.nodes)


def go(operator: Operator, shift: np.ndarray, suction: float, seconds: float = 2.5) -> None:
    """Take the right tool by `shift` [m], the cup on or off, and wait until it is there."""
    operator.send(group_chunk(operator, {"right": shift}, {f"{CUP}/suction": suction}, seconds))
    assert operator.executed(1, 20.0), operator.progress
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0), operator.progress
    assert operator.spin_until(lambda: operator.speed < 0.02)
    operator.spin(0.3)


@pytest.mark.slow  # the sim's cup is tested in lockstep, and its channel and seal by `test_groups_data.py`
def test_a_cup_lifts_what_it_seals_on_and_says_so(operator, tmp_path):
    scene = load_task("grasping").scene(SceneRequest(robot=str(PAIR), **WHERE))
    index = [placed.name for placed in scene.objects].index("red_box")
    truth: list[PoseArray] = []
    seals: list[JointState] = []
    operator.node.create_subscription(PoseArray, "sim/object_poses", truth.append, qos.NEWEST)
    operator.node.create_subscription(JointState, seal_topic(CUP), seals.append, qos.NEWEST)
    recorder = NodeUnderTest("recorder", directory=str(tmp_path / "bag"), free_mb=1, robot=str(PAIR))
    assert operator.spin_until((tmp_path / "bag.partial").exists, 30.0)
    assert operator.spin_until(lambda: bool(truth and seals))
    box = lambda: messages.transform(truth[-1].poses[index])[:3, 3]  # noqa: E731
    lay, height = box().copy(), scene.table.height
    top = 2.0 * lay[2] - height  # its middle is halfway up

    go(operator, np.array([*lay[:2], top + ABOVE]) - operator.tools["right"][:3, 3], 1.0)
    assert seals[-1].name == [CUP]
    assert (messages.seal(seals[-1]), operator.progress.sealed) == (False, {CUP: False}), "it sucks at air"
    go(operator, np.array([*lay[:2], top - 0.008]) - operator.tools["right"][:3, 3], 1.0)
    assert operator.spin_until(lambda: operator.progress.sealed == {CUP: True}), (operator.tools["right"], box())
    assert operator.progress.end_effectors[f"{CUP}/suction"] == 1.0, "what is measured is not what is commanded"

    go(operator, np.array([0.0, 0.0, 0.1]), 1.0)
    assert box()[2] - lay[2] == pytest.approx(0.1, abs=0.02)
    assert operator.progress.sealed == {CUP: True}
    go(operator, np.array([0.0, 0.0, -0.095]), 1.0)
    go(operator, np.zeros(3), 0.0, 0.5)
    assert operator.spin_until(lambda: operator.progress.sealed == {CUP: False})
    go(operator, np.array([0.0, 0.0, 0.1]), 0.0)
    assert box()[2] == pytest.approx(lay[2], abs=0.02)

    code, output, _ = recorder.stop()
    assert code == 0, output
    assert check_bag(tmp_path / "bag") == []
    with BagReader(tmp_path / "bag") as reader:
        told = [reader.decode(message).position[0] for message in reader.messages([f"/{seal_topic(CUP)}"])]
    assert set(told) == {0.0, 1.0}
    assert np.count_nonzero(np.diff(told)) == 2, "once it took hold, once it let go"
