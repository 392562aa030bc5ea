# SPDX-License-Identifier: Apache-2.0
"""Hanging as a motion of two hands: pinch the hem, lift, over the bar, down behind it, let go, back. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.tasks.garments.pinch import PinchMotion, pinch_edge
from vla_ros.tasks.hang.measure import Bar
from vla_ros.tasks.two_hands.hands import Both, Hand, Lean, tools_of, turned, wait, way

_PEAK = 1.875  # times its mean speed a hand is fastest


@dataclass(frozen=True)
class HangMotion(PinchMotion):
    """How the hands move. Heights are those of the finger tips."""

    inset: float = 0.020  # [m] from the hem to the middle between the fingers
    inside: float = 0.025  # [m] from the hem's ends to there, along it: a finger on either side pushes a ridge up
    clear: float = 0.05  # [m] above the bar's axis, on the way over it
    drawn: float = 0.10  # [m] behind the bar, where the hands let go
    lowered: float = 0.10  # [m] below the bar's axis, there
    release: float = 0.040  # [m] width that lets go
    rise: float = 0.08  # [m] above the bar's axis, on the way back
    back: float = 0.10  # [m] before the bar, where the hands open
    apart: float = 0.05  # [m] further apart each, there: fully open fingers of hands side by side would meet
    # [s] behind the bar, with what the fingers let go, up, back, till a look
    settle_s: float = 0.5
    open_s: float = 0.8
    rise_s: float = 1.2
    back_s: float = 2.0
    look_s: float = 2.0
    tilts: tuple[float, ...] = (0.2, 0.35, 0.5, 0.0, 0.7)  # [rad], tried in this order


def hang_over(
    tools: Sequence[np.ndarray],
    hem: np.ndarray,
    inwards: np.ndarray,
    bar: Bar,
    leans: tuple[Lean, Lean],
    wide: float,
    motion: HangMotion,
) -> list[list[Both]]:
    """Return how hands at `tools` (4, 4) take a hem and lay it over a bar, a chunk's actions a list.

    `hem`: where it is (E, 2) [m]; `inwards`: unit (2,) from it into the garment. `leans`: at the pinch, whose height is
    that above the table's, and at the bar, whose height is that above the bar's axis. `wide`: fingers fully open [m].
    """
    first, last = leans
    middle = hem.mean(axis=0)
    forward = inwards if inwards @ bar.onwards > 0.0 else -inwards
    left = np.array([-forward[1], forward[0]])
    half = float(np.abs((hem - middle) @ left).max()) - motion.inside
    pinches = np.array([middle + motion.inset * inwards + side * half * left for side in (1.0, -1.0)])
    yaw, bar_yaw = (float(np.arctan2(one[1], one[0])) for one in (forward, bar.onwards))
    halves = turned(tools, yaw, first.tilt)

    def at_bar(behind: float, above: float, apart: float = 0.0) -> list[Hand]:
        points = [bar.middle[:2] + behind * bar.onwards + side * (half + apart) * bar.left for side in (1.0, -1.0)]
        places = [(float(x), float(y), last.height + above) for x, y in points]
        return [Hand(place, bar_yaw, last.tilt, one) for place, one in zip(places, halves, strict=True)]

    low, coming = pinch_edge(tools, pinches, yaw, first, halves, motion)
    before = at_bar(-0.5 * motion.drawn, motion.clear)
    over, behind = at_bar(0.5 * motion.drawn, motion.clear), at_bar(motion.drawn, -motion.lowered)
    rise_to, home = at_bar(motion.drawn, motion.rise), at_bar(-motion.back, motion.rise, motion.apart)
    laid = tools_of(behind)
    return [
        *coming,
        _carry(low, before, motion),
        _carry(before, over, motion),
        _carry(over, behind, motion),
        wait(laid, motion.pinch, motion.settle_s),
        wait(laid, motion.release, motion.open_s),
        way(laid, [rise_to], motion.release, motion.rise_s),
        way(tools_of(rise_to), [home], motion.release, motion.back_s),
        wait(tools_of(home), wide, motion.look_s),
    ]


def _carry(start: list[Hand], end: list[Hand], motion: HangMotion) -> list[Both]:
    """Return the straight way of hands with cloth between their fingers."""
    length = max(float(np.linalg.norm(np.subtract(b.position, a.position))) for a, b in zip(start, end, strict=True))
    return way(tools_of(start), [end], motion.pinch, _PEAK * length / motion.speed)
