# SPDX-License-Identifier: Apache-2.0
"""One arm and gripper behind a vendor's SDK, and the gate before what they are told."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.hardware.differenced_velocity import DifferencedVelocity
from vla_ros.hardware.sdk import ArmReading, ArmSdk
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.joint_layout import check_numbers
from vla_ros.robots.ros2_control.names import command_controller
from vla_ros.robots.sdk import SdkConfig

# [s] control says what it wants more often; afterwards the arm holds. A torque that goes on is worse than a place.
COMMAND_AGE_S = {"effort": 0.05, "position": 0.1}
NEVER = float("-inf")


class JointValues(NamedTuple):
    """All joints of an arm and of its gripper's fingers (N,)."""

    position: np.ndarray  # [rad] or [m]
    velocity: np.ndarray
    effort: np.ndarray  # [N·m] or [N]; NaN where the SDK says none


class GatedArm:
    """What an arm says, whole and finite, and what it may be told, by the topics that tell it."""

    def __init__(self, robot: Embodiment, config: SdkConfig, kind: str, sdk: ArmSdk) -> None:
        """Take commands of `kind` for the arm. Raises ConfigError where its SDK takes none."""
        if kind not in sdk.kinds:
            raise ConfigError(
                f"sdk: {config.sdk} takes {' or '.join(sdk.kinds)} for the arm '{config.arm}', not {kind}: "
                f"add command:={sdk.kinds[0]}"
            )
        self.config, self.sdk = config, sdk
        self.layout = config.layout(robot)
        _, *self._gripper_topics = self.layout.parts
        self.topics = (f"{command_controller(config.arm, kind)}/commands", *self._gripper_topics)
        self.stamp = NEVER  # [s] monotonic, of the newest reading
        self._kind, self._arm = kind, robot.arm(config.arm)
        self._names = (*self._arm.joints, config.gripper)[: self.layout.size]
        self._reading: ArmReading | None = None
        self._measured, self._wanted = np.full((2, self.layout.size), np.nan)
        self._velocity = DifferencedVelocity(self.layout.size)
        self._commanded = NEVER  # [s] monotonic; NEVER: it holds

    def silent(self, after: float) -> bool:
        """Say whether nothing has come of it for longer than `after` [s]."""
        return time.monotonic() - self.stamp > after

    def read(self) -> None:
        """Take the newest reading that is whole and finite."""
        reading = self.sdk.read()
        if reading is None or reading.stamp == self.stamp:
            return
        values = np.append(reading.position, [] if reading.width is None else reading.width)
        if len(values) == self.layout.size and np.isfinite(values).all():
            self._reading, self._measured[:], self.stamp = reading, values, reading.stamp

    def joints(self) -> JointValues:
        """Return the newest reading by the robot's joints; velocities are differences where the SDK says none."""
        assert self._reading is not None, "joints() before the first reading"
        count = len(self._arm.joints)
        velocity = self._velocity.update(self.stamp, self._measured).copy()
        effort = np.full(self.layout.size, np.nan)
        if self._reading.velocity is not None:
            velocity[:count] = self._reading.velocity
        if self._reading.effort is not None:
            effort[:count] = self._reading.effort
        return JointValues(*(self.layout.spread(values) for values in (self._measured, velocity, effort)))

    def take(self, topic: str, numbers: np.ndarray) -> None:
        """Pass on a command that came on one of `topics`.

        Raises VlaError, and passes nothing on, for one of the wrong length, that is not finite, beyond the URDF's
        limits, or a jump; and for any command before the arm has said where it is.
        """
        if not np.isfinite(self._measured).all():
            raise VlaError(f"{topic}: the arm has not said yet where it is")
        if topic in self._gripper_topics:
            self.layout.take(topic, numbers, self._wanted, self._measured, self._names)
            self.sdk.grip(float(self._wanted[-1]))
            return
        if self._kind == "effort":
            self._check_efforts(topic, numbers)
            values = numbers
        else:
            self.layout.take(topic, numbers, self._wanted, self._measured, self._names)
            values = self._wanted[: len(self._arm.joints)]
        self.sdk.drive(self._kind, values.copy())
        self._commanded = time.monotonic()

    def hold_if_silent(self) -> None:
        """Have the arm hold once its commands have stopped coming."""
        if time.monotonic() - self._commanded > COMMAND_AGE_S[self._kind]:
            self.hold()

    def hold(self) -> None:
        """Have the arm hold where it was driven; the gripper goes on holding what it holds."""
        if self._commanded > NEVER:
            self._commanded = NEVER
            self.sdk.hold()

    def _check_efforts(self, topic: str, numbers: np.ndarray) -> None:
        check_numbers(topic, numbers, len(self._arm.joints))
        over = np.abs(numbers) - self._arm.effort
        if over.max() > 0.0:
            worst = int(over.argmax())
            raise VlaError(
                f"{topic}: {self._names[worst]} at {numbers[worst]:.1f} N·m, allowed {self._arm.effort[worst]:.1f}"
            )
