# SPDX-License-Identifier: Apache-2.0
"""Two AgileX PiPER arms on Cobot Magic's board: files alone describe them, and their numbers are the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.arm.model import ArmModel
from vla_ros.cli import main
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment

# piper_sdk, kinematics/piper_fk.py with dh_is_offset, after Craig: a [m], alpha [rad], theta at zero [degrees], d [m]
DH = (
    (0.0, 0.0, 0.0, 0.123),
    (0.0, -np.pi / 2, -172.22, 0.0),
    (0.28503, 0.0, -102.78, 0.0),
    (-0.02198, np.pi / 2, 0.0, 0.25075),
    (0.0, -np.pi / 2, 0.0, 0.0),
    (0.0, np.pi / 2, 0.0, 0.091),
)
ZERO = (0.056128, 0.0, 0.213266)  # [m] the flange at zero, as the same file has it
BASES = {"left": (0.233, 0.3, 0.7775), "right": (0.233, -0.3, 0.7775)}  # [m] mobile_aloha_sim, arx5_description


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return load_embodiment("agilex")


def published_flange(q: np.ndarray) -> np.ndarray:
    """Return the flange in the arm's base (4, 4), link by link after Craig."""
    T = np.eye(4)
    for (a, alpha, zero, d), turn in zip(DH, q, strict=True):
        angle = turn + np.deg2rad(zero)
        c, s, ca, sa = np.cos(angle), np.sin(angle), np.cos(alpha), np.sin(alpha)
        T = T @ np.array([[c, -s, 0, a], [s * ca, c * ca, -sa, -d * sa], [s * sa, c * sa, ca, d * ca], [0, 0, 0, 1]])
    return T


def test_it_is_described_and_checked(robot, capsys):
    assert len(robot.driven_joints) + len(robot.grippers) == 14
    for arm in robot.arms:
        assert arm.command_modes == ("position", "pose")
        np.testing.assert_allclose(arm.lower, [-2.6179, 0, -2.967, -1.745, -1.22, -2.09439])
        np.testing.assert_allclose(arm.upper, [2.6179, 3.14, 0, 1.745, 1.22, 2.09439])
        np.testing.assert_allclose(arm.velocity, 3.0)
        np.testing.assert_allclose(arm.acceleration, 5.0)
    assert [gripper.width_max for gripper in robot.grippers] == pytest.approx([0.07, 0.07])
    assert robot.cameras == robot.mounted_cameras == ("head", "left_wrist", "right_wrist")
    assert main(["robots", "check", "agilex"]) == 0
    assert "agilex: " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("side", BASES)
def test_the_flange_is_where_the_published_parameters_put_it(robot, side):
    arm = robot.arm(side)
    model = ArmModel(expand_urdf(robot), arm.joints, f"{side}_link6")
    random = np.random.default_rng(0)
    np.testing.assert_allclose(published_flange(np.zeros(6))[:3, 3], ZERO, atol=1e-6)
    for q in (np.zeros(6), arm.home, *random.uniform(arm.lower, arm.upper, (20, 6))):
        expected = published_flange(q)
        expected[:3, 3] += BASES[side]
        np.testing.assert_allclose(model.forward(q), expected, atol=1e-9)


def test_at_home_both_tools_lean_down_before_the_board(robot):
    for arm in robot.arms:
        tool = ArmModel(expand_urdf(robot), arm.joints, arm.tool_frame).forward(arm.home)
        assert tool[0, 3] == pytest.approx(0.233 + 0.30, abs=2e-3)
        assert tool[2, 3] == pytest.approx(0.7775 + 0.15, abs=2e-3)
        np.testing.assert_allclose(np.abs(tool[:3, 1]), [0, 1, 0], atol=1e-6)  # the fingers open to the sides
        assert np.degrees(np.arcsin(-tool[2, 2])) == pytest.approx(60.0, abs=0.1)
