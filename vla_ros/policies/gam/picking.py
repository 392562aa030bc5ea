# SPDX-License-Identifier: Apache-2.0
"""The first of ranked candidates that the arm can carry out, made a pick. Shape legend: N candidates, M points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.candidate_poses import matrix_of
from vla_ros.policies.gam.pick_motion import Pick, PickConfig
from vla_ros.policies.geometric.reachability import Reach
from vla_ros.robots.tools.description import PINCH, Cup, Tool

_STRENGTH = 0.015  # manipulability on the way, at least
_TRIES = 64  # candidates that inverse kinematics is asked about
_SURFACE = 0.7  # share of a cup's radius within which points say how far its surface is
_FEWEST = 3  # of these
_OFF = 0.03  # [m] beyond stroke and lip that a surface is looked for: so far a candidate may stand off it
_MEANT = 0.4  # share of its stroke that a piston is out
_BELOW = 0.01  # [m] that plane or finger tips may be below the floor as measured


class Picker:
    """What of a tool's candidates one arm reaches."""

    def __init__(self, tool: Tool, reach: Reach, config: PickConfig | None = None, tries: int = _TRIES) -> None:
        """`tries`: of how many candidates inverse kinematics is asked at most."""
        self.tool, self.reach, self.config, self._tries = tool, reach, config or PickConfig(), tries
        self._cups: dict[str, Cup] = {cup.name: cup for cup in tool.cups}

    def first(
        self,
        candidates: Candidates,
        ranked: Iterable[int],
        mode: str,
        q: np.ndarray,
        over: float,
        T_base_over: np.ndarray | None,
        points: np.ndarray,
    ) -> tuple[int, Pick] | None:
        """Return the first of `ranked` that the arm reaches from q (N,) [rad], as a pick; None where there is none.

        Those that do not come down into the tote are passed over. `over` [m]: the height that it is raised to;
        `T_base_over` (4, 4): where it is carried, its turn the pick's own; `points` (M, 3) [m] say how far pistons
        go out.
        """
        tree = cKDTree(points) if len(points) else None
        comes = self.comes_from_above(candidates, mode, over)
        for tried, index in enumerate(index for index in ranked if comes[index]):
            if tried == self._tries:
                return None
            T = matrix_of(candidates, index)
            before, high = T.copy(), T.copy()
            before[:3, 3] -= self.config.before * T[:3, 2]
            high[2, 3] = over
            way = [before, T, high]
            target = None
            if T_base_over is not None:
                target = high.copy()
                target[:3, 3] = T_base_over[:3, 3]
                way.append(target)
            if not self.reaches(way, q):
                continue
            return index, self._pick(candidates, index, mode, T, target, points, tree)
        return None

    def put_down(self, pick: Pick, places: Iterable[np.ndarray], over: float, q: np.ndarray) -> Pick:
        """Return a pick with where it is put down: the first of `places` that the arm reaches from q (N,) [rad].

        `places`: poses of the tool (4, 4) at which it lets go, base frame; `over` [m]: the height that it is raised to.
        Where none is reached the pick stays as it is.
        """
        for T_place in places:
            T_over = T_place.copy()
            T_over[2, 3] = max(over, T_place[2, 3])
            if self.reaches([T_over, T_place], q):
                return replace(pick, T_base_over=T_over, T_base_place=T_place)
        return pick

    def comes_from_above(self, candidates: Candidates, mode: str, over: float) -> np.ndarray:
        """Say (N,) which candidates are finite, point downwards, and end between the tote's floor and `over` [m]."""
        high, down = candidates.positions[:, 2], candidates.rotations[:, 2, 2]
        depths = candidates.depths if mode == PINCH else np.zeros(len(high))
        tips = high + np.nan_to_num(depths) * down
        finite = np.isfinite(candidates.positions).all(axis=1) & np.isfinite(candidates.rotations).all(axis=(1, 2))
        floor = over - self.config.over - _BELOW
        return np.asarray(finite & (down < 0.0) & (np.minimum(high, tips) > floor) & (high < over))

    def reaches(self, poses: Sequence[np.ndarray], q: np.ndarray) -> bool:
        """Say whether the arm goes from q (N,) [rad] through poses (4, 4) with strength."""
        return self.reach.strength(poses, q, _STRENGTH) >= _STRENGTH

    def _pick(
        self,
        candidates: Candidates,
        index: int,
        mode: str,
        T: np.ndarray,
        target: np.ndarray | None,
        points: np.ndarray,
        tree: cKDTree | None,
    ) -> Pick:
        names = [] if mode == PINCH else self._on(candidates.active[index])
        cups = [self._cups[name] for name in names]
        seen = {cup.name: self._surface(cup, T, points, tree) for cup in cups}
        nearer = self._nearer(cups, seen)
        T = T.copy()
        T[:3, 3] += nearer * T[:3, 2]
        depths = {}
        for cup in cups:
            distance = seen[cup.name]
            out = cup.stroke / 2 if distance is None else distance - nearer
            depths[cup.name] = float(np.clip(out, 0.0, cup.stroke))
        width, depth = float(candidates.widths[index]), float(candidates.depths[index])
        return Pick(mode, T, depths, width, depth, target)

    def _nearer(self, cups: Sequence[Cup], seen: Mapping[str, float | None]) -> float:
        """Return how far the tool goes on along its axis [m] until pistons are out as they should be.

        Where a surface is along the axis is measured, which is surer than any proposal of it.
        """
        off = [distance - _MEANT * cup.stroke for cup in cups if (distance := seen[cup.name]) is not None]
        return float(np.clip(np.median(off), -_OFF, _OFF)) if off else 0.0

    def _on(self, active: np.ndarray) -> Sequence[str]:
        """Return the cups that are on: the surest one where none is."""
        count = len(self.tool.cups)
        names = self.tool.names[:count]
        on = [name for name, share in zip(names, active[:count], strict=True) if share >= ON]
        return on or [names[int(np.argmax(active[:count]))]]

    def _surface(self, cup: Cup, T: np.ndarray, points: np.ndarray, tree: cKDTree | None) -> float | None:
        """Return how far the surface under a cup is from its lip with the piston in [m]; None where none is seen."""
        if tree is None:
            return None
        lip = T[:3, 3] + T[:3, :3] @ np.array([cup.x, cup.y, 0.0])
        half = cup.stroke / 2 + _OFF
        near = tree.query_ball_point(lip + T[:3, 2] * cup.stroke / 2, half + cup.radius)
        offset = points[near] - lip
        along = offset @ T[:3, 2]
        aside = np.linalg.norm(offset - along[:, None] * T[:3, 2], axis=1)
        surface = along[(aside < _SURFACE * cup.radius) & (np.abs(along - cup.stroke / 2) < half)]
        return float(np.median(surface)) if len(surface) >= _FEWEST else None
