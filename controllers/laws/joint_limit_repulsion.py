# SPDX-License-Identifier: Apache-2.0
"""A push away from the ends of the joints' ranges, before the barrier has to keep them."""

from __future__ import annotations

import numpy as np

from controllers.control_config import ImpedanceConfig

CHECK_EVERY, CHECK_RESERVE = 8, 0.1  # ticks, [rad]: no joint gets further than that between two checks of its limits


class JointLimitRepulsion:
    """Push a joint away from its limits, growing with the square of how deep it is in the margin."""

    def __init__(self, lower: np.ndarray, upper: np.ndarray, config: ImpedanceConfig) -> None:
        """Take the limits (N,) [rad]."""
        self._lower = lower + config.joint_limit_margin
        self._upper = upper - config.joint_limit_margin
        self._gain = config.joint_limit_effort / config.joint_limit_margin**2
        self._depth, self._square = np.zeros_like(self._lower), np.zeros_like(self._lower)
        self._ticks, self._near = 0, False

    def add(self, q: np.ndarray, tau: np.ndarray) -> None:
        """Add the repulsion at q to tau, both (N,)."""
        if self._ticks % CHECK_EVERY == 0:
            near = self._free(q, CHECK_RESERVE)
            self._near = bool(near.any())
        self._ticks += 1
        if self._near:
            depth = self._free(q, 0.0)
            np.abs(depth, out=self._square)
            depth *= self._square
            depth *= self._gain
            tau -= depth

    def _free(self, q: np.ndarray, reserve: float) -> np.ndarray:
        """Return how far q is outside the free range less `reserve` [rad], signed (a view)."""
        depth = self._depth
        np.maximum(q, self._lower + reserve if reserve else self._lower, out=depth)
        np.minimum(depth, self._upper - reserve if reserve else self._upper, out=depth)
        return np.subtract(q, depth, out=depth)
