# SPDX-License-Identifier: Apache-2.0
"""Where objects are to stand, drawn over a camera's picture: the silhouette of each, the one that is meant in green."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.scenes.scene import Scene

GREEN, YELLOW, BLACK = (80, 220, 100), (250, 210, 60), (0, 0, 0)  # RGB
NEAREST = 0.05  # [m] before the camera; nearer points are not drawn


@dataclass(frozen=True, eq=False)
class Outline:
    """One object as it is to stand."""

    name: str
    points: np.ndarray  # (N, 3) of its surface, robot's base frame [m]
    meant: bool = False


def outlines_of(scene: Scene) -> tuple[Outline, ...]:
    """Return the outlines of a scene's rigid objects."""
    return tuple(
        Outline(
            placed.name.replace("_", " "),
            surface_points(placed.model.parts) @ placed.T_base_object[:3, :3].T + placed.T_base_object[:3, 3],
            placed.name == scene.target,
        )
        for placed in scene.objects
    )


def silhouette(outline: Outline, K: np.ndarray, T_base_camera: np.ndarray) -> np.ndarray | None:
    """Return the convex outline (M, 2) [px] of an object; None where it is not wholly before the camera.

    K (3, 3) [px]; the camera's frame is optical: x right, y down, z forward.
    """
    points = (outline.points - T_base_camera[:3, 3]) @ T_base_camera[:3, :3]
    if not len(points) or points[:, 2].min() < NEAREST:
        return None
    pixels = points @ K.T
    hull: np.ndarray = cv2.convexHull((pixels[:, :2] / pixels[:, 2:]).astype(np.float32))[:, 0]
    return hull


def draw_outlines(
    picture: np.ndarray, outlines: Sequence[Outline], K: np.ndarray, T_base_camera: np.ndarray
) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 RGB with the outlines and names drawn over it."""
    drawn = np.ascontiguousarray(picture).copy()
    height, width = drawn.shape[:2]
    thick = max(1, round(width / 400))
    for outline in sorted(outlines, key=lambda one: one.meant):
        hull = silhouette(outline, K, T_base_camera)
        if hull is None or np.abs(hull).max() > 16 * max(width, height):
            continue
        corners = hull.round().astype(np.int32)
        color = GREEN if outline.meant else YELLOW
        for line, width_px in ((BLACK, thick + 2), (color, thick)):
            cv2.polylines(drawn, [corners], True, line, width_px, cv2.LINE_AA)
        x, y = int(corners[:, 0].min()), max(12, int(corners[:, 1].min()) - 5)
        for line, width_px in ((BLACK, thick + 2), (color, thick)):
            cv2.putText(
                drawn, outline.name, (x, y), cv2.FONT_HERSHEY_SIMPLEX, width / 1400, line, width_px, cv2.LINE_AA
            )
    return drawn
