# SPDX-License-Identifier: Apache-2.0
"""A thing's shape in a dozen numbers that do not depend on where it lies or how it is turned.

The same numbers are taken of what the cameras saw and of catalogue objects seen from the same places, so what is
hidden from the one is hidden from the other.

Shape legend: N points, D numbers.
"""

from __future__ import annotations

import cv2
import numpy as np

# name, and the difference that counts as one standard deviation: sensor noise and the variety within a category.
FEATURES = {
    "height": 0.007,  # [m]
    "length": 0.009,  # [m] longer side of the footprint's rectangle
    "width": 0.006,  # [m] shorter side
    "low_radius": 0.005,  # [m] mean distance from the axis in the lower, middle and upper third
    "middle_radius": 0.005,
    "high_radius": 0.005,
    "fill": 0.09,  # footprint's area / its rectangle
    "hollow": 0.12,  # height over the middle / height
    "flat": 0.12,  # share of points near the top
    "end_widths": 0.10,  # difference of the widths at the two ends / width
    "waist": 0.10,  # width in the middle / width
    "end_heights": 0.12,  # difference of the heights at the two ends / height
    "bend": 0.05,  # how far the middle is off the line between the ends / length
}
SCALES = np.array(list(FEATURES.values()))
CELL = 0.005  # [m] of the grid that measures areas


def describe(points: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return the descriptor (D,) of points (N, 3) and their heights above the table (N,) [m]."""
    height = float(np.quantile(heights, 0.97))
    (center_x, center_y), (a, b), angle = cv2.minAreaRect(_trim(points[:, :2]).astype(np.float32))
    length, width = max(a, b), max(min(a, b), 1e-3)
    turn = np.radians(angle + (0.0 if a >= b else 90.0))
    offset = points[:, :2] - np.array([center_x, center_y], points.dtype)
    along = offset[:, 0] * np.cos(turn) + offset[:, 1] * np.sin(turn)
    across = offset[:, 1] * np.cos(turn) - offset[:, 0] * np.sin(turn)
    share = heights / max(height, 1e-3)
    radius = np.hypot(along, across)
    thirds = [_mean(radius, (share > low) & (share <= low + 0.34)) for low in (0.0, 0.33, 0.66)]
    area = _covered_cells(offset) * CELL**2
    ends = [along < -0.25 * length, np.abs(along) < 0.17 * length, along > 0.25 * length]
    widths = [_spread(across[part]) for part in ends]
    tops = [float(np.quantile(heights[part], 0.9)) if part.sum() > 4 else 0.0 for part in ends]
    middles = [_mean(across, part) for part in ends]
    near = np.maximum(np.abs(along) / max(length, 1e-3), np.abs(across) / width) < 0.22
    return np.array(
        [
            height,
            length,
            width,
            *thirds,
            min(area / (length * width + 1e-6), 1.3),
            float(np.median(heights[near])) / max(height, 1e-3) if near.sum() > 4 else 0.5,
            float((share > 0.85).mean()),
            abs(widths[0] - widths[2]) / width,
            widths[1] / width,
            abs(tops[0] - tops[2]) / max(height, 1e-3),
            abs(middles[1] - (middles[0] + middles[2]) / 2.0) / max(length, 1e-3),
        ]
    )


def _covered_cells(xy: np.ndarray) -> int:
    cells = ((xy - xy.min(axis=0)) / CELL).astype(np.int32)
    return int(np.count_nonzero(np.bincount(cells[:, 0] * (cells[:, 1].max() + 1) + cells[:, 1])))


def _trim(xy: np.ndarray) -> np.ndarray:
    """Drop the points farthest out, which sensor noise put there."""
    offset = xy - np.median(xy, axis=0)
    distance = np.einsum("ij,ij->i", offset, offset)
    return xy[distance <= np.quantile(distance, 0.99)]


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0


def _spread(values: np.ndarray) -> float:
    return float(np.quantile(values, 0.95) - np.quantile(values, 0.05)) if len(values) > 4 else 0.0
