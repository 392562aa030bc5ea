# SPDX-License-Identifier: Apache-2.0
"""Draw a flow's actions behind those already decided (Black, Galliker, Levine 2025, RTC, equations 2 to 5).

Shape legend: H steps, D numbers an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy, FlowPolicy, PrefixFlowPolicy

Velocity = Callable[[np.ndarray, float], np.ndarray]


def prefix_mask(horizon: int, delay: int, executed: int) -> np.ndarray:
    """Return W (H,): 1 for the `delay` steps that will be executed anyway, 0 for the last `executed`, falling between.

    Raises ConfigError unless delay <= executed <= horizon - delay.
    """
    if not 0 <= delay <= executed <= horizon - delay:
        raise ConfigError(
            f"real-time chunking needs delay <= executed <= horizon - delay, got delay {delay}, executed {executed}, "
            f"horizon {horizon} steps"
        )
    i = np.arange(horizon)
    c = (horizon - executed - i) / (horizon - executed - delay + 1)
    W = c * np.expm1(c) / np.expm1(1.0)
    W[i < delay] = 1.0
    W[i >= horizon - executed] = 0.0
    return W


def guidance_weight(tau: float, limit: float) -> float:
    """Return min(β, (1−τ)/(τ r²)) with r² = (1−τ)²/(τ² + (1−τ)²); at τ = 0 that is β = `limit`."""
    if tau <= 0.0:
        return limit
    return min(limit, (tau**2 + (1.0 - tau) ** 2) / (tau * (1.0 - tau)))


def vjp_guided(
    policy: DifferentiableFlowPolicy, condition: Any, previous: np.ndarray, mask: np.ndarray, limit: float
) -> Velocity:
    """Return v + w eᵀ ∂x̂₁/∂x with the error e = W ⊙ (A_prev − x̂₁) of the predicted actions x̂₁ = x + (1−τ) v.

    `previous` (H, D) are the actions already decided, `mask` (H,) is W, `limit` is β.
    """

    def velocity(x: np.ndarray, tau: float) -> np.ndarray:
        v, pullback = policy.vjp(condition, x, tau)
        error = mask[:, None] * (previous - (x + (1.0 - tau) * v))
        return v + guidance_weight(tau, limit) * (error + (1.0 - tau) * pullback(error))

    return velocity


def identity_guided(
    policy: FlowPolicy, condition: Any, previous: np.ndarray, mask: np.ndarray, limit: float
) -> Velocity:
    """Return v + w e, as `vjp_guided` with the identity for ∂x̂₁/∂x: no backward pass."""

    def velocity(x: np.ndarray, tau: float) -> np.ndarray:
        v = policy.velocity(condition, x, tau)
        error = mask[:, None] * (previous - (x + (1.0 - tau) * v))
        return v + guidance_weight(tau, limit) * error

    return velocity


def prefix_conditioned(
    policy: PrefixFlowPolicy, condition: Any, previous: np.ndarray, mask: np.ndarray, limit: float
) -> Velocity:
    """Return the field of a policy that was trained to go on from a prefix (Black et al. 2025): nothing is guided.

    The frozen rows of `previous` (H, D), where `mask` (H,) is 1, are given to the network clean, and led to themselves;
    what is left of the last chunk behind them is not looked at, and `limit` has no meaning.
    """
    known = int(np.count_nonzero(mask >= 1.0))

    def velocity(x: np.ndarray, tau: float) -> np.ndarray:
        given = x.copy()
        given[:known] = previous[:known]
        v = policy.velocity_after(condition, given, tau, known)
        v[:known] = (previous[:known] - x[:known]) / (1.0 - tau)
        return v

    return velocity
