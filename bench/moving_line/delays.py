# SPDX-License-Identifier: Apache-2.0
"""Inference that takes as long as a draw says, in a time that the benchmark makes: the same draws for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation

TICK = 0.02  # [s] to which everything happens


@dataclass(frozen=True)
class Delay:
    """How long inferences take: normal, cut at both ends, each on its own."""

    mean: float  # [s]
    spread: float = 0.0  # [s] standard deviation
    least: float = 0.06  # [s]
    most: float = 0.6  # [s]


class DelayedWorld:
    """The time of one drive, and how long its inferences take.

    It is the `World` of `wrap_chunking`: a clock by which methods measure inferences, and a background in which one
    is under way while others are corrected.
    """

    def __init__(self, delay: Delay, seed: int) -> None:
        self.now = 0.0  # [s]
        self.waited = 0.0  # [s] that the last look waited for the background
        self._delay, self._random = delay, np.random.default_rng(seed)
        self._readings: list[float] = []

    def draw(self) -> float:
        """Return how long the next inference takes [s]."""
        delay = self._delay
        drawn = float(np.clip(self._random.normal(delay.mean, delay.spread), delay.least, delay.most))
        return TICK * round(drawn / TICK)

    def look(self, now: float, takes: float) -> None:
        """Begin a look at `now` [s] whose inference takes so long [s]."""
        self.now, self.waited, self._readings = now, 0.0, [now + takes, now]

    def clock(self) -> float:
        """Return the time [s]: when a look began, and after that when its inference was over."""
        return self._readings.pop() if len(self._readings) > 1 else self._readings[0]

    def background(self) -> DelayedWorld:
        """Return what computes beside: this world."""
        return self

    def ask(self, policy: Policy, observation: Observation) -> _Pending:
        """Begin an inference."""
        ready = self.now + self.draw()
        self._readings = [ready, self.now]  # a clock in the policy sees what it takes
        return _Pending(self, policy.infer(observation), ready)

    def close(self) -> None:
        """Nothing runs."""


class _Pending:
    def __init__(self, world: DelayedWorld, chunk: ActionChunk, ready: float) -> None:
        self._world, self._chunk, self._ready = world, chunk, ready

    def done(self) -> bool:
        return self._world.now >= self._ready - 1e-9

    def result(self) -> ActionChunk:
        self._world.waited = max(self._world.waited, self._ready - self._world.now)
        return self._chunk
