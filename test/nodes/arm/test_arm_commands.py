# SPDX-License-Identifier: Apache-2.0
"""An arm that is driven by positions or by poses: the same nodes, the same promises as with torques."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import pytest
from rig.nodes import NodeUnderTest, Operator
from rig.running_graph import RunningGraph, running_graph

from vla_ros import messages
from vla_ros.nodes.arm.way_home import HOME_TOLERANCE
from vla_ros.robots.embodiment import load_embodiment

# [m] The springs of the simulated driver that takes poses give way, and its elbow settles slowly.
ARRIVED, STILL = {"position": 2e-3, "pose": 8e-3}, {"position": 1e-3, "pose": 3e-3}


@pytest.fixture(scope="module", params=["position", "pose"])
def command(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def graph(command: str) -> Iterator[RunningGraph]:
    """Start the four nodes once for each kind of command."""
    nodes = {
        "sim": NodeUnderTest("sim", seed=1, command=command),
        **{name: NodeUnderTest(name, use_sim_time=True, command=command) for name in ("control", "guard")},
        "state": NodeUnderTest("state", use_sim_time=True),
    }
    with running_graph(nodes) as graph:
        yield graph
        graph.stop("control", "state", "guard", "sim")


def controllers(operator: Operator) -> set[str]:
    return set(operator.diagnostics.get("sim", {}).get("active_controllers", "").split())


def test_a_pose_chunk_moves_the_arm_there_and_then_it_holds(command, operator):
    start = operator.T_base_ee.copy()
    assert operator.spin_until(lambda: controllers(operator) == {f"panda_{command}", "panda_hand_position"}, 30.0)
    shift = np.array([0.03, -0.06, -0.04])
    operator.send(operator.chunk(tuple(shift)))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    operator.spin(0.5)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3] - start[:3, 3], shift, atol=ARRIVED[command])
    held = operator.T_base_ee.copy()
    operator.spin(1.0)
    assert np.abs(operator.T_base_ee[:3, 3] - held[:3, 3]).max() < STILL[command]


def test_a_chunk_that_is_not_finite_moves_nothing(operator):
    start = operator.T_base_ee.copy()
    message = messages.chunk_message(operator.chunk((0.1, 0.0, 0.0)))
    message.points[3].positions[1] = np.nan
    operator.chunks.publish(message)
    assert operator.spin_until(lambda: "not finite" in operator.progress.refused, 30.0)
    operator.spin(0.3)
    assert np.linalg.norm(operator.T_base_ee[:3, 3] - start[:3, 3]) < 2e-3


def test_the_estop_stops_a_motion_and_stays(operator):
    operator.send(operator.chunk((0.0, 0.1, 0.0), duration=1.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    operator.set_estop(True)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.0, -0.1, 0.0)))
    assert operator.spin_until(lambda: "e-stop" in operator.progress.refused, 30.0)
    assert not operator.enable().success
    operator.spin(0.3)
    assert np.linalg.norm(operator.T_base_ee[:3, 3] - start[:3, 3]) < 3e-3


def test_disabled_the_arm_is_held_by_the_robot(operator):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled, 30.0)
    assert operator.spin_until(lambda: controllers(operator) == {"panda_arm", "panda_hand_position"}, 30.0)
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.1, 0.0, 0.0)))
    assert operator.spin_until(lambda: operator.progress.refused == "control is disabled", 30.0)
    operator.spin(0.5)
    assert np.linalg.norm(operator.T_base_ee[:3, 3] - start[:3, 3]) < 5e-3


def test_home_brings_a_position_arm_home_and_a_pose_arm_says_why_not(command, operator):
    operator.send(operator.chunk((0.05, 0.12, -0.15), duration=1.5))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    node = NodeUnderTest("home")
    assert operator.spin_until(lambda: node.process.poll() is not None, 40.0)
    output, _ = node.process.communicate()
    if command == "position":
        assert (node.process.returncode, output.strip()) == (0, "home")
        home = load_embodiment("franka").arms[0].home
        np.testing.assert_allclose(operator.joints.position, home, atol=HOME_TOLERANCE)
    else:
        assert node.process.returncode == 1
        assert "takes tool poses only" in output


def test_the_guard_holds_the_arm_when_control_is_killed(command, graph, operator):
    nodes = graph.nodes
    operator.send(operator.chunk((0.0, 0.2, 0.1), duration=1.5))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    nodes["control"].process.send_signal(signal.SIGKILL)
    assert operator.spin_until(lambda: "panda_arm" in controllers(operator), 30.0)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    nodes["control"].kill()
    nodes["control"] = NodeUnderTest("control", use_sim_time=True, command=command)
    operator.progress = None
    assert operator.spin_until(lambda: operator.progress is not None and operator.progress.estop, 20.0)
    assert not operator.progress.enabled
