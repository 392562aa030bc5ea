# SPDX-License-Identifier: Apache-2.0
"""A Panda through its vendor's SDK: real nodes, libfranka, and a simulated arm that speaks the robot's protocol."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("panda_py", reason="panda_py is not installed: VLA_EXTRAS=hardware ./vla … installs it")

from rig.fci.model_library import compiler
from rig.fci.station import PandaStation
from rig.group_chunk import group_chunk
from rig.nodes import ASKINGS, NodeUnderTest, Operator
from rig.running_graph import RunningGraph, running_graph
from sensor_msgs.msg import JointState

from vla_ros import qos
from vla_ros.nodes.arm.progress import NO_JOINT_STATES
from vla_ros.robots.embodiment import load_embodiment

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler makes the library that libfranka loads")
ARM = load_embodiment("franka").arm("panda")
RATE = 1.0 + 1e-9  # [N·m] that torques may change by in a millisecond
AT_REST = 0.03  # [rad/s]


@dataclass(frozen=True)
class DrivenPanda:
    """A simulated arm and the nodes that move it."""

    station: PandaStation
    graph: RunningGraph

    @property
    def operator(self) -> Operator:
        return self.graph.operator

    def ready(self) -> Operator:
        """Return the operator of an arm that is enabled and at rest."""
        operator = self.operator
        said = lambda: operator.diagnostics.get("sdk", {}).get("message")  # noqa: E731
        answers = operator.spin_until(lambda: said() == "all arms answer", 10.0)
        assert answers, (operator.diagnostics["sdk"], self.station.state)
        operator.spin_until(lambda: operator.progress.hold_reason != NO_JOINT_STATES, 10.0)  # they were late
        operator.enable_at_rest()
        return operator

    def rests(self, seconds: float = 3.0) -> bool:
        """Wait until the arm itself stands still, not only where a swing turns."""
        still = 0

        def stands() -> bool:
            nonlocal still
            still = still + 1 if np.abs(self.station.state["dq"]).max() < AT_REST else 0
            self.operator.spin(0.02)
            return still > 15

        return self.operator.spin_until(stands, seconds)


@pytest.fixture(scope="module", params=["effort", "position"])
def panda(request) -> Iterator[DrivenPanda]:
    """Start an arm, and nodes that drive it by efforts or positions, on the wall clock."""
    station = PandaStation()
    command = request.param
    nodes = {
        "sdk": NodeUnderTest("sdk", robot="franka", robot_ip=station.address, command=command, rate_hz=250.0),
        "state": NodeUnderTest("state", robot="franka"),
        "control": NodeUnderTest("control", robot="franka", command=command, hold="none"),
        "guard": NodeUnderTest("guard", robot="franka", hold="none"),
    }
    try:
        with running_graph(nodes) as graph:
            yield DrivenPanda(station, graph)
    finally:
        station.close()


def moved(operator: Operator, shift: tuple[float, float, float], seconds: float) -> None:
    """Send a chunk; wait until it is done; see that the tool is where it says."""

    def done() -> bool:
        progress = operator.progress
        return progress.sequence == operator.sent.sequence and progress.hold_reason == "chunk exhausted"

    for _ in range(ASKINGS):
        start = operator.T_base_ee.copy()
        operator.send(operator.chunk(shift, seconds))
        if operator.spin_until(done, seconds + 2.0):
            break
        # A starved machine may make control let go: joint states are late.
        assert "stale" in operator.progress.hold_reason, (operator.progress, operator.diagnostics["sdk"])
        operator.enable_at_rest()
    else:
        raise AssertionError(f"the chunk is not executed: {operator.progress}")
    operator.spin(0.5)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3] - start[:3, 3], shift, atol=0.012)


def test_a_chunk_moves_the_tool_where_it_says(panda):
    operator = panda.ready()
    panda.station.motion()
    moved(operator, (0.06, 0.05, 0.05), 1.5)
    moved(operator, (-0.06, -0.05, -0.05), 1.5)
    motion = panda.station.motion()
    assert motion.moving.any()
    assert np.all(np.abs(motion.dq) < ARM.velocity)
    assert np.all(np.abs(motion.tau) <= ARM.effort)
    assert np.abs(np.diff(motion.tau, axis=0)).max() <= RATE


def test_the_hand_closes_on_a_thing_and_opens(panda):
    operator, station = panda.ready(), panda.station
    widths: list[float] = []
    operator.node.create_subscription(
        JointState, "panda_hand/width", lambda message: widths.append(message.position[0]), qos.NEWEST
    )
    station.tell("thing", width=0.04)
    operator.send(group_chunk(operator, {"panda": np.zeros(3)}, {"panda_hand/width": 0.0}, 0.8))
    assert operator.spin_until(lambda: station.state["grasped"], 5.0)
    assert operator.spin_until(lambda: widths and abs(widths[-1] - 0.04) < 2e-3, 5.0)
    station.tell("thing", width=0.0)
    operator.send(group_chunk(operator, {"panda": np.zeros(3)}, {"panda_hand/width": 0.08}, 0.8))
    assert operator.spin_until(lambda: station.state["width"] > 0.078, 5.0)


def test_a_reflex_stops_everything_until_the_e_stop_is_pressed_and_released(panda):
    operator, station = panda.ready(), panda.station
    operator.send(operator.chunk((0.05, 0.0, 0.0), 2.0))
    assert operator.spin_until(lambda: operator.speed > 0.02)
    station.tell("reflex", error="joint_reflex")
    said = operator.spin_until(lambda: "joint_reflex" in operator.diagnostics["sdk"]["message"], 10.0)
    assert said, (operator.diagnostics["sdk"], station.state)
    assert operator.spin_until(lambda: "joint state" in operator.progress.hold_reason, 5.0), operator.progress
    assert panda.rests()
    operator.spin(0.5)
    assert station.state["mode"] == "REFLEX", "it recovered by itself"
    operator.set_estop(True)
    operator.set_estop(False)
    assert operator.spin_until(lambda: station.state["mode"] == "MOVE", 5.0)
    panda.ready()
    moved(operator, (0.0, 0.03, 0.0), 1.0)


def test_when_control_is_killed_the_arm_comes_to_rest_within_its_limits(panda):
    operator, station = panda.ready(), panda.station
    station.motion()
    operator.send(operator.chunk((0.0, -0.08, 0.0), 1.0))
    assert operator.spin_until(lambda: operator.speed > 0.05)
    panda.graph.nodes["control"].stop(signal.SIGKILL)
    assert panda.rests()
    motion = station.motion()
    assert np.all(np.abs(motion.dq) < ARM.velocity)
    assert np.abs(np.diff(motion.tau, axis=0)).max() <= RATE
    assert station.state["mode"] == "MOVE", "it is held, without an error"
    where = np.array(station.state["q"])
    operator.spin(1.0)
    assert np.abs(np.array(station.state["q"]) - where).max() < 5e-3


def test_when_the_arm_falls_silent_control_holds_and_says_why(panda):
    operator = panda.operator
    panda.station.kill()
    said = ("nothing comes from the arm 'panda'", "server closed connection")
    assert operator.spin_until(lambda: any(words in operator.diagnostics["sdk"]["message"] for words in said), 10.0)
    code, output, took = panda.graph.nodes["sdk"].stop()
    assert code == 0, output
    assert "Traceback" not in output
    assert took < 8.0
