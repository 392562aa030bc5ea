# SPDX-License-Identifier: Apache-2.0
"""Spoons, forks and knives from rows of proportions and details; all along x, handle at −x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, blob, plate, ring, rotated, shape_of, tube
from vla_ros.objects.shapes import lathe, sphere_profile, transformed
from vla_ros.objects.solids import moved, painted, rod, skin, solid


class Handle(NamedTuple):
    """Half widths from its end to its neck, how flat it is, and what is at its end or on it."""

    widths: tuple[float, ...]
    flat: float = 0.6
    trim: str = "none"  # none, ball, ring, hole, rivets, grooves, twist, loop, hook, crest, pistol, pivot
    wooden: bool = False


PLAIN, SPATULATE = Handle((0.0075, 0.0070, 0.0055, 0.0050)), Handle((0.0095, 0.0085, 0.0055, 0.0045), 0.5)
THICK, ROUND = Handle((0.0110, 0.0125, 0.0105, 0.0080), 0.8), Handle((0.0060, 0.0075, 0.0065, 0.0055), 1.0)


def grip(row: Handle, start: float, end: float, rise: float, paint: Paint, color: Rgba) -> list[Part]:
    """Return a handle from x = `start` to `end` at a height `rise` [m], with its solid."""
    widest, low = max(row.widths), row.flat
    path = [(start, 0, rise), ((start + end) / 2, 0, rise), (end, 0, rise)]
    if row.trim == "loop":
        around, middle = np.linspace(0, 2 * np.pi, 17), (start + end) / 2
        half, wide = (end - start) / 2, widest * 1.5
        path = [(middle + half * np.cos(a), wide * np.sin(a) * (1.2 - np.cos(a)) / 1.4, rise) for a in around]
        parts = [tube(path, widest * 0.4, color, 40)]
    else:
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
    elif row.trim == "hook":
        bend = [(start + 0.004, 0, rise), (start - 0.008, 0, rise), (start - 0.015, 0, rise + 0.006)]
        bend += [(start - 0.012, 0, rise + 0.013), (start - 0.005, 0, rise + 0.014)]
        parts.append(tube(bend, min(row.widths) * 0.7, color, 18, normal=(0, 1, 0)))
    elif row.trim == "crest":
        parts += [
            blob((widest * 1.7, widest * 1.4, max(widest * low, 0.003)), color, (start, 0, rise), 0.7),
            blob((widest * 1.1, widest * 0.9, max(widest * low, 0.003) * 1.25), mark, (start, 0, rise), 0.8),
        ]
    elif row.trim == "pistol":
        parts.append(
            blob((widest * 1.1, widest * 1.5, widest * low), color, (start + widest * 0.5, -widest * 0.7, rise))
        )
    elif row.trim == "pivot":
        parts += [
            painted("cylinder", (widest * 0.9, widest * low + 0.0008), paint.steel, (end, 0, rise), gloss=1.0),
            painted("cylinder", (widest * 0.35, widest * low + 0.0016), paint.dark, (end, 0, rise)),
            bar(((end - start) * 0.36, widest * 0.3, widest * low), paint.dark, ((start + end) / 2, 0, rise + 0.0012)),
        ]
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
    """Length, width and length (ratio) of the bowl, its depth; its handle, how high that is; what its bowl has.

    How far its handle goes aside [degrees].
    """

    length: float
    width: float
    long: float
    depth: float
    handle: Handle = PLAIN
    rise: float = 0.004
    bowl: str = "plain"  # plain, holes, flat, square, spout, boat, shell, teeth, corner, comb, wire, paddle, infuser
    bend: float = 0.0


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
    elif row.bowl == "boat":
        dish = [(0, -depth), (radius * 0.62, -depth), (radius * 0.70, -depth * 0.9), (radius, 0)]
    elif row.bowl == "paddle":
        dish = [(0, -0.0034), (radius * 0.97, -0.0034), (radius, -0.0025), (radius, 0)]
    inner = [(max(r - 0.003, 0.0), min(z + 0.003, 0.0)) for r, z in reversed(dish)]
    mesh = lathe([*dish, *inner], 28)
    if row.bowl == "square":
        corner = np.maximum(np.abs(mesh.vertices[:, 0]), np.abs(mesh.vertices[:, 1])) / np.maximum(
            np.hypot(mesh.vertices[:, 0], mesh.vertices[:, 1]), 1e-9
        )
        mesh.vertices[:, :2] *= (1 / np.maximum(corner, 0.8))[:, None] * 0.9
    _notched(mesh.vertices, row.bowl, radius)
    parts = [skin(transformed(mesh, (row.long, 1, 1), (head, 0, 0)), paint.main, gloss=0.5)]
    if row.bowl == "wire":
        parts = []
        for share in (1.0, 0.72, 0.44, 0.16):
            hoop = ring(radius * share, 0.0024 if share == 1.0 else 0.0013, paint.main if share == 1.0 else paint.steel)
            vertices = shape_of(hoop)
            vertices[:] = vertices * (row.long, 1, 1) + (head, 0, -depth * float(np.sqrt(1 - share**2)))
            parts.append(hoop)
        for a in np.linspace(0, np.pi, 9)[:-1]:
            across = [(radius * np.sin(t), -depth * np.cos(t)) for t in np.linspace(-np.pi / 2, np.pi / 2, 9)]
            spoke = [(head + row.long * r * np.cos(a), r * np.sin(a), z) for r, z in across]
            parts.append(tube(spoke, 0.0011, paint.steel, 14, gloss=0.9, normal=(-np.sin(a), np.cos(a), 0)))
    elif row.bowl == "comb":
        for a in np.radians((-150, -115, -80, -45, -15, 15, 45, 80, 115, 150)):
            x, y = head + row.long * radius * np.cos(a), radius * np.sin(a)
            out = (x + 0.003 * np.cos(a), y + 0.003 * np.sin(a), 0.012)
            parts.append(tube([(x - 0.002 * np.cos(a), y * 0.96, -0.003), out], (0.0034, 0.0022), paint.main, 6))
        parts.append(painted("cylinder", (radius * 0.30, 0.0008), paint.dark, (head, 0, 0.0035 - depth)))
    elif row.bowl == "infuser":
        cover = transformed(lathe(sphere_profile(radius * 0.98, depth, 15), 28), (row.long, 1, 1), (head, 0, 0))
        parts += [
            skin(cover, paint.main, gloss=0.7),
            bar((0.004, radius * 0.3, 0.002), paint.steel, (head + row.long * radius, 0, 0)),
        ]
        for k in range(26):
            up, a = 0.97 - 0.034 * k, 2.4 * k
            far = float(np.sqrt(1 - up * up)) * radius * 0.98
            at = (head + row.long * far * np.cos(a), far * np.sin(a), depth * up)
            parts.append(painted("sphere", (0.0013,), paint.dark, at))
        parts.append(solid("cylinder", (radius * 0.7, depth * 0.4), (head, 0, depth * 0.4), density=0.5))
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
    shaft = grip(row.handle, start, handle_end, row.rise, paint, paint.main)
    last = row.handle.widths[-1]
    shaft.append(
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
    shaft.append(rod((handle_end, 0, row.rise), (neck + 0.004, 0, -0.002), 0.0050))
    if row.bend:
        shaft = rotated(moved(shaft, (-neck, 0, 0)), about("z", row.bend), (neck, 0, 0))
    return [
        *parts,
        *shaft,
        solid("cylinder", (radius * 0.95, depth * 0.28), (head, 0, -depth * 0.30)),
        solid("cylinder", (radius * 0.64, depth * 0.26), (head, 0, -depth * 0.74)),
    ]


def _notched(vertices: np.ndarray, bowl: str, radius: float) -> None:
    """Give a round bowl about the origin (V, 3) [m] a rim that is not round, in place."""
    x, y = vertices[:, 0].copy(), vertices[:, 1].copy()
    angle, out = np.arctan2(y, x), np.hypot(x, y) / radius
    if bowl == "boat":  # narrower towards its tip
        vertices[:, 1] *= 1 - 0.22 * np.maximum(x, 0) / radius
    elif bowl == "shell":
        vertices[:, :2] *= (1 + 0.12 * out**2 * (np.abs(np.cos(3.5 * angle)) - 0.7))[:, None]
        vertices[:, 2] += 0.0022 * out * (np.abs(np.cos(3.5 * angle)) - 0.7)
    elif bowl == "teeth":  # a pointed tip with teeth
        vertices[:, 1] *= 1 - 0.45 * np.maximum(x, 0) / radius
        tooth = np.round(angle * 28 / (2 * np.pi)).astype(int) % 2
        vertices[:, :2] *= (1 + 0.09 * (tooth - 0.5) * (x > 0.1 * radius) * out)[:, None]
    elif bowl == "corner":
        square = np.maximum(np.abs(x), np.abs(y)) / np.maximum(np.hypot(x, y), 1e-9)
        vertices[:, :2] *= np.where((x > 0) & (y < 0), 1 / np.maximum(square, 0.72), 1.0)[:, None]


class Fork(NamedTuple):
    """Length, width of the head, tines and their length; its handle, and whether all of it is of one colour.

    What its tines are like, how far they spread (share), what they come out of, how high the whole is arched [m].
    """

    length: float
    width: float
    tines: int
    reach: float
    handle: Handle = PLAIN
    whole: bool = False
    tine: str = "plain"  # plain, wide (one of them cuts), flat, barbed
    spread: float = 0.0
    palm: str = "tapered"  # tapered, round, bar
    arch: float = 0.0


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
    root = tip - min(row.reach, 0.6 * row.length)  # in a row between two others long tines may meet a short fork
    neck = root - max(row.width * 0.55, 0.012)
    palm = [
        (neck - 0.004, -0.0035),
        (neck + row.width * 0.30, -w),
        (root + 0.004, -w),
        (root + 0.004, w),
        (neck + row.width * 0.30, w),
        (neck - 0.004, 0.0035),
    ]
    if row.palm == "round":
        around = np.linspace(-np.pi / 2, np.pi / 2, 13)
        side = [(root + 0.004 - (root - neck + 0.008) * float(np.cos(a)), w * float(np.sin(a))) for a in around]
        palm = [(root + 0.004, -w), (root + 0.004, w), *side[-2:0:-1]]
    elif row.palm == "bar":
        palm = [(root - 0.006, -w), (root + 0.003, -w), (root + 0.003, w), (root - 0.006, w)]
    parts = [plate(palm, 0.0022, metal, 0.9, 0.0015)]
    wire = min(0.0026, w / row.tines * 0.75)
    for y in np.linspace(-1, 1, row.tines) * (w - wire):
        path = [(root, y, 0.0015), (tip - row.reach * 0.4, y, 0.0005), (tip, y, 0.0045)]
        if row.spread:
            path = [(x, y * (1 + row.spread * (x - root) / row.reach), z) for x, y, z in path]
        if row.tine == "flat":
            half = w / row.tines * 0.92
            wedge = [(root, y - half), (tip - 0.006, y - half * 0.45), (tip, y), (tip - 0.006, y + half * 0.45)]
            parts.append(plate([*wedge, (root, y + half)], 0.0018, metal, 0.9, 0.0015))
        elif row.tine == "wide" and y < 0 and y <= wire - w + 1e-9:
            blade = [(root, -w), (tip - 0.010, -w * 1.08), (tip, -w * 0.85), (tip, -w * 0.55), (root, -w * 0.38)]
            parts.append(plate(blade, 0.0016, metal, 0.9, 0.0015))
        else:
            parts.append(tube(path, (wire, wire * 0.95, wire * 0.5), metal, gloss=0.9))
        if row.tine == "barbed":
            barb = [(tip - 0.009, path[-1][1] + np.sign(y) * wire * 2.6, 0.003), (tip - 0.001, path[-1][1], 0.0045)]
            parts.append(tube(barb, (wire * 0.3, wire * 0.6), metal, 6, gloss=0.9))
    if row.palm == "bar":
        parts.append(tube([(neck - 0.004, 0, 0.0015), (root, 0, 0.0015)], 0.0042, metal, gloss=0.9, flatness=0.7))
    handle_end = start + (0.62 if not row.whole else 0.80) * (neck - start)
    parts += grip(row.handle, start, handle_end, 0.004, paint, paint.main)
    last = row.handle.widths[-1]
    parts.append(
        tube([(handle_end - 0.004, 0, 0.004), (neck, 0, 0.0015)], (last * 0.8, 0.0036), metal, gloss=0.9, flatness=0.7)
    )
    if row.arch:
        for part in parts:
            if part.mesh is not None:
                vertices = shape_of(part)
                share = (vertices[:, 0] + part.position[0] - start) / row.length
                vertices[:, 2] += row.arch * np.sin(np.pi * share / 0.75) ** 2
    return [
        *parts,
        solid("box", ((neck + 0.01 - handle_end) / 2, 0.0045, 0.0050), ((handle_end + neck + 0.01) / 2, 0, 0.003)),
        solid("box", ((tip - neck) / 2, w, 0.0035), ((neck + tip) / 2, 0, 0.001), density=0.7),
    ]


class Knife(NamedTuple):
    """Length, width of the blade, its share of the length and outline; its handle; whether it has a bolster.

    What else it has; how far below its handle the blade is [m]; whether all of it is of one colour.
    """

    length: float
    width: float
    share: float
    blade: str
    handle: Handle = THICK
    bolster: bool = False
    extra: str = "none"  # none, guard, holes, tools
    crank: float = 0.0
    whole: bool = False


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
    "strip": ((0, -0.7), (0.90, -1), (0.96, -0.75), (1, 0), (0.96, 0.75), (0.90, 1), (0, 0.7)),
    "trowel": (
        (0, -0.12),
        (0.3, -0.14),
        (0.46, -1),
        (0.62, -0.85),
        (1, 0),
        (0.62, 0.85),
        (0.46, 1),
        (0.3, 0.14),
        (0, 0.12),
    ),
    "hook": (
        (0, -0.9),
        (0.35, -0.75),
        (0.62, -0.95),
        (0.82, -1.5),
        (0.94, -1.9),
        (1, -1),
        (0.96, 0),
        (0.78, 0.75),
        (0.5, 1),
        (0, 1),
    ),
    "sliver": ((0, -0.8), (0.25, -1), (1, 0.85), (0.96, 1), (0, 1)),
    "fish": (
        (0, -0.3),
        (0.2, -0.4),
        (0.32, -0.95),
        (0.6, -1.05),
        (0.85, -0.7),
        (1, 0.15),
        (0.82, 0.8),
        (0.58, 0.7),
        (0.44, 0.45),
        (0.34, 0.8),
        (0.22, 0.7),
        (0, 0.3),
    ),
    "dagger": ((0, -1), (0.55, -0.85), (0.85, -0.4), (1, 0), (0.85, 0.4), (0.55, 0.85), (0, 1)),
    "scraper": ((0, -0.28), (0.3, -0.4), (0.8, -1), (1, -1), (1, 1), (0.8, 1), (0.3, 0.4), (0, 0.28)),
    "machete": ((0, -0.45), (0.45, -0.7), (0.78, -1.05), (0.94, -0.85), (1, -0.1), (0.9, 0.75), (0.5, 0.6), (0, 0.5)),
}


def knife(row: Knife, paint: Paint) -> list[Part]:
    """A knife lying on its side, blade at +x."""
    start, w = -row.length / 2, row.width / 2
    joint = start + row.length * (1 - row.share)
    far = row.length / 2 - joint
    drop = -w * 0.3 if row.width > 0.03 else 0.0
    blade = [(joint + x * far - 0.003, y * w + drop) for x, y in BLADES[row.blade]]
    metal = paint.main if row.whole else paint.steel
    parts = [plate(blade, 0.0014, metal, 1.0, -row.crank), *grip(row.handle, start, joint, 0.0, paint, paint.main)]
    if row.crank:
        neck = [
            (joint - 0.004, 0, 0),
            (joint + 0.010, 0, 0),
            (joint + 0.014, 0, -row.crank),
            (joint + 0.028, 0, -row.crank),
        ]
        parts.append(tube(neck, (0.0040, 0.0034, 0.0030, 0.0024), metal, 16, 1.0))
    thick = max(row.handle.widths[-1] * row.handle.flat, 0.005)
    if row.extra == "guard":
        parts += [
            bar((0.0028, w + 0.009, thick + 0.001), paint.steel, (joint, 0, 0), 0.002, gloss=1.0),
            solid("box", (0.0028, w + 0.009, 0.005), (joint, 0, 0)),
        ]
    elif row.extra == "holes":
        for x in (0.25, 0.47, 0.67):
            parts.append(painted("cylinder", (w * 0.38, 0.0017), paint.dark, (joint + x * far, drop, 0)))
    elif row.extra == "tools":
        size, high = (joint - start) * 0.55, max(row.handle.widths)
        tools = [
            plate([(0, -0.004), (size * 0.7, -0.0045), (size, 0.003), (0, 0.004)], 0.0012, paint.steel, 1.0, 0.003),
            plate(
                [(0, -0.003), (size * 0.6, -0.003), (size * 0.6, 0.003), (0, 0.003)], 0.0012, paint.steel, 1.0, -0.003
            ),
        ]
        coil = [(size * (0.2 + t / 14), 0.003 * np.sin(2 * t), 0.003 * np.cos(2 * t)) for t in np.linspace(0, 10, 33)]
        tools.append(tube([(0, 0, 0.003), *coil], 0.0011, paint.steel, 60, 1.0))
        spots = (
            ((start + high, high * 0.6), 140),
            ((joint - high, high * 0.6), 65),
            (((start + joint) / 2, -high * 0.5), -90),
        )
        for tool, ((x, y), turn) in zip(tools, spots, strict=True):
            parts += rotated(
                [tool, rod((0, 0, 0), (size * 0.8, 0, 0), 0.003, density=0.3)], about("z", turn), (x, y, 0)
            )
        top = max(row.handle.widths) * row.handle.flat
        for half in ((0.0050, 0.0016, 0.0008), (0.0016, 0.0050, 0.0008)):
            parts.append(bar(half, paint.pale, ((start + joint) / 2, 0, top), 0.0004))
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
    return [*parts, solid("box", (far / 2, w, 0.0045), (joint + far / 2 - 0.003, drop, -row.crank), density=0.6)]
