# SPDX-License-Identifier: Apache-2.0
"""Exposures that are kept a while, so that a policy sees those of 0.1 s, 0.2 s, … before, at any rate of a camera."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from vla_ros.policies.needs import STATE_PERIOD_S

Exposure = TypeVar("Exposure")


class EarlierExposures(Generic[Exposure]):
    """The last `count` tenths of a second."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: deque[tuple[float, Exposure]] = deque()  # with its stamp [s], the newest first

    def add(self, stamp: float, exposure: Exposure) -> None:
        """Keep one; where time was set back, it alone."""
        if not self._count:
            return
        if self._kept and stamp < self._kept[0][0]:
            self._kept.clear()
        self._kept.appendleft((stamp, exposure))
        while self._kept[-1][0] < stamp - (self._count + 1) * STATE_PERIOD_S:
            self._kept.pop()

    def before(self, stamp: float) -> tuple[Exposure, ...]:
        """Return what was kept nearest to 0.1 s, 0.2 s, … before `stamp` [s]: fewer where there is nothing so old."""
        found: list[Exposure] = []
        while len(found) < self._count and self._kept and self._kept[0][0] < stamp:
            then = stamp - (len(found) + 1) * STATE_PERIOD_S
            if then < self._kept[-1][0] - 0.5 * STATE_PERIOD_S:
                break
            found.append(min(self._kept, key=lambda kept: abs(kept[0] - then))[1])
        return tuple(found)
