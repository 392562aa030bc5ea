# SPDX-License-Identifier: Apache-2.0
"""How much of the joints' speed and acceleration the commanded motion takes: what progress is slowed by."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.control_config import SafetyConfig


class LimitUtilisation:
    """Shares of what is allowed, each of the joint that needs most."""

    def __init__(self, speed: np.ndarray, limits: ArmLimits, config: SafetyConfig) -> None:
        """Allow joint speeds `speed` (N,) [rad/s], and the limits' accelerations with the configured margin."""
        self._speed_inverse = 1.0 / speed
        acceleration = config.acceleration_margin * limits.acceleration
        self._acceleration_inverse = 1.0 / acceleration
        self.gain_rate = float((acceleration / speed).min())  # [1/s] share of its speed that the slowest joint gains
        self._before, self._known = np.zeros(len(speed)), False  # desired joint speed at the last update
        self._scratch = np.zeros(len(speed))

    def forget(self) -> None:
        """Compare nothing with the last update: what the joint speed is computed from has changed."""
        self._known = False

    def update(self, dq: np.ndarray, elapsed: float) -> tuple[float, float]:
        """Return the shares of speed and acceleration at dq (N,) [rad/s] desired, `elapsed` [s] after the last update.

        The acceleration is the mean of that time.
        """
        shares = np.multiply(dq, self._speed_inverse, out=self._scratch).tolist()
        speed = max(max(shares), -min(shares))
        acceleration = 0.0
        if self._known and elapsed > 0.0:
            np.subtract(dq, self._before, out=self._scratch)
            self._scratch *= self._acceleration_inverse
            changes = self._scratch.tolist()
            acceleration = max(max(changes), -min(changes)) / elapsed
        self._before[:], self._known = dq, True
        return speed, acceleration
