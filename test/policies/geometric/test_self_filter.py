# SPDX-License-Identifier: Apache-2.0
"""The robot's own points go, its neighbours' stay."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.geometric.perceiving.self_filter import RobotShape

URDF = """
<robot name="r">
  <link name="base"><visual><geometry><box size="0.2 0.2 0.2"/></geometry></visual></link>
  <joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0 0 0.1"/>
    <axis xyz="0 0 1"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
  <link name="arm"><visual><origin xyz="0.5 0 0"/><geometry><sphere radius="0.05"/></geometry></visual></link>
  <joint name="slide" type="prismatic"><parent link="arm"/><child link="tip"/><origin xyz="0.5 0 0"/>
    <axis xyz="1 0 0"/><limit lower="0" upper="0.04" effort="1" velocity="1"/></joint>
  <link name="tip"><visual><origin xyz="0.2 0 0"/>
    <geometry><cylinder radius="0.01" length="0.1"/></geometry></visual></link>
</robot>
"""


@pytest.fixture(scope="module")
def robot() -> RobotShape:
    return RobotShape(URDF, ["turn"], ["slide"])


@pytest.mark.parametrize(
    ("q", "width", "point", "inside"),
    [
        (0.0, 0.0, (0.11, 0.0, 0.0), True),  # 1 cm off the box's face
        (0.0, 0.0, (0.13, 0.0, 0.0), False),
        (0.0, 0.0, (0.5, 0.0, 0.16), True),
        (np.pi / 2, 0.0, (0.5, 0.0, 0.16), False),  # the arm has turned away
        (np.pi / 2, 0.0, (0.0, 0.5, 0.16), True),
        (0.0, 0.0, (0.7, 0.0, 0.16), True),  # cylinder's top is at 0.15
        (0.0, 0.08, (0.7, 0.0, 0.16), False),  # the finger has slid 4 cm
        (0.0, 0.08, (0.74, 0.0, 0.16), True),
    ],
)
def test_points_near_the_shapes(robot, q, width, point, inside):
    hit = robot.contains(np.array([point], np.float32), np.array([q]), width, margin=0.02)
    assert hit[0] == inside
