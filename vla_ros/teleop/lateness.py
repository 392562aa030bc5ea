# SPDX-License-Identifier: Apache-2.0
"""How late a packet is, though the clocks at both ends have nothing in common."""

from __future__ import annotations

WINDOW_S = 10.0  # [s] two such windows are looked back: clocks drift


class Lateness:
    """Compare each packet's transit with the quickest of the last seconds.

    A stalled network delivers all at once what it had kept: such packets arrive in time for nobody.
    """

    def __init__(self) -> None:
        self._quickest = self._quickest_before = float("inf")  # [s] arrival minus the sender's time
        self._began = self._sent = float("-inf")

    def of(self, sent: float, arrival: float) -> float:
        """Return by how much [s] a packet `sent` by its sender's clock [s] is later than it need be."""
        if sent < self._sent:  # a page that was loaded again counts from zero
            self._quickest = self._quickest_before = float("inf")
        self._sent = sent
        transit = arrival - sent
        if arrival - self._began > WINDOW_S:
            self._quickest_before, self._quickest, self._began = self._quickest, float("inf"), arrival
        self._quickest = min(self._quickest, transit)
        return transit - min(self._quickest, self._quickest_before)
