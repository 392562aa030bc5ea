# SPDX-License-Identifier: Apache-2.0
"""The flow-matching action expert: from what the chain has found to a chunk of actions.

GraspVLA, section 4: a^τ = (1 − τ) ε + τ a, the network predicts the clean chunk and the velocity follows
(policies/flow/network.py says why). Noisy actions attend to every token of the chain and to one another.
Shape legend: B samples, H steps of a chunk, A numbers of an action, K tokens of the chain, N numbers of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.flow.network import TIME_FEATURES, time_features, velocity_to
from vla_ros.policies.graspvla.small.chain import CLOSED, REASONING_STEPS, TOKEN_SIZE, TOKENS, conditioning_mask


class ActionExpert(nn.Module):
    """v(a^τ, τ | chain)."""

    mask: Tensor  # (2, K, N) of what it is conditioned on, while the fingers are open, and closed

    def __init__(
        self, horizon: int = 4, size: int = 96, depth: int = 3, conditioning: Sequence[str] = REASONING_STEPS
    ) -> None:
        super().__init__()
        masks = np.stack([conditioning_mask(conditioning, closing) for closing in (False, True)])
        self.register_buffer("mask", torch.from_numpy(masks), persistent=False)
        self.horizon = horizon
        self.chain = nn.ModuleList(nn.Linear(TOKEN_SIZE, size) for _ in range(TOKENS))
        self.action = nn.Linear(ACTION_SIZE, size)
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, size), nn.SiLU(), nn.Linear(size, size))
        self.step = nn.Parameter(0.02 * torch.randn(horizon, size))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(size, 4, 3 * size, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.out = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, ACTION_SIZE))

    def encode(self, chain: Tensor) -> Tensor:
        """Return the chain's tokens (B, K, D) of its numbers (B, K, N): once a chunk."""
        closed = (chain[:, CLOSED[0], CLOSED[1]] > 0.5).long()
        chain = chain * self.mask[closed]
        return torch.stack([layer(chain[:, i]) for i, layer in enumerate(self.chain)], dim=1)

    def hidden(self, x: Tensor, tau: Tensor, tokens: Tensor) -> Tensor:
        """Return the last layer's tokens (B, K + H, D) of x (B, H, A) at tau (B,): the chain's, then the actions'."""
        actions = self.action(x) + self.step + self.time(time_features(tau))[:, None]
        joined = torch.cat([tokens, actions], dim=1)
        for layer in self.layers:
            joined = layer(joined)
        return joined

    def clean(self, x: Tensor, tau: Tensor, tokens: Tensor) -> Tensor:
        """Return the clean chunk (B, H, A) predicted from x (B, H, A) at tau (B,)."""
        return self.out(self.hidden(x, tau, tokens)[:, -self.horizon :])

    def forward(self, x: Tensor, tau: Tensor, tokens: Tensor) -> Tensor:
        """Return velocities (B, H, A)."""
        return self.velocity(x, tau, tokens)[0]

    def velocity(self, x: Tensor, tau: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return velocities (B, H, A), and the last layer's tokens (B, K + H, D) that they come from."""
        hidden = self.hidden(x, tau, tokens)
        return velocity_to(self.out(hidden[:, -self.horizon :]), x, tau), hidden
