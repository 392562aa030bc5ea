# SPDX-License-Identifier: Apache-2.0
"""Where the surface under a cup is measured to be, and candidates brought to it along their axis.

Where a surface is along the axis is measured, which is surer than any proposal of it.
Shape legend: N candidates, M points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.candidate_poses import matrix_of
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
_UNSURE = np.radians(5.0)  # by which a measured slope may be off
_UNEVEN = 0.0045  # [m] root mean square off a plane, noise included, from which on no lip lies on


def all_around(places: np.ndarray, radius: float) -> bool:
    """Say whether points (N, 2) are in every eighth of a lip's outer ring but one: not where it overhangs."""
    outer = places[np.linalg.norm(places, axis=1) > radius / 2]
    eighths = np.floor(np.arctan2(outer[:, 1], outer[:, 0]) / (np.pi / 4)).astype(int) % 8
    return len(np.unique(eighths)) >= 7


def plane_of(own: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the plane (slope along x, along y, height) of points (M, 3), and their root mean square off it [m]."""
    columns = np.column_stack([own[:, :2], np.ones(len(own))])
    plane, *_ = np.linalg.lstsq(columns, own[:, 2], rcond=None)
    return plane, float(np.sqrt(np.mean((own[:, 2] - columns @ plane) ** 2)))


class Surfaces:
    """Of measured points."""

    def __init__(self, measured: MeasuredPoints) -> None:
        self._points, self._tree = measured.points, measured.tree

    def below(self, cup: Cup, T: np.ndarray) -> float | None:
        """Return how far the surface under a cup of the tool at T (4, 4) is [m] from its lip with the piston in.

        None where too few points say it.
        """
        return _below(cup, self._under(cup, T))

    def met(self, candidates: Candidates, tool: Tool) -> Candidates:
        """Return candidates turned to face what is measured under their cups, and moved along their axis to it.

        By 20° and 30 mm at most, until pistons are 70 % out. Cups that could not lie on what is below them are turned
        off; a candidate with none on stays where it is.
        """
        if not tool.cups or not len(self._points):  # nothing is seen
            return candidates
        positions, rotations = candidates.positions.copy(), candidates.rotations.copy()
        active = candidates.active.copy()
        for row in range(len(positions)):
            T = matrix_of(candidates, row)
            on = [cup for cup, share in zip(tool.cups, candidates.active[row], strict=False) if share >= ON]
            if on and np.isfinite(T).all():
                T = self._facing(T, on)
                lying = {cup: under for cup in on if _lies(cup, under := self._under(cup, T))}
                active[row, : len(tool.cups)] = [cup in lying for cup in tool.cups]
                positions[row], rotations[row] = T[:3, 3] + _nearer(lying) * T[:3, 2], T[:3, :3]
        return replace(candidates, positions=positions, rotations=rotations, active=active)

    def _facing(self, T: np.ndarray, cups: Sequence[Cup]) -> np.ndarray:
        """Return T (4, 4) turned about the middle of the lips so that surfaces under them are level, on the whole.

        Each cup has a piston, so that only slopes count, not which of them is nearer.
        """
        parts = [under - under.mean(axis=0) for cup in cups if len(under := self._under(cup, T)) >= _PLANE]
        if not parts:
            return T
        own = np.concatenate(parts)
        own = own[np.abs(own[:, 2]) < _STEP]
        moments = own[:, :2].T @ own[:, :2]
        if len(own) < _PLANE or np.linalg.cond(moments) > _FLAT:
            return T
        slope = np.linalg.solve(moments, own[:, :2].T @ own[:, 2])
        angle = float(np.arctan(np.hypot(*slope)))
        if angle > _TURN or angle < 1e-6:
            return T
        across = np.array([-slope[1], slope[0], 0.0]) / np.hypot(*slope)  # the axis leans against the slope
        middle = np.array([*np.mean([(cup.x, cup.y) for cup in cups], axis=0), 0.0])
        turned = T.copy()
        turned[:3, :3] = T[:3, :3] @ Rotation.from_rotvec(-angle * across).as_matrix()
        turned[:3, 3] = T[:3, 3] + (T[:3, :3] - turned[:3, :3]) @ middle
        return turned

    def _under(self, cup: Cup, T: np.ndarray) -> np.ndarray:
        """Return points (M, 3) under a cup, in a frame in its lip with the piston in."""
        lip = T[:3, 3] + T[:3, :3] @ np.array([cup.x, cup.y, 0.0])
        half = cup.stroke / 2 + _OFF
        near = self._tree.query_ball_point(lip + T[:3, 2] * cup.stroke / 2, half + cup.radius)
        own = (self._points[near] - lip) @ T[:3, :3]
        there = np.hypot(own[:, 0], own[:, 1]) < cup.radius
        return np.asarray(own[there & (np.abs(own[:, 2] - cup.stroke / 2) < half)])


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
