# SPDX-License-Identifier: Apache-2.0
"""The simulated PiPER's frames against its maker's own parser: what one writes the other reads, both ways."""

from __future__ import annotations

import pytest

pytest.importorskip("piper_sdk", reason="piper_sdk is not installed: VLA_EXTRAS=hardware ./vla … installs it")
import can
import numpy as np
from piper_sdk import ArmMsgFeedbackStatusEnum
from piper_sdk.piper_msgs.msg_v2 import (
    ArmMsgGripperCtrl,
    ArmMsgJointCtrl,
    ArmMsgMasterSlaveModeConfig,
    ArmMsgMotionCtrl_1,
    ArmMsgMotionCtrl_2,
    ArmMsgMotorEnableDisableConfig,
    ArmMsgType,
    PiperMessage,
)
from piper_sdk.protocol.protocol_v2 import C_PiperParserV2
from rig import piper_protocol as protocol
from rig.piper_arm import PiperArm
from unix_can import Frame

PARSER = C_PiperParserV2()


def read(*frames: Frame) -> PiperMessage:
    """Return what the maker's parser reads in frames."""
    message = PiperMessage()
    for frame in frames:
        received = can.Message(arbitration_id=frame.identifier, data=frame.data, is_extended_id=False)
        assert PARSER.DecodeMessage(received, message), f"{frame.identifier:x}"
        assert len(frame.data) == 8
    return message


def written(kind: str, **parts: object) -> Frame:
    """Return the frame that the maker's parser writes."""
    message, frame = PiperMessage(type_=getattr(ArmMsgType, kind), **parts), can.Message()
    assert PARSER.EncodeMessage(message, frame)
    return Frame(frame.arbitration_id, bytes(frame.data))


def test_joints_gripper_and_motors_are_read_as_they_were_said():
    angles = np.array([-2.6, 3.1, -2.9, 1.7, -1.2, 0.0005])
    joints = read(*protocol.joint_frames(angles)).arm_joint_feedback
    counts = [getattr(joints, f"joint_{joint}") for joint in range(1, 7)]
    np.testing.assert_allclose(np.deg2rad(counts) / 1e3, angles, atol=1e-5)
    gripper = read(protocol.gripper_frame(0.0305, -1.2, 0b1110_0001)).gripper_feedback
    assert (gripper.grippers_angle, gripper.grippers_effort) == (30500, -1200)
    flags = gripper.foc_status
    said = (flags.driver_enable_status, flags.driver_error_status, flags.homing_status, flags.voltage_too_low)
    assert said == (True, True, True, True)
    assert not flags.sensor_status
    for joint in range(6):
        fast = getattr(read(protocol.fast_frame(joint, -1.5, 0.25, 2.0)), f"arm_high_spd_feedback_{joint + 1}")
        assert (fast.motor_speed, fast.current) == (-1500, 250)
        slow = getattr(read(protocol.slow_frame(joint, 0b0101_0100, 24.5, 41)), f"arm_low_spd_feedback_{joint + 1}")
        assert (slow.vol, slow.foc_temp, slow.motor_temp) == (245, 41, 41)
        flags = slow.foc_status
        assert (flags.driver_enable_status, flags.collision_status, flags.driver_overcurrent) == (True, True, True)
        assert not any((flags.stall_status, flags.driver_error_status, flags.voltage_too_low))


def test_the_controllers_status_is_read_as_it_was_said():
    status = read(protocol.Status(1, 7, 1, 2, False, at_limit=0b100, unheard=0b100001).frame()).arm_status_msgs
    assert status.ctrl_mode == ArmMsgFeedbackStatusEnum.CtrlMode.CAN_CTRL
    assert status.arm_status == ArmMsgFeedbackStatusEnum.ArmStatus.COLLISION_OCCURRED
    assert status.mode_feed == ArmMsgFeedbackStatusEnum.ModeFeed.MOVE_J
    assert (int(status.teach_status), int(status.motion_status)) == (2, 1)
    errors = status.err_status
    limited = [joint for joint in range(1, 7) if getattr(errors, f"joint_{joint}_angle_limit")]
    unheard = [joint for joint in range(1, 7) if getattr(errors, f"communication_status_joint_{joint}")]
    assert (limited, unheard) == ([3], [1, 6])


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (written("PiperMsgMotionCtrl_1", arm_motion_ctrl_1=ArmMsgMotionCtrl_1(2, 0, 1)), protocol.StopCommand(2, 1)),
        (
            written("PiperMsgMotionCtrl_2", arm_motion_ctrl_2=ArmMsgMotionCtrl_2(1, 1, 80, 0xAD)),
            protocol.ModeCommand(1, 1, 80, 0xAD),
        ),
        (
            written("PiperMsgGripperCtrl", arm_gripper_ctrl=ArmMsgGripperCtrl(30500, 1500, 3, 0xAE)),
            protocol.GripperCommand(pytest.approx(0.0305), pytest.approx(1.5), 3, 0xAE),
        ),
        (
            written("PiperMsgMotorEnableDisableConfig", arm_motor_enable=ArmMsgMotorEnableDisableConfig(7, 2)),
            protocol.EnableCommand(7, True),
        ),
        (
            written("PiperMsgMasterSlaveModeConfig", arm_ms_config=ArmMsgMasterSlaveModeConfig(0xFC)),
            protocol.LinkageCommand(0xFC),
        ),
    ],
)
def test_commands_are_heard_as_they_were_meant(frame, command):
    assert protocol.command(frame) == command


@pytest.mark.parametrize("pair", [0, 1, 2])
def test_joint_targets_are_heard_as_they_were_meant(pair):
    joints = {f"joint_{joint}": joint * (-1) ** joint * 10_000 for joint in range(1, 7)}
    kind = f"PiperMsgJointCtrl_{2 * pair + 1}{2 * pair + 2}"
    command = protocol.command(written(kind, arm_joint_ctrl=ArmMsgJointCtrl(**joints)))
    wanted = np.deg2rad([joints[f"joint_{2 * pair + 1}"] / 1e3, joints[f"joint_{2 * pair + 2}"] / 1e3])
    assert command == protocol.JointCommand(2 * pair, tuple(pytest.approx(angle) for angle in wanted))


def test_a_second_of_a_simulated_arm_has_the_frames_of_a_real_one():
    arm, frames = PiperArm(), []
    for _ in range(protocol.STATES_HZ):
        arm.step()
        frames += arm.say()
    read(*frames)
    assert len(frames) == 3040  # of a single arm, as AgileX's questions and answers say
