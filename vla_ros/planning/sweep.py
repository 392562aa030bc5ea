# SPDX-License-Identifier: Apache-2.0
"""Is everything between free: configurations close enough together that nothing slips through.

Distances are bounds on how far any point of the arm moves: the sum over joints of their turn times the arm's reach
from their axis. No point moves further, most move much less.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.trajectory import PieceTrajectory

TURN_METRES = 0.002 / np.radians(0.5)  # [m/rad] a step of 2 mm turns no joint by more than 0.5 degrees


def travel(checker: CollisionChecker, positions: np.ndarray) -> np.ndarray:
    """Bound how far [m] any point of the arm moves between rows of `positions` (K, N): (K - 1,)."""
    return np.abs(np.diff(positions, axis=0)) @ np.maximum(checker.reach, TURN_METRES)


@lru_cache(maxsize=4096)
def bisection_order(count: int) -> tuple[int, ...]:
    """Return 0 … count − 1 in the order of van der Corput: what is in the way is usually found early."""
    bits = max(1, (count - 1).bit_length())
    reversed_bits = (int(f"{index:0{bits}b}"[::-1], 2) for index in range(1 << bits))
    return tuple(index for index in reversed_bits if index < count)


def line_free(checker: CollisionChecker, q_from: np.ndarray, q_to: np.ndarray, step: float) -> bool:
    """Say whether the straight line is free, checked every `step` [m] of travel; its ends are known to be."""
    count = int(np.ceil(float(travel(checker, np.array([q_from, q_to]))[0]) / step)) - 1
    if count < 1:
        return True
    shares = np.arange(1, count + 1) / (count + 1)
    rows = q_from + shares[:, None] * (q_to - q_from)
    return _all_free(checker, rows)


def motion_free(
    checker: CollisionChecker, motion: PieceTrajectory, lower: np.ndarray, upper: np.ndarray, step: float
) -> bool:
    """Say whether a motion keeps joint limits and is free, checked about every `step` [m] of travel."""
    coarse = motion.states(np.linspace(0.0, motion.duration, 17))[0]
    if (coarse < lower).any() or (coarse > upper).any():
        return False
    count = int(1.3 * travel(checker, coarse).sum() / step)
    if count < 1:
        return True
    rows = motion.states(np.arange(1, count + 1) * (motion.duration / (count + 1)))[0]
    return not ((rows < lower).any() or (rows > upper).any()) and _all_free(checker, rows)


def fine_times(checker: CollisionChecker, motion: PieceTrajectory, step: float) -> np.ndarray:
    """Return times (K,) [s], ends included, between which no point of the arm moves by more than `step` [m]."""
    times = np.linspace(0.0, motion.duration, 64)
    while True:
        parts = np.ceil(travel(checker, motion.states(times)[0]) / step).astype(int)
        if parts.max() <= 1:
            return times
        # Speed varies inside a stretch: look again until none is too long.
        pieces = [
            np.linspace(begin, end, 1 + (part if part == 1 else part + 1))[:-1]
            for begin, end, part in zip(times[:-1], times[1:], np.maximum(parts, 1), strict=True)
        ]
        times = np.concatenate([*pieces, times[-1:]])


def _all_free(checker: CollisionChecker, rows: np.ndarray) -> bool:
    free = checker.free
    return all(free(rows[index]) for index in bisection_order(len(rows)))
