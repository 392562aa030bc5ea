# SPDX-License-Identifier: Apache-2.0
"""What a PiPER says and hears on its CAN bus, as numbers and frames.

Identifiers, layouts and units: AgileX's protocol V2 as piper_sdk 0.6.2 documents it (piper_msgs/msg_v2). All of it is
big-endian. Rates: the states 200 Hz, the drivers' temperatures and status 40 Hz; together the 3040 frames/s of a single
arm that AgileX's questions and answers give.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from unix_can import Frame

STATUS, POSE, JOINTS, GRIPPER, FAST, SLOW = 0x2A1, 0x2A2, 0x2A5, 0x2A8, 0x251, 0x261
STOP, MODE, JOINT_TARGETS, GRIPPER_TARGET, LINKAGE, ENABLE = 0x150, 0x151, 0x155, 0x159, 0x470, 0x471
STATES_HZ, DRIVERS_HZ = 200, 40
MILLIDEGREE = math.pi / 180.0e3  # [rad]
MICROMETRE = 1e-6  # [m]


# -- what it says ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Status:
    """The arm's control mode, state and what its joints complain of."""

    control: int = 0  # 0 standby, 1 CAN, 2 teaching, 6 leader of another arm
    state: int = 0  # 0 normal; 1 emergency stop, 4 target out of range, 7 collision, …
    move: int = 0  # 0 MOVE P, 1 MOVE J, …
    teaching: int = 0
    arrived: bool = True
    at_limit: int = 0  # bit i: joint i + 1
    unheard: int = 0  # bit i: no word from the driver of joint i + 1

    def frame(self) -> Frame:
        values = (self.control, self.state, self.move, self.teaching, not self.arrived, 0, self.at_limit, self.unheard)
        return Frame(STATUS, struct.pack(">8B", *values))


def joint_frames(position: Sequence[float]) -> list[Frame]:
    """Return three frames of where six joints are [rad]."""
    counts = [round(angle / MILLIDEGREE) for angle in position]
    return [Frame(JOINTS + pair, struct.pack(">2i", *counts[2 * pair : 2 * pair + 2])) for pair in range(3)]


def pose_frames() -> list[Frame]:
    """Return the three frames of the tool's pose, all zeros: they are sent because a real bus carries them."""
    return [Frame(POSE + pair, bytes(8)) for pair in range(3)]


def gripper_frame(opening: float, torque: float, status: int) -> Frame:
    """Return its opening [m], torque [N·m] and status: bit 6 enabled, bit 7 zeroed, bit 5 an error of its driver."""
    return Frame(GRIPPER, struct.pack(">ihBx", round(opening / MICROMETRE), round(torque * 1e3), status))


def fast_frame(joint: int, velocity: float, current: float, position: float) -> Frame:
    """Return a motor's velocity [rad/s], current [A] and position [rad]; `joint` counts from 0."""
    return Frame(FAST + joint, struct.pack(">2hi", round(velocity * 1e3), round(current * 1e3), round(position)))


def slow_frame(joint: int, status: int, voltage: float = 24.0, temperature: int = 30) -> Frame:
    """Return what a joint's driver says: [V], [°C] and status, whose bit 6 says that it is enabled."""
    return Frame(SLOW + joint, struct.pack(">HhbBH", round(voltage * 10), temperature, temperature, status, 0))


# -- what it hears -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StopCommand:
    """1: emergency stop, 2: reset, which cuts the motors' power; `teaching`: 1 begins, 2 ends."""

    stop: int
    teaching: int


@dataclass(frozen=True)
class ModeCommand:
    """Who controls it and how: CAN (1), MOVE J (1), a share of its speed [%], and whether it follows hard (0xAD)."""

    control: int
    move: int
    speed: int
    follow: int


@dataclass(frozen=True)
class JointCommand:
    """Where two joints are to be [rad]: 0 and 1, 2 and 3, or 4 and 5."""

    first: int
    position: tuple[float, float]


@dataclass(frozen=True)
class GripperCommand:
    """How far it is to be open [m], with at most what torque [N·m]; bit 0 of `code` enables, bit 1 clears errors."""

    opening: float
    torque: float
    code: int
    zero: int


@dataclass(frozen=True)
class EnableCommand:
    """A motor (1 to 6, the gripper's 7, which also stands for all) to be enabled or let go."""

    motor: int
    on: bool


@dataclass(frozen=True)
class LinkageCommand:
    """0xFA: it becomes the leader of another arm and says no more states; 0xFC: it follows commands again."""

    role: int


Command = StopCommand | ModeCommand | JointCommand | GripperCommand | EnableCommand | LinkageCommand


def command(frame: Frame) -> Command | None:
    """Return what a frame asks for; None for one that an arm takes no notice of."""
    data = frame.data.ljust(8, b"\0")
    match frame.identifier:
        case 0x150:
            return StopCommand(data[0], data[2])
        case 0x151:
            return ModeCommand(*data[:4])
        case 0x155 | 0x156 | 0x157:
            first, second = struct.unpack(">2i", data)
            pair = frame.identifier - JOINT_TARGETS
            return JointCommand(2 * pair, (first * MILLIDEGREE, second * MILLIDEGREE))
        case 0x159:
            opening, torque, code, zero = struct.unpack(">iHBB", data)
            return GripperCommand(opening * MICROMETRE, torque * 1e-3, code, zero)
        case 0x470:
            return LinkageCommand(data[0])
        case 0x471:
            return EnableCommand(data[0], data[1] == 2)
    return None
