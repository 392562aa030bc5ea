# SPDX-License-Identifier: Apache-2.0
"""What was commanded in the last seconds: the anchor of a chunk that was computed from an older observation."""

from __future__ import annotations

import numpy as np

from controllers.filters import PoseFilter

LENGTH = 4096  # ≥ 2 s at 2 kHz


class PoseHistory:
    """A ring of stamped poses (position, quaternion); fixed memory."""

    def __init__(self) -> None:
        """Start empty."""
        self._times = np.full(LENGTH, -np.inf)
        self._poses = np.zeros((LENGTH, 7))
        self._next = 0

    def clear(self) -> None:
        """Forget everything."""
        self._times[:] = -np.inf

    def add(self, stamp: float, pose: PoseFilter) -> None:
        """Append the output of a filter at `stamp` [s]."""
        k = self._next
        row = self._poses[k]
        self._times[k], row[:3], row[3:] = stamp, pose.position, pose.quaternion
        self._next = (k + 1) % LENGTH

    def at(self, stamp: float) -> np.ndarray | None:
        """Return the pose (7,) nearest to `stamp` [s]; None when none is within 20 ms."""
        k = int(np.argmin(np.abs(self._times - stamp)))
        return self._poses[k].copy() if abs(self._times[k] - stamp) <= 0.02 else None
