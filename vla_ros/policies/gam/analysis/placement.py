# SPDX-License-Identifier: Apache-2.0
"""Where in a tote a held thing goes, by a height map of measured points: low, level and clear of the walls.

Shape legend: M points, R, C cells of the map along x and y, N placements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.candidate_poses import about_vertical

CELL = 0.005  # [m]
_TURNS = 24  # about the vertical that are tried
_WALLS = 0.008  # [m] that a thing keeps off the walls
_TILTED = 0.5  # [m] of merit for each metre that the ground under it is uneven
_AROUND = 0.03  # [m] of an outline, of what a thing lies on
_LOWERED = 0.006  # [m] above the ground that it is let go at
_ABOVE_RIM = 0.015  # [m] that a thing may stand: half of what a task allows, for its height is not measured
_CLEAR = 0.006  # [m] between what a tool has beside a thing and what stands there
_FALL = 0.02  # [m] that a thing may fall where the tool does not come lower
_CELLS, _BESIDE = 3, 12  # places for each turn, and cells between them


@dataclass(frozen=True, eq=False)
class Placement:
    """One way to put it down, in the tote's frame."""

    T_tote_tool: np.ndarray  # (4, 4) of the tool's frame when it lets go
    top: float  # [m] of the thing above the tote's floor then


def height_map(points: np.ndarray, size: ToteSize) -> np.ndarray:
    """Return the highest of points (M, 3) [m] of a tote's frame over each cell (R, C); what was not seen is 0."""
    x, y, _ = size.inside
    shape = int(np.ceil(x / CELL)), int(np.ceil(y / CELL))
    heights = np.zeros(shape)
    cells = np.floor((points[:, :2] + [x / 2, y / 2]) / CELL).astype(int)
    inside = ((cells >= 0) & (cells < shape)).all(axis=1) & (points[:, 2] < 2 * size.inside[2])
    np.maximum.at(heights, tuple(cells[inside].T), points[inside, 2])
    # A lone high cell is noise, a lone low one a hole between points.
    return ndimage.median_filter(heights, 3)


def placements(
    held: np.ndarray,
    T_tote_tool: np.ndarray,
    heights: np.ndarray,
    size: ToteSize,
    standing: Sequence[tuple[float, float, float, float]] = (),
) -> list[Placement]:
    """Return where a thing is best put down, a few ways for each of some turns about the vertical, the best first.

    `held` (M, 3) [m] are points of it in the tool's frame; `T_tote_tool` (4, 4) is how the tool is turned now;
    `standing` are x, y, radius and lower end [m] of what the tool has beside it then, in its frame: that meets neither
    walls nor what lies there, and what is let go falls 2 cm at most for it. None where it has no room.
    """
    found: list[tuple[float, int, Placement]] = []
    over = {radius: _over(heights, size, radius) for _, _, radius, _ in standing}
    for number, turn in enumerate(np.linspace(0.0, 2 * np.pi, _TURNS, endpoint=False)):
        R = about_vertical(turn) @ T_tote_tool[:3, :3]
        own = held @ R.T
        middle = (own[:, :2].min(axis=0) + own[:, :2].max(axis=0)) / 2
        fall = np.zeros(heights.shape)
        ground = _ground(own, heights)
        for x, y, radius, end in standing:
            at = R @ (x, y, end)
            bottom = ground - own[:, 2].min() + at[2] - radius * float(np.hypot(R[0, 2], R[1, 2]))
            np.maximum(fall, _shifted(over[radius], at[:2] - middle, heights.shape) - bottom, out=fall)
        for merit, cell in _lowest(own, heights, ground, fall, size):
            T = np.eye(4)
            T[:3, :3] = R
            T[:2, 3] = (cell + 0.5) * CELL - np.array(size.inside[:2]) / 2 - middle
            T[2, 3] = ground[tuple(cell)] + fall[tuple(cell)] - own[:, 2].min() + _LOWERED
            found.append((merit, number, Placement(T, float(ground[tuple(cell)] + np.ptp(own[:, 2])))))
    return [placement for _, _, placement in sorted(found, key=lambda one: one[:2])]


def held_points(
    points: np.ndarray, instances: np.ndarray, instance: int, T_base_tool: np.ndarray, T_base_source: np.ndarray
) -> np.ndarray:
    """Return a thing as the tool will hold it (K, 3) [m], tool's frame: what is seen of it, and the same at its bottom.

    Its bottom is not seen: it is taken to be where it meets what lies around it, the lower quarter of the points within
    3 cm of its outline, or the tote's floor.
    """
    own = points[instances == instance]
    tree = cKDTree(own[:, :2])
    others = points[instances != instance]
    distance, _ = tree.query(others[:, :2], distance_upper_bound=_AROUND)
    around = others[np.isfinite(distance), 2]
    around = around[around < np.median(own[:, 2])]  # walls of the tote are no ground
    floor = T_base_source[2, 3]
    bottom = max(float(np.percentile(around, 25)) if len(around) else floor, floor)
    low = own.copy()
    low[:, 2] = min(bottom, float(own[:, 2].min()))
    T_tool_base = np.linalg.inv(T_base_tool)
    both = np.concatenate([own, low])
    return np.asarray(both @ T_tool_base[:3, :3].T + T_tool_base[:3, 3])


def _half(own: np.ndarray) -> np.ndarray:
    """Return half of a footprint in cells (2,) along x and y."""
    return np.maximum(np.ceil(np.ptp(own[:, :2], axis=0) / 2 / CELL).astype(int), 1)


def _ground(own: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return the highest that lies under a footprint in the middle of each cell (R, C) [m]."""
    return np.asarray(ndimage.maximum_filter(heights, tuple(2 * _half(own) + 1)))


def _over(heights: np.ndarray, size: ToteSize, radius: float) -> np.ndarray:
    """Return the highest within a radius [m] of each cell, and of one more on each side: (R + 2, C + 2).

    Around the tote it is as high as the rim.
    """
    cells = int(np.ceil((radius + _CLEAR) / CELL))
    x, y = np.mgrid[-cells : cells + 1, -cells : cells + 1] * CELL
    disc = np.hypot(x, y) < radius + _CLEAR + CELL / 2
    return np.asarray(
        ndimage.maximum_filter(
            np.pad(heights, 1, constant_values=size.inside[2]), footprint=disc, mode="constant", cval=size.inside[2]
        )
    )


def _shifted(over: np.ndarray, by: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return what lies `by` (2,) [m] beside each cell (R, C); beyond the margin of `over` it is as at its edge."""
    cells = np.rint(by / CELL).astype(int) + 1
    rows, columns = (np.clip(np.arange(n) + c, 0, n + 1) for n, c in zip(shape, cells, strict=True))
    return over[np.ix_(rows, columns)]


def _lowest(
    own: np.ndarray, heights: np.ndarray, ground: np.ndarray, fall: np.ndarray, size: ToteSize
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield merit and cell where a footprint lies lowest and most level, the best first, a few that lie apart."""
    half = _half(own)
    margin = half + int(np.ceil(_WALLS / CELL))
    shape = np.array(heights.shape)
    if (shape - 2 * margin < 1).any():
        return
    mean = ndimage.uniform_filter(heights, tuple(2 * half + 1))
    merit = ground + _TILTED * (ground - mean) + fall
    merit[(ground + np.ptp(own[:, 2]) > size.inside[2] + _ABOVE_RIM) | (fall > _FALL)] = np.inf
    room = merit[margin[0] : shape[0] - margin[0], margin[1] : shape[1] - margin[1]]
    for _ in range(_CELLS):
        cell = np.array(np.unravel_index(int(np.argmin(room)), room.shape))
        if not np.isfinite(room[tuple(cell)]):
            return
        yield float(room[tuple(cell)]), cell + margin
        beside = tuple(slice(max(0, at - _BESIDE), at + _BESIDE + 1) for at in cell)
        room[beside] = np.inf
