# SPDX-License-Identifier: Apache-2.0
"""The last part: the taking hand lays the thing along its receptacle, while the giving one goes home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vla_ros.tasks.handover.end_grasps import EndGrasps
from vla_ros.tasks.placing.motion import DOWN_SPEED
from vla_ros.tasks.placing.planning import site_at
from vla_ros.tasks.two_hands.pair_checker import Situation
from vla_ros.tasks.two_hands.planning import Hand, PairPlanner

PLACES, WAYS = 90, 6  # where it may be let go, and ways that are searched there
STARTS = 6  # random postures from which inverse kinematics begins as well


@dataclass(frozen=True, eq=False)
class Laying:
    """How it is laid down: over the place, then straight down (N,)."""

    way: list[np.ndarray]
    down: list[np.ndarray]


class LayingPlanner:
    """Plan where the taking hand lets go."""

    def __init__(self, planner: PairPlanner, grasps: dict[str, EndGrasps]) -> None:
        self._planner, self._grasps = planner, grasps

    def plan(self, q: np.ndarray, taker: str, giver: str, T_ee_object: np.ndarray, width: float) -> Laying | None:
        """Return the way from where both arms are, q (N,), the taking hand `width` [m] open; None: there is none."""
        planner, scene = self._planner, self._planner.world.scene
        goal, hand = site_at(planner.world, scene.goal), planner.hands[taker]
        widths = {taker: width, giver: planner.hands[giver].gripper.width_max}
        held = Situation(widths, scene.target, taker, T_ee_object)
        ways = 0
        for turned in (False, True):
            T_object, above = self._grasps[taker].lain(scene.target, goal, PLACES, turned)
            T_place = T_object @ np.linalg.inv(T_ee_object)
            T_over = T_place.copy()
            T_over[:, 2, 3] += above
            for near in self._starts(hand, q):
                place = planner.postures(taker, T_place, near)
                over = planner.postures(taker, T_over, np.where(np.isfinite(place), place, hand.group.home))
                for index in np.flatnonzero(np.isfinite(np.concatenate([place, over], axis=1)).all(axis=1)):
                    end = planner.with_arm(q, taker, over[index])
                    end = planner.with_arm(end, giver, planner.hands[giver].group.home)
                    down = planner.slide(taker, end, T_place[index], DOWN_SPEED, held)
                    if down is None:
                        continue
                    way = planner.way(q, end, held)
                    if way is not None:
                        return Laying(way, down)
                    ways += 1
                    if ways == WAYS:
                        return None
        return None

    @staticmethod
    def _starts(hand: Hand, q: np.ndarray) -> Iterator[np.ndarray]:
        """Return where inverse kinematics begins (n,): what one start does not lead to, another may."""
        yield hand.group.home
        yield q[hand.part]
        random = np.random.default_rng(0)
        for _ in range(STARTS):
            yield random.uniform(hand.model.lower, hand.model.upper)
