# SPDX-License-Identifier: Apache-2.0
"""Pliers and flashlights from rows of proportions and details; all lie along x."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import IDENTITY, Part
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, rotated, stack, tube, turned
from vla_ros.objects.solids import ALONG_X, moved, painted, rod, solid, towards


class Pliers(NamedTuple):
    """Length, length of the jaws, their outline from the pivot on (shares of that length, half width [m]); the
    handles' half spread, how they run and how thick they are."""

    length: float
    jaw: float
    outline: tuple[tuple[float, float], ...]
    spread: float
    run: str = "bowed"  # bowed, straight, flared, tight, long, slab
    wire: float = 0.0076
    sleeve: float = 1.0  # share of the handle that is covered
    spring: bool = False
    gape: float = 0.0  # [°] by which each half is open
    bent: float = 0.0  # how far its jaws bend aside
    hollow: float = 0.0  # how far each jaw bows outwards: a ring between them
    extra: str | None = None  # holes, wheel, bolts, poll, guards


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
        "long": (0.55, 0.45, 0.60, 1.0),
        "slab": (0.45, 0.60, 0.62, 0.64),
    }[row.run]
    parts: list[Part] = []
    open_by = float(np.sin(np.radians(row.gape)))
    places = (pivot, pivot - 0.030, (start + pivot) / 2 - 0.01, start)
    for side in (-1, 1):
        path = [(x, side * spread * y, 0) for x, y in zip(places, course, strict=True)]
        grip = [
            tube(path, (0.0055, row.wire * 0.85, row.wire, row.wire, row.wire * 0.8), paint.main, 20, flatness=0.85)
        ]
        if row.run == "slab":
            long, y = (pivot - 0.014 - start) / 2, side * spread * 0.62
            grip = [
                bar((long, row.wire * 1.1, half * 1.1), paint.main, (start + long, y, 0), 0.003, gloss=0.7),
                bar((long * 0.8, row.wire * 0.3, half * 1.14), paint.steel, (start + long, y, 0), 0.001, gloss=0.9),
            ]
        if row.sleeve < 1:
            first = path[:2]
            grip.append(tube(first, (0.0062, row.wire * 0.92), paint.steel, 8, 0.9, flatness=0.9))
        if row.extra == "guards":
            collar = turned(
                [(0.4 * row.wire, -0.004), (1.5 * row.wire, -0.001), (1.5 * row.wire, 0.001), (0.4 * row.wire, 0.004)],
                paint.main,
                0.4,
            )
            grip += laid([collar], (places[1], path[1][1], 0))
        jaw = _jaw(row, (pivot, tip), side, half, paint)
        if row.gape:
            grip, jaw = (
                rotated(moved(some, (-pivot, 0, 0)), about("z", way * side * row.gape), (pivot, 0, 0))
                for some, way in ((grip, -1), (jaw, 1))
            )
        parts += [*grip, *jaw]
        parts.append(
            solid(
                "box",
                ((pivot - start) / 2 - 0.004, max(row.wire * 0.9, 0.0055), max(row.wire * 0.84, 0.0055)),
                (
                    (pivot + start) / 2 - 0.006,
                    side * (spread * float(np.mean(course[1:])) + open_by * (pivot - start) / 2),
                    0,
                ),
                about("z", -side * row.gape) if row.gape else IDENTITY,
            )
        )
    if row.spring:
        bow = [(pivot - 0.020, -spread * 0.6, 0.004), (pivot - 0.034, 0, 0.004), (pivot - 0.020, spread * 0.6, 0.004)]
        parts.append(tube(bow, 0.0016, paint.dark, 14))
    if row.extra == "bolts":  # a second joint behind the first
        parts.append(bar((0.016, spread * 0.8, half * 0.8), paint.steel, (pivot - 0.024, 0, 0), 0.003, gloss=0.9))
        for side in (-1, 1):
            bolt = (pivot - 0.026, side * spread * 0.48, 0)
            parts.append(painted("cylinder", (0.0055, half + 0.0012), shade(paint.steel, 0.6), bolt, gloss=0.9))
    wide = float(np.mean([y for x, y in row.outline if x > -0.1])) * 1.15 + row.hollow + open_by * row.jaw / 2
    return [
        *parts,
        painted("cylinder", (0.0115, half), paint.steel, (pivot - 0.002, 0, 0), gloss=0.9),
        painted("cylinder", (0.0050, half + 0.0014), shade(paint.steel, 0.6), (pivot - 0.002, 0, 0), gloss=0.9),
        solid("box", ((row.jaw + 0.014) / 2, max(wide, 0.006), half), (tip - (row.jaw + 0.014) / 2, 0, 0), density=2.0),
        solid("box", (0.014, spread * 0.7, half * 0.9), (pivot - 0.018, 0, 0), density=1.5),
    ]


def _jaw(row: Pliers, span: tuple[float, float], side: int, half: float, paint: Paint) -> list[Part]:
    """Return one jaw from the pivot to its tip, at +y (side 1) or -y (-1), and what it carries."""
    (pivot, tip), steel = span, shade(paint.steel, 0.9)
    reach = tip - pivot
    outline = [(pivot + x * reach, side * y) for x, y in row.outline]
    if row.bent or row.hollow:
        share, (places, widths) = np.linspace(-0.1, 1, 12), zip(*row.outline, strict=True)
        wide = np.interp(share, places, widths) / 2
        inside = np.clip(share, 0, 1)
        y = side * (wide + row.hollow * np.sin(np.pi * inside)) + row.bent * inside**2
        path = list(zip(pivot + share * reach, y, np.zeros(12), strict=True))
        parts = [tube(path, wide, steel, 20, 0.9)]
    else:
        if len(row.outline) < 8:
            outline.append((pivot, 0.0))
        parts = [plate(outline[::-side], half * 0.9, steel, 0.9)]
    dark = shade(paint.steel, 0.45)
    if row.extra == "holes":
        for along, r in ((0.30, 0.0026), (0.48, 0.0022), (0.64, 0.0018), (0.80, 0.0014)):
            parts.append(painted("cylinder", (r, half * 0.9 + 0.0006), dark, (pivot + along * reach, side * 0.0004, 0)))
    elif row.extra == "wheel" and side > 0:  # punches around a drum
        middle, r = (tip - 0.014, 0.0200, 0), 0.0145
        parts.append(painted("cylinder", (r, half * 0.8), paint.steel, middle, gloss=1.0))
        parts.append(painted("cylinder", (0.0040, half * 1.1), dark, middle, gloss=1.0))
        for k, a in enumerate(np.arange(6) * np.pi / 3 + np.pi / 6):
            way = np.array([np.cos(a), np.sin(a), 0.0])
            at = tuple(np.array(middle) + way * (r + 0.003))
            parts.append(painted("cylinder", (0.0016 + 0.0004 * k, 0.0045), steel, at, towards(way), 1.0))
    elif row.extra == "wheel":
        parts.append(bar((0.006, 0.004, half), (0.78, 0.62, 0.28, 1.0), (tip - 0.012, -0.004, 0), 0.001, gloss=1.0))
    elif row.extra == "poll" and side > 0:  # a hammer's face on one jaw, a spike on the other
        parts += [
            bar((0.0075, 0.010, half), steel, (tip - 0.010, 0.020, 0), 0.001, gloss=0.9),
            bar((0.0095, 0.004, half * 1.25), steel, (tip - 0.010, 0.029, 0), 0.001, gloss=0.9),
            solid("box", (0.0095, 0.011, half), (tip - 0.010, 0.021, 0)),
        ]
    elif row.extra == "poll":
        spike = [(tip - 0.010, -0.008, 0), (tip - 0.009, -0.022, 0), (tip - 0.002, -0.034, 0)]
        parts.append(tube(spike, (0.0065, 0.005, 0.0012), steel, 10, 0.9))
    return parts


class Flashlight(NamedTuple):
    """Outline from its end to the lamp: radius and place; what it has besides."""

    outline: tuple[tuple[float, float], ...]
    details: tuple[str, ...] = ("switch", "rings")
    sides: int = 28
    elbow: float = 0.0  # length of a head that looks upwards at its end
    neck: float = 0.0  # length of a bent neck with a small head
    pistol: float = 0.0  # length of a handle below the lamp


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


_LIGHT = (1.0, 0.97, 0.78, 1.0)


def _head(row: Flashlight, lamp: float, end: float, paint: Paint) -> list[Part]:
    """Return what sits before or beside the end of the body, which has this radius and place [m]."""
    parts: list[Part] = []
    if row.elbow:
        wide, high = lamp * 1.12, row.elbow
        shell = [(0, -lamp), (lamp * 0.96, -lamp), (lamp, -0.8 * lamp), (lamp, 0.5 * high), (wide, 0.6 * high)]
        lens = [(wide, high), (wide - 0.003, high), (wide - 0.003, high - 0.004)]
        parts += [
            *moved([turned([*shell, *lens], paint.main, 0.7)], (end, 0, 0)),
            painted("cylinder", (wide - 0.003, 0.001), _LIGHT, (end, 0, high - 0.003), gloss=1.0),
            solid("cylinder", (lamp, (high + lamp) / 2), (end, 0, (high - lamp) / 2)),
        ]
    if row.neck:
        long, r = row.neck, lamp * 0.85
        path = [
            (end - 0.004, 0, 0),
            (end + long * 0.4, 0, 0),
            (end + long * 0.75, long * 0.12, 0),
            (end + long, long * 0.5, 0),
        ]
        waves = [0.0042 if k % 2 else 0.0054 for k in range(60)]
        way = np.subtract(path[3], path[2])
        shell = [(0, 0), (r * 0.6, 0), (r, 0.010), (r, 0.030), (r - 0.003, 0.030), (r - 0.003, 0.028)]
        head = [
            turned(shell, paint.main, 0.7),
            painted("cylinder", (r - 0.003, 0.001), _LIGHT, (0, 0, 0.028), gloss=1.0),
        ]
        parts += [
            tube(path, waves, paint.dark, 60, 0.6),
            *rotated([*head, solid("cylinder", (r, 0.015), (0, 0, 0.015))], towards(way), path[3]),
            *(rod(a, b, 0.0055) for a, b in itertools.pairwise(path)),
        ]
    if row.pistol:
        x, y = end - 0.030, -(lamp * 0.8 + row.pistol)
        grip = [(x, -lamp * 0.4, 0), (x - 0.012, (y - lamp * 0.4) / 2, 0), (x - 0.030, y, 0)]
        parts += [
            tube(grip, (0.0125, 0.0130, 0.0125), paint.main, 14, 0.4),
            bar((0.004, 0.011, 0.005), paint.accent, (x + 0.004, (y - lamp) / 2 + 0.002, 0), 0.002),
            rod(grip[0], grip[2], 0.0125),
        ]
    if "cone" in row.details:  # a wand's shade
        long = 3.6 * lamp
        shell = [(lamp * 0.96, 0), (lamp * 0.9, long * 0.1), (lamp * 0.55, long * 0.92), (lamp * 0.3, long), (0, long)]
        parts += [*laid([turned(shell, (0.98, 0.72, 0.55, 1.0), 0.6)], (end, 0, 0))]
        parts.append(rod((end, 0, 0), (end + long, 0, 0), lamp * 0.75, "cylinder", 0.3))
    if "leds" in row.details:
        parts.append(
            painted("cylinder", (lamp - 0.004, 0.001), shade(paint.steel, 0.5), (end - 0.0022, 0, 0), ALONG_X, 1.0)
        )
        for k in range(9):
            out, a = (0.0, 0.0) if k == 8 else (lamp * 0.56, k * np.pi / 4)
            at = (end - 0.0010, out * np.cos(a), out * np.sin(a))
            parts.append(painted("sphere", (lamp * 0.15,), (1.0, 0.98, 0.9, 1.0), at, gloss=1.0))
    if "ears" in row.details:  # an animal around the lamp
        for side in (-1, 1):
            y, z = side * lamp * 0.72, lamp * 0.85
            parts += [
                blob((0.006, lamp * 0.36, lamp * 0.42), paint.main, (end - 0.010, y, z)),
                blob((0.002, lamp * 0.20, lamp * 0.24), paint.accent, (end - 0.0045, y, z)),
                painted("sphere", (0.0030,), paint.dark, (end + 0.0005, side * lamp * 0.34, lamp * 0.94)),
            ]
    return parts


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
    front = trim if row.elbow or row.neck else _LIGHT
    parts.append(painted("cylinder", (lamp - 0.003, 0.001), front, (top + shift - 0.003, 0, 0), ALONG_X, 1.0))
    parts += _head(row, lamp, top + shift, paint)
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
    return [*parts, *_trimmings(row, body, r, shift, paint)]


def _trimmings(row: Flashlight, body: float, r: float, shift: float, paint: Paint) -> list[Part]:
    """Return what is on the body, which ends at `body` and has this radius there [m]."""
    parts: list[Part] = []
    middle = shift + body * 0.5
    if "crank" in row.details:  # a dynamo
        x, z = shift + body * 0.42, r + 0.003
        parts += [
            painted("cylinder", (r * 0.8, 0.004), paint.dark, (x, 0, r - 0.001)),
            bar((0.020, 0.0045, 0.0022), paint.accent, (x - 0.016, 0, z + 0.003), 0.002),
            painted("cylinder", (0.0055, 0.006), paint.dark, (x - 0.032, 0, z + 0.009)),
            rod((x, 0, z), (x - 0.032, 0, z + 0.004), 0.006, density=0.3),
        ]
    if "strip" in row.details:  # a work light: a row of lamps along it
        parts += [
            bar((body * 0.38, r * 0.62, 0.0030), paint.dark, (middle, 0, r * 0.92), 0.002),
            bar(
                (body * 0.35, r * 0.46, 0.0030),
                (1.0, 0.98, 0.88, 1.0),
                (middle, 0, r * 0.92 + 0.0010),
                0.002,
                gloss=1.0,
            ),
        ]
        for x in np.linspace(-0.28, 0.28, 6) * body:
            parts.append(
                painted("box", (0.003, 0.003, 0.0006), (0.95, 0.85, 0.35, 1.0), (middle + x, 0, r * 0.92 + 0.004))
            )
    if "flutes" in row.details:
        for a in np.arange(14) * np.pi / 7:
            at = (middle, r * np.cos(a), r * np.sin(a))
            parts.append(painted("capsule", (r * 0.09, body * 0.34), shade(paint.main, 0.6), at, ALONG_X))
    if "lever" in row.details:  # pressed by the hand, it makes the current
        path = [(middle + body * 0.42, -r * 0.6, 0), (middle, -r - 0.009, 0), (middle - body * 0.44, -r - 0.013, 0)]
        parts += [tube(path, (0.006, 0.007, 0.006), paint.accent, 14), rod(path[0], path[2], 0.0065, density=0.3)]
    if "lanyard" in row.details:
        around = np.linspace(0, 2 * np.pi, 17)
        loop = [(shift + 0.002 - 0.024 * (1 - np.cos(t)), 0.013 * np.sin(t), 0) for t in around]
        parts.append(tube(loop, 0.0017, paint.dark, 40))
        parts.append(painted("sphere", (0.004,), paint.accent, (shift - 0.004, 0, 0)))
    if "armour" in row.details:  # rubber rings as thick as fingers
        for x in np.linspace(0.15, 0.85, 5) * body:
            parts += laid(
                [turned([(r, -0.005), (r + 0.003, -0.003), (r + 0.003, 0.003), (r, 0.005)], paint.dark)],
                (shift + x, 0, 0),
            )
    return parts
