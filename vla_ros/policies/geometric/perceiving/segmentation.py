# SPDX-License-Identifier: Apache-2.0
"""Points above the table to separate things: both cameras' points share one grid of table cells.

Shape legend: N points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from vla_ros.policies.geometric.perceiving.point_cloud import Cloud

CONNECTED = np.ones((3, 3), int)
FRAGMENT = 8  # points: fewer are noise
JOINING = (1, 2)  # cells every fragment grows by to meet its neighbours
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
class Segmentation:
    """What lies on the table, cut up."""

    fragments: tuple[Segment, ...]  # touching nothing else
    things: tuple[Segment, ...]  # what may be one thing: large fragments, and neighbours together


def segment(clouds: list[Cloud], heights: list[np.ndarray], cell: float, minimum: int) -> Segmentation:
    """Group points into fragments, and those into things of at least `minimum` points.

    Points belong together when their cells of `cell` [m] on the table touch. Holes in the depth image and a thing's
    own shadow (a hammer behind its head) cut it apart, so neighbours up to three and five cells away are offered
    joined as well: the shape that is recognised best decides.
    """
    points = np.concatenate([cloud.points for cloud in clouds]) if clouds else np.zeros((0, 3), np.float32)
    if len(points) < minimum:
        return Segmentation((), ())
    height = np.concatenate(heights)
    colors = np.concatenate([cloud.colors for cloud in clouds])
    cameras = np.repeat(np.arange(len(clouds), dtype=np.int8), [len(cloud) for cloud in clouds])
    cells = ((points[:, :2] - points[:, :2].min(axis=0)) / cell).astype(np.int32) + MARGIN
    shape = tuple(cells.max(axis=0) + 1 + MARGIN)
    flat = np.ravel_multi_index((cells[:, 0], cells[:, 1]), shape)
    # A lone point in a cell is noise more often than a thing.
    occupied = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape) >= 2
    labels, count = ndimage.label(occupied, CONNECTED)
    member = labels.ravel()[flat]
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(1, count + 2))
    fragments: list[Segment] = []
    places: list[int] = []
    for start, stop in pairwise(bounds):
        if stop - start >= FRAGMENT:
            index = order[start:stop]
            part = frozenset({len(fragments)})
            fragments.append(Segment(points[index], height[index], colors[index], cameras[index], part))
            places.append(int(flat[index[0]]))
    joined: dict[frozenset[int], Segment] = {}
    grown = occupied
    for _ in JOINING:
        grown = ndimage.binary_dilation(grown, CONNECTED)
        groups, _ = ndimage.label(grown, CONNECTED)
        group_of = groups.ravel()[places]
        for group in set(group_of.tolist()):
            members = [item for item, its_group in zip(fragments, group_of, strict=True) if its_group == group]
            if len(members) > 1:
                thing = join(members)
                joined.setdefault(thing.parts, thing)
    # A fragment too small to be a thing of its own is still in the way, and part of what it is joined to.
    things = [item for item in (*fragments, *joined.values()) if len(item) >= minimum]
    return Segmentation(tuple(fragments), tuple(things))


def join(pieces: list[Segment]) -> Segment:
    """Return one segment made of several."""
    return Segment(
        np.concatenate([item.points for item in pieces]),
        np.concatenate([item.heights for item in pieces]),
        np.concatenate([item.colors for item in pieces]),
        np.concatenate([item.cameras for item in pieces]),
        frozenset().union(*(item.parts for item in pieces)),
    )
