# SPDX-License-Identifier: Apache-2.0
"""When a server that failed is asked again: 0.25 s after the first failure, twice as long each time, 2 s at most."""

from __future__ import annotations

import time

FIRST_S, MAX_S = 0.25, 2.0


class BackOff:
    """Attempts to connect, and why the last one failed."""

    def __init__(self) -> None:
        self.failure, self._wait, self._next = "", 0.0, 0.0  # reason, [s], [s, monotonic]

    @property
    def waits(self) -> bool:
        """Say whether it is too early for another attempt: who asks is told `failure` in the same words."""
        return time.monotonic() < self._next

    def failed(self, reason: str) -> None:
        """Take why an attempt failed."""
        self.failure = reason
        self._wait = min(max(2.0 * self._wait, FIRST_S), MAX_S)
        self._next = time.monotonic() + self._wait

    def succeeded(self) -> None:
        """Begin anew."""
        self.failure, self._wait = "", 0.0
