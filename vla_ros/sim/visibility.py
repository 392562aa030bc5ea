# SPDX-License-Identifier: Apache-2.0
"""What a camera sees of a placed object: inside the image, not hidden behind another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.sim.footprint import Placement
from vla_ros.sim.scene import SceneCamera


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


def hidden(camera: SceneCamera, points: np.ndarray, other: Placement, table_height: float) -> np.ndarray:
    """Say for each point whether the sight line to it passes through the other object's upright prism. (P,) bool."""
    eye = camera.T_base_camera[:3, 3]
    ray = points - eye  # the line is eye + t · ray with t in 0…1
    enter, leave = np.zeros(len(points)), np.full(len(points), 0.999)
    edges = np.roll(other.polygon, -1, axis=0) - other.polygon
    sides = np.column_stack([edges[:, 1], -edges[:, 0], np.zeros(len(edges))])  # outward of a counter-clockwise polygon
    planes = [(side, float(side[:2] @ corner)) for side, corner in zip(sides, other.polygon, strict=True)]
    planes += [(np.array([0.0, 0.0, 1.0]), other.top), (np.array([0.0, 0.0, -1.0]), -table_height)]
    for normal, offset in planes:
        speed = ray @ normal
        start = offset - float(eye @ normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = start / speed
        enter = np.where(speed < 0, np.maximum(enter, t), enter)
        leave = np.where(speed > 0, np.minimum(leave, t), leave)
        leave = np.where((speed == 0) & (start < 0), -1.0, leave)
    return enter < leave


def visible_share(camera: SceneCamera, placement: Placement, others: Sequence[Placement], table_height: float) -> float:
    """Return which share of the object's surface points no other object hides, 0…1."""
    points = placement.points[:: max(1, len(placement.points) // 60)]
    covered = np.zeros(len(points), dtype=bool)
    for other in others:
        covered |= hidden(camera, points, other, table_height)
    return float(1 - covered.mean())
