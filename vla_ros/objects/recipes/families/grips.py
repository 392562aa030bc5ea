# SPDX-License-Identifier: Apache-2.0
"""Pliers and flashlights from rows of proportions and details; all lie along x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import bar, laid, plate, stack, tube, turned
from vla_ros.objects.solids import ALONG_X, painted, rod, solid


class Pliers(NamedTuple):
    """Length, length of the jaws, their outline from the pivot on (shares of that length, half width [m]); the
    handles' half spread, how they run and how thick they are."""

    length: float
    jaw: float
    outline: tuple[tuple[float, float], ...]
    spread: float
    run: str = "bowed"  # bowed, straight, flared, tight
    wire: float = 0.0076
    sleeve: float = 1.0  # share of the handle that is covered
    spring: bool = False


_BLUNT, _SLIM = (
    ((-0.2, 0.011), (0.7, 0.0085), (1, 0.006), (1, 0.0006)),
    ((-0.2, 0.0095), (0.3, 0.0065), (1, 0.0028), (1, 0.0005)),
)
PLIERS = {
    "lineman": Pliers(0.190, 0.038, ((-0.3, 0.013), (0.6, 0.0125), (0.95, 0.011), (1, 0.0008)), 0.020, "bowed", 0.0085),
    "long_nose": Pliers(0.205, 0.078, _SLIM, 0.022, "bowed", 0.0072),
    "snipe": Pliers(0.130, 0.040, _SLIM, 0.024, "flared", 0.0060, 0.8, True),
    "side_cutter": Pliers(
        0.165, 0.022, ((-0.5, 0.013), (0.4, 0.016), (1, 0.001), (0.95, 0.0004)), 0.022, "straight", 0.0080
    ),
    "water_pump": Pliers(
        0.220,
        0.052,
        ((-0.2, 0.011), (0.3, 0.015), (0.85, 0.016), (1, 0.010), (1, 0.001)),
        0.024,
        "straight",
        0.0072,
        0.75,
    ),
    "carpenter": Pliers(
        0.165,
        0.030,
        (
            (-0.2, 0.009),
            (0.3, 0.020),
            (0.8, 0.021),
            (1, 0.014),
            (1, 0.0006),
            (0.8, 0.0006),
            (0.3, 0.010),
            (0.05, 0.003),
        ),
        0.022,
        "tight",
        0.0068,
        0.7,
    ),
    "wide_nose": Pliers(
        0.160, 0.036, ((-0.2, 0.010), (0.3, 0.008), (0.6, 0.012), (1, 0.013), (1, 0.0008)), 0.024, "bowed", 0.0075
    ),
    "crimper": Pliers(0.200, 0.030, ((-0.4, 0.014), (0.6, 0.011), (1, 0.008), (1, 0.0008)), 0.028, "flared", 0.0085),
    "mini": Pliers(0.110, 0.026, _BLUNT, 0.020, "flared", 0.0062, 1.0, True),
    "fat_grip": Pliers(0.170, 0.040, _BLUNT, 0.025, "bowed", 0.0098),
}


def pliers(row: Pliers, paint: Paint) -> list[Part]:
    """A pair of pliers lying flat, jaws at +x, a little open at the handles."""
    start, tip, half = -row.length / 2, row.length / 2, 0.0068
    pivot, spread = tip - row.jaw - 0.010, row.spread
    course = {
        "bowed": (0.20, 0.72, 1.0, 0.78),
        "straight": (0.20, 0.55, 0.80, 1.0),
        "flared": (0.20, 0.80, 0.95, 1.18),
        "tight": (0.25, 1.0, 0.95, 0.70),
    }[row.run]
    parts: list[Part] = []
    places = (pivot, pivot - 0.030, (start + pivot) / 2 - 0.01, start)
    for side in (-1, 1):
        path = [(x, side * spread * y, 0) for x, y in zip(places, course, strict=True)]
        parts.append(
            tube(path, (0.0055, row.wire * 0.85, row.wire, row.wire, row.wire * 0.8), paint.main, 20, flatness=0.85)
        )
        if row.sleeve < 1:
            first = path[:2]
            parts.append(tube(first, (0.0062, row.wire * 0.92), paint.steel, 8, 0.9, flatness=0.9))
        outline = [(pivot + x * (tip - pivot), side * y) for x, y in row.outline]
        if len(row.outline) < 8:
            outline.append((pivot, 0.0))
        parts.append(plate(outline[::-side], half * 0.9, shade(paint.steel, 0.9), 0.9))
        parts.append(
            solid(
                "box",
                ((pivot - start) / 2 - 0.004, max(row.wire * 0.9, 0.0055), max(row.wire * 0.84, 0.0055)),
                ((pivot + start) / 2 - 0.006, side * spread * float(np.mean(course[1:])), 0),
            )
        )
    if row.spring:
        bow = [(pivot - 0.020, -spread * 0.6, 0.004), (pivot - 0.034, 0, 0.004), (pivot - 0.020, spread * 0.6, 0.004)]
        parts.append(tube(bow, 0.0016, paint.dark, 14))
    wide = float(np.mean([y for x, y in row.outline if x > -0.1])) * 1.15
    return [
        *parts,
        painted("cylinder", (0.0115, half), paint.steel, (pivot - 0.002, 0, 0), gloss=0.9),
        painted("cylinder", (0.0050, half + 0.0014), shade(paint.steel, 0.6), (pivot - 0.002, 0, 0), gloss=0.9),
        solid("box", ((row.jaw + 0.014) / 2, max(wide, 0.006), half), (tip - (row.jaw + 0.014) / 2, 0, 0), density=2.0),
        solid("box", (0.014, spread * 0.7, half * 0.9), (pivot - 0.018, 0, 0), density=1.5),
    ]


class Flashlight(NamedTuple):
    """Outline from its end to the lamp: radius and place; what it has besides."""

    outline: tuple[tuple[float, float], ...]
    details: tuple[str, ...] = ("switch", "rings")
    sides: int = 28


FLASHLIGHTS = {
    "trumpet": Flashlight(((0.014, 0), (0.0150, 0.060), (0.0165, 0.085), (0.0290, 0.120)), ("switch",)),
    "long": Flashlight(
        ((0.0145, 0), (0.0150, 0.004), (0.0150, 0.145), (0.0210, 0.165), (0.0210, 0.190)), ("switch", "rings")
    ),
    "hexagonal": Flashlight(((0.0165, 0), (0.0165, 0.085), (0.0215, 0.100), (0.0215, 0.122)), ("slide",), 6),
    "keyring": Flashlight(
        ((0.0100, 0), (0.0105, 0.004), (0.0105, 0.052), (0.0115, 0.056), (0.0115, 0.066)), ("ring", "knurl")
    ),
    "diving": Flashlight(
        ((0.0175, 0), (0.0185, 0.010), (0.0180, 0.070), (0.0300, 0.092), (0.0310, 0.118)), ("knurl", "rings")
    ),
    "crenelated": Flashlight(
        ((0.0135, 0), (0.0150, 0.012), (0.0130, 0.018), (0.0130, 0.070), (0.0195, 0.084), (0.0195, 0.108)),
        ("crown", "knurl"),
    ),
    "drum": Flashlight(
        ((0.0300, 0), (0.0310, 0.006), (0.0310, 0.044), (0.0330, 0.050), (0.0330, 0.062)), ("grip", "rings")
    ),
    "bottle": Flashlight(
        ((0.0185, 0), (0.0200, 0.012), (0.0200, 0.050), (0.0130, 0.066), (0.0150, 0.084), (0.0240, 0.112)), ("switch",)
    ),
    "zoom": Flashlight(
        (
            (0.0120, 0),
            (0.0130, 0.006),
            (0.0130, 0.062),
            (0.0180, 0.064),
            (0.0180, 0.082),
            (0.0200, 0.084),
            (0.0200, 0.102),
        ),
        ("clip", "knurl"),
    ),
    "octagonal": Flashlight(
        ((0.0170, 0), (0.0180, 0.006), (0.0180, 0.070), (0.0265, 0.090), (0.0265, 0.104)), ("slide", "rings"), 8
    ),
}


def flashlight(row: Flashlight, paint: Paint) -> list[Part]:
    """A flashlight along x, lamp at +x."""
    lamp, top = row.outline[-1]
    shift = -top / 2
    radii, places = zip(*row.outline, strict=True)
    body = next(z for r, z in reversed(row.outline) if r < 0.85 * lamp) if min(radii) < 0.85 * lamp else top * 0.6
    trim = paint.accent if paint.style else shade(paint.main, 0.5)
    standing = [
        turned(
            [(0, 0), *row.outline, (lamp - 0.003, top), (lamp - 0.003, top - 0.004)], paint.main, 0.7, sides=row.sides
        )
    ]
    if "rings" in row.details:
        for z in (0.012, 0.020, top - 0.006):
            r = float(np.interp(z, places, radii)) + 0.0010
            standing.append(turned([(r, z - 0.002), (r, z + 0.002)], trim, sides=row.sides))
    if "knurl" in row.details:
        for z in np.linspace(0.18, 0.52, 9) * top:
            r = float(np.interp(z, places, radii))
            standing.append(turned([(r, z - 0.0012), (r + 0.0010, z), (r, z + 0.0012)], shade(paint.main, 0.6)))
    standing += stack(row.outline, (0.0, body * 0.5, body, top), share=1.0)
    parts = laid(standing, (shift, 0, 0))
    parts.append(
        painted("cylinder", (lamp - 0.003, 0.001), (1.0, 0.97, 0.78, 1.0), (top + shift - 0.003, 0, 0), ALONG_X, 1.0)
    )
    r = float(np.interp(body * 0.72, places, radii)) * (0.87 if row.sides == 6 else 1.0)
    at = (body * 0.72 + shift, 0, r)
    if "switch" in row.details:
        parts.append(painted("ellipsoid", (0.009, 0.006, 0.003), paint.accent, at))
    elif "slide" in row.details:
        parts += [
            bar((0.014, 0.005, 0.002), paint.dark, at, 0.001),
            bar((0.005, 0.004, 0.0035), paint.accent, (at[0] + 0.004, 0, r + 0.001), 0.001),
        ]
    elif "clip" in row.details:
        parts.append(bar((0.020, 0.0022, 0.0010), paint.steel, (at[0] - 0.012, 0, r + 0.0026), 0.0005, gloss=1.0))
    if "crown" in row.details:
        for a in np.linspace(0, 2 * np.pi, 8)[:-1]:
            parts.append(
                painted(
                    "sphere",
                    (0.0034,),
                    paint.main,
                    (top + shift, (lamp - 0.0025) * np.cos(a), (lamp - 0.0025) * np.sin(a)),
                )
            )
    if "ring" in row.details:
        hoop = [(shift - 0.008 + 0.009 * np.cos(t), 0.009 * np.sin(t), 0) for t in np.linspace(0, 2 * np.pi, 13)]
        parts.append(tube(hoop, 0.0013, paint.steel, 25, gloss=1.0))
    if "grip" in row.details:
        long, high = top * 0.36, 0.024
        a, b = shift + top * 0.42 - long, shift + top * 0.42 + long
        wide = float(np.interp(top * 0.2, places, radii)) - 0.002
        parts.append(
            tube(
                [(a, 0, wide), (a + 0.006, 0, wide + high), (b - 0.006, 0, wide + high), (b, 0, wide)],
                0.0045,
                paint.dark,
                20,
                normal=(0, 1, 0),
            )
        )
        parts.append(rod((a + 0.008, 0, wide + high - 0.002), (b - 0.008, 0, wide + high - 0.002), 0.005, density=0.3))
    return parts
