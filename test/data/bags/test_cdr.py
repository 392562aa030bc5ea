# SPDX-License-Identifier: Apache-2.0
"""CDR is read as ROS writes it: whatever is empty, whichever byte order; what is no message is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.errors import BagError
from vla_ros.data.conversion.message_numbers import joint_numbers

STATE, TRAJECTORY = "sensor_msgs/msg/JointState", "trajectory_msgs/msg/JointTrajectory"


@pytest.fixture
def codec() -> MessageCodec:
    codec = MessageCodec()
    codec.learn_installed(STATE, TRAJECTORY)
    return codec


@pytest.mark.parametrize("names", [("a",), ("ab", "b"), ("lift_joint", "x", "yz")])
@pytest.mark.parametrize("given", list(itertools.product((False, True), repeat=3)))
def test_a_joint_state_reads_whichever_of_its_arrays_are_empty(codec, names, given):
    fields = ("position", "velocity", "effort")
    numbers = {
        field: list(0.5 * np.arange(len(names)) + 1.0) if full else []
        for field, full in zip(fields, given, strict=True)
    }
    message = codec.decode(STATE, serialize_message(JointState(name=list(names), **numbers)))
    assert tuple(message.name) == names
    for field in fields:
        assert getattr(message, field).tolist() == numbers[field], field


def test_positions_alone_are_a_state_at_rest(codec):
    message = codec.decode(STATE, serialize_message(JointState(name=["b", "a"], position=[2.0, 1.0])))
    np.testing.assert_array_equal(joint_numbers(message, ("a", "b")), [[1.0, 2.0], [0.0, 0.0]])


def test_points_without_velocity_read_to_the_last(codec):
    points = [JointTrajectoryPoint(positions=[float(n)]) for n in range(5)]
    message = codec.decode(TRAJECTORY, serialize_message(JointTrajectory(joint_names=["j"], points=points)))
    assert [point.positions.tolist() for point in message.points] == [[float(n)] for n in range(5)]
    assert all(len(point.velocities) == 0 for point in message.points)


def test_either_byte_order_reads(codec):
    data = serialize_message(JointState(name=["a"], position=[1.5]))
    state = codec.decode(STATE, data)
    big = bytes(codec._store.serialize_cdr(state, STATE, little_endian=False))
    assert codec.decode(STATE, big).position.tolist() == [1.5]


@pytest.mark.parametrize("broken", [b"", b"\x00", b"\x00\x09\x00\x00" + bytes(40), b"\x00\x01\x00\x00" + bytes(7)])
def test_what_is_no_message_is_one_line(codec, broken):
    with pytest.raises(BagError, match=f"a message of '{STATE}' is not readable: ") as error:
        codec.decode(STATE, broken)
    assert "\n" not in str(error.value)
