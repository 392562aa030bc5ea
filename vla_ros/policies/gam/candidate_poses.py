# SPDX-License-Identifier: Apache-2.0
"""Candidates moved to another frame, chosen and joined. Shape legend: N candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates


def moved(candidates: Candidates, T: np.ndarray) -> Candidates:
    """Return candidates in another frame, T (4, 4) of it from theirs."""
    R = T[:3, :3]
    return replace(candidates, positions=candidates.positions @ R.T + T[:3, 3], rotations=R @ candidates.rotations)


def rows_of(candidates: Candidates, rows: np.ndarray) -> Candidates:
    """Return some of the candidates."""
    return Candidates(*(value[rows] for value in vars(candidates).values()))


def with_rows(candidates: Candidates, rows: np.ndarray, others: Candidates) -> Candidates:
    """Return candidates with others in the place of some of them."""
    kept = {name: value.copy() for name, value in vars(candidates).items()}
    for name, value in kept.items():
        value[rows] = getattr(others, name)
    return Candidates(**kept)


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Return the candidates of all parts, one part after the other; there is at least one."""
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def matrix_of(candidates: Candidates, row: int) -> np.ndarray:
    """Return the pose (4, 4) of one candidate."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = candidates.rotations[row], candidates.positions[row]
    return T


def about_vertical(angle: float) -> np.ndarray:
    """Return the rotation (3, 3) by an angle [rad] about z."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
