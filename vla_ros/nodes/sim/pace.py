# SPDX-License-Identifier: Apache-2.0
"""When a simulated world takes its next round: paced to the wall clock, what it lost made good within bounds."""

from __future__ import annotations

# A world that fell behind, or stood still for somebody, makes so much good [s]; time beyond it is lost.
BACKLOG_MAX = 0.2
# It goes no faster than so many times its pace meanwhile: control ticks by the wall, and must have a chance to answer.
CATCH_UP = 1.25


class Pace:
    """Absolute deadlines, so that nothing adds up. All times are monotonic [s]."""

    def __init__(self, now: float) -> None:
        """Begin at `now`."""
        self._deadline = self._due = now

    def due(self, period: float, now: float) -> float:
        """Return when the next round of `period` [s] of wall time is due, `now` where that has passed."""
        self._deadline = max(self._deadline + period, now - BACKLOG_MAX)
        self._due = max(self._deadline, self._due + period / CATCH_UP, now)
        return self._due
