# SPDX-License-Identifier: Apache-2.0
"""Uniform cubic B-spline of C channels: C² everywhere, evaluated in one product."""

from __future__ import annotations

import numpy as np

# Row k: the coefficient of u^k of the four basis functions that overlap one segment, u in [0, 1].
SEGMENT_BASIS = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6.0


class Spline:
    """A spline on [0, duration]; outside it the ends are held."""

    def __init__(self, control_points: np.ndarray, duration: float) -> None:
        """Take n + 3 control points (n + 3, C) for n equal segments over `duration` [s]."""
        n = len(control_points) - 3
        self.control_points = control_points
        self.duration = duration
        self.step = duration / n
        self.segments = n
        windows = np.stack([control_points[k : n + k] for k in range(4)], axis=1)  # (n, 4, C)
        self._polynomials = SEGMENT_BASIS @ windows

    def sample(self, x: float, powers: np.ndarray, out: np.ndarray) -> None:
        """Write the value at x [s] into out (C,); `powers` (4,) is scratch, so that nothing is allocated."""
        u = x / self.step
        k = int(u)
        if k >= self.segments:
            k, u = self.segments - 1, float(self.segments)
        elif u < 0.0:
            k, u = 0, 0.0
        u -= k
        powers[1] = u
        powers[2] = u * u
        powers[3] = u * u * u
        powers[0] = 1.0
        powers.dot(self._polynomials[k], out=out)

    def derivatives(self, x: float) -> np.ndarray:
        """Return value, velocity [1/s] and acceleration [1/s²] at x [s]: (3, C)."""
        inside = 0.0 <= x < self.duration
        u = min(max(x / self.step, 0.0), float(self.segments))
        k = min(int(u), self.segments - 1)
        u -= k
        rows = np.array([[1.0, u, u * u, u**3], [0.0, 1.0, 2 * u, 3 * u * u], [0.0, 0.0, 2.0, 6 * u]])
        result = rows @ self._polynomials[k]
        result[1] *= inside / self.step
        result[2] *= inside / self.step**2
        return result

    def peaks(self) -> tuple[np.ndarray, np.ndarray]:
        """Return velocities (2n, C) at knots and half-way between, and accelerations (n + 1, C) at the knots."""
        points = self.control_points
        first = (points[1:] - points[:-1]) / self.step
        # Velocity is a quadratic B-spline, acceleration a linear one that peaks at its knots.
        knots = 0.5 * (first[1:] + first[:-1])
        middles = (first[:-2] + 6.0 * first[1:-1] + first[2:]) / 8.0
        return np.concatenate([knots, middles]), (first[1:] - first[:-1]) / self.step


def start_control_points(start: np.ndarray, step: float) -> np.ndarray:
    """Return the first three control points (3, C) that give `start` = value, velocity, acceleration (3, C)."""
    position, velocity, acceleration = start
    middle = position - acceleration * step**2 / 6.0
    half = middle + acceleration * step**2 / 2.0
    return np.stack([half - velocity * step, middle, half + velocity * step])


def basis_row(times: np.ndarray, step: float, segments: int) -> np.ndarray:
    """Return the matrix (K, n + 3) that takes control points to values at `times` (K,) [s]."""
    u = np.clip(times / step, 0.0, segments)
    k = np.minimum(u.astype(int), segments - 1)
    u = u - k
    weights = np.stack([np.ones_like(u), u, u * u, u**3], axis=1) @ SEGMENT_BASIS
    rows = np.zeros((len(times), segments + 3))
    rows[np.arange(len(times))[:, None], k[:, None] + np.arange(4)] = weights
    return rows
