# SPDX-License-Identifier: Apache-2.0
"""Mugs, cups and bowls from rows of proportions and details."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import band, handle, radius_at, ribs
from vla_ros.objects.recipes.forms import Profile, about, bar, plate, ring, rotated, shape_of, tube, turned
from vla_ros.objects.recipes.vessels import hollow
from vla_ros.objects.shapes import transformed
from vla_ros.objects.solids import moved, painted, rod, solid


class Mug(NamedTuple):
    """Radii from foot to rim at equal heights, height, its handle; what else it has."""

    radii: tuple[float, ...]
    height: float
    handle: str = "loop"
    reach: float = 0.024
    span: tuple[float, float] = (0.30, -0.30)  # where the handle meets it, shares of the height
    wire: float = 0.0055
    sides: int = 28
    details: tuple[str, ...] = ()


MUGS = {
    "enamel": Mug((0.0375, 0.0375, 0.0380), 0.078, "ear", 0.026, (0.30, -0.22), 0.0045, 28, ("rim",)),
    "tulip": Mug((0.024, 0.035, 0.0345, 0.031, 0.036), 0.092, "ear", 0.024, (0.24, -0.32), 0.0050),
    "octagonal": Mug((0.034, 0.036, 0.0375), 0.088, "square", 0.026, (0.28, -0.26), 0.0055, 8),
    "round_belly": Mug((0.026, 0.039, 0.040, 0.034), 0.080, "loop", 0.022, (0.26, -0.26), 0.0065, 28, ("foot",)),
    "latte": Mug((0.023, 0.030, 0.036, 0.039), 0.118, "loop", 0.024, (0.26, -0.08), 0.0050),
    "hooked": Mug((0.034, 0.034, 0.034), 0.096, "hook", 0.024, (0.26, -0.28), 0.0060, 28, ("band",)),
    "two_handled": Mug((0.028, 0.035, 0.036), 0.076, "loop", 0.020, (0.24, -0.24), 0.0055, 28, ("pair",)),
    "ringed": Mug((0.033, 0.034, 0.035), 0.072, "ring", 0.022, (0.20, -0.20), 0.0045, 28, ("ribs",)),
    "waisted": Mug((0.037, 0.031, 0.030, 0.036), 0.104, "ear", 0.026, (0.30, -0.30), 0.0060, 28, ("foot", "rim")),
    "travel": Mug((0.029, 0.032, 0.036), 0.122, "square", 0.024, (0.30, -0.16), 0.0060, 28, ("band", "lid")),
}


def _outline(radii: tuple[float, ...], height: float) -> Profile:
    return list(zip(radii, np.linspace(-height / 2, height / 2, len(radii)).tolist(), strict=True))


def _ringed(outline: Profile, height: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    """Return the rings around a vessel that its details name."""
    h, parts = height / 2, []
    if "rim" in details:
        parts += rotated([ring(outline[-1][0] - 0.001, 0.0022, paint.dark)], (0, 0, 0, 1), (0, 0, h - 0.001))
    if "foot" in details:
        parts.append(band(outline, -h + 0.002, -h + 0.010, paint.accent))
    if "band" in details:
        parts.append(band(outline, -h * 0.25, h * 0.15, paint.accent, 0.0010))
    if "stripes" in details:
        parts += [band(outline, z * h, z * h + 0.005, paint.accent) for z in (-0.5, -0.2, 0.1, 0.4)]
    if "ribs" in details:
        parts += ribs(outline, np.linspace(-0.75, 0.7, 6) * h, paint.main)
    if "coils" in details:
        for k, z in enumerate(np.linspace(-0.86, 0.86, 8) * h):
            coil = _bulge(radius_at(outline, float(z)), float(z), 0.122 * h)
            parts.append(turned(coil, shade(paint.main, 0.7) if k % 3 == 1 else paint.main, 0.1))
    if "tiers" in details:  # it folds together into its widest tier
        for low in np.linspace(-1.0, 0.5, 4) * h:
            a, b = radius_at(outline, low), radius_at(outline, low + 0.5 * h)
            rings = [(a, low), (b + 0.0040, low + 0.42 * h), (b + 0.0040, low + 0.5 * h), (b, low + 0.5 * h)]
            parts.append(turned(rings, paint.main, 0.6))
    if "glass" in details:  # it stands in a holder
        parts += [
            band(outline, 0.30 * h, h, paint.pale, 0.0007),
            *ribs(outline, np.array([-0.9, 0.27]) * h, paint.accent, 0.003),
        ]
    if "cosy" in details:
        for z in np.linspace(-0.6, 0.4, 6) * h:
            parts.append(turned(_bulge(radius_at(outline, float(z)), float(z), 0.13 * h), paint.accent, 0.0))
    if "dimples" in details:
        for z in (-0.45, 0.0, 0.45):
            for k in range(10):
                turn, r = 2 * np.pi * (k + 0.5) / 10, radius_at(outline, z * h)
                place = (r * np.cos(turn), r * np.sin(turn), z * h)
                semi, around = (0.0016, 0.24 * r, 0.19 * h), about("z", float(np.degrees(turn)))
                parts.append(painted("ellipsoid", semi, shade(paint.main, 1.35), place, around, 0.9))
    return parts


def _bulge(radius: float, z: float, half: float) -> Profile:
    return [(radius + 0.0003 + 0.0035 * np.sin(a), z - half * np.cos(a)) for a in np.linspace(0, np.pi, 7)]


def _formed(parts: list[Part], details: tuple[str, ...], h: float, sides: int = 28) -> list[Part]:
    """Return a vessel whose two skins lead, formed as its details say; four sides are across the axes."""
    for part in parts[:2]:
        points = shape_of(part)
        turn, up = np.arctan2(points[:, 1], points[:, 0]), (points[:, 2] + h) / (2 * h)
        if "fluted" in details:
            points[:, :2] *= 1 + 0.045 * (np.clip(2 * up, 0, 1) * np.cos(14 * turn))[:, None]
        if "scalloped" in details:
            points[:, :2] *= 1 + 0.075 * (up**2 * np.cos(7 * turn))[:, None]
        if "lip" in details:
            points[:, 0] += 0.016 * np.exp(-((turn / 0.30) ** 2)) * np.clip(2 * up - 1, 0, 1) ** 1.5
    if sides == 4:  # about as wide between two sides as a round one
        parts[:2] = [
            replace(part, mesh=part.mesh and transformed(part.mesh, (1.34, 1.34, 1)), quaternion=about("z", 45))
            for part in parts[:2]
        ]
    return parts


def _segments(details: tuple[str, ...], sides: int) -> int:
    return 84 if {"fluted", "scalloped", "lip"} & set(details) else sides


def _added(outline: Profile, height: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    """Return what a vessel's details put under it, onto its side and rim, and into it."""
    h = height / 2
    return [
        *_under(outline, h, details, paint),
        *_outside(outline, h, details, paint),
        *_onto(outline, h, details, paint),
        *_into(outline, h, details, paint),
    ]


def _under(outline: Profile, h: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    foot, wide = outline[0][0], max(r for r, _ in outline)
    parts: list[Part] = []
    if "saucer" in details:
        low, r = -h - 0.0035, max(1.5 * wide, wide + 0.018)
        edge = [(r, low + 0.010), (r - 0.001, low + 0.012), (0.5 * r, low + 0.004), (0, -h)]
        parts.append(turned([(0, low), (0.5 * r, low), *edge], paint.main, 0.7))
        parts.append(solid("cylinder", (0.92 * r, 0.0035), (0, 0, low + 0.0045)))
    if "pedestal" in details:
        parts += _stem(max(foot, 0.014), h, max(0.026, 0.55 * wide), 0.66 * wide, paint)
    if "legs" in details:
        for turn in np.arange(3) * 2 * np.pi / 3 + 0.5:
            x, y = foot * np.cos(turn), foot * np.sin(turn)
            leg = [(0.85 * x, 0.85 * y, -h + 0.001), (1.15 * x, 1.15 * y, -h - 0.018)]
            parts += [tube(leg, (0.0095, 0.0060), paint.main, 6), rod(leg[0], leg[1], 0.006, density=0.6)]
    return parts


def _outside(outline: Profile, h: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    rim, wide = outline[-1][0], max(r for r, _ in outline)
    parts: list[Part] = []
    if "ears" in details:  # a cat's, with its face at −y
        for side in (-1, 1):
            ear = [(0.0150, -0.008), (0.0115, 0.004), (0.0055, 0.014), (0, 0.020)]
            place = (side * 0.66 * rim, -0.70 * rim, h)
            flat = turned(ear, paint.main, 0.7)
            flat = replace(flat, mesh=flat.mesh and transformed(flat.mesh, (1, 0.45, 1)))
            parts += rotated([flat, solid("sphere", (0.006,), density=0.3)], about("z", 43 * side), place)
            parts.append(_spot(outline, side * 24, 0.28 * h, (0.0038, 0.0050), paint.dark))
            for z in (-0.02, -0.16):
                parts.append(_spot(outline, side * 27, z * h, (0.0060, 0.0007), paint.dark))
        parts.append(_spot(outline, 0, 0.05 * h, (0.0040, 0.0030), paint.accent))
    if "paw" in details:
        parts.append(_spot(outline, 0, -0.25 * h, (0.0120, 0.0085), paint.accent))
        for degrees, z in ((-11, 0.25), (0, 0.48), (11, 0.25)):
            parts.append(_spot(outline, degrees, z * h, (0.0042, 0.0052), paint.accent))
    if "teabag" in details:
        string = [(0, -rim + 0.006, h - 0.004), (0, -rim, h + 0.0015), (0, -wide - 0.0015, 0.2 * h)]
        parts += [
            tube(string, 0.0008, paint.pale, 16, normal=(1, 0, 0)),
            bar((0.0075, 0.0007, 0.0095), paint.accent, (0, -wide - 0.0022, 0.05 * h), 0.0006),
        ]
    return parts


def _onto(outline: Profile, h: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    rim = outline[-1][0]
    parts: list[Part] = []
    if "brim" in details:
        flat = [(rim - 0.002, h - 0.003), (1.32 * rim, h + 0.004), (1.32 * rim, h + 0.006), (rim - 0.003, h + 0.001)]
        parts += [turned(flat, paint.main, 0.7), solid("cylinder", (1.26 * rim, 0.002), (0, 0, h + 0.002), density=0.3)]
    if "cover" in details:  # a domed lid with a ring to take it by
        up = 0.30 * rim
        dome = [((rim + 0.003) * np.cos(a), h - 0.001 + up * np.sin(a)) for a in np.linspace(0, 1.25, 8)]
        knob = [(0.30 * rim, h + up - 0.004), (0.34 * rim, h + up + 0.006), (0.28 * rim, h + up + 0.006), (0, h + up)]
        parts += [
            turned([*dome, (0, h + up)], paint.main, 0.7),
            turned(knob, paint.accent, 0.7),
            solid("cylinder", (0.8 * rim, up / 2), (0, 0, h + up / 2), density=0.4),
            solid("cylinder", (0.31 * rim, 0.005), (0, 0, h + up + 0.001), density=0.3),
        ]
    if "scoops" in details:
        for tone, x, y, z in (
            (paint.accent, 0.42, 0.12, 0.25),
            ((0.45, 0.26, 0.14, 1.0), -0.42, 0.12, 0.25),
            (paint.pale, 0.0, -0.15, 0.80),
        ):
            place = (x * rim, y * rim, h + z * rim)
            parts += [painted("sphere", (0.56 * rim,), tone, place, gloss=0.2), solid("sphere", (0.52 * rim,), place)]
    if "chopsticks" in details:
        for y in (-0.006, 0.006):
            stick = [(-1.25 * rim, y * 1.9, h + 0.003), (1.35 * rim, y, h + 0.003)]
            parts += [tube(stick, (0.0032, 0.0019), paint.wood, 8), rod(stick[0], stick[1], 0.0022, density=0.3)]
    return parts


def _into(outline: Profile, h: float, details: tuple[str, ...], paint: Paint) -> list[Part]:
    rim, level = outline[-1][0], 0.45 * h
    parts: list[Part] = []
    if {"teabag", "broth"} & set(details):
        tone = (0.36, 0.17, 0.07, 1.0) if "teabag" in details else (0.80, 0.50, 0.20, 1.0)
        parts.append(painted("cylinder", (radius_at(outline, level) - 0.004, 0.0006), tone, (0, 0, level), gloss=0.9))
    if "broth" in details:  # with half an egg, leeks and noodles
        for x, semi, tone in (
            (0.35, (0.24, 0.17, 0.09), (0.97, 0.95, 0.90, 1.0)),
            (0.35, (0.10, 0.09, 0.12), (0.95, 0.65, 0.15, 1.0)),
            (-0.40, (0.24, 0.17, 0.09), (0.25, 0.55, 0.20, 1.0)),
        ):
            parts.append(painted("ellipsoid", np.multiply(semi, rim), tone, (x * rim, 0.3 * rim, level)))
        for k in range(4):
            noodle = [ring(0.12 * rim + 0.004 * k, 0.0014, (0.94, 0.84, 0.58, 1.0))]
            parts += rotated(noodle, (0, 0, 0, 1), (0, -0.35 * rim, level + 0.001))
    if "salad" in details:
        greens = ((0.30, 0.58, 0.18, 1.0), (0.45, 0.70, 0.25, 1.0), (0.80, 0.16, 0.12, 1.0))
        for k in range(13):
            r, turn, semi = 0.60 * rim * np.sqrt((k + 0.5) / 13), 2.4 * k, (0.30 * rim, 0.20 * rim, 0.010)
            place = (r * np.cos(turn), r * np.sin(turn), 0.55 * h + 0.003 * np.cos(5 * k))
            parts.append(painted("ellipsoid", semi, greens[k % 3], place, about("z", 70 * k), 0.2))
        for side in (-1, 1):
            grip = [(0.1 * rim, side * 0.2 * rim, 0.6 * h), (1.3 * rim, side * 0.75 * rim, h + 0.035)]
            parts += [tube(grip, (0.0050, 0.0038, 0.0055), paint.wood, 10), rod(grip[0], grip[1], 0.0045, density=0.3)]
    if "divided" in details:
        heights = np.linspace(-h + 0.005, h - 0.004, 9).tolist()
        inside = [(radius_at(outline, z) - 0.003, z) for z in heights]
        wall = plate([*inside, *[(-r, z) for r, z in reversed(inside)]], 0.0020, shade(paint.main, 0.9))
        parts += rotated([wall], about("x", 90))
    return parts


def _spot(outline: Profile, degrees: float, z: float, semi: tuple[float, float], color: Rgba) -> Part:
    """Return a flat spot on the side at −y of a turned body, so far around it and of these semi-axes [m]."""
    turn, r = np.radians(degrees - 90), radius_at(outline, z)
    place = (r * np.cos(turn), r * np.sin(turn), z)
    return painted("ellipsoid", (0.0014, *semi), color, place, about("z", degrees - 90), 0.6)


def _stem(neck: float, h: float, stem: float, foot: float, paint: Paint) -> list[Part]:
    """Return a stem of this height and a foot of this radius under a vessel [m]."""
    low = -h - stem
    profile = [
        (0, low),
        (foot, low),
        (foot, low + 0.003),
        (0.008, low + 0.007),
        (0.0055, low + stem * 0.6),
        (neck, -h + 0.003),
    ]
    return [
        turned(profile, paint.main, 0.8),
        solid("cylinder", (foot - 0.001, 0.002), (0, 0, low + 0.002), density=4.0),
        solid("cylinder", (0.0065, stem / 2), (0, 0, low + stem / 2)),
    ]


def _straw(h: float, paint: Paint) -> Part:
    straw = [(0.004, 0, h), (0.008, 0, h + 0.030), (0.024, 0, h + 0.040)]
    return tube(straw, 0.0028, paint.accent, 12, normal=(0, 1, 0))


def _inside(paint: Paint) -> Rgba:
    return shade(paint.pale, 1.3) if paint.color != "white" else shade(paint.accent, 1.2)


def mug(row: Mug, paint: Paint) -> list[Part]:
    """A mug with its handle along x."""
    h, outline = row.height / 2, _outline(row.radii, row.height)
    parts = hollow(row.radii, row.height, 0.005, paint, _inside(paint), 0.7, _segments(row.details, row.sides))
    parts = _formed(parts, row.details, h, row.sides)
    parts += _ringed(outline, row.height, row.details, paint)
    high, low = row.span[0] * row.height, row.span[1] * row.height
    color = paint.accent if paint.style == 2 and row.handle in ("square", "ring") else paint.main
    for side in (1, -1) if "pair" in row.details else (1,):
        parts += handle(outline, row.handle, high, low, row.reach, row.wire, color, side)
    if "lid" in row.details:
        parts = [*_lidded(parts, row.radii, h, paint.main if "knob" in row.details else paint.dark), parts[-1]]
    if "knob" in row.details:
        parts += [
            painted("sphere", (0.0075,), paint.accent, (0, 0, h + 0.013), gloss=0.8),
            solid("sphere", (0.0075,), (0, 0, h + 0.013), density=0.3),
        ]
    if "plunger" in row.details:
        parts += [
            painted("cylinder", (0.0018, 0.016), paint.steel, (0, 0, h + 0.020), gloss=1.0),
            painted("sphere", (0.0080,), paint.dark, (0, 0, h + 0.040), gloss=0.6),
            rod((0, 0, h), (0, 0, h + 0.040), 0.0070, density=0.3),
        ]
    if "straw" in row.details:
        parts.append(_straw(h, paint))
    return parts + _added(outline, row.height, row.details, paint)


def _lidded(parts: list[Part], radii: tuple[float, ...], h: float, cover: Rgba) -> list[Part]:
    """Return a vessel under a lid: its inside is not seen, and its wall is one solid."""
    rim = radii[-1]
    profile = [(rim + 0.0015, h - 0.003), (rim + 0.0015, h + 0.003), (rim * 0.85, h + 0.009), (0, h + 0.008)]
    return [
        *[part for part in parts if not part.collide],
        turned(profile, cover),
        solid("cylinder", (radii[0], h / 2), (0, 0, -h / 2)),
        solid("cylinder", (radii[1], h * 0.45), (0, 0, h * 0.45)),
        solid("cylinder", (rim, 0.006), (0, 0, h + 0.003), density=0.3),
    ]


class Cup(NamedTuple):
    """Radii from foot to rim at equal heights, height, a stem's height and foot; what else it has."""

    radii: tuple[float, ...]
    height: float
    stem: float = 0.0
    foot: float = 0.0
    sides: int = 28
    details: tuple[str, ...] = ()


CUPS = {
    "pint": Cup((0.025, 0.029, 0.0335, 0.034), 0.118),
    "shot": Cup((0.019, 0.021, 0.024), 0.052, details=("foot",)),
    "bell": Cup((0.022, 0.025, 0.028, 0.036), 0.080, details=("foot", "rim")),
    "takeaway": Cup((0.024, 0.029, 0.0335), 0.100, details=("band", "lid")),
    "straw": Cup((0.026, 0.029, 0.033), 0.105, details=("stripes", "lid", "straw")),
    "egg": Cup((0.012, 0.022, 0.0245, 0.0225), 0.036, 0.018, 0.020),
    "wine": Cup((0.010, 0.031, 0.034, 0.029), 0.062, 0.046, 0.030),
    "chalice": Cup((0.012, 0.029, 0.031, 0.034), 0.058, 0.030, 0.032, 28, ("band",)),
    "octagonal": Cup((0.026, 0.0305, 0.034), 0.076, sides=8, details=("rim",)),
    "barrel": Cup((0.027, 0.034, 0.034, 0.028), 0.086, details=("foot",)),
    "rippled": Cup((0.027, 0.030, 0.031, 0.033), 0.090, details=("ribs",)),
}


def cup(row: Cup, paint: Paint) -> list[Part]:
    """A cup without a handle."""
    h, _rim, outline = row.height / 2, row.radii[-1], _outline(row.radii, row.height)
    radii, sides = (max(row.radii[0], 0.014), *row.radii[1:]), _segments(row.details, row.sides)
    parts = _formed(hollow(radii, row.height, 0.004, paint, _inside(paint), 0.6, sides), row.details, h)
    parts += _ringed(outline, row.height, row.details, paint)
    if "lid" in row.details:
        parts = _lidded(parts, row.radii, h, paint.pale if paint.color != "white" else paint.dark)
    if "straw" in row.details:
        parts.append(_straw(h, paint))
    if "spout" in row.details:  # a child's, on its lid
        spout = [(0.45 * _rim, 0, h + 0.004), (0.62 * _rim, 0, h + 0.022)]
        parts.append(tube(spout, (0.0090, 0.0060), parts[-4].rgba, 8, 0.5, 1.4))
        parts.append(rod(spout[0], spout[1], 0.007, density=0.3))
    if {"handle", "pair"} & set(row.details):
        for side in (1, -1) if "pair" in row.details else (1,):
            kind = "loop" if "pair" in row.details else "ear"
            parts += handle(outline, kind, 0.56 * h, -0.46 * h, 0.017, 0.0036, paint.main, side)
    if "stick" in row.details:
        parts += handle(outline, "tab", 0.86 * h, 0.5 * h, 0.062, 0.004, paint.main)
    parts += _added(outline, row.height, row.details, paint)
    if row.stem:
        parts += _stem(max(row.radii[0], 0.014), h, row.stem, row.foot, paint)
        if "plinth" in row.details:
            low, half = -h - row.stem - 0.012, 0.95 * row.foot
            parts += [
                bar((half, half, 0.0125), paint.dark, (0, 0, low), 0.002),
                solid("box", (half, half, 0.0125), (0, 0, low)),
            ]
            parts.append(bar((0.6 * half, 0.001, 0.006), (0.85, 0.68, 0.25, 1.0), (0, -half, low), 0.0008, gloss=1.0))
        parts = moved(parts, (0, 0, row.stem / 2))
    return parts


class Bowl(NamedTuple):
    """Radii from foot to rim at equal heights, height, a foot's height; what else it has."""

    radii: tuple[float, ...]
    height: float
    foot: float = 0.0
    sides: int = 28
    details: tuple[str, ...] = ()


BOWLS = {
    "rice": Bowl((0.022, 0.044, 0.054, 0.058), 0.058, 0.008),
    "cereal": Bowl((0.036, 0.056, 0.064, 0.067), 0.050, 0.0, 28, ("band",)),
    "ramekin": Bowl((0.041, 0.0425, 0.044), 0.044, 0.0, 28, ("ribs",)),
    "octagonal": Bowl((0.036, 0.052, 0.064), 0.048, 0.0, 8),
    "mixing": Bowl((0.030, 0.056, 0.066, 0.070), 0.074, 0.0, 28, ("rolled", "foot")),
    "shallow": Bowl((0.036, 0.060, 0.068), 0.038, 0.006),
    "tulip": Bowl((0.024, 0.050, 0.054, 0.051, 0.060), 0.060, 0.010, 28, ("stripes",)),
    "closed_in": Bowl((0.034, 0.060, 0.062, 0.052), 0.056, 0.0, 28, ("band",)),
    "soup": Bowl((0.034, 0.052, 0.056), 0.054, 0.0, 28, ("handles", "rolled")),
    "pasta": Bowl((0.034, 0.052, 0.059, 0.068), 0.046, 0.005, 28, ("rolled",)),
}


def bowl(row: Bowl, paint: Paint) -> list[Part]:
    """A bowl to be taken by its rim."""
    h, rim, outline = row.height / 2, row.radii[-1], _outline(row.radii, row.height)
    inside = shade(paint.main, 1.25 if paint.style % 2 else 0.8)
    parts = hollow(row.radii, row.height, 0.005, paint, inside, 0.7, _segments(row.details, row.sides), lift=row.foot)
    parts = _formed(parts, row.details, h)
    parts += _ringed(outline, row.height, row.details, paint)
    if row.foot:
        wide = row.radii[0]
        profile = [(wide * 0.75, -h - row.foot), (wide * 0.85, -h - row.foot), (wide * 0.9, -h + 0.003)]
        parts.append(turned(profile, shade(paint.main, 0.8)))
    if "rolled" in row.details:
        parts += rotated([ring(rim, 0.0028, shade(paint.main, 0.85))], (0, 0, 0, 1), (0, 0, h - 0.001))
    if "handles" in row.details:
        for side in (1, -1):
            parts += handle(outline, "ear", h * 0.55, -h * 0.35, 0.015, 0.0042, paint.main, side)
    if "grip" in row.details:
        parts += handle(outline, "loop", h * 0.8, -h * 0.3, 0.022, 0.0055, paint.main, -1)
    parts += _added(outline, row.height, row.details, paint)
    return _oval(parts, 0.66) if "oval" in row.details else parts


def _oval(parts: list[Part], flat: float) -> list[Part]:
    """Return a vessel squeezed along y; its wall's pieces keep their size."""
    squeezed = [replace(part, mesh=part.mesh and transformed(part.mesh, (1, flat, 1))) for part in parts]
    return [replace(part, position=(part.position[0], flat * part.position[1], part.position[2])) for part in squeezed]
