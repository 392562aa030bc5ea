# SPDX-License-Identifier: Apache-2.0
"""Toy cars put together from a body, a cabin, wheels and details, a row a shape; front at +x."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, plate, rotated, tube, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.solids import ALONG_X, ALONG_Y, both, moved, painted, rod, solid

WOOD = (0.80, 0.64, 0.42, 1.0)


class Car(NamedTuple):
    """Half length, half width and height of the body; the cabin's outline at its foot and roof: x from, x to; its
    height; radius of the wheels and where they are; what it has on it."""

    half: tuple[float, float]
    body: float
    cabin: tuple[float, float, float, float]
    roof: float
    wheel: float
    axles: tuple[float, ...]
    details: tuple[str, ...] = ()
    rear: float = 0.0  # radius of the hindmost wheels, where it is another
    side: tuple[tuple[tuple[float, float], ...], ...] = ()  # outlines (x, z): body, window, screens


CARS = {
    "hatchback": Car((0.044, 0.0225), 0.016, (-0.042, 0.022, -0.034, 0.008), 0.015, 0.0110, (-0.027, 0.028)),
    "coupe": Car((0.053, 0.0225), 0.014, (-0.036, 0.016, -0.016, 0.002), 0.010, 0.0115, (-0.033, 0.033), ("spoiler",)),
    "limousine": Car((0.070, 0.0215), 0.015, (-0.052, 0.034, -0.044, 0.022), 0.012, 0.0105, (-0.048, 0.048)),
    "taxi": Car((0.050, 0.0225), 0.016, (-0.034, 0.024, -0.024, 0.010), 0.013, 0.0110, (-0.031, 0.031), ("sign",)),
    "fire_engine": Car(
        (0.058, 0.0225), 0.022, (0.026, 0.056, 0.028, 0.054), 0.014, 0.0115, (-0.034, 0.036), ("ladder", "lights")
    ),
    "ambulance": Car(
        (0.052, 0.0225), 0.016, (-0.050, 0.026, -0.050, 0.016), 0.022, 0.0110, (-0.032, 0.034), ("lights", "cross")
    ),
    "monster_truck": Car(
        (0.044, 0.0200), 0.014, (-0.012, 0.022, -0.006, 0.012), 0.012, 0.0185, (-0.029, 0.029), ("high",)
    ),
    "convertible": Car((0.051, 0.0225), 0.015, (0.0, 0.0, 0.0, 0.0), 0.0, 0.0115, (-0.032, 0.033), ("seats",)),
    "crane": Car(
        (0.050, 0.0215), 0.014, (0.020, 0.048, 0.022, 0.046), 0.016, 0.0115, (-0.034, -0.010, 0.034), ("boom",)
    ),
    "vintage": Car(
        (0.050, 0.0160), 0.015, (-0.034, 0.006, -0.032, 0.004), 0.022, 0.0130, (-0.032, 0.034), ("fenders", "lamps")
    ),
    "suv": Car(
        (0.050, 0.0235), 0.020, (-0.048, 0.018, -0.042, 0.010), 0.016, 0.0140, (-0.031, 0.032), ("rack", "spare")
    ),
}


def car(row: Car, paint: Paint) -> list[Part]:
    """A toy car standing on its wheels."""
    (a, b), tall = row.half, row.body
    if row.side:
        a = max(x for x, _ in row.side[0])
    lift = row.wheel * (1.5 if "high" in row.details else 0.62)
    floor, top = lift, lift + tall
    middle = (floor + top) / 2
    parts = [solid("box", (a, b, tall / 2), (0, 0, middle))]
    if row.side:
        parts += _cut_out(row, paint, floor)
    else:
        parts.insert(0, bar((a, b, tall / 2), paint.main, (0, 0, middle), min(0.006, tall * 0.4), gloss=0.9))
    x0, x1, x2, x3 = row.cabin
    if row.roof:
        parts += _cabin(row, paint, top)
        centre = (x0 + x1 + x2 + x3) / 4
        parts.append(
            solid(
                "box", ((x1 - x0 + x3 - x2) / 4, b * 0.82, row.roof / 2), (centre, 0, top + row.roof / 2), density=0.4
            )
        )
    if not row.side:
        parts.append(bar((a * 1.002, b * 0.9, 0.0022), paint.dark, (0, 0, floor + 0.003), 0.001))
    tyre, hub = (WOOD, paint.accent) if "wooden" in row.details else (paint.dark, paint.steel)
    for side in (-1, 1):
        parts.append(
            painted("sphere", (0.0038,), (1, 0.95, 0.7, 1), (a - 0.0015, side * b * 0.62, middle + 0.001), gloss=1.0)
        )
        parts.append(painted("box", (0.001, 0.004, 0.002), (0.8, 0.08, 0.08, 1), (-a, side * b * 0.66, middle + 0.001)))
        for x in row.axles:
            y = side * (b - 0.001 if "fenders" not in row.details else b + 0.004)
            y = side * (b + 0.003) if "high" in row.details else y
            y = side * (b + 0.0042) if row.side else y  # beside a slab, which has no room for them
            y = 0.0 if "trike" in row.details and x == row.axles[-1] else y
            wide = 0.0075 if "high" in row.details else 0.0048
            r = row.rear if row.rear and x == row.axles[0] else row.wheel
            parts.append(both("cylinder", (r, wide), tyre, (x, y, r), ALONG_Y, 0.15))
            parts.append(painted("cylinder", (r * 0.52, wide + 0.0004), hub, (x, y, r), ALONG_Y, 1.0))
            if "fenders" in row.details:
                arc = [
                    (x + 0.017 * np.cos(t), y, row.wheel + 0.017 * np.sin(t)) for t in np.linspace(0.3, np.pi - 0.3, 7)
                ]
                parts.append(tube(arc, 0.0050, shade(paint.main, 0.8), 12, 0.9, 0.4, (0, 1, 0)))
    roof = top + row.roof
    if "spoiler" in row.details:
        parts += [
            bar((0.006, b * 0.92, 0.0014), paint.accent, (-a + 0.006, 0, top + 0.010), 0.001),
            *[bar((0.003, 0.0014, 0.005), paint.accent, (-a + 0.007, y, top + 0.005), 0.001) for y in (-0.012, 0.012)],
        ]
    if "sign" in row.details:
        parts.append(bar((0.005, 0.010, 0.0035), paint.accent, (-0.006, 0, roof + 0.003), 0.001))
    if "lights" in row.details:
        x = (x2 + x3) / 2 if "ladder" in row.details else x3 - 0.008
        for y, tone in ((-0.010, (0.85, 0.15, 0.12, 1.0)), (0.010, (0.15, 0.35, 0.85, 1.0))):
            parts.append(bar((0.004, 0.006, 0.003), tone, (x, y, roof + 0.002), 0.001, gloss=0.9))
    if "cross" in row.details:
        for half in ((0.008, 0.0003, 0.0026), (0.0026, 0.0003, 0.008)):
            parts += [
                bar(half, paint.accent, (-0.022, side * (b * 0.83), top + row.roof * 0.5), 0.0002) for side in (-1, 1)
            ]
    if "ladder" in row.details:
        parts += [bar((0.044, 0.0016, 0.0014), paint.steel, (-0.014, y, top + 0.005), 0.001) for y in (-0.007, 0.007)]
        parts += [
            bar((0.0010, 0.007, 0.0010), paint.steel, (x, 0, top + 0.005), 0.0005)
            for x in np.linspace(-0.052, 0.024, 9)
        ]
        parts += [
            bar((0.014, b * 1.003, 0.006), shade(paint.steel, 0.8), (x, 0, middle), 0.0005) for x in (-0.036, -0.002)
        ]
        parts.append(solid("box", (0.040, 0.009, 0.003), (-0.016, 0, top + 0.003), density=0.2))
    if "seats" in row.details:
        parts += [
            bar((0.022, b * 0.78, 0.0008), paint.dark, (-0.014, 0, top), 0.0005),
            bar((0.0010, b * 0.80, 0.0055), GLASS, (0.014, 0, top + 0.005), 0.0005, about("y", -28)),
        ]
        parts += [
            bar((0.003, 0.006, 0.0055), paint.accent, (x, y, top + 0.004), 0.002, about("y", -12))
            for x in (-0.006, -0.028)
            for y in (-0.009, 0.009)
        ]
    if "boom" in row.details:
        parts += [
            bar((0.016, 0.0150, 0.008), paint.accent, (-0.020, 0, top + 0.008), 0.002),
            tube(
                [(-0.026, 0, top + 0.016), (0.062, 0, top + 0.030)], (0.0055, 0.0035), paint.main, 6, normal=(0, 1, 0)
            ),
            tube([(0.060, 0, top + 0.029), (0.060, 0, top + 0.014)], 0.0009, paint.dark, 4, normal=(0, 1, 0)),
        ]
        parts += [
            solid("box", (0.016, 0.015, 0.009), (-0.020, 0, top + 0.009), density=0.3),
            rod((-0.02, 0, top + 0.018), (0.060, 0, top + 0.030), 0.0048, density=0.2),
        ]
    if "lamps" in row.details:
        parts += [
            both("sphere", (0.0048,), (0.80, 0.62, 0.25, 1.0), (a + 0.001, y, top - 0.002), gloss=1.0, density=0.1)
            for y in (-0.011, 0.011)
        ]
    if "rack" in row.details:
        parts += [
            bar((0.024, 0.0012, 0.0012), paint.dark, (-0.016, y, roof + 0.003), 0.001) for y in (-0.014, 0.014)
        ] + [bar((0.0012, 0.014, 0.0012), paint.dark, (x, 0, roof + 0.003), 0.001) for x in (-0.034, -0.016, 0.002)]
    if "spare" in row.details:
        parts += [
            painted("cylinder", (0.0115, 0.0040), paint.dark, (-a - 0.003, 0, middle + 0.003), ALONG_X),
            painted("cylinder", (0.0055, 0.0044), paint.accent, (-a - 0.003, 0, middle + 0.003), ALONG_X),
        ]
    parts += _further(row, paint, top)
    return moved(parts, (0, 0, -roof / 2))


def _cut_out(row: Car, paint: Paint, floor: float) -> list[Part]:
    """Return a body that is cut out of a slab, with its window."""
    b, (body, window, *screens) = row.half[1], row.side
    (low, high), roof = (min(x for x, _ in window), max(x for x, _ in window)), max(z for _, z in body)
    made = [plate(body, b, paint.main, 0.9), plate(window, b * 1.012, GLASS, 1.0)]
    made += [plate(screen, b * 0.84, GLASS, 1.0) for screen in screens]
    return [
        *[replace(p, position=(0.0, 0.0, floor), quaternion=about("x", 90)) for p in made],
        solid("box", ((high - low) / 2, b, roof * 0.3), ((low + high) / 2, 0, floor + roof * 0.7), density=0.4),
    ]


def _further(row: Car, paint: Paint, top: float) -> list[Part]:
    """Return what stands on a body and beside it."""
    (a, b), tall, parts = row.half, row.body, []
    middle, high = top - tall / 2, row.roof * 1.8
    pale = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    if "woody" in row.details:
        parts.append(bar((a * 0.62, b * 1.006, tall * 0.34), WOOD, (-a * 0.34, 0, middle + 0.001), 0.0005))
        parts += [
            bar((0.0012, b * 1.012, tall * 0.38), shade(WOOD, 0.7), (x, 0, middle + 0.001), 0.0005)
            for x in np.linspace(-a * 0.94, a * 0.26, 6)
        ]
    if "doors" in row.details:
        parts += [
            bar((a * 0.30, b * 1.004, tall * 0.46), pale, (-a * 0.10, 0, middle), 0.001),
            bar((0.0006, b * 1.008, tall * 0.46), paint.dark, (-a * 0.10, 0, middle), 0.0003),
        ]
    if "engine" in row.details:
        parts += [
            bar((0.011, b * 0.52, 0.006), paint.steel, (a * 0.52, 0, top + 0.005), 0.002, gloss=1.0),
            bar((0.006, b * 0.34, 0.005), paint.accent, (a * 0.52, 0, top + 0.014), 0.002),
            solid("box", (0.011, b * 0.5, 0.009), (a * 0.52, 0, top + 0.009), density=0.3),
        ]
        for y in (-b * 0.72, b * 0.72):
            for x in (a * 0.40, a * 0.52, a * 0.64):
                path = [(x, y * 0.7, top + 0.006), (x - 0.004, y * 1.5, top + 0.003), (x - 0.022, y * 1.6, middle)]
                parts.append(tube(path, 0.0016, paint.steel, 10, 1.0))
    if "cage" in row.details:
        foot, crown = b * 0.88, b * 0.62
        parts += [
            tube(
                [(x, -foot, top - 0.002), (x, -crown, top + 0.024), (x, crown, top + 0.024), (x, foot, top - 0.002)],
                0.0018,
                paint.dark,
                22,
                normal=(1, 0, 0),
            )
            for x in (-0.026, 0.006)
        ]
        for y in (-crown * 0.8, crown * 0.8):
            path = [(-a, y, top - 0.002), (-0.026, y, top + 0.025), (0.006, y, top + 0.025), (0.030, y, top - 0.002)]
            parts.append(tube(path, 0.0017, paint.dark, 22, normal=(0, 1, 0)))
        parts.append(solid("box", (0.018, crown, 0.012), (-0.010, 0, top + 0.013), density=0.2))
    if "living" in row.details:
        parts += [
            bar((a * 0.66, b * 1.04, high / 2), paint.main, (-a * 0.34, 0, top + high / 2), 0.003),
            bar((a * 0.36, b * 1.04, high * 0.24), paint.main, (a * 0.46, 0, top + high * 0.76), 0.004),
            bar((a * 0.662, b * 1.046, 0.0016), paint.accent, (-a * 0.34, 0, top + high * 0.24), 0.0005),
            bar((a * 0.14, b * 1.05, high * 0.16), GLASS, (-a * 0.68, 0, top + high * 0.62), 0.001),
            bar((a * 0.17, b * 1.05, high * 0.16), GLASS, (-a * 0.10, 0, top + high * 0.62), 0.001),
            bar((a * 0.365, b * 0.60, high * 0.11), GLASS, (a * 0.46, 0, top + high * 0.76), 0.001),
            solid("box", (a * 0.66, b * 1.04, high / 2), (-a * 0.34, 0, top + high / 2), density=0.3),
            solid("box", (a * 0.36, b * 1.04, high * 0.24), (a * 0.46, 0, top + high * 0.76), density=0.2),
        ]
    if "cargo" in row.details:
        parts += [
            bar((a * 0.62, b * 1.08, high / 2), paint.main, (-a * 0.36, 0, top + high / 2 + 0.001), 0.001),
            bar((a * 0.40, b * 1.10, high * 0.22), pale, (-a * 0.36, 0, top + high * 0.54), 0.0005),
            solid("box", (a * 0.62, b * 1.08, high / 2), (-a * 0.36, 0, top + high / 2), density=0.3),
        ]
        parts += [
            bar((0.0008, b * 1.09, high * 0.47), shade(paint.main, 0.7), (x, 0, top + high / 2), 0.0004)
            for x in (-a * 0.96, a * 0.24)
        ]
    if "drum" in row.details:
        drum = [(0.0, -0.030), (0.012, -0.029), (0.0195, -0.010), (0.0195, 0.004), (0.008, 0.030), (0.0, 0.030)]
        rings = [
            [(0.0190, -0.013), (0.0203, -0.010), (0.0200, -0.007)],
            [(0.0199, 0.002), (0.0203, 0.004), (0.018, 0.008)],
        ]
        parts += rotated(
            [turned(drum, paint.main, 0.6), *[turned(ring, pale, 0.6) for ring in rings]],
            about("y", -68),
            (-0.018, 0, top + 0.022),
        )
        parts += [
            bar((0.0020, b * 0.80, 0.007), paint.dark, (-a * 0.92, 0, top + 0.007), 0.001),
            bar((0.008, b * 0.40, 0.0016), paint.steel, (-a * 1.0, 0, top + 0.020), 0.001, about("y", -40)),
            rod((-0.032, 0, top + 0.026), (-0.004, 0, top + 0.018), 0.0170, density=0.3),
        ]
    if "canopy" in row.details:
        parts += [
            bar((a * 0.80, b * 1.02, 0.0030), paint.main, (-a * 0.10, 0, top + 0.030), 0.0025),
            bar((0.0010, b * 0.84, 0.010), GLASS, (a * 0.56, 0, top + 0.014), 0.0005, about("y", -14)),
            bar((a * 0.22, b * 0.80, 0.0035), paint.dark, (-a * 0.46, 0, top + 0.003), 0.002),
            bar((0.0025, b * 0.80, 0.009), paint.dark, (-a * 0.70, 0, top + 0.010), 0.002),
            solid("box", (a * 0.80, b, 0.0165), (-a * 0.10, 0, top + 0.0165), density=0.1),
        ]
        parts += [
            tube([(x, y, top), (x * 0.88, y, top + 0.029)], 0.0014, paint.dark, 4, normal=(0, 1, 0))
            for x in (-a * 0.86, a * 0.66)
            for y in (-b * 0.86, b * 0.86)
        ]
    return parts


def _cabin(row: Car, paint: Paint, top: float) -> list[Part]:
    """Return a cabin with slanting screens, and its windows."""
    b, high, (x0, x1, x2, x3) = row.half[1] * 0.86, row.roof, row.cabin
    side = [(x0, 0.0), (x1, 0.0), (x3, high * 0.88), (x3 - 0.003, high), (x2 + 0.003, high), (x2, high * 0.88)]
    body = plate(side, b, paint.main, 0.9)
    glass = [(x0 + 0.005, high * 0.22), (x1 - 0.006, high * 0.22), (x3 - 0.003, high * 0.80), (x2 + 0.003, high * 0.80)]
    panes = plate(glass, b * 1.012, GLASS, 1.0)
    screen = plate(
        [(x0 - 0.0004, high * 0.2), (x1 + 0.0004, high * 0.2), (x3 + 0.0006, high * 0.80), (x2 - 0.0006, high * 0.80)],
        b * 0.84,
        GLASS,
        1.0,
    )
    made = [
        Part("mesh", (), (0, 0, top), about("x", 90), p.rgba, None, p.mesh, False, gloss=p.gloss)
        for p in (body, panes, screen)
    ]
    if x1 - x0 > 0.05:
        made.append(bar((0.0020, b * 1.014, high * 0.42), paint.main, ((x0 + x1) / 2, 0, top + high * 0.5), 0.0008))
    return made
