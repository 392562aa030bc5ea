# SPDX-License-Identifier: Apache-2.0
"""When the simulator's rounds are due by the wall clock, and what becomes of time that was lost."""

from __future__ import annotations

# A world that fell behind catches up at most this much at once: a burst of physics would run away from a controller
# that had no chance to answer.
BURST_MAX = 0.01  # [s]
# What it lost beyond that to physics that were heavy for a moment, or to the processor, is made good little by little.
LOST_MAX = 0.2  # [s] of wall time; more than that is lost for good
CATCH_UP = 1.25  # times the pace, while time is made good


class Pace:
    """Absolute deadlines of rounds that take equally long.

    Only lateness of the simulator's own is made good. Where it stood still because others were slow, control or the
    cameras, going faster afterwards would leave them still less time for each simulated second.
    """

    def __init__(self, now: float) -> None:
        """`now`: wall time [s]; the first round is due a period later."""
        self._deadline = now
        self.lost = 0.0  # [s] of wall time, to be made good

    def next_round(self, period: float, now: float) -> float:
        """Return when the next round is due [s], `period` [s] of wall time after the last one or a little less."""
        self._deadline += period
        late = now - self._deadline - BURST_MAX
        if now < self._deadline:
            gained = min(self.lost, period * (1.0 - 1.0 / CATCH_UP))
            self.lost -= gained
            self._deadline -= gained
        elif late > 0.0:
            self._deadline += late
            self.lost = min(self.lost + late, LOST_MAX)
        return self._deadline

    def stood_still(self, seconds: float) -> None:
        """Take that the world waited for others so long [s of wall time]: all that follows is so much later."""
        self._deadline += seconds
