# SPDX-License-Identifier: Apache-2.0
"""Flat shapes drawn over pictures of training: what is printed on a table is not a thing that lies on it.

The simulator knows four coverings for training. A network that proposes boxes and has seen no others takes whatever
else repeats on a table for objects, and there is not a free proposal left for the one that is meant.
"""

from __future__ import annotations

import cv2
import numpy as np

SPACING = 7.0, 40.0  # [px] between the shapes
SHARE = 0.2, 0.48  # of the spacing that is the half size of a shape
SQUASHED = 0.4, 1.0  # rows are nearer than columns: the table is seen at a slant
CONTRAST = 60.0  # standard deviation of a shape's colour from what lies under it
MARGIN = 2  # [px] that shapes stay away from boxes
SMOOTH = 4  # fractional bits of the coordinates that OpenCV draws at


def draw_flat_pattern(picture: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a copy of picture (H, W, 3) uint8 with rows of shapes, none on a box (N, 4) x1 y1 x2 y2 [px]."""
    height, width = picture.shape[:2]
    spacing, half = rng.uniform(*SPACING), rng.uniform(*SHARE)
    angle, squashed = rng.uniform(0.0, np.pi), rng.uniform(*SQUASHED)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    steps = np.arange(-(height + width) / spacing, (height + width) / spacing)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) + rng.uniform(size=2)
    centres = spacing * (grid + rng.uniform(0.0, 0.15) * rng.normal(size=grid.shape)) @ turn.T * (1.0, squashed)
    shape = spacing * half * _outline(rng) @ turn.T * (1.0, squashed)
    size = np.abs(shape).max(axis=0)
    centres = centres[((centres > 0) & (centres < (width, height))).all(axis=1)]
    if len(boxes):
        low, high = boxes[:, :2] - size - MARGIN, boxes[:, 2:] + size + MARGIN
        on_box = ((centres[:, None] > low) & (centres[:, None] < high)).all(axis=2).any(axis=1)
        centres = centres[~on_box]
    mask = np.zeros((height, width), dtype=np.uint8)
    outlines = np.round((centres[:, None] + shape) * 2**SMOOTH).astype(np.int32)
    for outline in outlines:
        cv2.fillPoly(mask, [outline], 255, lineType=cv2.LINE_AA, shift=SMOOTH)
    share = mask[..., None] / 255.0 * rng.uniform(0.5, 1.0)
    printed = np.clip(picture + CONTRAST * (rng.normal() + 0.4 * rng.normal(size=3)), 0, 255)
    return np.round(picture + share * (printed - picture)).astype(np.uint8)


def _outline(rng: np.random.Generator) -> np.ndarray:
    """Return the corners of a shape of about unit half size: an ellipse, a polygon, a star or a bar (N, 2)."""
    corners = int(rng.choice([3, 4, 5, 6, 16]))
    around = np.linspace(0.0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0.0, np.pi)
    points = np.stack([np.cos(around), np.sin(around)], axis=1) * (1.0, rng.uniform(0.3, 1.0))
    if corners >= 6 and rng.uniform() < 0.3:
        points[::2] *= rng.uniform(0.3, 0.8)
    return points
