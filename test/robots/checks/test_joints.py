# SPDX-License-Identifier: Apache-2.0
"""Limits and loads: what a joint says in degrees, a home at its limit, a joint nobody drives, an arm that sinks."""

from __future__ import annotations

import numpy as np
import pinocchio as pin
import pytest
from assets import PAIR
from robot_rigs.changed_pair import changed_pair

from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.checks.home import home_positions
from vla_ros.robots.checks.joints import check_limits, check_own_weight
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

PAN = 'lower="-1.5" upper="1.5" velocity="1.5"'


def limits(path) -> list[Finding]:
    robot = load_embodiment(str(path))
    return check_limits(robot, expand_urdf(robot))


def weight(path) -> Finding:
    robot = load_embodiment(str(path))
    urdf = expand_urdf(robot)
    (finding,) = check_own_weight(robot, urdf, home_positions(robot, urdf))
    return finding


@pytest.mark.parametrize("name", ["franka", "ur5e", str(PAIR)])
def test_the_robots_there_are_pass(name):
    assert [finding.level for finding in limits(name)] == [OK]
    assert weight(name).level == OK


@pytest.mark.parametrize(
    ("yaml", "xacro", "words"),
    [
        ({}, {PAN: 'lower="-90" upper="90" velocity="1.5"'}, ("'head_pan_joint'", "range is 180 rad", "give radians")),
        ({}, {PAN: 'lower="-1.5" upper="1.5" velocity="180"'}, ("speed limit is 180 rad/s", "give radians")),
        ({}, {'upper="0.40" velocity="0.15"': 'upper="0.40" velocity="150"'}, ("'lift_joint'", "150 m/s", "metres")),
        ({"home: [0.0, 0.4]": "home: [1.46, 0.4]"}, {}, ("home 1.460 rad is 0.040 rad from its limit", "keep 0.1")),
    ],
)
def test_a_limit_that_no_robot_has_is_a_warning(tmp_path, yaml, xacro, words):
    (finding,) = limits(changed_pair(tmp_path, yaml, xacro))
    assert finding.level == WARNING
    for word in words:
        assert word in finding.said


def test_a_lift_may_rest_on_its_stop(tmp_path):
    assert [one.level for one in limits(changed_pair(tmp_path, {"home: [0.1]": "home: [0.0]"}))] == [OK]


def test_a_joint_that_no_group_has_is_named(tmp_path):
    head = "  - {name: head, joints: [head_pan_joint, head_tilt_joint], home: [0.0, 0.4], acceleration: [4.0, 4.0]}\n"
    found = limits(changed_pair(tmp_path, {head: ""}))
    assert [finding.level for finding in found] == [WARNING, WARNING]
    assert "joint 'head_pan_joint' is in no group" in found[0].said


def test_the_share_is_the_lifts_weight_over_its_effort():
    """The lift bears everything but the base, whatever the arms do: m g / F."""
    robot = load_embodiment(str(PAIR))
    carried = pin.computeTotalMass(pin.buildModelFromXML(expand_urdf(robot)))  # the root's own mass is no joint's
    assert weight(PAIR).figures["worst"] == pytest.approx(9.81 * carried / 1200.0, rel=1e-9)


@pytest.mark.parametrize(("effort", "level"), [("14", WARNING), ("2", PROBLEM)])
def test_an_arm_that_sinks_at_home_is_a_problem_and_one_that_sinks_stretched_a_warning(tmp_path, effort, level):
    joint2 = 'lower="-2.2" upper="2.2" velocity="2.5" effort="80"'
    finding = weight(changed_pair(tmp_path, xacro={joint2: joint2.replace("80", effort)}))
    assert finding.level == level
    assert "_joint2' needs" in finding.said


def test_home_has_every_named_joint():
    robot = load_embodiment(str(PAIR))
    home = home_positions(robot, expand_urdf(robot))
    assert home["lift_joint"] == 0.1
    assert home["left_finger1_joint"] == pytest.approx(0.045)
    np.testing.assert_array_equal([home[joint] for joint in robot.arms[0].joints], robot.arms[0].home)
