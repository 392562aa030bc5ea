# SPDX-License-Identifier: Apache-2.0
"""How far an arm is from being singular, and which way it gets further away: w = √det(J Jᵀ) (Yoshikawa 1985).

    ∂w/∂q_j = w Σ_i (∂J_i/∂q_j) · P_i,   P = (J Jᵀ)⁻¹ J

and of a column J_i = (v_i, ω_i):  ∂J_i/∂q_j = (ω_j × v_i, ω_j × ω_i) for j ≤ i,  (ω_i × v_j, 0) for j > i.
"""

from __future__ import annotations

from math import sqrt

import numpy as np


class Dexterity:
    """The measure of one arm of N joints, from the columns of its own joints."""

    def __init__(self, size: int) -> None:
        """Start far from any singularity."""
        self.measure, self.gradient = 1.0, np.zeros(size)  # w, ∂ log w/∂q (N,) [1/rad]
        self._regular = 1e-12 * np.eye(6)

    def update(self, J: np.ndarray) -> None:
        """Compute both for J (6, N)."""
        JJ = J @ J.T + self._regular
        self.measure = sqrt(max(float(np.linalg.det(JJ)), 0.0))
        P = np.linalg.solve(JJ, J)
        v, w, Pv, Pw = J[:3], J[3:], P[:3], P[3:]
        after = _cross(v, Pv) + _cross(w, Pw)  # (3, N), summed over i ≥ j
        after = np.cumsum(after[:, ::-1], axis=1)[:, ::-1]
        before = _cross(Pv, w)  # summed over i < j
        before = np.cumsum(before, axis=1) - before
        self.gradient[:] = (w * after + v * before).sum(axis=0)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross products of columns (3, N): np.cross takes ten times as long."""
    c = np.empty_like(a)
    c[0] = a[1] * b[2] - a[2] * b[1]
    c[1] = a[2] * b[0] - a[0] * b[2]
    c[2] = a[0] * b[1] - a[1] * b[0]
    return c
