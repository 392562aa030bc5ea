# SPDX-License-Identifier: Apache-2.0
"""How many messages of a topic never arrived, from the numbers its publishers count them with."""

from __future__ import annotations


class SequenceGaps:
    """Follow the numbers of one topic.

    A message does not say which of several publishers sent it, so each is given to the one whose last number is nearest
    below: exact for a lone publisher, an estimate for several.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._publishers = 1
        self._last: list[int] = []  # number, of each publisher

    def restart(self, publishers: int) -> None:
        """Take note that there are so many publishers now, and that some of them may be new."""
        self._publishers = max(1, publishers)
        self._last.clear()

    def add(self, number: int) -> int:
        """Take the number of a message that arrived; return how many were lost before it."""
        last = self._last
        if number - 1 in last:
            last[last.index(number - 1)] = number
            return 0
        if len(last) < self._publishers:
            last.append(number)
            return 0
        below = [other for other in last if other < number]
        if not below:  # a publisher that was started anew, faster than anybody noticed
            last[last.index(max(last))] = number
            return 0
        nearest = max(below)
        last[last.index(nearest)] = number
        lost = number - nearest - 1
        self.lost += lost
        return lost
