# SPDX-License-Identifier: Apache-2.0
"""A camera's optics from pictures of the board (Zhang 2000): no robot is needed.

The board's pose is free in every picture. It is solved for and projected out (variable projection, Golub and Pereyra
1973), so that only the optics are searched for, and views, not corners, say how sure they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.stats import f as fisher

from controllers.errors import ConfigError
from vla_ros.calibration.board import Corners
from vla_ros.calibration.board_pose import board_pose, pose_block, refined_pose
from vla_ros.calibration.hand_eye import OUTLIER, OUTLIER_PX
from vla_ros.calibration.least_squares import Block, covariance, solve
from vla_ros.calibration.optics import PINHOLE, Optics, pinhole
from vla_ros.calibration.views import VIEWS_MIN

CELLS = 4  # the picture is cut into so many rows and columns to say how much of it was covered
FOCAL_STD_MAX = 0.01  # of the focal length
_STRAIGHT = np.arange(PINHOLE)
_BENT = np.arange(PINHOLE + 4)  # with k1, k2, p1, p2; k3 is for wide lenses and badly determined otherwise
_BENT_LEVEL = 1e-4  # distortion is kept where pictures without any would seldom show as much
_BENT_PX = 0.2  # and where it moves a point by that


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """Optics, and how good they are."""

    optics: Optics
    std: np.ndarray  # (4,) or (8,) of fx, fy, cx, cy, k1, k2, p1, p2
    view_px: Mapping[str, float]  # root mean square distance of the corners by view
    coverage: float  # share of the picture's cells with a corner
    left_out: tuple[str, ...]

    @property
    def residual_px(self) -> float:
        """Return the root mean square distance over all views [px]."""
        return float(np.sqrt(np.mean(np.square(list(self.view_px.values())))))


def calibrate_intrinsics(views: Sequence[Corners]) -> Intrinsics:
    """Estimate from pictures that show enough (`rich_enough`). Raises ConfigError with what is missing."""
    if len(views) < VIEWS_MIN:
        raise ConfigError(
            f"{len(views)} pictures show enough of the board: take {VIEWS_MIN} at least, better 20, the board tilted "
            "by 20 to 45 degrees to all sides and in every corner of the picture"
        )
    size = views[0].size
    kept, optics = list(views), first_optics(views)
    for _ in range(5):
        optics = _solve(kept, optics, _BENT)
        rms = np.array([board_pose(one, optics)[1] for one in kept])
        good = rms <= max(OUTLIER * float(np.median(rms)), OUTLIER_PX)
        if good.all() or good.sum() < max(VIEWS_MIN, 0.5 * len(views)):
            break
        kept = [one for one, keep in zip(kept, good, strict=True) if keep]
    blocks = _blocks(kept, optics, _BENT)
    straight = _solve(kept, pinhole(optics.K, size), _STRAIGHT)
    straight_blocks = _blocks(kept, straight, _STRAIGHT)
    if not _bent(optics, blocks, straight_blocks):
        optics, blocks = straight, straight_blocks
    spread = covariance(blocks)
    std = np.sqrt(np.diag(spread))
    if std[:2].max() > FOCAL_STD_MAX * optics.parameters[:2].min():
        raise ConfigError(
            f"the focal length stays uncertain by {100 * std[:2].max() / optics.parameters[0]:.1f} %: tilt the board "
            "by 20 to 45 degrees to all sides, near enough to fill the picture"
        )
    names = {one.name for one in kept}
    return Intrinsics(
        optics=optics,
        std=std,
        view_px={one.name: block.rms for one, block in zip(kept, blocks, strict=True)},
        coverage=coverage(kept),
        left_out=tuple(one.name for one in views if one.name not in names),
    )


def _bent(optics: Optics, bent: Sequence[Block], straight: Sequence[Block]) -> bool:
    """Say whether distortion moves points by as much as counts and explains more than chance would (F test)."""
    squares, straight_squares = (sum(float(one.residual @ one.residual) for one in of) for of in (bent, straight))
    count, terms = sum(len(one.residual) for one in bent), len(_BENT) - len(_STRAIGHT)
    left = count - 6 * len(bent) - len(_BENT)
    ratio = (straight_squares - squares) / terms / max(squares / left, 1e-12)
    return optics.distortion_px() > _BENT_PX and ratio > float(fisher.isf(_BENT_LEVEL, terms, left))


def first_optics(views: Sequence[Corners]) -> Optics:
    """Return a first guess without distortion. Raises ConfigError where the pictures determine none."""
    boards = [one.board.astype(np.float32) for one in views]
    pixels = [one.pixels.astype(np.float32).reshape(-1, 1, 2) for one in views]
    flags = cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3
    try:
        _, K, *_ = cv2.calibrateCamera(boards, pixels, views[0].size, None, None, flags=flags)
    except cv2.error:
        K = np.full((3, 3), np.nan)
    if not np.isfinite(K).all() or not 0.1 < K[0, 0] / views[0].size[0] < 20.0:
        raise ConfigError("these pictures determine no focal length: tilt the board by 20 to 45 degrees to all sides")
    return pinhole(K, views[0].size)


def coverage(views: Sequence[Corners]) -> float:
    """Return the share of the picture's cells that corners were seen in."""
    width, height = views[0].size
    pixels = np.concatenate([one.pixels for one in views])
    columns = np.clip(pixels[:, 0] * CELLS / width, 0, CELLS - 1).astype(int)
    rows = np.clip(pixels[:, 1] * CELLS / height, 0, CELLS - 1).astype(int)
    return len(set(zip(rows.tolist(), columns.tolist(), strict=True))) / CELLS**2


def _solve(views: Sequence[Corners], start: Optics, free: np.ndarray) -> Optics:
    poses = [board_pose(one, start)[0] for one in views]  # where each search for a view's pose begins

    def linearise(optics: Optics) -> list[Block]:
        for i, one in enumerate(views):
            poses[i] = refined_pose(one, optics, poses[i])
        return [_block(one, optics, T, free) for one, T in zip(views, poses, strict=True)]

    return solve(start, linearise, lambda optics, change: optics.changed(free, change))


def _blocks(views: Sequence[Corners], optics: Optics, free: np.ndarray) -> list[Block]:
    return [_block(one, optics, board_pose(one, optics)[0], free) for one in views]


def _block(view: Corners, optics: Optics, T_camera_board: np.ndarray, free: np.ndarray) -> Block:
    residual, by_pose = pose_block(view, optics, T_camera_board)
    points = view.board @ T_camera_board[:3, :3].T + T_camera_board[:3, 3]
    by_optics = optics.project(points)[2].reshape(len(residual), -1)[:, free]
    basis = np.linalg.qr(by_pose)[0]
    return Block(residual, by_optics - basis @ (basis.T @ by_optics))
