# SPDX-License-Identifier: Apache-2.0
"""Rigid transformations of candidates, and whether matrices are rotations at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates

_OFF = 1e-3  # of RᵀR from the identity: half numbers pass, degenerate matrices do not


def check_rotations(path: Path, name: str, rotations: np.ndarray) -> None:
    """Raise ConfigError for matrices (N, 3, 3) that are no rotations."""
    products = np.einsum("nji,njk->nik", rotations, rotations)
    fits = np.abs(products - np.eye(3)).max(initial=0.0) < _OFF and (np.linalg.det(rotations) > 0.0).all()
    if not fits:
        raise ConfigError(f"{path}: '{name}' holds a matrix that is no rotation: generate the data again")


def moved(candidates: Candidates, T: np.ndarray) -> Candidates:
    """Return candidates in another frame, T (4, 4) of it from theirs."""
    R = T[:3, :3]
    return replace(candidates, positions=candidates.positions @ R.T + T[:3, 3], rotations=R @ candidates.rotations)


def mirrored(candidates: Candidates) -> Candidates:
    """Return candidates of the mirrored tool in the mirrored scene: x of both frames is −x."""
    X = np.diag([-1.0, 1.0, 1.0])
    return replace(candidates, positions=candidates.positions @ X, rotations=X @ candidates.rotations @ X)


def rows_of(candidates: Candidates, rows: np.ndarray) -> Candidates:
    """Return some of the candidates."""
    return Candidates(*(value[rows] for value in vars(candidates).values()))


def matrix_of(candidates: Candidates, row: int) -> np.ndarray:
    """Return the pose (4, 4) of one candidate."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = candidates.rotations[row], candidates.positions[row]
    return T
