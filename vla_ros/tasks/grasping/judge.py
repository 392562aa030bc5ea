# SPDX-License-Identifier: Apache-2.0
"""Judge a grasp: what is lifted, whether the instruction means it, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.grasping.lifting import FALLEN, WRONG, GraspTask, GraspTaskConfig
from vla_ros.tasks.grasping.part_grasps import PartStretch
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.watches import LiftWatch, narrowest

ELSEWHERE = Outcome("lifted, but not by the part that was requested")
LIFTED_M = 0.03  # [m] from here on the named object had been off the table
NEARLY = 0.9  # progress of what is high enough and not held for long enough


class GraspJudge(Judge):
    """Follow one run. Where the words fit several objects, each of them counts."""

    limits: GraspTaskConfig

    def __init__(
        self,
        meant: Meaning,
        objects: Sequence[SceneObject],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: GraspTaskConfig,
        part: PartStretch | None = None,  # by which it is to be held
    ) -> None:
        super().__init__(start, limits, objects)
        heights, time = start.heights, start.time
        self._openings, self._part = openings, part
        self._start_heights = dict(heights)
        self._named = [item.name for item in meant.named]
        self.target = self._named[0] if len(self._named) == 1 else None
        self._doubt = meant.doubt
        possible = {item.name for item in (*meant.named, *meant.open)}
        self._not_meant = [item.name for item in objects if item.name not in possible]
        self._tasks = [GraspTask(name, heights, time, 1.0, limits, ()) for name in self._named]
        # Nothing is named: nothing can succeed, but what the arm does is followed all the same.
        self._watch = self._tasks[0] if self._tasks else GraspTask(objects[0].name, heights, time, 1.0, limits, ())
        self._unclear = LiftWatch([item.name for item in meant.open], heights, limits.lift_m, limits.hold_s)
        self._wrong = LiftWatch(self._not_meant, heights, limits.lift_m, limits.wrong_hold_s)
        self._lifted: dict[str, float] = dict.fromkeys(heights, 0.0)  # [m] now

    @property
    def lifted_max(self) -> float:
        """Return the greatest height [m] a named object reached above where it lay."""
        return max((task.lifted_max for task in self._tasks), default=0.0)

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"lifted {self._called(self._named)} by {100.0 * self.lifted_max:.0f} cm and held it"

    @property
    def wrong_in_hand(self) -> str | None:
        """Return the name of the object that is up and is surely not meant."""
        up = {name: self._lifted[name] for name in self._not_meant if self._lifted[name] >= self.limits.first_lift_m}
        return max(up, key=up.__getitem__, default=None)

    def _shortfall(self) -> str:
        if self.outcome in (FALLEN, ELSEWHERE):
            return self.outcome.value
        if self.first_lifted not in (None, *self._named):
            return "another object lifted first"
        if self.attempts == 0:
            return "never closed the gripper"
        return "lifted, then lost" if self.lifted_max > LIFTED_M else "closed, nothing lifted"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"lifted_max_m": round(self.lifted_max, 3)}

    def _judge(self, truth: Truth) -> None:
        time, heights = truth.time, truth.heights
        self._lifted = {name: heights[name] - start for name, start in self._start_heights.items()}
        open_share = narrowest(truth.widths, self._openings)  # a gripper that closes while none is closed is an attempt
        outcomes = [task.update(time, heights, open_share) for task in self._tasks or [self._watch]]
        unclear, wrong = self._unclear.update(time, heights), self._wrong.update(time, heights)
        self._tell()
        self.progress = NEARLY * min(1.0, self.lifted_max / self.limits.lift_m)
        if done := next((task.target for task in self._tasks if task.success), None):
            self._end(Outcome.SUCCESS if self._held_by_part(truth, done) else ELSEWHERE)
        elif unclear:
            self._end(Outcome.UNJUDGED, f"lifted the {self._descriptions[unclear]}; {self._doubt}")
        elif wrong:
            self._end(WRONG, f"lifted the {self._descriptions[wrong]}, which is not the target")
        elif all(outcome != Outcome.RUNNING for outcome in outcomes) and self._tasks:
            self._end(outcomes[0])
        elif self._watch.outcome == Outcome.ATTEMPTS:
            self._end(Outcome.ATTEMPTS)

    def _held_by_part(self, truth: Truth, target: str) -> bool:
        if self._part is None:
            return True
        T_object_base = np.linalg.inv(truth.objects[target])
        return any(self._part.holds((T_object_base @ T)[:3, 3]) for T in truth.tools.values())

    def _tell(self) -> None:
        if self._watch.attempts > self.attempts:
            self._events.append(f"attempt {self._watch.attempts}: closing on {self._called(self._named)}")
        self.attempts = self._watch.attempts
        lifted = self._watch.first_lifted
        if lifted is not None and lifted != self.first_lifted:
            wrong = ", which is not the target" if lifted in self._not_meant else ""
            self._events.append(f"lifting the {self._descriptions[lifted]}{wrong}")
        self.first_lifted = lifted
