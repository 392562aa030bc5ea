# SPDX-License-Identifier: Apache-2.0
"""Candidates of placements: where in a container a held object is let go. Shape legend: N candidates."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.resting import RestingFaces
from vla_ros.policies.gam.actions import Candidates
from vla_ros.sim.candidates.container import PITCH, Container, HeightMap, height_map
from vla_ros.sim.candidates.held_object import HeldObject
from vla_ros.sim.candidates.still_scene import StillScene

_SHARES = (0.6, 0.25, 0.15)  # good ones, near misses, bad ones
_BAD = 2
_TRIES = 6  # places of a good one, of which that one is taken where it lies lowest
_ABOVE = (0.008, 0.05, 0.12)  # [m] that the object is let go above what it lands on, at most
_INTO = (0.0, 0.01, 0.03)  # [m] that it is pushed into that, at most
_LEAN = (0.0, 0.1, 0.4)  # [rad] standard deviation about either level axis
_SQUARE = 0.5  # share that is turned by a multiple of 90° from how the container stands, to 5°
_FAR = 1.0  # [rad] that it is leaned over at most to lie on a side that it rests on
_SLACK = 0.004  # [m] between walls and what is put beside them


def placement_candidates(
    still: StillScene, container: Container, held: HeldObject, pick: Candidates, count: int, rng: np.random.Generator
) -> Candidates:
    """Draw `count` poses of the tool that `pick`, a single candidate, took the object with; elements stay as there.

    The object is turned about the vertical from how it lay, half of them by about a multiple of 90° to the container,
    and laid onto the nearest side that it rests on. 60 % are let go up to 8 mm above what they land on, between the
    walls, at that of six places where they lie lowest; 25 % anywhere there, up to 10 mm into it or 50 mm above and
    leaning by some degrees; 15 % as they lay, over the walls too, up to 30 mm into it or 120 mm above.
    """
    heights = height_map(still, container)
    lay = (np.linalg.inv(container.T_base_container) @ held.T_base_object)[:3, :3]
    level = _laid_down(lay, held)
    square = _square_yaw(held.points @ level.T)
    sort = rng.choice(len(_SHARES), count, p=_SHARES)
    positions, rotations = np.empty((count, 3)), np.empty((count, 3, 3))
    for row, kind in enumerate(sort):
        yaw = rng.uniform(-np.pi, np.pi)
        if rng.uniform() < _SQUARE:
            yaw = square + rng.integers(4) * np.pi / 2.0 + np.radians(5.0) * rng.normal()
        turn = Rotation.from_euler("z", yaw) * Rotation.from_rotvec([*(_LEAN[kind] * rng.normal(size=2)), 0.0])
        R = turn.as_matrix() @ (lay if kind == _BAD else level)
        T = _lowest(heights, container, held, R, kind, rng)
        T[2, 3] += rng.uniform(-_INTO[kind], _ABOVE[kind])
        T_base_tool = container.T_base_container @ T @ np.linalg.inv(held.T_tool_object)
        positions[row], rotations[row] = T_base_tool[:3, 3], T_base_tool[:3, :3]
    return Candidates(
        positions, rotations, *(np.repeat(one[:1], count, axis=0) for one in (pick.active, pick.widths, pick.depths))
    )


def _lowest(
    heights: HeightMap, container: Container, held: HeldObject, R: np.ndarray, kind: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a pose (4, 4) in the container's frame at which the object, turned by R (3, 3), just lies.

    Its origin is over the middle of a cell, so that rays tell its underside once for all places.
    """
    points = held.points @ R.T
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    T = np.eye(4)
    T[:3, :3] = R
    around = int(np.ceil(np.abs([low, high]).max() / PITCH))
    steps = PITCH * np.arange(-around, around + 1)
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)
    underside = held.extents(T, grid.reshape(-1, 2))[0].reshape(grid.shape[:2])
    room = np.array(container.inside[:2]) / 2.0 - _SLACK
    least, most = -room - low, room - high
    if kind == _BAD:  # its middle between the walls
        least, most = (sign * room - 0.5 * (low + high) for sign in (-1.0, 1.0))
    middle = 0.5 * (least + most)  # of one that is longer than the container
    places = rng.uniform(np.minimum(least, middle), np.maximum(most, middle), (_TRIES if kind == 0 else 1, 2))
    cells = [
        np.abs(axis - places[:, number, None]).argmin(axis=1) for number, axis in enumerate((heights.x, heights.y))
    ]
    filled = np.pad(heights.heights, around, constant_values=heights.heights.min())
    size = 2 * around + 1
    tops = [(filled[i : i + size, j : j + size] - underside).max() for i, j in zip(*cells, strict=True)]
    best = int(np.argmin(tops))
    T[:3, 3] = heights.x[cells[0][best]], heights.y[cells[1][best]], tops[best]
    return T


def _laid_down(R: np.ndarray, held: HeldObject) -> np.ndarray:
    """Return the orientation (3, 3) nearest to R in which the object lies on a side; R where that is too far."""
    turned = Rotation.from_matrix(R)
    rested = Rotation.from_quat(RestingFaces(held.alone.scene.objects[0].model.collision_parts).rest(turned))
    return rested.as_matrix() if (rested * turned.inv()).magnitude() <= _FAR else R


def _square_yaw(points: np.ndarray) -> float:
    """Return by what yaw [rad] the smallest rectangle around points (P, 3), seen from above, is along x and y."""
    angles = np.radians(np.arange(0.0, 90.0, 2.0))
    turned = Rotation.from_rotvec(angles[:, None] * [0.0, 0.0, 1.0]).as_matrix()[:, :2, :2] @ points[:, :2].T
    return float(angles[np.ptp(turned, axis=2).prod(axis=1).argmin()])
