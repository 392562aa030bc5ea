# SPDX-License-Identifier: Apache-2.0
"""How fast something may approach what it must not pass, so that it slows down evenly and arrives at rest.

    v(d) = k d  for d ≤ a/k²,   √(2 a d − a²/k²)  beyond

Far off that is braking at a, close by an exponential approach at the rate k. Value and slope agree where they meet.
"""

from __future__ import annotations

import numpy as np


class BrakingProfile:
    """The speed allowed at a distance, for any number of distances at once."""

    def __init__(self, rate: float, acceleration: float | np.ndarray) -> None:
        """Approach at `rate` k [1/s] close by, brake at `acceleration` a [m/s², rad/s²], one or one for each."""
        self._rate, self._twice = rate, 2.0 * np.asarray(acceleration, dtype=float)
        self._knee = 0.5 * self._twice / rate**2
        self._offset = self._knee * 0.5 * self._twice

    def write(self, distance: np.ndarray, speed: np.ndarray) -> None:
        """Write the speed allowed at each distance, of the same shape, which is changed.

        Behind what must not be passed the speed is negative: k d, the way back.
        """
        np.maximum(distance, self._knee, out=speed)
        speed *= self._twice
        speed -= self._offset
        np.sqrt(speed, out=speed)
        distance -= self._knee
        np.minimum(distance, 0.0, out=distance)
        distance *= self._rate
        speed += distance
