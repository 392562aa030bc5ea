# SPDX-License-Identifier: Apache-2.0
"""Bottles and jars from rows of proportions and details; all stand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import band, handle, radius_at, ribs
from vla_ros.objects.recipes.forms import (
    Profile,
    about,
    bar,
    blob,
    ring,
    rotated,
    stack,
    tube,
    turned,
)
from vla_ros.objects.shapes import lathe, smooth, transformed
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid, towards


class Bottle(NamedTuple):
    """Outline from foot to mouth as (radius, height), its cap and label; how flat it is along y."""

    outline: tuple[tuple[float, float], ...]
    cap: str = "screw"
    label: str = "paper"
    flat: float = 1.0
    angular: bool = False  # straight between the points of its outline
    sides: int = 28
    figure: str | None = None  # what it is shaped as: bear


BOTTLES = {
    "beer": Bottle(((0.029, 0), (0.030, 0.050), (0.029, 0.095), (0.0135, 0.135), (0.0125, 0.175)), "crown"),
    "cola": Bottle(
        ((0.027, 0), (0.030, 0.030), (0.025, 0.070), (0.031, 0.105), (0.013, 0.165), (0.0125, 0.180)), "screw", "band"
    ),
    "straight": Bottle(((0.025, 0), (0.025, 0.110), (0.013, 0.124), (0.012, 0.134)), "screw", "paper", 1.0, True),
    "dropper": Bottle(((0.019, 0), (0.0195, 0.048), (0.010, 0.060), (0.009, 0.066)), "dropper", "paper", 1.0, True),
    "shampoo": Bottle(
        ((0.032, 0), (0.035, 0.040), (0.031, 0.110), (0.016, 0.140), (0.014, 0.146)), "flip", "paper", 0.62
    ),
    "perfume": Bottle(
        ((0.030, 0), (0.032, 0.012), (0.032, 0.045), (0.010, 0.056), (0.009, 0.062)), "knob", "none", 0.55, True
    ),
    "ketchup": Bottle(
        ((0.026, 0), (0.029, 0.020), (0.027, 0.090), (0.013, 0.140), (0.012, 0.150)), "nozzle", "paper", 0.75
    ),
    "champagne": Bottle(((0.030, 0), (0.031, 0.060), (0.029, 0.090), (0.015, 0.150), (0.0135, 0.200)), "cork", "paper"),
    "jug": Bottle(
        ((0.030, 0), (0.035, 0.010), (0.035, 0.090), (0.018, 0.125), (0.016, 0.140)), "screw", "grip", 1.0, True
    ),
    "flagon": Bottle(((0.030, 0), (0.036, 0.030), (0.034, 0.068), (0.014, 0.096), (0.012, 0.112)), "cork", "ear"),
    "hexagonal": Bottle(((0.031, 0), (0.031, 0.100), (0.015, 0.130), (0.013, 0.150)), "screw", "band", 1.0, True, 6),
}


def bottle(row: Bottle, paint: Paint) -> list[Part]:
    """A closed bottle."""
    top, neck = row.outline[-1][1], row.outline[-1][0]
    outline: Profile = row.outline if row.angular else smooth(row.outline, 26)
    foot = row.outline[0][0]
    body = lathe([(0, 0), (foot - 0.003, 0), *outline, (0, top)], row.sides)
    parts = [skin(transformed(body, (1, row.flat, 1)), paint.main, gloss=0.8)]
    lid = paint.accent if paint.style != 1 or paint.color == "white" else paint.pale
    widest = max(z for r, z in row.outline if r >= 0.97 * max(r for r, _ in row.outline))
    half, middle = 0.17 * top, min(0.62 * widest, 0.36 * top) if len(row.outline) < 6 else 0.30 * top
    low, high = max(middle - half, 0.006), middle + half
    if row.label == "paper":
        color = paint.pale if paint.style < 2 and paint.color != "white" else paint.accent
        for share, tone, out in ((1.0, color, 0.0009), (0.25, shade(paint.main, 0.8), 0.0014)):
            a, b = middle - (middle - low) * share, middle + (high - middle) * share
            label = band(outline, a, b, tone, out, row.sides)
            if label.mesh is not None:
                parts.append(skin(transformed(label.mesh, (1, row.flat * 1.002, 1)), tone, gloss=0.4))
    elif row.label == "band":
        parts += [
            band(outline, low, low + 0.006, lid, 0.0009, row.sides),
            band(outline, high, high + 0.004, lid, 0.0009, row.sides),
        ]
    elif row.label in ("grip", "ear"):
        start, end = (0.86, 0.45) if row.label == "grip" else (0.90, 0.52)
        parts += handle(
            outline, "square" if row.label == "grip" else "ear", start * top, end * top, 0.012, 0.0055, paint.main
        )
    elif row.label == "basket":  # of cane, with two loops at its shoulder
        parts += ribs(outline, np.linspace(0.03, 0.97, 9) * widest, paint.wood, 0.055 * widest)
        for side in (1, -1):
            parts += handle(outline, "ear", widest + 0.008, 0.7 * widest, 0.008, 0.0032, paint.wood, side)
    elif row.label == "ribs":
        parts += ribs(outline, np.linspace(0.08, 0.62, 9) * top, paint.main, 0.016 * top)
        parts.append(band(outline, 0.40 * top, 0.56 * top, lid, 0.0020, row.sides))
    if row.figure == "bear":
        parts += _bear(outline, 0.83 * top, paint)
    if row.flat == 1.0:
        cuts = [0.0, widest, (widest + top) / 2, top] if widest < 0.8 * top else [0.0, top]
        if len(row.outline) > 5:
            cuts = [0.0, 0.25 * top, 0.45 * top, 0.7 * top, top]
        parts += stack(outline, cuts, share=1.0)
    else:
        for a, b in ((0.0, 0.72 * top), (0.72 * top, top)):
            r = float(np.mean([radius_at(outline, z) for z in np.linspace(a, b, 9)]))
            parts.append(solid("box", (r * 0.94, r * 0.94 * row.flat, (b - a) / 2), (0, 0, (a + b) / 2)))
    parts += _cap(row.cap, neck, top, lid, paint)
    return rotated(parts, (0, 0, 0, 1), (0, 0, -top / 2))


def _bear(outline: Profile, z: float, paint: Paint) -> list[Part]:
    """Return a bear's face at −y of a head at this height [m], its ears and its paws."""
    r, belly = radius_at(outline, z), radius_at(outline, 0.45 * z)
    parts = [painted("ellipsoid", (0.34 * r, 0.30 * r, 0.28 * r), shade(paint.main, 1.35), (0, -r, z - 0.12 * r))]
    parts.append(painted("sphere", (0.13 * r,), paint.dark, (0, -1.28 * r, z)))
    for side in (-1, 1):
        parts += [
            painted("sphere", (0.36 * r,), paint.main, (side * 0.78 * r, 0, z + 0.70 * r), gloss=0.8),
            painted("sphere", (0.11 * r,), paint.dark, (side * 0.36 * r, -0.92 * r, z + 0.26 * r)),
            blob((0.30 * r, 0.30 * r, 0.62 * r), paint.main, (side * 0.84 * belly, -0.55 * belly, 0.52 * z), 0.8),
            blob((0.40 * r, 0.45 * r, 0.36 * r), paint.main, (side * 0.55 * belly, -0.85 * belly, 0.36 * r), 0.8),
        ]
    return parts


def _cap(kind: str, neck: float, top: float, lid: Rgba, paint: Paint) -> list[Part]:
    """Return what closes a bottle with a neck of this radius and height [m]."""
    r = neck + 0.0025
    profiles = {
        "screw": [(r, -0.006), (r, 0.013), (r - 0.002, 0.015), (0, 0.015)],
        "crown": [(r + 0.001, -0.006), (r + 0.0015, -0.001), (r - 0.002, 0.003), (0, 0.003)],
        "cork": [
            (neck - 0.001, -0.003),
            (neck + 0.001, 0.004),
            (neck + 0.002, 0.016),
            (neck - 0.003, 0.020),
            (0, 0.020),
        ],
        "flip": [(r + 0.005, -0.010), (r + 0.005, 0.014), (r + 0.002, 0.017), (0, 0.017)],
        "knob": [
            (r, -0.002),
            (r, 0.004),
            (r - 0.002, 0.006),
            (0.011, 0.012),
            (0.011, 0.026),
            (0.008, 0.028),
            (0, 0.028),
        ],
        "nozzle": [(r + 0.004, -0.008), (r + 0.003, 0.008), (0.006, 0.014), (0.003, 0.040), (0, 0.040)],
        "dropper": [(r, -0.006), (r, 0.008), (0.0065, 0.009), (0.0070, 0.024), (0.004, 0.032), (0, 0.033)],
        "teat": [(r + 0.005, -0.012), (r + 0.005, 0.003), (r + 0.001, 0.006), (0, 0.006)],
        "swing": [(neck - 0.001, -0.002), (neck + 0.003, 0.003), (neck + 0.001, 0.009), (0, 0.012)],
        "stopper": [(neck - 0.001, -0.003), (neck + 0.002, 0.003), (0.005, 0.006), (0.005, 0.012)],
        "brush": [(r + 0.001, -0.004), (r, 0.030), (r - 0.002, 0.037), (0, 0.038)],
        "beaker": [(r + 0.006, -0.016), (r + 0.006, 0.022), (r + 0.003, 0.027), (0, 0.027)],
        "spouts": [(r + 0.003, -0.006), (r + 0.003, 0.008), (r - 0.001, 0.015), (0, 0.016)],
        "swan": [(r + 0.001, -0.008), (r + 0.001, 0.009), (0.006, 0.012), (0.005, 0.018), (0, 0.018)],
        "carry": [(r + 0.003, -0.010), (r + 0.003, 0.014), (r, 0.017), (0, 0.017)],
        "bent": [(r + 0.001, -0.006), (r + 0.001, 0.003), (0, 0.003)],
    }
    profile = [(radius, top + z) for radius, z in profiles[kind]]
    tones = {"cork": paint.wood, "crown": paint.steel, "dropper": paint.dark, "swing": paint.pale, "bent": paint.main}
    color = tones.get(kind, lid)
    high = profile[-1][1]
    wide = float(np.mean([radius for radius, _ in profile[:-1]]))
    return [
        turned(profile, color, 0.5),
        solid("cylinder", (wide, (high - top + 0.004) / 2), (0, 0, (high + top - 0.004) / 2), density=0.4),
        *_topped(kind, neck, top, color, lid, paint),
    ]


def _topped(kind: str, neck: float, top: float, color: Rgba, lid: Rgba, paint: Paint) -> list[Part]:
    """Return what a cap of this kind has besides a turned body."""
    r, across = neck + 0.0025, (0.0, 1.0, 0.0)
    if kind == "teat":
        rubber = [(0.95 * r, 0.005), (0.86 * r, 0.012), (0.0062, 0.021), (0.0058, 0.031), (0.003, 0.035), (0, 0.0355)]
        tip = solid("cylinder", (0.006, 0.008), (0, 0, top + 0.027), density=0.3)
        return [turned([(x, top + z) for x, z in rubber], (0.90, 0.78, 0.58, 1.0), 0.6), tip]
    if kind == "swing":  # of wire, hinged at the neck
        wire = [(r, 0, top - 0.022), (r + 0.005, 0, top - 0.006), (0.6 * r, 0, top + 0.013), (0, 0, top + 0.014)]
        return [
            tube([(side * x, y, z) for x, y, z in wire], 0.0013, paint.steel, 14, 1.0, normal=across)
            for side in (-1, 1)
        ] + rotated(
            [ring(r, 0.0015, paint.steel), ring(r - 0.001, 0.0015, paint.accent)], (0, 0, 0, 1), (0, 0, top - 0.001)
        )
    if kind == "stopper":
        ball = (0.0155,), (0, 0, top + 0.023)
        return [painted("sphere", ball[0], color, ball[1], gloss=0.9), solid("sphere", *ball, density=0.4)]
    if kind == "beaker":  # a cup to drink from
        side: Profile = [(r + 0.006, top - 0.016), (r + 0.006, top + 0.022)]
        return handle(side, "ear", top + 0.016, top - 0.010, 0.014, 0.0040, color)
    if kind == "spouts":
        return [
            tube([(side * 0.5 * r, 0, top + 0.010), (side * (r + 0.009), 0, top + 0.017)], (0.0050, 0.0032), color, 6)
            for side in (-1, 1)
        ]
    if kind == "swan":
        neck_of = [(0, 0, top + 0.014), (0, 0, top + 0.038), (0.012, 0, top + 0.054), (0.036, 0, top + 0.044)]
        held = rod((0, 0, top + 0.016), (0, 0, top + 0.040), 0.004, density=0.2)
        return [tube(neck_of, (0.0034, 0.0030, 0.0020), color, 20, normal=across), held]
    if kind == "carry":
        strap = [
            (-r - 0.002, 0, top + 0.010),
            (-0.8 * r, 0, top + 0.034),
            (0.8 * r, 0, top + 0.034),
            (r + 0.002, 0, top + 0.010),
        ]
        held = rod((-0.6 * r, 0, top + 0.034), (0.6 * r, 0, top + 0.034), 0.003, density=0.2)
        return [tube(strap, 0.0030, paint.dark, 20, flatness=2.0, normal=across), held]
    if kind == "bent":  # to squirt under a rim
        way = [(0, 0, top - 0.004), (0.002, 0, top + 0.016), (0.014, 0, top + 0.030), (0.030, 0, top + 0.036)]
        end, turn = (0.035, 0, top + 0.0375), towards((0.95, 0, 0.30))
        return [
            tube(way, (0.95 * neck, 0.85 * neck, 0.75 * neck), paint.main, 16, 0.8, normal=across),
            painted("cylinder", (0.85 * neck, 0.0090), lid, end, turn, 0.5),
            rod((0.006, 0, top + 0.016), end, 0.75 * neck, density=0.3),
        ]
    return []


class Jar(NamedTuple):
    """Outline from foot to mouth as (radius, height), its lid and what else it has."""

    outline: tuple[tuple[float, float], ...]
    lid: str = "screw"
    details: tuple[str, ...] = ("label",)
    angular: bool = False
    sides: int = 28
    stem: float = 0.0  # height of a stem below it [m]


JARS = {
    "pickle": Jar(((0.034, 0), (0.036, 0.030), (0.036, 0.075), (0.030, 0.090), (0.028, 0.094))),
    "clip": Jar(((0.032, 0), (0.0335, 0.004), (0.0335, 0.066), (0.030, 0.074)), "clip", (), True),
    "apothecary": Jar(((0.026, 0), (0.028, 0.050), (0.028, 0.070), (0.020, 0.082)), "ball", ("label",)),
    "beehive": Jar(((0.028, 0), (0.036, 0.022), (0.034, 0.045), (0.022, 0.062)), "ball", ("ribs",)),
    "cork": Jar(((0.027, 0), (0.029, 0.004), (0.029, 0.066), (0.023, 0.076)), "cork", ("label",), True),
    "cloth": Jar(((0.030, 0), (0.033, 0.012), (0.033, 0.056), (0.028, 0.066)), "cloth"),
    "squat": Jar(((0.034, 0), (0.037, 0.012), (0.036, 0.030), (0.032, 0.038)), "screw", ("ribs",)),
    "square": Jar(((0.033, 0), (0.036, 0.006), (0.036, 0.060), (0.026, 0.074)), "screw", ("label",), True, 4),
    "urn": Jar(((0.020, 0), (0.022, 0.012), (0.036, 0.045), (0.034, 0.062), (0.023, 0.074)), "dome", ("bands",)),
    "tall": Jar(((0.025, 0), (0.0265, 0.004), (0.0265, 0.105), (0.023, 0.112)), "dome", ("bands",), True),
    "octagonal": Jar(((0.030, 0), (0.0325, 0.004), (0.0325, 0.046), (0.025, 0.056)), "screw", ("bands",), True, 8),
}


def jar(row: Jar, paint: Paint) -> list[Part]:
    """A jar with a lid."""
    (mouth, top), foot = row.outline[-1], row.outline[0][0]
    outline: Profile = row.outline if row.angular else smooth(row.outline, 22)
    turn = about("z", 45) if row.sides == 4 else (0.0, 0.0, 0.0, 1.0)
    end = [(0, top)] if row.lid != "open" else [(mouth - 0.003, top), (mouth - 0.004, 0.3 * top), (0, 0.3 * top)]
    parts = [
        skin(lathe([(0, 0), (foot - 0.002, 0), *outline, *end], row.sides), paint.main, None, (0, 0, 0), turn, 0.9)
    ]
    flat = {4: 0.74, 6: 0.9, 8: 0.95}.get(row.sides, 1.0)
    if "label" in row.details:
        color, square = paint.pale if paint.color != "white" else paint.accent, row.sides == 4
        a = radius_at(outline, top * 0.45)
        if square:
            parts.append(bar((a * 0.712, a * 0.5, top * 0.18), color, (0, 0, top * 0.42), 0.001))
        else:
            parts += [
                band(outline, top * 0.25, top * 0.62, color, 0.0008, row.sides),
                band(outline, top * 0.38, top * 0.48, paint.main, 0.0013, row.sides),
            ]
    if "ribs" in row.details:
        parts += ribs(outline, np.linspace(0.12, 0.85, 6) * top, paint.main, 0.004)
    if "bands" in row.details:
        parts += [band(outline, z * top, z * top + 0.005, paint.accent, 0.0009, row.sides) for z in (0.15, 0.72)]
    if "layers" in row.details:  # of sweets or sand
        for k, tone in enumerate((paint.accent, paint.pale, paint.wood)):
            parts.append(band(outline, (0.12 + 0.26 * k) * top, (0.25 + 0.26 * k) * top, tone, 0.0006, row.sides))
    if "handles" in row.details:
        for side in (1, -1):
            parts += handle(outline, "ear", 0.86 * top, 0.55 * top, 0.014, 0.0045, paint.main, side)
    if "tap" in row.details:
        r, z = radius_at(outline, 0.15 * top), 0.15 * top
        parts += [
            painted("cylinder", (0.0062, 0.003), paint.steel, (r, 0, z), ALONG_X, 1.0),
            painted("cylinder", (0.0042, 0.010), paint.dark, (r + 0.010, 0, z), ALONG_X),
            painted("cylinder", (0.0038, 0.008), paint.dark, (r + 0.016, 0, z - 0.005)),
            bar((0.0022, 0.0100, 0.0030), paint.accent, (r + 0.013, 0, z + 0.007), 0.001),
            rod((r, 0, z), (r + 0.016, 0, z), 0.0055, density=0.3),
        ]
    if row.stem:
        low, wide = -row.stem, 0.8 * max(r for r, _ in outline)
        stem = [(0, low), (wide, low), (wide, low + 0.003), (0.009, low + 0.009), (0.008, -0.008), (foot, 0.003)]
        parts += [
            turned(stem, paint.main, 0.9),
            solid("cylinder", (wide, 0.002), (0, 0, low + 0.002), density=2.0),
            solid("cylinder", (0.009, row.stem / 2), (0, 0, low / 2)),
        ]
    parts += stack(outline, (0.0, top * 0.35, top * 0.7, top) if not row.angular else (0.0, top), share=flat)
    cover = paint.accent if paint.style else paint.steel
    r = mouth + 0.0025
    profile = {
        "screw": [(r, -0.003), (r, 0.012), (r - 0.002, 0.014), (0, 0.014)],
        "clip": [(r + 0.002, 0.0), (r + 0.002, 0.005), (r - 0.004, 0.011), (0, 0.012)],
        "ball": [(r, -0.001), (r, 0.003), (r * 0.6, 0.008), (0.004, 0.010), (0.004, 0.014)],
        "cork": [(mouth - 0.003, -0.002), (mouth - 0.001, 0.010), (mouth - 0.003, 0.013), (0, 0.013)],
        "cloth": [(r + 0.007, -0.014), (r + 0.001, -0.004), (r + 0.001, 0.003), (r - 0.006, 0.008), (0, 0.009)],
        "dome": [(r, -0.002), (r, 0.004), (r * 0.8, 0.013), (0.006, 0.019), (0.006, 0.026), (0, 0.027)],
        "dipper": [(r, -0.003), (r, 0.004), (r * 0.7, 0.009), (r * 0.3, 0.011), (0, 0.0115)],
        "spoon": [(r, -0.002), (r, 0.004), (r * 0.8, 0.012), (r * 0.4, 0.017), (0, 0.018)],
        "head": [(r, -0.003), (r, 0.003), (r * 0.9, 0.006), (0, 0.006)],
        "sphere": [(mouth - 0.002, -0.002), (mouth - 0.001, 0.003), (mouth * 0.8, 0.006), (0, 0.006)],
        "open": [(mouth, -0.004), (mouth + 0.004, -0.001), (mouth + 0.003, 0.003), (mouth - 0.003, 0.002)],
        "saucer": [
            (r + 0.004, -0.003),
            (r + 0.006, 0.003),
            (r * 0.6, 0.009),
            (r * 0.3, 0.010),
            (r * 0.32, 0.017),
            (0, 0.017),
        ],
        "tub": [(r + 0.001, -0.004), (r + 0.001, 0.024), (r - 0.001, 0.027), (0, 0.027)],
        "shaker": [(r, -0.006), (r, 0.010), (r * 0.92, 0.017), (r * 0.6, 0.022), (0, 0.024)],
        "foil": [(r - 0.001, -0.007), (r + 0.0005, -0.003), (r - 0.002, 0.001), (0, 0.0015)],
    }[row.lid]
    profile = [(radius, top + z) for radius, z in profile]
    color = {
        "cork": paint.wood,
        "sphere": paint.wood,
        "clip": paint.steel,
        "shaker": paint.steel,
        "foil": paint.steel,
        "cloth": paint.accent,
        "dipper": paint.main,
        "head": paint.main,
        "open": paint.main,
        "saucer": paint.main,
    }.get(row.lid, cover)
    parts.append(turned(profile, color, 0.1 if row.lid == "cloth" else 0.7))
    tall = profile[-1][1] - top
    parts.append(
        solid(
            "cylinder",
            (r if row.lid != "cork" else mouth, min(tall, 0.014) / 2),
            (0, 0, top + min(tall, 0.014) / 2),
            density=0.5,
        )
    )
    if row.lid == "ball":
        parts += [
            painted("sphere", (0.009,), color, (0, 0, top + 0.020)),
            solid("sphere", (0.009,), (0, 0, top + 0.020), density=0.4),
        ]
    elif row.lid == "dome":
        parts.append(solid("cylinder", (0.008, 0.007), (0, 0, top + 0.020), density=0.3))
    elif row.lid == "clip":  # a wire that holds the lid down
        for side in (-1, 1):
            wire = [
                (side * (r + 0.001), -0.010, top - 0.004),
                (side * (r + 0.004), 0, top + 0.006),
                (side * (r + 0.001), 0.012, top - 0.018),
            ]
            parts.append(tube(wire, 0.0014, paint.dark, 10, normal=(1, 0, 0)))
        parts += rotated([ring(r + 0.001, 0.0016, paint.accent)], (0, 0, 0, 1), (0, 0, top - 0.001))
    elif row.lid == "dipper":  # of wood, in a notch of the lid
        stick = [(0.008, 0, top + 0.006), (0.026, 0, top + 0.062)]
        parts += [
            tube(stick, (0.0028, 0.0026), paint.wood, 6),
            painted("sphere", (0.0055,), paint.wood, stick[1]),
            painted("cylinder", (0.0060, 0.001), paint.dark, (0.009, 0, top + 0.0105)),
            rod(stick[0], stick[1], 0.004, density=0.2),
        ]
    elif row.lid == "spoon":
        handle_of = [(0.7 * r, 0, top), (r + 0.006, 0, top + 0.008), (r + 0.034, 0, top + 0.032)]
        parts += [
            tube(handle_of, (0.0020, 0.0022, 0.0042), paint.steel, 12, 1.0, 0.5, (0, 1, 0)),
            painted("sphere", (0.0075,), color, (0, 0, top + 0.023), gloss=0.7),
            solid("sphere", (0.0075,), (0, 0, top + 0.023), density=0.3),
            rod(handle_of[1], handle_of[2], 0.0025, density=0.2),
        ]
    elif row.lid == "sphere":
        parts += [
            painted("sphere", (0.85 * mouth,), color, (0, 0, top + 0.55 * mouth)),
            solid("sphere", (0.82 * mouth,), (0, 0, top + 0.55 * mouth), density=0.3),
        ]
    elif row.lid == "head":  # a cat's
        parts += _head(1.05 * r, top + 0.006 + 0.6 * r, paint)
    elif row.lid == "tub":
        for k in range(26):
            angle = 2 * np.pi * k / 26
            place = ((r + 0.001) * np.cos(angle), (r + 0.001) * np.sin(angle), top + 0.011)
            parts.append(painted("cylinder", (0.0011, 0.011), shade(color, 0.8), place))
        parts.append(solid("cylinder", (r, 0.006), (0, 0, top + 0.020), density=0.3))
    elif row.lid == "shaker":
        for share, count in ((0.0, 1), (0.30, 6), (0.56, 10)):
            for k in range(count):
                angle, z = 2 * np.pi * k / count, top + 0.024 - 0.0035 * share / 0.56 + 0.0002
                place = (share * r * np.cos(angle), share * r * np.sin(angle), z)
                parts.append(painted("sphere", (0.0017,), paint.dark, place))
    elif row.lid == "cloth":
        parts += rotated([ring(r + 0.0015, 0.0014, paint.dark)], (0, 0, 0, 1), (0, 0, top - 0.003))
    return rotated(parts, (0, 0, 0, 1), (0, 0, -top / 2))


def _head(r: float, z: float, paint: Paint) -> list[Part]:
    """Return a cat's head about this height [m], its face at −y."""
    parts = [blob((r, 0.92 * r, 0.72 * r), paint.main, (0, 0, z), 0.8), solid("sphere", (0.78 * r,), (0, 0, z))]
    parts.append(painted("ellipsoid", (0.10 * r, 0.05 * r, 0.07 * r), paint.accent, (0, -0.92 * r, z)))
    for side in (-1, 1):
        ear = [(0.34 * r, -0.2 * r), (0.26 * r, 0.16 * r), (0.10 * r, 0.42 * r), (0, 0.48 * r)]
        parts += rotated([turned(ear, paint.main, 0.8)], about("y", 18 * side), (side * 0.58 * r, 0, z + 0.52 * r))
        parts.append(
            painted("ellipsoid", (0.10 * r, 0.05 * r, 0.13 * r), paint.dark, (side * 0.38 * r, -0.83 * r, z + 0.16 * r))
        )
        for tilt in (-10, 8):
            place, turn = (side * 0.46 * r, -0.83 * r, z - (0.06 + 0.006 * tilt) * r), about("y", side * tilt)
            parts.append(painted("box", (0.20 * r, 0.02 * r, 0.012 * r), paint.dark, place, turn))
    return parts
