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

TIME_FEATURES = 16
TAU_MAX = 0.95  # beyond it the factor is held


class VelocityNetwork(nn.Module):
    """v(x, τ | condition): a flat network, enough for low-dimensional conditions."""

    def __init__(self, horizon: int, action_size: int, condition_size: int, width: int = 128, depth: int = 3) -> None:
        super().__init__()
        self.horizon, self.action_size, self.condition_size = horizon, action_size, condition_size
        sizes = [horizon * action_size + TIME_FEATURES + condition_size, *[width] * depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, horizon * action_size))

    def forward(self, x: Tensor, tau: Tensor, condition: Tensor) -> Tensor:
        """Return velocities (B, H, D) of x (B, H, D) at tau (B,) given condition (B, C)."""
        joined = torch.cat([x.flatten(1), time_features(tau), condition], dim=1)
        predicted = self.layers(joined).unflatten(1, (self.horizon, self.action_size))
        return velocity_to(predicted, x, tau)


def velocity_to(clean: Tensor, x: Tensor, tau: Tensor) -> Tensor:
    """Return the velocity (B, H, D) that leads from x (B, H, D) at tau (B,) to the clean actions (B, H, D)."""
    return (clean - x) / (1.0 - tau).clamp(min=1.0 - TAU_MAX)[:, None, None]


def time_features(tau: Tensor) -> Tensor:
    """Return sines and cosines (B, F) of tau (B,), from one half-wave over [0, 1] to 2^(F/2 − 1) of them."""
    frequencies = math.pi * 2.0 ** torch.arange(TIME_FEATURES // 2, dtype=tau.dtype, device=tau.device)
    angles = tau[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
