# SPDX-License-Identifier: Apache-2.0
"""What a PiPER says over CAN, through its maker's piper_sdk: where it is, how old that is, and what is the matter."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.hardware.differenced_velocity import DifferencedVelocity
from vla_ros.hardware.piper.can_port import CanAddress, can_address, check_port
from vla_ros.hardware.piper.faults import ENDED_BY_A_TARGET, controller_fault, gripper_fault, joint_fault, mode_fault
from vla_ros.hardware.piper.log import PiperLog
from vla_ros.hardware.sdk import ArmReading

BITRATE = 1_000_000  # [bit/s]
MILLIDEGREE = np.pi / 180e3  # [rad]
MICROMETRE = 1e-6  # [m]
# Frames that are read (piper_sdk, msg_v2/can_id.py); of the 3040 that a PiPER sends a second the kernel drops 1800.
STATUS, GRIPPER = 0x2A1, 0x2A8
JOINTS = (0x2A5, 0x2A6, 0x2A7)
DRIVERS = tuple(range(0x261, 0x267))
COMMANDS = (0x151, 0x155, 0x156, 0x157)  # heard where somebody else drives it: one's own are not looped back
FRAME_BYTES = 8
JUDGED = frozenset((STATUS, GRIPPER, *DRIVERS))
STANDBY, CAN_CONTROL = 0x00, 0x01
CYCLE_S = 0.02  # [s] the three frames of one state lie closer together
FRESH_S = 0.1  # [s] the age up to which a state or a foreign command counts
DRIVERS_FRESH_S = 0.5  # [s] the drivers of the joints speak 40 times a second
ANSWER_S = 1.0
NEVER = float("-inf")


class PiperState:
    """The newest of everything that an arm says; the SDK's own thread writes it."""

    def __init__(self, address: str) -> None:
        """Listen to the arm at `address` until it has said everything.

        Raises ConfigError where piper_sdk is missing, the port is missing, down or of another bit rate, or no arm
        answers.
        """
        self.reading: ArmReading | None = None
        self.velocity = np.zeros(6)  # [rad/s]
        self.log = PiperLog()
        self.enabled = self.gripper_enabled = False  # all joints have power; the gripper has
        self.awaits_target = False  # it complains of the last target alone
        self.led = False  # somebody else drove it since it was taken: nobody knows its mode
        self.gripper_error = ""
        self._stopped = self._complaint = self._unready = ""
        self._heard: dict[int, float] = {}  # [s] monotonic, by frame
        self._data: dict[int, bytes] = {}
        self._differences = DifferencedVelocity(6)
        try:
            self.sdk = _opened(can_address(address), self.log)
        except ConfigError:
            self.log.close()
            raise
        port = self.sdk.GetCanBus()
        port.callback_function = self._on_frame
        wanted = (STATUS, GRIPPER, *JOINTS, *DRIVERS, *COMMANDS)
        port.recv_bus.set_filters([{"can_id": one, "can_mask": 0x7FF, "extended": False} for one in wanted])
        self.sdk.ConnectPort(piper_init=False)
        end = time.monotonic() + ANSWER_S
        while self.reading is None or not {STATUS, *DRIVERS} <= self._heard.keys():
            if time.monotonic() > end:
                self.close()
                raise ConfigError(
                    f"sdk: no PiPER answers at {address}: see to its power, its cable, and that it leads no other arm"
                )
            time.sleep(0.005)

    def close(self) -> None:
        """Listen no more."""
        self.sdk.DisconnectPort()
        self.log.close()

    def _on_frame(self, message: Any) -> None:
        """Take a frame, in the SDK's thread."""
        # Of the port itself, or no PiPER's: the SDK would read a short one as if it had zeros.
        if message.is_error_frame or message.is_extended_id or message.dlc != FRAME_BYTES:
            return
        frame, data = message.arbitration_id, bytes(message.data)
        # The kernel stamps frames by the wall clock; one that waited in a queue is as old as it is.
        now = time.monotonic() - max(0.0, time.time() - message.timestamp)
        if data != self._data.get(frame):  # what it says again costs the SDK 50 µs and changes nothing
            self.sdk.ParseCANFrame(message)
            if not self._taken(frame, message.timestamp):
                self._data.pop(frame, None)
                return
            self._data[frame] = data
            if frame in JUDGED:
                self._judge()
        self._heard[frame] = now
        self.led |= frame in COMMANDS
        if frame == JOINTS[-1] and min(self._heard.get(joints, NEVER) for joints in JOINTS) > now - CYCLE_S:
            self._take_joints(now)

    def _taken(self, frame: int, stamp: float) -> bool:
        """Say whether the SDK took what a frame says: it leaves out joints and openings that cannot be."""
        if frame in JOINTS:
            return self.sdk.GetArmJointMsgs().time_stamp == stamp
        return frame != GRIPPER or self.sdk.GetArmGripperMsgs().time_stamp == stamp

    def _take_joints(self, now: float) -> None:
        joints = self.sdk.GetArmJointMsgs().joint_state
        position = np.array([getattr(joints, f"joint_{joint}") for joint in range(1, 7)]) * MILLIDEGREE
        gripping = self._heard.get(GRIPPER, NEVER) > now - FRESH_S
        width = self.sdk.GetArmGripperMsgs().gripper_state.grippers_angle * MICROMETRE if gripping else None
        self.velocity = self._differences.update(now, position)
        self.reading = ArmReading(now, position, width=width)

    def _judge(self) -> None:
        """Put what controller, joints and gripper say of themselves into words."""
        status, drivers = self.sdk.GetArmStatus().arm_status, self.sdk.GetArmLowSpdInfoMsgs()
        flags = [getattr(drivers, f"motor_{joint}").foc_status for joint in range(1, 7)]
        gripper = self.sdk.GetArmGripperMsgs().gripper_state.foc_status if GRIPPER in self._data else None
        mode = int(status.ctrl_mode)
        said = controller_fault(int(status.arm_status), status.err_status)
        off = [str(joint) for joint, driver in enumerate(flags, 1) if not driver.driver_enable_status]
        self.enabled = not off
        self.awaits_target = int(status.arm_status) in ENDED_BY_A_TARGET
        self.gripper_error = gripper_fault(gripper) if gripper else ""
        self.gripper_enabled = bool(gripper and gripper.driver_enable_status)
        self._complaint = said if self.awaits_target else ""
        self._stopped = "" if self.awaits_target else said
        self._stopped = self._stopped or next(filter(None, map(joint_fault, range(1, 7), flags)), "")
        if mode != STANDBY:
            self._stopped = self._stopped or mode_fault(mode, int(status.mode_feed))
        self._unready = self.gripper_error or ("it is in standby" if mode == STANDBY else "")
        if off:
            self._unready = self._unready or f"joint {', '.join(off)}: not enabled"

    @property
    def fault(self) -> str:
        """Say why it does not follow targets, or ""."""
        return self.blocked or self.unready or self._complaint

    @property
    def blocked(self) -> str:
        """Say why nothing at all may be sent to it, or ""."""
        now = time.monotonic()
        if max(self._heard.get(frame, NEVER) for frame in COMMANDS) > now - FRESH_S:
            return "somebody else drives it: another program, or an arm that leads it"
        if self.log.failing:
            return f"it cannot be told anything: {self.log.failing}"
        if self._stopped:
            return self._stopped
        # While all of the arm is silent its stamp says so.
        ages = [self._heard[STATUS] - self._heard[frame] for frame in DRIVERS]
        if max(ages) > DRIVERS_FRESH_S:
            return f"joint {ages.index(max(ages)) + 1}: nothing comes from its driver"
        return ""

    @property
    def unready(self) -> str:
        """Say what is to be done before it follows targets, or ""."""
        if self.led:
            return "somebody else drove it: reset it where that was a leader arm, then ./vla recover"
        if self._heard[STATUS] - self._heard.get(GRIPPER, math.inf) > FRESH_S:
            return "gripper: nothing comes from it"
        return self._unready

    @property
    def fresh(self) -> bool:
        """Say whether it is known where it is."""
        return self.reading is not None and time.monotonic() - self.reading.stamp < FRESH_S


def _opened(where: CanAddress, log: PiperLog) -> Any:
    """Return the SDK's interface to a CAN bus that is open. Raises ConfigError where that is not to be had."""
    try:
        from piper_sdk import C_PiperInterface_V2, LogLevel
    except ImportError:
        raise ConfigError("sdk: piper_sdk is not installed: VLA_EXTRAS=hardware ./vla … installs it") from None
    if where.interface == "socketcan":
        check_port(where.channel, BITRATE)
    # Not the SDK's own check of the port, which looks at no name before it starts `ip`. One object a channel, for ever.
    sdk = C_PiperInterface_V2(where.channel, judge_flag=False, can_auto_init=False, logger_level=LogLevel.SILENT)
    if sdk.get_connect_status():
        raise ConfigError(f"sdk: two arms at the address '{where.channel}': each has a CAN port of its own")
    opened = False
    try:
        with log.listening():
            sdk.CreateCanBus(where.channel, where.interface, BITRATE, False)
        opened = sdk.GetCanBus().recv_bus is not None
    except ConnectionError:  # the reason is in the SDK's log
        pass
    if not opened:
        reason = f": {log.failing}" if log.failing else ""
        raise ConfigError(f"sdk: the CAN bus '{where.channel}' does not open{reason}")
    return sdk
