# SPDX-License-Identifier: Apache-2.0
"""Managed nodes as real processes: brought up in order, stopped, cleaned up, brought up again; their parameters."""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_operator import LifecycleOperator
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters
from rig.nodes import NodeUnderTest

from vla_ros.nodes.arm.progress import INACTIVE

ARRIVED = 8e-3  # [m]


def number(value: float) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def manage(*nodes: str) -> tuple[int, str]:
    """Run the manager; return its exit code and what it said."""
    manager = NodeUnderTest("lifecycle_manager", nodes=f"[{', '.join(nodes)}]", timeout_s=60.0)
    try:
        output, _ = manager.process.communicate(timeout=90.0)
    finally:
        manager.kill()
    return manager.process.returncode, output.strip()


@pytest.fixture(scope="module")
def graph():
    nodes = {
        "sim": NodeUnderTest("sim", seed=1),
        "state": NodeUnderTest("state", autostart=False, use_sim_time=True),
        "control": NodeUnderTest("control", autostart=False, use_sim_time=True),
        "guard": NodeUnderTest("guard", use_sim_time=True),
    }
    operator = LifecycleOperator()
    try:
        yield nodes, operator
    finally:
        for node in nodes.values():
            node.kill()
        operator.close()


@pytest.fixture
def operator(graph) -> LifecycleOperator:
    """Return the operator of a graph that the manager has brought up, with control enabled and the arm at rest."""
    operator = graph[1]
    if any(operator.state(node) != State.PRIMARY_STATE_ACTIVE for node in ("state_node", "control_node")):
        assert manage("state_node", "control_node") == (0, "")
    assert operator.ready()
    assert operator.spin_until(lambda: operator.progress.hold_reason != INACTIVE)
    operator.enable_at_rest()
    return operator


def test_nodes_wait_until_they_are_managed(graph):
    _, operator = graph
    for node in ("state_node", "control_node"):
        assert operator.state(node) == State.PRIMARY_STATE_UNCONFIGURED
    assert operator.node.count_publishers("control/progress") == 0
    assert operator.change("control_node", Transition.TRANSITION_CONFIGURE)
    assert operator.spin_until(lambda: operator.progress is not None and operator.progress.hold_reason == INACTIVE)
    refusal = operator.enable()
    assert not refusal.success
    assert "not active" in refusal.message


def test_the_manager_activates_what_somebody_else_configured_and_the_arm_moves(operator):
    for node in ("state_node", "control_node"):
        assert operator.state(node) == State.PRIMARY_STATE_ACTIVE
    start = operator.T_base_ee[:3, 3].copy()
    operator.send(operator.chunk((0.0, 0.05, 0.0)))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    operator.spin(0.5)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3] - start, (0.0, 0.05, 0.0), atol=ARRIVED)


def test_an_impossible_transition_is_refused_and_harms_nobody(operator):
    for node in ("state_node", "control_node"):
        assert not operator.change(node, Transition.TRANSITION_CONFIGURE)
        assert operator.state(node) == State.PRIMARY_STATE_ACTIVE
    assert operator.progress.enabled


def test_deactivating_control_in_motion_brings_the_arm_to_rest_and_the_robot_holds_it(operator):
    operator.send(operator.chunk((0.0, 0.15, 0.1), duration=1.5))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    assert operator.change("control_node", Transition.TRANSITION_DEACTIVATE)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    assert operator.spin_until(lambda: "panda_arm" in operator.diagnostics["sim"]["active_controllers"], 30.0)
    assert operator.spin_until(lambda: operator.progress.hold_reason == INACTIVE, 30.0)
    assert not operator.progress.estop  # an orderly stop is no emergency
    assert not operator.enable().success


def test_what_was_cleaned_up_leaves_no_topic_and_comes_back(operator):
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert operator.spin_until(lambda change=transition: operator.change("control_node", change), 30.0)
    assert operator.spin_until(lambda: operator.node.count_publishers("control/progress") == 0)
    # Each end of a topic is announced by itself.
    assert operator.spin_until(lambda: operator.node.count_subscribers("policy/action_chunk") == 0)
    assert operator.change("state_node", Transition.TRANSITION_DEACTIVATE)
    pose = operator.T_base_ee
    operator.spin(0.5)
    assert operator.T_base_ee is pose  # an inactive state node is silent
    operator.progress = None
    assert manage("state_node", "control_node") == (0, "")
    assert operator.spin_until(lambda: operator.progress is not None and operator.T_base_ee is not pose, 20.0)
    assert operator.enable().success


@pytest.mark.parametrize(
    ("node", "name", "good", "bad", "words"),
    [
        ("guard_node", "timeout_s", 0.3, 0.001, "give 0.05 to 10"),
        ("state_node", "rate_hz", 50.0, 1e9, "give 1 to 1000"),
        ("state_node", "stale_after_s", 0.5, -1.0, "give 0.01 to 10"),
        ("control_node", "stiffness_position", 800.0, 6000.0, "give -1 to 5000"),
        ("control_node", "stiffness_rotation", 60.0, 600.0, "give -1 to 500"),
        ("control_node", "payload_mass", 0.3, 21.0, "give -1 to 20"),
    ],
)
def test_parameters_change_at_run_time_within_their_range(operator, node, name, good, bad, words):
    assert operator.set_parameter(node, name, number(good)) == ""
    assert "out of range" in operator.set_parameter(node, name, number(bad))
    assert operator.set_parameter(node, name, number(float("nan"))) != ""
    text = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="fast")
    assert words in operator.set_parameter(node, name, text)
    description = operator.call(
        DescribeParameters, f"{node}/describe_parameters", DescribeParameters.Request(names=[name])
    ).descriptors[0]
    assert description.description
    assert description.floating_point_range[0].to_value > good


def test_a_stiffness_that_the_law_refuses_is_refused_by_the_parameter_with_its_reason(operator):
    assert "stiffness_position" in operator.set_parameter("control_node", "stiffness_position", number(0.5))
    assert operator.set_parameter("control_node", "stiffness_position", number(-1.0)) == ""


def test_what_cannot_change_at_run_time_says_so(operator):
    assert "read" in operator.set_parameter("control_node", "rate_hz", number(100.0))


def test_a_node_that_cannot_be_configured_is_named_with_its_reason():
    camera = NodeUnderTest("camera", autostart=False, source="/nowhere/at/all")
    try:
        code, output = manage("camera_node")
    finally:
        camera.kill()
    assert code == 1
    assert "/nowhere/at/all" in output.splitlines()[-1]


def test_a_node_that_is_not_there_is_named():
    manager = NodeUnderTest("lifecycle_manager", nodes="[nobody_node]", timeout_s=1.0)
    try:
        output, _ = manager.process.communicate(timeout=30.0)
    finally:
        manager.kill()
    assert manager.process.returncode == 1
    assert output.strip() == "nobody_node: no such managed node"
