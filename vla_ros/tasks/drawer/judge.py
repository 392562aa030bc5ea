# SPDX-License-Identifier: Apache-2.0
"""Judge that a thing was put away: a drawer opened, the thing in it, the drawer closed, the hand gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.drawer.drawers import Drawer
from vla_ros.tasks.drawer.limits import DrawerLimits
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.watches import ClosureWatch, StillWatch, narrowest

WRONG = Outcome("another object was put away")
ELSEWHERE = Outcome("put into another drawer")
FALLEN = Outcome("named object fell off the table")
OPENED, LIFTED, INSIDE = 0.3, 0.5, 0.7  # progress; what lies between opened and closed counts in shares


class DrawerJudge(Judge):
    """Follow one run. Where the words fit several objects or drawers, each of them counts."""

    limits: DrawerLimits

    def __init__(
        self,
        thing: Meaning,
        drawers: Mapping[str, Drawer],  # by joint
        named: Collection[str],  # joints of the drawers that count
        objects: Sequence[SceneObject],
        bodies: Mapping[str, Body],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: DrawerLimits,
    ) -> None:
        super().__init__(start, limits, objects)
        self._drawers, self._bodies, self._openings = dict(drawers), dict(bodies), dict(openings)
        self._goals = [joint for joint in drawers if joint in named]
        self._named = [item.name for item in thing.named]
        self._open_things = {item.name for item in thing.open}
        self._doubt = thing.doubt or ("" if self._goals else "the instruction names no drawer that is there")
        self.target = self._named[0] if len(self._named) == 1 else None
        self._start_heights = dict(start.heights)
        self._hand = ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction)
        self._still = StillWatch(limits.still_m, limits.still_rad)
        self._closures = {"handle": 0, "object": 0}
        self._opened: set[str] = set()  # joints of drawers that were open at some time
        self._inside: dict[str, str] = {}  # what lies in a drawer now → which one
        self._done_since: dict[tuple[str, str], float] = {}  # object and closed drawer that it lies in → since when [s]
        self.opened_max = 0.0  # [m] the furthest that a named drawer was open

    # -- words -----------------------------------------------------------------------------------------------------
    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"put {self._called(self._named)} into {self._drawer_called(self._goals)} and closed it"

    def _shortfall(self) -> str:
        if self.outcome in (WRONG, ELSEWHERE, FALLEN):
            return self.outcome.value
        if not self._opened & set(self._goals):
            return "another drawer opened" if self._opened else "not opened"
        if any(self._inside.get(name) in self._goals for name in self._named):
            return "not closed"
        if self.first_lifted not in (None, *self._named):
            return "another object lifted first"
        return "opened, not put in" if self.first_lifted else "opened, nothing lifted"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"opened_max_m": round(self.opened_max, 3)}

    def _drawer_called(self, joints: Collection[str]) -> str:
        return " or ".join(f"the {self._drawers[joint].name}" for joint in joints) or "a drawer"

    # -- what is looked at -----------------------------------------------------------------------------------------
    def _judge(self, truth: Truth) -> None:
        limits = self.limits
        self._follow_hand(truth)
        if self.finished:
            return
        self._follow_drawers(truth)
        self._follow_objects(truth)
        self._follow_progress(truth)
        still = self._still.update(truth.time, truth.objects)
        if any(truth.heights[name] < self._start_heights[name] - limits.fallen_m for name in self._named):
            self._end(FALLEN)
            return
        done = {
            (name, joint)
            for name, joint in self._inside.items()
            if joint in self._opened
            and truth.joints[joint] <= limits.closed_m
            and self._apart(truth, self._drawers[joint].handle_at(truth.joints[joint])) >= limits.away_m
        }
        self._done_since = {pair: self._done_since.get(pair, truth.time) for pair in done}
        for (name, joint), since in self._done_since.items():
            self._decide(name, joint, min(truth.time - since, still[name]))
            if self.finished:
                return

    def _decide(self, name: str, joint: str, rest: float) -> None:
        """End the episode by what lies in a closed drawer for `rest` [s], where that is long enough."""
        put = f"{self._called([name])} into {self._drawer_called([joint])}"
        if rest < self.limits.hold_s - 1e-9:
            return
        if name in self._named and joint in self._goals:
            self._events.append(f"put away {put}")
            self._end(Outcome.SUCCESS)
        elif name in self._open_things or (name in self._named and not self._goals):
            self._end(Outcome.UNJUDGED, f"put {put}; {self._doubt}")
        elif rest >= self.limits.wrong_hold_s - 1e-9:
            if name in self._named:
                self._end(ELSEWHERE, f"put {put}, which is another drawer")
            elif self.first_lifted == name:
                self._end(WRONG, f"put {put}, which is not the target")

    def _follow_hand(self, truth: Truth) -> None:
        """Count closures at the handle and at the object, each by itself: both are taken once in a good run."""
        before = self._hand.closures
        self._hand.update(narrowest(truth.widths, self._openings))
        if self._hand.closures == before or any(self._inside.get(name) in self._goals for name in self._named):
            return  # what closes a drawer is no attempt: fingers push best when they are closed
        to_handle = min(
            (self._apart(truth, self._drawers[joint].handle_at(truth.joints[joint])) for joint in self._goals),
            default=np.inf,
        )
        to_object = min((self._apart(truth, truth.objects[name][:3, 3]) for name in self._named), default=np.inf)
        what = "handle" if to_handle < to_object else "object"
        self._closures[what] += 1
        if self._closures[what] > self.limits.attempts:
            self._end(Outcome.ATTEMPTS)
            return
        self.attempts = max(self._closures.values())
        called = f"the handle of {self._drawer_called(self._goals)}" if what == "handle" else self._called(self._named)
        self._events.append(f"attempt {self._closures[what]}: closing on {called}")

    def _follow_drawers(self, truth: Truth) -> None:
        for joint in self._drawers:
            if truth.joints[joint] >= self.limits.open_m and joint not in self._opened:
                self._opened.add(joint)
                self._events.append(f"opened {self._drawer_called([joint])}")
        self.opened_max = max([self.opened_max, *(truth.joints[joint] for joint in self._goals)])

    def _follow_objects(self, truth: Truth) -> None:
        for name, start in self._start_heights.items():
            if self._hand.closed and truth.heights[name] - start >= self.limits.lift_m and self.first_lifted is None:
                self.first_lifted = name
                self._events.append(f"lifted {self._called([name])}")
            now = next(
                (
                    joint
                    for joint, drawer in self._drawers.items()
                    if drawer.holds(truth.joints[joint], self._bodies[name], truth.objects[name])
                ),
                None,
            )
            if now is None or (self._hand.closed and name not in self._inside):
                self._inside.pop(name, None)
            elif self._inside.get(name) != now:
                self._inside[name] = now
                self._events.append(f"put {self._called([name])} into {self._drawer_called([now])}")

    def _follow_progress(self, truth: Truth) -> None:
        opened = [joint for joint in self._goals if joint in self._opened]
        share = min(1.0, self.opened_max / self.limits.open_m)
        reached = OPENED * share
        if opened and self.first_lifted in self._named:
            reached = LIFTED
        for name in self._named:
            joint = self._inside.get(name)
            if joint in opened:
                shut = 1.0 - min(1.0, max(0.0, truth.joints[joint]) / self.limits.open_m)
                reached = INSIDE + (0.95 - INSIDE) * shut
        self.progress = max(self.progress, reached)

    def _apart(self, truth: Truth, point: np.ndarray) -> float:
        """Return how far the nearest tool is from a point (3,) [m]."""
        return min((float(np.linalg.norm(T[:3, 3] - point)) for T in truth.tools.values()), default=np.inf)
