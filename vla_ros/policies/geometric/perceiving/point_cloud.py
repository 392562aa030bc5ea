# SPDX-License-Identifier: Apache-2.0
"""One depth image to points in the base frame, cropped to the work space, without flying pixels.

Shape legend: N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vla_ros.policies.observation import CameraView


@dataclass(frozen=True)
class AxisAlignedBox:
    """An axis-aligned box in the base frame [m]."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Say which points (N, 3) lie inside."""
        low, high = (np.asarray(corner, points.dtype) for corner in (self.low, self.high))
        inside = (points[:, 0] > low[0]) & (points[:, 0] < high[0])
        for axis in (1, 2):
            inside &= (points[:, axis] > low[axis]) & (points[:, axis] < high[axis])
        return inside

    @property
    def corners(self) -> np.ndarray:
        """Return the eight corners (8, 3)."""
        grid = np.meshgrid(*zip(self.low, self.high, strict=True), indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one camera in the base frame."""

    camera: str
    points: np.ndarray  # (N, 3) float32 [m]
    pixels: np.ndarray  # (N, 2) int32, column then row
    colors: np.ndarray  # (N, 3) uint8 RGB
    origin: np.ndarray  # (3,) [m] where the camera stands

    def __len__(self) -> int:
        return len(self.points)

    def select(self, chosen: np.ndarray) -> Cloud:
        """Keep the chosen points."""
        return Cloud(self.camera, self.points[chosen], self.pixels[chosen], self.colors[chosen], self.origin)


def deproject(view: CameraView, box: AxisAlignedBox, stride: int, edge: float) -> Cloud:
    """Return every `stride`-th pixel's point inside `box`.

    `edge` [m]: a pixel that lies this far behind one neighbour and this far before another is no surface: at an
    outline stereo depth mixes foreground and background, and the mixture floats where nothing is.
    """
    rows, columns = region(view, box)
    origin = view.calibration[1][:3, 3].astype(np.float32)
    if view.depth is None or rows.start >= rows.stop or columns.start >= columns.stop:
        empty = np.zeros((0, 3), np.float32)
        return Cloud(view.name, empty, np.zeros((0, 2), np.int32), empty.astype(np.uint8), origin)
    depth = np.ascontiguousarray(view.depth[rows.start : rows.stop : stride, columns.start : columns.stop : stride])
    z = _heights(view, depth, rows.start, columns.start, stride)
    # Most pixels show the table or the floor: the height alone sorts them out before anything else is computed.
    wanted = (depth > 0.0) & (z > box.low[2]) & (z < box.high[2]) & ~_floating(depth, edge)
    v, u = np.nonzero(wanted)
    depth = depth[v, u]
    u, v = u * stride + columns.start, v * stride + rows.start
    points = _transform(view, u, v, depth)
    inside = box.contains(points)
    u, v = u[inside], v[inside]
    return Cloud(view.name, points[inside], np.stack([u, v], axis=1).astype(np.int32), view.color[v, u], origin)


def region(view: CameraView, box: AxisAlignedBox) -> tuple[slice, slice]:
    """Return the image rows and columns that the box can project to."""
    height, width = view.color.shape[:2]
    K, T = view.calibration
    corners = (box.corners - T[:3, 3]) @ T[:3, :3]
    if (corners[:, 2] < 0.05).any():  # a corner beside or behind the camera has no bounded projection
        return slice(0, height), slice(0, width)
    pixels = corners @ K.T
    pixels = pixels[:, :2] / pixels[:, 2:]
    low = np.clip(np.floor(pixels.min(axis=0)), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, (width, height)).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def project(view: CameraView, points: np.ndarray) -> np.ndarray:
    """Return the pixels (N, 2) of points (N, 3) in the base frame; NaN behind the camera."""
    K, T = view.calibration
    camera = (points - T[:3, 3]) @ T[:3, :3]
    depth = np.where(camera[:, 2] > 1e-3, camera[:, 2], np.nan)
    return (camera @ K.T)[:, :2] / depth[:, None]


def _floating(depth: np.ndarray, edge: float) -> np.ndarray:
    kernel = np.ones((3, 3), np.uint8)
    far = cv2.dilate(depth, kernel)
    # A hole is no neighbour: it is filled with something far before the nearest is looked for.
    near = cv2.erode(np.where(depth > 0.0, depth, np.float32(100.0)), kernel)
    return (far - depth > edge) & (depth - near > edge)


def _heights(view: CameraView, depth: np.ndarray, row: int, column: int, stride: int) -> np.ndarray:
    """Return the height of every pixel's point in the base frame (H, W) [m]."""
    K, T = view.calibration
    (rx, ry, rz), height = T[2, :3], T[2, 3]
    across = rx * (np.arange(depth.shape[1]) * stride + column - K[0, 2]) / K[0, 0]
    down = ry * (np.arange(depth.shape[0]) * stride + row - K[1, 2]) / K[1, 1] + rz
    return depth * (across[None] + down[:, None]).astype(np.float32) + np.float32(height)


def _transform(view: CameraView, u: np.ndarray, v: np.ndarray, z: np.ndarray) -> np.ndarray:
    K, T = view.calibration
    x = (u - K[0, 2]) * z * (1.0 / K[0, 0])
    y = (v - K[1, 2]) * z * (1.0 / K[1, 1])
    camera = np.stack([x, y, z], axis=1).astype(np.float32)
    return camera @ T[:3, :3].T.astype(np.float32) + T[:3, 3].astype(np.float32)
