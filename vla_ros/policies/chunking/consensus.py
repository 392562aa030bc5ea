# SPDX-License-Identifier: Apache-2.0
"""Keep of each chunk what its horizons agree on (Jing et al. 2025, mixture of horizons, dynamic inference)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.capabilities.agreeing import AgreeingPolicy
from vla_ros.policies.observation import Observation


@dataclass(frozen=True)
class ConsensusConfig:
    """How far horizons may be apart, and how much of a chunk is kept whatever they say."""

    ratio: float = 1.5  # of how far they are apart, on average, in the first `least` actions
    least: int = 3  # actions

    def __post_init__(self) -> None:
        if not 0.0 < self.ratio < np.inf or self.least < 1:
            raise ConfigError(f"ratio must be > 0 and least >= 1 action, got {self.ratio:g} and {self.least}")


class Consensus:
    """Chunks end where horizons part, so that the policy looks again before that: often where it is unsure alone."""

    def __init__(self, policy: AgreeingPolicy, config: ConsensusConfig) -> None:
        self.policy, self._config = policy, config

    def reset(self) -> None:
        """Begin an episode."""
        self.policy.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk, whole where it ends the task."""
        chunk = self.policy.infer(observation)
        apart = self.policy.disagreement
        if apart is None or chunk.status is not TaskStatus.ONGOING:
            return chunk
        kept = agreed(apart[: len(chunk.times)], self._config)
        return dataclasses.replace(chunk, times=chunk.times[:kept], values=chunk.values[:kept])


def agreed(apart: np.ndarray, config: ConsensusConfig) -> int:
    """Return how many first actions horizons agree on, of how far apart they are at each (H,); `least` at least."""
    least = min(config.least, len(apart))
    told = apart[:least][np.isfinite(apart[:least])]  # where one horizon is alone nothing is said of how far they part
    limit = config.ratio * float(np.mean(told)) if len(told) else 0.0
    parted = np.flatnonzero(~(apart[least:] <= limit))
    return least + (int(parted[0]) if len(parted) else len(apart) - least)
