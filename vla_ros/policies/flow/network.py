# SPDX-License-Identifier: Apache-2.0
"""A velocity field as a multilayer perceptron.

The network predicts the actions x̂₁ and the velocity follows, v = (x̂₁ − x)/(1 − τ): numbers that hardly vary in the
data would otherwise ask the network itself for the factor 1/(1 − τ).

Shape legend: B batch, K horizons, H steps, D numbers an action, C numbers of condition, F time features, W width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from vla_ros.policies.flow.correction import CorrectionNetwork

TIME_FEATURES = 16
TAU_MAX = 0.95  # beyond it the factor is held


class VelocityNetwork(nn.Module):
    """v(x, τ | condition): a flat network, enough for low-dimensional conditions.

    One with `prefix_max` > 0 may be given up to so many first actions that are decided already: clean ones, whose own
    time is τ = 1 (Black et al. 2025, training-time action conditioning). One with a `correction` corrects its chunks.
    One with several `horizons` predicts the first so many actions for each of them and weighs what they say, step by
    step (Jing et al. 2025, mixture of horizons): those of a short one need not serve what is far away.
    """

    reached: Tensor  # (K, H) the steps of each horizon

    def __init__(
        self,
        horizon: int,
        action_size: int,
        condition_size: int,
        width: int = 128,
        depth: int = 3,
        prefix_max: int = 0,
        correction_width: int = 0,
        horizons: Sequence[int] = (),
    ) -> None:
        """`horizons`: rising, the last one is `horizon`; none: it alone."""
        super().__init__()
        self.horizon, self.action_size, self.condition_size = horizon, action_size, condition_size
        self.prefix_max = prefix_max
        self.horizons = tuple(horizons) or (horizon,)
        which = len(self.horizons) if self.mixes else 0
        own_times = horizon if prefix_max else 0
        sizes = [horizon * action_size + TIME_FEATURES + own_times + condition_size + which, *[width] * depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, horizon * action_size))
        self.gate = nn.Linear(width, horizon) if self.mixes else None
        reached = torch.arange(horizon) < torch.tensor(self.horizons)[:, None]
        self.register_buffer("reached", reached, persistent=False)
        self.waypoints: nn.Module | None = None  # a WaypointNetwork (waypoints.py), which has such a network in it
        self.correction: CorrectionNetwork | None = None
        if correction_width:
            self.correction = CorrectionNetwork(horizon, action_size, condition_size, correction_width)

    @property
    def mixes(self) -> bool:
        """Say whether it has several horizons."""
        return len(self.horizons) > 1

    def forward(self, x: Tensor, tau: Tensor, condition: Tensor) -> Tensor:
        """Return velocities (B, H, D) of x (B, H, D) at tau (B, H), or (B,) for all steps, given condition (B, C).

        Only one with `prefix_max` tells the times of steps apart; the last step is never known already.
        """
        return self.velocities(self.hidden(x, tau, condition), x, tau)

    def velocities(self, hidden: Tensor, x: Tensor, tau: Tensor) -> Tensor:
        """Return velocities (B, H, D) of `hidden`'s numbers of x at tau."""
        return velocity_to((self.weights(hidden)[..., None] * self.predictions(hidden)).sum(dim=1), x, tau)

    def predictions(self, hidden: Tensor) -> Tensor:
        """Return the clean actions (B, K, H, D) that each horizon predicts; beyond its own steps they mean nothing."""
        return self.layers[-1](hidden).unflatten(2, (self.horizon, self.action_size))

    def weights(self, hidden: Tensor) -> Tensor:
        """Return how much each horizon counts at each step (B, K, H), of those that reach it; they sum to one."""
        if self.gate is None:
            return hidden.new_ones(len(hidden), 1, self.horizon)
        return self.gate(hidden).masked_fill(~self.reached, -torch.inf).softmax(dim=1)

    def disagreement(self, hidden: Tensor) -> Tensor:
        """Return how far horizons are from what they say together (B, H): weighted means of |Δ|; infinite of one."""
        weights, each = self.weights(hidden)[..., None], self.predictions(hidden)
        together = (weights * each).sum(dim=1, keepdim=True)
        apart = (weights * (each - together).abs()).sum(dim=1).mean(dim=-1)
        return apart.masked_fill(self.reached.sum(dim=0) < 2, torch.inf)

    def hidden(self, x: Tensor, tau: Tensor, condition: Tensor) -> Tensor:
        """Return the last hidden layer's numbers (B, K, W) of what `forward` takes, of the longest horizon last."""
        times = tau if tau.ndim == 2 else tau[:, None].expand(-1, self.horizon)
        own = [times] if self.prefix_max else []
        known = torch.cat([time_features(times[:, -1]), *own, condition], dim=1)[:, None]
        count = len(self.horizons)
        parts = [(x[:, None] * self.reached[:, :, None]).flatten(2), known.expand(-1, count, -1)]
        if self.mixes:
            parts.append(torch.eye(count, dtype=x.dtype, device=x.device).expand(len(x), -1, -1))
        return self.layers[:-1](torch.cat(parts, dim=2))


def velocity_to(clean: Tensor, x: Tensor, tau: Tensor) -> Tensor:
    """Return the velocity (B, H, D) from x (B, H, D) at tau (B,) or (B, H) to the clean actions (B, H, D)."""
    times = tau if tau.ndim == 2 else tau[:, None]
    return (clean - x) / (1.0 - times).clamp(min=1.0 - TAU_MAX)[:, :, None]


def time_features(tau: Tensor) -> Tensor:
    """Return sines and cosines (B, F) of tau (B,), from one half-wave over [0, 1] to 2^(F/2 − 1) of them."""
    frequencies = math.pi * 2.0 ** torch.arange(TIME_FEATURES // 2, dtype=tau.dtype, device=tau.device)
    angles = tau[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
