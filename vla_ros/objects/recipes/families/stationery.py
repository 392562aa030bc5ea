# SPDX-License-Identifier: Apache-2.0
"""Staplers and combs from rows of proportions and details."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, blob, plate, ring, rotated, tube, turned
from vla_ros.objects.shapes import lathe, smooth, swath, transformed
from vla_ros.objects.solids import ALONG_Y, moved, painted, rod, skin, solid


class Stapler(NamedTuple):
    """Length, width, height; height of the arm (share); how it is rounded; details."""

    length: float
    width: float
    height: float
    arm: float = 0.30
    corner: float = 0.006
    details: tuple[str, ...] = ()
    frame: str | None = None  # another construction: tacker, electric, plunger, beetle


STAPLERS = {
    "half_strip": Stapler(0.105, 0.034, 0.048, 0.34, 0.008, ("pad",)),
    "curved": Stapler(0.140, 0.034, 0.052, 0.26, 0.007, ("arched",)),
    "flat_clinch": Stapler(0.150, 0.040, 0.050, 0.36, 0.004, ("window", "pad")),
    "pocket": Stapler(0.058, 0.030, 0.036, 0.44, 0.012, ()),
    "wide_base": Stapler(0.125, 0.030, 0.046, 0.30, 0.006, ("plinth",)),
    "lever": Stapler(0.160, 0.040, 0.062, 0.26, 0.005, ("lever",)),
    "boxy": Stapler(0.120, 0.038, 0.050, 0.40, 0.002, ("window",)),
    "wide_open": Stapler(0.130, 0.034, 0.064, 0.22, 0.006, ("steep",)),
    "booklet": Stapler(0.220, 0.034, 0.050, 0.24, 0.006, ("pad",)),
    "whale": Stapler(0.100, 0.042, 0.052, 0.40, 0.016, ("eyes",)),
}


def stapler(row: Stapler, paint: Paint) -> list[Part]:
    """A stapler standing on its base, its mouth at +x."""
    if row.frame:
        return _framed(row, paint)
    a, b, h = row.length / 2, row.width / 2, row.height / 2
    tall = row.arm * h
    degrees = {"steep": 16.0, "opened": 50.0}.get(
        row.details[0] if row.details else "", float(np.degrees(np.arctan2(row.height * 0.30, row.length)))
    )
    turn, lean = about("y", -degrees), np.radians(degrees)
    wide = b * (1.35 if "plinth" in row.details else 1.0)
    middle = (0.0, 0.0, h - tall - a * 0.90 * np.sin(lean))
    if "opened" in row.details:  # to be filled: its arm stands up behind, the staples lie in the base
        tall = row.arm * b
        middle = (-a + 0.90 * a * np.cos(lean), 0.0, -h + 0.016 + 0.90 * a * np.sin(lean))
    rail, rail_turn = (0.004, 0.0, middle[2] - tall - 0.0015), turn
    post, rear = (middle[2] + h) / 2, (middle[2] - h) / 2
    if "opened" in row.details:
        rail, rail_turn, post, rear = (0.004, 0.0, -h + 0.017), about("y", -3.0), 0.012, 0.012 - h
    parts = [
        bar((a, wide, 0.0045), paint.dark, (0, 0, -h + 0.0045), 0.003),
        painted("cylinder", (b * 0.5, 0.0012), paint.steel, (a * 0.80, 0, -h + 0.0095), gloss=1.0),
        bar((0.010, b * 0.92, post), paint.dark, (-a + 0.012, 0, rear - 0.001), 0.003),
        bar((a * 0.94, b * 0.52, 0.003), paint.steel, rail, 0.001, rail_turn, 1.0),
        solid("box", (a, wide, 0.0045), (0, 0, -h + 0.0045)),
        solid("box", (a * 0.98, b * 0.86, tall), middle, turn),
        solid("box", (0.012, b * 0.90, post), (-a + 0.013, 0, rear)),
    ]
    if {"arched", "eyes", "swept"} & set(row.details):
        x = np.linspace(-1, 1, 25)
        rise = tall * (1 + 0.5 * (1 - x**2)) if "arched" in row.details else tall * (1.15 - 0.25 * x - 0.5 * x**6)
        if "swept" in row.details:  # low behind, a high brow in front
            rise = tall * np.interp(x, (-1, -0.4, 0.2, 0.6, 0.9, 1), (-0.1, 0.3, 1.1, 1.7, 1.5, 0.6))
        crest = zip((a * 0.98 * x[::-1]).tolist(), rise[::-1].tolist(), strict=True)
        sides = [(-a * 0.98, -tall), (a * 0.98, -tall), *crest]
        arm = rotated([plate(sides, b * 0.88, paint.main, 0.7)], about("x", 90))
        parts += rotated(arm, turn, middle)
    else:
        parts.append(bar((a * 0.98, b * 0.88, tall), paint.main, middle, min(row.corner, tall * 0.9), turn, 0.7))
    up = np.array([-np.sin(lean), 0.0, np.cos(lean)])
    forward = np.array([np.cos(lean), 0.0, np.sin(lean)])
    on_top = lambda x, z=0.0: tuple(np.array(middle) + forward * x * a + up * (tall + z))  # noqa: E731
    if "pad" in row.details:
        parts.append(bar((a * 0.24, b * 0.66, 0.0022), paint.accent, on_top(0.62), 0.001, turn))
    if "window" in row.details:
        parts += [
            bar((a * 0.42, b * 0.89, tall * 0.28), paint.steel, middle, 0.001, turn),
            bar((a * 0.30, b * 0.3, 0.001), paint.accent, on_top(-0.1), 0.0008, turn),
        ]
    if "lever" in row.details:
        ends = [on_top(-0.55, -0.002), on_top(0.1, 0.012), on_top(0.88, 0.006)]
        parts += [
            tube(ends, (0.006, 0.008, 0.009), paint.accent, 12, 0.6, 0.6, (0, 1, 0)),
            rod(ends[0], ends[2], 0.0065, density=0.3),
        ]
    if "eyes" in row.details:
        for along, out, size, tone in ((0.55, 0.86, 0.0045, (1.0, 1.0, 1.0, 1.0)), (0.60, 0.94, 0.0026, paint.dark)):
            u, _, z = on_top(along, -tall * 0.9)
            parts += [painted("sphere", (size,), tone, (u, side * b * out, z)) for side in (-1, 1)]
    if "teeth" in row.details:  # a crocodile's, and the ridge on its back
        for x in np.linspace(-0.2, 0.9, 7):
            u, _, z = on_top(x, -2 * tall)
            parts += [
                *(bar((0.0032, 0.0016, 0.0042), paint.pale, (u, side * b * 0.86, z), 0.001) for side in (-1, 1)),
                bar(
                    (0.0040, 0.0030, 0.0040),
                    shade(paint.main, 0.7),
                    on_top(0.55 - x, tall * 0.2),
                    0.001,
                    about("y", 45),
                ),
            ]
    if "ears" in row.details:  # a rabbit's
        for side in (-1, 1):
            u, _, z = on_top(0.10, 0.014)
            parts += [
                blob((0.007, 0.0055, 0.019), paint.main, (u - 0.004, side * b * 0.48, z), 0.6, about("y", -25)),
                blob(
                    (0.003, 0.0035, 0.013), paint.accent, (u + 0.001, side * b * 0.48, z + 0.001), 0.6, about("y", -25)
                ),
            ]
        parts.append(painted("sphere", (b * 0.24,), paint.accent, on_top(0.98, -tall * 0.6)))
        parts.append(solid("box", (0.010, b * 0.8, 0.014), on_top(0.05, 0.012), density=0.2))
    if "cover" in row.details:  # rubber over its front half
        at = tuple(np.array(on_top(0.46)) - up * tall * 0.55)
        parts.append(bar((a * 0.56, b * 0.96, tall * 0.72), paint.accent, at, min(0.006, tall * 0.6), turn))
    if "spring" in row.details:  # a leaf that is pressed
        leaf = [on_top(-0.86, 0.001), on_top(-0.2, 0.012), on_top(0.5, 0.015), on_top(0.90, 0.004)]
        parts += [_leaf(leaf, b * 0.62, paint), rod(leaf[1], leaf[2], 0.004, density=0.3)]
    if "turntable" in row.details:
        parts += [
            *moved(
                [turned([(b * 1.5, 0), (b * 1.5, 0.007), (b * 1.3, 0.009), (0, 0.009)], paint.steel, 0.9)],
                (a * 0.66, 0, -h),
            ),
            painted("cylinder", (b * 0.7, 0.001), paint.dark, (a * 0.66, 0, -h + 0.0095)),
            solid("cylinder", (b * 1.5, 0.0045), (a * 0.66, 0, -h + 0.0045)),
        ]
    hinge = middle[2] if "opened" not in row.details else -h + 0.020
    parts.append(painted("cylinder", (0.0030, b * 0.96), paint.steel, (-a + 0.012, 0, hinge), ALONG_Y))
    return parts


def _leaf(path: list[tuple[float, ...]], wide: float, paint: Paint) -> Part:
    """Return a strip of sheet along a path in the xz plane [m]."""
    line = np.asarray(smooth(path, 15))
    edges = ((-wide, -0.001), (-wide, 0.001), (wide, 0.001), (wide, -0.001), (-wide, -0.001))
    return skin(swath([line + np.array([0, y, z]) for y, z in edges]), paint.main, gloss=0.8)


def _framed(row: Stapler, paint: Paint) -> list[Part]:
    a, b, h = row.length / 2, row.width / 2, row.height / 2
    if row.frame == "tacker":  # a gun for the workshop: a lever over a grip, the staples below
        lever = [(a * 0.72, 0, h * 0.62), (a * 0.10, 0, h * 0.98), (-a * 0.50, 0, h * 0.78), (-a * 0.98, 0, h * 0.52)]
        return [
            bar((a * 0.98, b * 0.55, h * 0.16), paint.steel, (0, 0, -h * 0.84), 0.002, gloss=0.9),
            bar((a * 0.24, b * 0.95, h * 0.86), paint.main, (a * 0.72, 0, -h * 0.06), 0.006, gloss=0.7),
            bar((a * 0.78, b * 0.85, h * 0.13), paint.main, (-a * 0.10, 0, h * 0.22), 0.005, gloss=0.7),
            bar((a * 0.12, b * 0.85, h * 0.50), paint.main, (-a * 0.80, 0, -h * 0.25), 0.005, gloss=0.7),
            bar((a * 0.70, b * 0.80, h * 0.12), paint.main, (0, 0, -h * 0.62), 0.004, gloss=0.7),
            tube(lever, (b * 0.50, b * 0.55, b * 0.60, b * 0.55), paint.steel, 18, 0.9, normal=(0, 1, 0)),
            painted("cylinder", (0.006, b), paint.dark, lever[0], ALONG_Y),
            painted("cylinder", (0.008, b * 0.98), paint.accent, (a * 0.72, 0, -h * 0.1), ALONG_Y),
            solid("box", (a * 0.24, b * 0.95, h * 0.92), (a * 0.72, 0, -h * 0.08), density=2.0),
            solid("box", (a * 0.95, b * 0.70, h * 0.25), (0, 0, -h * 0.75)),
            solid("box", (a * 0.80, b * 0.85, h * 0.16), (-a * 0.10, 0, h * 0.22)),
            solid("box", (a * 0.12, b * 0.85, h * 0.50), (-a * 0.80, 0, -h * 0.25)),
            rod(lever[1], lever[3], b * 0.5),
        ]
    if row.frame == "electric":  # a box with a mouth that paper is put into
        shell = [
            (-a, -h * 0.5),
            (a * 0.94, -h * 0.42),
            (a * 0.96, h * 0.30),
            (a * 0.72, h * 0.80),
            (a * 0.2, h),
            (-a * 0.7, h * 0.92),
        ]
        return [
            *rotated([plate([*shell, (-a, h * 0.4)], b, paint.main, 0.7)], about("x", 90)),
            bar((a, b, h * 0.10), paint.dark, (0, 0, -h * 0.90), 0.003),
            bar((a * 0.44, b * 0.98, h * 0.24), paint.main, (-a * 0.55, 0, -h * 0.62), 0.002, gloss=0.7),
            bar((a * 0.10, b * 0.30, h * 0.06), paint.steel, (a * 0.78, 0, -h * 0.78), 0.001, gloss=1.0),
            bar((a * 0.10, b * 0.34, h * 0.10), paint.steel, (a * 0.78, 0, -h * 0.46), 0.001, gloss=1.0),
            bar((a * 0.45, b * 0.60, 0.0012), paint.dark, (-a * 0.20, 0, h * 0.97), 0.001, about("y", -5)),
            painted("cylinder", (b * 0.20, 0.002), paint.accent, (a * 0.52, 0, h * 0.90), about("y", 20)),
            painted("sphere", (0.0022,), (0.2, 0.9, 0.3, 1.0), (a * 0.52, b * 0.5, h * 0.92)),
            solid("box", (a, b, h * 0.62), (0, 0, -h * 0.38)),
            solid("box", (a * 0.75, b, h * 0.30), (-a * 0.15, 0, h * 0.62)),
        ]
    if row.frame == "plunger":  # of a century ago: struck on a knob
        knob = [
            (0.0060, 0),
            (0.0060, h * 0.50),
            (0.0150, h * 0.54),
            (0.0165, h * 0.66),
            (0.0100, h * 0.80),
            (0, h * 0.84),
        ]
        return [
            bar((a, b, 0.005), paint.main, (0, 0, -h + 0.005), 0.003, gloss=0.7),
            bar((a * 0.16, b * 0.7, h * 0.50), paint.main, (-a * 0.74, 0, -h * 0.45), 0.005, gloss=0.7),
            bar((a * 0.88, b * 0.55, h * 0.13), paint.main, (a * 0.02, 0, -h * 0.10), 0.004, gloss=0.7),
            bar((a * 0.80, b * 0.40, h * 0.06), paint.steel, (a * 0.06, 0, -h * 0.28), 0.001, gloss=0.9),
            bar((a * 0.17, b * 0.80, h * 0.30), paint.main, (a * 0.72, 0, -h * 0.16), 0.005, gloss=0.7),
            *moved([turned(knob, paint.accent, 0.8)], (a * 0.72, 0, h * 0.14)),
            painted("cylinder", (b * 0.45, 0.0015), paint.steel, (a * 0.72, 0, -h + 0.0105), gloss=1.0),
            solid("box", (a, b, 0.005), (0, 0, -h + 0.005)),
            solid("box", (a * 0.16, b * 0.7, h * 0.50), (-a * 0.74, 0, -h * 0.45)),
            solid("box", (a * 0.88, b * 0.7, h * 0.22), (a * 0.02, 0, -h * 0.16)),
            rod((a * 0.72, 0, 0), (a * 0.72, 0, h * 0.82), 0.011, "cylinder"),
        ]
    dome, upper = (a * 0.86, b, h * 1.2), [(np.cos(t), np.sin(t)) for t in np.linspace(-0.1, np.pi / 2, 14)]
    line = [(dome[0] * np.cos(t), 0, dome[2] * np.sin(t)) for t in np.linspace(0.3, 2.9, 9)]
    beetle = [
        skin(transformed(lathe(upper, 28), dome), paint.main, gloss=0.7),
        tube(line, 0.0012, paint.dark, 24, normal=(0, 1, 0)),
        bar((a * 0.84, b * 0.5, 0.003), paint.steel, (a * 0.10, 0, -h * 0.06), 0.001, gloss=1.0),
        blob((a * 0.24, b * 0.56, h * 0.50), paint.dark, (a * 0.82, 0, h * 0.30), 0.7),
        *(painted("sphere", (b * 0.14,), (1.0, 1.0, 1.0, 1.0), (a * 0.96, y * b, h * 0.55)) for y in (-0.34, 0.34)),
    ]
    for x, y, side in itertools.product((0.35, -0.05, -0.50), (0.48,), (-1, 1)):
        at = (dome[0] * x, side * b * y, dome[2] * float(np.sqrt(1 - x**2 - y**2)))
        beetle.append(painted("ellipsoid", (a * 0.14, b * 0.20, h * 0.16), paint.dark, at))
    return [  # a beetle: a spotted dome that gapes over the base
        *rotated(beetle, about("y", -9), (-a * 0.10, 0, -h * 0.30)),
        bar((a, b * 0.9, 0.0045), paint.dark, (0, 0, -h + 0.0045), 0.003),
        bar((0.010, b * 0.7, h * 0.36), paint.dark, (-a * 0.80, 0, -h * 0.60), 0.003),
        painted("cylinder", (b * 0.3, 0.0012), paint.steel, (a * 0.82, 0, -h + 0.0095), gloss=1.0),
        solid("box", (a, b * 0.9, 0.0045), (0, 0, -h + 0.0045)),
        solid("box", (a * 0.80, b * 0.75, h * 0.60), (-a * 0.05, 0, h * 0.15), about("y", -9)),
        solid("box", (0.010, b * 0.7, h * 0.36), (-a * 0.80, 0, -h * 0.60)),
    ]


class Comb(NamedTuple):
    """Length, width; where the teeth begin (share of the half length), how many and how thick; the spine's share of
    the width and bow; handle and trim."""

    length: float
    width: float
    begin: float
    teeth: int
    wire: float
    spine: float = 0.36
    bow: float = 0.0
    details: tuple[str, ...] = ()


COMBS = {
    "beard": Comb(0.085, 0.042, -0.92, 17, 0.0016, 0.42, 0.006),
    "long_plain": Comb(0.205, 0.032, -0.97, 44, 0.0012, 0.34, 0.0, ("ends",)),
    "half_moon": Comb(0.115, 0.052, -0.90, 20, 0.0017, 0.46, 0.018),
    "shampoo": Comb(0.165, 0.055, -0.94, 12, 0.0034, 0.30, 0.0, ("ends",)),
    "rat_tail_wide": Comb(0.215, 0.036, 0.05, 16, 0.0020, 0.36, 0.0, ("tail",)),
    "grip_wide": Comb(0.200, 0.052, 0.0, 10, 0.0030, 0.40, 0.004, ("handle",)),
    "teasing": Comb(0.190, 0.030, -0.06, 28, 0.0011, 0.40, 0.0, ("tail", "ends")),
    "hook": Comb(0.170, 0.038, -0.40, 16, 0.0018, 0.42, 0.004, ("hole",)),
    "clipper": Comb(0.180, 0.044, -0.15, 22, 0.0014, 0.50, 0.0, ("handle", "ends")),
    "nit": Comb(0.070, 0.052, -0.90, 28, 0.0008, 0.60, 0.0, ("ends",)),
}


def comb(row: Comb, paint: Paint) -> list[Part]:
    """A comb lying flat, its teeth towards −y."""
    a, b, half = row.length / 2, row.width / 2, 0.0046
    begin, spine = row.begin * a, row.spine * b
    top = b - spine
    t = np.linspace(-1, 1, 17 if "wavy" not in row.details else 49)
    x = (a + begin) / 2 + t * ((a - begin) / 2 + 0.002)
    arch = row.bow * (1 - t**2) - row.bow
    upper, lower = top + spine + arch, top - spine + 0.5 * arch
    if "wavy" in row.details:
        upper = upper + 0.30 * spine * np.cos(4 * np.pi * t)
    elif "crest" in row.details:  # stands high in the hair
        upper = upper + 0.95 * b * np.sqrt(1 - 0.98 * t**2) * (1 + 0.08 * np.cos(8 * np.pi * t))
    elif "fish" in row.details:
        upper = upper + 0.40 * b * np.sqrt(1 - 0.98 * t**2)
    edges = ((lower, -half), (lower, half), (upper, half), (upper, -half), (lower, -half))
    spine_mesh = swath([np.column_stack([x, y, np.full(len(t), z)]) for y, z in edges])
    parts: list[Part] = [skin(spine_mesh, paint.main, gloss=0.4)]
    for u in np.linspace(begin + row.wire, a - row.wire, row.teeth):
        edge = float(np.interp(u, x, lower)) + 0.001
        low = -b + row.bow * 0.5 * ((u - (a + begin) / 2) / ((a - begin) / 2)) ** 2
        if "shrinking" in row.details:
            low = edge - (edge - low) * (1 - 0.72 * (u - begin) / (a - begin))
        if "pins" in row.details:
            parts.append(tube([(u, edge, 0), (u, low, 0)], (row.wire, row.wire, row.wire * 0.5), paint.main, 4))
            continue
        parts.append(
            bar((row.wire, (edge - low) / 2, half * 0.62), paint.main, (float(u), (edge + low) / 2, 0), 0.0006)
        )
    parts += _trimmed(row, (begin, top, spine), half, paint)
    if "ends" in row.details:
        parts += [
            bar((0.0030, b * 0.98 - row.bow / 2, half), paint.main, (u, -row.bow / 2, 0), 0.002)
            for u in (begin - 0.001, a + 0.001)
        ]
    solids = [
        solid("box", ((a - begin) / 2 + 0.003, spine, half), ((a + begin) / 2, top - row.bow * 0.4, 0)),
        solid("box", ((a - begin) / 2, b - spine, half * 0.7), ((a + begin) / 2, -spine, 0), density=0.4),
    ]
    if begin > -a * 0.8:
        kind = next((k for k in ("tail", "handle", "hole", "prongs", "case", "ring") if k in row.details), "handle")
        widths, flat = {
            "tail": ((0.0062, 0.0042, 0.0022), 0.75),
            "handle": ((0.0095, 0.0105, 0.0085), 0.5),
            "hole": ((0.0110, 0.0120, 0.0100), 0.42),
            "prongs": ((0.0070, 0.0060, 0.0085), 0.6),
            "case": ((0.0130, 0.0130, 0.0120), 0.6),
            "ring": ((0.0080, 0.0060, 0.0060), 0.7),
        }[kind]
        path = [(begin + 0.003, top * 0.9, 0), ((begin - a) / 2, top * 0.6, 0), (-a, top * 0.4, 0)]
        if kind in ("prongs", "ring"):
            path[2] = (-a + 0.034, top * 0.45, 0)
        parts.append(tube(path, widths, paint.main, 12, flatness=flat))
        if kind == "hole":
            parts.append(painted("cylinder", (0.0042, 0.0056), paint.dark, (-a + 0.010, top * 0.45, 0)))
        elif kind == "prongs":
            for y in np.linspace(-0.011, 0.011, 4) + top * 0.45:
                parts.append(tube([(-a + 0.036, y, 0), (-a, y, 0)], (0.0017, 0.0010), paint.steel, 4, 1.0))
            parts.append(bar((0.006, 0.0125, half), paint.main, (-a + 0.034, top * 0.45, 0), 0.002))
        elif kind == "ring":  # for a finger
            middle = (-a + 0.018, top * 0.45, 0)
            parts += moved([ring(0.0145, 0.0042, paint.main)], middle)
            solids.append(solid("cylinder", (0.018, 0.0042), middle, density=0.5))
        elif kind == "case":  # it folds into its handle
            middle = ((begin - a) / 2, top * 0.62, 0)
            parts = parts[:-1]
            lean = about("z", float(np.degrees(np.arctan2(top * 0.5, begin + a))))
            parts += [
                bar(((begin + a) / 2 + 0.004, 0.0130, half * 1.5), paint.main, middle, 0.004, lean, 0.6),
                bar(((begin + a) / 2 - 0.004, 0.0022, half * 1.56), paint.accent, middle, 0.001, lean),
                painted("cylinder", (0.0055, half * 1.7), paint.steel, (begin - 0.004, top * 0.86, 0), gloss=1.0),
            ]
        solids.append(rod((begin, top * 0.8, 0), (-a + 0.006, top * 0.45, 0), 0.0046 if kind == "tail" else 0.0050))
    return [*parts, *solids]


def _trimmed(row: Comb, place: tuple[float, float, float], half: float, paint: Paint) -> list[Part]:
    """Return what is on the spine, of which this is where it begins, its middle's y and half its width [m]."""
    (begin, top, spine), a, b = place, row.length / 2, row.width / 2
    parts: list[Part] = []
    middle, long = (a + begin) / 2, (a - begin) / 2
    if "beads" in row.details:  # worn in the hair
        for k, u in enumerate(np.linspace(-0.82, 0.82, 7)):
            at = (middle + long * u, top + spine * 0.7 - row.bow * u**2, half * 0.8)
            r = 0.0058 if k % 2 else 0.0046
            parts.append(painted("sphere", (r,), paint.pale if k % 2 else paint.accent, at, gloss=0.9))
    elif "crest" in row.details:  # pierced
        for k, u in enumerate(np.linspace(-0.66, 0.66, 7)):
            y = top + spine * 0.4 + 0.42 * b * float(np.sqrt(1 - u**2))
            parts.append(
                painted("cylinder", (0.0036 if k % 2 else 0.0050, half + 0.0004), paint.dark, (middle + long * u, y, 0))
            )
    elif "fish" in row.details:
        fin = [
            (begin + 0.010, top),
            (begin - 0.016, top - spine * 1.6),
            (begin - 0.010, top),
            (begin - 0.016, top + spine * 1.8),
        ]
        parts += [
            plate(fin[::-1], half, paint.main, 0.4),
            painted("cylinder", (0.0042, half + 0.0006), (1.0, 1.0, 1.0, 1.0), (a - 0.016, top + spine * 0.55, 0)),
            painted("cylinder", (0.0022, half + 0.0010), paint.dark, (a - 0.015, top + spine * 0.55, 0)),
            *(
                painted("cylinder", (0.0030, half + 0.0004), paint.accent, (middle + long * u, top + spine * 0.4, 0))
                for u in (-0.4, -0.1, 0.2)
            ),
        ]
    elif "loop" in row.details:  # held by a bow over it
        high = b + 0.024
        path = [
            (middle - long * 0.8, top, 0),
            (middle - long * 0.55, high, 0),
            (middle + long * 0.55, high, 0),
            (middle + long * 0.8, top, 0),
        ]
        parts += [tube(path, 0.0062, paint.main, 24, flatness=0.75), rod(path[1], path[2], 0.0055, density=0.5)]
    elif "card" in row.details:
        parts += [
            painted("cylinder", (0.0050, half + 0.0004), paint.dark, (begin + 0.012, top + spine * 0.35, 0)),
            bar(
                (long * 0.45, spine * 0.24, half + 0.0004),
                paint.accent,
                (middle + long * 0.2, top + spine * 0.2, 0),
                0.001,
            ),
        ]
    return parts
