# SPDX-License-Identifier: Apache-2.0
"""Brushes from rows of proportions and details; all lie along x, handle at −x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, rotated, tube, turned
from vla_ros.objects.solids import moved, painted, rod, solid, towards


class Brush(NamedTuple):
    """Length and half widths of the handle; what head it has: half length, half width, half thickness; its bristles."""

    handle: float
    widths: tuple[float, ...]
    head: tuple[float, float, float]
    kind: str  # flat (bristles ahead), under (below), dome (a bush ahead), around, ball, foam, straw, strands, knob
    bristle: float
    flat: float = 0.8
    details: tuple[str, ...] = ()


BRUSHES = {
    "wall": Brush(0.105, (0.0110, 0.0125, 0.0085, 0.0160), (0.011, 0.0340, 0.0095), "flat", 0.042, 0.6, ("ferrule",)),
    "artist": Brush(0.150, (0.0035, 0.0060, 0.0065, 0.0050), (0.012, 0.0075, 0.0055), "dome", 0.024, 1.0, ("ferrule",)),
    "fan": Brush(
        0.120, (0.0050, 0.0075, 0.0070, 0.0065), (0.010, 0.0110, 0.0060), "flat", 0.034, 0.9, ("ferrule", "spread")
    ),
    "pastry": Brush(0.120, (0.0075, 0.0110, 0.0085, 0.0080), (0.014, 0.0190, 0.0075), "flat", 0.034, 0.7, ("hole",)),
    "powder": Brush(0.078, (0.0080, 0.0100, 0.0085, 0.0120), (0.008, 0.0130, 0.0130), "dome", 0.046, 1.0, ("ferrule",)),
    "nail": Brush(0.0, (), (0.044, 0.0170, 0.0090), "under", 0.010, 1.0, ("bow",)),
    "paddle": Brush(0.095, (0.0085, 0.0110, 0.0090, 0.0080), (0.046, 0.0330, 0.0070), "under", 0.009, 0.8, ("hole",)),
    "grill": Brush(
        0.130, (0.0100, 0.0115, 0.0095, 0.0085), (0.030, 0.0200, 0.0070), "under", 0.014, 0.8, ("metal", "hole")
    ),
    "shoe": Brush(0.0, (), (0.070, 0.0220, 0.0115), "under", 0.013, 1.0, ()),
    "bottle": Brush(0.090, (0.0080, 0.0065, 0.0045, 0.0030), (0.048, 0.0170, 0.0170), "around", 0.010, 1.0, ("loop",)),
    "toothbrush_wide": Brush(
        0.125, (0.0085, 0.0100, 0.0065, 0.0048), (0.017, 0.0080, 0.0036), "under", 0.011, 0.75, ("grooves",)
    ),
}


def brush(row: Brush, paint: Paint) -> list[Part]:
    """A brush lying down: handle at −x."""
    bristle = paint.pale if paint.style % 2 else (0.20, 0.17, 0.15, 1.0)
    if "metal" in row.details:
        bristle = paint.steel
    a, b, c = row.head
    total = row.handle + 2 * a + (row.bristle if row.kind in ("flat", "dome") else 0.0)
    start = -total / 2
    joint = start + row.handle
    head = joint + a
    parts: list[Part] = []
    if row.handle:
        path = [(start, 0, 0), (start + row.handle * 0.5, 0, 0), (joint + 0.004, 0, 0)]
        parts.append(tube(path, row.widths, paint.main, 20, 0.6, row.flat))
        middle = float(np.mean(row.widths))
        parts.append(
            solid(
                "box",
                (row.handle / 2, max(middle * 0.9, 0.0055), max(middle * row.flat * 0.9, 0.0055)),
                (start + row.handle / 2, 0, 0),
            )
        )
        if "hole" in row.details:
            parts.append(
                painted(
                    "cylinder",
                    (row.widths[0] * 0.4, row.widths[0] * row.flat + 0.001),
                    paint.dark,
                    (start + 0.009, 0, 0),
                )
            )
        elif "grooves" in row.details:
            parts += [
                bar((0.0018, row.widths[1] * 0.96, row.widths[1] * row.flat), paint.accent, (x, 0, 0), 0.001)
                for x in np.linspace(start + 0.025, start + 0.055, 5)
            ]
        elif "scraper" in row.details:
            wide = row.widths[0] * 2.6
            ice = [
                (start - 0.022, -wide),
                (start - 0.022, wide),
                (start + 0.006, row.widths[0]),
                (start + 0.006, -row.widths[0]),
            ]
            parts += [plate(ice, 0.0022, paint.accent), solid("box", (0.013, wide * 0.8, 0.004), (start - 0.010, 0, 0))]
        elif "button" in row.details:
            top = row.widths[1] * row.flat
            parts += [
                bar((0.009, row.widths[1] * 0.45, 0.0015), paint.accent, (start + row.handle * 0.5, 0, top), 0.001),
                bar(
                    (0.0015, row.widths[0] * 1.04, row.widths[0] * row.flat * 1.04),
                    paint.accent,
                    (start + 0.016, 0, 0),
                    0.001,
                ),
            ]
        elif "loop" in row.details:
            hoop = [(start - 0.009 + 0.010 * np.cos(t), 0.010 * np.sin(t), 0) for t in np.linspace(0, 2 * np.pi, 13)]
            parts.append(tube(hoop, 0.0022, paint.main, 25))
    band = paint.steel if "ferrule" in row.details else paint.main
    if row.kind == "flat":
        parts += [bar((a, b, c), band, (head, 0, 0), 0.002, gloss=0.9), solid("box", (a, b, c), (head, 0, 0))]
        fan = 1.55 if "spread" in row.details else 0.98
        x0, x1 = head + a - 0.002, head + a + row.bristle
        outline = [
            (x0, -b * 0.92),
            (x1 - 0.006 * (fan > 1), -b * fan),
            *([(x1 + 0.004, -b * 0.7), (x1 + 0.006, 0), (x1 + 0.004, b * 0.7)] if fan > 1 else [(x1, 0)]),
            (x1 - 0.006 * (fan > 1), b * fan),
            (x0, b * 0.92),
        ]
        if "slant" in row.details:
            outline[1:3] = [(x1 - 1.1 * b, -b * fan), (x1 - 0.55 * b, 0)]
        parts.append(plate(outline, c * 0.72, bristle, 0.0))
        for y in np.linspace(-0.8, 0.8, 7) * b:
            cut = (b - y) * 0.55 if "slant" in row.details else 0.0
            parts.append(
                bar(
                    (row.bristle * 0.5 - cut / 2, 0.0005, c * 0.75),
                    shade(bristle, 0.7),
                    (x0 + row.bristle * 0.55 - cut / 2, y * (1 + (fan - 0.98) * 0.4), 0),
                    0.0004,
                    about("z", 18.0 * y / b * (fan > 1)),
                )
            )
        parts.append(
            solid(
                "box", (row.bristle / 2, b * min(fan, 1.2) * 0.95, c * 0.72), (x0 + row.bristle / 2, 0, 0), density=0.4
            )
        )
    elif row.kind == "dome":
        parts += laid([turned([(row.widths[-1], -a), (b, -a * 0.4), (b, a)], band, 0.9)], (head, 0, 0))
        tip = head + a
        fat = 1.55 if "ferrule" in row.details and b > 0.01 else 1.1
        bush = [(b * 0.9, -0.002), (b * fat, row.bristle * 0.5), (b * fat * 0.8, row.bristle * 0.8)]
        if "blunt" in row.details:
            fat = 1.0
            bush = [(b * 0.92, -0.002), (b, row.bristle * 0.5), (b, row.bristle * 0.97)]
        elif "pointed" in row.details:
            bush = [(b * 0.9, -0.002), (b * 1.15, row.bristle * 0.3), (b * 0.55, row.bristle * 0.75)]
        parts += laid([turned([*bush, (0.001, row.bristle), (0, row.bristle)], bristle, 0.0)], (tip, 0, 0))
        parts += [
            rod((joint, 0, 0), (tip, 0, 0), b, "cylinder"),
            rod((tip, 0, 0), (tip + row.bristle * 0.85, 0, 0), b * fat * 0.85, "cylinder", 0.3),
        ]
    elif row.kind == "under":
        whole = row.handle and b > 0.02 and "pad" not in row.details
        parts.append(
            blob((a, b, c), paint.main, (head, 0, 0))
            if whole and "metal" not in row.details
            else bar((a, b, c), paint.main, (head, 0, 0), min(c * 0.9, 0.006))
        )
        count = (max(3, round(2 * a / 0.0085)), max(3, round(2 * b / 0.0085)))
        for x in np.linspace(-0.86, 0.86, count[0]):
            for y in np.linspace(-0.8, 0.8, count[1]):
                if "vent" in row.details and abs(y) < 0.1:
                    continue
                if whole and "metal" not in row.details and x * x + y * y > 0.95:
                    continue
                wide = 0.0014 if whole else 0.0032
                parts.append(
                    painted(
                        "box",
                        (wide, wide, row.bristle / 2 + c * 0.3),
                        bristle,
                        (head + x * a, y * b, -c * 0.7 - row.bristle / 2),
                        gloss=0.0,
                    )
                )
        parts += [
            solid("box", (a * 0.96, b * 0.94, c * 0.95), (head, 0, 0)),
            solid("box", (a * 0.84, b * 0.78, row.bristle / 2), (head, 0, -c - row.bristle / 2), density=0.3),
        ]
        if "vent" in row.details:  # slots through its back
            for x in np.linspace(-0.6, 0.6, 5):
                top = c * float(np.sqrt(1 - 0.16 - x * x))
                for side in (-0.4, 0.4):
                    slot = (a * 0.07, b * 0.22, 0.0012)
                    parts.append(
                        bar(slot, paint.dark, (head + x * a, side * b, top), 0.001, about("x", -12 * side / 0.4))
                    )
        if "round" in row.details:
            for z, color in ((0.0, paint.main), (-c * 0.7 - row.bristle, bristle)):
                parts.append(painted("cylinder", (a * 0.98, c * 0.8 if z == 0.0 else 0.0012), color, (head, 0, z)))
        if "bow" in row.details:
            bow = [
                (head - a * 0.8, 0, c * 0.8),
                (head - a * 0.4, 0, c + 0.016),
                (head + a * 0.4, 0, c + 0.016),
                (head + a * 0.8, 0, c * 0.8),
            ]
            parts += [
                tube(bow, 0.0055, paint.main, 18, normal=(0, 1, 0)),
                rod((head - a * 0.4, 0, c + 0.016), (head + a * 0.4, 0, c + 0.016), 0.0055, density=0.4),
            ]
        elif not row.handle:
            parts.append(bar((a * 0.98, b * 1.02, 0.002), paint.accent, (head, 0, 0), 0.001))
    elif row.kind in ("ball", "foam", "straw", "strands", "knob"):
        parts += _further(row, paint, bristle, joint)
    else:
        parts += laid([turned([(0.0032, -a), (0.0032, a)], paint.steel, 1.0)], (head, 0, 0))
        for k in range(10):
            for x in np.linspace(-0.92, 0.92, 11):
                size = row.bristle * 0.62 * (1.0 if x < 0.75 else 0.7)
                parts += rotated(
                    [bar((0.0016, 0.0016, size), bristle, (head + x * a, 0, b * 0.42 + 0.002), 0.0008)],
                    about("x", 36.0 * k + 300 * x),
                )
        parts += laid(
            [turned([(0, -0.003), (0.006, -0.002), (0.006, 0.002), (0, 0.003)], paint.accent)], (head + a, 0, 0)
        )
        parts.append(rod((head - a * 0.95, 0, 0), (head + a * 0.95, 0, 0), b * 0.85, "cylinder", 0.4))
    return parts


def _further(row: Brush, paint: Paint, bristle: Rgba, joint: float) -> list[Part]:
    """Return a head that is no block with tufts, from x = `joint` on [m], with its solid."""
    a, b, c = row.head
    head = joint + a
    if row.kind == "ball":  # tufts to all sides of a core
        core = blob((a, b, c), shade(bristle, 0.75), (head, 0, 0), 0.0)
        parts = [core, rod((head - a * 0.2, 0, 0), (head + a * 0.2, 0, 0), (b + row.bristle) * 0.85, density=0.3)]
        for k in range(90):
            x, angle = 1 - (2 * k + 1) / 90, 2.4 * k
            out = np.array([x, np.sqrt(1 - x * x) * np.cos(angle), np.sqrt(1 - x * x) * np.sin(angle)])
            low, high = out * (a, b, c) * 0.9, out * (np.array([a, b, c]) + row.bristle)
            tuft = painted("box", (0.0022, 0.0022, float(np.linalg.norm(high - low)) / 2), bristle, gloss=0.0)
            parts += rotated([tuft], towards(out), (low + high) / 2 + (head, 0, 0))
        return parts
    if row.kind == "foam":  # a wedge of foam on a wire
        x0, x1 = joint + 0.010, joint + 0.010 + 2 * a
        side = [(x0, -c), (x1 - a * 0.7, -c), (x1, -c * 0.15), (x1, c * 0.15), (x1 - a * 0.7, c), (x0, c)]
        return [
            *rotated([plate(side, b, bristle, 0.0)], about("x", 90)),
            tube([(joint - 0.004, 0, 0), (x0 + 0.004, 0, 0)], 0.0030, paint.steel, gloss=1.0),
            solid("box", (a, b, c * 0.8), (x0 + a, 0, 0), density=0.3),
        ]
    if row.kind == "straw":  # a sheaf that widens, sewn across
        far = joint + 2 * a
        straw = (0.86, 0.70, 0.38, 1.0)
        sheaf = [(joint - 0.012, -0.010), (far, -b), (far + 0.003, -b * 0.4), (far, 0)]
        sheaf = [*sheaf, (far + 0.003, b * 0.4), (far, b), (joint - 0.012, 0.010)]
        parts = [plate(sheaf, c, straw, 0.0), solid("box", (a, b * 0.75, c), (joint + a, 0, 0), density=0.4)]
        for share in np.linspace(-0.85, 0.85, 11):
            line = [(joint - 0.006, share * 0.010, 0), (far, share * b, 0)]
            parts.append(tube(line, (0.0012, 0.0016), shade(straw, 0.72), 4, 0.0, 0.9 * c / 0.0012))
        for share in (0.30, 0.46):
            wide = 0.010 + share * (b - 0.010)
            parts.append(bar((0.0016, wide, c * 1.12), paint.accent, (joint + share * 2 * a, 0, 0), 0.001))
        return [*parts, bar((0.010, 0.0135, c * 1.2), paint.accent, (joint - 0.004, 0, 0), 0.003)]
    if row.kind == "strands":  # thick fingers of silicone
        parts = [bar((0.008, b, c), paint.main, (joint + 0.008, 0, 0), 0.003)]
        for z in (-0.5, 0.5):
            for y in np.linspace(-0.86, 0.86, 6):
                path = [(joint + 0.012, y * b, z * c), (joint + 2 * a, y * b * 1.15, z * c * 1.4)]
                parts.append(tube(path, (0.0026, 0.0018), paint.accent, 6))
        return [*parts, solid("box", (a, b, c), (head, 0, 0), density=0.5)]
    tufts = painted(
        "cylinder", (a * 0.92, row.bristle / 2), shade(bristle, 0.8), (head, 0, -c - row.bristle / 2), gloss=0.0
    )
    parts = [  # a round head below a knob to hold it by
        turned([(0, -c), (a, -c), (a, 0), (a * 0.85, c * 0.8), (a * 0.3, c), (0, c)], paint.main, 0.6),
        turned(
            [(a * 0.34, c * 0.8), (a * 0.30, c + 0.012), (b, c + 0.022), (b * 0.8, c + 0.034), (0, c + 0.038)],
            paint.accent,
            0.6,
        ),
        tufts,
        solid("cylinder", (a * 0.95, (2 * c + row.bristle) / 2), (head, 0, -row.bristle / 2)),
        solid("cylinder", (b * 0.9, 0.018), (head, 0, c + 0.020), density=0.5),
    ]
    parts[:2] = moved(parts[:2], (head, 0, 0))
    for k in range(46):
        out, angle = a * 0.93 * np.sqrt((k + 0.5) / 46), 2.4 * k
        at = (head + out * np.cos(angle), out * np.sin(angle), -c - row.bristle / 2)
        parts.append(painted("box", (0.0018, 0.0018, row.bristle * 0.54), bristle, at, gloss=0.0))
    return parts
