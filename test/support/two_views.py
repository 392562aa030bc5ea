# SPDX-License-Identifier: Apache-2.0
"""Two made-up calibrated cameras that look at a table, as the front and side cameras do."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

WIDTH, HEIGHT = 640, 480  # [px]


def camera(
    position: tuple[float, float, float], target: tuple[float, float, float], focal: float = 600.0
) -> np.ndarray:
    """Return the calibration (11,) of a camera that looks at a point, its picture upright."""
    z = np.subtract(target, position) / np.linalg.norm(np.subtract(target, position))
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    R = np.column_stack([x, np.cross(z, x), z])
    return np.array([focal, focal, 319.5, 239.5, *position, *Rotation.from_matrix(R).as_quat()])


FRONT = camera((1.2, 0.05, 0.6), (0.5, 0.0, 0.05))
SIDE = camera((0.5, 0.8, 0.5), (0.5, 0.0, 0.05), 580.0)
