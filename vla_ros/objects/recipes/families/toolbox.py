# SPDX-License-Identifier: Apache-2.0
"""Hammers, screwdrivers, wrenches and pliers from rows of proportions and details; all lie along x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import Profile, about, bar, laid, rotated, tube, turned
from vla_ros.objects.shapes import lathe, swath
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, skin, solid


class Hammer(NamedTuple):
    """Length, half thicknesses of the handle from its end on; the head's two sides, its half length and radius."""

    length: float
    widths: tuple[float, ...]
    face: str  # at −y: round, square, disc, drum
    peen: str  # at +y: claw, straight, wedge, ball, pick, same
    half: float
    radius: float
    steel_head: bool = True
    grip: bool = False  # a sleeve over half of the handle
    wooden: bool = False


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
        }.get(kind, [])
        tone = paint.accent if kind == "disc" and row.radius > 0.01 else metal
        if profile:
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
    wide = {"round": 1.0, "disc": 1.15, "drum": 1.0, "square": 1.02}[row.face]
    far = row.peen == "same"
    parts.append(solid("cylinder", (r * wide, half / 2), (head, -half / 2, 0), ALONG_Y, 4.0 if row.steel_head else 1.0))
    if far:
        parts.append(
            solid("cylinder", (r * wide, half / 2), (head, half / 2, 0), ALONG_Y, 4.0 if row.steel_head else 1.0)
        )
    else:
        slim = {"claw": 0.8, "straight": 0.8, "wedge": 0.75, "pick": 0.6, "ball": 0.85}[row.peen]
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
    trim: str = "none"  # none, cap, rings, strips, collar
    tip: str = "flat"  # flat, cross, hex


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
    parts = laid(standing, (start, 0, 0))
    widest = max(r for r, _ in row.outline)
    if row.trim == "strips":
        for a in np.linspace(0, 2 * np.pi, 6)[:-1] + 0.3:
            place = (start + grip * 0.45, 0.90 * widest * np.cos(a), 0.90 * widest * np.sin(a))
            parts.append(painted("capsule", (widest * 0.17, grip * 0.24), trim, place, ALONG_X))
    far = end + row.shaft
    parts.append(painted("cylinder", (row.wire, row.shaft / 2), paint.steel, (end + row.shaft / 2, 0, 0), ALONG_X, 1.0))
    dark = shade(paint.steel, 0.75)
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
    return [
        *parts,
        rod((start, 0, 0), (start + grip * 0.6, 0, 0), max(float(np.mean([low, widest])), 0.006), "cylinder"),
        rod(
            (start + grip * 0.6, 0, 0),
            (end, 0, 0),
            max(float(np.mean([r for r, z in row.outline if z >= grip * 0.3] or [widest])), 0.0055),
            "cylinder",
        ),
        rod((end, 0, 0), (far, 0, 0), max(row.wire, 0.0045), "cylinder", 3.0),
    ]


class Wrench(NamedTuple):
    """Length, half width and half thickness of the shaft; its ends at +x and −x, their radii; offset of its ends."""

    length: float
    width: float
    thick: float
    near: str = "open"  # open, ring, box, jaw, hole, none
    far: str = "ring"
    radii: tuple[float, float] = (0.020, 0.016)
    grip: bool = False
    slot: bool = True


WRENCHES = {
    "long_combination": Wrench(0.225, 0.0075, 0.0060),
    "double_open": Wrench(0.150, 0.0085, 0.0060, "open", "open", (0.0185, 0.0145)),
    "double_ring": Wrench(0.200, 0.0080, 0.0065, "ring", "ring", (0.0165, 0.0135)),
    "monkey": Wrench(0.185, 0.0110, 0.0085, "jaw", "none", (0.021, 0.013), True, False),
    "wide_adjustable": Wrench(0.145, 0.0125, 0.0080, "screw", "hole", (0.024, 0.0125), False, False),
    "spud": Wrench(0.195, 0.0095, 0.0070, "open", "spike", (0.021, 0.010), False, False),
    "gripped": Wrench(0.195, 0.0085, 0.0070, "open", "none", (0.020, 0.013), True, False),
    "cone": Wrench(0.180, 0.0125, 0.0048, "open", "hole", (0.0170, 0.0150), False, True),
    "ratchet_ring": Wrench(0.170, 0.0085, 0.0065, "box", "open", (0.0195, 0.0170)),
    "multi_hole": Wrench(0.120, 0.0150, 0.0050, "ring", "ring", (0.0180, 0.0160), False, False),
}


def wrench(row: Wrench, paint: Paint) -> list[Part]:
    """A wrench lying flat: jaws at +x."""
    h, w, c = row.length / 2, row.width, row.thick
    inner = h - row.radii[0] * 1.5, -h + row.radii[1] * 1.5
    parts = [
        bar(
            ((inner[0] - inner[1]) / 2, w, c * 0.8),
            paint.main,
            ((inner[0] + inner[1]) / 2, 0, 0),
            min(0.003, c * 0.7),
            gloss=0.8,
        )
    ]
    if row.slot:
        parts.append(
            bar(
                ((inner[0] - inner[1]) / 2 - 0.014, w * 0.55, c * 0.86),
                shade(paint.main, 0.72),
                ((inner[0] + inner[1]) / 2, 0, 0),
                0.001,
                gloss=0.8,
            )
        )
    if row.grip:
        parts.append(bar((0.042, w * 1.15, c * 1.15), paint.accent, (inner[1] + 0.026, 0, 0), 0.005))
    full = max(c, 0.0054)  # what lies on the table: two pieces alone, so that contacts stay few
    less = 0.88 * full
    half = max(w, 0.006), less
    parts.append(solid("box", ((inner[0] - inner[1]) / 2, *half), ((inner[0] + inner[1]) / 2, 0, 0)))
    for sign, kind, r in ((1, row.near, row.radii[0]), (-1, row.far, row.radii[1])):
        x = sign * (h - r)
        if kind in ("ring", "box", "hole"):
            bore = {"ring": 0.56, "box": 0.45, "hole": 0.28}[kind]
            hoop = [(r * bore, -c), (r, -c), (r, c), (r * bore, c), (r * bore, -c)]
            parts += [
                skin(lathe(hoop, 12 if kind == "ring" else 28), paint.main, position=(x, 0, 0), gloss=0.8),
                solid("cylinder", (r * 0.97, full), (x, 0, 0)),
            ]
            if kind == "box":
                parts += [
                    turned([(r * 0.78, c - 0.0004), (r * 0.78, c + 0.0014), (r * 0.42, c + 0.0014)], paint.steel, 1.0)
                ]
                parts[-1] = skin(parts[-1].mesh or lathe(hoop), paint.steel, position=(x, 0, 0), gloss=1.0)
        elif kind == "open":
            arc = np.linspace(0.62, 2 * np.pi - 0.62, 22)
            ring = [(r * np.cos(a), r * np.sin(a)) for a in arc]
            notch = [
                (r * 0.72, -r * 0.46),
                (-r * 0.18, -r * 0.42),
                (-r * 0.34, 0.0),
                (-r * 0.18, r * 0.42),
                (r * 0.72, r * 0.46),
            ]
            lean = 12.0 if row.near == "open" else 0.0
            jaw = _ribbon(ring, notch, c, paint)
            parts += rotated([jaw], about("z", (0.0 if sign > 0 else 180.0) + lean), (x, 0, 0))
            for side in (-1, 1):
                parts += rotated(
                    [solid("box", (r * 0.52, r * 0.22, less), (r * 0.28, side * r * 0.68, 0))],
                    about("z", (0.0 if sign > 0 else 180.0) + lean),
                    (x, 0, 0),
                )
            parts.append(solid("box", (r * 0.34, r * 0.80, full), (x - sign * r * 0.52, 0, 0)))
        elif kind in ("jaw", "screw"):  # a fixed jaw and one that slides
            for y, long in ((r * 0.86, 1.0), (-r * 0.36, 0.9)):
                parts += [
                    bar(
                        (r * 0.85 * long, r * 0.30, c),
                        paint.main if kind == "screw" else paint.steel,
                        (x + r * 0.12, y, 0),
                        0.003,
                        gloss=0.9,
                    ),
                    solid("box", (r * 0.85 * long, r * 0.30, less), (x + r * 0.12, y, 0)),
                ]
            parts += [
                bar((r * 0.32, r * 1.1, c), paint.main, (x - r * 0.66, r * 0.08, 0), 0.003, gloss=0.8),
                solid("box", (r * 0.32, r * 1.1, full), (x - r * 0.66, r * 0.08, 0)),
            ]
            parts.append(
                painted(
                    "cylinder",
                    (0.0060, 0.0075),
                    paint.steel,
                    (x - r * 0.8, -r * 0.5, 0.001),
                    ALONG_Y if kind == "jaw" else ALONG_X,
                    1.0,
                )
            )
        elif kind == "spike":
            parts.append(
                tube(
                    [(inner[1] + 0.004, 0, 0), (x, 0, 0), (-h - 0.020, 0, 0)], (c, c * 0.8, 0.0015), paint.main, 8, 0.8
                )
            )
            parts.append(rod((inner[1], 0, 0), (-h - 0.008, 0, 0), 0.0050))
    return parts


def _ribbon(outer: list[tuple[float, float]], inner: list[tuple[float, float]], c: float, paint: Paint) -> Part:
    """Return a flat body between an outline and a notch [m], both open at +x, of half thickness c."""
    t = np.linspace(0, 1, len(outer))
    notch = np.asarray(inner)[::-1]
    spread = np.linspace(0, 1, len(notch))
    inside = np.column_stack([np.interp(t, spread, notch[:, k]) for k in range(2)])
    section = np.stack([np.asarray(outer), inside])  # (2, K, 2)
    rows = [np.column_stack([section[k], np.full(len(t), z)]) for k, z in ((0, -c), (0, c), (1, c), (1, -c), (0, -c))]
    return skin(swath(np.stack(rows)), paint.main, gloss=0.8)
