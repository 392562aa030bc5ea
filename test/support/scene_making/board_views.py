# SPDX-License-Identifier: Apache-2.0
"""Views of a board that are computed, not rendered: corners where the geometry says, as exactly as is wanted."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.calibration.board import CharucoBoard, Corners
from vla_ros.calibration.motions import inverse, motion
from vla_ros.calibration.optics import Optics, pinhole
from vla_ros.calibration.views import RobotView

BOARD = CharucoBoard()
K = np.array([[617.0, 0.0, 321.5], [0.0, 615.0, 236.5], [0.0, 0.0, 1.0]])
OPTICS = pinhole(K, (640, 480))
BENT = pinhole(K, (640, 480), np.array([0.08, -0.15, 0.001, -0.001, 0.0]))
X = motion(np.array([0.05, 0.02, -0.1, 0.1, 0.2, 1.5]))  # T_hand_camera
Z = motion(np.array([0.4, -0.1, 0.02, np.pi, 0.0, 0.0])) @ motion(
    np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
)  # T_base_board


def poses(count: int, rng: np.random.Generator, tilt: float = 0.35, turn: float = 1.0) -> list[np.ndarray]:
    """Return T_camera_board (4, 4), tilted about the board's axes [rad] and turned in the picture by up to `turn`."""
    found = []
    for _ in range(count):
        tilts, turned = rng.normal(0.0, tilt, 2), rng.uniform(-turn, turn)
        T = np.eye(4)
        T[:3, :3] = (Rotation.from_rotvec([0, 0, turned]) * Rotation.from_rotvec([*tilts, 0])).as_matrix()
        away = rng.uniform(0.3, 0.55)
        T[:3, 3] = [*(away * rng.uniform(-0.15, 0.15, 2)), away] - T[:3, :3] @ BOARD.corners.mean(axis=0)
        found.append(T)
    return found


def corners(
    name: str, T: np.ndarray, optics: Optics = OPTICS, noise: float = 0.0, rng: np.random.Generator | None = None
) -> Corners:
    """Return the corners of a board at T_camera_board, off by `noise` [px]."""
    pixels = optics.project(BOARD.corners @ T[:3, :3].T + T[:3, 3])[0]
    if rng is not None and noise:
        pixels = pixels + rng.normal(0.0, noise, pixels.shape)
    return Corners(name, optics.size, BOARD.corners, pixels)


def hand_views(
    count: int, rng: np.random.Generator, noise: float = 0.0, optics: Optics = OPTICS, **spread: float
) -> list[RobotView]:
    """Return views of a camera on the hand."""
    views = []
    for number, T in enumerate(poses(count, rng, **spread)):
        M = X @ T @ inverse(Z)
        views.append(RobotView(corners(f"{number:03d}.png", T, optics, noise, rng), M))
    return views
