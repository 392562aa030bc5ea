# SPDX-License-Identifier: Apache-2.0
"""Judge a pick from a tote: one thing alone leaves it, and is still held when it has come across fast.

The failures are those of GAM's figure 5: missed, no grasp found, several, dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.objects.totes import DESTINATION, SOURCE, ToteSize
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.bins.limits import BinLimits
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body

MISSED, SEVERAL, DROPPED = Outcome("missed"), Outcome("several at once"), Outcome("dropped")
NONE_FOUND = "no grasp found"
_TRIED, _LIFTED, _ACROSS = 0.2, 0.6, 0.9  # progress


class PickJudge(Judge):
    """Follow one pick."""

    limits: BinLimits

    def __init__(
        self,
        totes: Mapping[str, np.ndarray],  # T_base_tote (4, 4), in the middle of the floor: source, destination
        size: ToteSize,
        bodies: Mapping[str, Body],
        source: Sequence[str],  # things that lie in the source
        objects: Sequence[SceneObject],
        start: Truth,
        limits: BinLimits,
    ) -> None:
        super().__init__(start, limits, objects)
        self._source, self._destination = totes[SOURCE], totes[DESTINATION]
        self._size, self._bodies, self._things = size, bodies, list(source)
        self._lay = {name: start.heights[name] for name in self._things}
        self._rim = float(self._source[2, 3]) + size.inside[2]
        self._highest = float(next(iter(start.tools.values()))[2, 3])  # [m] of the tool since it was last up
        self._lowest: float | None = None  # [m] of the tool since it came down; None: it is up
        self._moved = False  # whether something was up on this try
        self.picked: str | None = None

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return f"picked {self._called([self.picked or ''])} and held it across"

    def _shortfall(self) -> str:
        if self.attempts == 0 and self.outcome in (Outcome.TIME, Outcome.GAVE_UP):
            return NONE_FOUND
        return self.outcome.value

    def cause(self, said: str = "") -> str:
        """Return why it failed; a policy that gave up before it tried has found no grasp."""
        if self.outcome == Outcome.GAVE_UP and self.attempts == 0:
            return NONE_FOUND
        return super().cause(said)

    def figures(self) -> dict[str, Any]:
        """Return what was picked."""
        return {"picked": self.picked or ""}

    def _judge(self, truth: Truth) -> None:
        limits = self.limits
        (T_tool,) = truth.tools.values()
        held = [
            name
            for name in self._things
            if truth.heights[name] - self._lay[name] > limits.lift_m
            and np.linalg.norm(truth.objects[name][:3, 3] - T_tool[:3, 3]) < limits.beside_m
        ]
        out = [name for name in held if self._bodies[name].lowest(truth.objects[name]) > self._rim + limits.above_m]
        if len(out) > 1:
            self._end(SEVERAL, f"{len(out)} things at once: {self._called(out)}")
        elif self.picked is not None:
            self._follow(self.picked, held, truth)
        elif out:
            self.picked = self.target = self.first_lifted = out[0]
            self.attempts += 1
            self.progress = max(self.progress, _LIFTED)
            self._events.append(f"{self._called(out)} is out of the tote")
        else:
            self._follow_tool(float(T_tool[2, 3]), bool(held))

    def _follow(self, name: str, held: Sequence[str], truth: Truth) -> None:
        """Follow what has left the tote."""
        if name not in held:
            self._end(DROPPED, f"{self._called([name])} was dropped")
        elif self._over_destination(truth.objects[name]):
            self.progress = max(self.progress, _ACROSS)
            self._succeed()

    def _over_destination(self, T: np.ndarray) -> bool:
        """Say whether the middle of a thing at T (4, 4) is between the walls of the destination, at any height."""
        return bool(self._size.contains((np.linalg.inv(self._destination) @ T)[None, :3, 3])[0])

    def _follow_tool(self, height: float, something: bool) -> None:
        """Count a try once the tool went down and has come up again without a thing."""
        descent = self.limits.descent_m
        if self._lowest is None:
            self._highest = max(self._highest, height)
            if self._highest - height > descent:
                self._lowest, self._moved = height, False
                self.progress = max(self.progress, _TRIED)
            return
        self._lowest, self._moved = min(self._lowest, height), self._moved or something
        if height - self._lowest > descent and not something:
            self.attempts += 1
            why = DROPPED if self._moved else MISSED
            self._events.append(f"attempt {self.attempts}: {why.value}")
            self._lowest, self._highest = None, height
            if self.attempts >= self.limits.attempts:
                self._end(why)
