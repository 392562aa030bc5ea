# SPDX-License-Identifier: Apache-2.0
"""Warnings about what comes from outside, one a second at most: who talks nonsense talks much."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_S = 1.0


class Complaints:
    """Write warnings by `log(level, text)`; those that come too soon are dropped."""

    def __init__(self, log: Callable[[str, str], None]) -> None:
        self._log, self._last = log, float("-inf")  # [s, monotonic]

    def __call__(self, text: str) -> None:
        """Write a warning, unless there was one a moment ago."""
        now = time.monotonic()
        if now - self._last > EVERY_S:
            self._last = now
            self._log("warning", text)
