# SPDX-License-Identifier: Apache-2.0
"""Further mugs, cups and bowls, and teapots."""

from __future__ import annotations

import itertools

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import bar, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import both, painted, rod, skin, solid, walls

# Radii at points of the outside, foot to rim, and the height [m]; each stands on z = −height/2.
MUGS = {
    "espresso": ((0.022, 0.0265, 0.030), 0.056),
    "barrel": ((0.029, 0.0385, 0.031), 0.084),
    "flared": ((0.022, 0.027, 0.0385), 0.090),
    "stein": ((0.0360, 0.0345, 0.0330), 0.116),
}
CUPS = {
    "ribbed": ((0.0265, 0.0290, 0.0315), 0.085),
    "flared": ((0.019, 0.0235, 0.0345), 0.090),
    "goblet": ((0.012, 0.0310, 0.0300), 0.072),
    "yunomi": ((0.024, 0.0335, 0.0315), 0.078),
    "facet": ((0.022, 0.0280, 0.0345), 0.100),
}
BOWLS = {
    "flat": ((0.040, 0.058, 0.066), 0.036),
    "footed": ((0.026, 0.052, 0.060), 0.056),
    "deep": ((0.032, 0.053, 0.056), 0.070),
    "eared": ((0.034, 0.054, 0.058), 0.052),
    "square": ((0.040, 0.048, 0.054), 0.050),
}


def hollow(
    radii: tuple[float, ...],
    height: float,
    wall: float,
    paint: Paint,
    inside: tuple[float, ...],
    gloss: float = 0.6,
    sides: int = 28,
    base: float = 0.006,
    lift: float = 0.0,
) -> list[Part]:
    """Return a hollow vessel through outer radii at equal heights [m]: its skin, its base and its wall."""
    h = height / 2
    heights = np.linspace(-h + 0.004, h - wall / 2, len(radii))
    outer = smooth(list(zip(radii, heights.tolist(), strict=True)), 11)
    rim = outer[-1][0]
    profile = [(0.0, -h), (radii[0] - 0.003, -h), *outer, (rim - wall / 2, h)]
    inner = [
        (rim - wall / 2, h),
        *[(max(r - wall, 0.002), max(z, -h + base)) for r, z in reversed(outer)],
        (0.0, -h + base),
    ]
    middle = float(np.interp(0.0, [z for _, z in outer], [r for r, _ in outer]))
    panels = walls(radii[0], middle, -h + base, 0.0, wall, panels=6) + walls(middle, rim, 0.0, h, wall)
    foot = solid("cylinder", (radii[0] - 0.002, (base + lift) / 2 + 0.001), (0, 0, -h + (base - lift) / 2 + 0.001))
    return [
        skin(lathe(profile, sides), paint.main, gloss=gloss),
        skin(lathe(inner, sides), inside, gloss=gloss),
        foot,
        *panels,
    ]


def mug(shape: str, paint: Paint) -> list[Part]:
    """A mug with its handle along x."""
    radii, height = MUGS[shape]
    inside = shade(paint.pale, 1.3) if paint.color != "white" else shade(paint.accent, 1.2)
    parts = hollow(radii, height, 0.005, paint, inside, 0.7)
    side = radii[1] - 0.003
    up, reach, wire = {
        "espresso": (0.012, 0.017, 0.0045),
        "barrel": (0.024, 0.026, 0.0060),
        "flared": (0.018, 0.026, 0.0050),
        "stein": (0.040, 0.032, 0.0075),
    }[shape]
    if shape == "stein":  # an angular handle, a band at the foot
        path = [(side, 0, up), (side + reach, 0, up), (side + reach, 0, -up), (side, 0, -up)]
        for a, b in itertools.pairwise(path):
            parts.append(tube([a, b], wire, paint.main, 6, normal=(0, 1, 0)))
        parts += [painted("sphere", (wire,), paint.main, corner) for corner in path[1:3]]
        parts.append(
            turned([(radii[0] + 0.0012, -height / 2 + 0.004), (radii[0] + 0.0012, -height / 2 + 0.014)], paint.accent)
        )
    elif shape == "barrel":
        low = -height * 0.34
        path = [(side, 0, up), (side + reach, 0, up * 0.9), (side + reach * 0.8, 0, 0), (side - 0.004, 0, low)]
        parts.append(tube(path, (wire, wire, wire * 0.8), paint.main, 16, normal=(0, 1, 0)))
        parts.append(
            turned([(radii[2] + 0.0014, height / 2 - 0.006), (radii[2] + 0.0014, height / 2 - 0.001)], paint.accent)
        )
    else:
        arc = [(side + 0.42 * reach + reach * 0.7 * np.cos(a), 0, up * np.sin(a)) for a in np.linspace(2.2, -2.2, 9)]
        parts.append(tube(arc, wire, paint.main, 18, normal=(0, 1, 0)))
    outer = side + reach - wire / 2
    parts.append(rod((side, 0, up * 0.9), (outer, 0, up * 0.8), wire * 0.8))
    parts.append(rod((outer, 0, up * 0.8), (outer, 0, -up * 0.8), wire * 0.8))
    return parts


def cup(shape: str, paint: Paint) -> list[Part]:
    """A cup without a handle."""
    radii, height = CUPS[shape]
    h, inside = height / 2, shade(paint.pale, 1.2) if paint.color != "white" else shade(paint.accent, 1.3)
    if shape == "goblet":  # a bowl on a stem on a foot
        stem, foot = 0.030, 0.027
        parts = rotated(hollow((0.017, *radii[1:]), height, 0.004, paint, inside, 0.8), (0, 0, 0, 1), (0, 0, stem / 2))
        low = -h - stem / 2
        profile = [
            (0, low),
            (foot, low),
            (foot, low + 0.003),
            (0.006, low + 0.008),
            (0.005, low + stem),
            (0.012, low + stem + 0.004),
        ]
        parts += [
            turned(profile, paint.main, 0.8),
            solid("cylinder", (foot - 0.001, 0.002), (0, 0, low + 0.002)),
            solid("cylinder", (0.0065, stem / 2), (0, 0, low + stem / 2)),
        ]
        return parts
    parts = hollow(radii, height, 0.004, paint, inside, 0.4, 8 if shape == "facet" else 28)
    if shape == "ribbed":
        for z in np.linspace(-0.7, 0.75, 7) * h:
            radius = float(np.interp(z, (-h, 0, h), radii))
            parts.append(
                turned([(radius + 0.0002, z - 0.003), (radius + 0.0016, z), (radius + 0.0002, z + 0.003)], paint.main)
            )
    elif shape == "yunomi":
        parts.append(turned([(radii[0] + 0.0008, -h), (radii[0] + 0.0008, -h + 0.008)], paint.wood))
    elif shape == "flared":
        parts.append(turned([(radii[2] + 0.0012, h - 0.003), (radii[2] + 0.0012, h - 0.0005)], paint.accent))
    return parts


def bowl(shape: str, paint: Paint) -> list[Part]:
    """A bowl to be taken by its rim."""
    radii, height = BOWLS[shape]
    h, inside = height / 2, shade(paint.main, 1.25 if paint.style % 2 else 0.8)
    if shape == "square":
        half, wall = radii[2], 0.0045
        floor = both("box", (half * 0.92, half * 0.92, 0.003), paint.main, (0, 0, -h + 0.003))
        parts = [floor]
        for axis in (0, 1):
            for sign in (-1, 1):
                size, place = [half, half, h], [0.0, 0.0, 0.0]
                size[axis], place[axis] = wall / 2, sign * (half * 0.96)
                lean = about_edge(axis, sign)
                parts.append(bar(size, paint.main, place, 0.002, lean, 0.6))
                parts.append(solid("box", size, place, lean))
        return parts
    lift = 0.010 if shape == "footed" else 0.0
    parts = hollow(radii, height, 0.005, paint, inside, 0.7, lift=lift)
    if shape == "footed":
        parts.append(
            turned(
                [(0.020, -h - lift), (0.027, -h - lift), (0.023, -h - 0.002), (0.026, -h + 0.003)],
                shade(paint.main, 0.8),
            )
        )
    elif shape == "eared":
        for sign in (-1, 1):
            x = radii[2]
            loop = [
                (sign * (x - 0.004), -0.016, h * 0.55),
                (sign * (x + 0.012), -0.010, h * 0.6),
                (sign * (x + 0.012), 0.010, h * 0.6),
                (sign * (x - 0.004), 0.016, h * 0.55),
            ]
            parts.append(tube(loop, 0.0042, paint.main))
            parts.append(solid("box", (0.007, 0.012, 0.004), (sign * (x + 0.006), 0, h * 0.58)))
    elif shape == "flat":
        parts.append(
            turned(
                [(radii[2] - 0.002, h - 0.001), (radii[2] + 0.005, h + 0.0005), (radii[2] - 0.003, h + 0.002)],
                paint.main,
            )
        )
    return parts


def about_edge(axis: int, sign: int, lean: float = 0.16) -> tuple[float, ...]:
    """Return the turn of a square bowl's wall, outwards at its top."""
    half = sign * lean / 2
    return (
        (0.0, float(np.sin(half)), 0.0, float(np.cos(half)))
        if axis == 0
        else (-float(np.sin(half)), 0.0, 0.0, float(np.cos(half)))
    )


# Body's outline, foot to shoulder (radius, height), then where the spout and the handle leave it [m].
TEAPOTS = {
    "round": ([(0.024, -0.032), (0.044, -0.012), (0.045, 0.008), (0.024, 0.030)], "curved", "loop"),
    "tall": ([(0.036, -0.046), (0.038, -0.020), (0.032, 0.020), (0.024, 0.046)], "straight", "loop"),
    "flat": ([(0.036, -0.022), (0.052, -0.008), (0.050, 0.006), (0.022, 0.022)], "curved", "loop"),
    "conical": ([(0.046, -0.036), (0.040, -0.010), (0.031, 0.014), (0.022, 0.036)], "straight", "angular"),
    "cast": ([(0.030, -0.028), (0.046, -0.014), (0.046, 0.008), (0.026, 0.026)], "stub", "arch"),
    "pear": ([(0.030, -0.042), (0.043, -0.020), (0.030, 0.014), (0.021, 0.042)], "curved", "angular"),
    "square": ([(0.040, -0.034), (0.041, -0.012), (0.041, 0.016), (0.026, 0.034)], "straight", "angular"),
    "side": ([(0.028, -0.030), (0.042, -0.014), (0.043, 0.008), (0.022, 0.030)], "stub", "stick"),
    "globe": ([(0.022, -0.040), (0.047, -0.010), (0.046, 0.016), (0.020, 0.040)], "stub", "arch"),
    "slender": ([(0.026, -0.056), (0.034, -0.026), (0.028, 0.020), (0.019, 0.056)], "curved", "loop"),
    "coffee": ([(0.040, -0.050), (0.034, -0.016), (0.028, 0.020), (0.024, 0.050)], "straight", "stick"),
    "drum": ([(0.042, -0.030), (0.043, -0.010), (0.043, 0.014), (0.040, 0.030)], "straight", "loop"),
    "bell": ([(0.047, -0.032), (0.044, -0.012), (0.030, 0.012), (0.020, 0.032)], "stub", "angular"),
    "saucer": ([(0.026, -0.020), (0.053, -0.006), (0.048, 0.008), (0.024, 0.020)], "straight", "arch"),
    "urn": ([(0.020, -0.044), (0.036, -0.008), (0.045, 0.020), (0.026, 0.044)], "curved", "angular"),
    "tankard": ([(0.037, -0.040), (0.036, -0.012), (0.036, 0.014), (0.033, 0.040)], "straight", "loop"),
    "turnip": ([(0.022, -0.034), (0.038, -0.018), (0.049, 0.008), (0.024, 0.030)], "curved", "stick"),
    "cottage": ([(0.040, -0.038), (0.041, -0.010), (0.041, 0.016), (0.022, 0.038)], "curved", "arch"),
}


def teapot(shape: str, paint: Paint) -> list[Part]:
    """A teapot with its spout at +x, to be taken by the knob of its lid, its handle or its spout."""
    outline, spout, handle = TEAPOTS[shape]
    (foot, low), (_, top), sides = outline[0], outline[-1], 4 if shape in ("square", "cottage") else 28
    neck = outline[-1][0]
    wide = max(radius for radius, _ in outline)
    body = [(0, low), (foot - 0.002, low), *smooth(outline, 16)]
    turn = (0.0, 0.0, float(np.sin(np.pi / 8)), float(np.cos(np.pi / 8))) if sides == 4 else (0, 0, 0, 1)
    stretch = 1.18 if sides == 4 else 1.0
    body = [(r * stretch, z) for r, z in body]
    lid = paint.accent if paint.style % 2 else paint.main
    knob = top + 0.016
    parts = [
        skin(lathe(body, sides), paint.main, quaternion=turn, gloss=0.8),
        turned(
            [
                (neck + 0.003, top - 0.001),
                (neck + 0.003, top + 0.002),
                (neck * 0.5, top + 0.007),
                (0.005, top + 0.009),
                (0.005, knob - 0.008),
            ],
            lid,
            0.8,
        ),
        painted("sphere", (0.0095,), lid, (0, 0, knob), gloss=0.8),
        solid("sphere", (0.0095,), (0, 0, knob), density=0.3),
        solid("cylinder", (neck, 0.006), (0, 0, top + 0.001), density=0.4),
    ]
    parts += stack(smooth(outline, 16), (low, low * 0.35, top), 0.5)
    tip, root = {
        "curved": ((wide + 0.036, top - 0.004), low * 0.3),
        "straight": ((wide + 0.026, top - 0.004), low * 0.2),
        "stub": ((wide + 0.016, top * 0.75), 0.0),
    }[spout]
    bend = (wide + 0.018, root + 0.004) if spout == "curved" else ((wide + tip[0]) / 2 - 0.002, (root + tip[1]) / 2)
    parts.append(
        tube(
            [(wide - 0.012, 0, root), (bend[0], 0, bend[1]), (tip[0], 0, tip[1])],
            (0.0125, 0.009, 0.0058),
            paint.main,
            gloss=0.8,
            normal=(0, 1, 0),
        )
    )
    parts.append(rod((wide - 0.006, 0, root), (tip[0], 0, tip[1]), 0.0075, density=0.3))
    if handle == "stick":
        parts += [
            tube([(0, wide - 0.006, 0), (0, wide + 0.050, 0.012)], (0.007, 0.010), paint.wood, normal=(1, 0, 0)),
            rod((0, wide - 0.006, 0), (0, wide + 0.050, 0.012), 0.0085, density=0.3),
        ]
    elif handle == "arch":
        arc = [(0, 0.9 * wide * np.cos(a), top - 0.008 + 0.048 * np.sin(a)) for a in np.linspace(0, np.pi, 9)]
        parts.append(tube(arc, 0.0040, paint.dark, 20, normal=(1, 0, 0)))
        parts.append(rod((0, -0.016, top + 0.037), (0, 0.016, top + 0.037), 0.0045, density=0.2))
    else:
        back, up = -(wide + 0.026), top * 0.62
        path = [(-wide * 0.80, 0, up + 0.004), (back, 0, up), (back, 0, low * 0.45), (-wide * 0.93, 0, low * 0.5)]
        if handle == "loop":
            parts.append(tube(path, 0.0052, paint.main, 16, gloss=0.8, normal=(0, 1, 0)))
        else:
            for a, b in itertools.pairwise(path):
                parts.append(tube([a, b], 0.0055, paint.dark, 6, normal=(0, 1, 0)))
        parts.append(rod((back + 0.001, 0, up), (back + 0.001, 0, low * 0.45), 0.0055, density=0.3))
    return parts
