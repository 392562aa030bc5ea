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
MARGIN = 3  # cells around everything, so that growing never meets the grid's edge


@dataclass(frozen=True, eq=False)
class Segment:
    """One thing on the table, as far as the cameras see it."""

    points: np.ndarray  # (N, 3) float32 [m] base frame
    heights: np.ndarray  # (N,) [m] above the table
    colors: np.ndarray  # (N, 3) uint8 RGB
    cameras: np.ndarray  # (N,) index of the camera that saw the point
    parts: frozenset[int] = frozenset()  # which of the smallest separate pieces it consists of

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


@dataclass(frozen=True, eq=False)
class Pieces:
    """The separate pieces on the table, and which of them stand so close that they may be one thing."""

    separate: tuple[Segment, ...]
    joined: tuple[Segment, ...]  # of two pieces or more


def segment(clouds: list[Cloud], heights: list[np.ndarray], cell: float, minimum: int) -> Pieces:
    """Group points into pieces of at least `minimum` points.

    Points belong together when their cells of `cell` [m] on the table are at most one cell apart. A thing's own
    shadow can cut it in two (a hammer behind its head), so pieces up to four cells apart are offered joined as well.
    """
    points = np.concatenate([cloud.points for cloud in clouds]) if clouds else np.zeros((0, 3), np.float32)
    if len(points) < minimum:
        return Pieces((), ())
    height = np.concatenate(heights)
    colors = np.concatenate([cloud.colors for cloud in clouds])
    cameras = np.repeat(np.arange(len(clouds), dtype=np.int8), [len(cloud) for cloud in clouds])
    cells = ((points[:, :2] - points[:, :2].min(axis=0)) / cell).astype(np.int32) + MARGIN
    shape = tuple(cells.max(axis=0) + 1 + MARGIN)
    flat = np.ravel_multi_index((cells[:, 0], cells[:, 1]), shape)
    # A lone point in a cell is noise more often than a thing.
    occupied = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape) >= 2
    near = ndimage.binary_dilation(occupied, CONNECTED)
    labels, count = ndimage.label(near, CONNECTED)
    groups, _ = ndimage.label(ndimage.binary_dilation(near, CONNECTED), CONNECTED)
    member = np.where(occupied.ravel()[flat], labels.ravel()[flat], 0)
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(1, count + 2))
    separate: list[Segment] = []
    group_of: list[int] = []
    for start, stop in pairwise(bounds):
        if stop - start >= minimum:
            index = order[start:stop]
            part = frozenset({len(separate)})
            separate.append(Segment(points[index], height[index], colors[index], cameras[index], part))
            group_of.append(int(groups.ravel()[flat[index[0]]]))
    joined = []
    for group in set(group_of):
        members = [item for item, its_group in zip(separate, group_of, strict=True) if its_group == group]
        if len(members) > 1:
            joined.append(join(members))
    return Pieces(tuple(separate), tuple(joined))


def join(pieces: list[Segment]) -> Segment:
    """Return one segment made of several."""
    return Segment(
        np.concatenate([item.points for item in pieces]),
        np.concatenate([item.heights for item in pieces]),
        np.concatenate([item.colors for item in pieces]),
        np.concatenate([item.cameras for item in pieces]),
        frozenset().union(*(item.parts for item in pieces)),
    )
