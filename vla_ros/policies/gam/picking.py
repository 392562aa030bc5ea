# SPDX-License-Identifier: Apache-2.0
"""The first of ranked candidates that the arm can carry out, made a pick. Shape legend: N candidates, C cups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import ON, Candidates, taking
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.candidate_poses import about_vertical, matrix_of
from vla_ros.policies.gam.pick_motion import Pick, PickConfig
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.policies.geometric.motion import rotation_between
from vla_ros.robots.tools.description import PINCH, Cup, Tool
from vla_ros.robots.tools.symmetry import symmetries

_STRENGTH = 0.015  # manipulability on the way, at least
_TRIES = 96  # candidates that inverse kinematics is asked about
_TRIES_EACH = 16  # of one thing: where those about the best are out of reach all others of it mostly are
_ALIKE, _ALIKE_TURN = 0.01, 0.2  # [m], [rad] by which a pose differs from one that is out of reach
_TURNED = 2  # poses at which the tool is as a candidate wants it, of which inverse kinematics is asked
_TURNS = (0.0, 0.8, -0.8, 1.6, -1.6)  # [rad] that what is held is turned by on the way across, where it must
_BELOW = 0.01  # [m] that plane or finger tips may be below the floor as measured


class Picker:
    """What of a tool's candidates one arm reaches."""

    def __init__(self, tool: Tool, reach: Reach, config: PickConfig | None = None, tries: int = _TRIES) -> None:
        """`tries`: of how many candidates inverse kinematics is asked at most."""
        self.tool, self.reach, self.config, self._tries = tool, reach, config or PickConfig(), tries
        self._T_base_home = reach.home
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
        `T_base_over` (4, 4): where it is carried, turned as the arm can. How far pistons go out `surfaces` say, or
        `distances` (N, C) [m] of cups to what is below with the pistons in, where these are known. A tool that is the
        same after a turn comes as the arm reaches it. With `meant` (N,), which thing each means, inverse kinematics is
        asked about 16 of a thing at most.
        """
        comes = self.can_come(candidates, mode, over)
        tried: Counter[int] = Counter()
        refused = _Refused()
        for index in (index for index in ranked if comes[index]):
            thing = index if meant is None else int(meant[index])
            T = matrix_of(candidates, index)
            if tried[thing] == _TRIES_EACH or refused.alike(T):
                continue
            if tried.total() == self._tries:
                return None
            tried[thing] += 1
            pick = self._reached(candidates, index, mode, q, over, T_base_over, surfaces, distances)
            if pick is not None:
                return index, pick
            refused.add(T)
        return None

    def _reached(
        self,
        candidates: Candidates,
        row: int,
        mode: str,
        q: np.ndarray,
        over: float,
        T_base_over: np.ndarray | None,
        surfaces: Surfaces,
        distances: np.ndarray | None,
    ) -> Pick | None:
        """Return one candidate as a pick, its tool turned as the arm reaches it; None where it does not."""
        for T, order in self._turned(matrix_of(candidates, row)):
            before, high = T.copy(), T.copy()
            before[:3, 3] -= self.config.before * T[:3, 2]
            high[2, 3] = over
            way = [before, T, high]
            if not self.reaches(way, q):
                continue
            target = None
            if T_base_over is not None:
                across = (self._across(high, T_base_over, turn) for turn in _TURNS)
                target = next((one for one in across if self.reaches([*way, one], q)), None)
                if target is None:
                    continue
            known = None if distances is None else distances[row, order[: len(self._cups)]]
            active = candidates.active[row, order]
            width, depth = float(candidates.widths[row]), float(candidates.depths[row])
            return Pick(mode, T, self._pistons(T, active, mode, surfaces, known), width, depth, target)
        return None

    def _turned(self, T: np.ndarray) -> list[tuple[np.ndarray, list[int]]]:
        """Return poses (4, 4) at which the tool is as at T, those first to which the arm turns least, and the elements.

        Which element (K,) of T's each of the pose's stands for.
        """
        from_home = self._about_base(T, self._T_base_home)
        found = []
        for symmetry in symmetries(self.tool):
            turned = T.copy()
            turned[:3, :3] = T[:3, :3] @ about_vertical(symmetry.angle)
            found.append((rotation_between(from_home, turned), turned, list(symmetry.order)))
        found.sort(key=lambda one: one[0])
        return [(turned, order) for _, turned, order in found[:_TURNED]]

    @staticmethod
    def _about_base(T: np.ndarray, T_home: np.ndarray) -> np.ndarray:
        """Return a pose where T is, its rotation that of T_home with the base turned from there to T."""
        found, (x, y), (home_x, home_y) = T.copy(), T[:2, 3], T_home[:2, 3]
        found[:3, :3] = about_vertical(np.arctan2(y, x) - np.arctan2(home_y, home_x)) @ T_home[:3, :3]
        return found

    def _across(self, T_high: np.ndarray, T_base_over: np.ndarray, turn: float) -> np.ndarray:
        """Return where (4, 4) a pick is carried: over there, as the base turns it there and by a further turn [rad]."""
        there = T_high.copy()
        there[:3, 3] = T_base_over[:3, 3]
        there = self._about_base(there, T_high)
        there[:3, :3] = about_vertical(turn) @ there[:3, :3]
        return there

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

    def _pistons(
        self, T: np.ndarray, active: np.ndarray, mode: str, surfaces: Surfaces, distances: np.ndarray | None
    ) -> dict[str, float]:
        """Return how far [m] the piston of each cup that is on goes out."""
        depths = {}
        for number, (name, cup) in enumerate(self._cups.items()):
            if mode == PINCH or active[number] < ON:
                continue
            out = surfaces.below(cup, T) if distances is None else float(distances[number])
            depths[name] = float(np.clip(cup.stroke / 2 if out is None else out, 0.0, cup.stroke))
        return depths


class _Refused:
    """Poses that the arm does not reach: what is out of reach here is so a little further."""

    def __init__(self) -> None:
        self._poses: list[np.ndarray] = []

    def add(self, T: np.ndarray) -> None:
        """Keep one (4, 4)."""
        self._poses.append(T)

    def alike(self, T: np.ndarray) -> bool:
        """Say whether one of them hardly differs from T (4, 4)."""
        return any(
            np.abs(other[:3, 3] - T[:3, 3]).max() < _ALIKE and rotation_between(other, T) < _ALIKE_TURN
            for other in self._poses
        )
