# SPDX-License-Identifier: Apache-2.0
"""The gripper as a few boxes in the tool frame, to sort out grasps that collide before anything slower is asked.

Shape legend: M poses, B boxes, N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

_AT_ONCE = 16  # poses: more no longer fit the cache


@dataclass(frozen=True, eq=False)
class GripperShape:
    """Boxes aligned with the tool frame, at zero opening; a finger moves along y by half the opening."""

    lower: np.ndarray  # (B, 3) [m] tool frame
    upper: np.ndarray  # (B, 3) [m] tool frame
    side: np.ndarray  # (B,) -1, 0 or 1: how a box moves along y with half the opening
    opening_max: float  # [m]

    def boxes(self, opening: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper corners (M, B, 3) at the openings (M,) [m]."""
        shift = np.zeros((len(opening), len(self.side), 3))
        shift[:, :, 1] = 0.5 * opening[:, None] * self.side
        return self.lower + shift, self.upper + shift

    def touches(self, T_base_tool: np.ndarray, opening: np.ndarray, points: np.ndarray, margin: float) -> np.ndarray:
        """Say for each pose (M, 4, 4) whether a point (N, 3) lies in a box grown by `margin` [m]."""
        hit = np.zeros(len(T_base_tool), dtype=bool)
        lower, upper = self.boxes(opening)
        lower, upper = lower - margin, upper + margin
        least, most = lower.min(axis=1)[:, :, None], upper.max(axis=1)[:, :, None]
        for first in range(0, len(T_base_tool), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            R, p = T_base_tool[some, :3, :3].transpose(0, 2, 1), T_base_tool[some, :3, 3:]
            local = R @ points.T - R @ p  # (M, 3, N)
            # Few points lie anywhere near the gripper; only those are compared with each box.
            pose, point = np.nonzero(_within(local, least[some], most[some]))
            near = local[pose, :, point][..., None]  # (pairs, 3, 1)
            for box in range(len(self.side)):
                low, high = lower[some, box, :, None], upper[some, box, :, None]
                hit[first + pose[_within(near, low[pose], high[pose])[:, 0]]] = True
        return hit

    def lowest(self, T_base_tool: np.ndarray, opening: np.ndarray) -> np.ndarray:
        """Return the height of the lowest corner of each pose (M,) [m] in the base frame."""
        lower, upper = self.boxes(opening)
        row = T_base_tool[:, None, 2, :3]
        # The lowest corner takes, along each axis, the end that lies further down.
        below = np.minimum(row * lower, row * upper).sum(axis=2)
        return T_base_tool[:, 2, 3] + below.min(axis=1)


def _within(points: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Say which points (M, 3, N) lie between corners (M, 3, 1)."""
    # Axis by axis: NumPy is slow in reducing an axis of three.
    within = (points > lower) & (points < upper)
    return within[:, 0] & within[:, 1] & within[:, 2]


def gripper_shape(
    model: mujoco.MjModel, data: mujoco.MjData, hand: str, T_base_tool: np.ndarray, width: float, opening_max: float
) -> GripperShape:
    """Read the boxes around the colliding geoms of a hand and its fingers at the present pose and opening [m].

    `opening_max` [m] is the most there is between them.
    """
    root = model.body(hand).id
    lower, upper, side = [], [], []
    for geom in range(model.ngeom):
        body = model.geom_bodyid[geom]
        if not _descends(model, body, root) or not (model.geom_contype[geom] or model.geom_conaffinity[geom]):
            continue
        low, high = _bounds(model, data, geom, T_base_tool)
        # What is welded to the hand stays; what slides is a finger on its own side.
        moving = 0.0 if model.body_weldid[body] == model.body_weldid[root] else float(np.sign(low[1] + high[1]))
        shift = np.array([0.0, 0.5 * width * moving, 0.0])
        lower.append(low - shift)
        upper.append(high - shift)
        side.append(moving)
    return GripperShape(np.array(lower), np.array(upper), np.array(side), opening_max)


def _descends(model: mujoco.MjModel, body: int, root: int) -> bool:
    while body > root:
        body = model.body_parentid[body]
    return body == root


def _bounds(
    model: mujoco.MjModel, data: mujoco.MjData, geom: int, T_base_tool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bound a geom in the tool frame by its axis-aligned box (exact for boxes aligned with the tool)."""
    centre, half = model.geom_aabb[geom, :3], model.geom_aabb[geom, 3:]
    R_tool_geom = T_base_tool[:3, :3].T @ data.geom_xmat[geom].reshape(3, 3)
    middle = T_base_tool[:3, :3].T @ (
        data.geom_xpos[geom] + data.geom_xmat[geom].reshape(3, 3) @ centre - T_base_tool[:3, 3]
    )
    extent = np.abs(R_tool_geom) @ half
    return middle - extent, middle + extent
