# SPDX-License-Identifier: Apache-2.0
"""What an object is: named, coloured, made of parts. Descriptions only; simulator and policies both read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vla_ros.objects.geometry import surface_points
from vla_ros.objects.parts import IDENTITY, Mesh, Part

__all__ = ["IDENTITY", "Mesh", "ObjectModel", "Part"]


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """One object: what it is called, what it is made of, how it may lie.

    The object's frame has its origin near the middle of the object; z is up in the canonical pose.
    """

    name: str  # unique in its catalogue
    category: str
    color: str  # word of the dominant colour
    parts: Sequence[Part]
    mass: float  # [kg]
    friction: float  # sliding: of the fingers' pads on it; on a table and on other objects where theirs is not more
    resting: Sequence[tuple[float, ...]] = (IDENTITY,)  # orientations it may rest in, xyzw
    rolls: bool = False  # has a round side: simulated with rolling resistance
    graspable: bool = True
    pads_decide: bool = False  # between fingers the pads' friction counts, not its own
    accents: tuple[str, ...] = ()  # further colours it is called by: "red and white"
    shape: int = 0  # which of its category's shapes
    opacity: float = 1.0  # share of the light that it stops; below 1 it is of glass, which no depth camera sees

    @cached_property
    def size(self) -> tuple[float, ...]:
        """Return its extents in the canonical pose [m]."""
        low, high = self.bounds
        return tuple(float(edge) for edge in high - low)

    @property
    def color_phrase(self) -> str:
        """Return what its colours are called, the dominant one first."""
        return " and ".join((self.color, *self.accents))

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and highest corner of what collides, object frame [m]."""
        points = surface_points(self.parts)
        return points.min(axis=0), points.max(axis=0)

    @property
    def collision_parts(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.collide)
