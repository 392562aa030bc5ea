# SPDX-License-Identifier: Apache-2.0
"""Mugs, cups and bowls from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import band, handle, ribs
from vla_ros.objects.recipes.forms import Profile, ring, rotated, tube, turned
from vla_ros.objects.recipes.vessels import hollow
from vla_ros.objects.solids import moved, solid


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
    return parts


def _inside(paint: Paint) -> Rgba:
    return shade(paint.pale, 1.3) if paint.color != "white" else shade(paint.accent, 1.2)


def mug(row: Mug, paint: Paint) -> list[Part]:
    """A mug with its handle along x."""
    h, outline = row.height / 2, _outline(row.radii, row.height)
    parts = hollow(row.radii, row.height, 0.005, paint, _inside(paint), 0.7, row.sides)
    parts += _ringed(outline, row.height, row.details, paint)
    high, low = row.span[0] * row.height, row.span[1] * row.height
    color = paint.accent if paint.style == 2 and row.handle in ("square", "ring") else paint.main
    for side in (1, -1) if "pair" in row.details else (1,):
        parts += handle(outline, row.handle, high, low, row.reach, row.wire, color, side)
    if "lid" in row.details:
        parts = [*_lidded(parts, row.radii, h, paint.dark), parts[-1]]
    return parts


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
    parts = hollow((max(row.radii[0], 0.014), *row.radii[1:]), row.height, 0.004, paint, _inside(paint), 0.6, row.sides)
    parts += _ringed(outline, row.height, row.details, paint)
    if "lid" in row.details:
        parts = _lidded(parts, row.radii, h, paint.pale if paint.color != "white" else paint.dark)
    if "straw" in row.details:
        straw = [(0.004, 0, h), (0.008, 0, h + 0.030), (0.024, 0, h + 0.040)]
        parts.append(tube(straw, 0.0028, paint.accent, 12, normal=(0, 1, 0)))
    if row.stem:
        low = -h - row.stem
        profile = [
            (0, low),
            (row.foot, low),
            (row.foot, low + 0.003),
            (0.008, low + 0.007),
            (0.0055, low + row.stem * 0.6),
            (max(row.radii[0], 0.014), -h + 0.003),
        ]
        parts += [
            turned(profile, paint.main, 0.8),
            solid("cylinder", (row.foot - 0.001, 0.002), (0, 0, low + 0.002), density=4.0),
            solid("cylinder", (0.0065, row.stem / 2), (0, 0, low + row.stem / 2)),
        ]
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
    parts = hollow(row.radii, row.height, 0.005, paint, inside, 0.7, row.sides, lift=row.foot)
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
    return parts
