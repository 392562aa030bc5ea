# SPDX-License-Identifier: Apache-2.0
"""Teach a flow's network to correct its own chunks by what was seen since.

Shape legend: N samples, P draws, B batch, H steps, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.flow.correction import CorrectionNetwork
from vla_ros.policies.flow.descent import descend
from vla_ros.policies.flow.network import VelocityNetwork


@dataclass(frozen=True, eq=False)
class Moments:
    """Pairs of moments: when a chunk was drawn, and when `executed` of its actions have been executed.

    Actions are normalised, and those of a moment are what was right then: `delta` or `absolute` ones, whose rows are
    the same for both moments but for those that are over.
    """

    conditions_then: np.ndarray  # (N, C) of the observation that the chunk was drawn from
    conditions_now: np.ndarray  # (N, C)
    executed: np.ndarray  # (N,) actions, 0 to below H
    actions_now: np.ndarray  # (N, H, D)
    displaced: np.ndarray  # (N, D) added to the first action that is left: the robot is not where the chunk has it


@dataclass(frozen=True)
class CorrectionTraining:
    """How long and how fast to learn."""

    iterations: int = 1000
    batch: int = 128
    learning_rate: float = 3e-3  # falls to zero along a cosine
    width: int = 128
    draws: int = 4  # chunks of each moment; the one nearest to what was right is corrected
    steps: int = 5  # Euler steps of a draw
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "seed" and value <= 0:
                raise ConfigError(f"correction training: {name} must be > 0, got {value}")


def train_correction(network: VelocityNetwork, moments: Moments, settings: CorrectionTraining | None = None) -> float:
    """Give `network` a correction trained on its own chunks; return its last mean loss.

    Where several chunks would have been right, the one that was drawn need not be the one that was demonstrated: a
    correction from one to the other leads between them. So of several draws the nearest is taken.
    """
    settings = settings or CorrectionTraining()
    count, horizon = len(moments.executed), network.horizon
    if count == 0 or {len(values) for values in vars(moments).values()} != {count}:
        raise ConfigError("correction training: there must be as many conditions and actions as moments, and some")
    if moments.executed.min() < 0 or moments.executed.max() >= horizon:
        raise ConfigError(f"correction training: executed must be 0 to {horizon - 1} of {horizon} actions")
    random = Generator().manual_seed(settings.seed)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        correction = CorrectionNetwork(horizon, network.action_size, network.condition_size, settings.width)
    right, now = (torch.as_tensor(v, dtype=torch.float32) for v in (moments.actions_now, moments.conditions_now))
    left = horizon - torch.as_tensor(moments.executed, dtype=torch.long)
    drawn = _nearest_draws(network, moments, right, left, settings, random)

    def loss() -> Tensor:
        some = torch.randint(count, (settings.batch,), generator=random)
        there = _mask(left[some], horizon)
        error = drawn[some] + correction(drawn[some], left[some], now[some]) - right[some]
        return (error.square() * there).sum() / (there.sum() * network.action_size)

    last = descend(correction.parameters(), loss, settings.iterations, settings.learning_rate)
    network.correction = correction.eval().requires_grad_(False)
    return last


def _mask(left: Tensor, horizon: int) -> Tensor:
    return (torch.arange(horizon) < left[:, None])[:, :, None].float()  # (B, H, 1)


@torch.no_grad()
def _nearest_draws(
    network: VelocityNetwork,
    moments: Moments,
    right: Tensor,
    left: Tensor,
    settings: CorrectionTraining,
    random: Generator,
) -> Tensor:
    """Return of each moment what is left (N, H, D) of the chunk that comes nearest to `right`."""
    then = torch.as_tensor(moments.conditions_then, dtype=torch.float32)
    places = torch.arange(network.horizon) + (network.horizon - left)[:, None]  # (N, H) of the actions that are left
    places = places.clamp(max=network.horizon - 1)[:, :, None].expand(-1, -1, network.action_size)
    there = _mask(left, network.horizon)
    displaced = torch.as_tensor(moments.displaced, dtype=torch.float32)
    best, least = torch.zeros_like(right), torch.full((len(right),), torch.inf)
    for _ in range(settings.draws):
        noise = torch.randn(right.shape, generator=random)
        drawn = integrate_flow(lambda x, tau: network(x, torch.full((len(x),), tau), then), noise, settings.steps)
        remaining = drawn.gather(1, places)
        remaining[:, 0] += displaced
        distance = ((remaining - right).square() * there).sum(dim=(1, 2))
        nearer = distance < least
        best[nearer], least[nearer] = remaining[nearer], distance[nearer]
    return best
