# SPDX-License-Identifier: Apache-2.0
"""Further dumbbells; padlocks, magnets, bells."""

from __future__ import annotations

import itertools

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, laid, plate, rotated, tube, turned
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid

BRASS: Rgba = (0.80, 0.62, 0.25, 1.0)
DUMBBELLS = ("plates", "square", "triangle", "flared", "octagon")


def dumbbell(shape: str, paint: Paint) -> list[Part]:
    """A small dumbbell along x."""
    h, grip = {"plates": 0.075, "square": 0.064, "triangle": 0.066, "flared": 0.070, "octagon": 0.060}[shape], 0.0115
    parts: list[Part] = []
    if shape == "flared":  # one piece that swells at its ends
        outline = smooth(
            [
                (0.012, -h),
                (0.0255, -h + 0.006),
                (0.0235, -h * 0.62),
                (grip, -h * 0.28),
                (grip, h * 0.28),
                (0.0235, h * 0.62),
                (0.0255, h - 0.006),
                (0.012, h),
            ],
            32,
        )
        parts += laid(
            [
                turned([(0, -h), *outline, (0, h)], paint.main, 0.4),
                turned([(grip + 0.001, -0.014), (grip + 0.001, 0.014)], paint.accent, 0.1),
            ]
        )
        for sign in (-1, 1):
            parts.append(rod((sign * h * 0.52, 0, 0), (sign * (h - 0.001), 0, 0), 0.0240, "cylinder", 2.0))
        return [*parts, rod((-h * 0.55, 0, 0), (h * 0.55, 0, 0), grip + 0.002, "cylinder")]
    parts += [
        painted("cylinder", (grip, h * 0.75), paint.steel, (0, 0, 0), ALONG_X, 0.9),
        rod((-h * 0.7, 0, 0), (h * 0.7, 0, 0), grip, "cylinder"),
    ]
    for x in np.linspace(-0.018, 0.018, 7):
        parts += laid(
            [
                turned(
                    [(grip + 0.0003, -0.001), (grip + 0.0009, 0), (grip + 0.0003, 0.001)], shade(paint.steel, 0.7), 0.9
                )
            ],
            (x, 0, 0),
        )
    for sign in (-1, 1):
        if shape == "plates":  # two plates and a nut on each end
            for radius, half, at, tone in (
                (0.0300, 0.0060, 0.62, paint.main),
                (0.0225, 0.0055, 0.80, paint.main),
                (0.0125, 0.0060, 0.94, paint.steel),
            ):
                edge = [
                    (0, -half),
                    (radius - 0.001, -half),
                    (radius, -half + 0.001),
                    (radius, half - 0.001),
                    (radius - 0.001, half),
                    (0, half),
                ]
                parts.append(
                    skin(
                        lathe(edge, 28 if radius > 0.02 else 6),
                        tone,
                        position=(sign * h * at, 0, 0),
                        quaternion=ALONG_X,
                        gloss=0.5,
                    )
                )
            parts += [
                solid("cylinder", (0.0300, 0.0062), (sign * h * 0.62, 0, 0), ALONG_X, 3.0),
                solid("cylinder", (0.0225, 0.0080), (sign * h * 0.83, 0, 0), ALONG_X, 3.0),
            ]
            continue
        centre = (sign * (h - 0.017), 0, 0)
        if shape == "square":
            parts.append(bar((0.017, 0.0230, 0.0230), paint.main, centre, 0.005))
            parts.append(solid("box", (0.017, 0.0230, 0.0230), centre, density=2.0))
        else:
            sides, radius = (3, 0.0310) if shape == "triangle" else (8, 0.0265)
            prism = lathe([(0, -0.016), (radius, -0.016), (radius, 0.016), (0, 0.016)], sides)
            parts += [
                skin(prism, paint.main, position=centre, quaternion=ALONG_X, gloss=0.4),
                Part("mesh", (), centre, ALONG_X, mesh=prism, visible=False, density=2.0),
            ]
        parts.append(painted("cylinder", (0.011, 0.0012), paint.accent, (sign * h, 0, 0), ALONG_X))
    return parts


# Half width, half height, half thickness of the body, radius of the shackle [m], and what it is like.
PADLOCKS = {
    "brass": (0.0215, 0.0185, 0.0090, 0.0135, "square"),
    "round": (0.0235, 0.0235, 0.0100, 0.0125, "round"),
    "long": (0.0190, 0.0180, 0.0085, 0.0120, "long"),
    "combination": (0.0170, 0.0260, 0.0095, 0.0115, "wheels"),
    "heart": (0.0240, 0.0220, 0.0095, 0.0120, "heart"),
    "shield": (0.0230, 0.0240, 0.0095, 0.0140, "shield"),
    "laminated": (0.0225, 0.0190, 0.0110, 0.0130, "layers"),
    "disc": (0.0270, 0.0270, 0.0105, 0.0110, "round"),
}


def padlock(shape: str, paint: Paint) -> list[Part]:
    """A padlock lying on its back, its shackle at +x."""
    b, a, c, bow, kind = PADLOCKS[shape]
    parts: list[Part] = []
    if kind in ("square", "long", "wheels", "layers"):
        parts += [bar((a, b, c), paint.main, radius=0.003, gloss=0.7), solid("box", (a, b, c))]
    elif kind == "round":
        parts += [
            turned(
                [(0, -c), (b - 0.003, -c), (b, -c + 0.003), (b, c - 0.003), (b - 0.003, c), (0, c)], paint.main, 0.7
            ),
            solid("cylinder", (b, c)),
        ]
    else:
        t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        if kind == "heart":
            x, y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)), 16 * np.sin(t) ** 3
            outline = list(zip((-x * a / 15).tolist(), (-y * b / 16).tolist(), strict=True))
        else:
            y = b * np.sin(t)
            x = a * np.where(np.cos(t) > 0, np.minimum(1.25 * np.cos(t), 0.90), np.cos(t))
            outline = list(zip(x.tolist(), y.tolist(), strict=True))
        parts += [
            plate(outline, c, paint.main, 0.7),
            solid("box", (a * 0.55, b * 0.92, c), (a * 0.30, 0, 0)),
            solid("box", (a * 0.48, b * 0.55, c), (-a * 0.40, 0, 0)),
        ]
    tall = {"long": 0.042, "wheels": 0.016, "round": 0.012 if shape == "disc" else 0.016}.get(kind, 0.018)
    root, wire = a - 0.004, 0.0040 if kind != "long" else 0.0034
    arc = [
        (root, bow, 0),
        (root + tall, bow, 0),
        *[(root + tall + bow * np.sin(u), bow * np.cos(u), 0) for u in np.linspace(0.35, np.pi - 0.35, 7)],
        (root + tall, -bow, 0),
        (root, -bow, 0),
    ]
    parts.append(tube(arc, wire, paint.steel, 34, gloss=1.0))
    for side in (-1, 1):
        parts.append(rod((root, side * bow, 0), (root + tall + bow * 0.3, side * bow, 0), wire * 1.1))
    parts.append(rod((root + tall + bow * 0.92, -bow * 0.7, 0), (root + tall + bow * 0.92, bow * 0.7, 0), wire * 1.1))
    top = c + 0.0002
    if kind == "wheels":
        for x in (-0.016, -0.006, 0.004):
            parts += [
                bar((0.0036, b * 0.62, 0.0028), paint.steel, (x, 0, c), 0.001, gloss=1.0),
                bar((0.0008, 0.0030, 0.0004), paint.dark, (x, 0, c + 0.0028), 0.0003),
            ]
    else:
        if kind == "layers":
            for x in np.linspace(-a * 0.8, a * 0.8, 6):
                parts.append(bar((0.0008, b + 0.0004, c + 0.0004), shade(paint.steel, 0.6), (x, 0, 0), 0.0004))
        at = (-a * 0.18, 0)
        parts += [
            painted(
                "cylinder",
                (0.0062, 0.0010),
                BRASS if paint.color not in ("yellow", "orange") else paint.steel,
                (*at, top),
                gloss=1.0,
            ),
            painted("cylinder", (0.0022, 0.0014), paint.dark, (at[0] + 0.001, 0, top)),
            bar((0.0036, 0.0010, 0.0014), paint.dark, (at[0] - 0.002, 0, top), 0.0006),
        ]
    return parts


# Radius, length of the legs, half width of the bar [m], and what it is like.
MAGNETS = {
    "horseshoe": (0.024, 0.026, 0.0085, "round"),
    "wide": (0.032, 0.014, 0.0090, "round"),
    "long": (0.018, 0.046, 0.0080, "round"),
    "bar": (0.0, 0.055, 0.0105, "bar"),
    "blocky": (0.022, 0.030, 0.0095, "square"),
    "thick": (0.023, 0.020, 0.0125, "round"),
    "slim": (0.026, 0.034, 0.0065, "round"),
    "tapered": (0.026, 0.028, 0.0090, "taper"),
}


def magnet(shape: str, paint: Paint) -> list[Part]:
    """A magnet lying flat: a horseshoe with its poles at +x, or a bar."""
    radius, leg, w, kind = MAGNETS[shape]
    half = 0.0085 if shape != "thick" else 0.0105
    pole: Rgba = (0.80, 0.81, 0.83, 1.0)
    if kind == "bar":
        return [
            bar((leg, w, half), paint.main, radius=0.002),
            bar((leg * 0.5, w + 0.0004, half + 0.0004), pole, (leg * 0.505, 0, 0), 0.002, gloss=0.9),
            bar((0.003, 0.0010, 0.0004), paint.pale, (-leg * 0.7, 0, half), 0.0003),
            solid("box", (leg, w, half)),
        ]
    parts: list[Part] = []
    gap = 0.80 if kind == "taper" else 1.0
    shift = -leg / 2
    if kind == "square":
        parts += [
            bar((w, radius + w * 0.4, half), paint.main, (shift - radius + w, 0, 0), 0.003),
            solid("box", (w, radius + w * 0.4, half), (shift - radius + w, 0, 0)),
        ]
    else:
        section = [
            (radius - w, -half),
            (radius + w, -half),
            (radius + w, half),
            (radius - w, half),
            (radius - w, -half),
        ]
        parts.append(skin(lathe(section, 22, (np.pi / 2, 3 * np.pi / 2)), paint.main, position=(shift, 0, 0)))
        for a, b in ((90, 150), (150, 210), (210, 270)):
            m, span = np.radians((a + b) / 2), np.radians(b - a)
            parts.append(
                solid(
                    "box",
                    (w, radius * np.tan(span / 2) + w * 0.15, half if a == 150 else half * 0.9),
                    (shift + radius * np.cos(m) * 0.97, radius * np.sin(m) * 0.97, 0),
                    about("z", (a + b) / 2),
                )
            )
    for side in (-1, 1):
        y0, y1 = side * radius, side * radius * gap
        if kind == "square":
            y0 = y1 = side * (radius - w * 0.6)
        lean = float(np.degrees(np.arctan2(y1 - y0, leg)))
        long = leg / 2 + (radius - w if kind == "square" else 0.0) / 2
        middle = shift + leg / 2 - (radius - w if kind == "square" else 0.0) / 2
        parts += [
            bar((long, w, half), paint.main, (middle, (y0 + y1) / 2, 0), 0.001, about("z", lean)),
            solid("box", (long + 0.001, w, half), (middle, (y0 + y1) / 2, 0), about("z", lean)),
        ]
        parts.append(
            bar((0.0075, w + 0.0004, half + 0.0004), pole, (shift + leg - 0.0070, y1, 0), 0.001, about("z", lean), 0.9)
        )
    return parts


# Profile of the bell (radius, height) from the rim up [m], and what it is held by.
BELLS = {
    "hand": ([(0.0330, 0.0), (0.0270, 0.012), (0.0205, 0.034), (0.0120, 0.044)], "stick"),
    "church": ([(0.0370, 0.0), (0.0285, 0.012), (0.0220, 0.038), (0.0190, 0.050), (0.0090, 0.054)], "loop"),
    "cow": ([(0.0300, 0.0), (0.0265, 0.024), (0.0200, 0.048), (0.0150, 0.052)], "strap"),
    "desk": ([(0.0350, 0.008), (0.0330, 0.018), (0.0230, 0.030), (0.0060, 0.035)], "button"),
    "tulip": ([(0.0340, 0.0), (0.0225, 0.014), (0.0265, 0.034), (0.0140, 0.050)], "stick"),
    "school": ([(0.0375, 0.0), (0.0300, 0.018), (0.0260, 0.034), (0.0140, 0.042)], "thick"),
    "ship": ([(0.0350, 0.0), (0.0290, 0.010), (0.0265, 0.030), (0.0240, 0.044), (0.0080, 0.050)], "ring"),
    "cone": ([(0.0310, 0.0), (0.0215, 0.026), (0.0110, 0.054)], "loop"),
}


def bell(shape: str, paint: Paint) -> list[Part]:
    """A bell standing on its rim, to be taken by what it is held by."""
    profile, held = BELLS[shape]
    outline = smooth(profile, 20) if shape != "cow" else profile
    sides = 28 if shape != "cow" else 4
    top = profile[-1][1]
    turn = about("z", 45) if sides == 4 else (0, 0, 0, 1)
    parts: list[Part] = [skin(lathe([*outline, (0, top + 0.001)], sides), paint.main, quaternion=turn, gloss=1.0)]
    if shape != "desk":
        parts += [
            turned(
                [(profile[0][0] - 0.0015, 0.0), (profile[0][0] + 0.0014, 0.002), (profile[0][0] - 0.001, 0.005)],
                shade(paint.main, 0.7),
                1.0,
                sides=28,
            )
            if sides == 28
            else painted("sphere", (0.004,), paint.dark, (0, 0, 0.006))
        ]
    wood: Rgba = paint.wood
    if held in ("stick", "thick"):
        fat = 1.0 if held == "stick" else 1.25
        grip = smooth(
            [
                (0.0070 * fat, top),
                (0.0060 * fat, top + 0.010),
                (0.0095 * fat, top + 0.034),
                (0.0070 * fat, top + 0.050),
                (0.0010, top + 0.056),
            ],
            16,
        )
        parts += [
            turned(grip, wood, 0.6),
            turned([(0.0095, top - 0.001), (0.0095, top + 0.004)], BRASS, 1.0),
            solid("capsule", (0.0082 * fat, 0.018), (0, 0, top + 0.026), density=0.15),
        ]
    elif held in ("loop", "ring"):
        bow = 0.0115 if held == "loop" else 0.014
        ring = [
            (0, bow * np.cos(t), top + bow * 0.8 + bow * np.sin(t)) for t in np.linspace(-1.3, 2 * np.pi - 1.85, 14)
        ]
        parts += [
            tube(ring, 0.0034, paint.main if held == "loop" else paint.steel, 28, gloss=1.0, normal=(1, 0, 0)),
            solid("box", (0.0045, bow, bow * 0.9), (0, 0, top + bow * 0.85), density=0.15),
        ]
    elif held == "strap":
        parts += [
            bar((0.0045, 0.0140, 0.0060), (0.36, 0.22, 0.12, 1.0), (0, 0, top + 0.006), 0.002),
            solid("box", (0.0050, 0.0140, 0.0065), (0, 0, top + 0.006), density=0.15),
        ]
    else:
        parts += [
            turned([(0.0330, 0.0), (0.0360, 0.002), (0.0340, 0.008)], paint.dark),
            painted("cylinder", (0.0060, 0.005), paint.steel, (0, 0, top + 0.004), gloss=1.0),
            painted("sphere", (0.0060,), paint.steel, (0, 0, top + 0.009), gloss=1.0),
            solid("cylinder", (0.0345, 0.004), (0, 0, 0.004), density=2.0),
            solid("cylinder", (0.0062, 0.008), (0, 0, top + 0.006), density=0.2),
        ]
    stretch = 0.84 if sides == 4 else 0.98
    heights = (profile[0][1], top * 0.34, top * 0.72, top)
    for low, high in itertools.pairwise(heights):
        mean = float(np.interp(np.linspace(low, high, 9), [z for _, z in outline], [r for r, _ in outline]).mean())
        parts.append(solid("cylinder", (mean * stretch, (high - low) / 2), (0, 0, (low + high) / 2), density=0.6))
    return rotated(parts, (0, 0, 0, 1), (0, 0, -top * 0.6))
