# SPDX-License-Identifier: Apache-2.0
"""Flow matching as GR-3 has it (section 3.1): a^τ = (1 − τ) ε + τ a, u = a − ε, τ uniform, Euler with Δτ = 0.2.

Shape legend: B batch, M times a chunk, H actions, A numbers of an action, S numbers of the state.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.kv_cache.prefix import Prefix

STEPS = 5  # of Δτ = 0.2


def flow_loss(
    transformer: ActionTransformer,
    prefix: Prefix,
    state: Tensor,
    actions: Tensor,
    counts: Tensor,
    times: int,
    rng: torch.Generator | None = None,
) -> Tensor:
    """Return the mean squared error of the velocity at `times` random τ of each chunk, all after one prefix.

    `actions` (B, H, A) are normalised, `state` (B, S) as well; `counts` (B, H, A) says how much each number counts: 0
    for what is not supervised, whatever stands there, NaN included.
    """
    actions = torch.where(counts > 0, actions, 0.0)
    shape = (len(actions), times)
    tau = torch.rand(shape, generator=rng).to(actions.device)  # drawn on the CPU: the same on every device
    noise = torch.randn((*shape, *actions.shape[1:]), generator=rng).to(actions.device)
    share = tau[..., None, None]
    noisy = (1.0 - share) * noise + share * actions[:, None]
    error = transformer(noisy, tau, state, prefix) - (actions[:, None] - noise)
    weights = counts[:, None].expand_as(error)
    return (error.square() * weights).sum() / weights.sum().clamp(min=1.0)


def sample_actions(
    transformer: ActionTransformer, prefix: Prefix, state: Tensor, noise: Tensor, steps: int = STEPS
) -> Tensor:
    """Carry noise (B, H, A) along the field from τ = 0 to 1 in Euler steps."""

    def velocity(x: Tensor, tau: float) -> Tensor:
        at = torch.full((len(x), 1), tau, device=x.device)
        return transformer(x[:, None], at, state, prefix)[:, 0]

    return integrate_flow(velocity, noise, steps)
