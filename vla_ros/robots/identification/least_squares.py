# SPDX-License-Identifier: Apache-2.0
"""Bounded robust least squares with honest errors.

Joints are weighted by their own noise (Gautier 1997), single bad stretches lose their weight (soft L1), and standard
errors are taken over blocks of time: neighbouring residuals of one joint are anything but independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

BLOCK_S = 1.0  # [s] residuals further apart count as independent


@dataclass(frozen=True, eq=False)
class Solution:
    """Parameters (P,) with standard errors, and the noise of each joint (N,)."""

    parameters: np.ndarray
    errors: np.ndarray
    covariance: np.ndarray  # (P, P)
    noise: np.ndarray  # (N,) [N·m]


def solve(
    matrix: np.ndarray, target: np.ndarray, counts: np.ndarray, noise: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray], block: int,
) -> Solution:  # fmt: skip
    """Solve X (R, N, P) θ = target (R, N) within bounds (P,) each; `noise` (N,) weighs the joints.

    Equations count where `counts` (R, N) is 1. `block` instants are taken together for the errors.
    """
    rows, n, count = matrix.shape
    lower, upper = bounds
    weights = counts / noise
    weighted = matrix * weights[:, :, None]
    X, y = weighted.reshape(rows * n, count), (target * weights).ravel()
    start = np.clip(np.linalg.lstsq(X, y, rcond=None)[0], lower + 1e-9, upper - 1e-9)
    fit = least_squares(
        lambda theta: X @ theta - y, start, jac=lambda theta: X, bounds=bounds, loss="soft_l1", f_scale=2.0,
        x_scale="jac", max_nfev=50,
    )  # fmt: skip
    residual = (y - X @ fit.x).reshape(rows, n)
    trust = 1.0 / np.sqrt(1.0 + (residual / 2.0) ** 2)  # the derivative of soft L1
    inverse = np.linalg.pinv((weighted * trust[:, :, None]).reshape(-1, count).T @ X)
    scores = np.einsum("rnp,rn->rp", weighted, trust * residual)
    edges = np.arange(0, rows, max(1, block))
    sums = np.add.reduceat(scores, edges, axis=0)  # (B, P)
    freedom = len(edges) / max(1, len(edges) - 1)
    covariance = freedom * inverse @ (sums.T @ sums) @ inverse
    left = spread(target - matrix @ fit.x, counts)
    return Solution(fit.x, np.sqrt(np.diag(covariance)), covariance, left)


def plain_noise(matrix: np.ndarray, target: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return what ordinary least squares, all joints alike, leaves of each joint (N,)."""
    X = (matrix * counts[:, :, None]).reshape(-1, matrix.shape[2])
    theta = np.linalg.lstsq(X, (target * counts).ravel(), rcond=None)[0]
    return spread(target - matrix @ theta, counts)


def spread(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the standard deviation (N,) of values (R, N) where `counts` is 1, by their median: a push is no noise."""
    absolute = np.where(counts > 0.0, np.abs(values), np.nan)
    return 1.4826 * np.nanmedian(absolute, axis=0) + 1e-9


def rms(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the root mean square (N,) of values (R, N) where `counts` is 1; never 0, as it divides."""
    return np.sqrt((counts * values**2).sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)) + 1e-9
