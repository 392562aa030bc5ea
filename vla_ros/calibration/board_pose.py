# SPDX-License-Identifier: Apache-2.0
"""Where the board is before the camera, from one picture."""

from __future__ import annotations

import cv2
import numpy as np

from vla_ros.calibration.board import Corners
from vla_ros.calibration.least_squares import Block, solve
from vla_ros.calibration.motions import cross, motion
from vla_ros.calibration.optics import Optics


def board_pose(corners: Corners, optics: Optics) -> tuple[np.ndarray, float]:
    """Return T_camera_board (4, 4) and the root mean square distance of the corners [px]."""
    found, turns, places, *_ = cv2.solvePnPGeneric(
        corners.board, corners.pixels, optics.K, optics.distortion, flags=cv2.SOLVEPNP_IPPE
    )
    best, rms = np.eye(4), np.inf
    for turn, place in list(zip(turns, places, strict=True)) if found else []:  # a plane's two poses look nearly alike
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = cv2.Rodrigues(turn)[0], place.ravel()
        T = refined_pose(corners, optics, T)
        error = pose_block(corners, optics, T).rms
        if error < rms:
            best, rms = T, error
    return best, rms


def refined_pose(corners: Corners, optics: Optics, T_camera_board: np.ndarray) -> np.ndarray:
    """Return the pose of least squares next to one."""
    return solve(
        T_camera_board, lambda pose: [pose_block(corners, optics, pose)], lambda pose, step: motion(step) @ pose
    )


def pose_block(corners: Corners, optics: Optics, T_camera_board: np.ndarray) -> Block:
    """Return residuals and derivatives (2N, 6) by a small motion before the pose: motion(ξ) · T."""
    points = corners.board @ T_camera_board[:3, :3].T + T_camera_board[:3, 3]
    pixels, by_points, _ = optics.project(points)
    by_motion = np.concatenate([by_points, -by_points @ cross(points)], axis=2)
    return Block((pixels - corners.pixels).ravel(), by_motion.reshape(-1, 6))
