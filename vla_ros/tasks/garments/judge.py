# SPDX-License-Identifier: Apache-2.0
"""What judges of a garment share: closures of both hands, how long it has been still, whether the hands are away."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vla_ros.tasks.garments.limits import GarmentLimits
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.watches import ClosureWatch, narrowest

FALLEN = Outcome("garment fell off the table")
_EVERY = 0.1  # [s] between two measurements


class GarmentJudge(Judge):
    """Follow one garment and the hands."""

    limits: GarmentLimits

    def __init__(
        self,
        garment: str,
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: GarmentLimits,
        doubt: str = "",  # whether the garment is meant
    ) -> None:
        super().__init__(start, limits, ())
        self._garment, self._openings, self._doubt = garment, openings, doubt
        self._table = float(start.cloths[garment][:, 2].min())  # [m] of vertices that lie on it
        self._hand = ClosureWatch(1.0, limits.closed_fraction, limits.open_fraction)
        self._still: tuple[float, np.ndarray] = (start.time, start.cloths[garment])  # since when, and where
        self._measured_at = -np.inf

    def _follow_hands(self, truth: Truth) -> None:
        self._hand.update(narrowest(truth.widths, self._openings))
        if self._hand.closures == self.attempts:
            return
        if self._hand.closures > self.limits.attempts:
            self._end(Outcome.ATTEMPTS)
            return
        self.attempts = self._hand.closures
        self._events.append(f"attempt {self.attempts}: closing on the garment")

    def _due(self, time: float) -> bool:
        """Say whether the garment is to be measured at `time` [s]."""
        if time - self._measured_at < _EVERY - 1e-9:
            return False
        self._measured_at = time
        return True

    def _rests(self, truth: Truth) -> bool:
        """Say whether none of its vertices has moved by more than `still_m` for `hold_s`. To be asked at every look."""
        vertices = truth.cloths[self._garment]
        if np.linalg.norm(vertices - self._still[1], axis=1).max() > self.limits.still_m:
            self._still = (truth.time, vertices)
        return truth.time - self._still[0] >= self.limits.hold_s - 1e-9

    def _away(self, truth: Truth) -> bool:
        """Say whether every tool is `away_m` from every vertex."""
        vertices = truth.cloths[self._garment]
        nearest = (float(np.linalg.norm(vertices - T[:3, 3], axis=1).min()) for T in truth.tools.values())
        return all(distance >= self.limits.away_m for distance in nearest)
