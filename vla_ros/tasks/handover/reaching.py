# SPDX-License-Identifier: Apache-2.0
"""Where things stand that are to change hands: one on the side of one hand, the other on the side of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.sim.scenes.footprint import Placement
from vla_ros.sim.scenes.scene_robot import SceneArm, SceneRobot

ASIDE = 0.06  # [m] that each is at least on its hand's side of the middle between the two


@dataclass(frozen=True, eq=False)
class PassingRobot(SceneRobot):
    """A robot whose one hand takes the first of two objects and whose other hand gets to the second.

    A robot of one arm asks for what it always asks: there is nobody to pass anything to.
    """

    def reaches_together(self, placements: Sequence[Placement], table_height: float) -> bool:
        """Say whether the first object is for one hand alone and the second for the other."""
        if len(self.arms) < 2:
            return super().reaches_together(placements, table_height)
        first, *others = placements
        for giver in self.arms:
            for taker in self.arms:
                if taker is giver or not self._alone(giver, taker, first, table_height):
                    continue
                if all(self._alone(taker, giver, one, table_height) for one in others):
                    return True
        return False

    @staticmethod
    def _alone(hand: SceneArm, other: SceneArm, placement: Placement, table_height: float) -> bool:
        """Say whether one hand reaches an object which stands on its side, and out of the other's reach."""
        if not hand.reaches(placement, table_height):
            return False
        if hand.reach is None or other.reach is None:
            return True
        mine, its = np.array(hand.reach.axis), np.array(other.reach.axis)
        side = (mine - its) / max(float(np.linalg.norm(mine - its)), 1e-9)
        aside = float((placement.center - (mine + its) / 2.0) @ side)
        return aside >= ASIDE and not other.reaches(placement, table_height)
