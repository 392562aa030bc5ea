# SPDX-License-Identifier: Apache-2.0
"""Another payload while the arm is driven: mass and first moment glide, so neither weight nor inertia makes a step."""

from __future__ import annotations

import numpy as np

from controllers.arm.arm_dynamics import Payload
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError


class PayloadChange:
    """Glide from the model's payload to another within `duration` [s].

    `change` may be called in any thread: one assignment, which `advance` finds in the loop's thread.
    """

    def __init__(self, model: ArmModel, duration: float) -> None:
        self._model, self._duration = model, duration
        self._wanted = self._goal = self._begin = model.payload
        self._share = 1.0

    def change(self, payload: Payload) -> None:
        """Carry `payload` from now on. Raises ConfigError when its weight would pass from us to the driver, or back."""
        now = self._wanted
        if now.mass and payload.mass and now.in_driver != payload.in_driver:
            raise ConfigError("payload: 'in_driver' is fixed while the hand carries something: put it down first")
        self._wanted = payload

    def advance(self, dt: float) -> None:
        """Go on by dt [s] with a change, if there is one."""
        if self._wanted is not self._goal:
            self._begin, self._goal, self._share = self._model.payload, self._wanted, 0.0
        elif self._share == 1.0:
            return
        self._share = s = min(1.0, self._share + dt / self._duration)
        last = self._share == 1.0
        self._model.carry(self._goal if last else _between(self._begin, self._goal, s * s * (3.0 - 2.0 * s)))

    def settle(self) -> None:
        """Take what is wanted at once: the arm is not driven."""
        self.advance(self._duration)


def _between(first: Payload, second: Payload, share: float) -> Payload:
    mass = (1.0 - share) * first.mass + share * second.mass
    if mass == 0.0:
        return second
    moment = (1.0 - share) * first.mass * np.array(first.center) + share * second.mass * np.array(second.center)
    x, y, z = (moment / mass).tolist()
    return Payload(mass, (x, y, z), first.in_driver if first.mass else second.in_driver)
