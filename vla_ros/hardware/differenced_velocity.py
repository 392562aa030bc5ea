# SPDX-License-Identifier: Apache-2.0
"""Velocities where a driver gives none, or noise."""

from __future__ import annotations

import numpy as np

MEASURED_OVER_S = 0.02  # [s]


class DifferencedVelocity:
    """Velocities of joints from their positions, over a time that swallows the noise of an encoder."""

    def __init__(self, size: int) -> None:
        self._past: list[tuple[float, np.ndarray]] = []
        self._velocity = np.zeros(size)

    def update(self, now: float, position: np.ndarray) -> np.ndarray:
        """Return velocities (N,) at `now` [s], where the joints are at `position` (N,)."""
        if self._past and now <= self._past[-1][0]:
            return self._velocity
        self._past.append((now, position.copy()))
        while len(self._past) > 2 and now - self._past[1][0] >= MEASURED_OVER_S:
            self._past.pop(0)
        before, where = self._past[0]
        if before < now:
            self._velocity = (position - where) / (now - before)
        return self._velocity
