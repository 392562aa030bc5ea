# SPDX-License-Identifier: Apache-2.0
"""LeRobot's robot and teleoperator over real DDS, before a simulated arm; lerobot itself is not needed."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from lerobot_parts.devices import act, arm_with_camera, device, write_contract
from rig.nodes import BASE, JOINTS, Operator
from rig.running_graph import RunningGraph
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.launching.environment import free_domain
from vla_ros.lerobot.node_process import GraphError, NodeProcess
from vla_ros.nodes.lerobot.graph_choice import join_graph
from vla_ros.policies.contract import CameraStream
from vla_ros.robots.embodiment import load_embodiment

TIMES = 0.02 * np.arange(1, 11)  # [s] of an operator's chunk
HOME = np.array(load_embodiment("franka").arms[0].home)
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    with arm_with_camera() as graph:
        yield graph


@pytest.fixture
def operator(graph) -> Operator:
    operator = graph.operator
    if operator.progress.estop:
        operator.set_estop(False)
    operator.enable(False)
    assert operator.spin_until(lambda: not operator.progress.enabled)
    return operator


@pytest.fixture
def contract(tmp_path) -> str:
    return write_contract(tmp_path)


def follow(robot: NodeProcess, operator: Operator, q: np.ndarray, width: float, frames: int) -> list[float]:
    """See and act for so many frames; return the stamps of what was seen [s]."""
    stamps = []
    for _ in range(frames):
        values, arrays = robot.ask("observe")
        stamps.append(float(values["stamp"]))
        assert arrays["camera.front"].shape == (48, 64, 3)
        act(robot, np.array([*q, width]))
        operator.spin(0.01)
    return stamps


def test_the_features_are_the_contracts(contract):
    node = NodeProcess("robot", contract)
    try:
        assert node.state == node.action == (*(f"{joint}.pos" for joint in JOINTS), "panda_hand.width.pos")
        assert node.cameras == {"front": (48, 64, 3)}
        assert (node.robot, node.fps) == ("franka", 10)
        with pytest.raises(GraphError, match="comes before 'connect'"):
            node.ask("observe")
    finally:
        node.close()


def test_the_arm_goes_where_actions_say_and_frames_are_a_period_apart(operator, contract):
    q = HOME.copy()
    q[[0, 3]] += [0.12, 0.1]
    with device("robot", contract) as robot:
        stamps = follow(robot, operator, q, 0.02, 25)
        _, arrays = robot.ask("observe")
        np.testing.assert_allclose(arrays["state"][:7], q, atol=0.03)
        assert arrays["state"][7] == pytest.approx(0.02, abs=0.004)
        assert np.ptp(arrays["camera.front"]) > 20  # a picture of something
        assert operator.spin_until(lambda: operator.progress.enabled)
    assert np.diff(stamps).min() >= 0.07  # 10 Hz of simulated time, whatever the machine makes of it
    assert operator.spin_until(lambda: not operator.progress.enabled)  # it was given back
    assert operator.progress.source == "policy"


def test_a_control_that_somebody_enabled_stays_so(operator, contract):
    operator.enable_at_rest()
    with device("robot", contract):
        pass
    operator.spin(0.5)
    assert operator.progress.enabled


def test_an_emergency_stop_ends_it_with_the_reason(operator, contract):
    with device("robot", contract) as robot:
        follow(robot, operator, HOME, 0.04, 3)
        operator.set_estop(True)
        with pytest.raises(GraphError, match=r"control takes no action \(e-stop\): \./vla recover"):
            follow(robot, operator, HOME, 0.04, 20)
    with pytest.raises(GraphError, match=r"the e-stop is latched: \./vla recover"), device("robot", contract):
        pass


def test_what_the_gate_refuses_is_said_once(operator, tmp_path, caplog):
    contract = write_contract(tmp_path, "franka_grasp_lerobot_pose")
    with device("robot", contract) as robot, caplog.at_level(logging.WARNING):
        row = np.zeros(len(robot.action))
        row[robot.action.index("panda.position.x.pos")] = 2.0  # [m] far away
        row[[robot.action.index(f"panda.rotation_6d.{i}.pos") for i in (0, 4)]] = 1.0, -1.0  # the tool points down
        before = operator.T_base_ee.copy()
        for _ in range(8):
            robot.ask("observe")
            act(robot, row)
            operator.spin(0.02)
        np.testing.assert_allclose(operator.T_base_ee[:3, 3], before[:3, 3], atol=5e-3)
    refusals = [
        record.message for record in caplog.records if "control refused an action: chunk lies" in record.message
    ]
    assert len(refusals) == 1


def test_a_child_that_is_killed_is_one_line_and_the_arm_holds(operator, contract):
    with device("robot", contract) as robot:
        follow(robot, operator, HOME + 0.05, 0.04, 4)
        os.kill(robot._child.pid, signal.SIGKILL)
        with pytest.raises(GraphError, match="process") as raised:
            robot.ask("observe")
        assert "\n" not in str(raised.value)
        with pytest.raises(GraphError, match="connect anew"):
            robot.ask("observe")
    assert operator.spin_until(lambda: not operator.progress.moving and operator.speed < 0.02)
    assert operator.progress.hold_reason


def test_somebody_else_who_sends_chunks_is_refused(operator, contract):
    other = operator.node.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
    try:
        refused = pytest.raises(GraphError, match="operator already sends /policy/action_chunk")
        with refused, device("robot", contract) as robot:  # refused here, unless discovery is slow
            follow(robot, operator, HOME, 0.04, 50)
    finally:
        operator.node.destroy_publisher(other)
    assert not operator.progress.enabled


def test_somebody_else_who_begins_to_send_chunks_stops_it(operator, contract):
    with device("robot", contract) as robot:
        follow(robot, operator, HOME, 0.04, 3)
        other = operator.node.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        try:
            with pytest.raises(GraphError, match="operator already sends /policy/action_chunk"):
                follow(robot, operator, HOME, 0.04, 50)
        finally:
            operator.node.destroy_publisher(other)


def test_what_is_not_there_is_named_with_the_remedy(operator, tmp_path):
    other = device("robot", "agilex_table")
    with pytest.raises(GraphError, match="not 'agilex', which contract 'agilex_table' is for"), other:
        pass
    wide = write_contract(tmp_path, cameras={"front": CameraStream(64, 64), "side": CameraStream(64, 64)})
    with pytest.raises(GraphError, match=r"cameras/side.*launch with cameras:=front,side"), device("robot", wide):
        pass
    nobody = r"no control node answers on ROS domain \d+: start one, such as \./vla launch"
    with pytest.raises(GraphError, match=nobody), device("robot", wide, domain_id=free_domain()):
        pass
    with pytest.raises(GraphError, match="unknown contract 'franka_grap': did you mean 'franka_grasp'"):
        NodeProcess("robot", "franka_grap")


def test_no_graph_at_all_is_said_at_once(monkeypatch):
    monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    with pytest.raises(Exception, match="no graph runs on this machine: start it so"):
        join_graph(-1, "", "start it so")


def test_a_leaders_joints_are_actions_and_its_silence_is_an_error(operator, contract):
    leader = operator.node.create_publisher(JointState, "/leader/joint_states", qos.STREAM)
    message = JointState(name=[*JOINTS, "panda_finger_joint1"], position=[*(HOME + 0.2).tolist(), 0.01])
    publishing = operator.node.create_timer(0.02, lambda: leader.publish(message))
    node = NodeProcess("teleoperator", contract)
    try:
        _connect_beside(node, operator, leader="/leader")
        _, arrays = node.ask("read")
        np.testing.assert_allclose(arrays["action"], [*(HOME + 0.2), 0.02], atol=1e-6)
        operator.node.destroy_timer(publishing)
        operator.spin(1.3)
        with pytest.raises(GraphError, match=r"the leader of panda has not been heard for 1\.\d s"):
            node.ask("read")
    finally:
        node.close()
        operator.node.destroy_publisher(leader)


def test_an_operator_who_drives_is_recorded_and_not_disturbed(operator, contract):
    hand = operator.node.create_publisher(JointTrajectory, "teleop/action_chunk", qos.EVENTS)
    with device("robot", contract) as robot, device("teleoperator", contract) as teleoperator:
        assert operator.spin_until(lambda: hand.get_subscription_count() >= 2)
        T, began = operator.T_base_ee.copy(), operator.stamp
        answers = []
        for k in range(60):
            path = np.tile([*T[:3, 3], *from_matrix(T[:3, :3])], (10, 1))
            path[:, 2] += 0.025 * np.minimum(operator.stamp - began + TIMES, 2.0)  # up, at 25 mm/s
            hand.publish(
                messages.chunk_message(ActionChunk(operator.stamp, BASE, pose_channels("panda"), TIMES, path, k + 1))
            )
            operator.spin(0.05)
            if k % 10 == 9:
                led = teleoperator.ask("read")[1]["action"]
                answers.append((led, *act(robot, led), operator.joints.position[:7].copy()))
        led, said, done, q = answers[-1]
        assert said["sent"] is False
        assert "an operator has the arm" in str(said["said"])
        assert operator.progress.source == "teleop"
        np.testing.assert_allclose(led[:7], q, atol=0.1)  # joints of where the hand is, near where they are
        np.testing.assert_allclose(done[:7], q, atol=0.05)
        assert any(np.abs(led[:7] - q).max() > 1e-4 for led, _, _, q in answers)  # a little ahead of them
        assert operator.T_base_ee[2, 3] > T[2, 3] + 0.005
    operator.node.destroy_publisher(hand)


def _connect_beside(node: NodeProcess, operator: Operator, **connecting: str) -> None:
    """Connect in a thread while the operator's timers go on."""
    failed: list[BaseException] = []

    def connect() -> None:
        try:
            node.connect(-1, "", **connecting)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    operator.spin_until(lambda: not thread.is_alive(), 60.0)
    thread.join()
    if failed:
        raise failed[0]
