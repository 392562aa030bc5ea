# SPDX-License-Identifier: Apache-2.0
"""One fold as a motion of two hands: down to an edge's corners, pinch, over in an arc, let go, up. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.tasks.garments.pinch import PinchMotion, pinch_edge
from vla_ros.tasks.two_hands.hands import Both, Hand, Lean, tools_of, turned, wait, way

_ARC = 12  # straight pieces of the way over


@dataclass(frozen=True)
class FoldMotion(PinchMotion):
    """How the hands move. Heights are those of the finger tips above the table."""

    rise: float = 0.12  # [m] after
    apex: float = 0.75  # height of the way over, as a share of half its length
    lay: float = 0.008  # [m] height of the tips where the edge is laid down
    release: float = 0.026  # [m] width that lets go: wider than that the fingers would pull the cloth along
    # [s] after the way over, with what the fingers let go, back up, till a look
    settle_s: float = 0.3
    open_s: float = 0.6
    rise_s: float = 1.2
    look_s: float = 1.5
    tilts: tuple[float, ...] = (0.0, 0.2, 0.35, 0.5, 0.7)  # [rad], tried in this order


def carry_over(
    tools: Sequence[np.ndarray],
    taken: np.ndarray,
    met: np.ndarray,
    leans: tuple[Lean, Lean],
    wide: float,
    motion: FoldMotion,
) -> list[list[Both]]:
    """Return how hands at `tools` (4, 4) take an edge (E, 2) [m] and lay it onto another, a chunk's actions a list.

    `leans`: at the pinch and where the edge is laid down. `wide`: fingers fully open [m].
    """
    over = met.mean(axis=0) - taken.mean(axis=0)
    length = float(np.linalg.norm(over))
    onwards, middle = over / length, taken.mean(axis=0)
    forward = onwards if onwards[0] > 0.0 else -onwards  # hands lean away from the robot
    yaw, left = float(np.arctan2(forward[1], forward[0])), np.array([-forward[1], forward[0]])
    half = float(np.abs((taken - middle) @ left).max())
    pinches = np.array([middle + motion.inset * onwards + side * half * left for side in (1.0, -1.0)])
    landings = pinches + (length - 2.0 * motion.inset) * onwards
    first, last = leans
    halves = turned(tools, yaw, first.tilt)

    def hands(points: np.ndarray, above: float, share: float = 0.0) -> list[Hand]:
        tilt = (1.0 - share) * first.tilt + share * last.tilt
        ground = (1.0 - share) * first.height + share * last.height
        places = [(float(x), float(y), ground + above) for x, y in points]
        return [Hand(place, yaw, tilt, half) for place, half in zip(places, halves, strict=True)]

    low, coming = pinch_edge(tools, pinches, yaw, first, halves, motion)
    arc = []
    for share in np.linspace(0.0, 1.0, _ARC + 1)[1:]:
        along = (1.0 - np.cos(np.pi * share)) / 2
        rise = motion.apex * length / 2 * np.sin(np.pi * share)
        above = (1.0 - share) * motion.press + share * motion.lay + rise
        arc.append(hands((1.0 - along) * pinches + along * landings, float(above), float(share)))
    away = hands(landings, motion.rise, 1.0)
    seconds = 1.5 * np.pi / 2 * length / motion.speed
    laid = tools_of(arc[-1])
    return [
        *coming,
        way(tools_of(low), arc, motion.pinch, seconds),
        wait(laid, motion.pinch, motion.settle_s),
        wait(laid, motion.release, motion.open_s),
        way(laid, [away], motion.release, motion.rise_s),
        wait(tools_of(away), wide, motion.look_s),
    ]
