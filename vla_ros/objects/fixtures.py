# SPDX-License-Identifier: Apache-2.0
"""Fixtures made of boxes: a cabinet of drawers, a box with a hinged lid. Their fronts look along −x, at the robot."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.articulated import FixtureJoint, FixtureLink, FixtureModel
from vla_ros.objects.colors import Rgba, color_ranges
from vla_ros.objects.paint import shade
from vla_ros.objects.parts import Part
from vla_ros.objects.solids import both

_WALL, _BOARD, _GAP = 0.008, 0.006, 0.003  # [m]
_METAL: Rgba = (0.72, 0.73, 0.76, 1.0)
# A bar that fingers hold, upright so that the hand stays clear of the front: half edges and what lies behind it [m].
_BAR, _BEHIND = (0.006, 0.006, 0.024), 0.045


def drawer_cabinet(
    name: str,
    color: str,
    rng: np.random.Generator,
    size: tuple[float, float, float] = (0.22, 0.24, 0.14),
    drawers: int = 1,
    columns: int = 1,
) -> FixtureModel:
    """Return a cabinet with `drawers` above one another, in `columns` beside one another.

    Joints are `drawer` where there is one, else `drawer_1` and on: from below, and in a row from its left, +y.

    `size`: depth, width, height [m] without the handles. A drawer opens by four fifths of its depth.
    """
    length, width, height = size
    paint = color_ranges()[color].sample(rng)
    parts = _open_front(length, width, height, paint)
    inner, broad = (height - 2 * _WALL) / drawers, (width - _WALL) / columns
    middles = [((columns - 1) / 2 - column) * broad for column in range(columns)]
    wall = (length / 2, _WALL / 2, height / 2 - _WALL)
    parts += [both("box", wall, paint, (0, middle - broad / 2, height / 2)) for middle in middles[:-1]]
    links = []
    for number, (row, middle) in enumerate((row, middle) for row in range(drawers) for middle in middles):
        joint = FixtureJoint(
            "drawer" if drawers * columns == 1 else f"drawer_{number + 1}",
            "slide",
            (-1.0, 0.0, 0.0),
            (0.0, round(0.8 * length, 3)),
            damping=6.0,
            friction=1.5,
        )
        low = _WALL + row * inner
        room = middle, broad - _WALL
        links.append(_drawer(joint, length, room, low, low + inner, paint))
    return FixtureModel(name, "drawer cabinet", color, tuple(parts), tuple(links))


def lid_box(
    name: str, color: str, rng: np.random.Generator, size: tuple[float, float, float] = (0.18, 0.20, 0.09)
) -> FixtureModel:
    """Return a box whose lid turns about its back edge: joint `lid`, 0 to 110°.

    `size`: depth, width, height [m] without the knob.
    """
    length, width, height = size
    paint = color_ranges()[color].sample(rng)
    parts = [both("box", (length / 2, width / 2, _BOARD / 2), shade(paint, 0.8), (0, 0, _BOARD / 2))]
    tall, middle = (height - _BOARD - 0.01) / 2, _BOARD + (height - _BOARD - 0.01) / 2
    for sign in (-1.0, 1.0):
        parts.append(both("box", (length / 2, _WALL / 2, tall), paint, (0, sign * (width - _WALL) / 2, middle)))
        parts.append(both("box", (_WALL / 2, width / 2 - _WALL, tall), paint, (sign * (length - _WALL) / 2, 0, middle)))
    joint = FixtureJoint(
        "lid", "hinge", (0.0, 1.0, 0.0), (0.0, float(np.radians(110.0))), (length / 2, 0.0, height - 0.01),
        damping=0.05, friction=0.02,
    )  # fmt: skip
    x = -length / 2 + 0.02
    knob = (0.006, 0.012, 0.018)
    lid = (
        both("box", (length / 2, width / 2, 0.005 - 0.001), shade(paint, 1.15), (0, 0, height - 0.004)),
        both("box", knob, _METAL, (x, 0, height + knob[2]), gloss=0.8),
    )
    return FixtureModel(
        name, "lid box", color, tuple(parts), (FixtureLink(joint, lid, 0.25, (x, 0.0, height + 1.2 * knob[2])),)
    )


def _open_front(length: float, width: float, height: float, paint: Rgba) -> list[Part]:
    """Return a case of boards whose front, at −x, is open."""
    side = (length / 2, _WALL / 2, height / 2 - _WALL)
    parts = [both("box", (length / 2, width / 2, _WALL / 2), paint, (0, 0, z)) for z in (_WALL / 2, height - _WALL / 2)]
    parts += [both("box", side, paint, (0, sign * (width - _WALL) / 2, height / 2)) for sign in (-1.0, 1.0)]
    back = (_WALL / 2, width / 2 - _WALL, height / 2 - _WALL)
    return [*parts, both("box", back, shade(paint, 0.8), ((length - _WALL) / 2, 0, height / 2))]


def _drawer(
    joint: FixtureJoint, length: float, room: tuple[float, float], low: float, high: float, paint: Rgba
) -> FixtureLink:
    """Return a drawer between the heights `low` and `high` [m] whose front closes the case.

    `room`: the middle along y and the width of what it closes [m].
    """
    bright = shade(paint, 1.25)
    y, half_width, front = room[0], room[1] / 2 - _GAP, -length / 2
    bottom, top = low + _GAP, high - _GAP
    wall = (0.7 * (top - bottom)) / 2
    depth = (length - _WALL - 2 * _GAP) / 2
    middle = front + depth + _WALL
    parts = [
        both("box", (_WALL / 2, half_width, (top - bottom) / 2), bright, (front + _WALL / 2, y, (bottom + top) / 2)),
        both("box", (depth - _WALL, half_width, _BOARD / 2), paint, (middle, y, bottom + _BOARD / 2)),
        both("box", (_BOARD / 2, half_width, wall), paint, (middle + depth - _WALL, y, bottom + wall)),
    ]
    parts += [
        both(
            "box", (depth - _WALL, _BOARD / 2, wall), paint, (middle, y + s * (half_width - _BOARD / 2), bottom + wall)
        )
        for s in (-1.0, 1.0)
    ]
    handle, bar = _handle(front, y, (bottom + top) / 2, min(_BAR[2], (top - bottom) / 2 - 0.004))
    side, back = half_width - _BOARD, middle + depth - _WALL - _BOARD / 2
    inside = (
        (front + _WALL, y - side, bottom + _BOARD),
        (back, y + side, high),
    )  # as high as the board above it leaves
    return FixtureLink(joint, (*parts, *bar), 0.4, handle, inside)


def _handle(front: float, y: float, height: float, half: float) -> tuple[tuple[float, float, float], list[Part]]:
    """Return where fingers hold an upright bar before the front, and the bar with its two posts."""
    x = front - _BEHIND
    bar = both("box", (_BAR[0], _BAR[1], half), _METAL, (x, y, height), gloss=0.8)
    post, middle = (_BEHIND / 2, 0.004, 0.004), front - _BEHIND / 2
    ends = (height - half + post[2], height + half - post[2])
    posts = [both("box", post, _METAL, (middle, y, z), gloss=0.8) for z in ends]
    return (x, y, height), [bar, *posts]
