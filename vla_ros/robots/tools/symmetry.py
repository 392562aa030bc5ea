# SPDX-License-Identifier: Apache-2.0
"""Turns about a tool's axis after which it is as before: an arm that does not reach one pose may reach the other.

Shape legend: K elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from math import pi

import numpy as np

from vla_ros.robots.tools.description import Cup, Finger, Tool

_SAME = 2e-4  # [m], and of a direction, within which elements stand alike
_PARTS_MAX = 8  # of a turn: what is round all about has more, of no more use
_OF_PLACE = ("name", "x", "y", "closes")


@dataclass(frozen=True)
class Symmetry:
    """One turn."""

    angle: float  # [rad] about the tool's axis
    order: tuple[int, ...]  # (K,) which element stands, before the turn, where each stands after it


@lru_cache(maxsize=64)
def symmetries(tool: Tool) -> tuple[Symmetry, ...]:
    """Return a tool's turns, no turn at all first; its body is taken to be round."""
    shares = {number / parts for parts in range(1, _PARTS_MAX + 1) for number in range(parts)}
    found = ((2.0 * pi * share, _order(tool.elements, 2.0 * pi * share)) for share in sorted(shares))
    return tuple(Symmetry(angle, order) for angle, order in found if order is not None)


def _order(elements: Sequence[Cup | Finger], angle: float) -> tuple[int, ...] | None:
    """Return which element each comes to stand on, turned; None where one stands on none of its like."""
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    order = []
    for one in elements:
        on = [number for number, other in enumerate(elements) if _alike(one, other, R)]
        if not on:
            return None
        order.append(on[0])
    return tuple(order)


def _alike(one: Cup | Finger, other: Cup | Finger, R: np.ndarray) -> bool:
    """Say whether an element that is turned by R (2, 2) is as another."""
    if type(one) is not type(other):
        return False
    if any(
        getattr(one, field.name) != getattr(other, field.name) for field in fields(one) if field.name not in _OF_PLACE
    ):
        return False
    if (
        isinstance(one, Finger)
        and isinstance(other, Finger)
        and np.abs(R @ one.direction - other.direction).max() > _SAME
    ):
        return False
    return bool(np.abs(R @ [one.x, one.y] - [other.x, other.y]).max() < _SAME)
