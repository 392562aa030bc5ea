# SPDX-License-Identifier: Apache-2.0
"""Where the things of two calibrated pictures stand: which boxes of both are one thing, and what that says in metres.

"Left of", "nearest" and "largest" are true on the table and not in a picture, so what is compared with words is told
where each box's thing is and how large. Boxes are one thing when their lines of sight meet and both make it equally
tall; each box has one partner at most. Shape legend: V = 2 views, K boxes of a view.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from vla_ros.policies.backbone.view_geometry import project, triangulate

NUMBERS = 6  # x, y, z and width, height in the picture, each of about unit size; 1 where they are known
GAP = 0.012  # [m] by which lines of sight to the middle of one thing pass each other, about
TALL = 0.35  # logarithm by which both views differ in its height, about
WITHIN = np.array([[0.0, -0.7, -0.25], [1.1, 0.7, 0.9]])  # [m] where a thing may be, base frame
LIKELY = 9.0  # squared deviations that are still one thing
MIDDLE, UNIT, SIZE = np.array([0.5, 0.0, 0.05]), np.array([0.2, 0.2, 0.1]), 0.1  # [m]


def standing(
    calibrations: Sequence[np.ndarray], boxes: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
) -> list[np.ndarray]:
    """Return NUMBERS of each box (K, NUMBERS) float32 a view, zeros where its thing is not found in the other view.

    `calibrations` (V, 11), `boxes` (K, 4) [px] a view, `sizes` width and height of the pictures [px].
    """
    found = [np.zeros((len(one), NUMBERS), dtype=np.float32) for one in boxes]
    if not (len(boxes[0]) and len(boxes[1])):
        return found
    middles = [(one[:, :2] + one[:, 2:]) / 2 for one in boxes]
    points, gaps = triangulate(calibrations[0], middles[0][:, None], calibrations[1], middles[1][None])  # (K, K', …)
    first, second = _spans(calibrations, boxes, points)
    cost = (gaps / GAP) ** 2 + _unlike(first, second, boxes, sizes) ** 2
    possible = ((points >= WITHIN[0]) & (points <= WITHIN[1])).all(axis=2) & (cost < LIKELY)
    rows, columns = linear_sum_assignment(np.where(possible, cost, LIKELY))
    for i, j in zip(rows, columns, strict=True):
        if possible[i, j]:
            place = (points[i, j] - MIDDLE) / UNIT
            found[0][i] = *place, *(first[i, j] / SIZE), 1.0
            found[1][j] = *place, *(second[i, j] / SIZE), 1.0
    return found


def places_of(
    boxes: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]], calibrations: Sequence[np.ndarray] | None
) -> list[np.ndarray]:
    """Return NUMBERS of each box (K, NUMBERS) float32 of any number of views: each other one beside the first.

    Of the first a place found with an earlier view stays. Zeros without calibrations.
    """
    places = [np.zeros((len(one), NUMBERS), dtype=np.float32) for one in boxes]
    if calibrations is None:
        return places
    for view in range(1, len(boxes)):
        pair = [calibrations[0], calibrations[view]]
        first, places[view] = standing(pair, [boxes[0], boxes[view]], [sizes[0], sizes[view]])
        places[0] = np.where(places[0][:, -1:] > 0, places[0], first)
    return places


def unlike_heights(
    calibrations: Sequence[np.ndarray],
    boxes: Sequence[np.ndarray],
    sizes: Sequence[tuple[int, int]],
    points: np.ndarray,
) -> np.ndarray:
    """Return by how much two boxes disagree about how tall one thing at points (K, K', 3) [m] is, (K, K').

    In standard deviations; both see what stands from the side and above.
    """
    return _unlike(*_spans(calibrations, boxes, points), boxes, sizes)


def _unlike(
    first: np.ndarray, second: np.ndarray, boxes: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
) -> np.ndarray:
    unlike = np.log(np.maximum(first[..., 1], 1e-3) / np.maximum(second[..., 1], 1e-3)) / TALL
    # A box that a picture's edge cuts is not as tall as its thing.
    return np.where(_cut(boxes[0], sizes[0])[:, None] | _cut(boxes[1], sizes[1])[None], 1.0, unlike)


def _spans(
    calibrations: Sequence[np.ndarray], boxes: Sequence[np.ndarray], points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return width and height [m] of things at points (K, K', 3) by either view's box, (K, K', 2)."""
    depths = [project(one, points.reshape(-1, 3))[1].reshape(points.shape[:2]) for one in calibrations]
    pixels = [(one[:, 2:] - one[:, :2]) / calibration[:2] for one, calibration in zip(boxes, calibrations, strict=True)]
    return pixels[0][:, None] * depths[0][..., None], pixels[1][None] * depths[1][..., None]


def _cut(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.logical_or((boxes[:, :2] < 2.0).any(axis=1), (boxes[:, 2:] > np.array(size) - 2.0).any(axis=1))
