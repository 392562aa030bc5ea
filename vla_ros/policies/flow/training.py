# SPDX-License-Identifier: Apache-2.0
"""Flow matching: teach a network u = a − ε on the straight line a^τ = (1 − τ) ε + τ a.

Shape legend: N samples, B batch, H steps, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor

from controllers.errors import ConfigError
from vla_ros.policies.flow.config import check_horizons
from vla_ros.policies.flow.descent import descend
from vla_ros.policies.flow.network import TAU_MAX, VelocityNetwork

_EVEN = 1e-3  # weight of how unevenly horizons count


@dataclass(frozen=True)
class FlowTraining:
    """How long and how fast to learn."""

    iterations: int = 1000
    batch: int = 128
    learning_rate: float = 6e-3  # falls to zero along a cosine
    width: int = 128
    depth: int = 3
    seed: int = 0
    horizons: tuple[int, ...] = ()  # rising, the last one that of the data: a mixture of horizons; none: that alone
    prefix_max: int = 0  # first actions that may be decided already, for `chunking: {method: rtc_trained}`; 0: none

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name not in ("seed", "prefix_max", "horizons") and value <= 0:
                raise ConfigError(f"flow training: {name} must be > 0, got {value}")
        if self.prefix_max < 0:
            raise ConfigError(f"flow training: prefix_max must be >= 0 actions, got {self.prefix_max}")
        check_horizons("flow training", self.horizons)


def flow_matching_loss(network: VelocityNetwork, actions: Tensor, condition: Tensor, random: Generator) -> Tensor:
    """Return the mean of ((1 − τ) |v − u|)² for actions (B, H, D), each at a τ and a noise of its own.

    With the factor it is the error of the predicted actions, equally bad at every τ. Of a network with `prefix_max` the
    first 0 to `prefix_max` actions are given clean, at τ = 1, and do not count (Black et al. 2025). Of a mixture of
    horizons each one's own error is added, and how unevenly they count (Jing et al. 2025).
    """
    tau = TAU_MAX * torch.rand(len(actions), generator=random)
    noise = torch.randn(actions.shape, generator=random)
    times = tau[:, None].expand(-1, network.horizon)
    if network.prefix_max:
        known = torch.randint(network.prefix_max + 1, (len(actions), 1), generator=random)
        times = torch.where(torch.arange(network.horizon) < known, 1.0, times)
    share = times[:, :, None]
    x = (1.0 - share) * noise + share * actions
    hidden = network.hidden(x, times, condition)
    error = ((1.0 - share) * (network.velocities(hidden, x, times) - (actions - noise))).square()
    loss = error.sum() / ((times < 1.0).sum() * network.action_size)
    return loss + _horizons_alone(network, hidden, actions, times < 1.0) if network.mixes else loss


def _horizons_alone(network: VelocityNetwork, hidden: Tensor, actions: Tensor, counts: Tensor) -> Tensor:
    """Return the mean error of what each horizon predicts of its own steps that count (B, H), and the uneven weights'.

    Weights are even where horizons that reach the same steps have the same mean: the squared coefficient of variation.
    """
    own = (network.reached & counts[:, None])[..., None]  # (B, K, H, 1)
    error = ((network.predictions(hidden) - actions[:, None]).square() * own).sum() / (own.sum() * actions.shape[-1])
    mean, uneven = network.weights(hidden).mean(dim=0), error.new_zeros(())  # (K, H)
    for first, last in pairwise((0, *network.horizons[:-1])):  # the last steps are the longest one's alone
        share = mean[network.horizons.index(last) :, first:last].mean(dim=1)
        uneven = uneven + share.var(correction=0) / share.mean().square()
    return error + _EVEN * uneven / (len(network.horizons) - 1)


def train_flow(
    actions: np.ndarray, conditions: np.ndarray, settings: FlowTraining | None = None
) -> tuple[VelocityNetwork, float]:
    """Return a network trained on normalised actions (N, H, D) and conditions (N, C), and its last mean loss.

    The same data, settings, threads and version of PyTorch give the same network.
    """
    settings = settings or FlowTraining()
    if len(actions) != len(conditions) or len(actions) == 0:
        raise ConfigError(f"flow training: {len(actions)} actions for {len(conditions)} conditions")
    # Weights are drawn from the global generator: borrowed, so that training changes nobody else's numbers.
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        horizon, size = actions.shape[1:]
        if settings.prefix_max >= horizon:
            raise ConfigError(f"flow training: prefix_max {settings.prefix_max} leaves nothing of {horizon} actions")
        if settings.horizons and settings.horizons[-1] != horizon:
            raise ConfigError(f"flow training: horizons must end with {horizon}, as data does: {settings.horizons}")
        network = VelocityNetwork(
            horizon, size, conditions.shape[1], settings.width, settings.depth, settings.prefix_max,
            horizons=settings.horizons,
        )  # fmt: skip
    random = Generator().manual_seed(settings.seed)
    data = torch.as_tensor(actions, dtype=torch.float32), torch.as_tensor(conditions, dtype=torch.float32)

    def loss() -> Tensor:
        chosen = torch.randint(len(actions), (settings.batch,), generator=random)
        return flow_matching_loss(network, data[0][chosen], data[1][chosen], random)

    last = descend(network.parameters(), loss, settings.iterations, settings.learning_rate)
    return network.eval(), last
