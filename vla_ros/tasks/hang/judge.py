# SPDX-License-Identifier: Apache-2.0
"""Judge a garment that is to hang over a bar: step by step, until it hangs still with the hands open and away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.tasks.hang.limits import HangLimits
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.watches import ClosureWatch, narrowest

FALLEN = Outcome("garment fell off the table")
STEPS = ("taken", "over the bar", "off the table", "let go")  # each a fifth of progress; the last fifth is success
_EVERY = 0.1  # [s] between two measurements


class HangJudge(Judge):
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
        super().__init__(start, limits, ())
        self._garment, self._measure, self._openings, self._doubt = garment, measure, openings, doubt
        self._table = float(start.cloths[garment][:, 2].min())  # [m] of vertices that lie on it
        self._hand = ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction)
        self._hung: tuple[float, np.ndarray] = (start.time, start.cloths[garment])  # since when, and where
        self._measured_at = -np.inf
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
        if self.finished or truth.time - self._measured_at < _EVERY - 1e-9:
            return
        self._measured_at = truth.time
        vertices = truth.cloths[self._garment]
        self.lowest, self.behind = float(vertices[:, 2].min()) - self._table, self._measure.behind(vertices)
        if self.lowest < -self.limits.fallen_m:
            self._end(FALLEN)
            return
        if np.linalg.norm(vertices - self._hung[1], axis=1).max() > self.limits.still_m:
            self._hung = (truth.time, vertices)
        self._follow_steps(vertices)
        hangs = self._over and self.lowest >= self.limits.clear_m and not self._hand.closed
        if hangs and self._away(truth, vertices) and truth.time - self._hung[0] >= self.limits.hold_s - 1e-9:
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

    def _follow_hands(self, truth: Truth) -> None:
        self._hand.update(narrowest(truth.widths, self._openings))
        if self._hand.closures == self.attempts:
            return
        if self._hand.closures > self.limits.attempts:
            self._end(Outcome.ATTEMPTS)
            return
        self.attempts = self._hand.closures
        self._events.append(f"attempt {self.attempts}: closing on the garment")

    def _away(self, truth: Truth, vertices: np.ndarray) -> bool:
        return all(
            float(np.linalg.norm(vertices - T[:3, 3], axis=1).min()) >= self.limits.away_m for T in truth.tools.values()
        )
