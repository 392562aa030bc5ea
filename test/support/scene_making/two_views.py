# SPDX-License-Identifier: Apache-2.0
"""Two made-up calibrated cameras that look at a table, as the front and side cameras do."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.view_geometry import project

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


def box_around(calibration: np.ndarray, point: np.ndarray, half: float = 15.0) -> np.ndarray:
    """Return the box (4,) [px] of so many pixels to each side of where a camera shows a point (3,) [m]."""
    pixel = project(calibration, point[None])[0][0]
    return np.concatenate([pixel - half, pixel + half])
