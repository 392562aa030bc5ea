# SPDX-License-Identifier: Apache-2.0
"""Simulated seconds a second of wall time: of the last second, on average, and in the worst second."""

from __future__ import annotations


class RealTimeFactor:
    """Measure in windows of one wall second."""

    def __init__(self, window: float = 1.0) -> None:
        self._window = window  # [s]
        self._start: tuple[float, float] | None = None  # wall, simulated [s]
        self._opened = (0.0, 0.0)
        self.last = self.mean = self.worst = 1.0

    def update(self, wall: float, simulated: float) -> bool:
        """Take both times [s]; True when a window has just closed."""
        if self._start is None:
            self._start = self._opened = (wall, simulated)
            return False
        wall0, simulated0 = self._opened
        if wall - wall0 < self._window:
            return False
        first = self._opened == self._start
        self.last = (simulated - simulated0) / (wall - wall0)
        self.worst = self.last if first else min(self.worst, self.last)
        self.mean = (simulated - self._start[1]) / (wall - self._start[0])
        self._opened = (wall, simulated)
        return True

    def restart(self) -> None:
        """Begin anew, as after a reset of the simulation."""
        self._start = None
