# SPDX-License-Identifier: Apache-2.0
"""Where things stand to each other, as a person at the robot who looks outward says it.

Frame: robot base, so x runs away from that person and y to their left. *Left of* is towards +y, *behind* is further
away (+x), *in front of* is nearer. A relation holds, does not hold, or is a matter of opinion (None); a description is
built on the first two alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.scenes.scene import PlacedObject

CLEAR = 0.05  # [m] by which a difference is seen without measuring
_BESIDE, _APART = 0.05, 0.12  # [m] gap of things that stand next to each other, and of things that do not


@dataclass(frozen=True)
class Margins:
    """How plainly something must hold before it is said."""

    lead: float = CLEAR  # [m] of the leftmost, nearest, … over the next
    along: float = CLEAR  # [m] between the middles of two things, one left of or behind the other
    slant: float = 1.0  # across at most so many times along
    within: float = math.inf  # [m] between the two: further apart, nobody takes the one for the other's mark
    against: float = 0.01  # [m] by which what does not stand so is on the other side
    depth: float = 0.0  # [m] in x by which the nearest or farthest leads, however far to the side it is


USUAL = Margins()
# For evaluation: what a stranger sees at once, and would not argue about.
PLAIN = Margins(lead=0.09, along=0.07, slant=0.6, within=0.30, against=0.04, depth=0.07)


@dataclass(frozen=True)
class Spot:
    """The rectangle that an object covers, seen from above [m]."""

    low: tuple[float, float]
    high: tuple[float, float]

    @classmethod
    def of(cls, placed: PlacedObject) -> Spot:
        """Measure an object where it stands."""
        return cls.of_points(surface_points(placed.model.parts), placed.T_base_object)

    @classmethod
    def of_points(cls, points: np.ndarray, T_base_object: np.ndarray) -> Spot:
        """Measure what has these points of its surface (P, 3) [m], object frame, at a pose (4, 4)."""
        T = T_base_object
        points = points @ T[:2, :3].T + T[:2, 3]  # (P, 2)
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return cls((x0, y0), (x1, y1))

    @property
    def center(self) -> tuple[float, float]:
        return (self.low[0] + self.high[0]) / 2, (self.low[1] + self.high[1]) / 2

    @property
    def reach(self) -> float:
        """Distance of its middle from the robot's base [m]."""
        return math.hypot(*self.center)


def _towards(a: Spot, b: Spot, margins: Margins = USUAL, *, axis: int, sign: int) -> bool | None:
    """Say whether `a` lies from `b` along an axis: mainly that way, and each middle clear of the other object."""
    along = sign * (a.center[axis] - b.center[axis])
    across = abs(a.center[1 - axis] - b.center[1 - axis])
    if along <= -margins.against:
        return False
    first, second = (a, b) if sign > 0 else (b, a)
    clear = first.low[axis] >= second.center[axis] and second.high[axis] <= first.center[axis]
    mainly = along >= margins.along and across <= margins.slant * along and math.hypot(along, across) <= margins.within
    return True if clear and mainly else None


def _next_to(a: Spot, b: Spot, margins: Margins = USUAL) -> bool | None:
    gaps = [max(a.low[i] - b.high[i], b.low[i] - a.high[i], 0.0) for i in (0, 1)]
    gap = math.hypot(*gaps)
    return True if gap <= _BESIDE else False if gap >= _APART else None


# Keys of what is said between two objects (wording.yaml has the words) → whether the first stands so to the second.
RELATIONS: dict[str, Callable[..., bool | None]] = {
    "left of": partial(_towards, axis=1, sign=+1),
    "right of": partial(_towards, axis=1, sign=-1),
    "behind": partial(_towards, axis=0, sign=+1),
    "in front of": partial(_towards, axis=0, sign=-1),
    "next to": _next_to,
}
CLOSEST = "closest to"  # of several: the one nearest to another thing
DENSEST = "densest"  # of several: the one around which things stand most densely
# Keys of the one of several that is furthest along a measure [m].
EXTREMES: dict[str, Callable[[Spot], float]] = {
    "leftmost": lambda spot: spot.center[1],
    "rightmost": lambda spot: -spot.center[1],
    "nearest": lambda spot: -spot.reach,
    "farthest": lambda spot: spot.reach,
}
SIDES = {"left": EXTREMES["leftmost"], "right": EXTREMES["rightmost"]}  # of two alone
_ALONG_X = {"nearest": -1, "farthest": 1}


def leads(way: str, spot: Spot, others: list[Spot], margins: Margins = USUAL) -> bool:
    """Say whether an object is plainly the leftmost, nearest, … beside others."""
    measure, sign = (EXTREMES | SIDES)[way], _ALONG_X.get(way, 0)
    return all(
        measure(spot) >= measure(other) + margins.lead
        and (not sign or sign * (spot.center[0] - other.center[0]) >= margins.depth)
        for other in others
    )


def crowding(spot: Spot, others: Sequence[Spot]) -> float:
    """Return how densely others stand around an object: minus the mean distance [m] of the two nearest middles."""
    nearest = sorted(distance(spot, other) for other in others)[:2]
    return -sum(nearest) / len(nearest) if nearest else 0.0


def distance(a: Spot, b: Spot) -> float:
    """Return the distance of two objects' middles [m]."""
    return math.dist(a.center, b.center)
