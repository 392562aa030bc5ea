# SPDX-License-Identifier: Apache-2.0
"""Tools and a moving base on their topics, heard by another node."""

import dataclasses

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from std_msgs.msg import Float64MultiArray

from controllers.chunks.progress import RobotCommand
from vla_ros import messages, qos
from vla_ros.nodes.arm.auxiliary_output import AuxiliaryOutput
from vla_ros.nodes.arm.output import JointOutput
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.groups import BaseConfig, EndEffectorGroup

RATE = 500.0


@pytest.fixture
def robot():
    franka = load_embodiment("franka")
    hand = dataclasses.replace(franka.gripper("panda_hand"), depth_max=0.05)
    return dataclasses.replace(
        franka,
        end_effectors=(hand, EndEffectorGroup("cup", "suction", "panda", cups=("cup",))),
        base=BaseConfig((0.5, 0.3, 1.0), (1.0, 1.0, 2.0)),
    )


@pytest.fixture
def wire(robot):
    """Return an output and what a listener hears of each topic."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("auxiliary_output_test", context=context)
    executor = EventsExecutor(context=context)
    executor.add_node(node)
    heard = {"cup": [], "depth": [], "base": [], "gripper": []}
    for key, topic in (("cup", "cup_suction"), ("depth", "panda_hand_depth"), ("gripper", "panda_hand_position")):
        node.create_subscription(
            Float64MultiArray, f"{topic}_controller/commands",
            lambda message, to=key: heard[to].append(messages.numbers(message).tolist()), qos.EVENTS,
        )  # fmt: skip
    node.create_subscription(TwistStamped, "base_controller/cmd_vel", heard["base"].append, qos.EVENTS)
    output = AuxiliaryOutput(node, robot, RATE)
    assert spin_until(
        executor, lambda: all(node.count_subscribers(name) for name in ("/base_controller/cmd_vel",)), 5.0
    )
    yield output, heard, lambda seconds: spin_until(executor, lambda: False, seconds)
    leave(executor, node)


def test_edges_are_sent_at_once_and_repeated_and_the_base_at_its_rate(wire):
    output, heard, spin = wire
    spin(0.3)
    command = RobotCommand(end_effectors={"panda_hand/width": 0.08, "cup/suction": 0.0})
    command.base_velocity[:] = 0.2, -0.1, 0.4
    for tick in range(100):  # 0.2 s
        if tick == 40:
            command.end_effectors["cup/suction"] = 1.0
        output.publish(command, tick / RATE)
        spin(0.001)
    spin(0.3)
    values = [value for (value,) in heard["cup"]]
    assert values[0] == 0.0
    assert values[-1] == 1.0
    assert 2 + 3 <= len(values) <= 2 + 5  # two edges, four repetitions
    assert not heard["depth"]  # nobody has requested one
    assert heard["gripper"][0] == [0.04]
    assert 9 <= len(heard["base"]) <= 10
    twist = heard["base"][-1]
    assert (twist.twist.linear.x, twist.twist.linear.y, twist.twist.angular.z) == (0.2, -0.1, 0.4)
    assert twist.header.frame_id == "base_link"


def test_a_base_that_nobody_drives_any_more_is_braked_as_fast_as_it_may(robot):
    told: list[tuple[float, np.ndarray]] = []

    class Recorded:
        def publish(self, message: TwistStamped | Float64MultiArray) -> None:
            if isinstance(message, TwistStamped):
                twist = message.twist
                velocity = np.array([twist.linear.x, twist.linear.y, twist.angular.z])
                told.append((messages.seconds(message.header.stamp), velocity))

    class Wire:
        def create_publisher(self, *topic: object) -> Recorded:
            return Recorded()

    def driven() -> AuxiliaryOutput:
        output, command = AuxiliaryOutput(Wire(), robot, RATE), RobotCommand()  # type: ignore[arg-type]
        command.base_velocity[:] = 0.4, -0.1, 0.0
        for tick in range(20):
            output.publish(command, 5.0 + tick / RATE)
        told.clear()
        assert output.drives
        return output

    output = driven()
    for tick in range(500):  # 1 s
        if output.drives:
            output.brake(5.04 + tick / RATE)
    assert not output.drives
    velocities = np.array([velocity for _, velocity in told])
    assert told[-1][0] - 5.04 == pytest.approx(0.4, abs=0.03)  # [s] from 0.4 m/s at 1 m/s²
    assert np.diff(velocities[:, 0]).max() < 0.0
    assert np.diff(velocities[:, 0]).min() >= -0.02 - 1e-9  # at 50 Hz
    assert (velocities[:, 1] <= 0.0).all()
    np.testing.assert_array_equal(velocities[-1], 0.0)
    for gap in (1.0, -1.0):  # it has timed out, or another scene has begun: nothing is told
        output = driven()
        for tick in range(20):
            output.brake(5.04 + gap + tick / RATE)
        assert not told
        assert not output.drives


def test_joints_that_stand_are_repeated_and_those_that_move_sent_each_tick():
    heard: list[list[float]] = []

    class Recorded:
        def publish(self, message: Float64MultiArray) -> None:
            heard.append(messages.numbers(message).tolist())

    class Wire:
        def create_publisher(self, *topic: object) -> Recorded:
            return Recorded()

    joints = JointOutput(Wire(), "lift", 1, RATE)  # type: ignore[arg-type]
    for _ in range(100):  # 0.2 s
        joints.publish(np.array([0.24]))
    assert 1 + 3 <= len(heard) <= 1 + 5
    heard.clear()
    for tick in range(10):
        joints.publish(np.array([0.24 + 0.001 * tick]))
    assert [value for (value,) in heard[-9:]] == [0.24 + 0.001 * tick for tick in range(1, 10)]
