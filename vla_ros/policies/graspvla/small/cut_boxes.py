# SPDX-License-Identifier: Apache-2.0
"""Boxes that a picture's edge cuts: their middle is not the object's, so the other view and what is known place it.

From a hand's width on a camera at the wrist sees only a part of what the hand is about to take.
Shape legend: K, L boxes of the first and of the second view.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.policies.backbone.view_geometry import project, ray, triangulate

EDGE = 5.0  # [px] from a picture's edge a box ends at it


def cut_sides(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return which of x1, y1, x2, y2 (…, 4) [px] are at the edge of a picture of `size`, width and height [px]."""
    width, height = size
    low, high = boxes[..., :2] <= EDGE, boxes[..., 2:] >= np.array([width, height]) - 1 - EDGE
    return np.concatenate([low, high], axis=-1)


def place_pairs(
    calibrations: Sequence[np.ndarray],
    boxes: Sequence[np.ndarray],
    sizes: Sequence[tuple[int, int]],
    expected: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each box (K, 4) and each one (L, 4) of two views place one thing (K, L, 3) [m], and by how much
    their lines of sight miss each other (K, L) [m].

    Where a box is cut the thing is on the line of sight of the other view, as near to where it is `expected` (3,) [m]
    as it can be, and the cut box must only show that place or end at the edge before it. Without an expectation the
    middle of what is seen has to do.
    """
    first, second = ((view[:, :2] + view[:, 2:]) / 2 for view in boxes)
    points, gaps = triangulate(calibrations[0], first[:, None], calibrations[1], second[None])
    if expected is None:
        return points, gaps
    cut = [cut_sides(view, size) for view, size in zip(boxes, sizes, strict=True)]
    of_first, of_second = (np.asarray(sides.any(axis=1)) for sides in cut)
    for i, j in np.argwhere(of_first[:, None] | of_second[None]):
        sides = (cut[0][i], cut[1][j])
        whole = [view for view in range(2) if not sides[view].any()]
        pixel = (first[i], second[j])
        points[i, j] = nearest_on_sight(calibrations[whole[0]], pixel[whole[0]], expected) if whole else expected
        gaps[i, j] = max(
            _missed(calibrations[view], boxes[view][(i, j)[view]], sides[view], points[i, j])
            for view in range(2)
            if sides[view].any()
        )
    return points, gaps


def nearest_on_sight(calibration: np.ndarray, pixel: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return the point (3,) of the line of sight through a pixel (2,) that is nearest to a point (3,) [m]."""
    origin, direction = ray(calibration, pixel)
    return origin + direction * ((point - origin) @ direction)


def _missed(calibration: np.ndarray, box: np.ndarray, cut: np.ndarray, point: np.ndarray) -> float:
    """Return by how much a box that goes on beyond its `cut` sides misses a point (3,) [m]."""
    (pixel,), (depth,) = project(calibration, point[None])
    low, high = np.where(cut[:2], -np.inf, box[:2]), np.where(cut[2:], np.inf, box[2:])
    outside = np.maximum(np.maximum(low - pixel, pixel - high), 0.0)
    return float(np.linalg.norm(outside / calibration[:2]) * max(depth, 0.0))
