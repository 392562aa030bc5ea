# SPDX-License-Identifier: Apache-2.0
"""A commanded configuration, integrated within the joints' speed, acceleration and range whatever is asked."""

from __future__ import annotations

from math import isfinite

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.control_config import KinematicsConfig
from controllers.drives.velocity_bounds import VelocityBounds

REST_SPEED = 1e-3  # [rad/s] of the command: below it the joints are held


class CommandedJoints:
    """What N joints are commanded, from where they were taken over on, and never from measured ones.

    The driver's own lag would otherwise be fed back as motion. What is measured only holds it back (`lead_max`).
    """

    def __init__(self, limits: ArmLimits, config: KinematicsConfig) -> None:
        """Start at 0, at rest."""
        n = len(limits.lower)
        self.q, self.dq = np.zeros(n), np.zeros(n)  # (N,) [rad], [rad/s]
        self.bounds = VelocityBounds(limits, config.lead_max)
        self._config = config
        self._wanted, self._scratch = np.zeros(n), np.zeros(n)

    @property
    def still(self) -> bool:
        """Say whether the command stands still."""
        return max(map(abs, self.dq.tolist())) < REST_SPEED

    def place(self, q: np.ndarray) -> None:
        """Be at q (N,), at rest."""
        self.q[:] = q
        self.dq[:] = 0.0

    def towards(self, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Return the speed (N,) that follows a reference's position and velocity (N,), a view."""
        wanted = np.subtract(position, self.q, out=self._wanted)
        wanted *= self._config.pull
        wanted += velocity
        return wanted

    def standing(self) -> np.ndarray:
        """Return no speed (N,), a view."""
        self._wanted[:] = 0.0
        return self._wanted

    def advance(self, wanted: np.ndarray, dt: float) -> bool:
        """Let the bounds, the last gate, pass `wanted` (N,) and integrate; False, and a halt, when not finite."""
        finite = isfinite(wanted.dot(wanted))
        self.dq[:] = wanted if finite else 0.0
        np.maximum(self.dq, self.bounds.lower, out=self.dq)
        np.minimum(self.dq, self.bounds.upper, out=self.dq)
        self.q += np.multiply(self.dq, dt, out=self._scratch)
        return finite

    def lag(self, measured: np.ndarray) -> float:
        """Return how far measured joints (N,) are behind the command, as a share of the most it may lead them."""
        behind = np.subtract(self.q, measured, out=self._scratch)
        return max(map(abs, behind.tolist())) / self._config.lead_max
