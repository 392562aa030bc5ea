# SPDX-License-Identifier: Apache-2.0
"""A grasp's orientation in bins and back.

The two fingers are alike, so closing direction y and -y are one grasp: its heading is a number from 0 to π. The
approach is turned about the closing direction by a tilt from the steepest one; the closing direction slopes a little.
Frame of a grasp: the tool frame, z the approach, y the closing direction.
"""

from __future__ import annotations

import numpy as np

YAWS, TILTS = 18, 7
CLOSING = 0.005  # [m] a command below it closes the fingers
TILT_STEP = 0.3  # [rad]
DOUBTED, DOUBTED_NEAR = 0.7, 0.35  # of its likelihood that a heading loses when a grasp near it [rad] held nothing
_DOWN = np.array([0.0, 0.0, -1.0])


def to_angles(R: np.ndarray) -> tuple[float, float, float]:
    """Return heading [0, π), tilt and slope [rad] of a grasp's rotation (3, 3)."""
    y, z = R[:, 1], R[:, 2]
    if np.arctan2(y[1], y[0]) < 0.0 or np.arctan2(y[1], y[0]) >= np.pi:
        y = -y
    base, side = _frame(y)
    return float(np.arctan2(y[1], y[0])), float(np.arctan2(z @ side, z @ base)), float(np.arcsin(np.clip(y[2], -1, 1)))


def to_rotation(heading: float, tilt: float, slope: float) -> np.ndarray:
    """Return a grasp's rotation (3, 3); the other one of the same grasp is turned by half a turn about its z."""
    y = np.array([np.cos(heading) * np.cos(slope), np.sin(heading) * np.cos(slope), np.sin(slope)])
    base, side = _frame(y)
    z = np.cos(tilt) * base + np.sin(tilt) * side
    return np.column_stack([np.cross(y, z), y, z])


def nearest_flip(R: np.ndarray, R_reference: np.ndarray) -> np.ndarray:
    """Return R (…, 3, 3) or R turned by half a turn about its z, whichever is nearer to the reference (…, 3, 3)."""
    other = flipped(R)
    closer = np.einsum("...ij,...ij->...", R_reference, other) > np.einsum("...ij,...ij->...", R_reference, R)
    return np.where(closer[..., None, None], other, R)


def flipped(R: np.ndarray) -> np.ndarray:
    """Return R (…, 3, 3) turned by half a turn about its z: the same grasp, the fingers being alike."""
    return R * np.array([-1.0, -1.0, 1.0])


def softened(vectors: np.ndarray, scale: float) -> np.ndarray:
    """Return vectors (…, 3) whose length grows ever more slowly beyond `scale`."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-9) * np.arcsinh(length / scale)


def soft_bins(heading: float, tilt: float) -> np.ndarray:
    """Return weights (YAWS·TILTS,) that sum to 1, on the bins around an orientation: what cross-entropy learns."""
    yaw = heading / np.pi * YAWS - 0.5
    apart = (np.arange(YAWS) - yaw + YAWS / 2) % YAWS - YAWS / 2
    along = np.exp(-0.5 * (apart / 0.7) ** 2)
    across = np.exp(-0.5 * ((np.arange(TILTS) - TILTS // 2 - np.clip(tilt / TILT_STEP, -3, 3)) / 0.45) ** 2)
    weights = np.outer(along / along.sum(), across / across.sum())
    return weights.ravel().astype(np.float32)


def doubted(likelihood: np.ndarray, R: np.ndarray) -> np.ndarray:
    """Return likelihood (YAWS·TILTS,) after a grasp of rotation (3, 3) held nothing: its heading may be wrong."""
    apart = ((np.arange(YAWS) + 0.5) * np.pi / YAWS - to_angles(R)[0] + np.pi / 2) % np.pi - np.pi / 2
    kept = 1.0 - DOUBTED * np.exp(-0.5 * (apart / DOUBTED_NEAR) ** 2)
    less = likelihood * np.repeat(kept, TILTS)
    return less / less.sum()


def peaks(probabilities: np.ndarray, count: int) -> list[tuple[float, float]]:
    """Return heading and tilt [rad] of up to `count` peaks of (YAWS·TILTS,), the highest first."""
    table = probabilities.reshape(YAWS, TILTS).copy()
    least = 0.15 * float(table.max())
    found: list[tuple[float, float]] = []
    while len(found) < count and table.max() >= least:
        found.append(from_bins(table.ravel()))
        yaw, tilt = np.unravel_index(int(table.argmax()), table.shape)
        table[np.ix_((yaw + np.arange(-2, 3)) % YAWS, np.unique(np.clip(tilt + np.arange(-1, 2), 0, TILTS - 1)))] = 0.0
    return found


def from_bins(probabilities: np.ndarray) -> tuple[float, float]:
    """Return heading and tilt [rad] of the highest peak (YAWS·TILTS,), between the bins around it."""
    table = probabilities.reshape(YAWS, TILTS)
    smooth = table + 0.5 * (np.roll(table, 1, axis=0) + np.roll(table, -1, axis=0))
    yaw, tilt = np.unravel_index(int(smooth.argmax()), table.shape)
    around = np.array([-1, 0, 1])
    along = table[(yaw + around) % YAWS, tilt] + 1e-9
    heading = (yaw + 0.5 + float(around @ along) / along.sum()) * np.pi / YAWS
    near = np.clip(tilt + around, 0, TILTS - 1)
    across = table[yaw, near] * (near == tilt + around) + 1e-9
    return float(heading % np.pi), float((tilt - TILTS // 2 + around @ across / across.sum()) * TILT_STEP)


def _frame(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    base = _DOWN - (y @ _DOWN) * y
    base = base / np.linalg.norm(base)
    return base, np.cross(y, base)
