# SPDX-License-Identifier: Apache-2.0
"""Hammers and screwdrivers from rows of proportions and details; all lie along x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import band
from vla_ros.objects.recipes.forms import Profile, about, bar, blob, laid, plate, rotated, shape_of, tube, turned
from vla_ros.objects.shapes import lathe, sweep
from vla_ros.objects.solids import ALONG_X, ALONG_Y, moved, painted, rod, skin, solid


class Hammer(NamedTuple):
    """Length, half thicknesses of the handle from its end on; the head's two sides, its half length and radius."""

    length: float
    widths: tuple[float, ...]
    face: str  # at −y: round, square, disc, drum, bellows, ribbed, mushroom, octagon, block, chisel, rubber
    peen: str  # at +y: claw, straight, wedge, ball, pick, axe, chisel, tip, same
    half: float
    radius: float
    steel_head: bool = True
    grip: bool = False  # a sleeve over half of the handle
    wooden: bool = False
    coil: bool = False  # a spring around the end of the handle


HAMMERS = {
    "framing": Hammer(0.245, (0.0120, 0.0135, 0.0105, 0.0095), "round", "straight", 0.052, 0.0130, True, True),
    "cross_peen": Hammer(0.220, (0.0115, 0.0125, 0.0090, 0.0085), "square", "wedge", 0.044, 0.0130),
    "club": Hammer(0.190, (0.0125, 0.0140, 0.0120, 0.0110), "drum", "same", 0.038, 0.0190),
    "geologist": Hammer(0.225, (0.0130, 0.0140, 0.0095, 0.0080), "square", "pick", 0.058, 0.0115, True, True),
    "stubby": Hammer(0.150, (0.0135, 0.0150, 0.0130, 0.0100), "round", "claw", 0.042, 0.0140, True, True),
    "soft_faced": Hammer(0.215, (0.0115, 0.0125, 0.0100, 0.0090), "disc", "same", 0.042, 0.0165, True, True),
    "joiner": Hammer(0.225, (0.0105, 0.0120, 0.0105, 0.0095), "drum", "same", 0.050, 0.0220, False, False, True),
    "upholstery": Hammer(0.215, (0.0125, 0.0110, 0.0075, 0.0065), "disc", "wedge", 0.050, 0.0075),
    "engineer": Hammer(0.230, (0.0120, 0.0135, 0.0100, 0.0085), "round", "ball", 0.040, 0.0145, True, True),
    "toy": Hammer(0.170, (0.0120, 0.0110, 0.0105, 0.0105), "drum", "same", 0.040, 0.0235, False, True),
}


def hammer(row: Hammer, paint: Paint) -> list[Part]:
    """A hammer lying down: handle along x, head across it at +x."""
    start, head, r, half = -row.length / 2, row.length / 2 - 0.016, row.radius, row.half
    metal = paint.steel if row.steel_head else paint.main
    shaft = paint.main if not row.grip else (paint.steel if row.steel_head and row.radius < 0.0142 else paint.wood)
    path = [(start, 0, 0), (start * 0.3, 0, 0), (head, 0, 0)]
    parts = [tube(path, row.widths, shaft if not row.wooden else paint.wood, 18, flatness=0.85)]
    if row.grip:
        end = start + 0.52 * (head - start)
        parts.append(
            tube(
                [(start - 0.001, 0, 0), ((start + end) / 2, 0, 0), (end, 0, 0)],
                [w * 1.14 for w in (*row.widths[:2], row.widths[1] * 0.9)],
                paint.main,
                14,
                flatness=0.88,
            )
        )
        for x in np.linspace(start + 0.018, end - 0.014, 5):
            parts.append(bar((0.0018, row.widths[1] * 1.06, row.widths[1] * 0.92), paint.accent, (x, 0, 0), 0.0012))
    if row.coil:
        around = np.linspace(0, 18 * np.pi, 150)
        x, wide = np.linspace(start, start * 0.1, 150), 0.0125
        coil = np.column_stack([x, wide * np.cos(around), wide * np.sin(around)])
        parts.append(skin(sweep(coil, np.full(150, 0.0030), 8), paint.main, gloss=0.6))
    eye = min(r * 1.05, 0.016)
    parts.append(bar((eye, half * 0.34, eye), metal, (head, 0, 0), 0.003, gloss=0.9))
    sides = ((-1, row.face), (1, row.peen if row.peen != "same" else row.face))
    for sign, kind in sides:
        profile: Profile = {
            "round": [
                (0, half),
                (r, half - 0.001),
                (r * 1.06, half - 0.004),
                (r * 1.06, half * 0.72),
                (r * 0.72, half * 0.55),
                (r * 0.85, 0.0),
            ],
            "disc": [
                (0, half),
                (r * 1.25, half - 0.001),
                (r * 1.3, half * 0.82),
                (r * 0.8, half * 0.70),
                (r * 0.8, 0.0),
            ],
            "drum": [(0, half), (r * 0.92, half), (r, half - 0.003), (r, 0.0)],
            "ball": [
                (0, half + 0.004),
                (r * 0.7, half),
                (r * 0.95, half * 0.76),
                (r * 0.75, half * 0.5),
                (r * 0.8, 0.0),
            ],
            "bellows": [
                (0, half),
                (r, half),
                (r, half * 0.88),
                *[(r * (0.55 if k % 2 else 0.92), half * (0.82 - 0.12 * k)) for k in range(6)],
                (r * 0.5, 0.0),
            ],
            "ribbed": [
                (0, half),
                (r * 0.9, half),
                (r, half - 0.004),
                *[(r * (0.86 if k % 4 in (1, 2) else 1.0), half * (0.80 - 0.05 * k)) for k in range(12)],
                (r * 0.9, 0.0),
            ],
            "mushroom": [
                (0, half),
                (r * 0.8, half - 0.002),
                (r * 1.25, half - 0.007),
                (r * 1.25, half - 0.010),
                (r * 0.7, half * 0.55),
                (r * 0.7, 0.0),
            ],
            "octagon": [(0, half), (r * 0.95, half), (r * 1.05, half - 0.003), (r, half * 0.3), (r, 0.0)],
            "block": [(0, half), (r * 1.1, half), (r * 1.41, half - r * 0.3), (r * 1.41, 0.0)],
        }.get(kind, [])
        tone = paint.accent if kind == "disc" and row.radius > 0.01 else metal
        if kind == "bellows":
            cap = turned([(r * 1.04, half * 0.93), (r * 1.04, half), (0, half + 0.0008)], paint.accent, 0.6)
            parts += rotated(rotated([cap], about("x", 0 if sign > 0 else 180)), ALONG_Y, (head, 0, 0))
        if kind in ("octagon", "block"):
            count, along = 8 if kind == "octagon" else 4, [(a, z * sign) for a, z in profile][::-sign]
            angled = lathe(along, count, (np.pi / count, np.pi / count + 2 * np.pi))
            parts.append(skin(angled, tone, None, (head, 0, 0), ALONG_Y, 0.8))
        elif profile:
            parts += rotated([turned([(a, z * sign) for a, z in profile][::-sign], tone, 0.8)], ALONG_Y, (head, 0, 0))
        elif kind == "square":
            parts += [
                bar((r, half / 2, r), metal, (head, sign * half / 2, 0), 0.002, gloss=0.9),
                bar((r * 1.1, half * 0.16, r * 1.1), metal, (head, sign * half * 0.84, 0), 0.002, gloss=0.9),
            ]
        elif kind == "wedge":
            parts.append(
                tube(
                    [(head, 0, 0), (head, half * 0.6, 0), (head, half, 0)],
                    (r, r * 0.85, 0.0022),
                    metal,
                    14,
                    0.9,
                    1.0,
                    (1, 0, 0),
                )
            )
        elif kind == "chisel":  # its edge across the handle
            t = np.linspace(0, 1, 10)
            line = np.column_stack([head - 0.007 * t**2, sign * half * t, np.zeros(10)])
            broad, flat = np.interp(t, (0, 0.4, 1), (1, 0.85, 1.2)), np.interp(t, (0, 0.4, 1), (1, 0.8, 0.1))
            parts.append(skin(sweep(line, r * broad, 14, flat, (1, 0, 0)), metal, gloss=0.9))
        elif kind == "axe":
            blade = [
                (0.8, 0.1),
                (0.9, 0.6),
                (1.3, 0.96),
                (0, 1.03),
                (-1.6, 1.02),
                (-2.6, 0.92),
                (-1.1, 0.5),
                (-0.8, 0.1),
            ]
            parts.append(plate([(head + r * x, half * y) for x, y in blade], r * 0.3, metal, 0.9))
        elif kind in ("rubber", "tip"):  # the two halves of a triangle
            far = r * (1.35 if kind == "rubber" else 0.3)
            corners = [(head + r * 0.85, 0), (head + far, sign * half), (head - far, sign * half), (head - r * 0.85, 0)]
            parts.append(plate(corners[::sign], 0.0075, paint.main, 0.2))
        elif kind == "pick":
            parts.append(
                tube(
                    [(head, 0, 0), (head - 0.002, half * 0.6, 0), (head - 0.012, half * 1.05, 0)],
                    (r, r * 0.7, 0.002),
                    metal,
                    14,
                    0.9,
                )
            )
        else:
            curl = 0.016 if kind == "claw" else 0.004
            for side in (-1, 1):
                claw = [
                    (head, half * 0.2, side * 0.004),
                    (head - curl * 0.2, half * 0.65, side * 0.007),
                    (head - curl, half * 1.02, side * 0.009),
                ]
                parts.append(tube(claw, (0.0075, 0.0068, 0.0028), metal, 10, 0.9, 0.7))
    wide = {"disc": 1.15, "square": 1.02, "mushroom": 1.1, "block": 1.1, "chisel": 0.9, "rubber": 0.7}.get(
        row.face, 1.0
    )
    far = row.peen == "same"
    parts.append(solid("cylinder", (r * wide, half / 2), (head, -half / 2, 0), ALONG_Y, 4.0 if row.steel_head else 1.0))
    if far:
        parts.append(
            solid("cylinder", (r * wide, half / 2), (head, half / 2, 0), ALONG_Y, 4.0 if row.steel_head else 1.0)
        )
    else:
        slim = {"wedge": 0.75, "pick": 0.6, "ball": 0.85, "axe": 0.7, "tip": 0.6}.get(row.peen, 0.8)
        parts.append(
            solid(
                "box",
                (r * slim, half / 2, r * slim),
                (head - (0.003 if row.peen in ("claw", "pick") else 0), half / 2, 0),
                density=3.0,
            )
        )
    return [*parts, rod((start + row.widths[0], 0, 0), (head, 0, 0), float(np.mean(row.widths)) * 0.92)]


class Screwdriver(NamedTuple):
    """Outline of the handle from its end on: radius and place; sides around, length and radius of the shaft; trim."""

    outline: tuple[tuple[float, float], ...]
    sides: int
    shaft: float
    wire: float = 0.0036
    trim: str = "none"  # none, cap, rings, strips, collar, guard, soft, bolster, button, clip
    tip: str = "flat"  # flat, cross, hex
    shank: str = "plain"  # plain, sleeve, flex, spiral, square, bit
    bend: float = 0.0  # [°] by which the handle leaves the shaft's line: a pistol
    flat: float = 0.0  # share of its width that a flattened handle is thick, with rivets


SCREWDRIVERS = {
    "hexagonal": Screwdriver(
        ((0.011, 0), (0.0145, 0.006), (0.0145, 0.070), (0.010, 0.090)), 6, 0.090, 0.0036, "collar"
    ),
    "barrel": Screwdriver(((0.012, 0), (0.0175, 0.022), (0.0175, 0.050), (0.009, 0.080)), 28, 0.070, 0.0036, "rings"),
    "waisted": Screwdriver(
        ((0.013, 0), (0.0165, 0.010), (0.0165, 0.045), (0.0100, 0.062), (0.0140, 0.078), (0.010, 0.090)),
        28,
        0.085,
        0.0036,
        "cap",
    ),
    "cabinet": Screwdriver(
        ((0.012, 0), (0.0170, 0.016), (0.0135, 0.050), (0.0080, 0.084)), 12, 0.080, 0.0032, "collar"
    ),
    "watchmaker": Screwdriver(
        ((0.0095, 0), (0.0095, 0.004), (0.0062, 0.008), (0.0062, 0.070), (0.004, 0.078)), 28, 0.040, 0.0022, "cap"
    ),
    "fluted": Screwdriver(
        ((0.013, 0), (0.0155, 0.006), (0.0155, 0.072), (0.011, 0.084)), 8, 0.095, 0.0042, "strips", "cross"
    ),
    "thick_short": Screwdriver(
        ((0.014, 0), (0.0195, 0.014), (0.0195, 0.032), (0.012, 0.050)), 10, 0.032, 0.0036, "strips"
    ),
    "nut_driver": Screwdriver(
        ((0.012, 0), (0.0160, 0.010), (0.0140, 0.055), (0.0155, 0.074), (0.010, 0.086)),
        28,
        0.075,
        0.0048,
        "rings",
        "hex",
    ),
    "demolition": Screwdriver(
        ((0.0165, 0), (0.0165, 0.008), (0.0140, 0.012), (0.0155, 0.060), (0.010, 0.088)), 8, 0.105, 0.0045, "cap"
    ),
    "tapered": Screwdriver(((0.014, 0), (0.0160, 0.006), (0.0085, 0.095)), 28, 0.085, 0.0034, "strips", "cross"),
}


def screwdriver(row: Screwdriver, paint: Paint) -> list[Part]:
    """A screwdriver: handle at −x, shaft to +x."""
    grip = row.outline[-1][1]
    start = -(grip + row.shaft) / 2
    end = start + grip
    trim = paint.accent if paint.style or paint.color == "black" else paint.dark
    standing = [turned([(0, 0), *row.outline, (0, grip)], paint.main, 0.7, sides=row.sides)]
    if row.trim == "cap":
        (r, _), (wide, z) = row.outline[:2]
        standing.append(turned([(0, -0.0006), (r + 0.0006, -0.0006), (wide + 0.0006, z)], trim, sides=row.sides))
    elif row.trim in ("rings", "collar"):
        places = (grip - 0.010, grip - 0.004) if row.trim == "collar" else np.linspace(0.3, 0.7, 4) * grip
        radii, heights = zip(*row.outline, strict=True)
        for z in places:
            r = float(np.interp(z, heights, radii)) + 0.0012
            standing.append(
                turned([(r - 0.001, z - 0.002), (r, z - 0.001), (r, z + 0.001), (r - 0.001, z + 0.002)], trim)
            )
    widest = max(r for r, _ in row.outline)
    if row.trim == "guard":
        flange = [(0.6 * widest, grip - 0.016), (1.2 * widest, grip - 0.014), (1.2 * widest, grip - 0.010)]
        standing.append(turned([*flange, (0.6 * widest, grip - 0.006)], paint.main, 0.6))
    elif row.trim == "soft":
        turning = [(r * 0.999, z) for r, z in row.outline]
        for low, high in ((0.03, 0.34), (0.46, 0.72)):
            standing.append(band(turning, low * grip, high * grip, trim, 0.0012, row.sides))
    elif row.trim == "bolster":
        wide = row.wire * 2.4
        standing.append(
            turned([(wide, grip - 0.002), (wide, grip + 0.010), (0, grip + 0.010)], paint.steel, 1.0, sides=6)
        )
    for part in standing if row.flat else ():
        shape_of(part)[:, 0] *= row.flat
    parts = laid(standing, (start, 0, 0))
    high = widest * (row.flat or 1.0)
    if row.flat:
        for x in (0.2, 0.5, 0.8):
            parts.append(painted("cylinder", (0.0030, high + 0.0004), paint.steel, (start + x * grip, 0, 0), gloss=1.0))
    if row.trim == "button":
        parts += [
            painted("ellipsoid", (0.012, 0.006, 0.003), trim, (start + grip * 0.62, 0, high * 0.96)),
            painted("ellipsoid", (0.004, 0.004, 0.002), paint.pale, (start + grip * 0.40, 0, high * 0.98)),
            *laid(
                [turned([(0.011, grip - 0.004), (0.0075, grip + 0.010), (0, grip + 0.010)], paint.dark)], (start, 0, 0)
            ),
        ]
    elif row.trim == "clip":
        parts += [
            bar((grip * 0.28, 0.0022, 0.0008), paint.steel, (start + grip * 0.30, 0, high + 0.0022), 0.0006, gloss=1.0),
            painted("cylinder", (widest * 1.12, 0.004), paint.steel, (start + 0.003, 0, 0), ALONG_X, 1.0),
        ]
    if row.trim == "strips":
        for a in np.linspace(0, 2 * np.pi, 6)[:-1] + 0.3:
            place = (start + grip * 0.45, 0.90 * widest * np.cos(a), 0.90 * widest * np.sin(a))
            parts.append(painted("capsule", (widest * 0.17, grip * 0.24), trim, place, ALONG_X))
    if row.bend:
        parts = rotated(moved(parts, (-end, 0, 0)), about("z", row.bend), (end, 0, 0))
        joint = row.outline[-1][0] * 1.2
        parts += [
            blob((joint, joint, joint), paint.main, (end, 0, 0), 0.7),
            painted("cylinder", (joint * 0.85, 0.008), trim, (end + 0.012, 0, 0), ALONG_X),
        ]
    far = end + row.shaft
    parts.append(painted("cylinder", (row.wire, row.shaft / 2), paint.steel, (end + row.shaft / 2, 0, 0), ALONG_X, 1.0))
    dark = shade(paint.steel, 0.75)
    if row.shank == "sleeve":
        long = row.shaft * 0.38
        parts += laid(
            [turned([(row.wire * 1.5, 0), (row.wire * 1.5, 2 * long), (0, 2 * long)], paint.main)], (end, 0, 0)
        )
    elif row.shank == "flex":
        waves = [(row.wire * (1.5 if k % 2 else 1.1), row.shaft * (0.05 + 0.02 * k)) for k in range(40)]
        parts += laid([turned(waves, dark, 0.8, sides=14)], (end, 0, 0))
    elif row.shank == "spiral":
        parts.append(
            painted("cylinder", (row.wire * 2.0, row.shaft * 0.2), paint.steel, (end + row.shaft * 0.2, 0, 0), ALONG_X)
        )
        t = np.linspace(0, 1, 90)
        for first in (0.0, np.pi):
            wind = first + 10 * np.pi * t
            path = [end + row.shaft * (0.4 + 0.42 * t), row.wire * np.cos(wind), row.wire * np.sin(wind)]
            parts.append(skin(sweep(np.column_stack(path), np.full(90, row.wire * 0.4), 6), dark, gloss=1.0))
        parts.append(painted("cylinder", (row.wire * 1.7, 0.010), dark, (far - 0.022, 0, 0), ALONG_X, 1.0))
    elif row.shank == "square":
        parts.append(
            bar((row.shaft / 2, row.wire, row.wire), paint.steel, (end + row.shaft / 2, 0, 0), 0.0005, gloss=1.0)
        )
    elif row.shank == "bit":
        parts += [
            painted(
                "cylinder", (row.wire * 1.7, row.shaft * 0.3), paint.steel, (end + row.shaft * 0.3, 0, 0), ALONG_X, 1.0
            ),
            painted("cylinder", (row.wire * 1.8, 0.004), dark, (end + row.shaft * 0.48, 0, 0), ALONG_X, 1.0),
        ]
    if row.tip == "flat":
        parts.append(painted("box", (0.006, row.wire * 1.5, 0.0014), dark, (far - 0.004, 0, 0), gloss=1.0))
    elif row.tip == "cross":
        parts += laid(
            [turned([(row.wire, 0), (row.wire * 0.35, 0.008), (0, 0.009)], dark, 1.0, sides=4)], (far - 0.001, 0, 0)
        )
    else:
        parts += laid(
            [
                turned(
                    [(row.wire, 0), (row.wire * 1.6, 0.002), (row.wire * 1.6, 0.012), (0, 0.012)],
                    paint.steel,
                    1.0,
                    sides=6,
                )
            ],
            (far - 0.008, 0, 0),
        )
    low = row.outline[0][0]
    rods = [
        rod((start, 0, 0), (start + grip * 0.6, 0, 0), max(float(np.mean([low, widest])), 0.006), "cylinder"),
        rod(
            (start + grip * 0.6, 0, 0),
            (end, 0, 0),
            max(float(np.mean([r for r, z in row.outline if z >= grip * 0.3] or [widest])), 0.0055),
            "cylinder",
        ),
    ]
    if row.bend:
        rods = rotated(moved(rods, (-end, 0, 0)), about("z", row.bend), (end, 0, 0))
    elif row.flat:
        rods = [solid("box", (grip / 2, widest * 0.9, high), (start + grip / 2, 0, 0))]
    return [*parts, *rods, rod((end, 0, 0), (far, 0, 0), max(row.wire, 0.0045), "cylinder", 3.0)]
