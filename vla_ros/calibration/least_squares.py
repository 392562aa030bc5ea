# SPDX-License-Identifier: Apache-2.0
"""Least squares over views: Levenberg–Marquardt on poses, weights for views that fit badly, and how sure it is.

The views are what errors are independent between: within one picture all corners share the arm's error, so that
residuals of corners would promise far too much. What the estimate does when one view is left out says it (jackknife).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

ROUNDS = 100
_SMALL = 1e-10  # a step relative to its standard scale at which the search has ended
State = TypeVar("State")


class Block(NamedTuple):
    """One view's residuals (R,) [px] and their derivatives (R, P) by the free parameters."""

    residual: np.ndarray
    jacobian: np.ndarray

    @property
    def rms(self) -> float:
        """Return the root mean square distance of its corners from where they should be [px]."""
        return float(np.sqrt(2.0 * np.mean(self.residual**2)))


def solve(
    start: State,
    linearise: Callable[[State], Sequence[Block]],
    step: Callable[[State, np.ndarray], State],
    weights: Sequence[float] | None = None,
    prior: np.ndarray | None = None,
    offset: Callable[[State], np.ndarray] | None = None,
) -> State:
    """Return the state of least squares, each view's residuals times the root of its weight.

    `prior` (P,) are weights [px²] of the squares of the parameters, whose values `offset` returns.
    """

    def normal(blocks: Sequence[Block], state: State) -> tuple[float, np.ndarray, np.ndarray]:
        shares = [1.0] * len(blocks) if weights is None else weights
        H = sum(w * one.jacobian.T @ one.jacobian for w, one in zip(shares, blocks, strict=True))
        g = sum(w * one.jacobian.T @ one.residual for w, one in zip(shares, blocks, strict=True))
        cost = sum(w * float(one.residual @ one.residual) for w, one in zip(shares, blocks, strict=True))
        if prior is not None and offset is not None:
            x = offset(state)
            return cost + float(prior @ x**2), H + np.diag(prior), g + prior * x
        return float(cost), np.asarray(H), np.asarray(g)

    state, damping = start, 1e-4
    cost, H, g = normal(linearise(state), state)
    for _ in range(ROUNDS):
        scale = np.sqrt(np.maximum(np.diag(H), 1e-12))
        scaled = H / np.outer(scale, scale)
        change = -np.linalg.lstsq(scaled + damping * np.eye(len(g)), g / scale, rcond=None)[0] / scale
        tried = step(state, change)
        tried_cost, tried_H, tried_g = normal(linearise(tried), tried)
        small = float(np.linalg.norm(change * scale)) <= _SMALL * (1.0 + np.sqrt(cost))
        if np.isfinite(tried_cost) and tried_cost <= cost:
            state, cost, H, g, damping = tried, tried_cost, tried_H, tried_g, max(0.1 * damping, 1e-12)
        else:
            damping *= 10.0
        if small or damping > 1e8:
            break
    return state


def covariance(blocks: Sequence[Block], prior: np.ndarray | None = None, noise: float = 0.0) -> np.ndarray:
    """Return the covariance (P, P) of the parameters at the solution, by the jackknife over views.

    Leaving view i out moves the solution by (H − Hᵢ)⁻¹ gᵢ, to first order (Efron 1982; CR3 of MacKinnon and White
    1985). What the views do not say is as uncertain as `prior` left it: (noise / standard deviation)², `noise` [px].
    """
    parts = [one.jacobian.T @ one.jacobian for one in blocks]
    P = np.zeros(parts[0].shape[0]) if prior is None else prior
    H = np.sum(parts, axis=0) + np.diag(P)
    scale = np.sqrt(np.maximum(np.diag(H), 1e-12))
    units = np.outer(scale, scale)
    moves = []
    for part, one in zip(parts, blocks, strict=True):
        g = one.jacobian.T @ one.residual / scale
        moves.append(np.linalg.lstsq((H - part) / units, g, rcond=1e-12)[0] / scale)
    count = len(blocks)
    told = (count - 1) / count * np.einsum("ip,iq->pq", np.array(moves), np.array(moves))
    inverse = np.linalg.pinv(H / units, rcond=1e-14) / units
    return told + noise**2 * inverse @ np.diag(P) @ inverse
