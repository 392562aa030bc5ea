# SPDX-License-Identifier: Apache-2.0
"""How long the next chunk will take, from how long the last ones took."""

from __future__ import annotations

from collections import deque

import numpy as np


class DelayEstimator:
    """The 95th percentile of recent delays; the first ones, slow with loading and compiling, do not count."""

    def __init__(self, initial: float, warmup: int, window: int) -> None:
        """Answer `initial` [s] until `warmup` delays are over; then look at the last `window`."""
        self._initial, self._warmup = initial, warmup
        self._recent: deque[float] = deque(maxlen=window)
        self._seen = 0

    def add(self, delay: float) -> None:
        """Take a measured delay [s]."""
        self._seen += 1
        if self._seen > self._warmup:
            self._recent.append(delay)

    @property
    def seconds(self) -> float:
        """Return the delay to expect [s]."""
        return float(np.percentile(self._recent, 95)) if self._recent else self._initial
