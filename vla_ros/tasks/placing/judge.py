# SPDX-License-Identifier: Apache-2.0
"""Judge a placement: what rests where once the hand is open and away, whether the instruction means it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.limits import PlaceLimits
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.watches import ClosureWatch, StillWatch, narrowest

WRONG = Outcome("another object was placed")
FALLEN = Outcome("named object fell off the table")
DROPPED_M = 0.04  # [m] that what is held slips in a closed hand
APPROACHED, LIFTED, CARRIED, RESTING = 0.2, 0.4, 0.6, 0.9  # progress, the most so far


class PlaceJudge(Judge):
    """Follow one run. Where the words fit several objects or receptacles, each of them counts."""

    limits: PlaceLimits

    def __init__(
        self,
        thing: Meaning,
        goal: Meaning,
        objects: Sequence[SceneObject],
        bodies: Mapping[str, Body],
        receptacles: Mapping[str, Receptacle],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: PlaceLimits,
    ) -> None:
        super().__init__(start, limits, objects)
        self._openings, self._bodies, self._receptacles = openings, bodies, receptacles
        self._named = [item.name for item in thing.named]
        self._goals = [item.name for item in goal.named if item.name in receptacles]
        self._open_things = {item.name for item in thing.open}
        self._open_goals = {item.name for item in goal.open if item.name in receptacles}
        self._doubt = thing.doubt or goal.doubt
        self.target = self._named[0] if len(self._named) == 1 else None
        self._start_heights = dict(start.heights)
        self._hand = ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction)
        self._still = StillWatch(limits.still_m, limits.still_rad)
        self._offsets: dict[str, np.ndarray] = {}  # what was up since the hand last closed → from the tool to it then
        self._held: set[str] = set()  # of these, what is in the hand still
        self._elsewhere = False  # a named object was let go where it was not to go
        self.lifted_max = 0.0  # [m] of a named object above where it lay

    # -- words -----------------------------------------------------------------------------------------------------
    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"put {self._called(self._named)} into {self._called(self._goals)}"

    def cause(self, said: str = "") -> str:
        """Return why it failed, as a table counts it; empty for a success."""
        if not self.success and self.outcome not in (FALLEN, WRONG):  # told before why the policy gave up
            if self._elsewhere:
                return "put elsewhere"
            if self.first_lifted not in (None, *self._named):
                return "another object lifted first"
        return super().cause(said)

    def _shortfall(self) -> str:
        if self.outcome in (FALLEN, WRONG):
            return self.outcome.value
        if self.attempts == 0:
            return "never closed the gripper"
        return "lifted, not placed" if self.lifted_max > self.limits.lift_m else "closed, nothing lifted"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"lifted_max_m": round(self.lifted_max, 3)}

    @property
    def wrong_in_hand(self) -> str | None:
        """Return the name of the object that is up and is surely not meant."""
        return next((name for name in self._held if name not in self._named and name not in self._open_things), None)

    # -- what is looked at -----------------------------------------------------------------------------------------
    def _judge(self, truth: Truth) -> None:
        limits = self.limits
        self._follow_hand(truth)
        self._follow_held(truth)
        self._follow_progress(truth)
        still = self._still.update(truth.time, truth.objects)
        if any(truth.heights[name] < self._start_heights[name] - limits.fallen_m for name in self._named):
            self._end(FALLEN)
            return
        if self._hand.closed:
            return
        for name in self._bodies:
            if name in self._receptacles and name not in self._named:
                continue
            for goal in (*self._goals, *self._open_goals):
                rest = min(still[name], still[goal])
                if goal == name or not self._away(truth, name) or not self._in(truth, name, goal):
                    continue
                if name in self._named and goal in self._goals:
                    self._advance_to(RESTING)
                self._decide(name, goal, rest)
                if self.finished:
                    return
        self._look_elsewhere(truth, still)

    def _decide(self, name: str, goal: str, rest: float) -> None:
        """End the episode by what rests in a receptacle for `rest` [s], where that is long enough."""
        if rest < self.limits.hold_s - 1e-9:
            return
        placed = f"{self._called([name])} into {self._called([goal])}"
        if name in self._named and goal in self._goals:
            self._events.append(f"placed {placed}")
            self._end(Outcome.SUCCESS)
        elif name in (*self._named, *self._open_things):
            self._end(Outcome.UNJUDGED, f"put {placed}; {self._doubt}")
        elif rest >= self.limits.wrong_hold_s - 1e-9 and self.first_lifted == name:
            self._events.append(f"placed {placed}, which is not the target")
            self._end(WRONG, f"put {placed}, which is not the target")

    def _look_elsewhere(self, truth: Truth, still: Mapping[str, float]) -> None:
        """See whether a named object that was up was let go and lies still, but not where it was to go."""
        for name in self._named:
            let_go = name in self._offsets and name not in self._held and self._away(truth, name)
            if not let_go or still[name] < self.limits.hold_s or any(self._in(truth, name, g) for g in self._goals):
                continue
            if not self._elsewhere:
                self._events.append(f"put {self._called([name])} elsewhere")
            self._elsewhere = True
            if self.attempts >= self.limits.attempts:
                self._end(Outcome.ATTEMPTS)
                return

    def _in(self, truth: Truth, name: str, goal: str) -> bool:
        return self._receptacles[goal].supports(truth.objects[goal], self._bodies[name], truth.objects[name])

    def _away(self, truth: Truth, name: str) -> bool:
        """Say whether the hand has left what it let go; what it never held it need not leave."""
        before = self._offsets.get(name)
        return before is None or bool(np.linalg.norm(self._offset(truth, name) - before) >= self.limits.away_m)

    def _follow_hand(self, truth: Truth) -> None:
        self._hand.update(narrowest(truth.widths, self._openings))
        if self._hand.closures == self.attempts:
            return
        if self._hand.closures > self.limits.attempts:
            self._end(Outcome.ATTEMPTS)
            return
        self.attempts, self._offsets, self._elsewhere = self._hand.closures, {}, False
        self._events.append(f"attempt {self.attempts}: closing on {self._called(self._named)}")

    def _follow_held(self, truth: Truth) -> None:
        """Tell what leaves the table in a closed hand, and what falls out of it.

        A hand that is told to open about as wide as a thing holds it and does not count as closed: it has to leave too.
        """
        for name, start in self._start_heights.items():
            up = truth.heights[name] - start
            if name in self._named:
                self.lifted_max = max(self.lifted_max, up)
            if up < self.limits.lift_m or name in self._offsets:
                continue
            self._offsets[name] = self._offset(truth, name)
            if self._hand.closed:
                self._held.add(name)
                self.first_lifted = self.first_lifted or name
                self._events.append(f"grasped {self._called([name])}")
        for name in sorted(self._held):
            if np.linalg.norm(self._offset(truth, name) - self._offsets[name]) > DROPPED_M:
                self._held.remove(name)
                inside = any(self._in(truth, name, goal) for goal in self._receptacles if goal != name)
                if self._hand.closed and not inside:
                    self._events.append(f"dropped {self._called([name])}")

    def _offset(self, truth: Truth, name: str) -> np.ndarray:
        """Return the object's origin (3,) [m] from the nearest tool."""
        offsets = [truth.objects[name][:3, 3] - T[:3, 3] for T in truth.tools.values()]
        return min(offsets, key=lambda offset: float(np.linalg.norm(offset)), default=np.zeros(3))

    def _follow_progress(self, truth: Truth) -> None:
        for name in self._named:
            if np.linalg.norm(self._offset(truth, name)) <= self.limits.near_m:
                self._advance_to(APPROACHED)
            if name in self._held:
                self._advance_to(LIFTED)
                middle = self._bodies[name].middle(truth.objects[name])
                if any(self._receptacles[goal].over(truth.objects[goal], middle) for goal in self._goals):
                    self._advance_to(CARRIED)

    def _advance_to(self, progress: float) -> None:
        self.progress = max(self.progress, progress)
