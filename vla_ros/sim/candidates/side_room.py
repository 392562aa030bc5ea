# SPDX-License-Identifier: Apache-2.0
"""What is beside an object for a finger to go into: room to its widest place, and how deep that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.robots.tools.description import Finger

_AS_WIDE = 0.002  # [m] less than its widest counts as that
_OVERLAP = 0.01  # [m] a finger is beyond the first widest place when it stands beside what follows


@dataclass(frozen=True)
class SideRoom:
    """Lengths [m] in the tool's frame, of what stands in a finger's way."""

    room: float  # between the pad's face, open, and the object's widest place; below 0 they overlap
    top: float  # z at which the object begins
    beyond: float  # z from which on a tip is beyond the widest place


def side_room(points: np.ndarray, finger: Finger) -> SideRoom | None:
    """Measure an object's surface points (P, 3), tool's frame; none where the finger passes it by."""
    side = np.array([-finger.direction[1], finger.direction[0]])
    apart = points[:, :2] - (finger.x, finger.y)
    level = np.abs(apart @ side) <= finger.radius
    if not level.any():
        return None
    inwards, z = apart[level] @ finger.direction, points[level, 2]
    widest = z[inwards <= inwards.min() + _AS_WIDE].min()
    return SideRoom(float(inwards.min()), float(z.min()), float(widest) + _OVERLAP)
