# SPDX-License-Identifier: Apache-2.0
"""Cans from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.families.details import band, handle, radius_at, ribs
from vla_ros.objects.recipes.forms import (
    WHITE,
    Profile,
    about,
    bar,
    plate,
    rotated,
    shape_of,
    stack,
    tube,
    turned,
)
from vla_ros.objects.shapes import lathe, smooth, transformed
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid, towards


class Can(NamedTuple):
    """Radius, height, how it is closed and what else it has; how flat it is along y."""

    radius: float
    height: float
    top: str = "ring"  # ring, flat, lid, key, spout, dome, bail, straw, opened, screw, cover, hinged
    details: tuple[str, ...] = ()
    flat: float = 1.0
    taper: float = 0.0
    sides: int = 28
    figure: str | None = None  # what it is instead of a closed tin: watering, jerry, churn, dustbin


CANS = {
    "tall_boy": Can(0.0315, 0.150, "ring", (), 1.0, 0.006),
    "stubby": Can(0.0320, 0.088, "ring", (), 1.0, 0.006),
    "beans": Can(0.0330, 0.100, "flat", ("ribs",)),
    "fish": Can(0.0400, 0.034, "ring", ("rims",), 0.62),
    "coffee": Can(0.0340, 0.096, "lid", ("rims",)),
    "caddy": Can(0.0360, 0.086, "knob", ("rims",), 1.0, 0.0, 4),
    "bucket": Can(0.0330, 0.070, "bail", ("ribs",), 1.0, 0.004),
    "varnish": Can(0.0420, 0.085, "spout", ("rims",), 0.62, 0.0, 4),
    "mist": Can(0.0200, 0.110, "dome", ("band",)),
    "pate": Can(0.0340, 0.034, "key", ("rims",)),
    "milk": Can(0.0330, 0.076, "flat", ("rims", "band")),
}


def can(row: Can, paint: Paint) -> list[Part]:
    """A can with metal ends and a printed side."""
    if row.figure:
        figures = {"watering": _watering_can, "jerry": _jerrycan, "churn": _churn, "dustbin": _dustbin}
        return figures[row.figure](row.radius, row.height / 2, paint)
    r, h, taper = row.radius, row.height / 2, row.taper
    low = taper if row.top == "bail" else 0.0
    side: Profile = [
        (r - max(taper, low), -h),
        (r - low, -h + 2 * taper + 0.001),
        (r, h - 2 * taper - 0.001),
        (r - taper * (row.top in ("ring", "straw")), h),
    ]
    if "crushed" in row.details:
        side = [(radius_at(side, float(z)), float(z)) for z in np.linspace(-h, h, 24)]
    parts = [skin(_turned_can(side, row), WHITE, paint.picture(64, 128), gloss=0.8)]
    for z, edge, up in ((-h, side[0][0], False), (h, side[-1][0], True)):
        disc = [(0, z), (edge, z)] if not up else [(edge, z - 0.0005), (0, z - 0.0005)]
        if up and row.top == "opened":
            disc = [(edge, z), (edge - 0.001, 0.35 * z), (0, 0.35 * z)]
        parts.append(skin(_turned_can(disc, row), paint.steel, gloss=1.0))
    if "ribs" in row.details:
        parts += ribs(side, np.linspace(-0.5, 0.5, 5) * h, paint.main, 0.0035)
    if "band" in row.details:
        parts.append(band(side, -h * 0.2, h * 0.1, paint.accent, 0.0008, row.sides))
    if "rims" in row.details:
        for z in (-h + 0.002, h - 0.002):
            rim = [(r + 0.0004, z - 0.002), (r + 0.0016, z), (r + 0.0004, z + 0.002)]
            parts.append(skin(_turned_can(rim, row), paint.steel, gloss=1.0))
    if row.sides == 4:
        half = r * np.sqrt(0.5)
        parts.append(solid("box", (half, half * row.flat, h)))
    elif row.flat < 1.0:
        parts += [solid("box", (r * 0.92, r * row.flat * 0.72, h)), solid("box", (r * 0.62, r * row.flat * 0.96, h))]
    else:
        parts.append(solid("cylinder", (r - low * 0.5, h)))
    steel = shade(paint.steel, 0.6)
    if row.top == "straw":
        straw = [(-0.4 * r, 0, h - 0.002), (-0.45 * r, 0, h + 0.034), (-1.0 * r, 0, h + 0.046)]
        parts += [tube(straw, 0.0030, paint.accent, 14, normal=(0, 1, 0)), rod(straw[0], straw[1], 0.003, density=0.2)]
    if row.top in ("ring", "straw"):
        parts += [
            painted("ellipsoid", (0.010, 0.007, 0.0012), steel, (r * 0.3, 0, h + 0.0006), gloss=1.0),
            painted("cylinder", (0.002, 0.001), paint.dark, (0, 0, h + 0.0006)),
        ]
    elif row.top == "lid":
        cover = [(r + 0.0018, h - 0.010), (r + 0.0018, h + 0.002), (r - 0.002, h + 0.004), (0, h + 0.0035)]
        parts += [
            turned(cover, paint.accent, 0.4, sides=row.sides),
            solid("cylinder", (r, 0.002), (0, 0, h + 0.002), density=0.2),
        ]
    elif row.top == "knob":
        half = r * np.sqrt(0.5)
        parts += [
            bar((half + 0.0012, half + 0.0012, 0.007), paint.accent, (0, 0, h - 0.004), 0.002),
            painted("sphere", (0.007,), paint.steel, (0, 0, h + 0.008), gloss=1.0),
            solid("sphere", (0.007,), (0, 0, h + 0.008), density=0.2),
        ]
    elif row.top == "spout":
        parts += [
            painted("cylinder", (0.0085, 0.007), paint.accent, (0.016, 0, h + 0.007)),
            solid("cylinder", (0.0085, 0.007), (0.016, 0, h + 0.007), density=0.2),
        ]
        grip = [(-0.024, 0, h), (-0.020, 0, h + 0.013), (-0.002, 0, h + 0.013), (0.002, 0, h)]
        parts.append(tube(grip, 0.0026, paint.steel, 16, 1.0, normal=(0, 1, 0)))
    elif row.top == "dome":
        parts += [
            turned(smooth([(r, h), (r * 0.8, h + 0.010), (0.008, h + 0.014)], 8), paint.steel, 1.0),
            turned([(r * 0.85, h + 0.004), (r * 0.85, h + 0.030), (r * 0.7, h + 0.034), (0, h + 0.035)], paint.accent),
        ]
        parts.append(solid("cylinder", (r * 0.82, 0.017), (0, 0, h + 0.017), density=0.3))
    elif row.top == "bail":
        arc = [(0, r * np.cos(a), h * 0.75 + (h * 0.25 + 0.022) * np.sin(a)) for a in np.linspace(0, np.pi, 9)]
        parts += [
            tube(arc, 0.0018, paint.steel, 22, normal=(1, 0, 0)),
            painted("cylinder", (0.0050, 0.012), paint.wood, (0, 0, h + 0.022), (0.7071, 0, 0, 0.7071)),
        ]
        parts.append(rod((0, -0.012, h + 0.022), (0, 0.012, h + 0.022), 0.005, density=0.2))
    elif row.top == "key":
        parts += [
            bar((0.0018, 0.014, 0.001), steel, (0.004, 0, h + 0.001), 0.0005, gloss=1.0),
            painted("cylinder", (0.006, 0.001), steel, (0.004, 0.016, h + 0.001), gloss=1.0),
        ]
    elif row.top == "opened":  # its end bent up
        leaf, turn = (-0.78 * r, 0, h + 0.88 * r * row.flat), about("y", -72)
        parts += [
            painted("cylinder", (0.90 * r * row.flat, 0.0006), paint.steel, leaf, turn, 1.0),
            painted("cylinder", (0.60 * r * row.flat, 0.0010), steel, leaf, turn, 1.0),
            painted("cylinder", ((r - 0.002) * row.flat, 0.0008), paint.wood, (0, 0, 0.45 * h), gloss=0.3),
            solid("box", (0.002, 0.8 * r * row.flat, 0.8 * r * row.flat), leaf, density=0.2),
        ]
    elif row.top == "screw":  # as a bottle's
        shoulder = [(r - 0.001, h - 0.001), (0.86 * r, h + 0.010), (0.0170, h + 0.024), (0.0160, h + 0.030)]
        cap = [(0.0180, h + 0.028), (0.0180, h + 0.043), (0.0165, h + 0.045), (0, h + 0.045)]
        parts += [
            turned(shoulder, paint.main, 0.9),
            turned(cap, paint.accent, 0.9),
            solid("cylinder", (0.8 * r, 0.008), (0, 0, h + 0.007), density=0.4),
            solid("cylinder", (0.0175, 0.015), (0, 0, h + 0.030), density=0.3),
        ]
    elif row.top in ("cover", "hinged"):
        low = 0.35 * h if row.top == "cover" else 0.25 * h
        lip = [(r + 0.0014, low), (r + 0.0014, h + 0.001), (r - 0.002, h + 0.003), (0, h + 0.003)]
        parts.append(skin(_turned_can(lip, row), paint.main, gloss=0.8))
        parts.append(skin(_turned_can([(r + 0.0022, low - 0.001), (r + 0.0022, low + 0.001)], row), steel, gloss=1.0))
        emblem = [(0.62 * r, h + 0.0030), (0.60 * r, h + 0.0040), (0, h + 0.0041)]
        parts.append(skin(_turned_can(emblem, row), shade(paint.main, 1.45), gloss=0.8))
        for x in (-0.4 * r, 0.4 * r) if row.top == "hinged" else ():
            place = (x, (r + 0.002) * row.flat * (0.7071 if row.sides == 4 else 1.0), low)
            parts.append(painted("cylinder", (0.0018, 0.16 * r), paint.steel, place, ALONG_X, 1.0))
    return parts


def _turned_can(profile: Profile, row: Can) -> Mesh:
    """Return a body turned about z in the form of a can: of four sides, flat, with round corners or crushed."""
    mesh = lathe(profile, 88 if "rounded" in row.details else row.sides)
    mesh = transformed(_at45(mesh) if row.sides == 4 else mesh, (1, row.flat, 1))
    points, h = mesh.vertices, row.height / 2
    turn = np.arctan2(points[:, 1] / row.flat, points[:, 0])
    if "rounded" in row.details:
        points[:, :2] *= ((np.abs(np.cos(turn)) ** 5 + np.abs(np.sin(turn)) ** 5) ** -0.2)[:, None]
    if "crushed" in row.details:
        up = np.clip((points[:, 2] + h) / (2 * h), 0, 1)
        points[:, :2] *= (1 - 0.34 * np.sin(np.pi * up) * (0.5 + 0.5 * np.cos(3 * turn + 7 * up)))[:, None]
        points[:, 0] += 0.30 * row.radius * np.sin(1.5 * np.pi * up)
        points[:, 2] += 0.16 * points[:, 0] * up
    return mesh


def _watering_can(r: float, h: float, paint: Paint) -> list[Part]:
    """A can to water plants with, its spout at +x."""
    side: Profile = [
        (0, -h),
        (r, -h),
        (r * 0.94, h - 0.002),
        (r * 0.94, h),
        (r * 0.88, h),
        (r * 0.86, -0.2 * h),
        (0, -0.2 * h),
    ]
    spout = [(0.8 * r, 0, -0.6 * h), (1.5 * r, 0, 0.1 * h), (2.15 * r, 0, 1.15 * h)]
    grip = [
        (-0.85 * r, 0, -0.5 * h),
        (-1.65 * r, 0, 0.1 * h),
        (-1.2 * r, 0, 1.35 * h),
        (0.1 * r, 0, 1.5 * h),
        (0.7 * r, 0, h),
    ]
    rose = [(0.0055, -0.012), (0.0150, 0.006), (0.0150, 0.009), (0, 0.011)]
    aim = towards((0.65, 0, 1.05))
    shield = plate(
        [(r * 0.9 * np.cos(a), r * 0.9 * np.sin(a)) for a in np.linspace(-1.45, 1.45, 15)], 0.001, paint.main
    )
    return [
        turned(side, paint.main, 0.7),
        band(side[1:3], 0.55 * h, 0.75 * h, paint.accent),
        tube(spout, (0.0095, 0.0070, 0.0055), paint.main, 18, 0.7, normal=(0, 1, 0)),
        *rotated([turned(rose, paint.accent, 0.7)], aim, spout[-1]),
        *rotated([shield], (0, 0, 0, 1), (0, 0, h - 0.001)),
        tube(grip, 0.0045, paint.main, 26, 0.7, normal=(0, 1, 0)),
        solid("cylinder", (0.97 * r, h)),
        rod(spout[0], spout[2], 0.007, density=0.3),
        rod(spout[2], (spout[2][0] + 0.004, 0, spout[2][2] + 0.007), 0.013, "cylinder", 0.3),
        rod((-1.4 * r, 0, -0.1 * h), (-1.2 * r, 0, 1.2 * h), 0.0045, density=0.3),
        rod((-0.9 * r, 0, 1.45 * h), (0.3 * r, 0, 1.45 * h), 0.0045, density=0.3),
    ]


def _jerrycan(r: float, h: float, paint: Paint) -> list[Part]:
    """A flat can for fuel with a pressed cross on both sides, its spout at +x."""
    half = (r, 0.46 * r, 0.88 * h)
    slope, cross = float(np.degrees(np.arctan2(half[2], half[0]))), float(np.hypot(half[0], half[2]))
    parts = [bar(half, paint.main, (0, 0, -0.12 * h), 0.14 * r, gloss=0.6), solid("box", half, (0, 0, -0.12 * h))]
    for y in (-half[1], half[1]):
        for turn in (slope, -slope):
            size = (0.72 * cross, 0.0022, 0.0035)
            parts.append(bar(size, shade(paint.main, 0.8), (0, y, -0.12 * h), 0.002, about("y", turn)))
    for y in (-0.24 * r, 0.0, 0.24 * r):
        grip = [(-0.78 * r, y, 0.72 * h), (-0.66 * r, y, h), (0.28 * r, y, h), (0.40 * r, y, 0.72 * h)]
        parts.append(tube(grip, 0.0032, paint.main, 18, 0.6, normal=(0, 1, 0)))
    spout = [(0.55 * r, 0, 0.70 * h), (0.95 * r, 0, 0.98 * h)]
    return [
        *parts,
        tube(spout, 0.24 * r, paint.main, 6, 0.6),
        painted("cylinder", (0.28 * r, 0.006), paint.accent, spout[1], towards((0.40 * r, 0, 0.28 * h)), 0.6),
        rod(spout[0], spout[1], 0.25 * r, "cylinder", 0.5),
        solid("box", (0.5 * r, 0.30 * r, 0.0035), (-0.19 * r, 0, h - 0.001), density=0.3),
    ]


def _churn(r: float, h: float, paint: Paint) -> list[Part]:
    """A dairy's can for milk, with a neck, a mushroom lid and two handles."""
    side: Profile = [
        (0.97 * r, -h),
        (r, -0.9 * h),
        (r, 0.25 * h),
        (0.93 * r, 0.40 * h),
        (0.62 * r, 0.62 * h),
        (0.60 * r, 0.8 * h),
        (0.72 * r, 0.9 * h),
    ]
    lid: Profile = [(0.70 * r, 0.88 * h), (0.76 * r, 0.92 * h), (0.72 * r, h), (0.4 * r, 1.05 * h), (0, 1.06 * h)]
    parts = [turned([(0, -h), *side], paint.main, 0.9), turned(lid, paint.accent, 0.9)]
    parts += [band(side, z * h, (z + 0.07) * h, shade(paint.main, 0.75), 0.0012) for z in (-0.98, -0.3, 0.22)]
    for sign in (1, -1):
        parts += handle(side, "ear", 0.72 * h, 0.32 * h, 0.008, 0.0035, paint.steel, sign)
    return [*parts, *stack(side, (-h, 0.35 * h, 0.9 * h)), solid("cylinder", (0.72 * r, 0.07 * h), (0, 0, 0.96 * h))]


def _dustbin(r: float, h: float, paint: Paint) -> list[Part]:
    """A can for rubbish: tapered, of corrugated sheet, with a lid and two handles."""
    side: Profile = [(0.82 * r, -h), (r, 0.78 * h)]
    body = turned([(0, -h), *side], paint.main, 0.9, sides=96)
    points = shape_of(body)
    points[:, :2] *= 1 + 0.018 * np.cos(24 * np.arctan2(points[:, 1], points[:, 0]))[:, None]
    lid = [(1.08 * r, 0.72 * h), (1.08 * r, 0.80 * h), (0.9 * r, 0.90 * h), (0.3 * r, h), (0, h)]
    grip = [(-0.28 * r, 0, 0.97 * h), (-0.2 * r, 0, 1.12 * h), (0.2 * r, 0, 1.12 * h), (0.28 * r, 0, 0.97 * h)]
    parts = [body, turned(lid, shade(paint.main, 0.85), 0.9), tube(grip, 0.0028, paint.dark, 16, 0.6, normal=(0, 1, 0))]
    parts += [band(side, z * h, (z + 0.06) * h, shade(paint.main, 0.8), 0.0022) for z in (-0.97, -0.15, 0.5)]
    for sign in (1, -1):
        parts += handle(side, "square", 0.42 * h, 0.18 * h, 0.009, 0.0026, paint.dark, sign)
    return [
        *parts,
        *stack(side, (-h, -0.1 * h, 0.78 * h)),
        solid("cylinder", (1.05 * r, 0.09 * h), (0, 0, 0.82 * h), density=0.5),
        solid("box", (0.2 * r, 0.0028, 0.09 * h), (0, 0, 1.03 * h), density=0.3),
    ]


def _at45(mesh: Mesh) -> Mesh:
    """Return a mesh of four sides with its faces across the axes."""
    half = np.sqrt(0.5)
    turn = np.array([(half, -half, 0), (half, half, 0), (0, 0, 1)])
    return Mesh(mesh.vertices @ turn.T, mesh.faces, mesh.uv)
