# SPDX-License-Identifier: Apache-2.0
"""What may reach an arm behind a vendor's SDK, and what is read of it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from controllers.errors import ConfigError, VlaError
from vla_ros.hardware.gated_arm import COMMAND_AGE_S, GatedArm
from vla_ros.hardware.sdk import ArmReading
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.sdk import SdkConfig, addresses, check_commands

ROBOT = load_embodiment("franka")
HOME = ROBOT.arm("panda").home
WIDTH = "panda_hand_position_controller/commands"


class WrittenDown:
    """An SDK that writes down what it is asked."""

    kinds = ("effort", "position")
    fault = ""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.reading: ArmReading | None = ArmReading(time.monotonic(), HOME.copy(), width=0.08)

    def read(self) -> ArmReading | None:
        return self.reading

    def drive(self, kind: str, values: np.ndarray) -> None:
        self.asked.append((kind, *values))

    def grip(self, width: float) -> None:
        self.asked.append(("grip", width))

    def hold(self) -> None:
        self.asked.append(("hold",))

    def recover(self) -> None: ...

    def close(self) -> None: ...


def gated(kind: str) -> tuple[GatedArm, WrittenDown]:
    sdk = WrittenDown()
    arm = GatedArm(ROBOT, ROBOT.sdk[0], kind, sdk)
    arm.read()
    return arm, sdk


def test_positions_and_widths_pass_by_the_robots_joints():
    arm, sdk = gated("position")
    drive, width = arm.topics
    assert drive == "panda_position_controller/commands"
    arm.take(drive, HOME + 0.1)
    arm.take(width, np.array([0.02]))  # the way of one finger
    assert sdk.asked == [("position", *(HOME + 0.1)), ("grip", pytest.approx(0.04))]
    joints = arm.joints()
    np.testing.assert_allclose(joints.position, [*HOME, 0.04, 0.04])
    assert np.isnan(joints.effort).all()


def test_velocities_are_differences_where_none_are_said():
    arm, sdk = gated("position")
    for tick in range(5):
        sdk.reading = ArmReading(1e6 + tick * 0.01, HOME + tick * 0.001, width=0.08 - tick * 0.002)
        arm.read()
        velocity = arm.joints().velocity
    np.testing.assert_allclose(velocity, [*[0.1] * 7, -0.1, -0.1], rtol=1e-6)
    said = np.arange(7.0)
    sdk.reading = ArmReading(1e6 + 1, HOME, velocity=said, effort=said, width=0.08)
    arm.read()
    np.testing.assert_allclose(arm.joints().velocity[:7], said)
    np.testing.assert_allclose(arm.joints().effort[:7], said)


@pytest.mark.parametrize(
    ("kind", "numbers", "reason"),
    [
        ("position", [np.nan] * 7, "not finite"),
        ("position", HOME[:6], "6 numbers for 7 joints"),
        ("position", [*HOME[:6], 4.0], r"panda_joint7 at 4\.000, allowed"),
        ("position", [1.0, *HOME[1:]], r"panda_joint1 is to jump by 1\.00, allowed 0\.35"),
        ("effort", [0.0] * 8, "8 numbers for 7 joints"),
        ("effort", [np.inf, *[0.0] * 6], "not finite"),
        ("effort", [*[0.0] * 6, -12.5], r"panda_joint7 at -12\.5 N·m, allowed 12\.0"),
    ],
)
def test_what_must_not_be_commanded_is_refused_and_not_passed_on(kind, numbers, reason):
    arm, sdk = gated(kind)
    with pytest.raises(VlaError, match=reason):
        arm.take(arm.topics[0], np.array(numbers))
    arm.hold_if_silent()
    assert sdk.asked == []


def test_a_joint_that_is_beyond_its_limit_may_stay_and_come_back_and_goes_no_further():
    arm, sdk = gated("position")
    limit = float(ROBOT.arm("panda").upper[5])
    beyond = np.array([*HOME[:5], limit + 0.03, HOME[6]])
    sdk.reading = ArmReading(time.monotonic(), beyond, width=0.08)
    arm.read()
    nearer = beyond - np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.02, 0.0])
    for place in (beyond, nearer):
        arm.take(arm.topics[0], place)
    assert sdk.asked == [("position", *beyond), ("position", *nearer)]
    further = beyond + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.0])
    with pytest.raises(VlaError, match=r"panda_joint6 at 3\.79\d, allowed -0\.0\d\d to 3\.78"):
        arm.take(arm.topics[0], further)


def test_nothing_passes_before_the_arm_has_said_where_it_is():
    sdk = WrittenDown()
    sdk.reading = ArmReading(0.0, np.full(7, np.nan), width=0.08)
    arm = GatedArm(ROBOT, ROBOT.sdk[0], "effort", sdk)
    arm.read()
    with pytest.raises(VlaError, match="has not said yet"):
        arm.take(arm.topics[0], np.zeros(7))
    assert arm.silent(0.1)


def test_an_arm_holds_once_when_its_commands_stop():
    arm, sdk = gated("effort")
    arm.take(arm.topics[0], np.full(7, 1.0))
    arm.hold_if_silent()
    assert sdk.asked == [("effort", *[1.0] * 7)]
    time.sleep(COMMAND_AGE_S["effort"] + 0.01)
    for _ in range(3):
        arm.hold_if_silent()
    assert sdk.asked[1:] == [("hold",)]


def test_a_command_the_sdk_does_not_take_is_named():
    class Positions(WrittenDown):
        kinds = ("position",)

    with pytest.raises(ConfigError, match=r"panda_py takes position for the arm 'panda', not effort: add command:=pos"):
        GatedArm(ROBOT, ROBOT.sdk[0], "effort", Positions())


def test_a_robots_sdks_are_checked(monkeypatch):
    assert addresses(ROBOT, "172.16.0.2") == ("172.16.0.2",)
    for address, reason in (("", "give robot_ip:="), ("$(reboot)", "not a host name")):
        with pytest.raises(ConfigError, match=reason):
            addresses(ROBOT, address)
    with pytest.raises(ConfigError, match="no SDK of the robot 'agilex' takes one"):
        addresses(load_embodiment("agilex"), "172.16.0.2")
    with pytest.raises(ConfigError, match="names no vendor's SDK"):
        check_commands(load_embodiment("ur5e"), {})
    monkeypatch.setattr("vla_ros.robots.sdk.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="panda_py is not installed: VLA_EXTRAS=hardware"):
        check_commands(ROBOT, {"panda": "effort"})
    monkeypatch.setattr("vla_ros.robots.sdk.find_spec", lambda name: name)
    with pytest.raises(ConfigError, match="poses are to drive arm 'panda'"):
        check_commands(ROBOT, {"panda": "pose"})
    with pytest.raises(ConfigError, match="unknown sdk 'panda'"):
        SdkConfig("panda", "panda", "127.0.0.1")
