# SPDX-License-Identifier: Apache-2.0
"""The commanded motion: a path sampled ahead of time and smoothed, in tool space or in joint space.

A reference starts each update from what is *commanded*, never from what is measured: the spring's deflection
would otherwise be fed back as motion, and the arm would sag a little at every chunk.
"""

from __future__ import annotations

import numpy as np

from controllers.filters import CascadedFilter, PoseFilter
from controllers.rotations import Quaternion, multiply


class PoseReference:
    """A tool pose on its way: seven sampled channels (position, quaternion), filtered on SE(3)."""

    def __init__(self, cutoff: float, lower: np.ndarray, upper: np.ndarray) -> None:
        """Filter at `cutoff` [Hz]; the tool stays in the box `lower` to `upper` (3,) [m]."""
        self.filter = PoseFilter(cutoff)
        self._box = lower, upper
        self._lower, self._upper = lower.tolist(), upper.tolist()

    def reset(self, position: np.ndarray, quaternion: Quaternion, twist: np.ndarray | None = None) -> np.ndarray:
        """Start at a pose and twist; return the sampled state (3, 7) that belongs to it."""
        self.filter.reset(position, quaternion, twist)
        state = np.zeros((3, 7))
        state[0, :3] = self.filter.input_position
        state[0, 3:] = self.filter.input_quaternion
        # Joint motion may end outside the box: held there an arm must not be torn into it. It comes back by a chunk.
        start = state[0, :3]
        self._lower = np.minimum(self._box[0], start).tolist()
        self._upper = np.maximum(self._box[1], start).tolist()
        if twist is not None:
            state[1, :3] = twist[:3]
            # q' = ½ ω q, ω in base axes
            state[1, 3:] = 0.5 * np.array(multiply((*twist[3:], 0.0), tuple(state[0, 3:])))
        return state

    def step(self, target: np.ndarray, dt: float) -> None:
        """Advance the filter by dt [s] towards what was sampled (7,), whose position is put into the box in place."""
        position = target[:3]
        x, y, z, a, b, c, d = target.tolist()
        (left, back, low), (right, front, high) = self._lower, self._upper
        if not (left <= x <= right and back <= y <= front and low <= z <= high):
            np.clip(position, self._lower, self._upper, out=position)
        self.filter.step(position, (a, b, c, d), dt)


class JointReference:
    """A configuration on its way: N sampled channels, filtered each."""

    def __init__(self, cutoff: float, size: int) -> None:
        """Filter `size` joints at `cutoff` [Hz]."""
        self.filter = CascadedFilter(cutoff, size)

    def reset(self, q: np.ndarray, dq: np.ndarray | None = None) -> np.ndarray:
        """Start at q, dq; return the sampled state (3, N) that belongs to it."""
        self.filter.reset(q, dq)
        state = np.zeros((3, len(q)))
        state[0] = self.filter.input
        if dq is not None:
            state[1] = dq
        return state

    def step(self, target: np.ndarray, dt: float) -> None:
        """Advance the filter by dt [s] towards what was sampled (N,)."""
        self.filter.step(target, dt)
