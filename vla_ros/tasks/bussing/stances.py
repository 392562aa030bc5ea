# SPDX-License-Identifier: Apache-2.0
"""Where the base stands so that a hand gets to a place on the table: right before it, or near that.

Places and stances are in the frame in which the robot was put down (odom), where the table's edge is along y; the base
never turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.robots.groups import ArmGroup

OUT = 0.36  # [m] from the shoulder's axis at which a hand works best
OUT_RANGE = (0.27, 0.43)  # [m] at which it works well enough not to drive
ASIDE = 0.16  # [m] beside the shoulder at which it does
FORWARDS = (-0.20, 0.12)  # [m] of the base: its column keeps off the table's edge
# Further stances where the best one has no way: off that along x and y [m]
SHIFTS = ((0.0, 0.0), (0.05, 0.07), (-0.05, -0.07), (0.05, -0.07), (-0.05, 0.07), (0.0, 0.14), (0.0, -0.14))


@dataclass(frozen=True)
class Stance:
    """Where the base stands while one arm works: x, y [m]."""

    arm: str
    x: float
    y: float

    def away(self, position: np.ndarray) -> float:
        """Return the way there [m] from where the base is (2,)."""
        return float(np.hypot(self.x - position[0], self.y - position[1]))


def stance_before(arm: ArmGroup, place: np.ndarray, shift: Sequence[float] = (0.0, 0.0)) -> Stance:
    """Return where an arm has a place (2,) right before its shoulder, and `shift` [m] off that."""
    axis = (0.0, 0.0) if arm.reach is None else arm.reach.axis
    x = float(np.clip(place[0] - axis[0] - OUT + shift[0], *FORWARDS))
    return Stance(arm.name, x, float(place[1] - axis[1] + shift[1]))


def stances(arm: ArmGroup, place: np.ndarray, base: np.ndarray) -> Iterator[Stance]:
    """Return stances for a place (2,), the best first: where the base is (2,), if that is good enough, then others."""
    axis = np.zeros(2) if arm.reach is None else np.array(arm.reach.axis)
    out, aside = place - base - axis
    if OUT_RANGE[0] <= out <= OUT_RANGE[1] and abs(aside) <= ASIDE:
        yield Stance(arm.name, float(base[0]), float(base[1]))
    for shift in SHIFTS:
        yield stance_before(arm, place, shift)
