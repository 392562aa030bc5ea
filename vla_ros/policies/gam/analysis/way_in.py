# SPDX-License-Identifier: Apache-2.0
"""What stands where a tool comes, straight along its axis: measured points, and the walls of a tote, which is known.

Walls are hardly seen from above, and its size a policy is told. Shape legend: N candidates, M points.
"""

from __future__ import annotations

import numpy as np

from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.urdf import body_length, pad_thickness

_SWEPT, _CLEAR = 0.10, 0.006  # [m] that a tool comes straight; of points that may stand in its way, of noise
_AT_ONCE = 2**17  # pairs of candidate and point: as much as a cache holds
_APART = 0.006  # [m] between points of a wall
_BEYOND = 0.024  # [m] outside a tote where no finger may come either: it would take the wall


def in_the_way(points: np.ndarray, tool: Tool, candidates: Candidates) -> np.ndarray:
    """Return how many points (M, 3), base frame, stand where body, cups and fingers come to each candidate: (N,).

    Body, cups with their pistons in and fingers end where the tool's URDF has them. Fingers are open and in where a
    candidate says nothing of them; two of them close alike.
    """
    ways = np.nan_to_num((tool.opening - candidates.widths) / 2.0)
    depths = np.nan_to_num(candidates.depths)
    cylinders = standing_cylinders(tool)
    reach = [np.hypot(x, y) + radius for x, y, radius, _ in cylinders]
    reach += [np.hypot(one.x, one.y) + pad_thickness(one) + one.radius for one in tool.fingers]
    farthest = max(reach) + float(np.abs(ways).max(initial=0.0))
    hits = np.zeros(len(candidates.positions))
    finite = np.flatnonzero(
        np.isfinite(candidates.positions).all(axis=1) & np.isfinite(candidates.rotations).all((1, 2))
    )
    # By all points, a few candidates at once: a tree's lists of thousands of numbers take longer.
    for rows in np.array_split(finite, max(1, len(finite) * len(points) // _AT_ONCE)):
        axes = candidates.rotations[rows].transpose(0, 2, 1)
        x, y, z = np.moveaxis(axes @ points.T - axes @ candidates.positions[rows][:, :, None], 1, 0)
        tips = np.maximum(depths[rows], 0.0)[:, None] - _CLEAR
        row, point = np.nonzero((z > -tool.height - _SWEPT) & (z < tips) & (x * x + y * y < farthest**2))
        own, of = np.stack([x[row, point], y[row, point], z[row, point]], axis=1), rows[row]
        met = np.zeros(len(own), bool)
        for at_x, at_y, radius, end in cylinders:
            met |= (np.hypot(own[:, 0] - at_x, own[:, 1] - at_y) < radius) & (own[:, 2] < end - _CLEAR)
        for finger in tool.fingers:
            direction, sideways = finger.direction, np.array([-finger.direction[1], finger.direction[0]])
            offset = own[:, :2] - (finger.x, finger.y) - ways[of, None] * direction
            behind, across = -offset @ direction, offset @ sideways
            beside = (behind > 0.0) & (behind < pad_thickness(finger)) & (np.abs(across) < finger.radius)
            met |= beside & (own[:, 2] < depths[of] - _CLEAR)
        hits[rows] = np.bincount(row[met], minlength=len(rows))
    return hits


def standing_cylinders(tool: Tool) -> list[tuple[float, float, float, float]]:
    """Return x, y, radius and the lower end along z [m] of a tool's body and of each cup with its piston in."""
    body = 0.0, 0.0, tool.body_radius, body_length(tool) - tool.height
    return [body, *((cup.x, cup.y, cup.radius, 0.0) for cup in tool.cups)]


def cylinders_with_fingers(tool: Tool, width: float, depth: float) -> list[tuple[float, float, float, float]]:
    """Return likewise fingers, too, that are `width` [m] apart and reach `depth` [m] beyond the tool's plane."""
    found = standing_cylinders(tool)
    for finger in tool.fingers:
        thickness, (along_x, along_y) = pad_thickness(finger), finger.direction
        inwards = (tool.opening - width - thickness) / 2.0
        radius = float(np.hypot(finger.radius, thickness / 2.0))
        found.append((finger.x + inwards * along_x, finger.y + inwards * along_y, radius, depth))
    return found


def wall_points(T_base_tote: np.ndarray, size: ToteSize) -> np.ndarray:
    """Return points (M, 3) in the walls of a tote that stands at T_base_tote (4, 4), and 24 mm beyond them."""
    x, y, deep = size.inside
    along, up = np.arange(-0.5, 0.5, _APART / max(x, y)), np.arange(0.0, deep, _APART)
    out = np.arange(0.0, size.wall + _BEYOND, _APART)
    u, v, w = (grid.ravel() for grid in np.meshgrid(along, up, out))
    faces = [np.column_stack([sign * (x / 2 + w), u * (y + 2 * w), v]) for sign in (-1.0, 1.0)]
    faces += [np.column_stack([u * (x + 2 * w), sign * (y / 2 + w), v]) for sign in (-1.0, 1.0)]
    return np.asarray(np.concatenate(faces) @ T_base_tote[:3, :3].T + T_base_tote[:3, 3])
