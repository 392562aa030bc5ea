# SPDX-License-Identifier: Apache-2.0
"""How far ahead of the commanded pose the path is sampled.

By time: as far as the filter delays, so that the commanded pose is where the path is. By distance (pure pursuit:
GR-3, section on roll-out; Coulter 1992): the sampled target stays a fixed distance ahead on the path, so that a fast
motion cuts its corners no more than a slow one, and a slow one is led earlier.
"""

from __future__ import annotations

SHORTEST, LONGEST = 0.5, 2.0  # of the filter's delay: a target close by would not be reached, one far off cuts corners
SETTLING_S = 0.15  # [s] a lookahead that leaps would be a leap in speed


class Lookahead:
    """The lookahead in time, and how it follows the speed of the tool."""

    def __init__(self, delay: float, distance: float) -> None:
        """Look ahead by `delay` [s], or by `distance` [m] when that is not 0."""
        self.time = delay  # [s]
        self.varies = distance > 0.0  # with the tool's speed
        self._distance = distance
        self._shortest, self._longest = SHORTEST * delay, LONGEST * delay

    def step(self, speed: float, dt: float) -> float:
        """Advance by dt [s] at a tool speed [m/s]; return by how much the lookahead grew [s]."""
        if not self.varies:
            return 0.0
        wanted = self._distance / max(speed, 1e-3)
        wanted = min(self._longest, max(self._shortest, wanted))
        change = (wanted - self.time) * min(1.0, dt / SETTLING_S)
        self.time += change
        return change
