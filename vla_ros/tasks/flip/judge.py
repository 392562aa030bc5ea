# SPDX-License-Identifier: Apache-2.0
"""Judge a flip: where the label looks once the parcel lies still and the hands are open and away."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.limits import FlipLimits
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.watches import StillWatch, narrowest

FALLEN = Outcome("parcel fell off the table")
TURNED = 0.9  # progress of a label that is up, before it is known that the parcel stays so


class FlipJudge(Judge):
    """Follow one run. Progress is how much of the label's angle from up was turned away; 1 is success."""

    limits: FlipLimits

    def __init__(
        self,
        parcel: str,
        box: LabelledBox,
        objects: Sequence[SceneObject],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: FlipLimits,
        doubt: str = "",  # whether the parcel is meant
    ) -> None:
        super().__init__(start, limits, objects)
        self.target = parcel
        self._box, self._openings, self._doubt = box, openings, doubt
        T = start.objects[parcel]
        self._table = box.lowest(T)  # [m]
        self._start_angle = self.angle = box.angle(T)  # [rad] of the label's normal from up
        self._still = StillWatch(limits.still_m, math.radians(limits.still_deg))
        self._up = False
        self.lifted_max = 0.0  # [m] of the lowest corner

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"turned {self._called([self.target or ''])}: its label is {math.degrees(self.angle):.1f}° from up"

    def _shortfall(self) -> str:
        if self.outcome == FALLEN:
            return self.outcome.value
        if self.attempts == 0:
            return "never lifted or tilted"
        return "label up, not let go" if self._label_up else "moved, label not up"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"label_deg": round(math.degrees(self.angle), 1), "lifted_max_m": round(self.lifted_max, 3)}

    @property
    def _label_up(self) -> bool:
        return math.degrees(self.angle) <= self.limits.up_deg

    def _judge(self, truth: Truth) -> None:
        T, limits = truth.objects[self.target or ""], self.limits
        self.angle = self._box.angle(T)
        above = self._box.lowest(T) - self._table
        if above < -limits.fallen_m:
            self._end(FALLEN)
            return
        self._follow_lifts(above, self._box.lean(T))
        if self.finished:
            return
        turned = (self._start_angle - self.angle) / max(self._start_angle - math.radians(limits.up_deg), 1e-6)
        self.progress = max(self.progress, TURNED * float(np.clip(turned, 0.0, 1.0)))
        still = self._still.update(truth.time, {"parcel": T})["parcel"]
        lies = above <= limits.flat_m and still >= limits.hold_s - 1e-9
        if lies and self._label_up and self._let_go(truth, T):
            self._succeed(self._doubt)

    def _follow_lifts(self, above: float, lean: float) -> None:
        """Count how often it no longer lies: its lowest corner is `above` the table [m], or it leans [rad]."""
        self.lifted_max = max(self.lifted_max, above)
        if not self._up and (above > self.limits.lift_m or lean > math.radians(self.limits.lean_deg)):
            if self.attempts == self.limits.attempts:
                self._end(Outcome.ATTEMPTS)
                return
            self._up, self.first_lifted = True, self.target
            self.attempts += 1
            self._events.append(f"attempt {self.attempts}: the parcel is up")
        elif self._up and above < self.limits.flat_m and lean < math.radians(self.limits.still_deg):
            self._up = False
            self._events.append(f"the parcel lies, its label {math.degrees(self.angle):.0f}° from up")

    def _let_go(self, truth: Truth, T: np.ndarray) -> bool:
        if narrowest(truth.widths, self._openings) < self.limits.open_fraction:
            return False
        return all(self._box.distance(T, tool[:3, 3]) >= self.limits.away_m for tool in truth.tools.values())
