# SPDX-License-Identifier: Apache-2.0
"""What the cameras see as obstacles: upright boxes under every surface, merged where they are alike.

A camera sees the top and one side of a thing; what is below and behind is taken to be solid, so the space under a
board or a lamp counts as filled. What no camera sees is not there: place cameras so that they see where the arm goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.planning.scene import CollisionScene, HeldObject, Obstacle, box_between
from vla_ros.planning.shapes import Box
from vla_ros.policies.geometric.perceiving import point_cloud
from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
from vla_ros.policies.observation import CameraView

HELD_MIN, HELD_POINTS = 0.02, 30  # [m] least edge of a held box, points that make one


@dataclass(frozen=True)
class CameraSceneConfig:
    """How points become boxes."""

    space: point_cloud.AxisAlignedBox = field(
        default_factory=lambda: point_cloud.AxisAlignedBox((0.15, -0.8, -0.4), (1.1, 0.8, 1.0))
    )
    cell: float = 0.02  # [m] edge of a column
    rise: float = 0.02  # [m] columns whose tops differ by less may be merged; the higher top counts
    points_min: int = 3  # in a column: fewer are noise
    stride: int = 2  # pixels
    edge: float = 0.015  # [m] depth step to either side of a floating pixel
    self_margin: float = 0.03  # [m] points this near to the robot are the robot
    depth: float = 0.3  # [m] how far columns reach down below the lowest surface

    def __post_init__(self) -> None:
        for name in ("cell", "rise", "self_margin", "depth", "edge"):
            if not 0.001 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"camera scene: '{name}' must be 0.001 to 1 m, got {getattr(self, name):g}")
        if self.points_min < 1 or self.stride < 1:
            raise ConfigError("camera scene: points_min and stride must be at least 1")


def scene_from_cameras(
    views: Iterable[CameraView],
    robot: RobotShape,
    q: np.ndarray,
    gripper_width: float,
    config: CameraSceneConfig | None = None,
    held_near: Mapping[str, np.ndarray] | None = None,
) -> CollisionScene:
    """Return what stands around the arm at q (N,) [rad], seen in depth images.

    `held_near` gives T_base_tool (4, 4) of each arm whose gripper holds something: what is seen within a hand's breadth
    of the tool is then taken to be in the hand. Raises ConfigError when no view carries depth.
    """
    config = config or CameraSceneConfig()
    clouds = [
        point_cloud.deproject(view, config.space, config.stride, config.edge).points
        for view in views
        if view.depth is not None
    ]
    if not clouds:
        raise ConfigError("camera scene: no camera gives depth: add one with a depth image to the robot's cameras")
    points = np.concatenate(clouds)
    points = points[~robot.contains(points, q, gripper_width, config.self_margin)]
    scene = CollisionScene()
    for arm, T_base_tool in (held_near or {}).items():
        points, held = _take_held(points, T_base_tool, arm)
        if held is not None:
            scene = scene.hold(held)
    return scene.add(*columns(points, config))


def columns(points: np.ndarray, config: CameraSceneConfig) -> list[Obstacle]:
    """Return boxes that cover every point (N, 3) [m] and all that is below it."""
    low = np.array(config.space.low)
    extent = np.ceil((np.array(config.space.high) - low)[:2] / config.cell).astype(int)
    index = np.clip(((points[:, :2] - low[:2]) / config.cell).astype(int), 0, extent - 1)
    flat = index[:, 0] * extent[1] + index[:, 1]
    counts = np.bincount(flat, minlength=extent.prod()).reshape(extent)
    tops = np.full(extent.prod(), -np.inf)
    np.maximum.at(tops, flat, points[:, 2])
    tops = tops.reshape(extent)
    tops[counts < config.points_min] = -np.inf
    seen = np.isfinite(tops)
    if not seen.any():
        return []
    bottom = float(tops[seen].min()) - config.depth
    # Tops are rounded up to the next step: like neighbours become equal, and nothing becomes lower than it is. The
    # most common height, the table's, lies in the middle of a step: its noise makes no boxes of its own.
    bottom -= (bottom - _commonest(tops[seen], config.rise / 4.0) - config.rise / 2.0) % config.rise
    levels = np.where(seen, np.ceil((np.where(seen, tops, bottom) - bottom) / config.rise), 0).astype(int)
    return [
        box_between(
            f"column {number}",
            (*(low[:2] + config.cell * np.array((x0, y0))), bottom),
            (*(low[:2] + config.cell * np.array((x1, y1))), bottom + config.rise * level),
        )
        for number, (x0, y0, x1, y1, level) in enumerate(_rectangles(levels))
    ]


def _commonest(values: np.ndarray, width: float) -> float:
    """Return the middle of the fullest bin of `width`."""
    bins = np.floor(values / width).astype(int)
    names, counts = np.unique(bins, return_counts=True)
    return (float(names[np.argmax(counts)]) + 0.5) * width


def _rectangles(levels: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """Cover a height map with few rectangles (x0, y0, x1, y1, level): the largest first row, grown downwards."""
    left, found = levels.copy(), []
    for x, y in zip(*np.nonzero(levels), strict=True):
        level = left[x, y]
        if level == 0:
            continue
        y1 = y + int(np.argmin(np.append(left[x, y:] == level, False)))
        x1 = x + 1
        while x1 < len(left) and (left[x1, y:y1] == level).all():
            x1 += 1
        left[x:x1, y:y1] = 0
        found.append((int(x), int(y), int(x1), int(y1), int(level)))
    return found


def _take_held(points: np.ndarray, T_base_tool: np.ndarray, arm: str) -> tuple[np.ndarray, HeldObject | None]:
    """Part the points into those around and a box in the hand's frame around those in it."""
    local = (points - T_base_tool[:3, 3]) @ T_base_tool[:3, :3]
    near = (np.abs(local[:, :2]) < 0.1).all(axis=1) & (local[:, 2] > -0.06) & (local[:, 2] < 0.12)
    if near.sum() < HELD_POINTS:
        return points, None
    low, high = local[near].min(axis=0), local[near].max(axis=0)
    T = np.eye(4)
    T[:3, 3] = (low + high) / 2.0
    size = np.maximum(high - low, HELD_MIN)
    return points[~near], HeldObject(f"in the hand of {arm}", Box(tuple(size.tolist())), T, arm)
