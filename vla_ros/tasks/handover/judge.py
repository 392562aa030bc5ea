# SPDX-License-Identifier: Apache-2.0
"""Judge a handover: one hand had the thing, then both, then the other alone, and it lies where it was to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull

from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.handover.limits import HandoverLimits
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.placing.judge import RESTING, PlaceJudge
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.watches import ClosureWatch

DROPPED = Outcome("named object was dropped")
NOT_PASSED = Outcome("placed without being passed on")
APPROACHED, LIFTED, TOGETHER, PASSED, OVER = 0.15, 0.3, 0.5, 0.7, 0.8  # progress, the most so far


class HandoverJudge(PlaceJudge):
    """Follow one run: placing's rules, and who holds the named object on its way."""

    limits: HandoverLimits

    def __init__(
        self,
        thing: Meaning,
        goal: Meaning,
        objects: Sequence[SceneObject],
        bodies: Mapping[str, Body],
        receptacles: Mapping[str, Receptacle],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: HandoverLimits,
        arms: Mapping[str, str],  # of each gripper
    ) -> None:
        super().__init__(thing, goal, objects, bodies, receptacles, start, openings, limits)
        self._arms = dict(arms)
        self._hands = {name: ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction) for name in arms}
        self._hulls = {name: ConvexHull(np.array(bodies[name].points)).equations for name in self._named}
        self._tables = {name: bodies[name].lowest(start.objects[name]) for name in self._named}  # [m]
        self._forget()

    def _forget(self) -> None:
        """Begin the handover anew."""
        self.giver = self.taker = ""  # names of the arms, as they come to hold the object
        self._together_since: float | None = None  # [s]
        self._were_together = False
        self._holders: set[str] = set()  # arms

    @property
    def passed(self) -> bool:
        """Say whether the other hand has got it from the first."""
        return bool(self.taker)

    # -- words -----------------------------------------------------------------------------------------------------
    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        what, where = self._called(self._named), self._called(self._goals)
        return f"passed {what} from the {self.giver} hand to the {self.taker} one, which put it into {where}"

    def cause(self, said: str = "") -> str:
        """Return why it failed, as a table counts it; empty for a success."""
        if self.outcome in (DROPPED, NOT_PASSED):
            return self.outcome.value
        if self.outcome == Outcome.TIME and self.giver:
            return "passed on, not placed" if self.passed else "lifted, not passed on"
        return super().cause(said)

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return super().figures() | {"giver": self.giver, "taker": self.taker}

    # -- what is looked at -----------------------------------------------------------------------------------------
    def _decide(self, name: str, goal: str, rest: float) -> None:
        meant = name in self._named and goal in self._goals
        if meant and not self.passed and rest >= self.limits.hold_s - 1e-9:
            self._events.append(f"placed {self._called([name])} without passing it on")
            self._end(NOT_PASSED)
            return
        super()._decide(name, goal, rest)

    def _look_elsewhere(self, truth: Truth, still: Mapping[str, float]) -> None:
        super()._look_elsewhere(truth, still)
        if self._elsewhere and self.giver:
            self._forget()

    def _away(self, truth: Truth, name: str) -> bool:
        if name not in self._hulls:
            return super()._away(truth, name)
        return all(self._outside(truth, name, T) >= self.limits.away_m for T in truth.tools.values())

    def _follow_held(self, truth: Truth) -> None:
        """Tell what leaves the table in a closed hand, who holds what is named, and what falls."""
        for gripper, watch in self._hands.items():
            watch.update(truth.widths[gripper] / self._openings[gripper])
        closed = {self._arms[gripper] for gripper, watch in self._hands.items() if watch.closed}
        for name, start in self._start_heights.items():
            up = truth.heights[name] - start
            if name in self._named:
                self.lifted_max = max(self.lifted_max, up)
                self._follow_hands(truth, name, closed, up >= self.limits.lift_m)
            if closed and up >= self.limits.lift_m and name not in self._offsets:
                self._offsets[name] = self._offset(truth, name)
                self.first_lifted = self.first_lifted or name
                self._events.append(f"grasped {self._called([name])}")
                self._held.add(name)
            elif not closed:
                self._held.discard(name)

    def _follow_hands(self, truth: Truth, name: str, closed: set[str], up: bool) -> None:
        """Follow which hands hold a named object, `up` as high as counts as lifted."""
        holders = {arm for arm in closed if self._outside(truth, name, truth.tools[arm]) <= self.limits.grip_m}
        let_go, self._holders = bool(self._holders) and not holders, holders
        if let_go and self.giver and self._above(truth, name) > self.limits.drop_m:
            self._events.append(f"dropped {self._called([name])}")
            self._end(DROPPED)
            return
        if not up:
            return
        if len(holders) > 1:
            since = self._together_since = self._together_since if self._together_since is not None else truth.time
            if self.giver and not self._were_together and truth.time - since >= self.limits.together_s - 1e-9:
                self._were_together = True
                self._events.append(f"both hands hold {self._called([name])}")
                self._advance_to(TOGETHER)
            return
        self._together_since = None
        for arm in holders:
            if not self.giver:
                self.giver = arm
                self._advance_to(LIFTED)
            elif arm != self.giver and self._were_together and not self.taker:
                self.taker = arm
                self._events.append(f"passed {self._called([name])} from the {self.giver} hand to the {arm} one")
                self._advance_to(PASSED)

    def _outside(self, truth: Truth, name: str, T_base_ee: np.ndarray) -> float:
        """Return how far a tool point is outside an object's hull, at least [m]; negative inside."""
        point = np.linalg.inv(truth.objects[name]) @ T_base_ee[:, 3]
        return float((self._hulls[name] @ np.append(point[:3], 1.0)).max())

    def _above(self, truth: Truth, name: str) -> float:
        """Return how high an object is above what it would come to lie on [m]: a goal's floor, or the table."""
        body, T = self._bodies[name], truth.objects[name]
        ground = self._tables[name]
        for goal in self._goals:
            T_goal, receptacle = truth.objects[goal], self._receptacles[goal]
            if receptacle.over(T_goal, body.middle(T)):
                ground = max(ground, float(T_goal[2, 3]) + receptacle.floor)
        return body.lowest(T) - ground

    def _follow_progress(self, truth: Truth) -> None:
        for name in self._named:
            if np.linalg.norm(self._offset(truth, name)) <= self.limits.near_m:
                self._advance_to(APPROACHED)
            middle = self._bodies[name].middle(truth.objects[name])
            over = any(self._receptacles[goal].over(truth.objects[goal], middle) for goal in self._goals)
            if self.passed and self.taker in self._holders and over:
                self._advance_to(OVER)

    def _advance_to(self, progress: float) -> None:
        if progress < RESTING or self.passed:  # what rests there without having been passed on is not nearly done
            super()._advance_to(progress)
