# SPDX-License-Identifier: Apache-2.0
"""The test robot on the graph: two arms, a lift, a head, a gripper and a cup, through real nodes over real DDS."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import pytest
from nav_msgs.msg import Odometry
from rig.nodes import NodeUnderTest, Operator, start_arm
from rig.running_graph import RunningGraph, running_graph
from std_msgs.msg import Float64MultiArray
from two_armed_robot import PAIR, pair

from controllers.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros import messages, qos

JOINTS = pair().driven_joints
UP = np.array([0.02, 0.0, 0.05])  # [m]


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    with running_graph({node.name: node for node in start_arm(robot=str(PAIR))}, str(PAIR)) as graph:
        yield graph
        graph.stop(*graph.nodes, codes=(0, -signal.SIGKILL))


def chunk(operator: Operator, shifts: dict[str, np.ndarray], others: dict[str, float], seconds: float) -> ActionChunk:
    """Return a chunk that takes tools by `shifts` [m] and `others` to their values, evenly."""
    times = np.arange(1, round(seconds / 0.1) + 1) * 0.1
    share = (times / times[-1])[:, None]
    columns: dict[str, np.ndarray] = {}
    for arm, shift in shifts.items():
        T = operator.tools[arm]
        poses = np.hstack([T[:3, 3] + share * shift, np.tile(from_matrix(T[:3, :3]), (len(times), 1))])
        columns |= zip(pose_channels(arm), poses.T, strict=True)
    for channel, value in others.items():
        name = channel.rpartition("/")[0]
        start = joint(operator, name) if name in JOINTS else value
        columns[channel] = start + share[:, 0] * (value - start)
    operator._sequence += 1
    values = np.array(list(columns.values())).T
    return ActionChunk(operator.stamp, "base_link", tuple(columns), times, values, operator._sequence)


def joint(operator: Operator, name: str) -> float:
    return float(operator.joints.position[JOINTS.index(name)])


def test_one_chunk_moves_every_group(operator):
    cup: list[float] = []
    heard = operator.node.create_subscription(
        Float64MultiArray,
        "right_cup_suction_controller/commands",
        lambda m: cup.extend(messages.numbers(m)),
        qos.EVENTS,
    )
    before = {arm: T.copy() for arm, T in operator.tools.items()}
    assert set(before) == {"left", "right"}
    others = {"lift_joint/position": 0.14, "head_pan_joint/position": 0.3, "head_tilt_joint/position": 0.2}
    fingers = {"left_gripper/width": 0.03, "right_cup/suction": 1.0}
    operator.send(chunk(operator, {"left": UP, "right": UP * [1, 1, 0.5]}, others | fingers, 2.0))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0), operator.progress
    assert operator.spin_until(lambda: operator.speed < 0.02)
    operator.spin(0.5)
    for arm, shift in (("left", UP), ("right", UP * [1, 1, 0.5])):
        np.testing.assert_allclose(operator.tools[arm][:3, 3] - before[arm][:3, 3], shift, atol=0.01)
    for channel, value in others.items():
        assert joint(operator, channel.rpartition("/")[0]) == pytest.approx(value, abs=0.01)
    assert operator.progress.end_effectors == pytest.approx({"left_gripper/width": 0.03, "right_cup/suction": 1.0})
    assert cup[-1] == 1.0
    operator.node.destroy_subscription(heard)


def test_the_base_drives_by_a_chunk_and_says_where_it_is(operator):
    heard: list[Odometry] = []
    subscription = operator.node.create_subscription(Odometry, "odom", heard.append, qos.NEWEST)
    operator.send(chunk(operator, {}, {"base/velocity.x": -0.2, "base/velocity.yaw": 0.0}, 1.5))
    assert operator.spin_until(lambda: bool(heard) and heard[-1].pose.pose.position.x < -0.2, 15.0)
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted")
    assert operator.spin_until(lambda: abs(heard[-1].twist.twist.linear.x) < 0.01)
    assert (heard[-1].header.frame_id, heard[-1].child_frame_id) == ("odom", "base_link")
    operator.node.destroy_subscription(subscription)


def test_an_e_stop_stops_both_arms(operator):
    operator.send(chunk(operator, {"left": -UP, "right": -UP}, {"lift_joint/position": 0.1}, 2.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.02)
    operator.set_estop(True)
    assert operator.spin_until(lambda: operator.speed < 0.02)
    held = operator.joints.position.copy()
    operator.spin(0.5)
    assert np.abs(operator.joints.position - held).max() < 5e-3
    operator.send(chunk(operator, {"left": UP}, {}, 1.0))
    assert operator.spin_until(lambda: "e-stop" in operator.progress.refused)


def test_a_channel_that_is_nobodys_is_refused(operator):
    operator.send(chunk(operator, {"left": UP}, {"lfit_joint/position": 0.1}, 1.0))
    assert operator.spin_until(lambda: "did you mean 'lift_joint/position'" in operator.progress.refused)


def test_home_takes_every_group_home(operator):
    others = {"lift_joint/position": 0.15, "head_pan_joint/position": -0.4, "head_tilt_joint/position": 0.1}
    operator.send(chunk(operator, {"left": UP, "right": UP * [1, -1, 1]}, others, 2.0))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0)
    node = NodeUnderTest("home", robot=str(PAIR))
    assert operator.spin_until(lambda: node.process.poll() is not None, 120.0)
    output, _ = node.process.communicate()
    assert (node.process.returncode, output.strip()) == (0, "home")
    home = np.concatenate([group.home for group in pair().driven_groups])
    assert np.abs(operator.joints.position - home).max() < 0.05
    assert not operator.progress.enabled


def test_the_guard_holds_both_arms_when_control_is_killed(graph, operator):
    operator.send(chunk(operator, {"left": UP, "right": UP}, {}, 3.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.02)
    control = graph.nodes["control"]
    control.process.send_signal(signal.SIGKILL)
    active = lambda: set(operator.diagnostics["sim"]["active_controllers"].split())  # noqa: E731
    assert operator.spin_until(lambda: {"left_arm", "right_arm"} <= active())
    assert operator.spin_until(lambda: operator.speed < 0.02)
