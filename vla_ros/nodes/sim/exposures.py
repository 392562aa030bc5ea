# SPDX-License-Identifier: Apache-2.0
"""Which exposures the cameras still have to draw: the world waits for its pictures, so that none is lost."""

from __future__ import annotations

from collections import deque

# A picture that takes longer than usual holds nobody up while the next one is exposed already.
IN_FLIGHT_MAX = 2
SAME = 1e-6  # [s] between two stamps of one exposure


class Exposures:
    """Keep what is exposed and not drawn yet; nobody waits for cameras that have not answered since `forget`."""

    def __init__(self) -> None:
        self.attended = False  # somebody draws: what is exposed will be answered
        self._since = float("inf")  # [s] the first exposure since `forget`
        self._under_way: deque[float] = deque(maxlen=IN_FLIGHT_MAX)  # [s] stamps

    @property
    def full(self) -> bool:
        """Say whether as many are being drawn as may be: the next exposure has to wait."""
        return self.attended and len(self._under_way) == IN_FLIGHT_MAX

    def expose(self, stamp: float) -> None:
        """Note that the state of `stamp` [s] is sent to be drawn."""
        self._since = min(self._since, stamp)
        self._under_way.append(stamp)

    def drawn(self, stamp: float) -> None:
        """Note that the pictures of `stamp` [s] are published; what was exposed before it never will be."""
        self.attended = self.attended or stamp > self._since - SAME
        while self._under_way and self._under_way[0] < stamp + SAME:
            self._under_way.popleft()

    def forget(self) -> None:
        """Wait for nothing until a picture of what is exposed from now on is there."""
        self._under_way.clear()
        self._since, self.attended = float("inf"), False
