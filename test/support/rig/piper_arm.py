# SPDX-License-Identifier: Apache-2.0
"""A simulated PiPER at the end of a CAN cable: it says what the real arm says, as often, and obeys the same frames.

    python -m rig.piper_arm SOCKET [STATE]

What the real arm does beyond its protocol is taken from its maker's answers: an arm without power falls, teaching ends
in standby until a reset, a target out of range is not followed and said (state 4), two commands enable the motors. An
assumption: the profile with which it approaches a target, at a share of 3 rad/s and 5 rad/s², its published limits.
It rests on something where it begins, until it is enabled. Lines on its input change it (`Fault`); each is answered
with what it does and has heard, in JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from unix_can import Frame, UnixCanDevice

from rig import piper_protocol as protocol

PRIORITY = 30  # above the nodes'
DT = 1.0 / protocol.STATES_HZ  # [s]
LOWER = np.array([-2.6179, 0.0, -2.967, -1.745, -1.22, -2.09439])  # [rad]
UPPER = np.array([2.6179, 3.14, 0.0, 1.745, 1.22, 2.09439])
HOME = np.array([0.0, 1.2422, -0.8213, 0.0, 0.7135, 0.0])
SPEED, ACCELERATION = 3.0, 5.0  # [rad/s] at 100 %, [rad/s²]
DROP = 1.0  # [rad/s] at which joints without power fall, until it lies: at zero
SAGGING = 0.1  # of the way to where it hangs, each DT
STROKE, GRIPPER_SPEED = 0.07, 0.1  # [m], [m/s]
ENABLED, DRIVER_ERROR, ZEROED = 1 << 6, 1 << 5, 1 << 7
STANDBY, CAN, TEACHING, LEADER = 0, 1, 2, 6
NORMAL, STOPPED, OUT_OF_RANGE, COLLIDED = 0, 1, 4, 7


@dataclasses.dataclass
class Fault:
    """What goes wrong, or differs; a line on the input sets some of it."""

    silent: bool = False  # it says nothing: no power, a cable that came off
    state: int = NORMAL  # what its controller says of itself
    unheard: int = 0  # bit i: its controller does not hear joint i + 1
    drivers: tuple[int, ...] = (0,) * 6  # bits each joint's driver sets besides `enabled`
    gripper: int = 0  # bits the gripper's driver sets
    thing: float = 0.0  # [m] wide, between the fingers
    sag: float = 0.0  # [rad] joint 2 hangs below what it is told
    teaching: bool = False  # its button is pressed
    without_gripper: bool = False
    never_enables: bool = False
    late: float = 0.0  # [s] after they have power its motors say so
    remembered: tuple[float, ...] = ()  # [rad] where it goes once it has power: what it was told last, another day
    position: tuple[float, ...] = tuple(HOME)  # where it is at the start
    mute_driver: int = 0  # the joint, counted from 1, whose driver says nothing
    led: bool = False  # another arm leads it: its targets are on the bus
    reset: bool = False  # its maker's tool resets it
    missing: int = 0  # of the three frames of its joints the one, counted from 1, that it does not say
    garbled: int = 0  # the joint, counted from 1, that is at an angle that cannot be
    lowest: float = 0.0  # [rad] of joint 2, where its own limit is inside of the one that its maker publishes
    noise: bool = False  # frames of half a length under its identifiers


class PiperArm:
    """Joints, gripper and what the controller knows of who controls it."""

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault or Fault()
        self.position = np.array(self.fault.position)  # [rad] what its profile has reached
        self.farthest = 0.0  # [rad] from where it was at the start, with power
        self.velocity = np.zeros(6)
        self.target = self.position.copy()
        self.control, self.move, self.speed, self.follow = STANDBY, 0, 0, 0
        self.state = NORMAL
        self._refused: set[int] = set()  # joints whose last target it does not follow
        self.sagged = 0.0  # [rad]
        self.enabled, self._resting = False, True
        self._enablings = 0
        self._needs_reset = False
        self.opening, self.wanted, self.torque, self.gripper_on = 0.05, 0.05, 0.0, False
        self.heard: Counter[str] = Counter()
        self.targets, self.aimed = 0, 0.0  # [s] wall clock of the last
        self._ticks = self._ticks_off = 0

    @property
    def measured(self) -> np.ndarray:
        """Return where the joints are (6,) [rad]."""
        sagging = np.zeros(6)
        sagging[1] = self.sagged
        return self.position - sagging

    # -- hears ---------------------------------------------------------------------------------------------------------
    def hear(self, frame: Frame) -> None:
        """Do what a frame asks for."""
        command = protocol.command(frame)
        self.heard[f"{frame.identifier:03x}"] += 1
        match command:
            case protocol.StopCommand(stop=1):
                self.state = STOPPED
            case protocol.StopCommand(stop=2):
                self.enabled, self._enablings, self.control, self.state = False, 0, STANDBY, NORMAL
                self._needs_reset = False
            case protocol.ModeCommand(control, move, speed, follow):
                if self.control in (TEACHING, LEADER) or self._needs_reset:
                    return
                self.control, self.move, self.speed, self.follow = control, move, speed, follow
            case protocol.JointCommand(first, position):
                self._aim(first, np.array(position))
            case protocol.GripperCommand(opening, torque, code, _):
                self.wanted, self.torque, self.gripper_on = np.clip(opening, 0.0, STROKE), torque, bool(code & 1)
                if code & 2:
                    self.fault.gripper = 0
            case protocol.EnableCommand(motor, on) if motor >= 7:
                self._enablings = self._enablings + 1 if on else 0
                if self._enablings == 2 and not self.fault.never_enables:
                    self.enabled, self._resting, self._ticks_off = True, False, round(self.fault.late / DT)
                    self.velocity = np.zeros(6)
                    self.target = np.array(self.fault.remembered or self.position)
                self.enabled = self.enabled and on
            case protocol.LinkageCommand(role):
                self.control = LEADER if role == 0xFA else STANDBY

    def _aim(self, first: int, position: np.ndarray) -> None:
        if self.control != CAN or self.move != 1 or not self.enabled:
            return
        pair = slice(first, first + 2)
        lower = np.maximum(LOWER, [-np.inf, self.fault.lowest] + [-np.inf] * 4)[pair]
        if (position < lower - 1e-4).any() or (position > UPPER[pair] + 1e-4).any():
            self._refused.add(first)
            return
        self._refused.discard(first)
        self.target[pair] = position
        self.targets += 1
        self.aimed = time.time()

    # -- moves ---------------------------------------------------------------------------------------------------------
    def step(self) -> None:
        """Go on by DT."""
        if self.fault.reset:
            self.fault.reset = False
            self.hear(Frame(protocol.STOP, bytes([2])))
        if self.fault.teaching:
            self.control, self._needs_reset = TEACHING, True
        elif self.control == TEACHING:
            self.control = STANDBY
        stuck = self.fault.state not in (NORMAL, OUT_OF_RANGE) or self.state == STOPPED
        if self._resting:
            pass
        elif not self.enabled or self.state == STOPPED:
            self.position = np.sign(self.position) * np.maximum(np.abs(self.position) - DROP * DT, 0.0)
            self.velocity[:] = 0.0
        elif stuck or self.control != CAN:
            self.velocity[:] = 0.0
        else:
            self._approach()
        self.sagged += SAGGING * ((self.fault.sag if self.enabled else 0.0) - self.sagged)
        step = np.clip(self.wanted - self.opening, -GRIPPER_SPEED * DT, GRIPPER_SPEED * DT)
        if self.gripper_on:
            closing = step < 0.0 and self.opening >= self.fault.thing
            self.opening = max(self.opening + step, self.fault.thing) if closing else self.opening + step
        self._ticks += 1
        self._ticks_off -= 1

    def _approach(self) -> None:
        """Approach the targets so that the joints come to rest there, within speed and acceleration."""
        away = self.target - self.position
        fastest = SPEED * self.speed / 100.0
        wanted = np.clip(away / DT, -fastest, fastest)
        wanted = np.sign(wanted) * np.minimum(np.abs(wanted), np.sqrt(2.0 * ACCELERATION * np.abs(away)))
        change = np.clip(wanted - self.velocity, -ACCELERATION * DT, ACCELERATION * DT)
        self.velocity = self.velocity + change
        self.position = self.position + self.velocity * DT
        self.farthest = max(self.farthest, float(np.abs(self.position - self.fault.position).max()))

    # -- says ----------------------------------------------------------------------------------------------------------
    def say(self) -> list[Frame]:
        """Return the frames of one cycle."""
        if self.fault.silent or self.control == LEADER:
            return []
        state = self.fault.state or self.state or (OUT_OF_RANGE if self._refused else NORMAL)
        at_limit = sum(1 << i for i in np.flatnonzero((self.position <= LOWER) | (self.position >= UPPER)))
        arrived = bool(np.abs(self.target - self.position).max() < 1e-3)
        status = protocol.Status(
            self.control, state, self.move, int(self.fault.teaching), arrived, at_limit, self.fault.unheard
        )
        measured = self.measured
        if self.fault.garbled:
            measured[self.fault.garbled - 1] = 1e4
        joints = protocol.joint_frames(measured)
        if self.fault.missing:
            del joints[self.fault.missing - 1]
        frames = [status.frame(), *protocol.pose_frames(), *joints]
        if not self.fault.without_gripper:
            blocked = self.gripper_on and abs(self.opening - self.wanted) > 1e-4
            bits = ZEROED | (ENABLED if self.gripper_on else 0) | self.fault.gripper
            frames.append(protocol.gripper_frame(self.opening, self.torque if blocked else 0.0, bits))
        frames += [protocol.fast_frame(i, self.velocity[i], 0.0, self.position[i]) for i in range(6)]
        if self._ticks % (protocol.STATES_HZ // protocol.DRIVERS_HZ) == 0:
            enabled = ENABLED if self.enabled and self._ticks_off <= 0 else 0
            frames += [
                protocol.slow_frame(i, bits | enabled)
                for i, bits in enumerate(self.fault.drivers)
                if i + 1 != self.fault.mute_driver
            ]
        if self.fault.noise:
            frames += [Frame(frame.identifier, frame.data[:4]) for frame in frames]
        if self.fault.led:
            frames += [Frame(protocol.JOINT_TARGETS + pair, bytes(8)) for pair in range(3)]
        return frames

    def report(self) -> dict[str, object]:
        """Return what it does and has heard."""
        return {
            "position": self.position.tolist(),
            "target": self.target.tolist(),
            "speed": float(np.abs(self.velocity).max()),
            "farthest": self.farthest,
            "enabled": self.enabled,
            "control": self.control,
            "share": self.speed,
            "follow": self.follow,
            "opening": float(self.opening),
            "wanted": float(self.wanted),
            "heard": dict(self.heard),
            "targets": self.targets,
            "aimed": self.aimed,
        }


def serve(path: Path, arm: PiperArm) -> None:
    """Be an arm at the end of a cable until the input ends."""
    device = UnixCanDevice(path)
    print("ready", flush=True)
    due = time.monotonic()
    while True:
        due += DT
        while (rest := due - time.monotonic()) > 0.0:
            frames, lines = device.receive(rest, sys.stdin)
            for frame in frames:
                arm.hear(frame)
            if lines:
                line = sys.stdin.readline()
                if not line:
                    return
                for name, value in json.loads(line).items():
                    setattr(arm.fault, name, value)
                print(json.dumps(arm.report()), flush=True)
        arm.step()
        device.send(arm.say())
        due = max(due, time.monotonic() - 10 * DT)  # after a stall it says what is, not what would have been


def main() -> int:
    """Run the arm."""
    values = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    with contextlib.suppress(PermissionError):  # an arm does not wait for the computer that drives it
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    with contextlib.suppress(KeyboardInterrupt):
        serve(Path(sys.argv[1]), PiperArm(Fault(**values)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
