# SPDX-License-Identifier: Apache-2.0
"""Spoons, forks and knives from rows of proportions and details; all along x, handle at −x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import bar, plate, ring, rotated, tube
from vla_ros.objects.shapes import lathe, sphere_profile, transformed
from vla_ros.objects.solids import painted, rod, skin, solid


class Handle(NamedTuple):
    """Half widths from its end to its neck, how flat it is, and what is at its end or on it."""

    widths: tuple[float, ...]
    flat: float = 0.6
    trim: str = "none"  # none, ball, ring, hole, rivets, grooves, twist
    wooden: bool = False


PLAIN, SPATULATE = Handle((0.0075, 0.0070, 0.0055, 0.0050)), Handle((0.0095, 0.0085, 0.0055, 0.0045), 0.5)
THICK, ROUND = Handle((0.0110, 0.0125, 0.0105, 0.0080), 0.8), Handle((0.0060, 0.0075, 0.0065, 0.0055), 1.0)


def grip(row: Handle, start: float, end: float, rise: float, paint: Paint, color: Rgba) -> list[Part]:
    """Return a handle from x = `start` to `end` at a height `rise` [m], with its solid."""
    widest, low = max(row.widths), row.flat
    path = [(start, 0, rise), ((start + end) / 2, 0, rise), (end, 0, rise)]
    parts = [tube(path, row.widths, color, 16, flatness=low)]
    mark = paint.accent if color == paint.main else paint.main
    if row.trim == "ball":
        parts.append(painted("sphere", (widest * 1.25,), mark, (start, 0, rise), gloss=0.6))
    elif row.trim == "ring":
        parts += rotated([ring(0.0085, 0.0024, color)], (0, 0, 0, 1), (start - 0.008, 0, rise))
    elif row.trim == "hole":
        parts.append(painted("cylinder", (widest * 0.45, widest * low + 0.0006), paint.dark, (start + 0.010, 0, rise)))
    elif row.trim == "rivets":
        for x in np.linspace(start + 0.014, end - 0.012, 3):
            parts.append(
                painted("cylinder", (0.0022, min(row.widths) * low + 0.0030), paint.steel, (x, 0, rise), gloss=1.0)
            )
    elif row.trim == "grooves":
        grooves, spread = np.linspace(start + 0.012, start + 0.045, 5), np.linspace(start, end, len(row.widths))
        parts += [
            bar((0.0014, wide * 1.02, wide * low * 1.02), mark, (x, 0, rise), 0.001)
            for x, wide in zip(grooves, np.interp(grooves, spread, row.widths), strict=True)
        ]
    elif row.trim == "twist":
        for k, x in enumerate(np.linspace(start + 0.3 * (end - start), end - 0.01, 12)):
            parts.append(painted("sphere", (row.widths[-2] * 1.02,), shade(color, 0.8 if k % 2 else 1.0), (x, 0, rise)))
    thick = max(float(np.mean(row.widths)) * low, 0.0052)
    parts.append(
        solid(
            "box",
            ((end - start) / 2, max(float(np.mean(row.widths)) * 0.92, 0.0055), thick),
            ((start + end) / 2, 0, rise),
        )
    )
    return parts


class Spoon(NamedTuple):
    """Length, width and length (ratio) of the bowl, its depth; its handle, how high that is; what its bowl has."""

    length: float
    width: float
    long: float
    depth: float
    handle: Handle = PLAIN
    rise: float = 0.004
    bowl: str = "plain"  # plain, holes, flat, square, spout


SPOONS = {
    "dessert": Spoon(0.165, 0.036, 1.40, 0.009, SPATULATE),
    "table": Spoon(0.190, 0.042, 1.45, 0.010, Handle((0.0100, 0.0090, 0.0055, 0.0045), 0.5, "grooves")),
    "wooden": Spoon(0.215, 0.048, 1.30, 0.011, Handle((0.0065, 0.0075, 0.0070, 0.0065), 1.0, "hole")),
    "honey_ladle": Spoon(0.160, 0.034, 1.0, 0.017, Handle((0.0055, 0.0050, 0.0045, 0.0045), 1.0, "ring"), 0.010),
    "rice": Spoon(0.195, 0.062, 1.25, 0.0085, THICK, 0.003, "flat"),
    "baby": Spoon(0.125, 0.026, 1.35, 0.008, THICK, 0.005),
    "skimmer": Spoon(0.205, 0.064, 1.0, 0.010, Handle((0.0080, 0.0070, 0.0060, 0.0055), 0.8, "ring"), 0.006, "holes"),
    "caddy": Spoon(0.090, 0.040, 1.15, 0.011, Handle((0.0110, 0.0085, 0.0060), 0.5)),
    "twisted": Spoon(0.205, 0.030, 1.35, 0.008, Handle((0.0050, 0.0045, 0.0045, 0.0045), 1.0, "ball"), 0.004),
    "square": Spoon(0.185, 0.044, 1.1, 0.012, Handle((0.0080, 0.0085, 0.0075, 0.0065), 0.7, "hole"), 0.004, "square"),
    "gravy": Spoon(0.185, 0.056, 1.05, 0.018, Handle((0.0085, 0.0080, 0.0065, 0.0060), 0.6, "hole"), 0.012, "spout"),
}


def spoon(row: Spoon, paint: Paint) -> list[Part]:
    """A spoon along x, lying on its back."""
    radius, depth = row.width / 2, row.depth
    head, start = row.length / 2 - radius * row.long, -row.length / 2
    dish = [(r, z) for r, z in sphere_profile(radius, depth, 15) if z <= 1e-9]
    if row.bowl == "flat":
        dish = [(0, -depth), (radius * 0.85, -depth), (radius, -depth * 0.4), (radius, 0)]
    inner = [(max(r - 0.003, 0.0), min(z + 0.003, 0.0)) for r, z in reversed(dish)]
    mesh = lathe([*dish, *inner], 28)
    if row.bowl == "square":
        corner = np.maximum(np.abs(mesh.vertices[:, 0]), np.abs(mesh.vertices[:, 1])) / np.maximum(
            np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 1]), 1e-9
        )
        mesh.vertices[:, :2] *= (1 / np.maximum(corner, 0.8))[:, None] * 0.9
    parts = [skin(transformed(mesh, (row.long, 1, 1), (head, 0, 0)), paint.main, gloss=0.5)]
    if row.bowl == "holes":
        for x, y in [(0, 0), *[(0.55 * np.cos(a), 0.55 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 9)[:-1]]]:
            parts.append(
                painted(
                    "cylinder",
                    (0.0030, 0.0008),
                    paint.dark,
                    (head + x * radius, y * radius, 0.0034 - depth * float(np.sqrt(1 - x * x - y * y))),
                )
            )
    elif row.bowl == "spout":
        parts.append(
            tube(
                [(head, radius * 0.86, -0.004), (head, radius * 1.18, 0.001)],
                (0.008, 0.005),
                paint.main,
                6,
                flatness=0.6,
                normal=(0, 0, 1),
            )
        )
    neck = head - radius * row.long + 0.004
    handle_end = start + 0.72 * (neck - start)
    parts += grip(row.handle, start, handle_end, row.rise, paint, paint.main)
    last = row.handle.widths[-1]
    parts.append(
        tube(
            [
                (handle_end - 0.004, 0, row.rise),
                ((handle_end + neck) / 2, 0, row.rise * 0.8),
                (neck + 0.004, 0, -0.003),
            ],
            (last, last * 0.8, last),
            paint.main,
            10,
            flatness=min(row.handle.flat, 0.8),
        )
    )
    return [
        *parts,
        rod((handle_end, 0, row.rise), (neck + 0.004, 0, -0.002), 0.0050),
        solid("cylinder", (radius * 0.95, depth * 0.28), (head, 0, -depth * 0.30)),
        solid("cylinder", (radius * 0.64, depth * 0.26), (head, 0, -depth * 0.74)),
    ]


class Fork(NamedTuple):
    """Length, width of the head, tines and their length; its handle, and whether all of it is of one colour."""

    length: float
    width: float
    tines: int
    reach: float
    handle: Handle = PLAIN
    whole: bool = False


FORKS = {
    "fish": Fork(0.180, 0.030, 3, 0.034, SPATULATE),
    "fruit": Fork(0.135, 0.018, 3, 0.028, Handle((0.0070, 0.0075, 0.0050), 0.7)),
    "serving": Fork(0.210, 0.044, 4, 0.052, THICK),
    "camping": Fork(0.165, 0.026, 3, 0.040, Handle((0.0085, 0.0070, 0.0060), 0.5, "hole"), True),
    "meat": Fork(0.215, 0.030, 2, 0.060, Handle((0.0105, 0.0110, 0.0095), 0.8, "rivets")),
    "toasting": Fork(0.215, 0.026, 3, 0.036, Handle((0.0060, 0.0055, 0.0045), 1.0, "ring")),
    "cake": Fork(0.145, 0.024, 3, 0.034, Handle((0.0085, 0.0070, 0.0045), 0.6, "ball")),
    "bamboo": Fork(0.150, 0.020, 2, 0.042, Handle((0.0080, 0.0075, 0.0070), 0.7), True),
    "spaghetti": Fork(0.200, 0.050, 6, 0.030, Handle((0.0085, 0.0095, 0.0085), 0.7, "grooves"), True),
    "long_tined": Fork(0.195, 0.024, 4, 0.066, Handle((0.0095, 0.0080, 0.0055), 0.6, "grooves")),
}


def fork(row: Fork, paint: Paint) -> list[Part]:
    """A fork along x, lying on its back, tines at +x."""
    start, tip, w = -row.length / 2, row.length / 2, row.width / 2
    metal = paint.main if row.whole else paint.steel
    root = tip - row.reach
    neck = root - max(row.width * 0.55, 0.012)
    palm = [
        (neck - 0.004, -0.0035),
        (neck + row.width * 0.30, -w),
        (root + 0.004, -w),
        (root + 0.004, w),
        (neck + row.width * 0.30, w),
        (neck - 0.004, 0.0035),
    ]
    parts = [plate(palm, 0.0022, metal, 0.9, 0.0015)]
    wire = min(0.0026, w / row.tines * 0.75)
    for y in np.linspace(-1, 1, row.tines) * (w - wire):
        path = [(root, y, 0.0015), (tip - row.reach * 0.4, y, 0.0005), (tip, y, 0.0045)]
        parts.append(tube(path, (wire, wire * 0.95, wire * 0.5), metal, gloss=0.9))
    handle_end = start + (0.62 if not row.whole else 0.80) * (neck - start)
    parts += grip(row.handle, start, handle_end, 0.004, paint, paint.main)
    last = row.handle.widths[-1]
    parts.append(
        tube([(handle_end - 0.004, 0, 0.004), (neck, 0, 0.0015)], (last * 0.8, 0.0036), metal, gloss=0.9, flatness=0.7)
    )
    return [
        *parts,
        solid("box", ((neck + 0.01 - handle_end) / 2, 0.0045, 0.0050), ((handle_end + neck + 0.01) / 2, 0, 0.003)),
        solid("box", ((tip - neck) / 2, w, 0.0035), ((neck + tip) / 2, 0, 0.001), density=0.7),
    ]


class Knife(NamedTuple):
    """Length, width of the blade, its share of the length and outline; its handle; whether it has a bolster."""

    length: float
    width: float
    share: float
    blade: str
    handle: Handle = THICK
    bolster: bool = False


KNIVES = {
    "carving": Knife(0.230, 0.022, 0.60, "point", Handle((0.0105, 0.0090, 0.0100), 0.75, "rivets"), True),
    "santoku": Knife(0.215, 0.040, 0.58, "sheep", Handle((0.0110, 0.0095, 0.0105), 0.75)),
    "boning": Knife(0.200, 0.016, 0.54, "swept", Handle((0.0110, 0.0090, 0.0115), 0.8, "grooves")),
    "cheese": Knife(0.185, 0.026, 0.56, "forked", Handle((0.0085, 0.0100, 0.0080), 0.8)),
    "pocket": Knife(0.165, 0.018, 0.45, "point", Handle((0.0095, 0.0105, 0.0090), 0.6, "rivets"), True),
    "hunting": Knife(0.205, 0.028, 0.52, "clip", Handle((0.0115, 0.0095, 0.0105), 0.85, "grooves"), True),
    "child": Knife(0.160, 0.022, 0.50, "round", Handle((0.0120, 0.0125, 0.0100), 0.8)),
    "fillet": Knife(0.235, 0.014, 0.60, "swept", Handle((0.0095, 0.0105, 0.0085), 0.8, "ball")),
    "spreader": Knife(0.140, 0.026, 0.52, "leaf", Handle((0.0085, 0.0080, 0.0055), 0.8, "ball")),
    "pizza": Knife(0.210, 0.030, 0.50, "saw", Handle((0.0100, 0.0090, 0.0100), 0.75, "rivets")),
    "nakiri": Knife(0.220, 0.038, 0.56, "oblong", Handle((0.0090, 0.0090, 0.0090), 1.0), True),
}

# Outlines of blades from the handle on: shares of its length and of half its width, the edge at −y.
BLADES = {
    "point": ((0, -1), (0.55, -1), (0.86, -0.45), (1, 0.85), (0.6, 1), (0, 1)),
    "sheep": ((0, -1), (0.55, -1), (0.85, -0.8), (1, -0.4), (0.86, 0.5), (0.68, 1), (0, 1)),
    "swept": ((0, -1), (0.45, -0.9), (0.8, -0.2), (1, 1.6), (0.6, 0.7), (0, 1)),
    "forked": ((0, -1), (0.7, -1), (1, -0.3), (1.02, 0.2), (0.88, 0.15), (0.88, 0.5), (1.04, 0.7), (0.95, 1), (0, 1)),
    "clip": ((0, -1), (0.62, -1), (0.9, -0.4), (1, 0.5), (0.78, 0.55), (0.6, 1), (0, 1)),
    "round": ((0, -1), (0.75, -1), (0.94, -0.6), (1, 0), (0.94, 0.6), (0.75, 1), (0, 1)),
    "leaf": ((0, -0.4), (0.35, -0.95), (0.7, -1), (0.94, -0.5), (1, 0), (0.94, 0.5), (0.7, 1), (0.35, 0.95), (0, 0.4)),
    "saw": (
        (0, -1),
        *((0.04 + 0.86 * k / 16, -1 + (0.2 if k % 2 else 0)) for k in range(17)),
        (1, 0.2),
        (0.9, 1),
        (0, 1),
    ),
    "oblong": ((0, -1), (0.97, -1), (1, -0.8), (1, 0.7), (0.94, 1), (0, 1)),
}


def knife(row: Knife, paint: Paint) -> list[Part]:
    """A knife lying on its side, blade at +x."""
    start, w = -row.length / 2, row.width / 2
    joint = start + row.length * (1 - row.share)
    far = row.length / 2 - joint
    drop = -w * 0.3 if row.width > 0.03 else 0.0
    blade = [(joint + x * far - 0.003, y * w + drop) for x, y in BLADES[row.blade]]
    parts = [plate(blade, 0.0014, paint.steel, 1.0), *grip(row.handle, start, joint, 0.0, paint, paint.main)]
    if row.bolster:
        last = row.handle.widths[-1]
        parts.append(
            bar(
                (0.005, last * 1.05, max(last * row.handle.flat, 0.005)),
                paint.steel,
                (joint - 0.001, 0, 0),
                0.002,
                gloss=1.0,
            )
        )
    return [*parts, solid("box", (far / 2, w, 0.0045), (joint + far / 2 - 0.003, drop, 0), density=0.6)]
