# SPDX-License-Identifier: Apache-2.0
"""A Franka Panda and its hand, as vla_ros.hardware.sdk asks for them."""

from __future__ import annotations

import numpy as np

from vla_ros.hardware.panda.arm import PandaArm
from vla_ros.hardware.panda.hand import PandaHand
from vla_ros.hardware.sdk import ArmReading


class PandaSdk:
    """One Panda with a Franka Hand."""

    kinds = ("effort", "position")

    def __init__(self, address: str) -> None:
        """Connect to both. Raises ConfigError where one does not answer, or the arm cannot be moved as it is."""
        self._arm = PandaArm(address)
        try:
            self._hand = PandaHand(address)
        except BaseException:
            self._arm.close()
            raise
        self._reading: ArmReading | None = None

    @property
    def fault(self) -> str:
        """Say why the robot does not move, or ""."""
        return self._arm.fault or self._hand.fault

    def read(self) -> ArmReading | None:
        """Return the newest reading; efforts are what the joints' sensors say, without the arm's weight."""
        stamp, state = self._arm.read()
        if self._reading is None or stamp != self._reading.stamp:
            effort = np.array(state.tau_J) - self._arm.weight(state)
            self._reading = ArmReading(stamp, np.array(state.q), np.array(state.dq), effort, self._hand.width)
        return self._reading

    def drive(self, kind: str, values: np.ndarray) -> None:
        """Take efforts beyond gravity, Coriolis included (7,) [N·m], or positions (7,) [rad]."""
        self._arm.drive(kind, values)

    def grip(self, width: float) -> None:
        """Take the wanted opening [m]."""
        self._hand.want(width)

    def hold(self) -> None:
        """Stay where the arm is; the hand goes on holding what it holds."""
        self._arm.hold()

    def recover(self) -> None:
        """Have an arm at fault clear its errors and be held again."""
        self._arm.recover()

    def close(self) -> None:
        """Bring the arm to rest and let go of both."""
        self._arm.close()
        self._hand.close()
