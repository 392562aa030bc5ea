# SPDX-License-Identifier: Apache-2.0
"""The table top: its height, and each camera's small tilt against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

HISTOGRAM_BIN = 0.005  # [m]
POINTS_MAX = 5000
MAXIMUM_SLOPE = 0.03  # a fit steeper than 1.7° against the base is not a table but a mistake


@dataclass(frozen=True)
class Plane:
    """z = height + slope_x (x − x0) + slope_y (y − y0) in the base frame."""

    height: float  # [m] at the centre
    slope: tuple[float, float]
    center: tuple[float, float]  # [m] x0, y0
    residual: float  # [m] robust spread of the points about the plane

    def heights(self, points: np.ndarray) -> np.ndarray:
        """Return how far above the plane points (N, 3) are [m]."""
        base = self.height - self.slope[0] * self.center[0] - self.slope[1] * self.center[1]
        return points[:, 2] - (points[:, 0] * self.slope[0] + points[:, 1] * self.slope[1] + base).astype(points.dtype)


def fit_table(points: np.ndarray, low: float, high: float, tolerance: float = 0.012) -> Plane | None:
    """Fit the widest near-horizontal plane between the heights `low` and `high` [m]; None without one.

    The published camera pose is good to a fraction of a degree, so the table is a peak in the histogram of z;
    least squares on its neighbourhood, trimmed twice, then finds the tilt.
    """
    # A few thousand points pin the plane to a fraction of a millimetre; more only cost time.
    points = points[:: max(len(points) // POINTS_MAX, 1)]
    z = points[:, 2]
    counts, edges = np.histogram(z, np.arange(low, high + HISTOGRAM_BIN, HISTOGRAM_BIN))
    # A tilt smears the peak over a few bins.
    smooth = np.convolve(counts, np.ones(5), mode="same")
    if len(smooth) == 0 or smooth.max() < 200:
        return None
    peak = edges[int(np.argmax(smooth))] + HISTOGRAM_BIN / 2
    near = points[np.abs(z - peak) < 3 * tolerance].astype(np.float64)
    center = np.median(near[:, :2], axis=0)
    slope, height, spread = np.zeros(2), float(peak), 3 * tolerance
    for _ in range(4):
        offset = near[:, :2] - center
        residual = near[:, 2] - (height + offset @ slope)
        inliers = np.abs(residual) < max(spread, 0.004)
        if inliers.sum() < 100:
            return None
        design = np.column_stack([offset[inliers], np.ones(inliers.sum())])
        solution = np.linalg.solve(design.T @ design + 1e-9 * np.eye(3), design.T @ near[inliers, 2])
        slope, height = solution[:2], float(solution[2])
        residual = near[:, 2] - (height + offset @ slope)
        # Twice the spread of the lower half: what lies above the table are objects, what lies below is noise.
        below = -residual[residual < 0.0]
        spread = 2.5 * 1.4826 * float(np.median(below)) if len(below) else tolerance
        spread = min(spread, tolerance)
    if np.abs(slope).max() > MAXIMUM_SLOPE:
        return None
    return Plane(height, (float(slope[0]), float(slope[1])), (float(center[0]), float(center[1])), spread / 2.5)


def level(T_base_camera: np.ndarray, plane: Plane) -> np.ndarray:
    """Turn a camera about itself so that the table it sees is horizontal; return the better T_base_camera (4, 4).

    A tenth of a degree of calibration error is millimetres at the table; the table, which is level, shows it.
    """
    # Smallest rotation that takes the fitted normal to the vertical (Rodrigues; the angle is small).
    normal = _normal(plane)
    axis = np.cross(normal, (0.0, 0.0, 1.0))
    K = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    R = np.eye(3) + K + K @ K / (1.0 + normal[2])
    T = T_base_camera.copy()
    T[:3, :3] = R @ T_base_camera[:3, :3]
    return T


def levelled_height(plane: Plane, origin: np.ndarray) -> float:
    """Return the table's height [m] once the camera at `origin` (3,) has been turned level: its distance stays."""
    on_plane = np.array([*plane.center, plane.height])
    return float(origin[2] + _normal(plane) @ (on_plane - origin))


def level_together(
    planes: Mapping[str, Plane], T_base_cameras: Mapping[str, np.ndarray]
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the table's height [m] and the better T_base_camera (4, 4) of every camera that sees one.

    They disagree by what their calibration is off vertically, and meet at the mean.
    """
    heights = {name: levelled_height(plane, T_base_cameras[name][:3, 3]) for name, plane in planes.items()}
    table, levelled = float(np.mean(list(heights.values()))), {}
    for name, plane in planes.items():
        levelled[name] = level(T_base_cameras[name], plane)
        levelled[name][2, 3] += table - heights[name]
    return table, levelled


def _normal(plane: Plane) -> np.ndarray:
    normal = np.array([-plane.slope[0], -plane.slope[1], 1.0])
    return normal / np.linalg.norm(normal)
