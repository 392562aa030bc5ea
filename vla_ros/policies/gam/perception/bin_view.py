# SPDX-License-Identifier: Apache-2.0
"""What three cameras see of two totes, as actor and critic are told it.

Cameras: `source` and `destination` look down into their tote, `aside` looks into the source from the side.
Shape legend: V views, H, W pixels, M points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from controllers.errors import VlaError
from vla_ros.objects.totes import DESTINATION, RIM, SOURCE, ToteSize
from vla_ros.policies.gam.perception.cameras import ASIDE, CAMERAS
from vla_ros.policies.gam.perception.covering import covered
from vla_ros.policies.gam.perception.crop import ToteCrop, crop
from vla_ros.policies.gam.perception.levelling import levelled
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.policies.gam.perception.segmentation import segment
from vla_ros.policies.gam.perception.tote_fit import NominalTote, fit_tote, table_height
from vla_ros.policies.geometric.perceiving.point_cloud import AxisAlignedBox, deproject
from vla_ros.policies.observation import CameraView

_BELOW, _ABOVE, _AROUND = 0.4, 0.4, 0.5  # [m] about a nominal tote that points count in
_STRIDE, _FLOATING = 2, 0.02  # [px]; [m] of depth
_FLOOR, _WALL = 0.010, 0.008  # [m] above the floor and off the walls that a thing's pixels are
_HIGHEST = 0.12  # [m] above the rim that points count
_APART, _APART_ELSE = 0.004, 0.010  # [m] between points of things that are kept, and between others
_SAME = 0.010  # [m] from a point whose instance is known, another camera's point is of it


@dataclass(frozen=True)
class TotePlaces:
    """Where totes nominally stand on the table."""

    size: ToteSize
    source: tuple[float, float]  # [m] base frame
    destination: tuple[float, float]  # [m] base frame

    def nominal(self, name: str) -> NominalTote:
        """Return one of both."""
        return NominalTote(self.size, self.source if name == SOURCE else self.destination)


@dataclass(frozen=True, eq=False)
class BinObservation:
    """What is seen, in the robot's base frame."""

    images: np.ndarray  # (V, H, W, 3) uint8 RGB: source, destination
    places: np.ndarray  # (V, H, W, 3) float32 [m] of the pixels, NaN where there is no depth
    points: np.ndarray  # (M, 3) float32 [m] of all cameras
    colors: np.ndarray  # (M, 3) uint8
    instances: np.ndarray  # (M,) int16; −1: no thing, or nobody can say
    T_base_source: np.ndarray  # (4, 4) middle of the tote's floor, z up
    T_base_destination: np.ndarray  # (4, 4)
    crop: ToteCrop  # of the source
    labels: np.ndarray  # (h, w) int16 instance of each of its pixels

    @cached_property
    def measured(self) -> MeasuredPoints:
        """Of the source, as analysis takes it."""
        T = self.T_base_source
        heights = (self.crop.points - T[:3, 3].astype(np.float32)) @ T[:3, 2].astype(np.float32)
        return MeasuredPoints(self.points, self.instances, float(T[2, 3]), covered(self.labels, heights))


def observe_bins(
    views: Mapping[str, CameraView], places: TotePlaces, height: int = 128, width: int = 160
) -> BinObservation:
    """Return what is seen; pictures are `height` by `width` [px].

    Raises VlaError for a camera that is missing or has no depth, NoToteError where no tote is seen.
    """
    for name in CAMERAS:
        if name not in views or views[name].depth is None:
            raise VlaError(f"camera '{name}' gives no color and depth: bins are seen by {', '.join(CAMERAS)}")
    views = levelled({name: views[name] for name in CAMERAS}, [places.nominal(name) for name in (SOURCE, DESTINATION)])
    poses = _totes(views, places)
    crops = {name: crop(views[name], poses[name], places.size) for name in (SOURCE, DESTINATION)}
    pictures = [crops[name].resized(height, width) for name in (SOURCE, DESTINATION)]
    labels = instances(crops[SOURCE], poses[SOURCE], places.size)
    seen = [(crops[SOURCE], SOURCE, labels), (crop(views[ASIDE], poses[SOURCE], places.size), SOURCE, None)]
    seen.append((crops[DESTINATION], DESTINATION, None))
    points, colors, numbers = _merged(seen, poses, places.size)
    return BinObservation(
        np.stack([picture for picture, _ in pictures]),
        np.stack([place for _, place in pictures]),
        points,
        colors,
        numbers,
        poses[SOURCE],
        poses[DESTINATION],
        crops[SOURCE],
        labels,
    )


def instances(tote: ToteCrop, T_base_tote: np.ndarray, size: ToteSize) -> np.ndarray:
    """Return (h, w) int16 which instance of a thing each pixel of a crop shows; −1: none."""
    own = (tote.points - T_base_tote[:3, 3].astype(np.float32)) @ T_base_tote[:3, :3].astype(np.float32)
    known = np.isfinite(own[..., 2])
    if not known.any():
        return np.full(known.shape, -1, np.int16)
    # Holes take the nearest height: an edge of a hole is none of a thing.
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    heights = own[..., 2][tuple(nearest)]
    half = np.array(size.inside[:2]) / 2 - _WALL
    inside = (np.abs(own[..., :2]) < half).all(axis=-1)
    return segment(tote.color, heights, known & inside & (heights > _FLOOR))


def _totes(views: Mapping[str, CameraView], places: TotePlaces) -> dict[str, np.ndarray]:
    poses = {}
    for name in (SOURCE, DESTINATION):
        nominal = places.nominal(name)
        (x, y), far = nominal.center, _AROUND
        box = AxisAlignedBox((x - far, y - far, -_BELOW), (x + far, y + far, _ABOVE))
        points = deproject(views[name], box, _STRIDE, _FLOATING).points
        poses[name] = fit_tote(points, table_height(points), nominal, RIM[0])
    return poses


def _merged(
    seen: list[tuple[ToteCrop, str, np.ndarray | None]], poses: Mapping[str, np.ndarray], size: ToteSize
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points of all crops in and about their totes, a mean a cell, and the color and instance of one there."""
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    known: cKDTree | None = None
    numbers_known = np.zeros(0, np.int16)
    for tote, name, labels in seen:
        T = poses[name]
        points, colors = tote.points.reshape(-1, 3), tote.color.reshape(-1, 3)
        own = (points - T[:3, 3].astype(np.float32)) @ T[:3, :3].astype(np.float32)
        half = np.array(size.outside) / 2 + RIM[0]
        with np.errstate(invalid="ignore"):
            there = (np.abs(own[:, :2]) < half).all(axis=1) & (own[:, 2] < size.inside[2] + _HIGHEST)
            there &= own[:, 2] > -2 * size.wall
        points, colors = points[there], colors[there]
        numbers = np.full(len(points), -1, np.int16) if labels is None else labels.ravel()[there]
        if labels is not None and (numbers >= 0).any():
            known, numbers_known = cKDTree(points[numbers >= 0]), numbers[numbers >= 0]
        elif name == SOURCE and known is not None and len(points):
            distance, nearest = known.query(points, distance_upper_bound=_SAME)
            close = np.isfinite(distance)
            numbers[close] = numbers_known[nearest[close]]
        rows.append((points, colors, numbers))
    points, colors, numbers = (np.concatenate(values) for values in zip(*rows, strict=True))
    apart = np.where(numbers >= 0, _APART, _APART_ELSE)[:, None]
    cells = np.column_stack([np.floor(points / apart).astype(np.int64), numbers >= 0])
    _, first, cell, count = np.unique(cells, axis=0, return_index=True, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(cell.ravel(), points[:, axis]) / count for axis in range(3)], axis=1)
    order = np.argsort(first)
    first = first[order]
    return means[order].astype(np.float32), colors[first], numbers[first]
