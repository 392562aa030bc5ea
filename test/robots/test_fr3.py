# SPDX-License-Identifier: Apache-2.0
"""The Franka Research 3 with the Franka Hand: files alone describe it, and its numbers are the published ones."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from controllers.arm.model import ArmModel
from vla_ros.cli import main
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment

# Franka Control Interface documentation, Denavit-Hartenberg parameters (Craig): a [m], d [m], alpha [rad].
DH = (
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -np.pi / 2),
    (0.0, 0.316, np.pi / 2),
    (0.0825, 0.0, np.pi / 2),
    (-0.0825, 0.384, -np.pi / 2),
    (0.0, 0.0, np.pi / 2),
    (0.088, 0.0, np.pi / 2),
    (0.0, 0.107, 0.0),
)
# franka_description 1.0.1, robots/fr3
LOWER = (-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159)  # [rad]
UPPER = (2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159)
MASSES = (2.3966, 2.92747, 2.93554, 2.24490, 2.61560, 2.32712, 1.81704, 0.62714)  # [kg] link 0 to 7
HAND_MASS = 0.6544 + 2 * 0.0291  # [kg] franka_description, end_effectors/franka_hand


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return load_embodiment("fr3")


def published_flange(q: np.ndarray) -> np.ndarray:
    """Return the flange in the base (4, 4), link by link after Craig."""
    T = np.eye(4)
    for (a, d, alpha), angle in zip(DH, (*q, 0.0), strict=True):
        c, s, ca, sa = np.cos(angle), np.sin(angle), np.cos(alpha), np.sin(alpha)
        T = T @ np.array([[c, -s, 0, a], [s * ca, c * ca, -sa, -d * sa], [s * sa, c * sa, ca, d * ca], [0, 0, 0, 1]])
    return T


def test_it_is_described_and_checked(robot, capsys):
    arm, hand = robot.only_arm, robot.only_gripper
    assert arm.command_modes == ("effort", "position", "pose")
    np.testing.assert_allclose(arm.lower, LOWER)
    np.testing.assert_allclose(arm.upper, UPPER)
    np.testing.assert_allclose(arm.velocity, [2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
    np.testing.assert_allclose(arm.effort, [87, 87, 87, 87, 12, 12, 12])
    assert (hand.width_min, hand.width_max) == pytest.approx((0.0, 0.08))
    assert main(["robots", "check", "fr3"]) == 0
    assert "fr3: " in capsys.readouterr().out.splitlines()[-1]


def test_the_flange_is_where_the_published_parameters_put_it(robot):
    arm = robot.only_arm
    model = ArmModel(expand_urdf(robot), arm.joints, "fr3_link8")
    random = np.random.default_rng(0)
    for q in (arm.home, *random.uniform(arm.lower, arm.upper, (20, 7))):
        np.testing.assert_allclose(model.forward(q), published_flange(q), atol=1e-9)


def test_the_tool_is_between_the_fingers_as_they_are_delivered(robot):
    """franka_description has the hand's tool centre point 0.1034 m from the flange; nothing extends these fingers."""
    arm = robot.only_arm
    tool = ArmModel(expand_urdf(robot), arm.joints, arm.tool_frame).forward(arm.home)
    flange = published_flange(arm.home)
    np.testing.assert_allclose(tool[:3, 3], flange[:3, 3] + 0.1034 * flange[:3, 2], atol=1e-9)


def test_its_masses_are_the_published_ones(robot):
    mass = {
        link.attrib["name"]: float(link.find("inertial/mass").attrib["value"])
        for link in ElementTree.fromstring(expand_urdf(robot)).findall("link")
        if link.find("inertial/mass") is not None
    }
    assert [mass.pop(f"fr3_link{number}") for number in range(8)] == pytest.approx(list(MASSES), abs=1e-5)
    assert sum(mass.values()) == pytest.approx(HAND_MASS)
