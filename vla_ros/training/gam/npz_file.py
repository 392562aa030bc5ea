# SPDX-License-Identifier: Apache-2.0
"""Arrays of an .npz file, held against the shapes and kinds of numbers that they must have. No pickle is ever read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.npz_errors import DAMAGED_NPZ

BYTES_MAX = 2 << 30  # [B] of an array: more is a damaged header
_OFF = 1e-3  # of RᵀR from the identity: half numbers pass, degenerate matrices do not
KINDS = {"f": "floating-point numbers", "i": "whole numbers", "u1": "bytes", "U": "text"}


@dataclass(frozen=True)
class Expected:
    """What an array must be: sizes as numbers, or as names that say the same size wherever they stand."""

    kind: str  # one of KINDS
    shape: tuple[int | str, ...]


def read_arrays(path: Path, expected: Mapping[str, Expected], sizes: Mapping[str, int] | None = None) -> dict:
    """Return the named arrays. Raises ConfigError in one line for what is missing, torn, or of another shape."""
    known = dict(sizes or {})
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:  # NumPy leaves a torn one open
            missing = [name for name in expected if name not in file]
            if missing:
                raise ConfigError(f"{path}: lacks '{missing[0]}': generate the data again")
            arrays = {name: file[name] for name in expected}
    except (OSError, *DAMAGED_NPZ) as error:
        reason = type(error).__name__
        raise ConfigError(f"{path}: is damaged or cut short ({reason}): generate the data again") from None
    for name, array in arrays.items():
        _check(path, name, array, expected[name], known)
    return arrays


def check_rotations(path: Path, name: str, rotations: np.ndarray) -> None:
    """Raise ConfigError for matrices (N, 3, 3) that are no rotations."""
    products = np.einsum("nji,njk->nik", rotations, rotations)
    fits = np.abs(products - np.eye(3)).max(initial=0.0) < _OFF and (np.linalg.det(rotations) > 0.0).all()
    if not fits:
        raise ConfigError(f"{path}: '{name}' holds a matrix that is no rotation: generate the data again")


def _check(path: Path, name: str, array: np.ndarray, expected: Expected, known: dict[str, int]) -> None:
    wanted = KINDS[expected.kind]
    kind = array.dtype.str[1:] if expected.kind == "u1" else array.dtype.kind
    if kind != expected.kind or array.nbytes > BYTES_MAX:
        raise ConfigError(f"{path}: '{name}' must be {wanted}, got {array.dtype}: generate the data again")
    if array.ndim == len(expected.shape):
        for size, there in zip(expected.shape, array.shape, strict=True):
            if isinstance(size, str):
                known.setdefault(size, there)
    shape = tuple(known.get(size, -1) if isinstance(size, str) else size for size in expected.shape)
    if array.shape != shape:
        sizes = ", ".join(str(size if isinstance(size, int) else known.get(size, size)) for size in expected.shape)
        raise ConfigError(f"{path}: '{name}' has shape {array.shape}, expected ({sizes}): generate the data again")
