# SPDX-License-Identifier: Apache-2.0
"""DPM-Solver++(2M): few steps from noise to an action, for a network that predicts the clean action (Lu et al. 2022).

With λ = ln(α/σ) and h = λ_t − λ_s, one step from s to t is x_t = (σ_t/σ_s) x_s − α_t (e^−h − 1) D. D is the prediction
at s at order 1; order 2 carries it on by the step before: D = D_s + (h / 2 h₀) (D_s − D_s₀) (algorithm 2).
The first step has none before it, and the last goes to σ = 0, where x is D: both are of order 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor


def solve(
    predict: Callable[[Tensor, int], Tensor], noise: Tensor, alpha: np.ndarray, sigma: np.ndarray, order: int = 2
) -> Tensor:
    """Carry noise from the first to the last of the levels alpha, sigma (steps + 1,), where sigma falls.

    `predict(x, i)` returns the clean sample from x at level i. The last sigma may be 0.
    """
    alpha, sigma = np.asarray(alpha, dtype=np.float64), np.asarray(sigma, dtype=np.float64)
    with np.errstate(divide="ignore"):
        logs = np.log(alpha) - np.log(sigma)
    x, before, step_before = noise, None, 0.0
    for i, step in enumerate(np.diff(logs)):
        clean = predict(x, i)
        carried = clean
        if order == 2 and before is not None and np.isfinite(step):
            carried = clean + float(step / (2.0 * step_before)) * (clean - before)
        x = float(sigma[i + 1] / sigma[i]) * x - float(alpha[i + 1] * np.expm1(-step)) * carried
        before, step_before = clean, step
    return x
