# SPDX-License-Identifier: Apache-2.0
"""The test robot on the graph: two arms, a lift, a head, a gripper and a cup, through real nodes over real DDS."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import PoseArray
from nav_msgs.msg import Odometry
from rig.group_chunk import group_chunk as chunk
from rig.group_chunk import joint
from rig.nodes import NodeUnderTest, start_arm
from rig.running_graph import RunningGraph, running_graph
from robot_rigs.two_armed_robot import PAIR, pair
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import pose_channels
from vla_ros import messages, qos

UP = np.array([0.02, 0.0, 0.05])  # [m]


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    with running_graph({node.name: node for node in start_arm(robot=str(PAIR))}, str(PAIR)) as graph:
        yield graph
        graph.stop(*graph.nodes, codes=(0, -signal.SIGKILL))


def test_one_chunk_moves_every_group_at_once(operator):
    """Arms, lift, head, gripper, cup and base in one message; the tools keep to the base while it drives."""
    cup: list[float] = []
    odometry: list[Odometry] = []
    objects: list[PoseArray] = []
    subscribe = operator.node.create_subscription
    subscriptions = [
        subscribe(
            Float64MultiArray,
            "right_cup_suction_controller/commands",
            lambda m: cup.extend(messages.numbers(m)),
            qos.EVENTS,
        ),
        subscribe(Odometry, "odom", odometry.append, qos.NEWEST),
        subscribe(PoseArray, "sim/object_poses", objects.append, qos.NEWEST),
    ]
    assert operator.spin_until(lambda: bool(odometry and objects))
    began, stood = odometry[-1].pose.pose.position.x, objects[-1].poses[0].position.x
    before = {arm: T.copy() for arm, T in operator.tools.items()}
    assert set(before) == {"left", "right"}
    shifts = {"left": UP, "right": UP * [1, 1, 0.5]}
    joints = {"lift_joint/position": 0.14, "head_pan_joint/position": 0.3, "head_tilt_joint/position": 0.2}
    tools = {"left_gripper/width": 0.03, "right_cup/suction": 1.0}
    base = {"base/velocity.x": -0.1, "base/velocity.y": 0.0, "base/velocity.yaw": 0.0}
    sent = dataclasses.replace(chunk(operator, shifts, joints | tools | base, 2.0), riding=True)
    named = {channel for group in pair().end_effectors for channel in group.channels}
    named |= {*BASE_AXES, *(name for arm in pair().arms for name in pose_channels(arm.name))}
    named |= {f"{name}/position" for group in pair().joint_groups for name in group.joints}
    assert set(sent.channels) == named, "not every channel that the robot has"
    operator.send(sent)
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0), operator.progress
    assert operator.spin_until(lambda: operator.speed < 0.02)
    assert operator.spin_until(lambda: abs(odometry[-1].twist.twist.linear.x) < 0.01)
    operator.spin(0.5)
    for arm, shift in shifts.items():
        np.testing.assert_allclose(operator.tools[arm][:3, 3] - before[arm][:3, 3], shift, atol=0.01)
    for channel, value in joints.items():
        assert joint(operator, channel.rpartition("/")[0]) == pytest.approx(value, abs=0.01)
    assert operator.progress.end_effectors == pytest.approx(tools)
    assert cup[-1] == 1.0
    driven = odometry[-1].pose.pose.position.x - began
    assert driven == pytest.approx(-0.2, abs=0.05)
    # What stands in the room has come as much nearer in the base's frame as the base says that it went back.
    assert objects[-1].poses[0].position.x - stood == pytest.approx(-driven, abs=0.01)
    for subscription in subscriptions:
        operator.node.destroy_subscription(subscription)


def test_tools_stay_where_a_chunk_says_while_the_base_drives(operator):
    odometry: list[Odometry] = []
    subscription = operator.node.create_subscription(Odometry, "odom", odometry.append, qos.NEWEST)
    assert operator.spin_until(lambda: bool(odometry))
    began = odometry[-1].pose.pose.position.x
    before = {arm: T[:3, 3].copy() for arm, T in operator.tools.items()}
    operator.send(chunk(operator, dict.fromkeys(before, 0.0 * UP), {"base/velocity.x": -0.05}, 1.2))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 60.0), operator.progress
    assert operator.spin_until(lambda: abs(odometry[-1].twist.twist.linear.x) < 2e-3)
    assert operator.spin_until(lambda: operator.speed < 0.01)
    operator.spin(0.5)
    driven = odometry[-1].pose.pose.position.x - began
    assert driven < -0.04
    for arm, start in before.items():
        np.testing.assert_allclose(operator.tools[arm][:3, 3] - start, [-driven, 0.0, 0.0], atol=0.01)
    operator.node.destroy_subscription(subscription)


def test_the_base_drives_by_a_chunk_and_says_where_it_is(operator):
    heard: list[Odometry] = []
    subscription = operator.node.create_subscription(Odometry, "odom", heard.append, qos.NEWEST)
    operator.send(chunk(operator, {}, {"base/velocity.x": -0.2, "base/velocity.yaw": 0.0}, 1.5))
    assert operator.spin_until(lambda: bool(heard) and heard[-1].pose.pose.position.x < -0.2, 30.0)
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted")
    assert operator.spin_until(lambda: abs(heard[-1].twist.twist.linear.x) < 0.01)
    assert (heard[-1].header.frame_id, heard[-1].child_frame_id) == ("odom", "base_link")
    operator.node.destroy_subscription(subscription)


def test_an_e_stop_stops_both_arms_and_the_base_in_motion(operator):
    """All of it at once, from full motion: within every limit, at rest soon, and nothing moves afterwards."""
    joints: list[messages.JointSample] = []
    odometry: list[tuple[float, np.ndarray, np.ndarray]] = []  # stamp [s], T_odom_base, twist
    reader, node, robot = messages.JointStateReader(pair().driven_joints), operator.node, pair()
    subscriptions = [
        node.create_subscription(JointState, "joint_states", lambda m: joints.append(reader.read(m)), qos.STREAM),
        node.create_subscription(
            Odometry,
            "odom",
            lambda m: odometry.append((messages.seconds(m.header.stamp), *messages.odometry_values(m))),
            qos.STREAM,
        ),
    ]
    columns = [slice(first, first + 6) for first in (0, 6)]  # of the arms
    others = {"lift_joint/position": 0.1, "head_pan_joint/position": -0.6, "head_tilt_joint/position": 0.2}
    others |= {"base/velocity.x": -0.3, "base/velocity.yaw": 0.5}
    sent = chunk(operator, {"left": 3.0 * UP, "right": 3.0 * UP}, others, 2.0)
    operator.send(dataclasses.replace(sent, riding=True))

    def all_moving() -> bool:
        speeds = np.abs(operator.joints.velocity)
        arms = all(speeds[own].max() > 0.05 for own in columns)
        return arms and bool(odometry) and odometry[-1][2][0] < -0.25 and odometry[-1][2][2] > 0.3

    assert operator.spin_until(all_moving, 20.0), operator.progress.refused
    stopped = joints[-1].stamp
    operator.set_estop(True)
    still = lambda: operator.speed < 0.02 and np.abs(odometry[-1][2]).max() < 0.01  # noqa: E731
    assert operator.spin_until(still, 20.0)
    rested = joints[-1].stamp
    assert operator.spin_until(lambda: joints[-1].stamp > rested + 1.0, 20.0)  # of the robot's time, not of the wall's

    after = [sample for sample in joints if sample.stamp >= stopped]
    q, dq = (np.array([getattr(sample, name) for sample in after]) for name in ("position", "velocity"))
    limits = {name: np.concatenate([getattr(group, name) for group in robot.driven_groups])
              for name in ("lower", "upper", "velocity")}  # fmt: skip
    assert ((q > limits["lower"]) & (q < limits["upper"])).all()
    assert (np.abs(dq) <= 1.02 * limits["velocity"]).all()
    rest = np.array([sample.stamp for sample in after])[np.abs(dq).max(axis=1) > 0.05]
    assert rest[-1] - stopped < 0.6, f"joints rest {rest[-1] - stopped:.2f} s after the e-stop"
    driven = [one for one in odometry if one[0] >= stopped]
    times, twists = np.array([one[0] for one in driven]), np.array([one[2] for one in driven])
    assert (np.abs(twists) <= np.array(robot.base.speed) + 0.02).all()
    # Over 0.2 s, where a command may be late by 80 ms; a base that stopped at once would be well above it.
    rates = np.abs(twists[10:] - twists[:-10]) / (times[10:] - times[:-10])[:, None]
    assert (rates <= 1.4 * np.array(robot.base.acceleration)).all(), rates.max(axis=0)
    moving = times[np.abs(twists).max(axis=1) > 0.01]
    assert moving[-1] - stopped < 1.0, f"the base rests {moving[-1] - stopped:.2f} s after the e-stop"
    came_to_rest = next(one for one in driven if one[0] > moving[-1])
    assert np.abs(driven[-1][1] - came_to_rest[1]).max() < 5e-3
    assert np.abs(q[-1] - q[np.searchsorted([sample.stamp for sample in after], stopped + 1.0)]).max() < 5e-3
    operator.send(chunk(operator, {"left": UP}, {}, 1.0))
    assert operator.spin_until(lambda: "e-stop" in operator.progress.refused)
    for subscription in subscriptions:
        node.destroy_subscription(subscription)


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
