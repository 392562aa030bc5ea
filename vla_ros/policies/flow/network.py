# SPDX-License-Identifier: Apache-2.0
"""A velocity field as a multilayer perceptron.

The network predicts the actions x̂₁ and the velocity follows, v = (x̂₁ − x)/(1 − τ): numbers that hardly vary in the
data would otherwise ask the network itself for the factor 1/(1 − τ).

Shape legend: B batch, H steps, D numbers an action, C numbers of condition, F time features.
"""

from __future__ import annotations

import math
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
    """

    def __init__(
        self,
        horizon: int,
        action_size: int,
        condition_size: int,
        width: int = 128,
        depth: int = 3,
        prefix_max: int = 0,
        correction_width: int = 0,
    ) -> None:
        super().__init__()
        self.horizon, self.action_size, self.condition_size = horizon, action_size, condition_size
        self.prefix_max = prefix_max
        own_times = horizon if prefix_max else 0
        sizes = [horizon * action_size + TIME_FEATURES + own_times + condition_size, *[width] * depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, horizon * action_size))
        self.correction: CorrectionNetwork | None = None
        if correction_width:
            self.correction = CorrectionNetwork(horizon, action_size, condition_size, correction_width)

    def forward(self, x: Tensor, tau: Tensor, condition: Tensor) -> Tensor:
        """Return velocities (B, H, D) of x (B, H, D) at tau (B, H), or (B,) for all steps, given condition (B, C).

        Only one with `prefix_max` tells the times of steps apart; the last step is never known already.
        """
        return self.velocities(self.hidden(x, tau, condition), x, tau)

    def velocities(self, hidden: Tensor, x: Tensor, tau: Tensor) -> Tensor:
        """Return velocities (B, H, D) of `hidden`'s numbers of x at tau."""
        predicted = self.layers[-1](hidden).unflatten(1, (self.horizon, self.action_size))
        return velocity_to(predicted, x, tau)

    def hidden(self, x: Tensor, tau: Tensor, condition: Tensor) -> Tensor:
        """Return the last hidden layer's numbers (B, W) of what `forward` takes."""
        times = tau if tau.ndim == 2 else tau[:, None].expand(-1, self.horizon)
        own = [times] if self.prefix_max else []
        joined = torch.cat([x.flatten(1), time_features(times[:, -1]), *own, condition], dim=1)
        return self.layers[:-1](joined)


def velocity_to(clean: Tensor, x: Tensor, tau: Tensor) -> Tensor:
    """Return the velocity (B, H, D) from x (B, H, D) at tau (B,) or (B, H) to the clean actions (B, H, D)."""
    times = tau if tau.ndim == 2 else tau[:, None]
    return (clean - x) / (1.0 - times).clamp(min=1.0 - TAU_MAX)[:, :, None]


def time_features(tau: Tensor) -> Tensor:
    """Return sines and cosines (B, F) of tau (B,), from one half-wave over [0, 1] to 2^(F/2 − 1) of them."""
    frequencies = math.pi * 2.0 ** torch.arange(TIME_FEATURES // 2, dtype=tau.dtype, device=tau.device)
    angles = tau[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
