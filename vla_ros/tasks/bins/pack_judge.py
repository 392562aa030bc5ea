# SPDX-License-Identifier: Apache-2.0
"""Judge a pick and place: one thing leaves the source alone and lies in the destination, not above its rim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_ros.tasks.bins.judge import DROPPED, PickJudge
from vla_ros.tasks.judging import Outcome, Truth
from vla_ros.tasks.watches import StillWatch

BESIDE, OVERFLOWS = Outcome("beside the tote"), Outcome("above the rim")
_ACROSS, _LET_GO = 0.8, 0.9  # progress
_STILL_DEG = 3.0


class PackJudge(PickJudge):
    """Follow one pick, and where it is put."""

    def __init__(self, *arguments: Any) -> None:
        """Take what a PickJudge takes."""
        super().__init__(*arguments)
        self._still = StillWatch(self.limits.still_m, float(np.radians(_STILL_DEG)))
        self._across = False

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"put {self._called([self.picked or ''])} into the destination tote"

    def cause(self, said: str = "") -> str:
        """Return why it failed; what is still held in the end was not put down."""
        if self.picked is not None and self.outcome in (Outcome.TIME, Outcome.GAVE_UP):
            return "not put down"
        return super().cause(said)

    def _follow(self, name: str, held: Sequence[str], truth: Truth) -> None:
        T = truth.objects[name]
        over = self._over_destination(T)
        if over:
            self._across = True
            self.progress = max(self.progress, _ACROSS)
        if not self._across:
            if name not in held:
                self._end(DROPPED, f"{self._called([name])} was dropped")
            return
        rest = self._still.update(truth.time, {name: T})[name]
        (T_tool,) = truth.tools.values()
        away = np.linalg.norm(T[:3, 3] - T_tool[:3, 3]) > self.limits.away_m
        lies = self._bodies[name].lowest(T) < self._rim
        if not (away and rest >= self.limits.rest_s and (lies or not over)):
            return
        self.progress = max(self.progress, _LET_GO)
        top = float((np.array(self._bodies[name].points) @ T[2, :3]).max() + T[2, 3])
        if not over:
            self._end(BESIDE, f"{self._called([name])} lies beside the destination tote")
        elif top > self._rim + self.limits.overflow_m:
            self._end(OVERFLOWS, f"{self._called([name])} stands {100 * (top - self._rim):.0f} cm above the rim")
        else:
            self._succeed()
