# SPDX-License-Identifier: Apache-2.0
"""Judge a fold: what the garment covers and how its edges meet, once it lies still and the hands are open and away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.tasks.fold.limits import FoldLimits
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.garments.judge import FALLEN, GarmentJudge
from vla_ros.tasks.judging import Truth

LIFTED_M = 0.03  # [m] above the table, of an edge's middle: it is up


class FoldJudge(GarmentJudge):
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
        super().__init__(garment, start, openings, limits, doubt)
        self._measure = measure
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
        self._follow_edges(vertices)
        self._follow_hands(truth)
        if self.finished or not self._due(truth.time):
            return
        heights = vertices[:, 2] - self._table
        if heights.min() < -self.limits.fallen_m:
            self._end(FALLEN)
            return
        rests = self._rests(truth)
        if self._hand.closed or heights.max() > self.limits.flat_m or not self._away(truth):
            return
        measure = self._measure
        self.coverage, self.alignment = measure.coverage(vertices), measure.alignment(vertices)
        self.gap = measure.gap(vertices)
        folded = (self.coverage + self.alignment) / 2
        self.progress = max(self.progress, folded)
        if rests and folded >= self.limits.folded:
            self._succeed(self._doubt)

    def _follow_edges(self, vertices: np.ndarray) -> None:
        edges = self._measure.edges
        up = max(float(vertices[edges[:, side], 2].mean()) for side in (0, 1)) - self._table > LIFTED_M
        if up and not self._up:
            self._events.append("an edge is up")
            self.lifted = True
        elif self._up and not up:
            self._events.append("the edge is down")
        self._up = up
