# SPDX-License-Identifier: Apache-2.0
"""Simulator, state, control and guard as real processes over real DDS: what moves the arm and what must not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rig.nodes import FULL_RATES, NodeUnderTest, Operator, start_arm
from rig.running_graph import RunningGraph, running_graph
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray

from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import STALE_RELEASE_S, control_progress
from vla_ros.nodes.arm.way_home import HOME_TOLERANCE
from vla_ros.robots.embodiment import load_embodiment

STILL = 2e-3  # [m] an arm that is not told to move stays within this
ARRIVED = 8e-3  # [m] steady-state error of the impedance included


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    """Start the four nodes once, at the rates of the product; at the end each must go quietly."""
    with running_graph({node.name: node for node in start_arm(rates=FULL_RATES)}) as graph:
        yield graph
        took = graph.stop("control", "state", "guard", "sim")
        assert max(took.values()) < (2.0 if os.getloadavg()[0] < 3.0 else 8.0), took


def moved(operator: Operator, T_start: np.ndarray) -> float:
    return float(np.linalg.norm(operator.T_base_ee[:3, 3] - T_start[:3, 3]))


def test_a_pose_chunk_moves_the_arm_there_and_then_it_holds(operator):
    start = operator.T_base_ee.copy()
    shift = np.array([0.03, -0.06, -0.04])
    operator.send(operator.chunk(tuple(shift)))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)
    assert operator.progress.source == "policy"
    # Starvation: nothing follows this chunk.
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    operator.spin(0.5)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3] - start[:3, 3], shift, atol=ARRIVED)
    assert operator.progress.enabled


def test_every_chunk_is_reported_accepted_or_refused(operator):
    operator.transitions.clear()
    operator.send(operator.chunk((0.0, 0.02, 0.0)))
    assert operator.spin_until(lambda: len(operator.transitions) == 1, 30.0)
    transition = operator.transitions[0]
    values = messages.diagnostic_values(transition)
    assert (transition.level, transition.message, values["method"], values["source"]) == (
        messages.OK,
        "",
        "min_jerk",
        "policy",
    )
    assert int(values["sequence"]) == operator.sent.sequence
    assert float(values["consumed"]) <= float(values["delay"]) < 0.5
    assert float(values["position_gap"]) < 5e-3
    operator.send(operator.sent)
    assert operator.spin_until(lambda: len(operator.transitions) == 2, 30.0)
    assert operator.transitions[1].level == messages.WARN
    assert "received twice" in operator.transitions[1].message
    assert operator.spin_until(lambda: not operator.progress.moving, 30.0)


def test_states_and_exposures_come_at_exact_simulated_times(operator):
    states, exposures = [], []
    node = operator.node
    subscriptions = [
        node.create_subscription(
            JointState, "joint_states", lambda m: states.append(messages.seconds(m.header.stamp)), qos.EVENTS
        ),
        node.create_subscription(
            Float64MultiArray, "sim/render_state", lambda m: exposures.append(messages.numbers(m)[0]), qos.EVENTS
        ),
    ]
    assert operator.spin_until(lambda: len(exposures) >= 5)
    for subscription in subscriptions:
        node.destroy_subscription(subscription)
    np.testing.assert_allclose(np.diff(exposures), 0.1, atol=1e-9)
    np.testing.assert_allclose(np.array(exposures) * 10.0, np.round(np.array(exposures) * 10.0), atol=1e-6)
    steps = np.diff(states)
    assert len(states) > 50  # of 200: the test itself may lose some on a busy machine
    assert np.median(steps) == pytest.approx(0.002, abs=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_chunk_that_is_not_finite_moves_nothing(operator, bad):
    start = operator.T_base_ee.copy()
    message = messages.chunk_message(operator.chunk((0.1, 0.0, 0.0)))
    message.points[3].positions[1] = bad
    operator.chunks.publish(message)
    assert operator.spin_until(lambda: "not finite" in operator.progress.refused, 30.0)
    operator.spin(0.3)
    assert moved(operator, start) < STILL


def test_a_message_that_is_no_chunk_moves_nothing_and_control_lives(operator):
    start = operator.T_base_ee.copy()
    message = messages.chunk_message(operator.chunk((0.1, 0.0, 0.0)))
    message.joint_names[0] = "panda/position.q"
    operator.chunks.publish(message)
    assert operator.spin_until(lambda: "no known quantity" in operator.progress.refused, 30.0)
    message.points = []
    message.joint_names = []
    operator.chunks.publish(message)
    operator.spin(0.3)
    assert moved(operator, start) < STILL
    operator.send(operator.chunk((0.0, 0.0, 0.01)))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)


def test_a_disabled_control_refuses_chunks_and_the_arm_is_held(operator):
    assert operator.enable(False).success
    assert operator.spin_until(lambda: not operator.progress.enabled, 30.0)
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.1, 0.0, 0.0)))
    assert operator.spin_until(lambda: operator.progress.refused == "control is disabled", 30.0)
    operator.spin(0.5)
    assert moved(operator, start) < STILL


def test_the_estop_stops_a_motion_and_stays(operator):
    operator.send(operator.chunk((0.0, 0.1, 0.0), duration=1.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    operator.set_estop(True)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.0, -0.1, 0.0)))
    assert operator.spin_until(lambda: "e-stop" in operator.progress.refused, 30.0)
    refusal = operator.enable()
    assert not refusal.success
    assert "e-stop" in refusal.message
    # Releasing it enables nothing by itself.
    operator.set_estop(False)
    operator.send(operator.chunk((0.0, -0.1, 0.0)))
    operator.spin(0.5)
    assert moved(operator, start) < STILL


def test_a_command_of_the_wrong_length_deactivates_its_controller_until_enabled_again(operator):
    operator.efforts.publish(Float64MultiArray(data=[0.0] * 6))
    assert operator.spin_until(lambda: "deactivated" in operator.diagnostics.get("sim", {}).get("message", ""), 30.0)
    assert "panda_effort" not in operator.diagnostics["sim"]["active_controllers"]
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.0, 0.0, 0.05), duration=0.5))
    operator.spin(1.0)
    assert moved(operator, start) < 0.02  # it floats: nobody drives it
    assert operator.enable().success
    assert operator.spin_until(lambda: "effort" in operator.diagnostics["sim"]["active_controllers"], 30.0)


def test_home_takes_the_arm_from_a_policy_and_brings_it_home(operator):
    home = load_embodiment("franka").arms[0].home
    operator.send(operator.chunk((0.05, 0.12, -0.25), duration=1.5))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    assert np.abs(operator.joints.position - home).max() > 0.1
    node = NodeUnderTest("home")
    refused = []

    def homed() -> bool:
        operator.send(operator.chunk((0.0, 0.0, -0.01)))  # a policy that keeps talking
        refused.append(operator.progress.refused)
        operator.spin(0.1)
        return node.process.poll() is not None

    assert operator.spin_until(homed, 40.0)
    output, _ = node.process.communicate()
    assert (node.process.returncode, output.strip()) == (0, "home")
    assert any("planner" in reason for reason in refused), set(refused)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    np.testing.assert_allclose(operator.joints.position, home, atol=HOME_TOLERANCE)
    assert not operator.progress.enabled


def test_home_says_when_the_estop_is_latched(operator):
    operator.set_estop(True)
    node = NodeUnderTest("home")
    output, _ = node.process.communicate(timeout=30.0)
    assert node.process.returncode == 1
    assert "e-stop is latched" in output


def test_a_machine_that_slept_is_no_silence_of_control(graph, operator):
    nodes = graph.nodes
    asleep = [nodes[name].process for name in ("guard", "control", "sim")]
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for process in asleep:
            process.send_signal(number)
        time.sleep(0.6)
    operator.spin(1.0)
    assert not operator.progress.estop
    assert operator.progress.enabled


def test_whoever_joins_the_graph_does_not_hold_up_control(operator):
    """Fast DDS may hold up a process's sending for 333 ms while it opens a newcomer's shared memory."""
    # By control's own clock: when a busy machine hears of it says little.
    late = []
    node = operator.node
    subscription = node.create_subscription(
        DiagnosticStatus,
        "control/progress",
        lambda m: late.append(control_progress(m.message, messages.diagnostic_values(m)).lateness_ms),
        qos.EVENTS,
    )
    operator.spin(0.5)
    for _ in range(4):
        newcomer = NodeUnderTest("home")
        assert operator.spin_until(lambda done=newcomer.process.poll: done() is not None, 40.0)
        newcomer.kill()
        assert operator.enable().success
    node.destroy_subscription(subscription)
    assert len(late) > 100
    assert 0.0 < max(late) < 200.0


def test_a_reset_puts_the_arm_back_without_turning_time_back(operator):
    operator.send(operator.chunk((0.0, 0.05, 0.0), duration=0.5))
    operator.spin(1.0)
    before = operator.stamp
    assert operator.reset().success
    operator.spin(0.5)
    assert operator.stamp > before


def test_the_guard_holds_the_arm_when_control_is_killed(graph, operator):
    nodes = graph.nodes
    operator.send(operator.chunk((0.0, 0.2, 0.1), duration=1.5))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    nodes["control"].process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    assert operator.spin_until(lambda: "panda_arm" in operator.diagnostics["sim"]["active_controllers"], 30.0)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    assert time.monotonic() - killed < 4.0
    # A new control starts disabled, and the latch has survived.
    nodes["control"].kill()
    nodes["control"] = NodeUnderTest("control", use_sim_time=True, **FULL_RATES["control"])
    operator.progress = None
    assert operator.spin_until(lambda: operator.progress is not None and operator.progress.estop, 20.0)
    assert not operator.progress.enabled
    assert not operator.enable().success


def test_who_is_started_again_begins_stopped_whatever_was_released_before(graph, operator):
    nodes = graph.nodes
    operator.enable(False)
    if operator.progress.estop:
        operator.set_estop(False)
    operator.estop.publish(Bool(data=False))  # the last word, latched: control and guard will hear it when they start
    for name in ("control", "guard"):
        nodes[name].kill()
    for name in ("guard", "control"):
        nodes[name] = NodeUnderTest(name, use_sim_time=True, estop=True, **FULL_RATES.get(name, {}))
    operator.progress = None
    assert operator.spin_until(lambda: operator.progress is not None and operator.progress.estop, 60.0)
    operator.spin(2.0 * STALE_RELEASE_S)
    assert operator.progress.estop
    assert not operator.enable().success
    operator.set_estop(False)  # a person
    operator.spin(1.0)  # the guard agrees
    assert not operator.progress.estop
    assert not operator.progress.enabled
    assert operator.enable().success
