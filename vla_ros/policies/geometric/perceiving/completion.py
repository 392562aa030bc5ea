# SPDX-License-Identifier: Apache-2.0
"""The sides of a thing that no camera sees, from those that one does: most things are as deep as they are wide.

Shape legend: N points.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.geometric.perceiving.segmentation import Segment

COMPACT = 1.5  # length / width below which a thing is taken to look the same from behind
BENT = 0.06  # how far the middle may lie off the line between the ends, over the length, before it is a banana
NEAR_EDGE = 0.006  # [m] a point this near an edge is on it
CROWD = 400  # points above which a lone one is noise


def complete(target: Segment, origins: np.ndarray, edge: float, cell: float) -> np.ndarray:
    """Return the target's points and guesses of its hidden ones (M, 3) [m], one in every cube of edge `cell` [m].

    `origins` (K, 3) are the cameras' positions, `edge` [m] is how much of a thing's far outline is not measured.
    """
    points = thin(target.points, cell, least=2 if len(target) > CROWD else 1)
    if len(points) < 8:
        points = target.points
    seen = np.concatenate([points, _edge_behind(target, origins, edge)])
    return thin(np.concatenate([seen, _mirrored(seen)]).astype(np.float32), cell)


def thin(points: np.ndarray, cell: float, least: int = 1) -> np.ndarray:
    """Keep one point of every cube of edge `cell` [m] that holds at least `least`."""
    cells = np.floor((points - points.min(axis=0)) / cell).astype(np.int64)
    size = cells.max(axis=0) + 1
    flat = (cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2]
    _, first, count = np.unique(flat, return_index=True, return_counts=True)
    return points[first[count >= least]]


def _edge_behind(target: Segment, origins: np.ndarray, edge: float) -> np.ndarray:
    """Return the points moved `edge` [m] away from their cameras (N, 3).

    A surface that turns away from its camera is measured until the line of sight grazes it; a little more lies
    beyond, on the far side alone. Without it every grasp would be centred too near to the cameras.
    """
    step = max(len(target) // CROWD, 1)
    points, cameras = target.points[::step].copy(), target.cameras[::step]
    away = points[:, :2] - origins[cameras, :2]
    points[:, :2] += away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6) * edge
    return points


def _mirrored(points: np.ndarray) -> np.ndarray:
    """Return the points as seen from behind (N, 3): none for what is bent and has no symmetry to trust.

    A compact thing is turned by half a turn about its middle: from two sides of a box come the other two. A long one
    is mirrored on its long axis, so that a bottle keeps its neck on the end where it is.
    """
    center, axis, length, width = fit_rectangle(points[:, :2])
    side = np.array([-axis[1], axis[0]])
    offset = points[:, :2] - center
    along, across = offset @ axis, offset @ side
    mirrored = points.copy()
    if length < COMPACT * width:
        mirrored[:, :2] = center - offset
        return mirrored
    middle, ends = across[np.abs(along) < 0.17 * length], across[np.abs(along) > 0.3 * length]
    if len(middle) and len(ends) and abs(middle.mean() - ends.mean()) > BENT * length:
        return points[:0]
    mirrored[:, :2] = center + along[:, None] * axis - across[:, None] * side
    return mirrored


def fit_rectangle(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return centre (2,), long axis (2,), length and width [m] of the rectangle whose edges the points (N, 2) follow.

    The smallest rectangle will not do: around the two visible sides of a box, an L, the one along the diagonal is as
    small as the right one. The points' closeness to the edges tells them apart (Zhang et al. 2017, "Efficient L-shape
    fitting for vehicle detection using laser scanners").
    """
    turn = np.arange(0.0, np.pi / 2, np.radians(3.0))
    axes = np.stack([np.cos(turn), np.sin(turn)])  # (2, A)
    sides = np.stack([-np.sin(turn), np.cos(turn)])
    gaps, spans = [], []
    for directions in (axes, sides):
        along = xy @ directions.astype(xy.dtype)  # (N, A)
        low, high = along.min(axis=0), along.max(axis=0)
        gaps.append(np.minimum(along - low, high - along))
        spans.append((low, high))
    closeness = (1.0 / np.maximum(np.minimum(*gaps), NEAR_EDGE)).sum(axis=0)
    area = np.prod([high - low for low, high in spans], axis=0)
    best = int(np.argmax(closeness / np.maximum(area, 1e-6)))
    (low_a, high_a), (low_b, high_b) = ((low[best], high[best]) for low, high in spans)
    center = axes[:, best] * (low_a + high_a) / 2.0 + sides[:, best] * (low_b + high_b) / 2.0
    long_first = high_a - low_a >= high_b - low_b
    axis = axes[:, best] if long_first else sides[:, best]
    edges = sorted((float(high_a - low_a), float(high_b - low_b)))
    return center, axis, edges[1], max(edges[0], 1e-3)
