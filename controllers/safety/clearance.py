# SPDX-License-Identifier: Apache-2.0
"""What keeps the arm's links apart in motion: for the pairs nearest to contact, how fast they may approach.

Each pair is a row: its distance d and the gradient n = ∂d/∂q where it was last looked at. In between d goes on along
the gradient. A drive keeps  n q̇ ≥ −v(d − floor)  by the smallest change of its command, so the arm is slowed, and bent
aside, before the gate of `self_distance.py` would stop it.
"""

from __future__ import annotations

import numpy as np

from controllers.safety.braking_profile import BrakingProfile

ROWS = 16  # pairs at once
RESERVE = 0.005  # [m] above the distance that the gate keeps
APPROACH_RATE = 6.0  # [1/s] below what the gate lets pass: 1/(time to stop + time between two looks at a pair)
BRAKING = 4.0  # [m/s²] of two links that approach each other
UNBOUNDED = -1e6  # of a row without a pair


class Clearance:
    """The rows of one arm of N joints; always ROWS of them, those without a pair bind nothing."""

    def __init__(self, size: int) -> None:
        """Start without a pair."""
        self.gradients = np.zeros((ROWS, size))  # [m/rad]
        self.count = 0
        self._distances, self._q = np.zeros(ROWS), np.zeros(size)  # [m] above the floor at q [rad]
        self._now, self._speed, self._step = np.zeros(ROWS), np.zeros(ROWS), np.zeros(size)
        self._rates = np.zeros(ROWS)
        self._profile = BrakingProfile(APPROACH_RATE, BRAKING)

    def clear(self) -> None:
        """Forget every pair."""
        self.count = 0
        self.gradients[:] = 0.0

    def set(self, q: np.ndarray, distances: np.ndarray, gradients: np.ndarray) -> None:
        """Take K pairs' distances (K,) [m] above what they keep, and gradients (K, N), at q (N,) [rad]."""
        self.count = count = len(distances)
        self._q[:] = q
        self._distances[:count] = distances
        self.gradients[:count], self.gradients[count:] = gradients, 0.0

    def speeds(self, q: np.ndarray) -> np.ndarray:
        """Return how fast each row may approach at q (N,) [rad] (ROWS,) [m/s], a view; below 0 it has to part."""
        now = self.gradients.dot(np.subtract(q, self._q, out=self._step), out=self._now)
        now += self._distances
        self._profile.write(now, self._speed)
        self._speed[self.count :] = -UNBOUNDED
        return self._speed

    def rates(self, dq: np.ndarray) -> np.ndarray:
        """Return how fast each distance grows at dq (N,) [rad/s] (ROWS,) [m/s], a view; likewise for accelerations."""
        return self.gradients.dot(dq, out=self._rates)
