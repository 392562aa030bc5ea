# SPDX-License-Identifier: Apache-2.0
"""How large things are beside each other, as it is seen at a glance: only what nobody would measure is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.sim.scenes.scene import PlacedObject

_VOLUME = 2.0  # times the room that the smaller takes
_EDGES = 0.95  # and no edge, of either's three in order, shorter than this share of the smaller's
_LENGTH, _MORE = 1.3, 0.03  # times the height, or length, of the other, and [m] more
_SLENDER = 1.8  # times the second edge is the longest of what people call long
_UPRIGHT = 0.9  # cosine of the most that what is called tall may lean


@dataclass(frozen=True)
class Size:
    """What is seen of an object's size where it stands."""

    edges: tuple[float, float, float]  # [m] of its box, the shortest first
    height: float  # [m] above the table
    stands: bool  # as it is drawn, not laid down

    @classmethod
    def of(cls, placed: PlacedObject) -> Size:
        """Measure an object where it stands."""
        return cls.of_points(surface_points(placed.model.parts), placed.T_base_object)

    @classmethod
    def of_points(cls, points: np.ndarray, T_base_object: np.ndarray) -> Size:
        """Measure what has these points of its surface (P, 3) [m], object frame, at a pose (4, 4)."""
        T = T_base_object
        short, middle, long = sorted(np.ptp(points, axis=0).tolist())
        return cls((short, middle, long), float(np.ptp(points @ T[2, :3])), bool(T[2, 2] >= _UPRIGHT))


def _bigger(a: Size, b: Size) -> bool:
    """Say so of what takes plainly more room and is shorter in no direction: a broad can is none to a slim one."""
    edges = all(mine >= _EDGES * other for mine, other in zip(a.edges, b.edges, strict=True))
    return edges and np.prod(a.edges) >= _VOLUME * np.prod(b.edges)


def _smaller(a: Size, b: Size) -> bool:
    return _bigger(b, a)


def _taller(a: Size, b: Size) -> bool:
    """Say so of what stands, not of what lies beside something that stands."""
    return a.stands and b.stands and _exceeds(a.height, b.height)


def _longer(a: Size, b: Size) -> bool:
    slender = all(size.edges[2] >= _SLENDER * size.edges[1] for size in (a, b))
    return slender and _exceeds(a.edges[2], b.edges[2])


def _exceeds(a: float, b: float) -> bool:
    return a >= max(_LENGTH * b, b + _MORE)


# Keys of the one of several (wording.yaml has the words), and of one of two, → whether it is plainly so beside another.
SIZES: dict[str, Callable[[Size, Size], bool]] = {
    "biggest": _bigger,
    "smallest": _smaller,
    "tallest": _taller,
    "longest": _longer,
}
OF_TWO = {"bigger": _bigger, "smaller": _smaller, "taller": _taller, "longer": _longer}
