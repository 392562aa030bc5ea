# SPDX-License-Identifier: Apache-2.0
"""Small motions of poses, as derivatives and steps of a search take them: (6,) translation [m], rotation [rad]."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def motion(step: np.ndarray) -> np.ndarray:
    """Return the transform (4, 4) of a small motion (6,)."""
    T = np.eye(4)
    T[:3, :3] = Rotation.from_rotvec(step[3:]).as_matrix()
    T[:3, 3] = step[:3]
    return T


def inverse(T: np.ndarray) -> np.ndarray:
    """Return the inverse of a transform (4, 4)."""
    back = np.eye(4)
    back[:3, :3] = T[:3, :3].T
    back[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return back


def adjoint(T: np.ndarray) -> np.ndarray:
    """Return (6, 6) with T · motion(ξ) · T⁻¹ = motion(adjoint(T) · ξ) for small ξ."""
    R = T[:3, :3]
    return np.block([[R, cross(T[:3, 3]) @ R], [np.zeros((3, 3)), R]])


def cross(v: np.ndarray) -> np.ndarray:
    """Return the matrices (…, 3, 3) with cross(v) · w = v × w."""
    v = np.asarray(v)
    K = np.zeros((*v.shape, 3))
    K[..., 0, 1], K[..., 0, 2], K[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    return K - np.swapaxes(K, -1, -2)


def rotation_vector(R: np.ndarray) -> np.ndarray:
    """Return the axis times the angle [rad] of a rotation (3, 3)."""
    return Rotation.from_matrix(R).as_rotvec()


def difference(T: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return how far two poses are apart [m] and [rad]."""
    angle = np.linalg.norm(rotation_vector(T[:3, :3].T @ other[:3, :3]))
    return float(np.linalg.norm(T[:3, 3] - other[:3, 3])), float(angle)
