# SPDX-License-Identifier: Apache-2.0
"""Where the surface under a cup is measured to be, and candidates brought to it along their axis.

Where a surface is along the axis is measured, which is surer than any proposal of it.
Shape legend: N candidates, M points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.candidate_poses import matrix_of
from vla_ros.robots.tools.description import Cup, Tool

_WITHIN = 0.7  # share of a cup's radius within which points say how far its surface is
_FEWEST = 3  # of these
_FIRST = 0.2  # share of them that may be nearer than where the lip is taken to touch: noise
_OFF = 0.03  # [m] beyond stroke and lip that a surface is looked for: so far a candidate may stand off it
_MEANT = 0.4  # share of its stroke that a piston is out


class Surfaces:
    """Points (M, 3) [m] as measured, base frame."""

    def __init__(self, points: np.ndarray) -> None:
        self._points = points
        self._tree = cKDTree(points) if len(points) else None

    def below(self, cup: Cup, T: np.ndarray) -> float | None:
        """Return how far the surface under a cup of the tool at T (4, 4) is [m] from its lip with the piston in.

        None where too few points say it.
        """
        if self._tree is None:
            return None
        lip = T[:3, 3] + T[:3, :3] @ np.array([cup.x, cup.y, 0.0])
        half = cup.stroke / 2 + _OFF
        near = self._tree.query_ball_point(lip + T[:3, 2] * cup.stroke / 2, half + cup.radius)
        offset = self._points[near] - lip
        along = offset @ T[:3, 2]
        aside = np.linalg.norm(offset - along[:, None] * T[:3, 2], axis=1)
        surface = along[(aside < _WITHIN * cup.radius) & (np.abs(along - cup.stroke / 2) < half)]
        return float(np.quantile(surface, _FIRST)) if len(surface) >= _FEWEST else None

    def met(self, candidates: Candidates, tool: Tool) -> Candidates:
        """Return candidates moved along their axis, by 30 mm at most, until pistons are 40 % out on what is below.

        Those without a cup that is on, or with nothing measured below these, stay where they are.
        """
        if not tool.cups or self._tree is None:
            return candidates
        nearer = np.array([self._nearer(candidates, row, tool.cups) for row in range(len(candidates.positions))])
        return replace(candidates, positions=candidates.positions + nearer[:, None] * candidates.rotations[:, :, 2])

    def _nearer(self, candidates: Candidates, row: int, cups: Sequence[Cup]) -> float:
        T = matrix_of(candidates, row)
        if not np.isfinite(T).all():
            return 0.0
        on = [cup for cup, share in zip(cups, candidates.active[row], strict=False) if share >= ON]
        off = [distance - _MEANT * cup.stroke for cup in on if (distance := self.below(cup, T)) is not None]
        return float(np.clip(np.median(off), -_OFF, _OFF)) if off else 0.0
