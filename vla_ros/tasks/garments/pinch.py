# SPDX-License-Identifier: Apache-2.0
"""How two hands come to an edge of a garment that lies flat, and pinch it. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.tasks.two_hands.hands import Both, Hand, Lean, tools_of, wait, way


@dataclass(frozen=True)
class PinchMotion:
    """How the hands move. Heights are those of the finger tips above the table."""

    opening: float = 0.055  # [m] of the fingers before they close
    inset: float = 0.012  # [m] from the edge to the middle between the fingers
    press: float = 0.0005  # [m] height of the tips at the pinch: the fingers push the cloth onto the table
    pinch: float = 0.005  # [m] width that the fingers are told to close to: less than two layers of cloth
    above: float = 0.08  # [m] before
    outside: float = 0.08  # [m] further apart the hands come down, before they near each other slowly
    speed: float = 0.18  # [m/s] of hands with cloth in them, about, at the fastest point
    # [s] from where the hands are to beside the pinch, to above it, down; what the fingers take
    come_s: float = 2.0
    near_s: float = 1.6
    lower_s: float = 1.0
    close_s: float = 0.9


def pinch_edge(
    tools: Sequence[np.ndarray],
    places: np.ndarray,
    yaw: float,
    lean: Lean,
    halves: Sequence[bool],
    motion: PinchMotion,
) -> tuple[list[Hand], list[list[Both]]]:
    """Return the hands as they pinch at `places` (2, 2) [m], left first, and how they come there from `tools` (4, 4).

    `yaw`: where both look [rad]; `halves`: whether each is turned by half about its own axis.
    """
    left = np.array([-np.sin(yaw), np.cos(yaw)])

    def at(points: np.ndarray, above: float) -> list[Hand]:
        over = [(float(x), float(y), lean.height + above) for x, y in points]
        return [Hand(place, yaw, lean.tilt, half) for place, half in zip(over, halves, strict=True)]

    high, low = at(places, motion.above), at(places, motion.press)
    beside = at(places + motion.outside * np.array([left, -left]), motion.above)
    return low, [
        way(tools, [beside], motion.opening, motion.come_s),
        way(tools_of(beside), [high], motion.opening, motion.near_s),
        way(tools_of(high), [low], motion.opening, motion.lower_s),
        wait(tools_of(low), motion.pinch, motion.close_s),
    ]
