# SPDX-License-Identifier: Apache-2.0
"""How much of an action is left at each step of diffusion: a_t = α_t a_0 + σ_t ε, α² + σ² = 1. Imports no PyTorch."""

from __future__ import annotations

import math

import numpy as np

from vla_ros.policies.gam.config import COSINE


class NoiseSchedule:
    """α and σ of the steps t = 0 … steps − 1 of training."""

    def __init__(self, name: str, steps: int) -> None:
        """`name` is cosine (Nichol and Dhariwal 2021) or linear (Ho et al. 2020, in β, for 1000 steps)."""
        if name == COSINE:
            times = np.arange(steps + 1) / steps
            left = np.cos((times + 0.008) / 1.008 * math.pi / 2.0) ** 2
            betas = np.minimum(1.0 - left[1:] / left[:-1], 0.999)
        else:
            betas = np.linspace(1e-4, 0.02, steps)
        product = np.cumprod(1.0 - betas)
        self.steps = steps
        self.alpha, self.sigma = np.sqrt(product), np.sqrt(1.0 - product)  # (steps,)

    def sampling_times(self, count: int) -> np.ndarray:
        """Return (count,) steps of training, from the last one down, spaced evenly."""
        return np.linspace(0, self.steps - 1, count + 1).round()[:0:-1].astype(np.int64)
