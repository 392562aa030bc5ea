# SPDX-License-Identifier: Apache-2.0
"""Points above the table to separate things: both cameras' points share one grid of table cells.

Shape legend: N points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from vla_ros.policies.geometric.point_cloud import Cloud

CONNECTED = np.ones((3, 3), int)


@dataclass(frozen=True, eq=False)
class Segment:
    """One thing on the table, as far as the cameras see it."""

    points: np.ndarray  # (N, 3) float32 [m] base frame
    heights: np.ndarray  # (N,) [m] above the table
    colors: np.ndarray  # (N, 3) uint8 RGB
    cameras: np.ndarray  # (N,) index of the camera that saw the point

    def __len__(self) -> int:
        return len(self.points)

    @property
    def center(self) -> np.ndarray:
        """Return the middle of the footprint's bounding box (2,) [m]."""
        return (self.points[:, :2].min(axis=0) + self.points[:, :2].max(axis=0)) / 2.0

    @property
    def height(self) -> float:
        """Return the height above the table [m], the noisiest two per cent left out."""
        return float(np.quantile(self.heights, 0.98))


def segment(clouds: list[Cloud], heights: list[np.ndarray], low: float, cell: float, minimum: int) -> list[Segment]:
    """Group points higher than `low` [m] above the table into things of at least `minimum` points.

    Two points belong together when their cells of `cell` [m] touch; objects stand side by side, not in each other.
    """
    above = [height > low for height in heights]
    points = np.concatenate([cloud.points[keep] for cloud, keep in zip(clouds, above, strict=True)])
    if len(points) < minimum:
        return []
    height = np.concatenate([h[keep] for h, keep in zip(heights, above, strict=True)])
    colors = np.concatenate([cloud.colors[keep] for cloud, keep in zip(clouds, above, strict=True)])
    cameras = np.repeat(np.arange(len(clouds), dtype=np.int8), [int(keep.sum()) for keep in above])
    corner = points[:, :2].min(axis=0)
    cells = ((points[:, :2] - corner) / cell).astype(np.int32)
    shape = tuple(cells.max(axis=0) + 1)
    flat = np.ravel_multi_index((cells[:, 0], cells[:, 1]), shape)
    # A lone point in a cell is noise more often than a thing.
    occupied = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape) >= 2
    labels, count = ndimage.label(occupied, CONNECTED)
    member = labels.ravel()[flat]
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(1, count + 2))
    found = []
    for start, stop in pairwise(bounds):
        if stop - start >= minimum:
            index = order[start:stop]
            found.append(Segment(points[index], height[index], colors[index], cameras[index]))
    return found
