# SPDX-License-Identifier: Apache-2.0
"""The height of the table in the robot's base frame, from views of the board that lies on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.calibration.board import CharucoBoard, Corners
from vla_ros.calibration.board_pose import board_pose
from vla_ros.calibration.optics import Optics

TILT_MAX = np.radians(10.0)  # more, and the board does not lie on a table


@dataclass(frozen=True)
class TablePlane:
    """What the views say of it."""

    height: float  # [m] under the middle of the board, in the base frame
    height_std: float  # [m] of the mean over views; NaN of one
    spread: float  # [m] from the lowest to the highest view
    tilt: float  # [rad] of its normal from the base's z axis
    views: int

    @property
    def figures(self) -> dict[str, float]:
        """Return them by name."""
        found = {"height_m": self.height, "spread_mm": 1e3 * self.spread, "tilt_deg": float(np.degrees(self.tilt))}
        return (
            found | {"views": float(self.views)} | ({"height_std_mm": 1e3 * self.height_std} if self.views > 1 else {})
        )


def table_plane(
    views: Sequence[Corners],
    cameras: Sequence[np.ndarray],
    optics: Optics,
    board: CharucoBoard,
    thickness: float = 0.0,
) -> TablePlane:
    """Return the plane under the board from views and T_base_camera (4, 4) of each; `thickness` of the board [m].

    Raises ConfigError where the board does not lie.
    """
    middle = np.append(board.corners.mean(axis=0), 1.0)
    heights, normals = [], []
    for corners, T_base_camera in zip(views, cameras, strict=True):
        T_base_board = T_base_camera @ board_pose(corners, optics)[0]
        normal = -T_base_board[:3, 2]  # z of the board goes into the sheet
        heights.append(float((T_base_board @ middle)[2] - thickness * normal[2]))
        normals.append(normal)
    up = np.mean(normals, axis=0)
    tilt = float(np.arccos(np.clip(up[2] / np.linalg.norm(up), -1.0, 1.0)))
    if tilt > TILT_MAX:
        raise ConfigError(
            f"the board is tilted by {np.degrees(tilt):.1f} degrees to the robot's base: lay it on the table, face up"
        )
    count = len(heights)
    std = float(np.std(heights, ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    return TablePlane(float(np.mean(heights)), std, float(np.ptp(heights)), tilt, count)
