# SPDX-License-Identifier: Apache-2.0
"""The UR5e with a Robotiq 2F-85: files alone describe it, its numbers are the published ones, and it follows chunks."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from arms.position_arm import ServoArm

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.cli import main
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment

# Universal Robots, "DH Parameters for calculations of kinematics and dynamics", UR5e: a [m], d [m], alpha [rad].
DH = (
    (0.0, 0.1625, np.pi / 2),
    (-0.425, 0.0, 0.0),
    (-0.3922, 0.0, 0.0),
    (0.0, 0.1333, np.pi / 2),
    (0.0, 0.0997, -np.pi / 2),
    (0.0, 0.0996, 0.0),
)
MASSES = (3.761, 8.058, 2.846, 1.37, 1.3, 0.365)  # [kg] of the moving links
DT = 0.002


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return load_embodiment("ur5e")


def published_flange(q: np.ndarray) -> np.ndarray:
    """Return the flange in the vendor's base (4, 4), link by link after Denavit and Hartenberg."""
    T = np.eye(4)
    for angle, (a, d, alpha) in zip(q, DH, strict=True):
        c, s, ca, sa = np.cos(angle), np.sin(angle), np.cos(alpha), np.sin(alpha)
        T = T @ np.array([[c, -s * ca, s * sa, a * c], [s, c * ca, -c * sa, a * s], [0, sa, ca, d], [0, 0, 0, 1]])
    return T


def test_it_is_described_and_checked(robot, capsys):
    arm, gripper = robot.only_arm, robot.only_gripper
    assert arm.command_modes == ("position", "pose")
    np.testing.assert_allclose(arm.velocity, np.pi)
    np.testing.assert_allclose(arm.effort, [150, 150, 150, 28, 28, 28])
    assert (gripper.width_min, gripper.width_max) == pytest.approx((0.0, 0.085))
    assert robot.mounted_cameras == ("wrist",)
    assert main(["robots", "check", "ur5e"]) == 0
    assert "ur5e: ok" in capsys.readouterr().out


def test_the_flange_is_where_the_published_parameters_put_it(robot):
    model = ArmModel(expand_urdf(robot), robot.only_arm.joints, "tool0")
    half_turn = np.diag([-1.0, -1.0, 1.0, 1.0])  # base_link is the vendor's base turned about z
    random = np.random.default_rng(0)
    for q in (np.zeros(6), robot.only_arm.home, *random.uniform(-3.0, 3.0, (20, 6))):
        np.testing.assert_allclose(model.forward(q), half_turn @ published_flange(q), atol=1e-9)


def test_its_masses_are_the_published_ones(robot):
    mass = {
        link.attrib["name"]: float(link.find("inertial/mass").attrib["value"])
        for link in ElementTree.fromstring(expand_urdf(robot)).findall("link")
        if link.find("inertial/mass") is not None
    }
    arm = [mass[name] for name in mass if not name.startswith("robotiq")]
    assert sum(arm) == pytest.approx(20.6, abs=1e-6)  # the data sheet, cable and controller not counted
    assert sorted(arm[1:]) == pytest.approx(sorted(MASSES))
    assert sum(mass.values()) - sum(arm) == pytest.approx(0.925)  # Robotiq's manual


def test_it_holds_and_goes_where_a_chunk_sends_it(robot):
    arm = robot.only_arm
    follower = FollowerFactory(robot, load_control_config("ur5e")).make()
    servo = ServoArm(arm.home)
    follower.activate(servo.q, servo.dq, {"robotiq_85/width": 0.085}, 0.0)

    def run(seconds: float) -> float:
        width = 0.085
        for _ in range(round(seconds / DT)):
            command = follower.tick(servo.time, DT, servo.q, servo.dq)
            servo.command(command.arms["ur5e"].position)
            width = command.end_effectors["robotiq_85/width"]
            servo.step(DT)
        return width

    assert run(0.2) == pytest.approx(0.085)  # wider than any tuning says: the description's
    np.testing.assert_allclose(servo.q, arm.home, atol=1e-3)
    T = follower.arms["ur5e"].model.T_base_ee.copy()
    T[:3, 3] += (0.08, 0.05, -0.06)
    points = np.tile([*T[:3, 3], *from_matrix(T[:3, :3]), 0.02], (10, 1))
    start = follower.arms["ur5e"].model.T_base_ee[:3, 3].copy()
    points[:, :3] = start + np.linspace(0.1, 1.0, 10)[:, None] * (T[:3, 3] - start)
    channels = (*pose_channels("ur5e"), "robotiq_85/width")
    follower.submit(ActionChunk(servo.time, "base_link", channels, 0.1 * np.arange(1, 11), points, 1), servo.time)
    width = run(2.0)
    assert np.linalg.norm(follower.arms["ur5e"].model.T_base_ee[:3, 3] - T[:3, 3]) < 2e-3
    assert width == pytest.approx(0.02)
