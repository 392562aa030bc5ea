# SPDX-License-Identifier: Apache-2.0
"""Fruit and vegetables."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import produce, vegetables
from vla_ros.objects.shapes import lathe, smooth, sweep
from vla_ros.objects.solids import painted, rod, skin, solid

STEM = (0.33, 0.22, 0.12, 1.0)
LEAF = (0.22, 0.50, 0.16, 1.0)


def apple(shape: str, paint: Paint) -> list[Part]:
    """An apple standing on its base."""
    if shape in produce.APPLES:
        return produce.apple(shape, paint)
    radius, height = {"round": (0.033, 0.060), "flat": (0.034, 0.054), "tall": (0.031, 0.064)}[shape]
    h = height / 2
    outline = [
        (0, -h * 0.80),
        (radius * 0.28, -h * 0.98),
        (radius * 0.74, -h * 0.66),
        (radius, h * 0.18),
        (radius * 0.72, h * 0.86),
        (radius * 0.3, h),
        (0, h * 0.70),
    ]
    stem = smooth([(0, 0, h * 0.66), (0.001, 0, h), (0.004, 0, h + 0.012)], 6)
    parts = [
        skin(lathe(smooth(outline, 22)), paint.main, gloss=0.6),
        skin(sweep(stem, [0.0015] * 5 + [0.0022], 6, normal=(0, 1, 0)), STEM),
        solid("ellipsoid", (radius, radius, h * 0.98), (0, 0, 0.02 * h)),
        solid("cylinder", (radius * 0.38, h * 0.1), (0, 0, -h * 0.88), density=0.5),
    ]
    if paint.style % 2:
        parts.append(painted("ellipsoid", (0.011, 0.005, 0.0012), LEAF, (0.013, 0, h + 0.004), (0, -0.17, 0, 0.985)))
    return parts


def pear(shape: str, paint: Paint) -> list[Part]:
    """A pear standing on its base."""
    if shape in produce.PEARS:
        return produce.pear(shape, paint)
    radius, height, neck = {
        "classic": (0.0325, 0.085, 0.015),
        "long": (0.030, 0.098, 0.0135),
        "round": (0.034, 0.074, 0.018),
    }[shape]
    h = height / 2
    outline = [
        (0, -h * 0.94),
        (radius * 0.35, -h),
        (radius * 0.85, -h * 0.75),
        (radius, -h * 0.38),
        (radius * 0.80, h * 0.05),
        (neck, h * 0.52),
        (neck * 0.85, h * 0.85),
        (0, h),
    ]
    stem = smooth([(0, 0, h * 0.95), (0.002, 0, h + 0.007), (0.006, 0, h + 0.016)], 6)
    return [
        skin(lathe(smooth(outline, 24)), paint.main, gloss=0.4),
        skin(sweep(stem, [0.0016] * 5 + [0.0024], 6, normal=(0, 1, 0)), STEM),
        solid("ellipsoid", (radius, radius, radius * 0.98), (0, 0, -h + radius)),
        solid("capsule", (neck, h * 0.45), (0, 0, h * 0.55 - neck)),
        solid("cylinder", (radius * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.5),
    ]


def lemon(shape: str, paint: Paint) -> list[Part]:
    """A lemon along x with its two tips."""
    if shape in produce.LEMONS:
        return produce.lemon(shape, paint)
    length, radius = {"classic": (0.082, 0.0265), "long": (0.090, 0.0245), "round": (0.070, 0.0280)}[shape]
    h = length / 2
    outline = [
        (0, -h),
        (0.005, -h * 0.95),
        (radius * 0.55, -h * 0.74),
        (radius * 0.9, -h * 0.4),
        (radius, 0),
        (radius * 0.9, h * 0.4),
        (radius * 0.55, h * 0.72),
        (0.006, h * 0.92),
        (0, h),
    ]
    along_x = (0, np.sqrt(0.5), 0, np.sqrt(0.5))
    return [
        skin(lathe(smooth(outline, 22)), paint.main, quaternion=along_x, gloss=0.4),
        painted("sphere", (0.0035,), (0.35, 0.40, 0.15, 1.0), (h - 0.003, 0, 0)),
        solid("ellipsoid", (h * 0.90, radius, radius)),
        solid("capsule", (0.006, h * 0.78), (0, 0, 0), along_x, density=0.1),
    ]


def banana(shape: str, paint: Paint) -> list[Part]:
    """A banana lying on its side, curved in the xy plane."""
    if shape in produce.BANANAS:
        return produce.banana(shape, paint)
    length, radius, sag = {
        "classic": (0.175, 0.0165, 0.034),
        "long": (0.195, 0.0160, 0.030),
        "small": (0.130, 0.0160, 0.026),
    }[shape]
    t = np.linspace(-1, 1, 17)
    path = np.stack([t * length / 2, sag * (t**2 - 0.4), np.zeros(17)], 1)
    radii = radius * np.interp(np.abs(t), [0, 0.5, 0.8, 0.92, 1.0], [1, 0.95, 0.66, 0.34, 0.26])
    tip = (0.20, 0.15, 0.08, 1.0)
    knots = [path[2], path[6], path[10], path[14]]
    parts = [
        skin(sweep([tuple(p) for p in path], radii, 7), paint.main, gloss=0.35),
        skin(sweep([tuple(p) for p in path[:2]], radii[:2] * 1.04, 7), tip),
        skin(sweep([tuple(p) for p in path[-2:]], radii[-2:] * 1.04, 7), STEM),
    ]
    ridge = [(x, y, z + radius * 0.80) for x, y, z in path[4:13]]
    parts.append(skin(sweep(ridge, np.full(9, 0.0022), 5), shade(paint.main, 0.82)))
    parts += [
        rod(a, b, r) for a, b, r in zip(knots, knots[1:], (radius * 0.86, radius * 0.96, radius * 0.86), strict=False)
    ]
    parts.append(rod(path[14], path[16] * 0.98, radius * 0.36))
    return parts


def carrot(shape: str, paint: Paint) -> list[Part]:
    """A carrot along x with its greens at +x."""
    if shape in vegetables.CARROTS:
        return vegetables.carrot(shape, paint)
    length, radius = {"classic": (0.150, 0.0175), "short": (0.105, 0.0200), "thin": (0.165, 0.0150)}[shape]
    t = np.linspace(0, 1, 14)
    x = -length / 2 + t * length * 0.94
    radii = radius * np.interp(t, [0, 0.05, 0.4, 0.85, 0.96, 1], [0.10, 0.22, 0.66, 1.0, 0.92, 0.5])
    body = sweep([(v, 0, 0) for v in x], radii, 14)
    parts = [skin(body, paint.main, gloss=0.3)]
    for at in (4, 7, 9, 11):
        parts.append(
            skin(
                sweep([(x[at] - 0.0006, 0, 0), (x[at] + 0.0006, 0, 0)], radii[at : at + 2] * 1.012, 14),
                shade(paint.main, 0.7),
            )
        )
    crown = x[-1] - 0.002
    for y, z in ((0, 0), (0.5, 0.25), (-0.5, 0.3), (0.15, -0.3)):
        leaf = smooth([(crown, 0, 0), (crown + 0.014, y * 0.010, z * 0.012), (crown + 0.030, y * 0.028, z * 0.018)], 6)
        parts.append(skin(sweep(leaf, [0.0028, 0.003, 0.0034, 0.004, 0.0035, 0.001], 6), LEAF))
    a, b, c = -length * 0.40, -length * 0.06, length * 0.36
    parts += [rod((a, 0, 0), (b, 0, 0), radius * 0.50), rod((b, 0, 0), (c, 0, 0), radius * 0.88)]
    parts.append(rod((b + length * 0.14, 0, 0), (crown, 0, 0), radius * 0.98, "cylinder"))
    return parts


def eggplant(shape: str, paint: Paint) -> list[Part]:
    """An eggplant along x with its green cap at +x."""
    if shape in vegetables.EGGPLANTS:
        return vegetables.eggplant(shape, paint)
    length, radius, neck = {
        "classic": (0.150, 0.0310, 0.019),
        "long": (0.175, 0.0240, 0.017),
        "round": (0.105, 0.0320, 0.022),
    }[shape]
    h = length / 2
    outline = [
        (0, -h),
        (radius * 0.55, -h * 0.93),
        (radius, -h * 0.42),
        (radius * 0.82, h * 0.10),
        (neck, h * 0.55),
        (neck * 0.8, h * 0.78),
        (0, h * 0.82),
    ]
    along_x = (0, np.sqrt(0.5), 0, np.sqrt(0.5))
    calyx = [
        (neck * 1.18, h * 0.50),
        (neck * 1.15, h * 0.66),
        (neck * 0.85, h * 0.82),
        (0.004, h * 0.88),
        (0.0045, h),
        (0, h),
    ]
    fat = -h + radius * 1.15
    return [
        skin(lathe(smooth(outline, 24)), paint.main, quaternion=along_x, gloss=0.9),
        skin(lathe(calyx), LEAF, quaternion=along_x),
        solid("ellipsoid", (radius * 1.12, radius, radius), (fat, 0, 0)),
        rod((fat, 0, 0), (h * 0.62, 0, 0), neck * 1.05),
        rod((fat, 0, 0), (h * 0.12, 0, 0), radius * 0.80),
    ]
