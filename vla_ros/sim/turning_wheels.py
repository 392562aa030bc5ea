# SPDX-License-Identifier: Apache-2.0
"""How far the wheels under a simulated base have turned: as it moved. In its model they stand still, so none slips."""

from __future__ import annotations

import numpy as np

from vla_ros.robots.wheels import WheelGroup
from vla_ros.sim.drives import BaseDrive


class TurningWheels:
    """Count the turns of wheels from where the base is now."""

    def __init__(self, wheels: WheelGroup, base: BaseDrive) -> None:
        self.angles = np.zeros(len(wheels.joints))  # (N,) [rad]
        self._wheels, self._base = wheels, base
        self._q = np.array(base.q)  # (3,) x, y [m], yaw [rad] up to which they are counted

    @property
    def speeds(self) -> np.ndarray:
        """Return how fast they turn (N,) [rad/s]."""
        return self._wheels.speeds(self._base.twist)

    def update(self) -> None:
        """Turn them by what the base has moved since."""
        x, y, turn = self._base.q - self._q
        middle = self._q[2] + 0.5 * turn
        cos, sin = np.cos(middle), np.sin(middle)
        self.angles += self._wheels.matrix @ [cos * x + sin * y, cos * y - sin * x, turn]
        self._q = np.array(self._base.q)
