# SPDX-License-Identifier: Apache-2.0
"""Where a tote stands, by its rim in the measured points. Shape legend: N points."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from controllers.errors import VlaError
from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.candidate_poses import about_vertical
from vla_ros.policies.geometric.perceiving.table_plane import fit_table

_BAND = 0.012  # [m] a rim's points lie this close to its height
_NEAR = 0.06  # [m] and this close to the nominal tote's rectangle
_LEAST = 60  # points of a rim
LOW, HIGH = -0.4, 0.25  # [m] that a table may be at
_OFF = 0.04  # [m] that a tote may stand off its nominal place


class NoToteError(VlaError):
    """No tote is seen where one should stand."""


@dataclass(frozen=True)
class NominalTote:
    """Where a tote is to stand on the table, its long side along y of the base."""

    size: ToteSize
    center: tuple[float, float]  # [m] base frame


def table_height(points: np.ndarray) -> float:
    """Return the height [m] of the table of points (N, 3). Raises NoToteError where there is none."""
    plane = fit_table(points, LOW, HIGH)
    if plane is None:
        raise NoToteError("no table is seen under the totes: check the cameras' calibration")
    return plane.height


def fit_tote(points: np.ndarray, table: float, nominal: NominalTote, rim: float) -> np.ndarray:
    """Return T_base_tote (4, 4), origin in the middle of its floor, z up.

    `points` (N, 3) [m] base frame; `table`: its height [m]; `rim`: how far a rim stands out [m]. Raises NoToteError.
    """
    size = nominal.size
    outside = np.array(size.outside)
    offset = points[:, :2] - nominal.center
    high = np.abs(points[:, 2] - (table + size.wall + size.inside[2])) < _BAND
    # Between the inner edge of the wall and the outer of the rim, give or take what it may stand off.
    inner, outer = outside / 2 - _NEAR, outside / 2 + rim + _NEAR
    beside = (np.abs(offset) < outer).all(axis=1) & (np.abs(offset) > inner).any(axis=1)
    seen = offset[high & beside]
    if len(seen) < _LEAST:
        raise NoToteError(
            f"no tote is seen at ({nominal.center[0]:g}, {nominal.center[1]:g}) m: {len(seen)} points of its rim"
        )
    center, yaw = _rectangle(seen, outside + 2 * rim)
    if np.abs(center).max() > _OFF:
        raise NoToteError(
            f"the tote at ({nominal.center[0]:g}, {nominal.center[1]:g}) m is seen "
            f"{100 * np.abs(center).max():.1f} cm beside its place: at most {100 * _OFF:g} cm"
        )
    T = np.eye(4)
    T[:3, :3] = about_vertical(yaw)
    T[:3, 3] = *(center + nominal.center), table + size.wall
    return T


def _rectangle(points: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the middle (2,) and turn [rad] of a rectangle, `edges` along x and y, about points (N, 2) of its rim."""
    *_, angle = cv2.minAreaRect(points.astype(np.float32))
    yaw = np.radians((angle + 45.0) % 90.0 - 45.0)  # of either edge: a tote is turned by little
    R = about_vertical(yaw)[:2, :2]
    turned = points @ R
    low, high = np.percentile(turned, 1, axis=0), np.percentile(turned, 99, axis=0)
    middle = (low + high) / 2 if np.all(high - low > 0.8 * edges) else turned.mean(axis=0)
    return R @ middle, float(yaw)
