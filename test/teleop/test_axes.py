# SPDX-License-Identifier: Apache-2.0
"""The room's axes and the robot's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.rotations import angle_between
from vla_ros.teleop.axes import Pose, robot_pose, room_pose

UNTURNED = (0.0, 0.0, 0.0, 1.0)

quaternions = st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: sum(x * x for x in q) > 0.1)


def test_forward_up_and_right_are_the_robots():
    assert robot_pose((0.0, 0.0, -1.0), UNTURNED).position.tolist() == [1.0, 0.0, 0.0]
    assert robot_pose((0.0, 1.0, 0.0), UNTURNED).position.tolist() == [0.0, 0.0, 1.0]
    assert robot_pose((1.0, 0.0, 0.0), UNTURNED).position.tolist() == [0.0, -1.0, 0.0]


@given(quaternions, st.tuples(*[st.floats(-2.0, 2.0)] * 3), st.floats(-3.2, 3.2))
def test_a_turned_vector_is_the_same_in_both_frames(q, vector, facing):
    """Turning and then changing frames is changing frames and then turning."""
    q = tuple((np.array(q) / np.linalg.norm(q)).tolist())
    turned = tuple(Rotation.from_quat(q).apply(vector).tolist())
    own = robot_pose(vector, q, facing)
    np.testing.assert_allclose(
        robot_pose(turned, UNTURNED, facing).position,
        Rotation.from_quat(own.orientation).apply(own.position),
        atol=1e-9,
    )


@given(quaternions, st.tuples(*[st.floats(-2.0, 2.0)] * 3), st.floats(-3.2, 3.2))
def test_there_and_back_is_the_same_pose(q, place, facing):
    q = tuple((np.array(q) / np.linalg.norm(q)).tolist())
    position, orientation = room_pose(robot_pose(place, q, facing), facing)
    np.testing.assert_allclose(position, place, atol=1e-9)
    assert angle_between(orientation, q) < 1e-6


def test_an_operator_who_looks_at_the_robot_pulls_it_towards_himself():
    pulled = robot_pose((0.0, 0.0, 1.0), UNTURNED, np.pi).position
    np.testing.assert_allclose(pulled, [1.0, 0.0, 0.0], atol=1e-12)


def place(x: float, y: float = 0.0, z: float = 0.0, q=UNTURNED) -> Pose:
    return Pose(np.array([x, y, z]), q)


def turned(left: float, down: float) -> tuple[float, float, float, float]:
    """Return a headset's orientation in WebXR's axes: turned to the left, then down [degrees]."""
    return tuple(Rotation.from_euler("YX", [left, -down], degrees=True).as_quat().tolist())
