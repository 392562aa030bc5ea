# SPDX-License-Identifier: Apache-2.0
"""What was commanded in the last seconds: where a chunk from an older observation begins, and what was done since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

LENGTH = 4096  # ≥ 2 s at 2 kHz


class CommandedPose(Protocol):
    """What holds a pose."""

    @property
    def pose(self) -> np.ndarray:
        """Return position [m] and quaternion xyzw (7,), seen from the base."""


class MotionHistory:
    """A ring of stamped poses (position, quaternion) of several arms, and of the motion executed until then."""

    def __init__(self, arms: int) -> None:
        """Start empty; its memory is fixed."""
        self._times = np.full(LENGTH, -np.inf)
        self._poses = np.zeros((LENGTH, arms, 7))
        self._executed = np.zeros(LENGTH)
        self._next = 0

    def clear(self) -> None:
        """Forget everything."""
        self._times[...] = -np.inf
        self._executed[...] = 0.0

    def add(self, stamp: float, executed: float, poses: Sequence[CommandedPose | None]) -> None:
        """Append what was executed until `stamp` [s] and the commanded pose of each arm; None in joint space."""
        k = self._next
        self._times[k], self._executed[k] = stamp, executed
        for row, pose in zip(self._poses[k], poses, strict=True):
            if pose is None:
                row[0] = np.nan
            else:
                row[...] = pose.pose
        self._next = (k + 1) % LENGTH

    def poses_at(self, stamp: float) -> list[np.ndarray | None]:
        """Return each arm's pose (7,) nearest to `stamp` [s]; None when none is within 20 ms, or joints led."""
        k = self._nearest(stamp)
        known = abs(self._times[k] - stamp) <= 0.02
        return [row.copy() if known and not np.isnan(row[0]) else None for row in self._poses[k]]

    def executed_at(self, stamp: float) -> float:
        """Return what was executed until `stamp` [s], or until the nearest moment that is known; 0 when none is."""
        return float(self._executed[self._nearest(stamp)])

    def _nearest(self, stamp: float) -> int:
        return int(np.argmin(np.abs(self._times - stamp)))
