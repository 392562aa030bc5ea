# SPDX-License-Identifier: Apache-2.0
"""What costs next to nothing and a learned detector must beat: distances of features, disagreement, doubt, time.

Every score is the mean so far of what each step says, but the clock's.
Shape legend: B roll-outs, T steps, F numbers of a feature, N features of successful roll-outs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.failure_detection.batch import RolloutBatch, running_mean
from vla_ros.failure_detection.heads import Standardiser

SHRINKAGE = 0.1  # of a covariance towards its diagonal
NEIGHBOURS = 5
REFERENCES = 2000  # features that are kept for them at most


class Mahalanobis(nn.Module):
    """How far features are from those of successful roll-outs, by their covariance (Lee et al. 2018)."""

    whitening: Tensor  # (F, F)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.standard = Standardiser(size)
        self.register_buffer("whitening", torch.eye(size))

    def fit(self, features: Tensor) -> None:
        """Take features (N, F) of successful roll-outs."""
        self.standard.fit(features)
        x = self.standard(features)[:, :-1].double()
        covariance = x.T @ x / len(x)
        diagonal = covariance.diagonal().clamp(min=1e-6).diag()
        covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * diagonal
        self.whitening.copy_(torch.linalg.inv(torch.linalg.cholesky(covariance)))

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return the mean distance so far (B, T)."""
        distances = (self.standard(batch.features)[..., :-1] @ self.whitening.T).norm(dim=-1)
        return running_mean(_where_known(distances, batch))


class NearestNeighbours(nn.Module):
    """How far features are from the nearest of successful roll-outs."""

    references: Tensor  # (N, F), standardised

    def __init__(self, size: int, count: int) -> None:
        super().__init__()
        self.standard = Standardiser(size)
        self.register_buffer("references", torch.zeros(count, size))

    def fit(self, features: Tensor) -> None:
        """Take features (N, F) of successful roll-outs."""
        self.standard.fit(features)
        self.references.copy_(self.standard(features)[:, :-1])

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return the mean distance so far (B, T)."""
        distances = torch.cdist(self.standard(batch.features)[..., :-1].flatten(0, 1), self.references)
        nearest = distances.topk(min(NEIGHBOURS, len(self.references)), largest=False).values.mean(dim=1)
        return running_mean(_where_known(nearest.unflatten(0, batch.there.shape), batch))


class Disagreement(nn.Module):
    """How far consecutive chunks lie apart, over what both cover: STAC's question, asked of one sample."""

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return the mean distance so far (B, T) [m]."""
        return running_mean(batch.disagreement)


class Doubt(nn.Module):
    """How little what fits the words best stands out from what fits second: the policy's own word."""

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return the mean doubt so far (B, T)."""
        return running_mean(batch.doubt)


class ElapsedTime(nn.Module):
    """How long it has been going on, which knows nothing: failures last longer where they run into a time limit."""

    def forward(self, batch: RolloutBatch) -> Tensor:
        """Return the steps so far (B, T)."""
        return batch.there.cumsum(dim=1)


def _where_known(values: Tensor, batch: RolloutBatch) -> Tensor:
    return torch.where(batch.features.isfinite().all(dim=-1), values, torch.nan)
