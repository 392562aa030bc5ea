# SPDX-License-Identifier: Apache-2.0
"""Mugs, cups, bowls and spoons: hollow things, with walls that a finger fits behind."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import cutlery, vessels
from vla_ros.objects.shapes import lathe, smooth, sphere_profile, sweep, transformed
from vla_ros.objects.solids import painted, rod, skin, solid, walls

WHITE: Rgba = (1.0, 1.0, 1.0, 1.0)


def _vessel(
    foot: float, waist: float, rim: float, height: float, wall: float, outside: Rgba, inside: Rgba, gloss: float
) -> list[Part]:
    """Return a hollow round vessel: outer radii at foot, middle and rim [m], standing on z = −height/2."""
    h = height / 2
    outer = smooth([(foot, -h + 0.004), (waist, 0.0), (rim, h - wall / 2)], 9)
    profile = [(0.0, -h), (foot - 0.004, -h), *outer, (rim - wall / 2, h)]
    inner = [(rim - wall / 2, h), *[(r - wall, max(z, -h + 0.006)) for r, z in reversed(outer)], (0.0, -h + 0.006)]
    if abs(2 * waist - foot - rim) < 0.004:
        panels = walls(foot, rim, -h + 0.006, h, wall)
    else:
        panels = walls(foot, waist, -h + 0.006, 0.0, wall) + walls(waist, rim, 0.0, h, wall)
    # The base reaches 2 mm lower than the wall, so that only one part touches the table.
    base = solid("cylinder", (foot - 0.002, 0.004), (0, 0, -h + 0.004))
    return [skin(lathe(profile), outside, gloss=gloss), skin(lathe(inner), inside, gloss=gloss), base, *panels]


def _band(radius: float, low: float, high: float, color: Rgba, gloss: float = 0.6) -> Part:
    return skin(lathe([(radius, low), (radius, high)]), color, gloss=gloss)


def mug(shape: str, paint: Paint) -> list[Part]:
    """A mug with its handle along x."""
    if shape in vessels.MUGS:
        return vessels.mug(shape, paint)
    foot, waist, rim, height = {
        "straight": (0.036, 0.036, 0.036, 0.090),
        "tapered": (0.029, 0.033, 0.037, 0.088),
        "wide": (0.037, 0.0385, 0.040, 0.070),
        "tall": (0.032, 0.032, 0.032, 0.110),
    }[shape]
    inside = shade(paint.pale, 1.3) if paint.color != "white" or paint.style else paint.accent
    parts = _vessel(foot, waist, rim, height, 0.005, paint.main, inside, 0.7)
    if paint.style == 1:
        parts.append(
            _band(waist + 0.0006, -0.012, 0.006, paint.accent)
            if foot == rim
            else _band(rim, height / 2 - 0.006, height / 2 - 0.001, paint.accent)
        )
    h, reach = height * 0.30, 0.026
    arc = smooth(
        [
            (waist - 0.003, 0, h),
            (waist + reach * 0.75, 0, h * 0.95),
            (waist + reach, 0, 0),
            (waist + reach * 0.7, 0, -h * 0.95),
            (waist - 0.005, 0, -h),
        ],
        15,
    )
    handle = paint.accent if paint.style == 2 else paint.main
    parts.append(skin(sweep(arc, [0.0062] * 15, 10, 0.7, (0, 1, 0)), handle, gloss=0.7))
    outer = waist + reach - 0.001
    parts += [
        rod((waist, 0, h), (outer, 0, h * 0.75), 0.0045),
        rod((outer, 0, h * 0.75), (outer, 0, -h * 0.75), 0.0045),
    ]
    parts.append(rod((waist, 0, -h), (outer, 0, -h * 0.75), 0.0045))
    return parts


def cup(shape: str, paint: Paint) -> list[Part]:
    """A cup without a handle."""
    if shape in vessels.CUPS:
        return vessels.cup(shape, paint)
    foot, waist, rim, height = {
        "paper": (0.025, 0.0295, 0.034, 0.095),
        "tumbler": (0.030, 0.0315, 0.033, 0.105),
        "small": (0.022, 0.0265, 0.031, 0.062),
    }[shape]
    h = height / 2
    parts = _vessel(foot, waist, rim, height, 0.004, paint.main, shade(paint.pale, 1.2), 0.3)
    if shape == "paper":  # a rolled rim and a printed band
        ring = [(rim + 0.0018 * np.cos(a), h + 0.0018 * np.sin(a)) for a in np.linspace(-np.pi, np.pi, 9)]
        parts.append(skin(lathe(ring), paint.pale, gloss=0.3))
        low, high = -h + height * 0.3, -h + height * 0.52
        at = lambda z: foot + (rim - foot) * (z + h) / height + 0.0007  # noqa: E731
        parts.append(skin(lathe([(at(low), low), (at(high), high)]), paint.accent if paint.style else paint.pale))
    elif shape == "tumbler":
        for z in (-0.3 * h, -0.1 * h, 0.1 * h):
            parts.append(_band(waist + 0.0009 + 0.0015 * z / h, z - 0.0025, z + 0.0025, paint.accent, 0.5))
    else:
        parts.append(
            _band(rim + 0.0003, h - 0.009, h - 0.002, paint.accent if paint.style > 1 else shade(paint.main, 0.7), 0.5)
        )
    return parts


def bowl(shape: str, paint: Paint) -> list[Part]:
    """A bowl to be taken by its rim."""
    if shape in vessels.BOWLS:
        return vessels.bowl(shape, paint)
    foot, waist, rim, height = {
        "round": (0.038, 0.061, 0.067, 0.056),
        "conical": (0.041, 0.052, 0.063, 0.062),
        "small": (0.028, 0.047, 0.053, 0.045),
    }[shape]
    inside = shade(paint.main, 1.25 if paint.style % 2 else 0.85)
    parts = _vessel(foot, waist, rim, height, 0.005, paint.main, inside, 0.7)
    if paint.style >= 2:
        parts.append(_band(rim + 0.0006, height / 2 - 0.009, height / 2 - 0.003, paint.accent))
    return parts


def spoon(shape: str, paint: Paint) -> list[Part]:
    """A cooking spoon along x, lying on its back."""
    if shape in cutlery.SPOONS:
        return cutlery.spoon(shape, paint)
    length, width, thick = {
        "cooking": (0.20, 0.046, 0.0075),
        "ladle": (0.17, 0.056, 0.0072),
        "scoop": (0.135, 0.044, 0.0085),
    }[shape]
    depth = {"cooking": 0.012, "ladle": 0.022, "scoop": 0.017}[shape]
    long = {"cooking": 1.35, "ladle": 1.0, "scoop": 1.15}[shape]
    radius = width / 2
    head = length / 2 - radius * long
    dish = [(r, z) for r, z in sphere_profile(radius, depth, 15) if z <= 1e-9]
    inner = [(max(r - 0.003, 0.0), z + 0.003) for r, z in reversed(dish)]
    bowl_mesh = lathe([*dish, *[(r, min(z, 0.0)) for r, z in inner]])
    rise = 0.020 if shape == "ladle" else 0.006
    path = smooth([(-length / 2, 0, rise - 0.002), (0.0, 0, rise), (head - radius * long + 0.004, 0, -0.003)], 12)
    radii = np.interp(np.linspace(0, 1, 12), [0, 0.08, 0.5, 1], [thick * 0.75, thick, thick * 0.9, thick * 0.8])
    parts = [
        skin(transformed(bowl_mesh, (long, 1, 1), (head, 0, 0)), paint.main, gloss=0.4),
        skin(sweep(path, radii, 12), paint.main, gloss=0.4),
        rod(path[0], path[6], thick * 0.92),
        rod(path[6], path[-1], thick * 0.85),
        # The dish collides as a shallow slab over a smaller one: round enough to close fingers on, flat enough to lie.
        solid("cylinder", (radius * 0.95, depth * 0.28), (head, 0, -depth * 0.30)),
        solid("cylinder", (radius * 0.62, depth * 0.26), (head, 0, -depth * 0.74)),
    ]
    if paint.style == 2 or shape == "scoop":
        parts.append(painted("sphere", (thick * 1.15,), paint.accent, (-length / 2, 0, rise - 0.002)))
    return parts
