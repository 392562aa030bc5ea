# SPDX-License-Identifier: Apache-2.0
"""Have a policy plan from where the robot will be when its chunk begins, not from where it was seen (VLASH, 2025)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.delay import DelayConfig, DelayEstimator
from vla_ros.policies.chunking.progress import as_executed
from vla_ros.policies.chunking.rolling import rolled_on
from vla_ros.policies.chunking.sampling import CLOCK_TOLERANCE
from vla_ros.policies.observation import Observation


class FutureState:
    """Ask a policy with the state rolled on by the delay, along the chunk that is being executed meanwhile.

    The chunk that comes begins with what will be executed anyway, and goes on with what the policy wants from there.
    For any policy that reads the robot's state; one that also sees should have been trained with pictures older than
    the state, or believes that the robot is where the picture shows it.
    """

    def __init__(self, policy: Policy, config: DelayConfig, clock: Callable[[], float] = time.perf_counter) -> None:
        """Measure inferences by `clock` [s]."""
        self.policy, self._clock = policy, clock
        self._estimator = DelayEstimator(config)
        self._last: ActionChunk | None = None
        self._instruction = ""
        self.ahead = 0.0  # [s] by which the state was rolled on for the last chunk

    def reset(self) -> None:
        """Forget the episode; how long inference takes is remembered."""
        self.policy.reset()
        self._last = None
        self.ahead = 0.0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk."""
        started = self._clock()
        last = self._continued(observation)
        self.ahead = 0.0
        seen = observation
        if last is not None:
            # No further than to the end of what is being executed: there the robot will stand.
            self.ahead = min(self._estimator.seconds, last.stamp + last.duration - observation.stamp)
            seen = rolled_on(observation, last, self.ahead)
        chunk = _after(last, self.ahead, self.policy.infer(seen))
        self._last = chunk if chunk.status is TaskStatus.ONGOING else None
        self._instruction = observation.instruction
        self._estimator.add(self._clock() - started)
        return chunk

    def transport_took(self, seconds: float) -> None:
        """Take how long the last request and its chunk were on their way [s]."""
        self._estimator.add_transport(seconds)

    def _continued(self, observation: Observation) -> ActionChunk | None:
        """Return the chunk that is being executed, or None where it has run out or was for something else."""
        last = self._last
        if last is None or observation.stamp < last.stamp or observation.instruction != self._instruction:
            return None
        last = as_executed(last, observation)
        return last if observation.stamp < last.stamp + last.duration else None


def _after(last: ActionChunk | None, ahead: float, chunk: ActionChunk) -> ActionChunk:
    """Return `chunk`, which begins `ahead` [s] after its stamp, behind the points of `last` until then."""
    later = chunk.times + ahead
    if last is None or last.channels != chunk.channels:
        return dataclasses.replace(chunk, times=later)
    times = last.stamp + last.times - chunk.stamp
    # A chunk may begin with where the robot is: the last one's point for the same time is left out.
    kept = (times > CLOCK_TOLERANCE) & (times <= ahead + CLOCK_TOLERANCE) & (times < later[0] - CLOCK_TOLERANCE)
    return dataclasses.replace(
        chunk, times=np.concatenate([times[kept], later]), values=np.concatenate([last.values[kept], chunk.values])
    )
