# SPDX-License-Identifier: Apache-2.0
"""The way of a command to the arm: a delay and a jitter in simulated time, in order."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")


class DelayLine(Generic[Item]):
    """Release items `delay` [s] after they came, plus up to `jitter` [s]; none overtakes another."""

    def __init__(self, delay: float = 0.0, jitter: float = 0.0, seed: int = 0) -> None:
        self._delay, self._jitter = delay, jitter
        self._random = np.random.default_rng(seed)
        self._waiting: deque[tuple[float, Item]] = deque()

    def push(self, time: float, item: Item) -> None:
        """Take an item at `time` [s]."""
        due = time + self._delay
        if self._jitter > 0.0:
            due += self._jitter * self._random.random()
        if self._waiting:
            due = max(due, self._waiting[-1][0])
        self._waiting.append((due, item))

    def pop_due(self, time: float) -> Item | None:
        """Return the newest item that has arrived by `time` [s]; older ones are superseded."""
        newest = None
        while self._waiting and self._waiting[0][0] <= time + 1e-9:
            newest = self._waiting.popleft()[1]
        return newest

    def clear(self) -> None:
        """Forget what is still on its way."""
        self._waiting.clear()
