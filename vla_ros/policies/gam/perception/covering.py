# SPDX-License-Identifier: Apache-2.0
"""What may lie on an instance: how much of its border is lower than what is beside it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_WITHIN, _NEAREST, _FARTHEST = 3, 5, 9  # [px] inside an outline, which is unsure by some, and outside
_HIGHER = 0.006  # [m] from which on a neighbour is higher, and no noise


def covered(labels: np.ndarray, heights: np.ndarray) -> dict[int, float]:
    """Return, of each instance of `labels` (h, w), the share of its border that lies lower than what is beside it.

    `heights` (h, w) [m]; NaN is taken to be as high as the nearest pixel. −1: no instance, which counts as a
    neighbour all the same. An instance too slim to have an inside has no share.
    """
    known = np.isfinite(heights)
    if not known.any():
        return {}
    heights = heights[tuple(ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True))]
    found = {}
    for number, place in enumerate(ndimage.find_objects(labels + 1)):
        if place is None:
            continue
        rows, columns = (slice(max(one.start - _FARTHEST, 0), one.stop + _FARTHEST) for one in place)
        own, around = labels[rows, columns] == number, heights[rows, columns]
        core = ndimage.binary_erosion(own, iterations=_WITHIN)
        if not core.any():
            continue
        # Distances count from the inside: the ring begins beyond the outline.
        away, nearest = ndimage.distance_transform_edt(~core, return_indices=True)
        ring = ~own & (away > _NEAREST) & (away < _FARTHEST)
        if ring.any():
            found[number] = float((around[ring] - around[tuple(nearest)][ring] > _HIGHER).mean())
    return found
