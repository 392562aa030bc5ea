# SPDX-License-Identifier: Apache-2.0
"""Gradient descent for the small networks of this room: AdamW, its rate falling to zero along a cosine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def descend(
    parameters: Iterable[nn.Parameter], loss_of_a_batch: Callable[[], Tensor], iterations: int, learning_rate: float
) -> float:
    """Change the parameters so that the loss falls; return the mean of the last 100 losses."""
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=1e-4, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, iterations)
    losses = []
    for _ in range(iterations):
        loss = loss_of_a_batch()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.detach())
    return float(torch.stack(losses[-100:]).mean())
