# SPDX-License-Identifier: Apache-2.0
"""Ears of corn that only pictures with boxes show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import Family, trimmings
from vla_ros.objects.recipes.forms import Profile, about, laid, rotated, stack, tube, turned
from vla_ros.objects.recipes.garden import PALE
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import painted, rod, solid

HUSK, WOOD = (0.62, 0.74, 0.36, 1.0), (0.80, 0.62, 0.40, 1.0)


class Corn(NamedTuple):
    """Length and radius of the ear, its tip (share of the radius), rows of grains, their size; what else it has."""

    length: float
    radius: float
    tip: float = 0.62
    rows: int = 12
    grain: float = 0.0042
    twist: float = 0.0  # [rad] by which the rows wind around it
    more: str | None = None  # stick, holders, wheel, eaten, silk, handle, boat, gaps, butter, charred


CORNS = {
    "on_stick": Corn(0.130, 0.0220, more="stick"),
    "holders": Corn(0.125, 0.0220, 0.72, more="holders"),
    "wheel": Corn(0.150, 0.0260, 0.90, 16, more="wheel"),
    "half_eaten": Corn(0.150, 0.0225, 0.66, more="eaten"),
    "silky": Corn(0.140, 0.0215, 0.60, more="silk"),
    "husk_handle": Corn(0.115, 0.0220, 0.60, more="handle"),
    "husk_boat": Corn(0.145, 0.0210, 0.50, more="boat"),
    "gappy": Corn(0.150, 0.0220, 0.40, 11, more="gaps"),
    "buttered": Corn(0.145, 0.0230, 0.64, 14, more="butter"),
    "charred": Corn(0.155, 0.0220, 0.56, 12, more="charred"),
    "large_grained": Corn(0.118, 0.0255, 0.50, 8, 0.0085),
    "spiral": Corn(0.150, 0.0220, 0.50, 11, 0.0044, 2.6),
}


def corn(row: Corn, paint: Paint) -> list[Part]:
    """An ear of corn along x, its tip at +x."""
    h, radius = row.length / 2, row.radius
    if row.more == "wheel":
        return _wheel(row, paint)
    tip = radius * row.tip
    outline = smooth(
        [(radius * 0.72, -h), (radius, -h * 0.62), (radius * 0.98, h * 0.05), (tip, h * 0.8), (tip / 2, h)], 18
    )
    cob = shade(paint.main, 0.72) if row.more not in ("eaten", "gaps") else (0.86, 0.78, 0.50, 1.0)
    parts = [turned([(0, -h), *outline, (0, h)], cob, 0.3), *_grains(row, paint, outline)]
    parts += _on_corn(row, paint, outline)
    return laid([*parts, *stack(outline, (-h, -h * 0.2, h * 0.5, h), share=1.06)])


def _grains(row: Corn, paint: Paint, outline: Profile) -> list[Part]:
    """Return the rows of grains; some may be gone or burnt."""
    h, rng, parts = row.length / 2, np.random.default_rng(2), list[Part]()
    step = 1.62 * row.grain
    for k in range(row.rows):
        for z in np.arange(-h + 0.006, h - 0.003, step) + (step / 2 if k % 2 else 0.0):
            r = float(np.interp(z, [p[1] for p in outline], [p[0] for p in outline]))
            a = 2 * np.pi * k / row.rows + row.twist * z / row.length
            drawn = rng.uniform()
            bitten = row.more == "eaten" and abs(z + 0.1 * h) < h * (0.42 + 0.2 * np.cos(3 * a)) and np.cos(a) < 0.45
            if bitten or (row.more == "gaps" and drawn < 0.30 + 0.35 * (z > h * 0.4)):
                continue
            tone = shade(paint.main, 0.22) if row.more == "charred" and drawn < 0.5 * _burnt(a, z) else paint.main
            size = min(row.grain, 1.05 * np.pi * r / row.rows)
            place = ((r - 0.3 * size) * np.cos(a), (r - 0.3 * size) * np.sin(a), z)
            parts.append(painted("sphere", (size,), tone, place, gloss=0.7))
    return parts


def _burnt(a: float, z: float) -> float:
    """Return how burnt grains are there, of an ear that lay on a grill."""
    return 0.3 + 1.7 * float(np.cos(2 * a) > 0.1 and np.sin(330 * z) > -0.2)


def _on_corn(row: Corn, paint: Paint, outline: Profile) -> list[Part]:
    """Return husks, hair, sticks or butter of an ear along z."""
    h, r = row.length / 2, row.radius
    if row.more == "stick":
        return [
            tube([(0, 0, -h - 0.058), (0, 0, -h + 0.01)], 0.0040, WOOD, 4, normal=(0, 1, 0)),
            rod((0, 0, -h - 0.056), (0, 0, -h), 0.004),
        ]
    if row.more == "holders":
        parts: list[Part] = []
        for side in (-1, 1):
            grip = [(0.0045, 0.006), (0.0075, 0.010), (0.0065, 0.024), (0.0085, 0.034), (0.0050, 0.040)]
            one = [turned([(0, 0.006), *smooth(grip, 14), (0, 0.040)], paint.accent, 0.7)]
            one += [painted("cylinder", (0.0009, 0.008), paint.steel, (x, 0, 0.0), gloss=0.9) for x in (-0.003, 0.003)]
            one.append(solid("cylinder", (0.0075, 0.018), (0, 0, 0.022), density=0.4))
            parts += rotated(one, about("x", 90 - 90 * side), (0, 0, side * h))
        return parts
    if row.more == "butter":
        butter, parts = (0.99, 0.93, 0.62, 1.0), list[Part]()
        for z, x, y in ((0.05, 0.0, 0.0), (0.16, 0.007, 0.004), (-0.1, -0.008, -0.003), (0.0, 0.013, 0.006)):
            parts.append(
                painted(
                    "ellipsoid", (0.0030, 0.0075, 0.0125), butter, (-r - 0.003 + abs(x) * 0.4, x, h * z + y), gloss=0.8
                )
            )
        return [
            *parts,
            painted("box", (0.0045, 0.0095, 0.0115), butter, (-r - 0.0075, 0, h * 0.06), about("x", 18), 0.6),
        ]
    parts = []
    if row.more == "silk":
        for k in range(16):
            a, out = 2.4 * k, 0.3 + 0.7 * (k % 4) / 3
            c, s = float(np.cos(a)), float(np.sin(a))
            ends = [(0.006 * c, 0.006 * s, h - 0.010), (0.012 * out * c, 0.012 * out * s, h + 0.016)]
            ends.append((0.022 * out * c + 0.006, 0.022 * out * s, h + 0.034 + 0.004 * (k % 3)))
            parts.append(tube(ends, (0.0012, 0.0010, 0.0007), (0.52, 0.32, 0.14, 1.0), 10, 0.2, normal=(-s, c, 0.01)))
        parts.append(rod((0, 0, h), (0, 0, h + 0.028), 0.008, density=0.1))
    if row.more in ("silk", "boat"):  # husks behind it, its front is bare
        for k, a in enumerate((1.9, 2.6, 3.2, 3.8, 4.5) if row.more == "boat" else (1.4, 2.3, 3.2, 4.1, 5.0)):
            c, s = np.cos(a + np.pi), np.sin(a + np.pi)
            long = h * (1.12 - 0.12 * (k % 2)) if row.more == "boat" else h * (0.45 - 0.2 * (k % 2))
            out = r * 1.12
            course = [(0.4 * r * c, 0.4 * r * s, -h - 0.008), (out * c, out * s, -h * 0.6)]
            course += [(out * c, out * s, 0.2 * long), (1.3 * out * c, 1.3 * out * s, long)]
            parts.append(tube(course, (0.007, 0.0150, 0.0150, 0.0130, 0.0015), HUSK, 18, 0.1, 0.14, (c, s, 0.01)))
    if row.more == "handle":  # husks pulled back and bound
        for k in range(7):
            a = 2 * np.pi * k / 7
            c, s = np.cos(a), np.sin(a)
            course = [(0.75 * r * c, 0.75 * r * s, -h + 0.006), (0.45 * r * c, 0.45 * r * s, -h - 0.016)]
            course += [(0.006 * c, 0.006 * s, -h - 0.034), (0.020 * c, 0.020 * s, -h - 0.074)]
            parts.append(tube(course, (0.0085, 0.0075, 0.0045, 0.0090, 0.002), HUSK, 16, 0.1, 0.25, (c, s, 0.01)))
        parts.append(painted("cylinder", (0.0105, 0.0050), (0.80, 0.74, 0.50, 1.0), (0, 0, -h - 0.034)))
        parts.append(rod((0, 0, -h), (0, 0, -h - 0.070), 0.009, density=0.3))
    if row.more in ("silk", "boat"):
        parts += [turned([(0.0075, -h - 0.020), (0.0085, -h)], HUSK, 0.2), rod((0, 0, -h - 0.016), (0, 0, -h), 0.006)]
    return parts


def _wheel(row: Corn, paint: Paint) -> list[Part]:
    """Return a thick slice across an ear, flat about z."""
    r, half = row.radius, 0.0115
    parts = trimmings.disc(r * 0.86, half, shade(paint.main, 0.72), ((0.62, (0.93, 0.87, 0.62, 1.0)), (0.28, PALE)))
    for k in range(row.rows):
        a = 2 * np.pi * k / row.rows
        for z in (-half * 0.62, 0.0, half * 0.62):
            size = (0.0056, min(1.02 * np.pi * r * 0.9 / row.rows, 0.0060), 0.0043)
            place = (0.83 * r * np.cos(a), 0.83 * r * np.sin(a), z)
            parts.append(painted("ellipsoid", size, paint.main, place, about("z", np.degrees(a)), 0.7))
    return [*parts, solid("cylinder", (r, half * 0.9))]


PICTURED: dict[str, Family] = {"corn": (CORNS, corn)}
