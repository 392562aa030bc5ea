# SPDX-License-Identifier: Apache-2.0
"""AgileX's PiPER over CAN, through its maker's piper_sdk: positions of six joints, and a gripper.

The arm is driven in its position mode (MOVE J, `is_mit_mode` 0): it goes to each target by a profile of its own, within
a share of its speed. In the mode that follows targets hard (0xAD) it shakes and gives up accuracy, as its maker says
(piper_sdk, issues 10, 17 and 108). Velocities of its motors and torques are left alone: their signs and factors differ
between firmwares (issue 99), and positions come 200 times a second to 17 µrad.

Nothing here disables a motor, stops or resets the arm: each of these lets it fall.
"""

from __future__ import annotations

import time

import numpy as np

from vla_ros.hardware.piper.state import CAN_CONTROL, MICROMETRE, MILLIDEGREE, NEVER, PiperState
from vla_ros.hardware.sdk import ArmReading

MOVE_J, POSITION_MODE, ALL_MOTORS = 0x01, 0x00, 7
ENABLE, ENABLE_AND_CLEAR = 0x01, 0x03
ENGAGE_SPEED = 1  # [%]
ENGAGE_S, ENGAGE_PERIOD_S = 3.0, 0.05  # [s] two commands enable the motors, which say so 40 times a second
SEND_PERIOD_S = 0.004  # [s] with joints and gripper a tenth of the bus; the arm's own frames take 0.4
GRIP_PERIOD_S = 0.1  # [s] an opening that stays is said as often
SAG = 0.05  # [rad] an arm hangs this far below its target: there it is to stay, and not sink again with each hold
BRAKING = 5.0  # [rad/s²]
GRIP_TORQUE = 1.0  # [N·m] of at most 5


class PiperSdk:
    """One PiPER, enabled and holding once it is made, unless `fault` says why not."""

    kinds = ("position",)

    def __init__(self, address: str, speed_share: float = 0.8) -> None:
        """Connect to the arm on a CAN port such as can_left; `speed_share` of its 3 rad/s it may use.

        The default is what control plans with (`joint_speed_scale`). Raises ConfigError where piper_sdk is missing, the
        port is missing, down or of another bit rate, or no arm answers.
        """
        self._speed = max(1, round(100.0 * speed_share))  # [%]
        self._state = PiperState(address)
        limits = [self._state.sdk.GetSDKJointLimitParam(f"j{joint}") for joint in range(1, 7)]
        self._range = np.array(limits).T  # (2, 6) [rad]
        self._target: np.ndarray | None = None  # (6,) [rad]
        self._unsent = False
        self._opening: float | None = None  # [m] that it was told last
        self._ungripped: float | None = None  # [m]
        self._sent, self._gripped, self._engaged = NEVER, NEVER, NEVER  # [s] monotonic
        self._engage_until = NEVER
        self.recover()
        while self._engage_until > NEVER:
            self.read()
            time.sleep(0.005)

    @property
    def fault(self) -> str:
        """Say why it does not move, or ""."""
        return self._state.fault

    def read(self) -> ArmReading | None:
        """Return the newest reading; send what waits."""
        if self._engage_until > NEVER:
            self._engage()
        self._send()
        return self._state.reading

    def drive(self, kind: str, values: np.ndarray) -> None:
        """Take positions (6,) [rad]; of several within SEND_PERIOD_S the newest is sent."""
        self._target, self._unsent = np.array(values, float), True
        self._send()

    def grip(self, width: float) -> None:
        """Take the wanted opening [m]."""
        if width != self._opening or time.monotonic() - self._gripped > GRIP_PERIOD_S:
            self._ungripped = width
            self._send()

    def hold(self) -> None:
        """Stay where it was told to be, or where it can stop if that is elsewhere."""
        state, self._unsent = self._state, False
        if state.blocked or state.unready or not state.fresh:
            self._target = None
            return
        self._tell(self._resting(None if state.awaits_target else self._target, state.velocity))

    def recover(self) -> None:
        """Take control of an arm that could be told: enable its motors where it is, clear its gripper's errors.

        An emergency stop and a collision end by a reset alone, which lets the arm fall and is not done from afar.
        """
        self._engage_until = time.monotonic() + ENGAGE_S

    def close(self) -> None:
        """Hold, and let go of the port; the arm stays enabled, because without power it falls."""
        self.hold()
        self._state.close()

    def _engage(self) -> None:
        """Do a step towards an arm that is enabled, takes targets from here, and rests."""
        state, now = self._state, time.monotonic()
        if state.blocked or now > self._engage_until:
            self._engage_until = NEVER
            return
        if not state.fault and state.fresh:
            self._engage_until = NEVER
            self._tell(self._resting(self._target))
            self._call("ModeCtrl", CAN_CONTROL, MOVE_J, self._speed, POSITION_MODE)
            return
        if now - self._engaged < ENGAGE_PERIOD_S or not state.fresh:
            return
        self._engaged, self._unsent, self._ungripped = now, False, None
        # Slowly: a motor that gets its power may go for a place that the arm was told before.
        self._call("ModeCtrl", CAN_CONTROL, MOVE_J, ENGAGE_SPEED, POSITION_MODE)
        # Without power it is told to be wherever it is now: what it was told before may be far away.
        self._tell(self._resting(self._target if state.enabled and not state.awaits_target else None))
        if not state.enabled:
            self._call("EnableArm", ALL_MOTORS)
        width = state.reading.width if state.reading is not None else None
        # A gripper that is enabled may hold something: it is not told another opening.
        if width is not None and (state.gripper_error or not state.gripper_enabled):
            self._grip(max(0.0, width), ENABLE_AND_CLEAR)
        state.led = False  # it has a mode of ours

    def _send(self) -> None:
        """Send what waits, unless it comes too soon after the last or something is the matter."""
        now = time.monotonic()
        if not (self._unsent or self._ungripped is not None) or now - self._sent < SEND_PERIOD_S:
            return
        if self._state.fault or not self._state.fresh:
            self._target, self._unsent, self._ungripped = None, False, None
            return
        if self._unsent and self._target is not None:
            self._tell(self._target)
        if self._ungripped is not None:
            self._grip(self._ungripped, ENABLE)
        self._sent, self._unsent, self._ungripped = now, False, None

    def _resting(self, target: np.ndarray | None, velocity: np.ndarray | float = 0.0) -> np.ndarray:
        """Return where each joint is to rest (6,) [rad]: at its target where it hangs about there, else where it stops.

        `velocity` (6,) [rad/s], from which it brakes. An arm that were told to be where it is would turn back where it
        moves, and sink by its sag where it does not.
        """
        assert self._state.reading is not None, "a PiperState has heard where the arm is"
        stop = self._state.reading.position + velocity * np.abs(velocity) / (2.0 * BRAKING)
        if target is not None:
            stop = np.where(np.abs(target - stop) < SAG, target, stop)
        return np.clip(stop, *self._range)

    def _tell(self, target: np.ndarray) -> None:
        self._target = target
        self._call("JointCtrl", *(round(angle) for angle in (target / MILLIDEGREE).tolist()))

    def _grip(self, opening: float, code: int) -> None:
        self._opening, self._gripped = opening, time.monotonic()
        self._call("GripperCtrl", round(opening / MICROMETRE), round(GRIP_TORQUE * 1e3), code, 0)

    def _call(self, name: str, *values: int) -> None:
        """Have the SDK send something; it says in its log alone that it could not."""
        with self._state.log.listening():
            getattr(self._state.sdk, name)(*values)
