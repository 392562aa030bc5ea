# SPDX-License-Identifier: Apache-2.0
"""Boxes and tubes from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import WHITE, about, bar, blob, laid, plate, ring, rotated, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, sweep, transformed
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid


class Box(NamedTuple):
    """Half edges, and what it has besides printed sides; how much narrower its base is; its form, if it is no block."""

    half: tuple[float, float, float]
    details: tuple[str, ...] = ()
    taper: float = 0.0
    form: str | None = None  # round, heart, prism, crate, eggs


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


def _tapered(mesh: Mesh, c: float, taper: float) -> Mesh:
    """Return the mesh narrowed towards its base at −c [m], where it is narrower by `taper`."""
    mesh.vertices[:, :2] *= 1 + taper * (mesh.vertices[:, 2:] / c - 1) / 2
    return mesh


def _outline(form: str, a: float, b: float) -> list[tuple[float, float]]:
    """Return what a box with upright walls looks like from above: half as deep as `a`, half as wide as `b` [m]."""
    if form == "prism":
        return [(-a, -b), (a, -b), (0, b)]
    t = np.linspace(0, 2 * np.pi, 41)[:-1]
    x, y = np.sin(t) ** 3, (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t) + 2.5) / 14.5
    shares = (-y, -x) if form == "heart" else (np.cos(t), np.sin(t))
    return list(zip((a * shares[0]).tolist(), (b * shares[1]).tolist(), strict=True))


def _formed(row: Box, paint: Paint) -> list[Part]:
    """Return a box that is no block, with its solid."""
    a, b, c = row.half
    if row.form == "crate":
        inside = shade(paint.main, 0.5)
        parts = [bar((a * 0.97, b * 0.97, 0.0015), inside, (0, 0, 0.0015 - c), 0.001), solid("box", row.half)]
        for sign in (-1, 1):
            for z in (-0.74, -0.03, 0.68):
                parts += [
                    bar((0.0014, b, c * 0.26), paint.main, (sign * a, 0, z * c), 0.0008),
                    bar((a, 0.0014, c * 0.26), paint.main, (0, sign * b, z * c), 0.0008),
                ]
            for y in (-1, 1):
                corner = (sign * (a - 0.0035), y * (b - 0.0035), 0)
                parts.append(bar((0.0035, 0.0035, c * 1.02), shade(paint.main, 0.75), corner, 0.001))
        return parts
    if row.form == "eggs":
        count = max(2, round(b / a * 2))
        seam = bar((a + 0.003, b + 0.003, c * 0.22), paint.main, (0, 0, 0), 0.002, gloss=0.0)
        parts = [seam, solid("box", (a, b, c * 0.95))]
        cup = [(0, -c), (0.6, -c), (0.98, 0), (0.98, c * 0.35), (0.80, c * 0.35)]
        for y in (np.arange(count) * 2 + 1 - count) / count:
            for x in (-0.5, 0.5):
                mesh = transformed(lathe(cup, 20), (a / 2, b / count, 1), (x * a, y * b, 0))
                egg = (a * 0.37, b / count * 0.74, c * 0.8)
                parts += [
                    skin(mesh, paint.main, gloss=0.0),
                    blob(egg, (0.95, 0.87, 0.76, 1.0), (x * a, y * b, c * 0.3)),
                ]
        return parts
    outline = _outline(row.form or "round", a, b)
    body = plate(outline, c, paint.main, 0.3)
    parts = [body, Part("mesh", mesh=body.mesh, visible=False)]
    if "lid" in row.details:
        wide = plate([(x * 1.04, y * 1.04) for x, y in outline], c * 0.24, shade(paint.main, 0.85), 0.4, c * 0.80)
        parts.append(plate([(x * 1.05, y * 1.05) for x, y in outline], c * 0.06, paint.accent, 0.4, c * 0.64))
        parts += [wide, Part("mesh", mesh=wide.mesh, visible=False, density=0.3)]
    if "cord" in row.details:
        cord = [(0, -b * 1.06, c * 0.8), (a * 0.1, -b * 0.8, c + 0.014), (a * 0.2, 0, c + 0.020)]
        parts.append(
            tube([*cord, *[(x, -y, z) for x, y, z in cord[1::-1]]], 0.0018, paint.accent, 24, normal=(1, 0, 0))
        )
    if "ends" in row.details:
        parts += [plate([(x * 1.01, y * 1.01) for x, y in outline], c * 0.1, paint.accent, 0.3, z * c) for z in (-1, 1)]
    return parts


def box(row: Box, paint: Paint) -> list[Part]:
    """A cardboard box standing on its base, printed on all sides."""
    a, b, c = row.half
    if row.form is not None:
        return _formed(row, paint)
    body = _tapered(rounded_box(row.half, 0.0015, 2), c, row.taper)
    walls = Part("mesh", mesh=body, visible=False) if row.taper else solid("box", row.half)
    parts = [skin(body, WHITE, paint.picture(96, 96), gloss=0.3), walls]
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
    return parts + _further(row, paint, pale)


def _further(row: Box, paint: Paint, pale: Rgba) -> list[Part]:
    """Return what few boxes have: a lid that stands open and what lies below it, a handle, a heap."""
    a, b, c = row.half
    parts: list[Part] = []
    if "ajar" in row.details:
        thick, tilt = 0.25 * c + 0.0008, 72
        lid = [
            bar((a, b, thick), paint.main, (a, 0, thick), 0.001),
            bar((a * 0.92, b * 0.93, 0.0006), pale, (a, 0, 0), 0.0004),
            solid("box", (a, b, thick), (a, 0, thick), density=0.3),
        ]
        parts += [
            *rotated(lid, about("y", -tilt), (-a, 0, c)),
            bar((a * 0.93, b * 0.94, 0.0008), pale, (0, 0, c), 0.0005),
        ]
    if "pizza" in row.details:
        size = min(a, b) * 0.84
        parts += [
            painted("cylinder", (size, 0.0020), (0.78, 0.52, 0.24, 1.0), (0, 0, c + 0.0020)),
            painted("cylinder", (size * 0.88, 0.0024), (0.93, 0.72, 0.27, 1.0), (0, 0, c + 0.0020)),
        ]
        for k in range(7):
            at = (size * 0.58 * np.cos(k), size * 0.58 * np.sin(k), c + 0.0042) if k else (0, 0, c + 0.0042)
            parts.append(painted("cylinder", (size * 0.15, 0.0008), (0.68, 0.14, 0.10, 1.0), at))
    if "ring" in row.details:
        gold = (0.86, 0.66, 0.22, 1.0)
        parts += [
            bar((a * 0.82, b * 0.84, 0.003), paint.dark, (0, 0, c), 0.002, gloss=0.0),
            bar((0.0012, b * 0.6, 0.0034), (0.03, 0.03, 0.03, 1.0), (0, 0, c), 0.001),
            *rotated([ring(0.0095, 0.0016, gold, 1.0)], ALONG_X, (0, 0, c + 0.009)),
            blob((0.0036, 0.0036, 0.0032), (0.90, 0.95, 1.0, 1.0), (0, 0, c + 0.0205), 1.0),
        ]
    if "barrel" in row.details:
        arch = [(a * float(np.cos(t)), a * 0.8 * float(np.sin(t))) for t in np.linspace(0, np.pi, 15)]
        parts += [
            *rotated([plate(arch, b, paint.main, 0.3)], about("x", 90), (0, 0, c)),
            solid("box", (a * 0.85, b, a * 0.3), (0, 0, c + a * 0.3), density=0.3),
            bar((a + 0.001, b + 0.001, 0.0022), paint.dark, (0, 0, c), 0.001),
        ]
        for y in (-0.62, 0.62):
            strap = plate([(x * 1.035, z * 1.035) for x, z in arch], b * 0.09, paint.accent, 0.8)
            parts += [
                *rotated([strap], about("x", 90), (0, y * b, c)),
                bar((a + 0.001, b * 0.09, c + 0.0005), paint.accent, (0, y * b, 0), 0.0005),
            ]
    if "handle" in row.details:
        parts += [bar((0.004, 0.003, 0.010), paint.dark, (0, y * b * 0.5, c + 0.009), 0.001) for y in (-1, 1)]
        parts += [
            bar((0.006, b * 0.58, 0.005), paint.dark, (0, 0, c + 0.022), 0.004),
            solid("box", (0.006, b * 0.58, 0.013), (0, 0, c + 0.014), density=0.2),
        ]
    if "cover" in row.details:
        cover = (a + 0.0016, b + 0.0016, c * 0.22)
        parts += [
            bar(cover, shade(paint.main, 0.85), (0, 0, c * 0.80), 0.001),
            solid("box", cover, (0, 0, c * 0.8), density=0.3),
        ]
        parts.append(bar((a + 0.0022, b + 0.0022, c * 0.04), paint.accent, (0, 0, c * 0.58), 0.0005))
    if "latches" in row.details:
        for y in (-0.55, 0.55):
            parts.append(bar((0.002, b * 0.10, c * 0.28), paint.steel, (a + 0.001, y * b, c * 0.5), 0.001, gloss=1.0))
    if "clips" in row.details:
        for sign in (-1, 1):
            parts += [
                bar((a * 0.45, 0.0025, c * 0.30), pale, (0, sign * (b + 0.003), c * 0.72), 0.0015),
                bar((a * 0.45, 0.006, 0.002), pale, (0, sign * b, c * 1.01), 0.0015),
            ]
    if "stripes" in row.details:
        for sign in (-1, 1):
            for y in (-0.78, -0.26, 0.26, 0.78):
                strip = transformed(rounded_box((0.0006, b * 0.13, c), 0.0004), (1, 1, 1), (sign * a, y * b, 0))
                parts.append(skin(_tapered(strip, c, row.taper), pale))
                strip = transformed(rounded_box((a * 0.13, 0.0006, c), 0.0004), (1, 1, 1), (y * a, sign * b, 0))
                parts.append(skin(_tapered(strip, c, row.taper), pale))
    if "heap" in row.details:
        for k in range(34):
            far, angle = np.sqrt((k + 0.5) / 34), 2.4 * k
            at = (a * 0.86 * far * np.cos(angle), b * 0.86 * far * np.sin(angle), c + 0.013 * (1 - far * far))
            color = (0.97, 0.93, 0.80, 1.0) if k % 3 else (0.95, 0.82, 0.45, 1.0)
            parts.append(blob((0.0085, 0.0070, 0.0065), color, at, 0.1))
        parts.append(solid("box", (a * 0.7, b * 0.7, 0.009), (0, 0, c + 0.009), density=0.2))
    if "wire" in row.details:
        wire = [(0, -b * 1.02, c * 0.55), (0, -b * 0.9, c + 0.014), (0, 0, c + 0.034)]
        wire += [(0, b * 0.9, c + 0.014), (0, b * 1.02, c * 0.55)]
        parts += [
            tube(wire, 0.0012, paint.steel, 24, 1.0, normal=(1, 0, 0)),
            bar((a * 0.97, b * 0.97, 0.0008), shade(paint.main, 0.8), (0, 0, c), 0.0005),
        ]
        for sign in (-1, 1):  # two flaps that lean together to a low roof, and the tab between them
            turn = about("y", 24 * sign)
            parts.append(bar((a * 0.54, b * 0.96, 0.0010), paint.main, (sign * a * 0.5, 0, c + a * 0.22), 0.0006, turn))
        parts += [
            bar((a * 0.30, b * 0.22, 0.0014), pale, (a * 0.24, 0, c + a * 0.36), 0.0006, about("y", 24)),
            solid("box", (a * 0.6, b * 0.9, a * 0.18), (0, 0, c + a * 0.2), density=0.3),
        ]
    return parts


class Tube(NamedTuple):
    """Length, radius at the shoulder, length and radius (share) of the cap, kind of the cap; how thick its end is.

    Its bands; its body, if it is stiff.
    """

    length: float
    radius: float
    cap: float
    share: float
    kind: str = "cone"  # cone, flat, nozzle, ball, disc, ribbed, bent, pump, open, flip, wing, sponge, cork
    end: str = "plain"  # plain, crimped, rolled, hook; of a stiff one: round, capped, plunger, bare
    bands: tuple[float, ...] = (0.45,)
    body: str | None = None  # stiff, hollow


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
    if row.body is not None:
        flatness, wide = np.ones(14), np.full(14, radius)
    lid = paint.accent if paint.style or paint.color == "white" else paint.pale
    lid = {"cork": paint.wood, "sponge": paint.dark}.get(row.kind, lid)
    grip = radius * row.share
    profile = {
        "cone": [(grip, 0), (grip * 0.88, cap), (0, cap)],
        "flat": [(grip, 0), (grip, cap - 0.002), (grip - 0.002, cap), (0, cap)],
        "nozzle": [(grip, 0), (grip, cap * 0.25), (grip * 0.5, cap * 0.35), (0.003, cap), (0, cap)],
        "ball": [(grip, 0), (grip, cap * 0.4), (grip * 0.8, cap * 0.8), (grip * 0.4, cap), (0, cap)],
        "disc": [(grip * 0.5, 0), (grip * 0.5, cap * 0.3), (grip * 1.1, cap * 0.35), (grip, cap), (0, cap)],
        "ribbed": [(grip, 0), (grip * 0.94, cap), (0, cap)],
        "bent": [(grip, 0), (grip * 0.9, cap * 0.3), (grip * 0.4, cap * 0.45), (0, cap * 0.45)],
        "pump": [(grip, 0), (grip, cap * 0.4), (0.004, cap * 0.42), (0.004, cap * 0.72), (0, cap * 0.72)],
        "open": [(grip, 0), (grip * 0.55, cap * 0.12), (grip * 0.5, cap * 0.3), (0, cap * 0.3)],
        "flip": [(grip, 0), (grip, cap), (0, cap)],
        "wing": [(grip, 0), (grip * 0.7, cap * 0.15), (grip * 0.35, cap * 0.3), (0, cap * 0.3)],
        "sponge": [(grip, 0), (grip, cap * 0.4), (grip * 0.8, cap * 0.45), (0, cap * 0.45)],
        "cork": [(grip * 0.95, -0.004), (grip * 1.05, cap), (0, cap)],
    }[row.kind]
    parts = [
        skin(sweep([(v, 0, 0) for v in x], wide, 20, flatness), paint.main, gloss=0.6),
        skin(
            lathe([(0, 0), *profile], 14 if row.kind == "cone" else 28), lid, position=(end, 0, 0), quaternion=ALONG_X
        ),
    ]
    if row.body == "hollow":
        inner = radius * 0.88
        around = [(radius, start), (radius, end), (inner, end), (inner, start), (radius, start)]
        parts = laid([turned(around, paint.main, 0.1)])
    for at in row.bands:
        k = int(at * 13)
        tone = paint.accent if paint.style != 2 else paint.pale
        tone = paint.accent if paint.color == "white" else tone
        ends = slice(k, k + (3 if len(row.bands) == 1 else 2))
        parts.append(skin(sweep([(v, 0, 0) for v in x[ends]], wide[ends] * 1.015, 20, flatness[ends]), tone, gloss=0.6))
    parts += _tip(row, paint, end, lid)
    if row.body is not None:
        if row.end == "round":
            parts.append(blob((radius, radius, radius), paint.main, (start, 0, 0), 0.6))
        elif row.end == "capped":
            parts += laid([turned([(0, -0.003), (radius * 1.07, -0.003), (radius * 1.07, 0.010)], lid)], (start, 0, 0))
        elif row.end == "plunger":
            parts += laid([ring(radius, 0.0022, paint.steel, 1.0)], (start, 0, 0))
            parts.append(painted("cylinder", (radius * 0.9, 0.0006), paint.dark, (start, 0, 0), ALONG_X))
        return [*parts, rod((start, 0, 0), (end, 0, 0), radius, "cylinder"), _cap_solid(row, end)]
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
        _cap_solid(row, end),
    ]


def _cap_solid(row: Tube, end: float) -> Part:
    thick = 0.97 if row.kind != "nozzle" else 0.6
    return rod((end, 0, 0), (end + row.cap, 0, 0), min(row.radius * row.share, row.radius) * thick, "cylinder")


def _tip(row: Tube, paint: Paint, end: float, lid: Rgba) -> list[Part]:
    """Return what few caps have, or what is where a cap was, from x = `end` on [m]."""
    cap, grip = row.cap, row.radius * row.share
    if row.kind == "ribbed":
        return [
            rotated([bar((cap * 0.42, 0.0010, 0.0014), shade(lid, 0.7), (end + cap / 2, 0, grip), 0.0008)], turn)[0]
            for turn in (about("x", angle) for angle in range(0, 360, 24))
        ]
    if row.kind == "bent":
        path = [(end + cap * 0.35, 0, 0), (end + cap * 0.62, 0, 0.001), (end + cap, 0, cap * 0.42)]
        return [tube(path, (grip * 0.45, grip * 0.35, 0.0016), lid, 14)]
    if row.kind == "pump":
        head = turned(
            [(0, -0.001), (grip * 0.75, -0.001), (grip * 0.75, cap * 0.2), (grip * 0.6, cap * 0.28), (0, cap * 0.28)],
            lid,
        )
        spout = [(end + cap * 0.84, 0, 0), (end + cap * 0.86, grip, 0), (end + cap * 0.76, grip * 1.9, 0)]
        return [*laid([head], (end + cap * 0.72, 0, 0)), tube(spout, (0.0045, 0.0036, 0.0026), lid, 12)]
    if row.kind == "open":
        paste = [(0.2, 0, 0), (0.6, 0, -0.001), (1.0, 0.005, -0.004), (1.25, -0.003, -0.005), (1.5, 0.004, -0.005)]
        winding = [(end + cap * x, y, z) for x, y, z in paste]
        threads = [ring(grip * 0.55, 0.0010, shade(paint.main, 0.7)) for _ in range(2)]
        return [
            *laid(threads[:1], (end + cap * 0.14, 0, 0)),
            *laid(threads[1:], (end + cap * 0.24, 0, 0)),
            tube(winding, (0.0050, 0.0056, 0.0056, 0.0052, 0.0030), (0.90, 0.96, 0.97, 1.0), 22, 0.8),
        ]
    if row.kind == "flip":
        disc = laid(
            [turned([(0, -0.003), (grip * 0.96, -0.003), (grip, 0), (grip, 0.003), (0, 0.003)], lid)], (0, 0, -grip)
        )
        return [
            *rotated(disc, about("y", -140), (end + cap + 0.002, 0, grip)),
            painted("cylinder", (grip * 0.22, 0.003), paint.pale, (end + cap + 0.002, 0, 0), ALONG_X),
        ]
    if row.kind == "wing":
        return [bar((cap * 0.36, grip * 1.1, 0.0012), paint.main, (end + cap * 0.64, 0, 0), 0.0008)]
    if row.kind == "sponge":
        return [
            bar(
                (cap * 0.30, grip * 0.85, grip * 0.55),
                (0.90, 0.80, 0.50, 1.0),
                (end + cap * 0.7, 0, 0),
                0.004,
                gloss=0.0,
            )
        ]
    return []
