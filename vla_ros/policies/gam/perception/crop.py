# SPDX-License-Identifier: Apache-2.0
"""One camera's view of one tote: the pixels that show it, each with its place in space. Shape legend: H, W pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vla_ros.objects.totes import ToteSize
from vla_ros.policies.geometric.perceiving.point_cloud import AxisAlignedBox, region
from vla_ros.policies.observation import CameraView

_MARGIN = 0.03  # [m] around a tote that a picture shows as well


@dataclass(frozen=True, eq=False)
class ToteCrop:
    """Pixels around a tote."""

    color: np.ndarray  # (H, W, 3) uint8 RGB
    points: np.ndarray  # (H, W, 3) float32 [m] base frame, NaN where no depth was measured
    first: tuple[int, int]  # row and column of the camera's picture where it begins

    def resized(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return color (height, width, 3) and places (height, width, 3); a place is that of one pixel, no mean."""
        rows, columns = (
            np.minimum((np.arange(size) + 0.5) * there / size, there - 1).astype(int)
            for size, there in ((height, self.color.shape[0]), (width, self.color.shape[1]))
        )
        color = cv2.resize(self.color, (width, height), interpolation=cv2.INTER_AREA)
        return color, self.points[np.ix_(rows, columns)]


def crop(view: CameraView, T_base_tote: np.ndarray, size: ToteSize) -> ToteCrop:
    """Return the pixels around a tote at T_base_tote (4, 4). Raises VlaError for a camera without a calibration."""
    x, y, z = size.inside
    half = np.array([x / 2, y / 2]) + size.wall + _MARGIN
    corners = np.array(np.meshgrid([-half[0], half[0]], [-half[1], half[1]], [0.0, z])).reshape(3, -1).T
    corners = corners @ T_base_tote[:3, :3].T + T_base_tote[:3, 3]
    low, high = corners.min(axis=0), corners.max(axis=0)
    rows, columns = region(view, AxisAlignedBox(tuple(low.tolist()), tuple(high.tolist())))
    K, T = view.calibration
    depth = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.float32)
    if view.depth is not None:
        depth = view.depth[rows, columns]
    v, u = np.indices(depth.shape, dtype=np.float32)
    rays = np.stack(
        [(u + columns.start - K[0, 2]) / K[0, 0], (v + rows.start - K[1, 2]) / K[1, 1], np.ones_like(u)], -1
    )
    points = (rays * depth[..., None]) @ T[:3, :3].T.astype(np.float32) + T[:3, 3].astype(np.float32)
    points[depth <= 0.0] = np.nan
    return ToteCrop(view.color[rows, columns], points.astype(np.float32), (rows.start, columns.start))
