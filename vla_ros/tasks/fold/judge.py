# SPDX-License-Identifier: Apache-2.0
"""Judge a fold: what the garment covers and how its edges meet, once it lies still and the hands are open and away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.tasks.fold.limits import FoldLimits
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.watches import ClosureWatch, narrowest

FALLEN = Outcome("garment fell off the table")
LIFTED_M = 0.03  # [m] above the table, of an edge's middle: it is up
_EVERY = 0.1  # [s] between two measurements


class FoldJudge(Judge):
    """Follow one run. Progress is how far the garment was folded while it lay on the table; 1 is success."""

    limits: FoldLimits

    def __init__(
        self,
        garment: str,
        measure: FoldMeasure,
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: FoldLimits,
        doubt: str = "",  # whether the garment is meant
    ) -> None:
        super().__init__(start, limits, ())
        self._garment, self._measure, self._openings, self._doubt = garment, measure, openings, doubt
        self._table = float(start.cloths[garment][:, 2].min())  # [m]
        self._hand = ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction)
        self._lain: tuple[float, np.ndarray] = (start.time, start.cloths[garment])  # since when, and where
        self._measured_at = -np.inf
        self._up = False
        self.coverage = self.alignment = self.gap = 0.0  # when it lay last
        self.lifted = False  # an edge has been up

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"folded the garment: coverage {self.coverage:.0%}, edges {100 * self.gap:.1f} cm apart"

    def _shortfall(self) -> str:
        if self.outcome == FALLEN:
            return self.outcome.value
        if self.attempts == 0:
            return "never closed the gripper"
        return "folded badly" if self.lifted else "closed, nothing lifted"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {
            "coverage": round(self.coverage, 3),
            "alignment": round(self.alignment, 3),
            "edges_apart_m": round(self.gap, 3),
        }

    def _judge(self, truth: Truth) -> None:
        vertices = truth.cloths[self._garment]
        self._follow_hands(truth, vertices)
        if self.finished or truth.time - self._measured_at < _EVERY - 1e-9:
            return
        self._measured_at = truth.time
        heights = vertices[:, 2] - self._table
        if heights.min() < -self.limits.fallen_m:
            self._end(FALLEN)
            return
        if np.linalg.norm(vertices - self._lain[1], axis=1).max() > self.limits.still_m:
            self._lain = (truth.time, vertices)
        if self._hand.closed or heights.max() > self.limits.flat_m or not self._away(truth, vertices):
            return
        measure = self._measure
        self.coverage, self.alignment = measure.coverage(vertices), measure.alignment(vertices)
        self.gap = measure.gap(vertices)
        folded = (self.coverage + self.alignment) / 2
        self.progress = max(self.progress, folded)
        if truth.time - self._lain[0] < self.limits.hold_s - 1e-9 or folded < self.limits.folded:
            return
        if self._doubt:
            self._end(Outcome.UNJUDGED, f"folded the garment; {self._doubt}")
        else:
            self._events.append(self.success_text)
            self._end(Outcome.SUCCESS)

    def _follow_hands(self, truth: Truth, vertices: np.ndarray) -> None:
        self._hand.update(narrowest(truth.widths, self._openings))
        edges = self._measure.edges
        up = max(float(vertices[edges[:, side], 2].mean()) for side in (0, 1)) - self._table > LIFTED_M
        if up and not self._up:
            self._events.append("an edge is up")
            self.lifted = True
        elif self._up and not up:
            self._events.append("the edge is down")
        self._up = up
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
