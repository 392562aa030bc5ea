# SPDX-License-Identifier: Apache-2.0
"""Ducks and dumbbells that only pictures with boxes show, from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.boats import turned_at
from vla_ros.objects.recipes.families import Family
from vla_ros.objects.recipes.families.washing import heart_rim
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, ring, rotated, tube, turned
from vla_ros.objects.shapes import lathe
from vla_ros.objects.solids import ALONG_X, ALONG_Y, moved, painted, rod, scaled, skin, solid


class Duck(NamedTuple):
    """Half axes of its body; radius of its head and where that is (x, z); length and half width of its bill; what it
    has; by how much its body leans back and its head looks aside [degrees]."""

    body: tuple[float, float, float]
    head: float
    at: tuple[float, float]
    bill: tuple[float, float] = (0.0110, 0.0095)
    details: tuple[str, ...] = ()
    lean: float = 0.0
    look: float = 0.0


DUCKS = {
    "pull_along": Duck((0.038, 0.022, 0.022), 0.0165, (0.024, 0.034), (0.0140, 0.0080), ("wheels",)),
    "sunglasses": Duck((0.040, 0.029, 0.024), 0.0205, (0.016, 0.036), (0.0120, 0.0105), ("glasses",)),
    "crowned": Duck((0.039, 0.028, 0.025), 0.0195, (0.016, 0.036), (0.0110, 0.0095), ("crown",)),
    "bow_tie": Duck((0.036, 0.027, 0.026), 0.0185, (0.014, 0.042), (0.0115, 0.0095), ("tie",)),
    "mother": Duck((0.046, 0.030, 0.024), 0.0180, (0.028, 0.034), (0.0140, 0.0090), ("duckling",)),
    "standing": Duck((0.034, 0.024, 0.026), 0.0175, (0.014, 0.052), (0.0150, 0.0095), ("feet",), 48.0),
    "wind_up": Duck((0.036, 0.024, 0.024), 0.0165, (0.018, 0.040), (0.0140, 0.0085), ("key", "feet")),
    "brick_built": Duck((0.036, 0.022, 0.018), 0.0160, (0.022, 0.034), (0.0130, 0.0110), ("bricks",)),
    "sleeping": Duck((0.044, 0.029, 0.023), 0.0170, (0.012, 0.026), (0.0140, 0.0080), ("asleep",), 0.0, 152.0),
    "flapping": Duck((0.038, 0.024, 0.022), 0.0165, (0.022, 0.040), (0.0140, 0.0085), ("spread",), 18.0),
    "diver": Duck((0.040, 0.029, 0.024), 0.0200, (0.017, 0.036), (0.0110, 0.0095), ("snorkel",)),
    "pirate": Duck((0.040, 0.028, 0.024), 0.0195, (0.016, 0.036), (0.0115, 0.0095), ("bandana",)),
}
INK: Rgba = (0.03, 0.03, 0.03, 1.0)


def duck(row: Duck, paint: Paint) -> list[Part]:
    """A toy duck that looks along +x."""
    (a, b, c), r, (x, z) = row.body, row.head, row.at
    beak: Rgba = (0.98, 0.52, 0.08, 1.0) if paint.color != "orange" else (0.85, 0.15, 0.1, 1.0)
    if "bricks" in row.details:
        return _bricks(row, paint, beak)
    lean = np.radians(row.lean)
    tail = [(-a * 0.70, 0, c * 0.15), (-a * 0.95, 0, c * 0.55), (-a * 1.15, 0, c * 1.05)]
    trunk = [
        blob((a, b, c), paint.main, gloss=0.7),
        tube(tail, (c * 0.62, c * 0.42, 0.002), paint.main, 8, 0.7, 0.8, (0, 1, 0)),
        solid("ellipsoid", (a, b, c)),
    ]
    for side in (-1, 1):
        if "spread" in row.details:
            wing = about("x", 24 * side)
            trunk += [
                blob((a * 0.46, b * 1.0, 0.0035), paint.main, (-a * 0.05, side * b * 1.6, c * 0.75), 0.7, wing),
                blob((a * 0.30, b * 0.6, 0.0030), paint.accent, (-a * 0.22, side * b * 2.0, c * 0.98), 0.7, wing),
                solid("box", (a * 0.4, b * 0.8, 0.0035), (-a * 0.05, side * b * 1.6, c * 0.75), wing, 0.2),
            ]
        else:
            place = (-a * 0.15, side * b * 0.88, c * 0.25)
            trunk.append(blob((a * 0.46, 0.0065, c * 0.5), shade(paint.main, 0.86), place, 0.7))
    parts = rotated(trunk, about("y", -row.lean))
    low = -float(np.hypot(a * np.sin(lean), c * np.cos(lean)))
    parts.append(solid("cylinder", (b * 0.66, c * 0.10), (0, 0, low + c * 0.09), density=2.0))
    neck = [(x * 0.8, 0, z * 0.35), (x, 0, z)]
    parts += [
        tube(neck, (r * 0.95, r * 0.74), paint.main, 6, 0.7, normal=(0, 1, 0)),
        solid("sphere", (r,), (x, 0, z)),
        *rotated(_head(row, paint, beak), about("z", row.look), (x, 0, z)),
    ]
    if "tie" in row.details:
        at = (x + r * 0.72, z - r * 1.02)
        parts += [blob((0.0050, 0.0105, 0.0080), paint.accent, (at[0], side * 0.0105, at[1]), 0.3) for side in (-1, 1)]
        parts.append(painted("sphere", (0.0050,), shade(paint.accent, 0.75), (at[0] + 0.002, 0, at[1])))
    if "duckling" in row.details:
        small = duck(Duck((0.036, 0.027, 0.024), 0.0200, (0.014, 0.034)), paint)
        parts += moved([scaled(part, 0.46) for part in small], (-a * 0.40, 0, c * 0.90 + 0.008))
    if "feet" in row.details:
        for side in (-1, 1):
            web = [(-0.010, -0.004), (0.012, -0.011), (0.017, -0.004), (0.018, 0.004), (0.012, 0.011), (-0.010, 0.004)]
            foot = plate(web, 0.0022, beak, 0.5)
            parts += moved([foot], (a * 0.15, side * b * 0.52, low - 0.0085))
            leg = [(0, side * b * 0.50, low + 0.006), (0, side * b * 0.52, low - 0.008)]
            parts.append(tube(leg, 0.0032, beak, 4, normal=(0, 1, 0)))
            parts.append(solid("box", (0.014, 0.010, 0.0052), (a * 0.15 + 0.002, side * b * 0.52, low - 0.0055)))
    if "wheels" in row.details:
        deck = low - 0.004
        cord = [(a * 1.1, 0, deck), (a * 1.35, 0.004, deck + 0.001), (a * 1.55, -0.004, deck - 0.010)]
        parts += [
            bar((a * 1.02, b * 0.72, 0.0045), paint.wood, (0, 0, deck), 0.002),
            solid("box", (a * 1.02, b * 0.72, 0.0045), (0, 0, deck)),
            tube(cord, 0.0012, paint.pale, 14),
            painted("sphere", (0.0042,), paint.accent, cord[-1]),
        ]
        for side in (-1, 1):
            for u in (-a * 0.66, a * 0.66):
                place = (u, side * b * 0.90, deck - 0.003)
                parts.append(painted("cylinder", (0.0105, 0.0036), paint.accent, place, ALONG_Y))
                parts.append(painted("cylinder", (0.0040, 0.0042), paint.wood, place, ALONG_Y))
                parts.append(solid("cylinder", (0.0105, 0.0036), place, ALONG_Y))
    if "key" in row.details:
        place = (-a * 0.10, b + 0.010, c * 0.15)
        parts += [
            rod((place[0], b * 0.8, place[2]), (place[0], b + 0.016, place[2]), 0.003, density=0.3),
            painted("cylinder", (0.0018, 0.008), paint.steel, (place[0], b + 0.004, place[2]), ALONG_Y, 1.0),
            *[
                skin(
                    lathe([(0.0062 + 0.0016 * np.cos(t), 0.0016 * np.sin(t)) for t in np.linspace(-np.pi, np.pi, 9)]),
                    paint.steel,
                    None,
                    (place[0] + u, b + 0.013, place[2]),
                    ALONG_Y,
                    1.0,
                )
                for u in (-0.0072, 0.0072)
            ],
        ]
    return parts


def _head(row: Duck, paint: Paint, beak: Rgba) -> list[Part]:
    """Return a head about the origin that looks along +x, with what it wears."""
    r, (long, wide) = row.head, row.bill
    parts = [
        painted("sphere", (r,), paint.main, gloss=0.7),
        blob((long, wide, 0.0032), beak, (r + long * 0.36, 0, -r * 0.16), 0.6, about("y", -8)),
        blob(
            (long * 0.84, wide * 0.88, 0.0026), shade(beak, 0.85), (r + long * 0.24, 0, -r * 0.36), 0.6, about("y", 10)
        ),
        rod((r * 0.7, 0, -r * 0.25), (r + long * 0.9, 0, -r * 0.25), 0.0035, density=0.2),
    ]
    for side in (-1, 1):
        eye = np.array([r * 0.71, side * r * 0.42, r * 0.35])
        if "asleep" in row.details:
            lid = [(r * 0.86, side * r * (0.46 + 0.20 * np.sin(t)), r * (0.34 - 0.10 * np.cos(t))) for t in (-1, 0, 1)]
            parts.append(tube(lid, 0.0009, INK, 8, normal=(1, 0, 0)))
        else:
            parts.append(painted("sphere", (r * 0.21,), (1, 1, 1, 1), tuple(eye), gloss=1.0))
            parts.append(painted("sphere", (r * 0.13,), INK, tuple(eye * 1.12), gloss=1.0))
        if "glasses" in row.details:
            parts += [
                painted("cylinder", (r * 0.36, 0.0013), INK, (r * 0.98, side * r * 0.42, r * 0.36), ALONG_X, 1.0),
                tube([(r * 0.95, side * r * 0.76, r * 0.4), (0, side * r * 1.03, r * 0.4)], 0.0011, INK, 8),
            ]
        if "snorkel" in row.details:
            goggle = (r * 0.90, side * r * 0.42, r * 0.36)
            parts += [
                painted("cylinder", (r * 0.40, 0.0024), paint.accent, goggle, ALONG_X),
                painted("cylinder", (r * 0.30, 0.0030), (0.55, 0.78, 0.88, 1.0), goggle, ALONG_X, 1.0),
            ]
    if "glasses" in row.details:
        parts.append(bar((0.0011, r * 0.2, 0.0011), INK, (r * 1.0, 0, r * 0.42), 0.0006))
    if "snorkel" in row.details:
        pipe = [(r * 1.02, r * 0.5, -r * 0.3), (r * 0.8, r * 1.12, -r * 0.1), (r * 0.1, r * 1.16, r * 0.8)]
        parts += [
            tube([*pipe, (0, r * 1.14, r * 1.7)], r * 0.12, paint.accent, 16, normal=(1, 0, 0)),
            *rotated(
                [turned([(r * 1.01, -r * 0.08), (r * 1.03, 0), (r * 1.01, r * 0.08)], INK)],
                about("y", -8),
                (0, 0, r * 0.26),
            ),
            rod((0, r * 1.14, r * 0.8), (0, r * 1.14, r * 1.65), r * 0.12, density=0.1),
        ]
    if "crown" in row.details:
        gold: Rgba = (0.90, 0.72, 0.22, 1.0) if paint.color != "yellow" else (0.80, 0.12, 0.12, 1.0)
        foot = r * 0.72
        parts += [
            turned_at(
                [(r * 0.56, 0), (r * 0.64, r * 0.36), (r * 0.56, r * 0.36), (r * 0.48, 0)], gold, (0, 0, foot), 1.0
            ),
            solid("cylinder", (r * 0.6, r * 0.3), (0, 0, foot + r * 0.3), density=0.2),
        ]
        for t in np.arange(6) * np.pi / 3:
            at = (r * 0.60 * np.cos(t), r * 0.60 * np.sin(t), foot + r * 0.30)
            parts.append(turned_at([(r * 0.24, 0), (r * 0.02, r * 0.40)], gold, at, 1.0))
            parts.append(painted("sphere", (r * 0.09,), paint.accent, (at[0], at[1], at[2] + r * 0.42), gloss=0.9))
    if "bandana" in row.details:
        cap = [(r * 1.04 * np.cos(t), r * 1.04 * np.sin(t)) for t in np.linspace(0.0, np.pi / 2, 8)]
        parts += [
            *rotated([turned(cap, paint.accent, 0.2)], about("y", -24), (0, 0, r * 0.12)),
            painted("sphere", (r * 0.20,), paint.accent, (-r * 1.02, 0, -r * 0.20), gloss=0.2),
            *[
                blob((r * 0.40, r * 0.16, 0.0020), paint.accent, (-r * 1.26, y, -r * 0.46), 0.2, about("y", -50))
                for y in (-r * 0.18, r * 0.18)
            ],
            painted("ellipsoid", (r * 0.10, r * 0.30, r * 0.28), INK, (r * 0.86, r * 0.44, r * 0.26)),
            *rotated(
                [turned([(r * 1.02, -0.0007), (r * 1.03, 0.0), (r * 1.02, 0.0007)], INK)],
                about("x", -22),
                (0, 0, r * 0.1),
            ),
        ]
    return parts


def _bricks(row: Duck, paint: Paint, beak: Rgba) -> list[Part]:
    """Return a duck that is put together from bricks with studs."""
    (a, b, c), r, (x, z) = row.body, row.head, row.at
    long, wide = row.bill
    boxes = (
        ((a, b, c * 0.55), (0.0, -c * 0.40), paint.main),
        ((a * 0.62, b, c * 0.40), (-a * 0.38, c * 0.52), shade(paint.main, 0.9)),
        ((r, b * 0.8, (z + r * 0.9 - c * 0.12) / 2), (x, (z + r * 0.9 + c * 0.12) / 2), paint.main),
        ((long * 0.8, wide, 0.0046), (x + r + long * 0.6, z), beak),
        ((a * 0.80, b * 0.9, 0.0030), (a * 0.1, -c * 0.95 - 0.003), beak),
    )
    parts = []
    for half, (u, v), tone in boxes:
        parts += [bar(half, tone, (u, 0, v), 0.001, gloss=0.8), solid("box", half, (u, 0, v))]
    for u, v in (
        (x - r * 0.5, z + r * 0.9),
        (x + r * 0.5, z + r * 0.9),
        *[(-a * s, c * 0.92) for s in (0.14, 0.50, 0.86)],
    ):
        parts += [
            turned_at([(0.0046, -0.002), (0.0046, 0.0030), (0, 0.0030)], paint.main, (u, side * b * 0.45, v), 0.8)
            for side in (-1, 1)
        ]
    parts += [painted("cylinder", (r * 0.28, b * 0.8 + 0.0008), INK, (x + r * 0.35, 0, z + r * 0.45), ALONG_Y)]
    return parts


class Dumbbell(NamedTuple):
    """Half length and radius of its grip; a head's outline from the grip outwards, radius and place; sides; details."""

    half: float
    grip: float
    head: tuple[tuple[float, float], ...]
    sides: int = 28
    details: tuple[str, ...] = ()


DUMBBELLS = {
    "barbell": Dumbbell(
        0.056,
        0.0060,
        ((0.0110, 0.0), (0.0110, 0.004), (0.0340, 0.004), (0.0340, 0.010), (0.0080, 0.011), (0.0080, 0.032)),
        details=("second_plate",),
    ),
    "spinlock": Dumbbell(
        0.036,
        0.0115,
        ((0.0150, 0.0), (0.0150, 0.003), (0.0300, 0.003), (0.0300, 0.014), (0.0085, 0.015), (0.0085, 0.034)),
        details=("star_nut", "knurl"),
    ),
    "aqua": Dumbbell(
        0.034, 0.0125, ((0.0340, 0.0), (0.0370, 0.004), (0.0370, 0.028), (0.0340, 0.032)), 48, ("fluted",)
    ),
    "selector": Dumbbell(0.032, 0.0110, ((0.0220, 0.0), (0.0220, 0.034)), details=("plates_in_row",)),
    "water": Dumbbell(
        0.032,
        0.0115,
        ((0.0120, 0.0), (0.0250, 0.006), (0.0290, 0.018), (0.0250, 0.030), (0.0120, 0.036)),
        details=("caps",),
    ),
    "curved": Dumbbell(
        0.040, 0.0110, ((0.0240, 0.0), (0.0285, 0.006), (0.0285, 0.018), (0.0240, 0.024)), details=("arched",)
    ),
    "studio": Dumbbell(0.036, 0.0120, ((0.0250, 0.0), (0.0290, 0.003), (0.0290, 0.024)), 40, ("steel_ends", "knurl")),
    "heart": Dumbbell(0.036, 0.0120, ((0.0240, 0.0), (0.0240, 0.022)), details=("hearts",)),
    "strapped": Dumbbell(
        0.036, 0.0160, ((0.0200, 0.0), (0.0255, 0.004), (0.0255, 0.012), (0.0180, 0.017)), details=("strap", "coated")
    ),
    "stepped": Dumbbell(
        0.032,
        0.0105,
        (
            (0.0140, 0.0),
            (0.0190, 0.001),
            (0.0190, 0.008),
            (0.0250, 0.009),
            (0.0250, 0.017),
            (0.0310, 0.018),
            (0.0310, 0.027),
        ),
        details=("coated",),
    ),
    "twelve_sided": Dumbbell(
        0.036, 0.0125, ((0.0280, 0.0), (0.0300, 0.003), (0.0300, 0.021), (0.0250, 0.025)), 12, ("numbers",)
    ),
    "grip_plates": Dumbbell(
        0.040,
        0.0110,
        ((0.0140, 0.0), (0.0360, 0.002), (0.0360, 0.012), (0.0130, 0.014), (0.0130, 0.022)),
        details=("holes",),
    ),
}


def dumbbell(row: Dumbbell, paint: Paint) -> list[Part]:
    """A small dumbbell along x."""
    h, grip, end = row.half, row.grip, row.head[-1][1]
    wide = max(r for r, _ in row.head)
    held = paint.main if "coated" in row.details else paint.steel
    trim = paint.pale if paint.color != "white" else paint.dark
    if "arched" in row.details:
        path = [
            (-h - 0.004, 0, -0.004),
            (-h * 0.55, 0, 0.004),
            (0, 0, 0.010),
            (h * 0.55, 0, 0.004),
            (h + 0.004, 0, -0.004),
        ]
        parts = [tube(path, (grip * 0.85, grip, grip * 1.15, grip, grip * 0.85), held, 24, 0.9, normal=(0, 1, 0))]
    else:
        parts = [painted("cylinder", (grip, h + 0.001), held, (0, 0, 0), ALONG_X, 0.9)]
    parts.append(rod((-h, 0, 0), (h, 0, 0), grip, "cylinder"))
    if "knurl" in row.details:
        ridges = [
            turned([(grip, x - 0.001), (grip + 0.0007, x), (grip, x + 0.001)], shade(held, 0.7))
            for x in np.linspace(-h * 0.66, h * 0.66, 15)
        ]
        parts += laid(ridges)
    head = [*laid(_head_of(row, paint, trim), (h, 0, 0)), *_on_end(row, paint, trim)]
    head.append(solid("cylinder", (wide * 0.98, end / 2), (h + end / 2, 0, 0), ALONG_X, 2.0))
    parts += [*head, *rotated(head, about("z", 180))]
    if "strap" in row.details:
        loop = [
            (-h * 0.9, 0, wide * 0.8),
            (-h * 0.5, 0, wide * 1.35),
            (h * 0.5, 0, wide * 1.35),
            (h * 0.9, 0, wide * 0.8),
        ]
        parts += [
            tube(loop, 0.0018, paint.dark, 20, 0.1, 4.0, (0, 1, 0)),
            bar((0.009, 0.0078, 0.0024), trim, (0, 0, wide * 1.50), 0.001),
            solid("box", (h * 0.7, 0.006, 0.004), (0, 0, wide * 1.38), density=0.1),
        ]
    if "plates_in_row" in row.details:
        for side in (-1, 1):
            parts.append(bar((h + end, 0.0016, 0.0040), paint.steel, (0, side * wide * 0.96, -wide * 0.45), 0.001))
    return parts


def _head_of(row: Dumbbell, paint: Paint, trim: Rgba) -> list[Part]:
    """Return what a head is turned from, about z."""
    end = row.head[-1][1]
    if "hearts" in row.details or "plates_in_row" in row.details:
        return []
    body = turned([(0, 0), *row.head, (0, end)], paint.main, 0.5, sides=row.sides)
    if "fluted" in row.details and body.mesh is not None:
        around = np.arctan2(body.mesh.vertices[:, 1], body.mesh.vertices[:, 0])
        body.mesh.vertices[:, :2] *= (1 - 0.09 * np.abs(np.cos(4 * around)) ** 6)[:, None]
        return [body, turned([(0.016, end), (0.015, end + 0.002), (0, end + 0.002)], trim)]
    return [body]


def _on_end(row: Dumbbell, paint: Paint, trim: Rgba) -> list[Part]:
    """Return what is on the head at +x."""
    h, end, parts = row.half, row.head[-1][1], []
    wide, (last, _) = max(r for r, _ in row.head), row.head[-1]
    if "second_plate" in row.details:
        small = [(0, 0.0), (wide * 0.70, 0.0), (wide * 0.70, 0.006), (0.0130, 0.007), (0.0130, 0.013), (0, 0.013)]
        parts += laid(
            [turned(small, paint.accent, 0.5), turned([(wide * 1.02, -0.004), (wide * 1.02, -0.002)], trim)],
            (h + 0.010, 0, 0),
        )
    if "star_nut" in row.details:
        nut = lathe([(0, -0.005), (0.0190, -0.005), (0.0190, 0.003), (0.0130, 0.005), (0, 0.005)], 48)
        around = np.arctan2(nut.vertices[:, 1], nut.vertices[:, 0])
        nut.vertices[:, :2] *= (0.80 + 0.20 * np.cos(6 * around))[:, None]
        parts.append(
            skin(nut, paint.dark if paint.color != "black" else paint.accent, None, (h + end * 0.62, 0, 0), ALONG_X)
        )
        parts += [
            painted("cylinder", (last * 1.08, 0.0009), paint.steel, (h + end * u, 0, 0), ALONG_X)
            for u in (0.82, 0.90, 0.97)
        ]
    if "caps" in row.details:
        cap = [(0.0125, 0), (0.0125, 0.008), (0.0100, 0.010), (0, 0.010)]
        parts += laid([turned(cap, paint.accent, 0.4, sides=16)], (h + end - 0.001, 0, 0))
        parts += laid(
            [turned([(wide * 1.005, end * 0.46), (wide * 1.005, end * 0.54)], shade(paint.main, 1.4))], (h, 0, 0)
        )
    if "steel_ends" in row.details:
        face = [(wide, 0.0), (wide * 0.94, 0.003), (wide * 0.62, 0.003), (wide * 0.58, 0.0018), (0, 0.0018)]
        parts += laid([turned(face, paint.steel, 1.0, sides=40)], (h + end, 0, 0))
        parts += laid([turned([(wide * 1.004, 0.004), (wide * 1.004, 0.0065)], paint.accent, sides=40)], (h, 0, 0))
    if "hearts" in row.details:
        x, y = heart_rim(np.linspace(0, 2 * np.pi, 49)[:-1])
        outline = list(zip((-y * wide * 1.12).tolist(), (x * wide * 1.12).tolist(), strict=True))
        for half, at, size, tone in ((end / 2, end / 2, 1.0, paint.main), (0.0008, end, 0.55, paint.accent)):
            heart = plate([(u * size, v * size) for u, v in outline], half, tone, 0.3)
            parts += rotated([heart], (0.5, 0.5, 0.5, 0.5), (h + at, 0, 0))
    if "plates_in_row" in row.details:
        for k in range(5):
            thin = (end * 0.080, wide * (0.98 - 0.05 * k), wide * (1.0 - 0.07 * k))
            parts.append(
                bar(
                    thin,
                    paint.main if k % 2 == 0 else shade(paint.main, 0.75),
                    (h + end * (0.1 + 0.2 * k), 0, 0),
                    0.001,
                )
            )
        parts.append(bar((0.0012, wide * 0.4, wide * 0.3), trim, (h + end, 0, wide * 0.1), 0.0006))
    if "numbers" in row.details:
        parts.append(painted("cylinder", (last * 0.72, 0.0010), trim, (h + end, 0, 0), ALONG_X))
        parts += [
            bar((0.0014, 0.0022, 0.0075), paint.dark, (h + end + 0.0004, -0.0050, 0), 0.0006),
            *[
                bar((0.0014, 0.0046, 0.0017), paint.dark, (h + end + 0.0004, 0.0055, z), 0.0006)
                for z in (-0.006, 0.0, 0.006)
            ],
        ]
    if "holes" in row.details:
        for t in np.arange(3) * 2 * np.pi / 3:
            place = (h + 0.007, wide * 0.66 * np.cos(t), wide * 0.66 * np.sin(t))
            turn = about("x", float(np.degrees(t)))
            parts.append(painted("ellipsoid", (0.0066, wide * 0.14, wide * 0.34), paint.dark, place, turn))
        parts += rotated([ring(wide * 0.97, 0.0016, paint.accent)], ALONG_X, (h + 0.011, 0, 0))
    return parts


PICTURED: dict[str, Family] = {"duck": (DUCKS, duck), "dumbbell": (DUMBBELLS, dumbbell)}
