# SPDX-License-Identifier: Apache-2.0
"""The first grasp: by an end that leaves the other hand something to take, and a way to it that both arms mind."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.grasp import Grasp
from vla_ros.tasks.handover.end_grasps import EndGrasps
from vla_ros.tasks.handover.meeting import BEFORE, HALF_TURN, MeetingPlanner
from vla_ros.tasks.two_hands.pair_checker import Situation
from vla_ros.tasks.two_hands.planning import PairPlanner

GRASPS, BEST = 10, 8  # of each end, and of both that are looked at more closely
NEAR, ALIKE = 0.015, 0.35  # [m], [rad] to a grasp that has failed
SPEED = 0.18  # [m/s] of the last stretch, and up
# Ways up, the first that goes: so far towards where the hand is at home [m], turned so far about the vertical [rad].
UPS = ((0.0, 0.0), (0.04, 0.0), (0.0, 0.4), (0.0, -0.4), (0.08, 0.0))


@dataclass(frozen=True, eq=False)
class Giving:
    """A grasp of the giving hand and the way to it."""

    meetings: MeetingPlanner
    grasp: Grasp
    way: list[np.ndarray]  # of both arms (N,), up to before the grasp
    reach: list[np.ndarray]  # straight in
    up: list[np.ndarray]  # with it
    T_base_object: np.ndarray  # as the object lay

    @property
    def T_object_grasp(self) -> np.ndarray:
        """Return the grasp in the object's frame (4, 4)."""
        return np.linalg.inv(self.T_base_object) @ self.grasp.T_base_grasp


class GivingPlanner:
    """Choose who gives, and by which end."""

    def __init__(
        self, planner: PairPlanner, meetings: Sequence[MeetingPlanner], grasps: dict[str, EndGrasps], lift: float
    ) -> None:
        """Take the meetings of either hand giving, the likelier first, and how far what is grasped is lifted [m]."""
        self._planner, self._meetings, self._grasps, self._lift = planner, meetings, grasps, lift
        self._target = planner.world.scene.target

    def plan(self, q: np.ndarray, failed: Sequence[tuple[str, np.ndarray]]) -> Giving | None:
        """Return the best grasp and a way to it from q (N,); `failed` are arms and T_object_grasp not to repeat."""
        T_base_object = self._planner.world.object_pose(self._target)
        for grasps in self._grasps.values():
            grasps.lie()
        for meetings in self._meetings:
            meetings.forget()
        reached = [self._reached(meetings.giver) for meetings in self._meetings]
        # Few poses of the thing for every grasp, and where that finds nothing many for the best of them. A grasp counts
        # by what comes after it: a way up, and from there to a meeting which both hands leave again.
        for (meetings, able), fine in product(list(zip(self._meetings, reached, strict=True)), (False, True)):
            for grasp, q_grasp, q_before in able[: BEST if fine else None]:
                T_object_grasp = np.linalg.inv(T_base_object) @ grasp.T_base_grasp
                if any(arm == meetings.giver and _alike(T_object_grasp, other) for arm, other in failed):
                    continue
                situation = self._open(meetings, grasp.opening)
                if not self._stands(meetings, q_grasp, situation) or not self._stands(meetings, q_before, situation):
                    continue
                before = self._planner.with_arm(q, meetings.giver, q_before)
                reach = self._planner.slide(meetings.giver, before, grasp.T_base_grasp, SPEED, situation)
                up = None if reach is None else self._up(meetings, reach[-1], grasp, T_object_grasp)
                if reach is None or up is None:
                    continue
                if meetings.plan(up[-1], np.linalg.inv(T_object_grasp), grasp.width, (fine,)) is None:
                    continue
                way = self._planner.way(q, before, situation)
                if way is not None:
                    return Giving(meetings, grasp, way, reach, up, T_base_object)
        return None

    def _up(
        self, meetings: MeetingPlanner, q: np.ndarray, grasp: Grasp, T_object_grasp: np.ndarray
    ) -> list[np.ndarray] | None:
        """Return how the thing is lifted, straight or a little turned: to where nothing is touched, from q (N,)."""
        held = Situation(
            self._open(meetings, grasp.width).widths, self._target, meetings.giver, np.linalg.inv(T_object_grasp)
        )
        inwards = self._inwards(meetings.giver, grasp.T_base_grasp)
        for aside, turn in UPS:
            T_up = grasp.T_base_grasp.copy()
            T_up[2, 3] += self._lift
            T_up[:2, 3] += aside * inwards
            T_up[:3, :3] = Rotation.from_euler("z", turn).as_matrix() @ T_up[:3, :3]
            up = self._planner.slide(meetings.giver, q, T_up, SPEED)
            if up is not None and self._planner.can_leave(up[-1], held):
                return up
        return None

    def _inwards(self, arm: str, T: np.ndarray) -> np.ndarray:
        """Return the level direction (2,) from a tool at T (4, 4) to where it is at home."""
        hand = self._planner.hands[arm]
        way = hand.model.forward(hand.group.home)[:2, 3] - T[:2, 3]
        return way / max(float(np.linalg.norm(way)), 1e-9)

    def _open(self, meetings: MeetingPlanner, opening: float) -> Situation:
        full = self._planner.hands[meetings.taker].gripper.width_max
        return Situation({meetings.giver: opening, meetings.taker: full})

    def _stands(self, meetings: MeetingPlanner, posture: np.ndarray, situation: Situation) -> bool:
        q = self._planner.with_arm(self._planner.home, meetings.giver, posture)
        return self._planner.free(q, situation)

    def _reached(self, arm: str) -> list[tuple[Grasp, np.ndarray, np.ndarray]]:
        """Return grasps of either end, best first, with joints (n,) at them and before: those that the arm can lift."""
        planner, grasps = self._planner, self._grasps[arm]
        found = [grasp for sign in (1.0, -1.0) for grasp in grasps.on_the_table(self._target, sign, GRASPS)]
        if not found:
            return []
        # The fingers are alike, what else is on the hand is not: it is towards the other hand, or away from it.
        found += [dataclasses.replace(grasp, T_base_grasp=grasp.T_base_grasp @ HALF_TURN) for grasp in found]
        found.sort(key=lambda grasp: grasp.cost)
        T = np.array([grasp.T_base_grasp for grasp in found])
        q = planner.postures(arm, T)
        T_before, T_up = T.copy(), T.copy()
        T_before[:, :3, 3] -= BEFORE * T[:, :3, 2]
        T_up[:, 2, 3] += self._lift
        near = np.where(np.isfinite(q), q, planner.hands[arm].group.home)
        before, up = planner.postures(arm, T_before, near), planner.postures(arm, T_up, near)
        able = np.isfinite(np.concatenate([q, before, up], axis=1)).all(axis=1)
        return [(found[index], q[index], before[index]) for index in np.flatnonzero(able)]


def _alike(T: np.ndarray, other: np.ndarray) -> bool:
    angle = Rotation.from_matrix(T[:3, :3].T @ other[:3, :3]).magnitude()
    return bool(np.linalg.norm(T[:3, 3] - other[:3, 3]) < NEAR and angle < ALIKE)
