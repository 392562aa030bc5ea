# SPDX-License-Identifier: Apache-2.0
"""Remotes, phones, staplers and combs from rows of proportions and details."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import slab_outline
from vla_ros.objects.recipes.forms import about, bar, plate, rotated, tube
from vla_ros.objects.recipes.phones import SCREEN
from vla_ros.objects.shapes import swath
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, skin, solid


class Slab(NamedTuple):
    """Half edges; half widths along it (shares, from −x to +x); how round its corners are; what is on its top."""

    half: tuple[float, float, float]
    widths: tuple[float, ...] = (1.0, 1.0)
    corner: float = 0.006
    details: tuple[str, ...] = ()


def _slab(row: Slab, paint: Paint) -> list[Part]:
    a, b, c = row.half
    parts = [plate(slab_outline(a, b, row.widths, min(row.corner * 1.4, b * 0.6)), c, paint.main, 0.5)]
    cuts = np.linspace(-1, 1, 3 if len(row.widths) > 2 else 2)
    for low, high in itertools.pairwise(cuts):
        wide = float(np.interp(np.linspace(low, high, 9), np.linspace(-1, 1, len(row.widths)), row.widths).min())
        parts.append(solid("box", (a * (high - low) / 2, b * max(wide, 0.3), c), (a * (low + high) / 2, 0, 0)))
    return parts


REMOTES = {
    "tapered": Slab((0.075, 0.0250, 0.0095), (0.70, 0.86, 1.0), 0.006, ("wheel", "grid")),
    "stick": Slab((0.060, 0.0130, 0.0085), (1.0, 1.0), 0.008, ("wheel", "column")),
    "hourglass": Slab((0.088, 0.0240, 0.0100), (1.0, 0.86, 0.68, 0.86, 1.0), 0.007, ("dense", "wheel")),
    "pebble": Slab((0.045, 0.0240, 0.0110), (0.62, 0.95, 1.0, 0.95, 0.62), 0.011, ("wheel", "pair")),
    "projector": Slab((0.050, 0.0200, 0.0075), (1.0, 1.0), 0.004, ("grid",)),
    "universal": Slab((0.100, 0.0280, 0.0120), (0.86, 0.95, 1.0), 0.006, ("screen", "dense")),
    "soundbar": Slab((0.070, 0.0190, 0.0070), (1.0, 1.0), 0.003, ("column", "pair")),
    "paddle": Slab((0.085, 0.0260, 0.0095), (0.62, 0.66, 0.95, 1.0, 0.8), 0.006, ("wheel", "colors")),
    "big_button": Slab((0.072, 0.0280, 0.0110), (1.0, 1.0), 0.008, ("big",)),
    "set_top": Slab((0.090, 0.0200, 0.0100), (0.9, 1.0, 0.9), 0.009, ("grid", "colors")),
}


def remote(row: Slab, paint: Paint) -> list[Part]:
    """A remote control lying on its back, its front end at +x."""
    a, b, c = row.half
    parts, top = _slab(row, paint), c + 0.0005
    key: Rgba = paint.dark if paint.color != "black" else (0.55, 0.56, 0.58, 1.0)
    red: Rgba = (0.85, 0.12, 0.10, 1.0) if paint.color != "red" else paint.pale
    share = lambda x: float(np.interp(x, np.linspace(-1, 1, len(row.widths)), row.widths))  # noqa: E731
    parts.append(painted("cylinder", (0.0038, 0.0012), red, (a * 0.84, b * 0.42 * share(0.84), top)))
    low, high = -0.82, 0.68
    if "screen" in row.details:
        parts.append(
            bar((a * 0.18, b * 0.68 * share(0.5), 0.0010), (0.62, 0.70, 0.60, 1.0), (a * 0.54, 0, top), 0.0008)
        )
        high = 0.26
    if "wheel" in row.details:
        r, x = b * 0.58 * share(0.4), 0.44
        parts += [
            painted("cylinder", (r, 0.0012), key, (a * x, 0, top)),
            painted("cylinder", (r * 0.42, 0.0018), paint.accent, (a * x, 0, top)),
        ]
        high = x - r / a - 0.10
    if "colors" in row.details:
        for k, tone in enumerate(
            ((0.85, 0.15, 0.12, 1.0), (0.20, 0.60, 0.30, 1.0), (0.92, 0.78, 0.15, 1.0), (0.20, 0.40, 0.80, 1.0))
        ):
            parts.append(
                bar(
                    (0.0030, b * 0.16 * share(low), 0.0012),
                    tone,
                    (a * (low + 0.02), (k - 1.5) * b * 0.42 * share(low), top),
                    0.0008,
                )
            )
        low += 0.20
    columns = {"grid": 3, "dense": 4, "column": 1, "pair": 2, "big": 2}
    kind = next((name for name in columns if name in row.details), None)
    if kind:
        step = 0.0098 if kind != "big" else 0.0240
        count = max(2, int((high - low) * a / step))
        for x in np.linspace(low, high, count):
            for y in np.linspace(-0.58, 0.58, columns[kind]) if columns[kind] > 1 else (0.0,):
                size = (
                    (0.0034, 0.0036, 0.0014)
                    if kind not in ("big", "column")
                    else (0.0088, b * 0.26, 0.0018)
                    if kind == "big"
                    else (0.0034, b * 0.42, 0.0014)
                )
                parts.append(bar(size, key, (x * a, y * b * share(x), top), 0.001))
    parts.append(
        bar((0.0012, b * 0.5 * share(1.0), c * 0.45), (0.20, 0.03, 0.06, 1.0), (a - 0.0004, 0, 0), 0.001, gloss=1.0)
    )
    return parts


PHONES = {
    "phablet": Slab((0.080, 0.0365, 0.0065), (1.0, 1.0), 0.006, ("screen", "icons")),
    "rugged": Slab((0.068, 0.0340, 0.0095), (0.9, 1.0, 1.0, 0.9), 0.004, ("screen", "bumpers")),
    "classic_keys": Slab((0.060, 0.0240, 0.0115), (0.86, 1.0, 0.94), 0.008, ("window", "keys")),
    "qwerty": Slab((0.056, 0.0320, 0.0075), (0.95, 1.0), 0.006, ("half_screen", "board")),
    "candybar": Slab((0.052, 0.0195, 0.0085), (0.80, 1.0, 1.0, 0.80), 0.008, ("window", "keys", "nub")),
    "home_button": Slab((0.062, 0.0300, 0.0070), (1.0, 1.0), 0.007, ("button_screen", "icons")),
    "dect": Slab((0.085, 0.0220, 0.0110), (0.95, 0.82, 0.95, 1.0), 0.009, ("window", "keys", "grille")),
    "satellite": Slab((0.066, 0.0250, 0.0130), (1.0, 1.0), 0.005, ("window", "keys", "rod")),
    "walkie": Slab((0.058, 0.0270, 0.0160), (0.92, 1.0), 0.004, ("grille_large", "window", "rod_thick")),
    "senior": Slab((0.060, 0.0270, 0.0090), (1.0, 1.0), 0.007, ("window", "big_keys")),
}


def phone(row: Slab, paint: Paint) -> list[Part]:
    """A telephone lying on its back, its upper end at +x."""
    a, b, c = row.half
    parts, top = _slab(row, paint), c + 0.0004
    key: Rgba = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    green: Rgba = (0.62, 0.72, 0.56, 1.0)
    spans = {
        "screen": (-0.90, 0.90),
        "half_screen": (0.02, 0.88),
        "button_screen": (-0.68, 0.74),
        "window": (0.22, 0.76),
    }
    for name, (low, high) in spans.items():
        if name in row.details:
            if "grille_large" in row.details:
                low, high = 0.55, 0.85
            tone = green if name == "window" and paint.style % 2 else SCREEN
            parts.append(
                bar(
                    ((high - low) / 2 * a, b * (0.88 if name != "window" else 0.74), 0.0008),
                    tone,
                    ((high + low) / 2 * a, 0, top),
                    0.0006,
                    gloss=1.0,
                )
            )
    if "icons" in row.details:
        tones = (paint.accent, (0.25, 0.60, 0.90, 1.0), (0.95, 0.75, 0.20, 1.0), (0.40, 0.75, 0.40, 1.0))
        for i, x in enumerate(np.linspace(-0.5, 0.58, 5)):
            parts += [
                bar((0.0040, 0.0040, 0.0006), tones[(i + j) % 4], (a * x, b * y, top + 0.0008), 0.0004)
                for j, y in enumerate((-0.54, -0.18, 0.18, 0.54))
            ]
    if "button_screen" in row.details:
        parts += [
            painted(
                "cylinder", (0.0058, 0.0008), paint.dark if paint.color != "black" else paint.steel, (-a * 0.84, 0, top)
            ),
            bar((0.0010, b * 0.2, 0.0008), paint.dark, (a * 0.86, 0, top), 0.0005),
        ]
    if "keys" in row.details or "big_keys" in row.details:
        size = 0.20 if "keys" in row.details else 0.26
        for x in np.linspace(-0.82, -0.16, 4):
            parts += [
                bar((a * 0.062, b * size * 0.9, 0.0014), key, (a * x, b * y, top), 0.001) for y in (-0.54, 0.0, 0.54)
            ]
        parts += [
            bar((a * 0.05, b * 0.20, 0.0012), tone, (a * 0.06, b * y, top), 0.001)
            for y, tone in ((-0.5, (0.80, 0.15, 0.12, 1.0)), (0.5, (0.20, 0.60, 0.25, 1.0)))
        ]
        parts.append(painted("ellipsoid", (a * 0.06, b * 0.20, 0.0016), paint.accent, (a * 0.06, 0, top)))
    if "board" in row.details:
        for x in np.linspace(-0.80, -0.16, 4):
            parts += [
                bar((0.0034, b * 0.075, 0.0012), key, (a * x, b * y, top), 0.0008) for y in np.linspace(-0.82, 0.82, 9)
            ]
    if "bumpers" in row.details:
        parts += [
            bar((0.011, 0.009, c * 1.12), paint.accent, (sx * a * 0.90, sy * b * 0.80, 0), 0.004)
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
    if "grille" in row.details or "grille_large" in row.details:
        count, at = (3, 0.86) if "grille" in row.details else (9, 0.0)
        parts += [
            bar(
                (0.0012, b * (0.3 if count == 3 else 0.66), 0.0008),
                paint.dark,
                (a * at + (k - count / 2) * 0.005, 0, top),
                0.0005,
            )
            for k in range(count)
        ]
    thick = 0.0034 if "nub" in row.details else 0.0042 if "rod" in row.details else 0.0062
    long = {"nub": 0.010, "rod": 0.052, "rod_thick": 0.048}
    for name, reach in long.items():
        if name in row.details:
            parts += [
                painted("capsule", (thick, reach / 2), paint.dark, (a + reach / 2 - 0.002, b * 0.62, 0), ALONG_X),
                rod((a, b * 0.62, 0), (a + reach, b * 0.62, 0), thick, density=0.2),
            ]
    return parts


class Stapler(NamedTuple):
    """Length, width, height; height of the arm (share); how it is rounded; details."""

    length: float
    width: float
    height: float
    arm: float = 0.30
    corner: float = 0.006
    details: tuple[str, ...] = ()


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
    a, b, h = row.length / 2, row.width / 2, row.height / 2
    tall = row.arm * h
    degrees = {"steep": 16.0}.get(
        row.details[0] if row.details else "", float(np.degrees(np.arctan2(row.height * 0.30, row.length)))
    )
    turn, lean = about("y", -degrees), np.radians(degrees)
    wide = b * (1.35 if "plinth" in row.details else 1.0)
    middle = (0.0, 0.0, h - tall - a * 0.90 * np.sin(lean))
    parts = [
        bar((a, wide, 0.0045), paint.dark, (0, 0, -h + 0.0045), 0.003),
        painted("cylinder", (b * 0.5, 0.0012), paint.steel, (a * 0.80, 0, -h + 0.0095), gloss=1.0),
        bar((0.010, b * 0.92, (middle[2] + h) / 2), paint.dark, (-a + 0.012, 0, (middle[2] - h) / 2 - 0.001), 0.003),
        bar((a * 0.94, b * 0.52, 0.003), paint.steel, (0.004, 0, middle[2] - tall - 0.0015), 0.001, turn, 1.0),
        solid("box", (a, wide, 0.0045), (0, 0, -h + 0.0045)),
        solid("box", (a * 0.98, b * 0.86, tall), middle, turn),
        solid("box", (0.012, b * 0.90, (middle[2] + h) / 2), (-a + 0.013, 0, (middle[2] - h) / 2)),
    ]
    if "arched" in row.details or "eyes" in row.details:
        x = np.linspace(-1, 1, 25)
        rise = tall * (1 + 0.5 * (1 - x**2)) if "arched" in row.details else tall * (1.15 - 0.25 * x - 0.5 * x**6)
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
    parts.append(painted("cylinder", (0.0030, b * 0.96), paint.steel, (-a + 0.012, 0, middle[2]), ALONG_Y))
    return parts


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
    t = np.linspace(-1, 1, 17)
    x = (a + begin) / 2 + t * ((a - begin) / 2 + 0.002)
    arch = row.bow * (1 - t**2) - row.bow
    upper, lower = top + spine + arch, top - spine + 0.5 * arch
    edges = ((lower, -half), (lower, half), (upper, half), (upper, -half), (lower, -half))
    spine_mesh = swath([np.column_stack([x, y, np.full(17, z)]) for y, z in edges])
    parts: list[Part] = [skin(spine_mesh, paint.main, gloss=0.4)]
    for u in np.linspace(begin + row.wire, a - row.wire, row.teeth):
        edge = float(np.interp(u, x, lower)) + 0.001
        low = -b + row.bow * 0.5 * ((u - (a + begin) / 2) / ((a - begin) / 2)) ** 2
        parts.append(
            bar((row.wire, (edge - low) / 2, half * 0.62), paint.main, (float(u), (edge + low) / 2, 0), 0.0006)
        )
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
        kind = next((k for k in ("tail", "handle", "hole") if k in row.details), "handle")
        widths, flat = {
            "tail": ((0.0062, 0.0042, 0.0022), 0.75),
            "handle": ((0.0095, 0.0105, 0.0085), 0.5),
            "hole": ((0.0110, 0.0120, 0.0100), 0.42),
        }[kind]
        path = [(begin + 0.003, top * 0.9, 0), ((begin - a) / 2, top * 0.6, 0), (-a, top * 0.4, 0)]
        parts.append(tube(path, widths, paint.main, 12, flatness=flat))
        if kind == "hole":
            parts.append(painted("cylinder", (0.0042, 0.0056), paint.dark, (-a + 0.010, top * 0.45, 0)))
        solids.append(rod((begin, top * 0.8, 0), (-a + 0.006, top * 0.45, 0), 0.0046 if kind == "tail" else 0.0050))
    return [*parts, *solids]
