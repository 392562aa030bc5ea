# SPDX-License-Identifier: Apache-2.0
"""Instances of things in a tote, from color and depth alone.

Pixels without an edge in color or depth are seeds; a watershed grows them; neighbours that lie in one plane are one
thing, whatever is printed on it, and so are those with no valley between them, as the top and the side of a box: things
that lie beside one another meet in one (local convexity, Stein et al. 2014). Shape legend: H, W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_PRINT = 4.0  # [px] from a label, at most, that a pixel on an edge of color is given it
_ASIDE = 4  # [px] off a border, where its sides are looked at


@dataclass(frozen=True)
class SegmentationLimits:
    """What counts as an edge, and as one thing."""

    color_edge: float = 4.0  # [CIE L*a*b*] between neighbours, smoothed
    depth_edge: float = 0.006  # [m] between neighbours, smoothed
    smallest: int = 60  # [px] of an instance; smaller ones go to a neighbour
    coplanar: float = 0.002  # [m] root mean square off a common plane of what is one thing
    step: float = 0.005  # [m] between two sides of a common border: more is two things
    valley: float = 0.001  # [m] that a common border is deeper than both sides, from which on these are two things


def segment(
    color: np.ndarray, heights: np.ndarray, things: np.ndarray, limits: SegmentationLimits | None = None
) -> np.ndarray:
    """Return (H, W) int16: the number of each pixel's instance, 0 and on; −1 where no thing is.

    `color` (H, W, 3) uint8 RGB, `heights` (H, W) [m] above the tote's floor, `things` (H, W) bool: where one may be.
    """
    limits = limits or SegmentationLimits()
    smooth = cv2.bilateralFilter(heights.astype(np.float32), 7, 0.012, 3.0)
    across, deep = _edges(color, smooth, limits)
    strength = np.maximum(across, deep)
    seeds, count = ndimage.label((strength < 1.0) & things)
    if count == 0:
        return np.full(things.shape, -1, np.int16)
    sizes = np.bincount(seeds.ravel(), minlength=count + 1)
    seeds[sizes[seeds] < limits.smallest // 3] = 0
    markers = np.where(things, seeds, -1).astype(np.int32)  # what is no thing is a basin of its own
    levels = np.clip(strength * 40.0, 0, 255).astype(np.uint8)
    grown = ndimage.watershed_ift(levels, markers)
    labels = _numbered(np.where(things & (grown > 0), grown, 0))
    labels = _over_prints(labels, things & (deep < 1.0))
    labels = _merged(labels, smooth, limits)
    labels = _without_small(labels, limits.smallest)
    return (_convex(labels, smooth, limits) - 1).astype(np.int16)


def _edges(color: np.ndarray, heights: np.ndarray, limits: SegmentationLimits) -> tuple[np.ndarray, np.ndarray]:
    """Return how strong an edge a pixel lies on, (H, W) of color and (H, W) of depth; 1 is one."""
    lab = cv2.cvtColor(color.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    lab = cv2.bilateralFilter(lab, 5, 12.0, 2.0)
    lab = lab * np.array([0.6, 1.0, 1.0], np.float32)  # light and shade say less than hue
    across = np.zeros(color.shape[:2], np.float32)
    deep = np.zeros_like(across)
    for axis in (0, 1):
        across = np.maximum(across, np.linalg.norm(np.gradient(lab, axis=axis), axis=2))
        deep = np.maximum(deep, np.abs(np.gradient(heights, axis=axis)))
    return across / limits.color_edge, deep / limits.depth_edge


def _over_prints(labels: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return labels in which a pixel of none on an edge of color alone, (H, W) `level`, has that of the nearest."""
    distances, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    return np.where(level & (distances < _PRINT), labels[tuple(nearest)], labels)


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Return labels that are 1 and on, without gaps; 0 stays."""
    return np.searchsorted(np.unique(np.append(labels, 0)), labels)


def _merged(labels: np.ndarray, heights: np.ndarray, limits: SegmentationLimits) -> np.ndarray:
    """Return labels of which neighbours in one plane, without a step between, are one."""
    rows, columns = np.indices(labels.shape)
    count = int(labels.max())
    parent = np.arange(count + 1)
    moments = _moments(labels, np.stack([columns, rows], -1), heights, count)
    pairs, steps = _borders(labels, heights)
    order = np.argsort(steps)
    for (a, b), step in zip(pairs[order], steps[order], strict=True):
        first, second = _root(parent, a), _root(parent, b)
        if first == second or step > limits.step:
            continue
        joined = moments[first] + moments[second]
        if _off_plane(joined) < limits.coplanar:
            parent[second] = first
            moments[first] = joined
    roots = np.array([_root(parent, index) for index in range(count + 1)])
    return _numbered(roots[labels])


def _convex(labels: np.ndarray, heights: np.ndarray, limits: SegmentationLimits) -> np.ndarray:
    """Return labels of which neighbours without a valley or a step between them are one."""
    count = int(labels.max()) + 1
    steps = {tuple(pair): step for pair, step in zip(*_borders(labels, heights), strict=True)}
    together = [
        pair
        for pair, valley in zip(*_valleys(labels, heights), strict=True)
        if valley < limits.valley and steps.get(tuple(pair), np.inf) < limits.step
    ]
    first, second = np.array(together, int).reshape(-1, 2).T
    joined = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    _, roots = connected_components(joined, directed=False)
    return _numbered(np.where(labels > 0, roots[labels], 0))


def _root(parent: np.ndarray, index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return int(index)


def _moments(labels: np.ndarray, pixels: np.ndarray, heights: np.ndarray, count: int) -> np.ndarray:
    """Return (count + 1, 4, 4): sums of products of (x, y, z, 1) over each label's pixels."""
    values = np.concatenate([pixels * 1e-3, heights[..., None], np.ones((*labels.shape, 1))], axis=-1).reshape(-1, 4)
    sums = np.zeros((count + 1, 4, 4))
    flat = labels.ravel()
    for i in range(4):
        for j in range(i, 4):
            sums[:, i, j] = sums[:, j, i] = np.bincount(flat, values[:, i] * values[:, j], minlength=count + 1)
    return sums


def _off_plane(moments: np.ndarray) -> float:
    """Return the root mean square height [m] off the best plane over the pixels of some moments."""
    design = moments[np.ix_([0, 1, 3], [0, 1, 3])] + 1e-9 * np.eye(3)
    right = moments[[0, 1, 3], 2]
    residual = moments[2, 2] - right @ np.linalg.solve(design, right)
    return float(np.sqrt(max(residual, 0.0) / max(moments[3, 3], 1.0)))


def _borders(labels: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return neighbouring labels (P, 2) and the median step in height between two pixels off their border (P,) [m]."""
    found: list[np.ndarray] = []
    for axis in (0, 1):
        near = [np.take(labels, range(s, labels.shape[axis] - 5 + s), axis) for s in (1, 3)]
        far = [np.take(heights, range(s, heights.shape[axis] - 5 + s), axis) for s in (0, 4)]
        crossing = (near[0] != near[1]) & (near[0] > 0) & (near[1] > 0)
        pair = np.sort(np.stack([near[0][crossing], near[1][crossing]], axis=1), axis=1)
        found.append(np.column_stack([pair, np.abs(far[0][crossing] - far[1][crossing])]))
    return _medians(np.concatenate(found), 4)


def _valleys(labels: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return neighbouring labels (P, 2) and by how much (P,) [m] their border is lower than the mean of both sides."""
    found: list[np.ndarray] = []
    for axis in (0, 1):
        count = labels.shape[axis] - 2 * _ASIDE
        one, before, middle, after, other = (
            np.arange(_ASIDE + offset, _ASIDE + offset + count) for offset in (-_ASIDE, -1, 0, 1, _ASIDE)
        )
        first, second = (np.take(labels, beside, axis) for beside in (before, after))
        crossing = (first != second) & (first > 0) & (second > 0)
        crossing &= (np.take(labels, one, axis) == first) & (np.take(labels, other, axis) == second)
        sides = np.take(heights, one, axis)[crossing] + np.take(heights, other, axis)[crossing]
        pair = np.sort(np.stack([first[crossing], second[crossing]], axis=1), axis=1)
        found.append(np.column_stack([pair, sides / 2.0 - np.take(heights, middle, axis)[crossing]]))
    return _medians(np.concatenate(found), 8)


def _medians(rows: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of labels (P, 2) of which there are rows (N, 3) enough, and the median (P,) of each one's values."""
    if not len(rows):
        return np.zeros((0, 2), int), np.zeros(0)
    pairs, inverse = np.unique(rows[:, :2].astype(int), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    medians = ndimage.median(rows[:, 2], inverse, np.arange(len(pairs)))
    enough = np.bincount(inverse, minlength=len(pairs)) >= fewest
    return pairs[enough], np.asarray(medians)[enough]


def _without_small(labels: np.ndarray, smallest: int) -> np.ndarray:
    """Return labels of which small ones have gone to the nearest large one."""
    sizes = np.bincount(labels.ravel())
    large = sizes >= smallest
    large[0] = False
    if not large.any():
        return np.zeros_like(labels)
    kept = np.where(large[labels], labels, 0)
    distance, nearest = ndimage.distance_transform_edt(kept == 0, return_indices=True)
    fill = (labels > 0) & (kept == 0) & (distance < 6.0)
    kept[fill] = kept[tuple(nearest)][fill]
    return _numbered(kept)
