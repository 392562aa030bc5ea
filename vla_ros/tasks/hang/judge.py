# SPDX-License-Identifier: Apache-2.0
"""Judge a garment that is to hang over a bar: step by step, until it hangs still with the hands open and away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.tasks.garments.judge import FALLEN, GarmentJudge
from vla_ros.tasks.hang.limits import HangLimits
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.judging import Truth

STEPS = ("taken", "over the bar", "off the table", "let go")  # each a fifth of progress; the last fifth is success


class HangJudge(GarmentJudge):
    """Follow one run. Progress is how many of the steps were done one after the other; 1 is success."""

    limits: HangLimits

    def __init__(
        self,
        garment: str,
        measure: HangMeasure,
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: HangLimits,
        doubt: str = "",  # whether the garment is meant
    ) -> None:
        super().__init__(garment, start, openings, limits, doubt)
        self._measure = measure
        self._over = False
        self._done = 0  # steps
        self.behind = self.lowest = 0.0  # when it was looked at last: share; [m] above where it lay
        self.let_go = False  # over the bar, with open hands

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"hung the garment: {self.behind:.0%} of it behind the bar, {100 * self.lowest:.0f} cm above the table"

    def _shortfall(self) -> str:
        if self.outcome == FALLEN:
            return self.outcome.value
        if self.attempts == 0:
            return "never closed the gripper"
        if self._done == 0:
            return "closed, nothing lifted"
        if self._done == 1:
            return "lifted, never over the bar"
        if not self._over:
            return "slid off the bar" if self.let_go else "taken off the bar again"
        if self.lowest < self.limits.clear_m:
            return "over the bar, a part on the table"
        return "hangs, not still with the hands away" if self.let_go else "over the bar, not let go"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"behind": round(self.behind, 3), "lowest_m": round(self.lowest, 3), "steps": self._done}

    def _judge(self, truth: Truth) -> None:
        self._follow_hands(truth)
        if self.finished or not self._due(truth.time):
            return
        vertices = truth.cloths[self._garment]
        self.lowest, self.behind = float(vertices[:, 2].min()) - self._table, self._measure.behind(vertices)
        if self.lowest < -self.limits.fallen_m:
            self._end(FALLEN)
            return
        rests = self._rests(truth)
        self._follow_steps(vertices)
        hangs = self._over and self.lowest >= self.limits.clear_m and not self._hand.closed
        if hangs and rests and self._away(truth):
            self._succeed(self._doubt)

    def _follow_steps(self, vertices: np.ndarray) -> None:
        over = self._measure.over(vertices)
        if self._over and not over:
            self._events.append("the garment is off the bar again")
        self._over = over
        now = (
            float(vertices[:, 2].max()) - self._table >= self.limits.taken_m,
            over,
            over and self.lowest >= self.limits.clear_m,
            over and self.lowest >= self.limits.clear_m and not self._hand.closed,
        )
        self.let_go = self.let_go or (over and not self._hand.closed)
        while self._done < len(STEPS) and now[self._done]:
            self._events.append(f"the garment is {STEPS[self._done]}")
            self._done += 1
            self.progress = self._done / (len(STEPS) + 1)
