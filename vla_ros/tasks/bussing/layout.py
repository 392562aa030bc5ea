# SPDX-License-Identifier: Apache-2.0
"""Where things and receptacles may stand: things in the middle, a receptacle at either end, for a robot that drives."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.sim.scenes.footprint import Placement
from vla_ros.sim.scenes.scene_robot import SceneArm, SceneRobot

THINGS = 0.45  # [m] most from the middle of the table, along it
ENDS = (0.62, 0.80)  # [m] from there of a receptacle
RECEPTACLE_NEAREST = 0.44  # [m] of a receptacle's middle before the robot: none hangs over the edge
FORWARDS = (-0.12, 0.12)  # [m] that a base may stand nearer to the table, or further from it, than where it starts


@dataclass(frozen=True, eq=False)
class BussingRobot(SceneRobot):
    """A robot that drives along a table: it reaches what a hand reaches from somewhere before it."""

    sides: tuple[tuple[str, float], ...] = ()  # category of a receptacle → at which end it stands, 1 left, -1 right

    def reaches(self, placement: Placement, table_height: float) -> bool:
        """Say whether an object stands where such a one may, and a hand gets to it from some place of the base."""
        x, y = placement.center
        category = placement.model.category
        sides = dict(self.sides)
        if category in sides:
            end = sides[category] * y
            return bool(ENDS[0] <= end <= ENDS[1] and x >= RECEPTACLE_NEAREST)
        if abs(y) > THINGS:
            return False
        return not self.arms or any(_drives_to(arm, placement, table_height) for arm in self.arms)

    def reaches_together(self, placements: Sequence[Placement], table_height: float) -> bool:
        """Say that all are in reach, one after the other."""
        return True

    def fits(self, target: Placement, others: Sequence[Placement], table_height: float) -> bool:
        """Say that there is room for the hand: objects stand apart."""
        return True


def _drives_to(arm: SceneArm, placement: Placement, table_height: float) -> bool:
    """Say whether an arm reaches an object from right before it."""
    if arm.reach is None:
        return True
    aside = float(placement.center[1]) - arm.reach.axis[1]
    for forwards in np.linspace(*FORWARDS, 5):
        seen = dataclasses.replace(placement, polygon=placement.polygon - (forwards, aside))
        if arm.reaches(seen, table_height):
            return True
    return False
