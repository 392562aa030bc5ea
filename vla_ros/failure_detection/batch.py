# SPDX-License-Identifier: Apache-2.0
"""Roll-outs of various lengths as tensors, each going on as it ended, and where they end.

Shape legend: B roll-outs, T steps, F numbers of a feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vla_ros.failure_detection.conformal import padded
from vla_ros.failure_detection.recording import NotedInferences
from vla_ros.failure_detection.rollout import RecordedRollout


@dataclass(frozen=True, eq=False)
class RolloutBatch:
    """Roll-outs side by side."""

    features: Tensor  # (B, T, F); NaN rows where no network made the chunk
    disagreement: Tensor  # (B, T) [m]; NaN where it is not known
    doubt: Tensor  # (B, T) 0…1; NaN where it is not known
    there: Tensor  # (B, T) 1.0 up to a roll-out's end, then 0.0
    failed: Tensor  # (B,) 1.0 for a failure, 0.0 for a success

    @classmethod
    def of(cls, rollouts: Sequence[RecordedRollout]) -> RolloutBatch:
        """Return the batch of some roll-outs, at least one."""
        lengths = np.array([len(rollout.times) for rollout in rollouts])
        there = np.arange(lengths.max()) < lengths[:, None]
        return cls(
            torch.from_numpy(padded([rollout.features for rollout in rollouts])),
            torch.from_numpy(padded([rollout.disagreement for rollout in rollouts])),
            torch.from_numpy(padded([rollout.doubt for rollout in rollouts])),
            torch.from_numpy(there.astype(np.float32)),
            torch.tensor([0.0 if rollout.success else 1.0 for rollout in rollouts]),
        )

    @classmethod
    def of_one(cls, noted: NotedInferences) -> RolloutBatch:
        """Return the batch of an attempt that goes on, of which nobody knows how it ends."""
        return cls(
            torch.from_numpy(noted.features)[None],
            torch.from_numpy(noted.disagreement)[None],
            torch.from_numpy(noted.doubt)[None],
            torch.ones(1, len(noted.times)),
            torch.zeros(1),
        )

    @property
    def lengths(self) -> Tensor:
        """Return how many steps each has (B,)."""
        return self.there.sum(dim=1).long()


def running_mean(values: Tensor) -> Tensor:
    """Return the mean of values (B, T) up to each step; NaN counts as nothing, and before the first it is 0."""
    known = values.isfinite()
    return torch.where(known, values, 0.0).cumsum(dim=1) / known.cumsum(dim=1).clamp(min=1)
