# SPDX-License-Identifier: Apache-2.0
"""Real-time chunking: draw the new chunk as a continuation of the one that is being executed meanwhile.

Shape legend: H steps, D numbers an action, K steps the last chunk still covers.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import FlowPolicy, integrate_flow
from vla_ros.policies.chunking.delay import DelayConfig, DelayEstimator
from vla_ros.policies.chunking.guidance import Velocity, prefix_mask
from vla_ros.policies.chunking.progress import remainder
from vla_ros.policies.observation import Observation


@dataclass(frozen=True)
class RealTimeConfig(DelayConfig):
    """How real-time chunking samples and what it takes for the delay."""

    steps: int = 5  # Euler steps
    beta: float = 5.0  # limit of the guidance weight
    seed: int = 0  # of the noise, anew with every episode

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1:
            raise ConfigError(f"steps must be at least 1, got {self.steps}")
        # A step moves the prefix by beta/steps of its error; twice the error or more and it swings up.
        if not 0.0 < self.beta < 2.0 * self.steps:
            raise ConfigError(f"beta must be above 0 and below 2 × steps = {2 * self.steps}, got {self.beta}")


@dataclass(frozen=True)
class Continuation:
    """How the last chunk was continued, in steps of the new one."""

    expected: int  # steps the estimated delay takes
    delay: int  # steps that were frozen
    executed: int  # steps consumed since the chunk before
    horizon: int


@dataclass
class _Episode:
    """What is forgotten at a reset."""

    random: np.random.Generator
    previous: ActionChunk | None = None
    instruction: str = ""
    sequence: int = 0


class RealTimeChunking:
    """Draw each chunk from a flow policy's field, guided by what the last chunk wants at the same times.

    The prefix that will be executed while the chunk is computed is frozen, the rest that the last chunk still covers
    is pulled less the later it is, and what it does not cover is free, never padded. The last chunk's targets are
    encoded relative to the new observation, so that delta actions compose onto the same poses.

    With a fixed `delay_s`, an episode depends on the seed and its observations alone.
    """

    def __init__(
        self,
        policy: FlowPolicy,
        guided: Callable[..., Velocity],
        config: RealTimeConfig,
        clock: Callable[[], float] = time.perf_counter,
        frozen_max: int | None = None,
    ) -> None:
        """Guide by `vjp_guided`, `identity_guided` or `prefix_conditioned`; measure inferences by `clock` [s].

        `frozen_max`: steps that a policy can be given at most. Raises ConfigError for a delay that no chunk can bridge.
        """
        self.policy = policy
        self._guided, self._config, self._clock, self._frozen_max = guided, config, clock, frozen_max
        self._estimator = DelayEstimator(config)
        name = "initial_delay_s" if config.delay_s is None else "delay_s"
        expected, horizon = self._steps(self._estimator.seconds), policy.action_shape[0]
        asked = f"{name} {self._estimator.seconds:g} is {expected} steps of {policy.period:g} s"
        if 2 * expected > horizon:
            raise ConfigError(f"{asked}: a chunk of {horizon} bridges at most {horizon // 2}")
        if frozen_max is not None and expected > frozen_max:
            raise ConfigError(f"{asked}: this policy was trained to be given at most {frozen_max}")
        self._episode = self._begin()
        self.continuation: Continuation | None = None  # of the last chunk; None when it began anew

    def reset(self) -> None:
        """Forget the episode; how long inference takes is remembered."""
        self.policy.reset()
        self._episode = self._begin()
        self.continuation = None

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk."""
        started = self._clock()
        condition = self.policy.prepare(observation)
        episode = self._episode
        noise = episode.random.standard_normal(self.policy.action_shape)
        chunk = self.policy.decode(observation, self._draw(observation, condition, noise))
        episode.previous = chunk if chunk.status is TaskStatus.ONGOING else None
        episode.instruction = observation.instruction
        episode.sequence += 1
        spent = self._clock() - started
        self._estimator.add(spent)
        return dataclasses.replace(chunk, sequence=episode.sequence, inference_s=spent)

    def interrupt(self) -> None:
        """Take that something else is executed now than the last chunk: the next one has nothing to continue."""
        self._episode.previous = None

    def transport_took(self, seconds: float) -> None:
        """Take how long the last request and its chunk were on their way [s]."""
        self._estimator.add_transport(seconds)

    def _begin(self) -> _Episode:
        return _Episode(np.random.default_rng(self._config.seed))

    def _draw(self, observation: Observation, condition: object, noise: np.ndarray) -> np.ndarray:
        """Return normalised actions (H, D)."""

        def free(x: np.ndarray, tau: float) -> np.ndarray:
            return self.policy.velocity(condition, x, tau)

        left = self._remainder(observation)
        self.continuation = None
        if left is None:
            return integrate_flow(free, noise, self._config.steps)
        known = self.policy.encode(observation, left)
        self.continuation = self._continuation(len(known))
        # Rows the last chunk does not reach have W = 0; what stands there is never looked at.
        previous = np.concatenate([known, noise[len(known) :]])
        mask = prefix_mask(len(noise), self.continuation.delay, self.continuation.executed)
        guided = self._guided(self.policy, condition, previous, mask, self._config.beta)
        return integrate_flow(guided, noise, self._config.steps)

    def _remainder(self, observation: Observation) -> ActionChunk | None:
        """Return the last chunk at the new one's times (K,), or None when there is nothing left to continue."""
        last = self._episode.previous
        if last is None or observation.stamp < last.stamp or observation.instruction != self._episode.instruction:
            return None
        return remainder(last, observation)

    def _continuation(self, known: int) -> Continuation:
        """Bound the expected delay by what was consumed since the last chunk, and by what is left of it."""
        horizon = self.policy.action_shape[0]
        executed = horizon - known
        expected = self._steps(self._estimator.seconds)
        most = horizon if self._frozen_max is None else self._frozen_max
        return Continuation(expected, min(expected, executed, known, most), executed, horizon)

    def _steps(self, seconds: float) -> int:
        # Rounded up: the point the arm is on its way to when the chunk arrives is part of the prefix.
        return math.ceil(seconds / self.policy.period - 1e-6)
