# SPDX-License-Identifier: Apache-2.0
"""Who else than the cost says which of some grasps is good. Shape legend: N grasps, M points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vla_ros.objects.grasp import Grasp


@dataclass(frozen=True, eq=False)
class GraspSurroundings:
    """What is measured around a thing, table included, base frame."""

    points: np.ndarray  # (M, 3) [m]
    colors: np.ndarray  # (M, 3) uint8 RGB
    things: np.ndarray  # (M,) 0: of what is to be grasped, 1 and on: of other things, −1: of the table, or nobody knows
    table: float  # [m] height


class GraspJudge(Protocol):
    """A judge of grasps of one gripper."""

    def merits(self, surroundings: GraspSurroundings, grasps: Sequence[Grasp]) -> np.ndarray:
        """Return how good each grasp is, (N,) 0 to 1; −1 for one that is not to be tried."""
        ...
