# SPDX-License-Identifier: Apache-2.0
"""Phones and staplers."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, laid, rotated, tube, turned
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, solid

SCREEN: Rgba = (0.07, 0.08, 0.11, 1.0)


# Half edges [m] and what kind it is.
PHONES = {
    "smart": ((0.070, 0.034, 0.0065), "screen"),
    "keypad": ((0.056, 0.023, 0.0090), "keys"),
    "brick": ((0.070, 0.024, 0.0140), "antenna"),
    "handset": ((0.092, 0.020, 0.0130), "bone"),
    "mini": ((0.054, 0.027, 0.0070), "screen"),
    "slider": ((0.052, 0.026, 0.0075), "slid"),
    "flip": ((0.046, 0.025, 0.0065), "open"),
    "cordless": ((0.078, 0.023, 0.0120), "antenna"),
}


def phone(shape: str, paint: Paint) -> list[Part]:
    """A telephone lying on its back, its upper end at +x."""
    (a, b, c), kind = PHONES[shape]
    key: Rgba = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    top = c + 0.0004
    if kind == "bone":  # the handset of a desk telephone
        parts = [
            tube(
                [(-a, 0, -0.004), (-a * 0.6, 0, 0.010), (a * 0.6, 0, 0.010), (a, 0, -0.004)],
                (0.0120, 0.0105, 0.0095, 0.0105, 0.0120),
                paint.main,
                20,
                0.5,
                normal=(0, 1, 0),
            )
        ]
        for side in (-1, 1):
            at = (side * a * 0.90, 0, -0.006)
            parts += rotated(
                [
                    turned([(0, -0.013), (0.019, -0.013), (0.021, -0.008), (0.016, 0.010), (0, 0.012)], paint.main),
                    turned([(0.0150, -0.0135), (0, -0.0135)][::-1], paint.dark),
                ],
                (0, 0, 0, 1),
                at,
            )
            parts.append(solid("cylinder", (0.0195, 0.0115), (at[0], 0, at[2] - 0.001)))
        return [*parts, solid("box", (a * 0.80, 0.0100, 0.0090), (0, 0, 0.009))]
    parts = [bar((a, b, c), paint.main, radius=min(0.007, c * 0.9), gloss=0.6)]
    solids = [solid("box", (a, b, c))]
    if kind == "screen":
        parts += [bar((a * 0.93, b * 0.90, 0.0008), SCREEN, (0, 0, top), 0.0006, gloss=1.0)]
        colors = (paint.accent, (0.25, 0.60, 0.90, 1.0), (0.95, 0.75, 0.20, 1.0), (0.40, 0.75, 0.40, 1.0))
        for i, x in enumerate(np.linspace(-0.60, 0.60, 5)):
            for j, y in enumerate((-0.55, -0.18, 0.18, 0.55)):
                if shape == "smart" or i % 2:
                    parts.append(
                        bar((0.0042, 0.0042, 0.0006), colors[(i + 2 * j) % 4], (a * x, b * y, top + 0.0008), 0.0004)
                    )
        if shape == "mini":
            parts.append(painted("cylinder", (0.0042, 0.0008), paint.pale, (-a * 0.88, 0, top + 0.0002)))
    else:
        height = {"keys": 0.34, "antenna": 0.22, "slid": 0.0, "open": 0.0}[kind]
        if height:
            parts.append(
                bar(
                    (a * height, b * 0.78, 0.0010),
                    (0.56, 0.70, 0.52, 1.0) if kind == "antenna" else SCREEN,
                    (a * 0.48, 0, top),
                    0.0008,
                    gloss=1.0,
                )
            )
        low, high = (-0.80, -0.05) if height else (-0.85, 0.30 if kind == "slid" else 0.75)
        for x in np.linspace(low, high, 4):
            for y in (-0.52, 0.0, 0.52):
                parts.append(bar((a * 0.065, b * 0.18, 0.0012), key, (a * x, b * y, top), 0.0008))
        if kind == "keys":
            parts.append(painted("cylinder", (0.0055, 0.0014), paint.accent, (a * 0.08, 0, top)))
        elif kind == "antenna":
            parts += [
                painted("cylinder", (0.0042, 0.016), paint.dark, (a + 0.014, b * 0.60, 0), ALONG_X),
                painted("sphere", (0.0042,), paint.dark, (a + 0.030, b * 0.60, 0)),
            ]
            parts += [
                bar((0.0016, b * 0.30, 0.0008), paint.dark, (a * (0.80 + 0.06 * k), 0, top), 0.0005) for k in range(3)
            ]
            solids.append(rod((a, b * 0.60, 0), (a + 0.033, b * 0.60, 0), 0.0045, "cylinder", 0.3))
        elif kind == "slid":
            lid = (a * 0.42, 0, 2 * c)
            parts += [
                bar((a, b, c * 0.8), paint.main, lid, 0.005, gloss=0.6),
                bar((a * 0.84, b * 0.84, 0.0008), SCREEN, (lid[0], 0, lid[2] + c * 0.8 + 0.0002), 0.0006, gloss=1.0),
            ]
            solids.append(solid("box", (a, b, c * 0.8), lid))
        else:  # open: a lid that stands at its hinge
            turn, lean = about("y", -28), np.radians(28)
            place = (a + 0.004 + a * np.cos(lean), 0, c * 0.4 + a * np.sin(lean))
            parts += [bar((a, b, c * 0.75), paint.main, place, 0.004, turn, 0.6)]
            up = np.array([-np.sin(lean), 0, np.cos(lean)]) * (c * 0.75 + 0.0004)
            parts += [
                bar((a * 0.74, b * 0.78, 0.0008), SCREEN, tuple(np.array(place) + up), 0.0006, turn, 1.0),
                painted("cylinder", (0.0062, b * 0.9), paint.steel, (a + 0.002, 0, 0.001), ALONG_Y),
            ]
            solids.append(solid("box", (a, b, c * 0.75), place, turn))
    return [*parts, *solids]


# Length, width, height [m] and what kind it is.
STAPLERS = {
    "desk": (0.130, 0.032, 0.046, "desk"),
    "mini": (0.065, 0.026, 0.032, "desk"),
    "long": (0.190, 0.030, 0.042, "desk"),
    "plier": (0.140, 0.022, 0.060, "plier"),
    "round": (0.100, 0.042, 0.044, "round"),
    "upright": (0.110, 0.044, 0.052, "wedge"),
    "heavy": (0.170, 0.046, 0.066, "heavy"),
    "slim": (0.120, 0.024, 0.034, "desk"),
}


def stapler(shape: str, paint: Paint) -> list[Part]:
    """A stapler standing on its base, its mouth at +x."""
    length, width, height, kind = STAPLERS[shape]
    a, b, h = length / 2, width / 2, height / 2
    base = [
        bar((a, b, 0.0045), paint.dark, (0, 0, -h + 0.0045), 0.003),
        painted("cylinder", (b * 0.5, 0.0012), paint.steel, (a * 0.80, 0, -h + 0.0095), gloss=1.0),
    ]
    solids = [solid("box", (a, b, 0.0045), (0, 0, -h + 0.0045))]
    lean = np.arctan2(height * 0.34, length)
    turn = about("y", -float(np.degrees(lean)))
    middle = (0.0, 0.0, 0.004)
    if kind == "plier":
        grip = [(-a, 0, -h + 0.008), (-a * 0.2, 0, -h + 0.012), (a * 0.4, 0, -0.004)]
        parts = [
            tube(grip, (0.008, 0.0085, 0.009), paint.main, 14, 0.9, normal=(0, 1, 0)),
            tube(
                [(-a, 0, h * 0.75), (-a * 0.2, 0, h * 0.45), (a * 0.4, 0, 0.004)],
                (0.007, 0.0085, 0.009),
                paint.main,
                14,
                0.9,
                normal=(0, 1, 0),
            ),
        ]
        parts += [
            bar((a * 0.34, b, 0.009), paint.steel, (a * 0.66, 0, 0.010), 0.003, gloss=1.0),
            bar((a * 0.34, b * 0.8, 0.005), paint.steel, (a * 0.66, 0, -0.010), 0.003, gloss=1.0),
            painted("cylinder", (0.006, b + 0.001), paint.dark, (a * 0.38, 0, 0), ALONG_Y),
        ]
        parts.append(bar((a * 0.5, b * 0.7, 0.003), paint.dark, (0, 0, -h + 0.003), 0.001))
        return [
            *parts,
            solid("box", (a * 0.7, 0.0085, 0.010), (-a * 0.28, 0, -h * 0.58)),
            solid("box", (a * 0.35, b, 0.016), (a * 0.66, 0, 0.002)),
            solid("box", (a * 0.55, 0.0080, 0.0075), (-a * 0.42, 0, h * 0.55), about("y", 10)),
            solid("box", (a * 0.6, b * 0.9, 0.004), (0.1 * a, 0, -h + 0.004)),
        ]
    if kind == "round":
        dome = laid(
            [
                turned(
                    [
                        (0, -a * 0.92),
                        (b * 0.7, -a * 0.85),
                        (b * 0.98, -a * 0.3),
                        (b * 0.90, a * 0.5),
                        (b * 0.55, a * 0.95),
                        (0, a),
                    ],
                    paint.main,
                    0.7,
                )
            ]
        )
        parts = [
            *base,
            *[Part("mesh", (), (0, 0, 0.000), p.quaternion, p.rgba, p.texture, p.mesh, False, gloss=0.7) for p in dome],
        ]
        parts += [bar((a * 0.8, b * 0.55, 0.003), paint.steel, (0.1 * a, 0, -h + 0.013), 0.001, gloss=1.0)]
        return [*parts, *solids, solid("ellipsoid", (a * 0.95, b * 0.96, b * 0.96), (0, 0, 0.0))]
    tall = {"desk": h * 0.30, "wedge": h * 0.42, "heavy": h * 0.32}[kind]
    parts = [
        *base,
        bar((a * 0.98, b * 0.86, tall), paint.main, middle, min(0.006, tall * 0.8), turn, 0.7),
        bar((a * 0.94, b * 0.52, 0.003), paint.steel, (0.004, 0, middle[2] - tall - 0.0015), 0.001, turn, 1.0),
    ]
    parts += [bar((0.010, b * 0.90, h * 0.62), paint.dark, (-a + 0.012, 0, -h * 0.40), 0.003)]
    if kind == "heavy":
        parts += [
            tube(
                [(-a * 0.6, 0, h * 0.35), (a * 0.1, 0, h * 0.86), (a * 0.85, 0, h * 0.92)],
                (0.007, 0.0085, 0.0095),
                paint.main,
                12,
                0.6,
                normal=(0, 1, 0),
            ),
            bar((0.016, b * 0.7, 0.004), paint.accent, (a * 0.80, 0, h * 0.98), 0.002),
        ]
        solids.append(solid("box", (a * 0.75, 0.0085, 0.008), (a * 0.12, 0, h * 0.70), about("y", -10)))
    else:
        parts.append(
            bar(
                (a * 0.20, b * 0.60, 0.0016),
                paint.accent,
                (a * 0.62, 0, middle[2] + np.tan(lean) * a * 0.62 + tall + 0.0005),
                0.001,
                turn,
            )
        )
    if kind == "wedge":
        parts.append(bar((0.016, b * 0.87, h * 0.34), shade(paint.main, 0.75), (a * 0.78, 0, h * 0.40), 0.005))
    solids += [
        solid("box", (a * 0.98, b * 0.86, tall), middle, turn),
        solid("box", (0.012, b * 0.90, h * 0.62), (-a + 0.013, 0, -h * 0.40)),
    ]
    return [*parts, *solids]
