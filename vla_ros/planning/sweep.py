# SPDX-License-Identifier: Apache-2.0
"""Is everything between free: configurations close enough together that nothing slips through."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.trajectory import PieceTrajectory

COARSE_STRETCHES = 16  # to see how fast the arm travels along a line or a motion


@lru_cache(maxsize=4096)
def bisection_order(count: int) -> tuple[int, ...]:
    """Return 0 … count − 1 in the order of van der Corput: what is in the way is usually found early."""
    bits = max(1, (count - 1).bit_length())
    reversed_bits = (int(f"{index:0{bits}b}"[::-1], 2) for index in range(1 << bits))
    return tuple(index for index in reversed_bits if index < count)


def line_free(checker: CollisionChecker, q_from: np.ndarray, q_to: np.ndarray, step: float) -> bool:
    """Say whether the straight line is free, checked every `step` [m] of travel; its ends are known to be."""
    line = np.linspace(q_from, q_to, COARSE_STRETCHES + 1)
    count = int(np.ceil(float(checker.travel(line).max()) * COARSE_STRETCHES / step)) - 1
    if count < 1:
        return True
    shares = np.arange(1, count + 1) / (count + 1)
    rows = q_from + shares[:, None] * (q_to - q_from)
    return _all_free(checker, rows)


def motion_free(
    checker: CollisionChecker, motion: PieceTrajectory, lower: np.ndarray, upper: np.ndarray, step: float
) -> bool:
    """Say whether a motion keeps joint limits and is free, checked about every `step` [m] of travel."""
    coarse = motion.states(np.linspace(0.0, motion.duration, COARSE_STRETCHES + 1))[0]
    if (coarse < lower).any() or (coarse > upper).any():
        return False
    count = int(1.3 * checker.travel(coarse).sum() / step)
    if count < 1:
        return True
    rows = motion.states(np.arange(1, count + 1) * (motion.duration / (count + 1)))[0]
    return not ((rows < lower).any() or (rows > upper).any()) and _all_free(checker, rows)


def fine_times(checker: CollisionChecker, motion: PieceTrajectory, step: float) -> np.ndarray:
    """Return times (K,) [s], ends included, between which no point of the arm moves by more than `step` [m]."""
    times = np.linspace(0.0, motion.duration, 64)
    while True:
        parts = np.ceil(checker.travel(motion.states(times)[0]) / step).astype(int)
        if parts.max() <= 1:
            return times
        # Speed varies inside a stretch: look again until none is too long.
        counts = np.where(parts > 1, parts + 1, 1)
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        share = (np.arange(counts.sum()) - np.repeat(first, counts)) / np.repeat(counts, counts)
        times = np.append(np.repeat(times[:-1], counts) + share * np.repeat(np.diff(times), counts), times[-1])


def _all_free(checker: CollisionChecker, rows: np.ndarray) -> bool:
    free = checker.free
    return all(free(rows[index]) for index in bisection_order(len(rows)))
