# SPDX-License-Identifier: Apache-2.0
"""What a camera sees of a placed object: inside the image, not hidden behind another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.sim.scenes.footprint import Obstacle, Placement
from vla_ros.sim.scenes.scene import SceneCamera


def project(camera: SceneCamera, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (P, 2) and depths (P,) [m] of points in the base frame, by the true pose."""
    T = camera.T_base_camera
    local = (points - T[:3, 3]) @ T[:3, :3]
    image = local @ camera.intrinsics.T
    return image[:, :2] / np.maximum(image[:, 2:], 1e-6), local[:, 2]


def inside_image(camera: SceneCamera, points: np.ndarray, margin: float = 6.0) -> bool:
    """Say whether all points are in the image, `margin` [px] from its edge."""
    pixels, depth = project(camera, points)
    limit = np.asarray(camera.size) - 1 - margin
    return bool((depth > 0.1).all() and (pixels >= margin).all() and (pixels <= limit).all())


def hidden(camera: SceneCamera, points: np.ndarray, other: Placement | Obstacle, table_height: float) -> np.ndarray:
    """Say for each point whether the sight line to it passes through the other object's upright prism. (P,) bool."""
    eye = camera.T_base_camera[:3, 3]
    edges = np.roll(other.polygon, -1, axis=0) - other.polygon
    sides = np.column_stack([edges[:, 1], -edges[:, 0]])  # outward of a counter-clockwise polygon
    normals = np.zeros((len(edges) + 2, 3))
    normals[:-2, :2] = sides
    normals[-2:, 2] = 1, -1
    offsets = np.concatenate([(sides * other.polygon).sum(axis=1), [other.top, -table_height]])
    # The line is eye + t · ray, t in 0…1; it is inside plane k where t · speed ≤ start.
    speed = (points - eye) @ normals.T  # (P, K)
    start = offsets - normals @ eye  # (K,)
    t = start / np.where(speed == 0, 1e-12, speed)
    enter = np.where(speed < 0, t, 0.0).max(axis=1)
    leave = np.where(speed > 0, t, 0.999).min(axis=1)
    return enter < leave


def visible_share(
    camera: SceneCamera, placement: Placement, others: Sequence[Placement | Obstacle], table_height: float
) -> float:
    """Return which share of the object's surface points nothing else hides, 0…1."""
    points = placement.points[:: max(1, len(placement.points) // 40)]
    covered = np.zeros(len(points), dtype=bool)
    for other in others:
        covered |= hidden(camera, points, other, table_height)
    return float(1 - covered.mean())
