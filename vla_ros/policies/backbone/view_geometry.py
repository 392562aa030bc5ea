# SPDX-License-Identifier: Apache-2.0
"""Pinhole geometry of two calibrated views, in NumPy and in single precision at least: never inside autocast.

A calibration is 11 numbers, as the dataset's `observation.calibration.<camera>`: fx, fy, cx, cy [px], position [m] and
quaternion xyzw of the camera's optical frame in the robot's base. Shape legend: P points.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.crops import Window
from vla_ros.policies.observation import CameraView


def calibration_of(view: CameraView) -> np.ndarray:
    """Return a camera's published calibration (11,)."""
    K, T = view.calibration
    quaternion = Rotation.from_matrix(T[:3, :3]).as_quat()
    return np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2], *T[:3, 3], *quaternion])


def camera_matrix(calibration: np.ndarray) -> np.ndarray:
    """Return the projection (3, 4) from the base frame to homogeneous pixels."""
    fx, fy, cx, cy = calibration[:4]
    R = Rotation.from_quat(calibration[7:]).as_matrix().T
    K = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    return K @ np.column_stack([R, -R @ calibration[4:7]])


def project(calibration: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (P, 2) and depths (P,) [m] of points (P, 3) [m], base frame."""
    image = np.column_stack([points, np.ones(len(points))]) @ camera_matrix(calibration).T
    return image[:, :2] / np.maximum(image[:, 2:], 1e-6), image[:, 2]


def in_box(pixels: np.ndarray, box: np.ndarray, beyond: float) -> np.ndarray:
    """Return which pixels (P, 2) lie in a box (4,) [px], or beyond it by up to that share of its sides, (P,)."""
    margin = beyond * (box[2:] - box[:2])
    return ((pixels >= box[:2] - margin) & (pixels <= box[2:] + margin)).all(axis=1)


def ray(calibration: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the camera's position (3,) [m] and unit directions (…, 3) of the lines of sight through pixels (…, 2)."""
    local = np.concatenate(
        [(pixels - calibration[2:4]) / calibration[:2], np.ones((*np.shape(pixels)[:-1], 1))], axis=-1
    )
    directions = local @ Rotation.from_quat(calibration[7:]).as_matrix().T
    return calibration[4:7], directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def triangulate(
    first: np.ndarray, first_pixels: np.ndarray, second: np.ndarray, second_pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (…, 3) [m] nearest to two lines of sight, and how far those pass each other (…) [m].

    Pixels (…, 2) of both views broadcast, so that all boxes of one can be met with all of the other at once.
    """
    a, u = ray(first, first_pixels)
    b, v = ray(second, second_pixels)
    w = b - a
    cosine, along, across = (u * v).sum(axis=-1), u @ w, v @ w
    sine2 = np.maximum(1.0 - cosine**2, 1e-9)  # parallel lines meet nowhere: far away
    s = (along - cosine * across) / sine2
    t = (cosine * along - across) / sine2
    p, q = a + s[..., None] * u, b + t[..., None] * v
    return (p + q) / 2.0, np.linalg.norm(p - q, axis=-1)


def point_window(calibration: np.ndarray, point: np.ndarray, extent: float) -> Window:
    """Return the window that shows `extent` [m] at the distance of a point (3,) [m], which is its middle."""
    pixel, depth = project(calibration, point[None])
    side = float(calibration[0]) * extent / max(float(depth[0]), 0.2)
    return Window(float(pixel[0, 0]) - side / 2, float(pixel[0, 1]) - side / 2, side)
