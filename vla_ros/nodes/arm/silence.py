# SPDX-License-Identifier: Apache-2.0
"""How long somebody has not been heard, as far as a listener can tell who is kept from listening now and then."""

from __future__ import annotations

import time
from collections.abc import Callable


class Silence:
    """Count the time since the last message; a listener that did not run itself hears nobody: that is no silence."""

    def __init__(self, awake: float, clock: Callable[[], float] = time.monotonic) -> None:
        """No more than `awake` [s] counts between two updates: more means that this process was kept from running."""
        self.seconds = 0.0
        self._awake, self._clock = awake, clock
        self._updated = clock()

    def reset(self) -> None:
        """Note that a message came."""
        self.seconds = 0.0

    def update(self) -> float:
        """Count the time since the last update, and return the silence [s]."""
        now = self._clock()
        self.seconds += min(now - self._updated, self._awake)
        self._updated = now
        return self.seconds
