# SPDX-License-Identifier: Apache-2.0
"""What judges of several tasks follow: what is lifted, how often a gripper closes, what lies still."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np


class LiftWatch:
    """Follow since when each of some objects has been lifted to a height."""

    def __init__(self, names: Iterable[str], start_heights: Mapping[str, float], lift: float, hold: float) -> None:
        """`start_heights` [m]; `lift` [m] above them, for `hold` [s] without a break."""
        self._thresholds = {name: start_heights[name] + lift for name in names}
        self._hold = hold
        self._since: dict[str, float] = {}  # [s]

    def update(self, time: float, heights: Mapping[str, float]) -> str | None:
        """Advance to `time` [s] with the objects' heights [m]; return the object that has been up for long enough."""
        for name, threshold in self._thresholds.items():
            if heights[name] < threshold:
                self._since.pop(name, None)
            elif time - self._since.setdefault(name, time) >= self._hold - 1e-9:
                return name
        return None


def narrowest(told: Mapping[str, float], openings: Mapping[str, float]) -> float:
    """Return how far the narrowest of some grippers is told to open, as a share of how far it can.

    `told` [m] by gripper, `openings` [m] those that count with their full opening.
    """
    return min(told[gripper] / full for gripper, full in openings.items())


class ClosureWatch:
    """Count how often a gripper is told to close, with hysteresis."""

    def __init__(self, width_max: float, closed_fraction: float, open_fraction: float) -> None:
        """`width_max` [m] full opening; a command below the one fraction of it closes, above the other opens."""
        self._low, self._high = closed_fraction * width_max, open_fraction * width_max
        self.closed: bool | None = None  # unknown until the first command: starting closed is no closure
        self.closures = 0

    def update(self, command: float) -> bool:
        """Take the commanded opening [m]; say whether the gripper has just been told to open."""
        if self.closed is None:
            self.closed = command < self._low
        elif not self.closed and command < self._low:
            self.closed = True
            self.closures += 1
        elif self.closed and command > self._high:
            self.closed = False
            return True
        return False


class StillWatch:
    """Follow since when each of some objects has not moved."""

    def __init__(self, distance: float, angle: float) -> None:
        """`distance` [m] and `angle` [rad]: what moves less than both lies still."""
        self._distance, self._cosine = distance, math.cos(angle)
        self._since: dict[str, tuple[float, np.ndarray]] = {}

    def update(self, time: float, poses: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Advance to `time` [s] with the objects' poses (4, 4); return for how long each has been still [s]."""
        for name, T in poses.items():
            known = self._since.get(name)
            if known is None or self._moved(known[1], T):
                self._since[name] = (time, T)
        return {name: time - self._since[name][0] for name in poses}

    def _moved(self, before: np.ndarray, now: np.ndarray) -> bool:
        turned = (np.trace(before[:3, :3].T @ now[:3, :3]) - 1.0) / 2.0
        return bool(np.linalg.norm(now[:3, 3] - before[:3, 3]) > self._distance or turned < self._cosine)
