# SPDX-License-Identifier: Apache-2.0
"""Where two hands meet: a pose of the thing in the air at which one holds an end and the other can take the other.

Hundreds of poses, times a dozen grasps, are sorted out by inverse kinematics of all of them at once; what is left is
looked at in the order in which it would be quickest, and the first to which both arms find a way is taken.
Shape legend: M poses of the thing, K grasps, C combinations, N joints of both arms, n of one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import surface_points
from vla_ros.objects.grasp import Grasp
from vla_ros.tasks.handover.end_grasps import EndGrasps
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.placing.planning import site_at
from vla_ros.tasks.two_hands.pair_checker import Situation
from vla_ros.tasks.two_hands.planning import PairPlanner

YAWS = (0.0, 0.35, -0.35, 0.7, -0.7)  # [rad] of the thing, from lying along the line between the hands
LEANS = (0.5, 0.2, 0.8)  # [rad] of the giving hand off the vertical, outwards: as arms reach that stand behind
OUTWARDS = (0.0, 0.05, -0.04, 0.09)  # [m] of its middle, from half-way between the hands at home
ABOVE = (0.16, 0.12, 0.20, 0.24)  # [m] of its lowest point above the table
COARSE = (3, 2, 2, 2)  # of each that are looked at first
ASIDE = (0.0, 0.07, 0.035)  # [m] that the giving hand goes aside, past the end, while it backs out: the first that goes
BACK = (1.0, 0.6, 0.4)  # of the way on which a hand retreats, likewise
SEPARATION = 0.055  # [m] between the two hands along the thing, at least
BEFORE = 0.07  # [m] before a grasp where the last stretch begins, straight in
SLOW = 0.12  # [m/s] of a hand beside the other
HALF_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])  # about the tool's axis
GRASPS, PLACES = 8, 90  # of the taking hand, and of the receptacle, that are looked at
LOOKED_AT, WAYS = 400, 6  # combinations that are looked at for contacts, and to which ways are searched
SAME = 0.02  # [m], and of a turn [rad] about: two grasps that are one
TIGHT, TIGHT_S = 0.2, 3.0  # [rad] from a joint's limit and nearer: counts like a longer way [s]
COST_S = 1.5  # [s] of way that a better grasp is worth, for each unit of its cost


@dataclass(frozen=True, eq=False)
class Meeting:
    """How the two come together."""

    way: list[np.ndarray]  # of both arms (N,), up to before the grasp
    grasp: Grasp  # of the taking hand
    T_object_grasp: np.ndarray  # (4, 4)


@dataclass(frozen=True, eq=False)
class _Combination:
    """A pose of the thing, a grasp of the taking hand, and postures of both arms (n,) at them."""

    T_meet: np.ndarray
    grasp: Grasp
    q_give: np.ndarray
    q_take: np.ndarray
    q_before: np.ndarray
    seconds: float  # that the way there takes about, what is worse about it counted in


class MeetingPlanner:
    """Look for meetings of one hand that gives and one that takes."""

    def __init__(
        self, planner: PairPlanner, giver: str, taker: str, grasps: Mapping[str, EndGrasps], thing: LongThing
    ) -> None:
        """Take the names of the arms, and what each hand can take."""
        self.giver, self.taker = giver, taker
        self._planner, self._world, self._grasps, self._thing = planner, planner.world, grasps, thing
        self._target, self._goal = self._world.scene.target, self._world.scene.goal
        self._points = surface_points(self._world.scene.target_object.model.parts)  # (P, 3) object frame
        homes = [hand.model.forward(hand.group.home)[:2, 3] for hand in (planner.hands[giver], planner.hands[taker])]
        self._middle = (homes[0] + homes[1]) / 2.0
        self._towards_giver = (homes[0] - homes[1]) / np.linalg.norm(homes[0] - homes[1])
        across = np.array([-self._towards_giver[1], self._towards_giver[0]])
        self._outwards = across * np.sign(across @ self._middle)
        self.forget()

    def forget(self) -> None:
        """Forget what the taking hand was found to be able to do: the thing lies elsewhere."""
        self._offered: dict[float, list[tuple[Grasp, np.ndarray]]] = {}  # by end: T_object_grasp (4, 4)

    def plan(
        self,
        q: np.ndarray,
        T_ee_object: np.ndarray,
        width: float,
        fineness: Sequence[bool] = (False, True),
        failed: Sequence[np.ndarray] = (),
    ) -> Meeting | None:
        """Return a meeting from where both arms are, q (N,), the giving hand `width` [m] open; None: there is none.

        `fineness`: whether few poses of the thing are looked at, or many, in this order. `failed` are T_object_grasp
        (4, 4) of the taking hand not to repeat.
        """
        giver = self._planner.hands[self.giver]
        T_held, T_object_give = giver.model.forward(q[giver.part]) @ T_ee_object, np.linalg.inv(T_ee_object)
        held = self._holding(T_ee_object, width)
        for fine in fineness:
            ways = 0
            for one in self._combinations(T_held, T_object_give, fine)[:LOOKED_AT]:
                T_object_grasp = np.linalg.inv(one.T_meet) @ one.grasp.T_base_grasp
                if any(np.abs(T_object_grasp - other).max() < SAME for other in failed):
                    continue
                if not self._stands(one, held) or not self._can_part(one, T_object_give, held):
                    continue
                meeting = self._approach(one, q, held)
                if meeting is not None:
                    return meeting
                ways += 1
                if ways == WAYS:
                    break
        return None

    def parting(
        self, q: np.ndarray, T_base_object: np.ndarray, T_object_give: np.ndarray, situation: Situation
    ) -> list[np.ndarray] | None:
        """Return how the giving hand backs out from q (N,) past the other hand and what that holds; None: it cannot."""
        planner = self._planner
        T_now = {arm: hand.model.forward(q[hand.part]) for arm, hand in planner.hands.items()}
        end = self._sign(T_object_give) * T_base_object[:3, self._thing.axis]  # towards that at which it holds it
        # Where the giving hand does not get away from the thing, the taking hand takes the thing away from it.
        for share, (arm, way), aside in product(BACK, ((self.giver, 1.0), (self.taker, -1.0)), ASIDE):
            T_back = T_now[arm].copy()
            T_back[:3, 3] += way * (aside * end - share * planner.motion.retreat_m * T_now[self.giver][:3, 2])
            back = planner.slide(arm, q, T_back, SLOW, situation)
            if back is not None:
                return back
        return None

    def _holding(self, T_ee_object: np.ndarray, width: float) -> Situation:
        full = self._planner.hands[self.taker].gripper.width_max
        return Situation({self.giver: width, self.taker: full}, self._target, self.giver, T_ee_object)

    def _approach(self, one: _Combination, q: np.ndarray, held: Situation) -> Meeting | None:
        planner, taking = self._planner, self._opened(held, one.grasp.opening)
        before = planner.joined({self.giver: one.q_give, self.taker: one.q_before})
        reach = planner.slide(self.taker, before, one.grasp.T_base_grasp, SLOW, taking)
        if reach is None:
            return None
        way = planner.way(q, before, taking)
        if way is None:
            return None
        return Meeting(way, one.grasp, np.linalg.inv(one.T_meet) @ one.grasp.T_base_grasp)

    def reach(self, q: np.ndarray, T_ee_object: np.ndarray, width: float, meeting: Meeting) -> list[np.ndarray] | None:
        """Return the taking arm's last stretch from q (N,), to where the thing has come in the giving hand on the way.

        None: it does not get there.
        """
        giver = self._planner.hands[self.giver]
        T_grasp = giver.model.forward(q[giver.part]) @ T_ee_object @ meeting.T_object_grasp
        held = self._opened(self._holding(T_ee_object, width), meeting.grasp.opening)
        slides = (self._planner.slide(self.taker, q, T_grasp, speed, held) for speed in (SLOW, SLOW / 2.0))
        return next((slide for slide in slides if slide is not None), None)

    def _opened(self, situation: Situation, opening: float) -> Situation:
        return dataclasses.replace(situation, widths={**situation.widths, self.taker: opening})

    def _stands(self, one: _Combination, held: Situation) -> bool:
        """Say whether nothing is touched where the taking hand has come to its grasp, and just before."""
        planner, taking = self._planner, self._opened(held, one.grasp.opening)
        return all(
            planner.free(planner.joined({self.giver: one.q_give, self.taker: posture}), taking)
            for posture in (one.q_take, one.q_before)
        )

    def _can_part(self, one: _Combination, T_object_give: np.ndarray, held: Situation) -> bool:
        """Say whether the giving hand can back out past the taking arm."""
        planner = self._planner
        q = planner.joined({self.giver: one.q_give, self.taker: one.q_take})
        T_taken = np.linalg.inv(one.grasp.T_base_grasp) @ one.T_meet
        widths = {self.giver: planner.hands[self.giver].gripper.width_max, self.taker: one.grasp.opening}
        taken = Situation(widths, self._target, self.taker, T_taken)
        return self.parting(q, one.T_meet, T_object_give, taken) is not None

    # -- what is possible ----------------------------------------------------------------------------------------------
    def _combinations(self, T_held: np.ndarray, T_object_give: np.ndarray, fine: bool) -> list[_Combination]:
        """Return what both arms get to, the quickest first."""
        planner, offered = self._planner, self._offers(T_object_give)
        poses = np.array(list(self._poses(T_held, T_object_give, fine)))  # (M, 4, 4)
        if not offered:
            return []
        q_give = planner.postures(self.giver, poses @ T_object_give)
        reached = np.isfinite(q_give).all(axis=1)
        poses, q_give = poses[reached], q_give[reached]
        taken = np.array([T for _, T in offered])  # (K, 4, 4)
        T_take = (poses[:, None] @ taken[None]).reshape(-1, 4, 4)  # (C, 4, 4)
        pose, number = np.divmod(np.arange(len(T_take)), len(offered))
        q_take = planner.postures(self.taker, T_take)
        reached = np.isfinite(q_take).all(axis=1)
        pose, number, q_take, T_take = pose[reached], number[reached], q_take[reached], T_take[reached]
        T_before = T_take.copy()
        T_before[:, :3, 3] -= BEFORE * T_take[:, :3, 2]
        q_before = planner.postures(self.taker, T_before, q_take)
        found = []
        for index in np.flatnonzero(np.isfinite(q_before).all(axis=1)):
            grasp = dataclasses.replace(offered[number[index]][0], T_base_grasp=T_take[index])
            postures = q_give[pose[index]], q_take[index], q_before[index]
            seconds = self._seconds(*postures) + COST_S * grasp.cost
            found.append(_Combination(poses[pose[index]], grasp, *postures, seconds))
        return sorted(found, key=lambda one: one.seconds)

    def _seconds(self, q_give: np.ndarray, q_take: np.ndarray, q_before: np.ndarray) -> float:
        """Return about how long both arms take from home, and what a posture near a limit counts [s]."""
        seconds, tight = 0.0, 0.0
        for name, postures in ((self.giver, (q_give,)), (self.taker, (q_take, q_before))):
            hand = self._planner.hands[name]
            for q in postures:
                seconds = max(seconds, float((np.abs(q - hand.group.home) / hand.group.velocity).max()))
                margin = float(np.minimum(q - hand.model.lower, hand.model.upper - q).min())
                tight = max(tight, TIGHT - margin)
        return 2.0 * seconds + TIGHT_S * tight / TIGHT

    def _offers(self, T_object_give: np.ndarray) -> list[tuple[Grasp, np.ndarray]]:
        """Return grasps of the end that is free, with T_object_grasp (4, 4): off the giving hand, and good to place."""
        sign, axis = self._sign(T_object_give), self._thing.axis
        if sign not in self._offered:
            T_object_base = np.linalg.inv(self._world.object_pose(self._target))
            found = self._grasps[self.taker].in_the_air(self._target, -sign, GRASPS)
            poses = [(grasp, T_object_base @ grasp.T_base_grasp) for grasp in found]
            # The fingers are alike, what else is on the hand is not: it may be in the way on one side.
            turned = [(grasp, T @ turn) for grasp, T in poses for turn in (np.eye(4), HALF_TURN)]
            self._offered[sign] = self._placeable(turned)
        return [one for one in self._offered[sign] if abs(one[1][axis, 3] - T_object_give[axis, 3]) >= SEPARATION]

    def _placeable(self, offered: list[tuple[Grasp, np.ndarray]]) -> list[tuple[Grasp, np.ndarray]]:
        """Return the grasps with which the taking hand gets to a place to let go, and over it."""
        if not offered:
            return []
        T_object, above = self._grasps[self.taker].lain(self._target, site_at(self._world, self._goal), PLACES)
        T_place = (T_object[None] @ np.array([T for _, T in offered])[:, None]).reshape(-1, 4, 4)
        q = self._planner.postures(self.taker, T_place)
        reached = np.flatnonzero(np.isfinite(q).all(axis=1))
        T_over = T_place[reached].copy()
        T_over[:, 2, 3] += np.tile(above, len(offered))[reached]
        over = self._planner.postures(self.taker, T_over, q[reached])
        kept = []
        for number, (grasp, T_object_grasp) in enumerate(offered):
            mine = np.flatnonzero((reached // len(T_object) == number) & np.isfinite(over).all(axis=1))
            width = {self.giver: self._planner.hands[self.giver].gripper.width_max, self.taker: grasp.width}
            held = Situation(width, self._target, self.taker, np.linalg.inv(T_object_grasp))
            if any(self._rests(q[reached[index]], held) and self._rests(over[index], held) for index in mine):
                kept.append((grasp, T_object_grasp))
        return kept

    def _rests(self, posture: np.ndarray, held: Situation) -> bool:
        """Say whether the taking arm touches nothing there with the thing in its hand, the giving one at home."""
        return self._planner.free(self._planner.with_arm(self._planner.home, self.taker, posture), held)

    def _sign(self, T_object_grasp: np.ndarray) -> float:
        """Return by which end a hand holds the thing."""
        return 1.0 if T_object_grasp[self._thing.axis, 3] >= self._thing.middle else -1.0

    def _poses(self, T_held: np.ndarray, T_object_give: np.ndarray, fine: bool) -> Iterator[np.ndarray]:
        """Return poses (4, 4) of the thing, the end at which it is held towards the giving hand."""
        sign = self._sign(T_object_give)
        end = sign * T_held[:2, self._thing.axis]
        turned = np.arctan2(*self._towards_giver[::-1]) - np.arctan2(*end[::-1])
        # Turns what points down towards `outwards`.
        tilting = np.cross([0.0, 0.0, -1.0], [*self._outwards, 0.0])
        middle = np.zeros(3)
        middle[self._thing.axis] = self._thing.middle
        ranges = (YAWS, LEANS, ABOVE, OUTWARDS)
        yaws, *others = ranges if fine else [one[:few] for one, few in zip(ranges, COARSE, strict=True)]
        for yaw in yaws:
            level = Rotation.from_euler("z", turned + yaw).as_matrix() @ T_held[:3, :3]
            pointing = level @ T_object_give[:3, 2]
            leaning = np.arctan2(pointing[:2] @ self._outwards, -pointing[2])
            for lean, height, out in product(*others):
                R = Rotation.from_rotvec((lean - leaning) * tilting).as_matrix() @ level
                T = np.eye(4)
                T[:3, :3] = R
                T[:2, 3] = self._middle + out * self._outwards - (R @ middle)[:2]
                T[2, 3] = self._world.scene.table.height + height - float((self._points @ R[2]).min())
                yield T
