# SPDX-License-Identifier: Apache-2.0
"""The first of ranked candidates that the arm can carry out, made a pick. Shape legend: N candidates, C cups."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import ON, Candidates, taking
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.candidate_poses import matrix_of
from vla_ros.policies.gam.pick_motion import Pick, PickConfig
from vla_ros.policies.geometric.reachability import Reach
from vla_ros.robots.tools.description import PINCH, Cup, Tool

_STRENGTH = 0.015  # manipulability on the way, at least
_TRIES = 96  # candidates that inverse kinematics is asked about
_TRIES_EACH = 16  # of one thing: where those about the best are out of reach all others of it mostly are
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
        surfaces: Surfaces,
        distances: np.ndarray | None = None,
        meant: np.ndarray | None = None,
    ) -> tuple[int, Pick] | None:
        """Return the first of `ranked` that the arm reaches from q (N,) [rad], as a pick; None where there is none.

        Those that do not come down into the tote are passed over. `over` [m]: the height that it is raised to;
        `T_base_over` (4, 4): where it is carried, its turn the pick's own. How far pistons go out `surfaces` say, or
        `distances` (N, C) [m] of cups to what is below with the pistons in, where these are known. With `meant` (N,),
        which thing each means, inverse kinematics is asked about 16 of a thing at most.
        """
        comes = self.can_come(candidates, mode, over)
        tried: Counter[int] = Counter()
        for index in (index for index in ranked if comes[index]):
            thing = index if meant is None else int(meant[index])
            if tried[thing] == _TRIES_EACH:
                continue
            if tried.total() == self._tries:
                return None
            tried[thing] += 1
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
            known = None if distances is None else distances[index]
            return index, self._pick(candidates, index, mode, T, target, surfaces, known)
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

    def can_come(self, candidates: Candidates, mode: str, over: float) -> np.ndarray:
        """Say (N,) which are finite, have a cup on, point downwards, and end between tote's floor and `over` [m]."""
        high, down = candidates.positions[:, 2], candidates.rotations[:, 2, 2]
        depths = candidates.depths if mode == PINCH else np.zeros(len(high))
        tips = high + np.nan_to_num(depths) * down
        finite = np.isfinite(candidates.positions).all(axis=1) & np.isfinite(candidates.rotations).all(axis=(1, 2))
        holds = taking(candidates, self.tool, mode)
        floor = over - self.config.over - _BELOW
        return np.asarray(finite & holds & (down < 0.0) & (np.minimum(high, tips) > floor) & (high < over))

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
        surfaces: Surfaces,
        distances: np.ndarray | None,
    ) -> Pick:
        on = np.zeros(0, bool) if mode == PINCH else candidates.active[index, : len(self._cups)] >= ON
        depths = {}
        for name in itertools.compress(self._cups, on):
            cup = self._cups[name]
            known = None if distances is None else float(distances[list(self._cups).index(name)])
            out = surfaces.below(cup, T) if known is None else known
            depths[name] = float(np.clip(cup.stroke / 2 if out is None else out, 0.0, cup.stroke))
        width, depth = float(candidates.widths[index]), float(candidates.depths[index])
        return Pick(mode, T, depths, width, depth, target)
