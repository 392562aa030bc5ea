# SPDX-License-Identifier: Apache-2.0
"""Boxes and tubes from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import WHITE, about, bar, plate, tube
from vla_ros.objects.shapes import lathe, rounded_box, sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid


class Box(NamedTuple):
    """Half edges, and what it has besides printed sides."""

    half: tuple[float, float, float]
    details: tuple[str, ...] = ()


BOXES = {
    "tissue": Box((0.034, 0.058, 0.024), ("slit",)),
    "cardboard": Box((0.034, 0.044, 0.030), ("tape",)),
    "open": Box((0.033, 0.038, 0.028), ("flaps",)),
    "lunch": Box((0.032, 0.042, 0.026), ("gable", "grip")),
    "hinged": Box((0.030, 0.046, 0.018), ("lid", "clasp")),
    "cube": Box((0.032, 0.032, 0.032), ("lid",)),
    "crayons": Box((0.015, 0.034, 0.052), ("tips",)),
    "spaghetti": Box((0.014, 0.028, 0.098), ("window",)),
    "perfume": Box((0.024, 0.024, 0.056), ("panel",)),
    "detergent": Box((0.028, 0.052, 0.062), ("panel", "hole")),
    "flat": Box((0.034, 0.070, 0.011), ("panel",)),
}


def box(row: Box, paint: Paint) -> list[Part]:
    """A cardboard box standing on its base, printed on all sides."""
    a, b, c = row.half
    parts = [skin(rounded_box(row.half, 0.0015, 2), WHITE, paint.picture(96, 96), gloss=0.3), solid("box", row.half)]
    pale = paint.pale if paint.color != "white" else paint.accent
    if "slit" in row.details:
        crest = [(0, -0.014, c), (0.003, -0.004, c + 0.018), (-0.003, 0.006, c + 0.014), (0, 0.015, c)]
        parts += [
            bar((0.010, b * 0.55, 0.0008), paint.dark, (0, 0, c), 0.0005),
            tube(crest, (0.004, 0.009, 0.009, 0.004), (0.97, 0.97, 0.96, 1.0), 12, 0.1, normal=(1, 0, 0)),
        ]
    if "tape" in row.details:
        parts += [
            bar((a + 0.0005, 0.008, c + 0.0005), pale, radius=0.0005),
            bar((a * 0.7, 0.0006, c * 0.35), pale, (0, b, 0), 0.0004),
        ]
    if "flaps" in row.details:
        parts.append(bar((a * 0.94, b * 0.94, 0.0006), shade(paint.main, 0.35), (0, 0, c), 0.0004))
        for axis, sign in ((0, -1), (0, 1), (1, -1), (1, 1)):
            out = 0.012
            half = (out, b * 0.94, 0.001) if axis == 0 else (a * 0.94, out, 0.001)
            reach = (a, b)[axis] + out * 0.72
            place = (sign * reach, 0, c + out * 0.66) if axis == 0 else (0, sign * reach, c + out * 0.66)
            turn = about("y", -42 * sign) if axis == 0 else about("x", 42 * sign)
            parts.append(bar(half, shade(paint.main, 0.85), place, 0.0006, turn))
    if "gable" in row.details:
        roof = plate([(-a, 0), (a, 0), (0, a * 0.67)], b, paint.main, 0.3)
        parts.append(Part("mesh", (), (0, 0, c), about("x", 90), roof.rgba, None, roof.mesh, False))
        parts += [
            solid("box", (a * 0.55, b, a * 0.16), (0, 0, c + a * 0.16), density=0.3),
            solid("box", (0.004, b * 0.6, 0.014), (0, 0, c + a * 0.66), density=0.2),
        ]
    if "grip" in row.details:
        grip = [
            (0, -b * 0.5, c + a * 0.6),
            (0, -b * 0.4, c + a * 0.6 + 0.016),
            (0, b * 0.4, c + a * 0.6 + 0.016),
            (0, b * 0.5, c + a * 0.6),
        ]
        parts.append(tube(grip, 0.0032, paint.accent, 18, normal=(1, 0, 0)))
    if "lid" in row.details:
        parts += [
            bar((a + 0.0016, b + 0.0016, c * 0.22), paint.accent, (0, 0, c * 0.80), 0.001),
            solid("box", (a + 0.0015, b + 0.0015, c * 0.22), (0, 0, c * 0.8), density=0.3),
        ]
    if "clasp" in row.details:
        parts += [bar((0.0015, 0.007, 0.006), paint.steel, (a + 0.001, 0, c * 0.58), 0.001, gloss=1.0)]
    if "tips" in row.details:
        colors = (
            paint.accent,
            (0.85, 0.15, 0.12, 1.0),
            (0.95, 0.78, 0.15, 1.0),
            (0.20, 0.55, 0.30, 1.0),
            (0.20, 0.35, 0.75, 1.0),
        )
        for k, y in enumerate(np.linspace(-0.8, 0.8, 5) * b):
            cone = [(0.0058, -0.002), (0.0058, 0.008), (0.0022, 0.018), (0, 0.018)]
            parts.append(skin(lathe(cone), colors[k], position=(0, y, c)))
        parts.append(solid("box", (0.006, b * 0.9, 0.008), (0, 0, c + 0.008), density=0.2))
    if "window" in row.details:
        parts.append(bar((0.0006, b * 0.5, c * 0.55), (0.93, 0.82, 0.52, 1.0), (a, 0, c * 0.05), 0.0004))
        parts += [
            bar((0.0010, 0.0008, c * 0.54), (0.80, 0.66, 0.36, 1.0), (a, y * b, c * 0.05), 0.0004)
            for y in (-0.3, 0.0, 0.3)
        ]
    if "panel" in row.details:
        size = (0.0006, b * 0.7, c * 0.45) if c > 0.02 else (a * 0.6, b * 0.6, 0.0006)
        parts.append(bar(size, pale, (a, 0, 0) if c > 0.02 else (0, 0, c), 0.0004))
    if "hole" in row.details:
        parts.append(bar((0.0006, b * 0.45, 0.006), paint.dark, (a, 0, c * 0.72), 0.0004))
        parts.append(bar((0.0006, b * 0.45, 0.006), paint.dark, (-a, 0, c * 0.72), 0.0004))
    return parts


class Tube(NamedTuple):
    """Length, radius at the shoulder, length and radius (share) of the cap, kind of the cap; how thick its end is."""

    length: float
    radius: float
    cap: float
    share: float
    kind: str = "cone"  # cone, flat, nozzle, ball, disc
    end: str = "plain"  # plain, crimped, rolled, round, hook
    bands: tuple[float, ...] = (0.45,)


TUBES = {
    "travel": Tube(0.085, 0.0150, 0.012, 0.70, "cone", "plain", (0.30, 0.62)),
    "oil_paint": Tube(0.110, 0.0120, 0.010, 0.62, "disc", "crimped", (0.55,)),
    "hand_cream": Tube(0.125, 0.0200, 0.020, 0.60, "disc", "crimped", (0.40,)),
    "lip_balm": Tube(0.078, 0.0105, 0.016, 0.72, "nozzle", "plain", (0.40,)),
    "gel": Tube(0.150, 0.0215, 0.024, 1.04, "flat", "plain", (0.25, 0.70)),
    "rolled_up": Tube(0.110, 0.0175, 0.018, 0.78, "cone", "rolled", (0.60,)),
    "mustard": Tube(0.140, 0.0165, 0.020, 0.50, "cone", "crimped", (0.30, 0.50, 0.70)),
    "sealant": Tube(0.160, 0.0165, 0.050, 0.55, "nozzle", "crimped", (0.50,)),
    "hanging": Tube(0.130, 0.0190, 0.018, 0.95, "flat", "hook", (0.55,)),
    "domed": Tube(0.115, 0.0205, 0.026, 0.92, "ball", "plain", (0.45,)),
}


def squeezable(row: Tube, paint: Paint) -> list[Part]:
    """A squeezable tube along x, lying flat, cap at +x."""
    start, end, radius, cap = -row.length / 2, row.length / 2 - row.cap, row.radius, row.cap
    t = np.linspace(0, 1, 14)
    x = start + t * (end - start)
    flatness = 0.10 + 0.90 * np.clip(t * 1.15, 0, 1) ** 0.9
    wide = radius * (1.25 - 0.25 * t) * np.interp(t, (0, 0.94, 1), (1, 1, max(row.share, 0.6)))
    lid = paint.accent if paint.style or paint.color == "white" else paint.pale
    grip = radius * row.share
    profile = {
        "cone": [(grip, 0), (grip * 0.88, cap), (0, cap)],
        "flat": [(grip, 0), (grip, cap - 0.002), (grip - 0.002, cap), (0, cap)],
        "nozzle": [(grip, 0), (grip, cap * 0.25), (grip * 0.5, cap * 0.35), (0.003, cap), (0, cap)],
        "ball": [(grip, 0), (grip, cap * 0.4), (grip * 0.8, cap * 0.8), (grip * 0.4, cap), (0, cap)],
        "disc": [(grip * 0.5, 0), (grip * 0.5, cap * 0.3), (grip * 1.1, cap * 0.35), (grip, cap), (0, cap)],
    }[row.kind]
    parts = [
        skin(sweep([(v, 0, 0) for v in x], wide, 20, flatness), paint.main, gloss=0.6),
        skin(
            lathe([(0, 0), *profile], 14 if row.kind == "cone" else 28), lid, position=(end, 0, 0), quaternion=ALONG_X
        ),
    ]
    for at in row.bands:
        k = int(at * 13)
        tone = paint.accent if paint.style != 2 else paint.pale
        tone = paint.accent if paint.color == "white" else tone
        ends = slice(k, k + (3 if len(row.bands) == 1 else 2))
        parts.append(skin(sweep([(v, 0, 0) for v in x[ends]], wide[ends] * 1.015, 20, flatness[ends]), tone, gloss=0.6))
    if row.end == "crimped":
        parts.append(bar((0.005, radius * 1.25, 0.0028), paint.steel, (start + 0.004, 0, 0), 0.001, gloss=1.0))
    elif row.end == "rolled":
        parts.append(
            skin(lathe([(0, -1), (0.006, -1), (0.006, 1), (0, 1)]), paint.main, None, (start, 0, 0.001), about("x", 90))
        )
        mesh = parts[-1].mesh
        if mesh is not None:
            mesh.vertices[:, 2] *= radius * 1.22
        parts.append(solid("box", (0.006, radius * 1.2, 0.005), (start, 0, 0), density=0.4))
    elif row.end == "hook":
        parts += [
            bar((0.012, radius * 0.9, 0.0022), paint.main, (start - 0.008, 0, 0), 0.001),
            painted("cylinder", (0.0050, 0.0024), paint.dark, (start - 0.010, 0, 0)),
        ]
        parts.append(solid("box", (0.010, radius * 0.9, 0.004), (start - 0.008, 0, 0), density=0.3))
    else:
        parts.append(bar((0.004, radius * 1.25, 0.0024), shade(paint.main, 0.75), (start + 0.003, 0, 0), 0.001))
    middle = end - (end - start) * 0.4
    return [
        *parts,
        solid("box", ((end - middle) / 2, radius * 0.78, radius * 0.93), ((end + middle) / 2, 0, 0)),
        solid("box", ((middle - start) / 2, radius * 1.12, radius * 0.48), ((middle + start) / 2, 0, 0), density=0.6),
        rod((end, 0, 0), (end + cap, 0, 0), min(grip, radius) * (0.97 if row.kind != "nozzle" else 0.6), "cylinder"),
    ]
