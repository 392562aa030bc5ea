# SPDX-License-Identifier: Apache-2.0
"""A small network that corrects what is left of a chunk by what is seen now (after A2C2, Sendai et al. 2025).

The chunk was drawn from an older observation; a pass of this network costs a fraction of drawing another one, so that
it can be asked at every step, while the next chunk is still being computed.

Shape legend: B batch, H steps, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CorrectionNetwork(nn.Module):
    """What to add to each action that is left of a chunk. Untrained it adds nothing."""

    def __init__(self, horizon: int, action_size: int, condition_size: int, width: int = 128) -> None:
        super().__init__()
        self.horizon, self.action_size, self.width = horizon, action_size, width
        last = nn.Linear(width, horizon * action_size)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Linear(horizon * (action_size + 1) + condition_size, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            last,
        )

    def forward(self, actions: Tensor, left: Tensor, condition: Tensor) -> Tensor:
        """Return what to add (B, H, D) to normalised `actions` (B, H, D), of which `left` (B,) are left.

        They are the next ones, relative to the observation whose `condition` (B, C) is. What stands behind them is
        not looked at, and its correction means nothing.
        """
        there = (torch.arange(self.horizon, device=actions.device) < left[:, None]).to(actions.dtype)  # (B, H)
        joined = torch.cat([(actions * there[:, :, None]).flatten(1), there, condition], dim=1)
        return self.layers(joined).unflatten(1, (self.horizon, self.action_size))
