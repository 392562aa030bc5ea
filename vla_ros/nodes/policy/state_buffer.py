# SPDX-License-Identifier: Apache-2.0
"""The last seconds of joint states and commanded poses, read at any stamp in between."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from controllers.errors import VlaError

Interpolate = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def linear(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Interpolate numbers of any shape."""
    return before + share * (after - before)


def rigid(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Interpolate transforms (4, 4): position along the line, rotation by slerp."""
    T = np.eye(4)
    T[:3, 3] = linear(before[:3, 3], after[:3, 3], share)
    T[:3, :3] = Slerp([0.0, 1.0], Rotation.from_matrix([before[:3, :3], after[:3, :3]]))(share).as_matrix()
    return T


def held(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Take a number as it was until it was said anew."""
    return before


class StateBuffer:
    """Samples of the last `length` [s]; at a stamp they are interpolated, beyond the ends they are not."""

    def __init__(self, length: float = 1.5, skew_max: float = 0.05, interpolate: Interpolate = linear) -> None:
        """Refuse to answer for a stamp further than `skew_max` [s] from the nearest sample."""
        self._length, self._skew_max, self._interpolate = length, skew_max, interpolate
        self._lock = threading.Lock()  # samples come in one thread, questions in another
        self._stamps: list[float] = []
        self._values: list[np.ndarray] = []

    def add(self, stamp: float, value: np.ndarray) -> None:
        """Append a sample taken at `stamp` [s]; a stamp that goes back starts the buffer anew."""
        with self._lock:
            stamps, values = self._stamps, self._values
            if stamps and stamp <= stamps[-1]:
                if stamp > stamps[-1] - 1.0:
                    return  # repeated or reordered
                stamps.clear()
                values.clear()
            stamps.append(stamp)
            values.append(value)
            if stamp - stamps[0] > 2.0 * self._length:  # seldom and many at once: cheaper than one each time
                first = bisect_left(stamps, stamp - self._length)
                del stamps[:first], values[:first]

    @property
    def newest(self) -> float:
        """Return the stamp of the newest sample [s]; NaN before the first."""
        with self._lock:
            return self._stamps[-1] if self._stamps else float("nan")

    def at(self, stamp: float) -> np.ndarray:
        """Return the value at `stamp` [s]. Raises VlaError when no sample is near enough."""
        with self._lock:
            before, after, share = self._neighbours(stamp)
        return before if share == 0.0 else self._interpolate(before, after, share)

    def _neighbours(self, stamp: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the samples around `stamp` and the share of the way from the first to the second."""
        stamps, values = self._stamps, self._values
        if not stamps:
            raise VlaError("nothing received yet")
        after = bisect_left(stamps, stamp)
        nearest = min((i for i in (after - 1, after) if 0 <= i < len(stamps)), key=lambda i: abs(stamps[i] - stamp))
        skew = abs(stamps[nearest] - stamp)
        if skew > self._skew_max:
            raise VlaError(f"the nearest sample is {skew:.3f} s away, allowed {self._skew_max:g} s")
        if after in (0, len(stamps)):
            return values[nearest], values[nearest], 0.0
        before = after - 1
        return values[before], values[after], (stamp - stamps[before]) / (stamps[after] - stamps[before])
