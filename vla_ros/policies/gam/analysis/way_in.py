# SPDX-License-Identifier: Apache-2.0
"""What stands where a tool comes, straight along its axis: measured points, and the walls of a tote, which is known.

Walls are hardly seen from above, and its size a policy is told. Shape legend: N candidates, M points.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import Tool

_SWEPT, _CLEAR = 0.10, 0.006  # [m] of the way that a tool comes; of points that may stand in it, of noise
_APART = 0.006  # [m] between points of a wall
_BEYOND = 0.024  # [m] outside a tote where no finger may come either: it would take the wall


def in_the_way(points: np.ndarray, tool: Tool, candidates: Candidates, tree: cKDTree | None = None) -> np.ndarray:
    """Return how many points (M, 3), base frame, stand where body and fingers come to each candidate: (N,).

    Fingers are open and in where a candidate says nothing of them; two of them close alike. `tree` is of the points,
    where there is one already.
    """
    reach = [tool.body_radius, *(np.hypot(one.x, one.y) + 2.0 * one.radius for one in tool.fingers)]
    hits, near_by = np.zeros(len(candidates.positions)), tree or cKDTree(points)
    ways = np.nan_to_num((tool.opening - candidates.widths) / 2.0)
    depths = np.nan_to_num(candidates.depths)
    middle = candidates.positions - candidates.rotations[:, :, 2] * _SWEPT / 2
    finite = np.isfinite(middle).all(axis=1)
    farthest = np.hypot(_SWEPT / 2 + depths.max(initial=0.0), max(reach))
    for row in np.flatnonzero(finite):
        near = near_by.query_ball_point(middle[row], farthest)
        own = (points[near] - candidates.positions[row]) @ candidates.rotations[row]
        own = own[own[:, 2] > -_SWEPT]
        met = (np.linalg.norm(own[:, :2], axis=1) < tool.body_radius) & (own[:, 2] < -_CLEAR)
        for finger in tool.fingers:
            offset = own[:, :2] - (finger.x, finger.y) - ways[row] * finger.direction
            behind, across = offset @ -finger.direction, offset @ np.array([-finger.direction[1], finger.direction[0]])
            beside = (behind > 0.0) & (behind < 2.0 * finger.radius) & (np.abs(across) < finger.radius)
            met |= beside & (own[:, 2] < depths[row] - _CLEAR)
        hits[row] = met.sum()
    return hits


def wall_points(T_base_tote: np.ndarray, size: ToteSize) -> np.ndarray:
    """Return points (M, 3) in the walls of a tote that stands at T_base_tote (4, 4), and 24 mm beyond them."""
    x, y, deep = size.inside
    along, up = np.arange(-0.5, 0.5, _APART / max(x, y)), np.arange(0.0, deep, _APART)
    out = np.arange(0.0, size.wall + _BEYOND, _APART)
    u, v, w = (grid.ravel() for grid in np.meshgrid(along, up, out))
    faces = [np.column_stack([sign * (x / 2 + w), u * (y + 2 * w), v]) for sign in (-1.0, 1.0)]
    faces += [np.column_stack([u * (x + 2 * w), sign * (y / 2 + w), v]) for sign in (-1.0, 1.0)]
    return np.asarray(np.concatenate(faces) @ T_base_tote[:3, :3].T + T_base_tote[:3, 3])
