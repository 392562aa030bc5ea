# SPDX-License-Identifier: Apache-2.0
"""The last seconds of a moving point."""

from __future__ import annotations

from collections import deque

import numpy as np

DURATION_S, SPACING_M, PERIOD_S = 10.0, 0.001, 0.02


class Trail:
    """Points of the last `duration` [s], no denser than `spacing` [m] or `period` [s]; the newest is always exact."""

    def __init__(self, duration: float = DURATION_S, spacing: float = SPACING_M, period: float = PERIOD_S) -> None:
        self._duration, self._spacing, self._period = duration, spacing, period
        self._points: deque[tuple[float, np.ndarray]] = deque()
        self._newest: tuple[float, np.ndarray] | None = None

    def add(self, time: float, point: np.ndarray) -> None:
        """Add `point` (3,) [m] at `time` [s]; a time that turns back begins a new trail."""
        if self._newest is not None and time < self._newest[0]:
            self._points.clear()
        self._newest = (time, point.copy())
        if not self._points or self._apart(time, point):
            self._points.append(self._newest)
        while self._points and self._points[0][0] < time - self._duration:
            self._points.popleft()

    def _apart(self, time: float, point: np.ndarray) -> bool:
        last_time, last_point = self._points[-1]
        return time - last_time >= self._period and float(np.abs(point - last_point).max()) >= self._spacing

    def points(self) -> np.ndarray:
        """Return the trail (N, 3) [m], oldest first."""
        if self._newest is None:
            return np.zeros((0, 3))
        tail = [] if self._points and self._points[-1][0] == self._newest[0] else [self._newest[1]]
        return np.array([point for _, point in self._points] + tail).reshape(-1, 3)

    def clear(self) -> None:
        """Forget everything."""
        self._points.clear()
        self._newest = None
