# SPDX-License-Identifier: Apache-2.0
"""Hammers, screwdrivers, wrenches; all lie along x."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import handtools
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sweep
from vla_ros.objects.solids import ALONG_X, ALONG_Y, both, painted, rod, skin, solid


def hammer(shape: str, paint: Paint) -> list[Part]:
    """A hammer lying down: handle along x, head across it at +x."""
    if shape in handtools.HAMMERS:
        return handtools.hammer(shape, paint)
    length, grip = {"claw": (0.235, 0.0135), "mallet": (0.220, 0.0125), "sledge": (0.200, 0.0130)}[shape]
    start, head = -length / 2, length / 2 - 0.015
    if shape == "mallet":  # a big coloured head on a wooden handle
        half, radius = 0.044, 0.0240
        return [
            skin(
                lathe(
                    [
                        (0, -half),
                        (radius - 0.003, -half),
                        (radius, -half + 0.003),
                        (radius, half - 0.003),
                        (radius - 0.003, half),
                        (0, half),
                    ]
                ),
                paint.main,
                position=(head, 0, 0),
                quaternion=ALONG_Y,
            ),
            skin(
                lathe([(radius + 0.0006, -0.006), (radius + 0.0006, 0.006)]),
                shade(paint.main, 0.6),
                position=(head, 0, 0),
                quaternion=ALONG_Y,
            ),
            both("capsule", (grip, (head - start) / 2 - grip), paint.wood, ((head + start) / 2, 0, 0), ALONG_X),
            solid("cylinder", (radius, half), (head, 0, 0), ALONG_Y, density=0.6),
        ]
    x = np.linspace(start, head, 12)
    radii = grip * np.interp(np.linspace(0, 1, 12), [0, 0.06, 0.35, 0.55, 1], [0.85, 1.1, 1.0, 0.78, 0.75])
    split = 8 if shape == "claw" else 12
    parts = [skin(sweep([(v, 0, 0) for v in x[:split]], radii[:split], 14, 0.85), paint.main)]
    if split < 12:
        parts.append(
            skin(sweep([(v, 0, 0) for v in x[split - 1 :]], radii[split - 1 :], 12, 0.8), paint.steel, gloss=0.9)
        )
    for v in x[1:5:2]:
        parts.append(
            skin(
                sweep([(v, 0, 0), (v + 0.004, 0, 0)], [grip * 1.06] * 2, 14, 0.88),
                paint.accent if paint.style else paint.dark,
            )
        )
    if shape == "claw":
        parts += [
            painted("cylinder", (0.0155, 0.011), paint.steel, (head, -0.040, 0), ALONG_Y, 0.9),
            painted("cylinder", (0.0110, 0.010), paint.steel, (head, -0.022, 0), ALONG_Y, 0.9),
            skin(rounded_box((0.0135, 0.016, 0.0135), 0.003), paint.steel, position=(head, 0, 0), gloss=0.9),
        ]
        for side in (-1, 1):
            claw = smooth(
                [(head, 0.012, side * 0.004), (head - 0.002, 0.032, side * 0.007), (head - 0.014, 0.050, side * 0.009)],
                7,
            )
            parts.append(
                skin(sweep(claw, [0.0075, 0.0075, 0.007, 0.0065, 0.006, 0.005, 0.003], 8, 0.7), paint.steel, gloss=0.9)
            )
        parts += [
            solid("cylinder", (0.0150, 0.0185), (head, -0.0325, 0), ALONG_Y, 4.0),
            solid("box", (0.0135, 0.015, 0.0135), (head, 0, 0), density=4.0),
            solid("box", (0.009, 0.0165, 0.0115), (head - 0.004, 0.0315, 0), density=3.0),
        ]
    else:
        parts += [
            skin(rounded_box((0.0165, 0.036, 0.0165), 0.004), paint.steel, position=(head, 0, 0), gloss=0.7),
            solid("box", (0.0165, 0.036, 0.0165), (head, 0, 0), density=3.0),
        ]
    parts.append(rod((start + grip, 0, 0), (head, 0, 0), grip * 0.90))
    return parts


def screwdriver(shape: str, paint: Paint) -> list[Part]:
    """A screwdriver: handle at −x, shaft to +x."""
    if shape in handtools.SCREWDRIVERS:
        return handtools.screwdriver(shape, paint)
    grip, radius, shaft = {
        "long": (0.092, 0.0140, 0.095),
        "stubby": (0.075, 0.0165, 0.045),
        "precision": (0.100, 0.0110, 0.060),
    }[shape]
    start = -(grip + shaft) / 2
    end = start + grip
    outline = [
        (0, 0),
        (radius * 0.7, 0),
        (radius * 0.95, grip * 0.06),
        (radius, grip * 0.3),
        (radius * 0.88, grip * 0.62),
        (radius * 0.72, grip * 0.76),
        (radius * 0.85, grip * 0.9),
        (radius * 0.6, grip),
        (0, grip),
    ]
    parts = [skin(lathe(outline, 10), paint.main, position=(start, 0, 0), quaternion=ALONG_X, gloss=0.7)]
    for turn in np.arange(5) * 2 * np.pi / 5:
        y, z = np.cos(turn) * radius * 0.93, np.sin(turn) * radius * 0.93
        strip = paint.accent if paint.style else paint.dark
        if paint.color == "black":
            strip = paint.accent
        parts.append(painted("capsule", (radius * 0.16, grip * 0.20), strip, (start + grip * 0.36, y, z), ALONG_X))
    parts += [
        painted("cylinder", (0.0036, shaft / 2), paint.steel, (end + shaft / 2, 0, 0), ALONG_X, 1.0),
        painted("box", (0.005, 0.005, 0.0016), shade(paint.steel, 0.8), (end + shaft - 0.004, 0, 0), gloss=1.0),
        rod((start + radius, 0, 0), (end - radius * 0.7, 0, 0), radius * 0.97),
        rod((end - radius * 0.7, 0, 0), (end + shaft, 0, 0), 0.0045, "cylinder", 3.0),
    ]
    return parts


def wrench(shape: str, paint: Paint) -> list[Part]:
    """A wrench lying flat: jaws at +x."""
    if shape in handtools.WRENCHES:
        return handtools.wrench(shape, paint)
    length, width, thick = {
        "open": (0.165, 0.0105, 0.0075),
        "combination": (0.180, 0.0100, 0.0075),
        "adjustable": (0.170, 0.0120, 0.0085),
    }[shape]
    h = length / 2
    jaw = 0.020
    parts = [
        skin(rounded_box((h - 0.024, width, thick * 0.8), 0.003), paint.main, gloss=0.8),
        skin(rounded_box((h - 0.045, width * 0.55, thick * 0.86), 0.001), shade(paint.main, 0.72), gloss=0.8),
        solid("box", (h - 0.024, width, thick * 0.85)),
    ]
    ends = ((1, "open"), (-1, "open" if shape == "open" else "ring"))
    for sign, kind in ends:
        centre = sign * (h - 0.020)
        size = jaw if sign > 0 else jaw * 0.82
        if kind == "ring":
            ring = [(0.009, -thick), (size * 0.95, -thick), (size * 0.95, thick), (0.009, thick), (0.009, -thick)]
            parts.append(skin(lathe(ring), paint.main, position=(centre, 0, 0), gloss=0.8))
            parts.append(solid("cylinder", (size * 0.95, thick), (centre, 0, 0)))
            continue
        arc = [
            (centre + sign * size * 0.62 * np.cos(a), size * 0.62 * np.sin(a), 0)
            for a in np.linspace(0.55, 2 * np.pi - 0.55, 15)
        ]
        parts.append(
            skin(
                sweep(arc, np.interp(np.abs(np.linspace(-1, 1, 15)), [0, 0.8, 1], [0.0085, 0.0075, 0.004]), 8, 0.9),
                paint.main,
                gloss=0.8,
            )
        )
        for side in (-1, 1):
            place = (centre + sign * size * 0.42, side * size * 0.66, 0)
            parts.append(solid("box", (size * 0.55, size * 0.22, thick * 0.95), place))
        parts.append(solid("box", (size * 0.28, size * 0.86, thick), (centre - sign * size * 0.38, 0, 0)))
    if shape == "adjustable":
        parts.append(painted("cylinder", (0.0065, 0.007), paint.steel, (h - 0.040, 0, 0.002), ALONG_Y, 1.0))
    return parts
