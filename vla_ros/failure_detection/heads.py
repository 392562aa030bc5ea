# SPDX-License-Identifier: Apache-2.0
"""SAFE's two detectors: what a policy's features say about whether the episode will fail.

Gu et al. 2025 (arXiv 2506.09937). The MLP judges every step for itself and adds up, s(t) = Σ σ(g(e(τ))) over τ ≤ t; the
LSTM remembers, s(t) = σ(g(LSTM(e(0 … t)))). Both are causal: a score depends on nothing later.
Shape legend: B roll-outs, T steps, F numbers of a feature.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from vla_ros.failure_detection.batch import RolloutBatch

EARLY, EARLY_FOR = 5.0, 3.0  # of the weights of a failure's steps, as published: 1 + 5 exp(−3 t / T)


class Standardiser(nn.Module):
    """Features less their mean, by their standard deviation; one more number says that there were none."""

    mean: Tensor  # (F,)
    std: Tensor  # (F,)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))

    def fit(self, features: Tensor) -> None:
        """Take the statistics of features (N, F), all finite; a number that never changes stays unscaled."""
        self.mean.copy_(features.mean(dim=0))
        std = features.std(dim=0, correction=0)
        self.std.copy_(torch.where(std > 1e-6 * (1.0 + self.mean.abs()), std, 1.0))

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, T, F + 1) of features (B, T, F)."""
        there = features.isfinite().all(dim=-1, keepdim=True)
        known = torch.where(there, (features - self.mean) / self.std, 0.0)
        return torch.cat([known, 1.0 - there.float()], dim=-1)


class MlpHead(nn.Module):
    """The sum of every step's score."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.standard = Standardiser(size)
        self.layers = nn.Sequential(nn.Linear(size + 1, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def steps(self, batch: RolloutBatch) -> Tensor:
        """Return what each step says for itself (B, T), 0 to 1."""
        return torch.sigmoid(self.layers(self.standard(batch.features))[..., 0])

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return s (B, T), 0 to t."""
        return self.steps(batch).cumsum(dim=1)

    def loss(self, batch: RolloutBatch) -> Tensor:
        """Return each roll-out's loss (B,): s(t) of a success is to be 0, that of a failure t.

        The gradient goes to the step that is judged and to none before it, as SAFE's code can have it: a sum would
        teach the first steps most, which know least.
        """
        own = self.steps(batch)
        return _weighed(own, 1.0 - own, batch)


class LstmHead(nn.Module):
    """The score of all that was seen so far."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.standard = Standardiser(size)
        self.lstm = nn.LSTM(size + 1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def logits(self, batch: RolloutBatch) -> Tensor:
        """Return (B, T), which past a roll-out's end means nothing."""
        # Packed: the few that run into a time limit would make all others as long.
        steps = pack_padded_sequence(
            self.standard(batch.features), batch.lengths, batch_first=True, enforce_sorted=False
        )
        remembered, _ = pad_packed_sequence(self.lstm(steps)[0], True, total_length=batch.there.shape[1])
        return self.out(remembered)[..., 0]

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return s (B, T), 0 to 1."""
        return torch.sigmoid(self.logits(batch))

    def loss(self, batch: RolloutBatch) -> Tensor:
        """Return each roll-out's loss (B,): binary cross-entropy at every step."""
        logits = self.logits(batch)
        return _weighed(functional.softplus(logits), functional.softplus(-logits), batch)


def _weighed(succeeded: Tensor, failed: Tensor, batch: RolloutBatch) -> Tensor:
    """Return the mean (B,) over a roll-out's steps of what its outcome makes of them (B, T).

    A failure's early steps weigh more: an alarm is to come early.
    """
    lengths = batch.there.sum(dim=1, keepdim=True)
    since = torch.arange(batch.there.shape[1]) / lengths
    weights = (1.0 + EARLY * torch.exp(-EARLY_FOR * since)) * batch.there
    weights = weights * lengths / weights.sum(dim=1, keepdim=True)
    of_failure = (weights * failed).sum(dim=1) / lengths[:, 0]
    of_success = (batch.there * succeeded).sum(dim=1) / lengths[:, 0]
    return torch.where(batch.failed > 0.5, of_failure, of_success)


HEADS: dict[str, type[MlpHead] | type[LstmHead]] = {"lstm": LstmHead, "mlp": MlpHead}
