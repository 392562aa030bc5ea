# SPDX-License-Identifier: Apache-2.0
"""Where the surface under a cup is measured to be, and candidates brought to it along their axis.

Where a surface is along the axis is measured, which is surer than any proposal of it.
Shape legend: N candidates, M points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import Cup, Tool

_WITHIN = 0.7  # share of a cup's radius within which points say how far its surface is
_FEWEST = 3  # of these
_FIRST = 0.2  # share of them that may be nearer than where the lip is taken to touch: noise
_OFF = 0.03  # [m] beyond stroke and lip that a surface is looked for: so far a candidate may stand off it
_PLANE = 8  # points of which a slope is
_STEP = 0.01  # [m] from a cup's middle height at which a point is not of the surface that a lip lies on
_FLAT = 50.0  # condition of the points' moments from which on a slope says nothing
_TURN = np.radians(20.0)  # that a candidate is turned at most
MEANT = 0.7  # share of its stroke that a piston is out: those that reach nothing stand off neighbours
_THIN = 1e-9  # share of their spread, squared, from which on points are more than one line
_UNSURE = np.radians(5.0)  # by which a measured slope may be off
_UNEVEN = 0.0045  # [m] root mean square off a plane, noise included, from which on no lip lies on


def all_around(places: np.ndarray, radius: float) -> bool:
    """Say whether points (N, 2) are in every eighth of a lip's outer ring but one: not where it overhangs."""
    outer = places[np.hypot(places[:, 0], places[:, 1]) > radius / 2]
    eighths = np.floor(np.arctan2(outer[:, 1], outer[:, 0]) / (np.pi / 4)).astype(int) % 8
    return int(np.count_nonzero(np.bincount(eighths, minlength=8))) >= 7


def plane_of(own: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the plane (slope along x, along y, height) of points (M, 3), and their root mean square off it [m]."""
    x, y, z = own.T - own.mean(axis=0)[:, None]
    xx, xy, yy, xz, yz = x @ x, x @ y, y @ y, x @ z, y @ z
    area = xx * yy - xy * xy
    if area > _THIN * (xx + yy) ** 2:
        along = np.array([yy * xz - xy * yz, xx * yz - xy * xz]) / area
    else:  # of points on one line the plane that rises least
        along, *_ = np.linalg.lstsq(np.stack([x, y], axis=1), z, rcond=None)
    off = z - along[0] * x - along[1] * y
    middle_x, middle_y, height = own.mean(axis=0)
    plane = np.array([along[0], along[1], height - along[0] * middle_x - along[1] * middle_y])
    return plane, float(np.sqrt(off @ off / len(own)))


class Surfaces:
    """Of measured points."""

    def __init__(self, measured: MeasuredPoints) -> None:
        self._measured = measured

    def below(self, cup: Cup, T: np.ndarray) -> float | None:
        """Return how far the surface under a cup of the tool at T (4, 4) is [m] from its lip with the piston in.

        None where too few points say it.
        """
        return _below(cup, _under(cup, next(self._around([cup], T[None, :3, 3], T[None, :3, :3]))))

    def met(self, candidates: Candidates, tool: Tool) -> Candidates:
        """Return candidates turned to face what is measured under their cups, and moved along their axis to it.

        By 20° and 30 mm at most, until pistons are 70 % out. Cups that could not lie on what is below them are turned
        off; a candidate with none on stays where it is.
        """
        if not tool.cups or not len(self._measured.points):  # nothing is seen
            return candidates
        positions, rotations = candidates.positions.copy(), candidates.rotations.copy()
        active = candidates.active.copy()
        on = candidates.active[:, : len(tool.cups)] >= ON
        rows = np.flatnonzero(on.any(axis=1) & np.isfinite(positions).all(axis=1) & np.isfinite(rotations).all((1, 2)))
        cups = {row: [tool.cups[k] for k in np.flatnonzero(on[row])] for row in rows}
        around = self._around(tool.cups, positions[rows], rotations[rows])
        for row, own in zip(rows, around, strict=True):
            turn, shift = _facing(own, cups[row])
            positions[row], rotations[row] = positions[row] + rotations[row] @ shift, rotations[row] @ turn
        around = self._around(tool.cups, positions[rows], rotations[rows])
        for row, own in zip(rows, around, strict=True):
            lying = {cup: under for cup in cups[row] if _lies(cup, under := _under(cup, own))}
            active[row, : len(tool.cups)] = [cup in lying for cup in tool.cups]
            positions[row] += _nearer(lying) * rotations[row, :, 2]
        return replace(candidates, positions=positions, rotations=rotations, active=active)

    def _around(self, cups: Sequence[Cup], positions: np.ndarray, rotations: np.ndarray) -> Iterator[np.ndarray]:
        """Yield for each of a tool's poses the points (M, 3), in its frame, among which those under its cups are."""
        reach = max(np.hypot(cup.x, cup.y) + cup.radius for cup in cups)
        longest = max(cup.stroke for cup in cups)
        for _, own in self._measured.around(positions, rotations, reach, -_OFF, longest + _OFF):
            yield own


def _facing(around: np.ndarray, cups: Sequence[Cup]) -> tuple[np.ndarray, np.ndarray]:
    """Return the turn (3, 3) of a tool, and its shift (3,) [m], both in its frame, by which it faces what is around it.

    About the middle of the lips, so that surfaces under them, of points (M, 3), are level on the whole. Each cup has a
    piston, so that only slopes count, not which of them is nearer.
    """
    stays = np.eye(3), np.zeros(3)
    parts = [under - under.mean(axis=0) for cup in cups if len(under := _under(cup, around)) >= _PLANE]
    if not parts:
        return stays
    own = np.concatenate(parts)
    own = own[np.abs(own[:, 2]) < _STEP]
    moments = own[:, :2].T @ own[:, :2]
    if len(own) < _PLANE or np.linalg.cond(moments) > _FLAT:
        return stays
    slope = np.linalg.solve(moments, own[:, :2].T @ own[:, 2])
    angle = float(np.arctan(np.hypot(*slope)))
    if angle > _TURN or angle < 1e-6:
        return stays
    across = np.array([-slope[1], slope[0], 0.0]) / np.hypot(*slope)  # the axis leans against the slope
    middle = np.array([*np.mean([(cup.x, cup.y) for cup in cups], axis=0), 0.0])
    turn = Rotation.from_rotvec(-angle * across).as_matrix()
    return turn, middle - turn @ middle


def _under(cup: Cup, around: np.ndarray) -> np.ndarray:
    """Return those points (M, 3) around a tool that are under a cup, in a frame in its lip with the piston in."""
    x, y = around[:, 0] - cup.x, around[:, 1] - cup.y
    under = (x * x + y * y < cup.radius**2) & (np.abs(around[:, 2] - cup.stroke / 2) < cup.stroke / 2 + _OFF)
    return np.stack([x[under], y[under], around[under, 2]], axis=1)


def _below(cup: Cup, under: np.ndarray) -> float | None:
    """Return how far the surface of points (M, 3) under a cup is [m] from its lip; None where too few say it."""
    middle = under[np.hypot(under[:, 0], under[:, 1]) < _WITHIN * cup.radius, 2]
    return float(np.quantile(middle, _FIRST)) if len(middle) >= _FEWEST else None


def _lies(cup: Cup, under: np.ndarray) -> bool:
    """Say whether points (M, 3) under a lip are all around it, and as level and even as noise lets one tell."""
    if len(under) < _PLANE or not all_around(under[:, :2], cup.radius):
        return False
    plane, uneven = plane_of(under)
    return bool(np.hypot(*plane[:2]) < np.tan(cup.tilt + _UNSURE) and uneven < _UNEVEN)


def _nearer(lying: Mapping[Cup, np.ndarray]) -> float:
    """Return how far a tool goes along its axis [m] until cups are out as meant, by the points (M, 3) under each."""
    off = [
        distance - MEANT * cup.stroke for cup, under in lying.items() if (distance := _below(cup, under)) is not None
    ]
    return float(np.clip(np.median(off), -_OFF, _OFF)) if off else 0.0
