# SPDX-License-Identifier: Apache-2.0
"""How fast progress is: it waits for an arm that is held back, or that is commanded more than it can do.

The first is positional interpolation seen from the arm's side, the second what remains of the joints' limits when the
path bends towards a singularity after it was planned.
"""

from __future__ import annotations

SLEW = 5.0  # [1/s] how fast progress may slow down or pick up
UPDATE_EVERY = 4  # ticks between two updates of what progress has to wait for
RATE_MIN = 0.25  # progress never stops for a lagging arm: a contact would otherwise hold it for ever


class TimeScaling:
    """Chunk time a second of control, from a quarter of the configured speed to the whole of it."""

    def __init__(self, speed_scale: float) -> None:
        """Start at full speed, a share `speed_scale` of the chunks' own."""
        self._speed_scale = speed_scale
        self._rate = self._wanted = speed_scale
        self.share = 1.0  # of it, as whoever drives several groups at once says each tick
        self._ticks, self._elapsed = 0, 0.0

    @property
    def rate(self) -> float:
        """Return chunk time a second of control."""
        return self._rate * self.share

    def restart(self) -> None:
        """Be at full speed: the arm is at rest."""
        self._rate = self._wanted = self._speed_scale

    def due(self, dt: float) -> float:
        """Return the time since the last update [s] when one is due after dt [s], else 0."""
        self._ticks += 1
        self._elapsed += dt
        if self._ticks % UPDATE_EVERY:
            return 0.0
        elapsed, self._elapsed = self._elapsed, 0.0
        return elapsed

    def update(self, lag: float, speed: float, acceleration: float, clear: float, guard: float) -> None:
        """Choose the rate from shares of what is allowed.

        `lag` is the arm's behind its command, `speed` and `acceleration` are those of the joint that needs most of its
        own; `clear` is how fast the drive lets progress be, `guard` how fast the collision monitor does, of it.
        """
        # Acceleration goes with the square of the rate, as speed goes with the rate.
        share = min(clear, 2.0 - 2.0 * lag, 3.0 - 2.0 * speed, 3.0 - 2.0 * acceleration**0.5)
        # A share of the present rate: with nothing near it is 1, and must not keep a slowed rate from rising again.
        if guard < 1.0:
            share = min(share, guard * self._rate / self._speed_scale)
        self._wanted = max(RATE_MIN, share) * self._speed_scale

    def advance(self, dt: float) -> None:
        """Go towards the rate that was chosen."""
        if self._rate == self._wanted:
            return
        most = SLEW * dt
        self._rate += min(most, max(-most, self._wanted - self._rate))
