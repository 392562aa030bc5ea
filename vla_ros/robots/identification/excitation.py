# SPDX-License-Identifier: Apache-2.0
"""A motion that shows what an arm is like: finite Fourier series, each joint its own (Swevers et al. 1997).

    q_j(t) = q0_j + Σ_l a_jl / (ω l) sin(ω l t) + b_jl / (ω l) (1 − cos(ω l t)),    ω = 2π / period.

With Σ a_l = 0 and Σ b_l l = 0 it starts and ends at q0 with no speed and no acceleration, so that one series may
follow another. Shape legend: K instants, N joints, H harmonics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk

CHUNK_PAST, CHUNK_POINTS, CHUNK_PERIOD = 6, 20, 0.05  # [s] a chunk shows the last 0.3 s and the next second
SETTLE_S = 1.0  # [s] at rest before and after


@dataclass(frozen=True, eq=False)
class FourierSeries:
    """One period of motion that returns to where it began."""

    origin: np.ndarray  # (N,) [rad]
    sine: np.ndarray  # (N, H) a [rad/s], each row with sum 0
    cosine: np.ndarray  # (N, H) b [rad/s], each row orthogonal to 1 … H
    period: float  # [s]

    def sample(self, times: np.ndarray) -> np.ndarray:
        """Return q, dq, ddq at `times` (K,) [s]: (3, K, N) [rad, rad/s, rad/s²]."""
        orders = np.arange(1, self.sine.shape[1] + 1)
        rates = 2.0 * np.pi / self.period * orders  # (H,) ω l
        angles = np.outer(times, rates)
        sine, cosine = np.sin(angles), np.cos(angles)
        return np.stack([
            self.origin + sine @ (self.sine / rates).T + (1.0 - cosine) @ (self.cosine / rates).T,
            cosine @ self.sine.T + sine @ self.cosine.T,
            -sine @ (self.sine * rates).T + cosine @ (self.cosine * rates).T,
        ])  # fmt: skip


def closing_basis(harmonics: int) -> tuple[np.ndarray, np.ndarray]:
    """Return bases (H, H - 1) of the sine and of the cosine coefficients of a series at rest at its ends."""
    orders = np.arange(1.0, harmonics + 1.0)

    def orthogonal(vector: np.ndarray) -> np.ndarray:
        return np.linalg.svd(vector[None])[2][1:].T

    return orthogonal(np.ones(harmonics)), orthogonal(orders)


@dataclass(frozen=True, eq=False)
class Excitation:
    """Series one after the other, between two rests; the last is for validation."""

    joints: tuple[str, ...]
    series: tuple[FourierSeries, ...]

    @property
    def duration(self) -> float:
        """Return how long it takes, rests included [s]."""
        return sum(series.period for series in self.series) + 2.0 * SETTLE_S

    @property
    def origin(self) -> np.ndarray:
        """Return where it begins and ends (N,) [rad]."""
        return self.series[0].origin

    def sample(self, times: np.ndarray) -> np.ndarray:
        """Return q, dq, ddq at `times` (K,) [s]: (3, K, N); at rest outside."""
        times = np.asarray(times, dtype=float)
        state = np.zeros((3, len(times), len(self.joints)))
        state[0] = self.origin
        begin = SETTLE_S
        for series in self.series:
            inside = (times >= begin) & (times < begin + series.period)
            state[:, inside] = series.sample(times[inside] - begin)
            begin += series.period
        return state

    def chunk(self, elapsed: float, now: float, frame_id: str, sequence: int) -> ActionChunk:
        """Return the chunk of the next second as seen at `now` [s], `elapsed` [s] after the start."""
        # It is stamped in the past and begins there, as a policy's is: an arm that is a little behind then finds where
        # it is along the chunk and is not made to catch up.
        times = CHUNK_PERIOD * np.arange(-CHUNK_PAST, CHUNK_POINTS + 1)
        channels = tuple(f"{joint}/position" for joint in self.joints)
        values = self.sample(elapsed + times)[0]
        return ActionChunk(now + times[0], frame_id, channels, times - times[0], values, sequence)
