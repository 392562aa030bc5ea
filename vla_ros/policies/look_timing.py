# SPDX-License-Identifier: Apache-2.0
"""When to look for the next chunk while one is being executed: not so early that it is over before it comes.

A chunk begins where the robot is seen. What the robot does until it comes is lost of it, and a chunk of which nothing
is left would lead the robot back to where an older one ended: two plans, each made of what the other has changed, take
turns. So where chunks come late, the robot is looked at when little of the last one remains.
"""

from __future__ import annotations

from vla_ros.policies.chunking.delay import DelayConfig, DelayEstimator

WINDOW = 20  # chunks whose latency counts
NOTHING_S = 0.05  # of a chunk that remains: half of a camera's period, for which waiting is not worth it
PATIENCE = 2.0  # horizons after which an arm that does not get on, on an obstacle say, is looked at again


class LookTiming:
    """Measure how late chunks come, beside how long they are."""

    def __init__(self, warmup: int = 0) -> None:
        """`warmup`: how many chunks are not measured, since loading and compiling made them late."""
        self._latency = DelayEstimator(DelayConfig(None, 0.0, 0.0, warmup, WINDOW))
        self._late = 0.0  # [s] that latency, counted once a chunk: whether to look is asked at every exposure
        self._horizon = 0.0  # [s]
        self._came = -float("inf")  # [s]

    def add(self, latency: float, horizon: float, now: float) -> None:
        """Take a chunk of `horizon` [s] that comes `now` [s], `latency` [s] after what it was computed from."""
        self._latency.add(latency)
        self._late = self._latency.seconds
        self._horizon, self._came = horizon, now

    @property
    def waits(self) -> bool:
        """Say whether so much of a chunk is lost on its way that it matters when one looks."""
        return self._late > 0.5 * self._horizon + 1e-6

    def due(self, remaining: float, now: float) -> bool:
        """Say whether to look `now` [s], while `remaining` [s] of the chunk under way are to be executed."""
        if not self.waits or not 0.0 <= now - self._came <= PATIENCE * self._horizon:
            return True
        return remaining <= max(NOTHING_S, self._horizon - self._late)
