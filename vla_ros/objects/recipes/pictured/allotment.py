# SPDX-License-Identifier: Apache-2.0
"""Onions and potatoes that only pictures with boxes show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import Family, trimmings
from vla_ros.objects.recipes.families.trimmings import face, sector
from vla_ros.objects.recipes.forms import (
    about,
    blob,
    laid,
    rotated,
    shape_of,
    tube,
    turned,
)
from vla_ros.objects.recipes.garden import PALE
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import painted, rod, solid

CREAM = (0.97, 0.95, 0.90, 1.0)


class Onion(NamedTuple):
    """Radius, half height, length of its neck, width at the base and the shoulder (shares); what else it has."""

    radius: float
    half: float
    neck: float = 0.014
    base: float = 0.28
    shoulder: float = 0.66
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along its axis
    more: str | None = None  # slice, peeled, flaking, plait, twin, roots, net, topped, tied, clump, seam


ONIONS = {
    "slice": Onion(0.0350, 0.0300, more="slice"),
    "wedge": Onion(0.0360, 0.0320, cut=84.0),
    "peeled": Onion(0.0320, 0.0280, 0.004, 0.34, 0.70, more="peeled"),
    "flaking": Onion(0.0340, 0.0300, 0.024, more="flaking"),
    "plait": Onion(0.0210, 0.0190, 0.016, more="plait"),
    "twin": Onion(0.0250, 0.0270, 0.018, more="twin"),
    "bearded": Onion(0.0310, 0.0290, 0.020, 0.30, 0.62, more="roots"),
    "netted": Onion(0.0330, 0.0300, 0.012, 0.26, 0.68, more="net"),
    "topped": Onion(0.0350, 0.0300, 0.004, 0.30, 0.80, more="topped"),
    "exhibition": Onion(0.0420, 0.0460, 0.024, 0.20, 0.54, more="tied"),
    "clump": Onion(0.0175, 0.0220, 0.014, 0.30, 0.56, more="clump"),
    "cutting_toy": Onion(0.0300, 0.0270, 0.014, 0.32, 0.68, more="seam"),
}


def onion(row: Onion, paint: Paint) -> list[Part]:
    """An onion: a bulb with its neck at +z, roots below; cut, opened, or several."""
    r, h = row.radius, row.half
    inside = CREAM if paint.color != "purple" else (0.93, 0.84, 0.92, 1.0)
    line = shade(paint.main, 0.85) if paint.color != "white" else (0.72, 0.76, 0.58, 1.0)
    knots = [
        (r * row.base, -h),
        (r * 0.82, -h * 0.62),
        (r, -h * 0.05),
        (r * row.shoulder, h * 0.60),
        (0.0065, h * 1.02),
    ]
    outline = smooth([*knots, (0.0045, h + 0.006)], 22)
    if row.cut:
        faces = [face(outline, 1.0, inside)]
        for k, share in enumerate((0.86, 0.82, 0.66, 0.62, 0.46, 0.42, 0.26, 0.22)):
            faces.append(face(outline, share, inside if k % 2 else line, 0.0003 * (k + 1)))
        return laid(sector(outline, row.cut, paint.main, faces))
    if row.more == "slice":
        tones = (line, inside)
        shares = (0.97, 0.83, 0.80, 0.66, 0.63, 0.49, 0.46, 0.32, 0.29)
        return trimmings.disc(r, 0.0048, paint.main, [(s, tones[(k + 1) % 2]) for k, s in enumerate(shares)])
    if row.more in ("plait", "twin", "clump"):
        return _onions(row, paint)
    bare = row.more in ("peeled", "topped")
    parts = [turned([(0, -h), *outline], paint.main, 0.8 if row.more == "peeled" else 0.5, sides=32)]
    if row.more == "topped":  # cut off below its neck: rings show
        top = h * 0.58
        parts = [turned([(0, -h), *[p for p in outline if p[1] < top], (r * row.shoulder, top), (0, top)], paint.main)]
        for k, share in enumerate((0.98, 0.86, 0.80, 0.62, 0.56, 0.36, 0.28)):
            tone = line if k % 2 else inside
            size = (r * row.shoulder * share, 0.0005 + 0.0003 * k)
            parts.append(painted("cylinder", size, tone, (0, 0, top)))
    groove = shade(paint.main, 0.90 if row.more == "peeled" else 0.75)
    for k in range(12):  # lines of the skin
        a = k * np.pi / 6
        upto = -6 if row.more == "topped" else -1
        course = [(q * 0.998 * np.cos(a), q * 0.998 * np.sin(a), z) for q, z in outline[2:upto:2]]
        parts.append(tube(course, 0.0006, groove, 12, normal=(-np.sin(a), np.cos(a), 0)))
    if row.more == "peeled":
        parts.append(painted("cylinder", (0.0064, 0.0012), inside, (0, 0, h + 0.005)))
    parts += _roots(h, 26 if row.more == "roots" else 4 if bare else 9, 0.030 if row.more == "roots" else 0.006)
    if not bare:
        end = h + row.neck
        tip = [(0, 0, h), (0.001, 0, h + row.neck * 0.5), (0.005, 0.003, end)]
        parts.append(tube(tip, (0.0050, 0.0040, 0.0062), shade(paint.main, 0.85), 8, normal=(0, 1, 0)))
        parts.append(rod((0, 0, h * 0.6), (0, 0, end), 0.0055, "cylinder", 0.3))
    if row.more == "roots":
        parts.append(rod((0, 0, -h), (0, 0, -h - 0.024), 0.010, density=0.1))
    if row.more == "seam":  # two halves of a toy that hold together
        parts.append(
            turned([(r * 0.96, -0.0032), (r * 1.012, -0.0024), (r * 1.012, 0.0006), (r * 0.96, 0.0014)], CREAM)
        )
    if row.more == "flaking":  # its dry skin comes off
        parts.append(trimmings.between(outline, -h * 0.30, h * 0.50, inside, 0.8, 0.0008))
        for k, a in enumerate((0.4, 1.9, 3.3, 4.9)):
            c, s = np.cos(a), np.sin(a)
            flap = [(r * q * c, r * q * s, z * h) for q, z in ((0.84, -0.62), (1.03, -0.18), (1.24 + 0.05 * k, 0.12))]
            parts.append(tube(flap, (0.010, 0.0135, 0.004), shade(paint.main, 0.82), 10, 0.2, 0.1, (c, s, -0.2)))
    if row.more == "net":
        red = (0.85, 0.20, 0.12, 1.0)
        knot = [(0, 0, h + 0.004), (0.001, 0, h + 0.020), (0.010, 0.004, h + 0.034)]
        parts += trimmings.net(outline, -h * 0.98, h * 0.99, red, 10, 0.0008)
        parts.append(tube(knot, (0.0070, 0.0032, 0.0100), red, 12, normal=(0, 1, 0)))
    if row.more == "tied":  # its neck is folded and bound
        parts.append(painted("cylinder", (0.0066, 0.0045), (0.86, 0.76, 0.50, 1.0), (0, 0, h + 0.008)))
    return [*parts, *_bulb(r, h)]


def _bulb(r: float, h: float) -> list[Part]:
    return [solid("ellipsoid", (r, r, h)), solid("cylinder", (r * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.4)]


def _roots(h: float, count: int, long: float) -> list[Part]:
    parts = []
    for k in range(count):
        a, out = 2.4 * k, 0.35 + 0.65 * (k % 5) / 4
        c, s = np.cos(a), np.sin(a)
        ends = [(0.002 * c, 0.002 * s, -h + 0.002), (0.007 * c, 0.007 * s, -h - 0.0005)]
        if long > 0.01:
            ends.append((0.020 * out * c, 0.020 * out * s, -h - long * (1.1 - 0.4 * out)))
        parts.append(tube(ends, (0.0010, 0.0008, 0.0004), PALE, 6, normal=(-s, c, 0.01)))
    return parts


def _onions(row: Onion, paint: Paint) -> list[Part]:
    """Return two grown together, four in a clump, or four in a plait that lies along x."""
    r, h = min(row.radius, 0.025), min(row.half, 0.028)
    one = onion(row._replace(radius=r, half=h, more=None), paint)
    if row.more == "twin":
        return [
            *rotated(one, about("y", 14), (0.62 * r, 0, 0)),
            *rotated(one, about("y", -14), (-0.62 * r, 0, 0)),
            turned([(0, -h * 1.02), (r * 0.9, -h * 0.86), (r * 1.10, -h * 0.5), (r * 0.6, 0)], paint.main),
        ]
    if row.more == "clump":
        places = [(1.02 * r * np.cos(a), 1.02 * r * np.sin(a), 0.0) for a in np.radians((20, 110, 200, 290))]
        return [part for k, place in enumerate(places) for part in rotated(one, about("z", 90 * k), place)]
    parts: list[Part] = []
    for k, side in enumerate((1, -1, 1, -1)):
        lying = rotated(one, about("x", 62 * side), (1.25 * r * (k - 1.7), -1.25 * r * side, 0))
        parts += lying
    straw = (0.78, 0.68, 0.42, 1.0)
    for phase in (0.0, np.pi):
        x = np.linspace(-2.6 * r, 3.6 * r, 14)
        y = 0.006 * np.sin(1.1 * x / r + phase)
        z = 0.3 * r + 0.004 * np.cos(1.1 * x / r + phase)
        parts.append(tube(list(np.stack([x, y, z], 1)), 0.0046, straw, 40, 0.1))
    return [*parts, rod((-2.6 * r, 0, 0.3 * r), (3.6 * r, 0, 0.3 * r), 0.006, density=0.3)]


class Potato(NamedTuple):
    """Half axes; how square it is; what is done to it."""

    axes: tuple[float, float, float]
    square: float = 0.0  # 0 an ellipsoid, 1 nearly a block
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along it
    more: str | None = None  # slice, peeled, sprouts, baked, foil, slits, roots, wrinkles, skewer


POTATOES = {
    "halved": Potato((0.050, 0.032, 0.032), cut=180.0),
    "wedge": Potato((0.058, 0.034, 0.034), cut=72.0),
    "slice": Potato((0.033, 0.033, 0.028), more="slice"),
    "half_peeled": Potato((0.048, 0.031, 0.028), more="peeled"),
    "sprouting": Potato((0.046, 0.033, 0.028), more="sprouts"),
    "baked": Potato((0.058, 0.036, 0.031), more="baked"),
    "foil": Potato((0.056, 0.034, 0.030), more="foil"),
    "hasselback": Potato((0.054, 0.030, 0.027), more="slits"),
    "stolon": Potato((0.040, 0.030, 0.027), more="roots"),
    "shrivelled": Potato((0.044, 0.029, 0.024), more="wrinkles"),
    "on_skewer": Potato((0.056, 0.026, 0.026), more="skewer"),
    "russet": Potato((0.066, 0.034, 0.031), 0.55),
}


def potato(row: Potato, paint: Paint) -> list[Part]:
    """A potato along x; cut, peeled, grown out, or cooked."""
    a, b, c = row.axes
    flesh = (0.95, 0.90, 0.66, 1.0)
    if row.cut:
        knots = [(b * np.sin(t) ** 0.9, -a * np.cos(t)) for t in np.linspace(0, np.pi, 22)]
        inner = shade(flesh, 1.3)
        return laid(
            sector(knots, row.cut, paint.main, [face(knots, 1.0, flesh), face(knots, 0.84, inner, 0.0004)], 0.2)
        )
    if row.more == "slice":
        return trimmings.disc(b, 0.0062, paint.main, ((0.96, flesh), (0.80, shade(flesh, 1.3))), 0.2)
    if row.more == "skewer":  # slices that stand apart on a stick
        ends = ((-a - 0.050, 0, 0), (a + 0.008, 0, 0))
        parts = [tube(ends, 0.0026, paint.wood, 4), rod(*ends, 0.0026, density=0.3)]
        for x in np.linspace(-0.90, 0.90, 12):
            one = trimmings.disc(b * float(np.sqrt(1 - x**2)), 0.0024, paint.main, ((0.95, flesh),), 0.2)
            parts += rotated(one, about("y", 90 - 14), (a * x, 0, 0))
        return parts
    body = blob((a, b, c), paint.main, gloss=0.15)
    points = shape_of(body)
    if row.square:
        near = points / (a, b, c)
        points *= (1 + row.square * (1 / np.linalg.norm(near, ord=5, axis=1) - 1))[:, None]
    waves = np.random.default_rng(round(a * 1e4)).uniform(-1, 1, (4, 3)) * 70
    points *= (1 + 0.025 * np.sin(points @ waves.T).sum(axis=1))[:, None]
    if row.more == "wrinkles":
        points *= (1 + 0.040 * np.sin(330 * points[:, 1] + 3 * np.sin(110 * points[:, 0]) + 60 * points[:, 2]))[:, None]
    eyes = [_direction(k) for k in range(11 if row.more in (None, "sprouts", "roots", "wrinkles", "peeled") else 5)]
    parts = [body]
    for u in eyes:
        place = tuple(u * (a, b, c) * 0.98)
        parts.append(painted("ellipsoid", (0.0026, 0.0016, 0.0012), shade(paint.main, 0.55), place))
    return [
        *parts,
        *_on_potato(row, paint, eyes, flesh),
        solid("ellipsoid", (a, b, c)),
        solid("box", (a * 0.42, b * 0.42, 0.003), (0, 0, -c + 0.0035), density=0.3),
    ]


def _direction(k: int) -> np.ndarray:
    """Return one of eleven directions that are spread over the upper half."""
    z = 0.95 - 0.085 * k
    r = np.sqrt(1 - z**2)
    return np.array((r * np.cos(2.4 * k + 0.7), r * np.sin(2.4 * k + 0.7), z))


def _on_potato(row: Potato, paint: Paint, eyes: list[np.ndarray], flesh: Rgba) -> list[Part]:
    """Return what a potato shows or has on it."""
    a, b, c = row.axes
    axes, rng, parts = np.array(row.axes), np.random.default_rng(8), list[Part]()
    if row.more == "peeled":  # flat strips without skin
        x = np.linspace(-0.72, 0.90, 9)
        wide = [c * share for share in (0.06, 0.30, 0.32, 0.30, 0.14)]
        for angle in np.radians((-76, -38, 0, 38, 76)):
            up, across = float(np.cos(angle)), float(np.sin(angle))
            away = 0.99 * np.sqrt(1 - x**2)
            strip = list(np.stack([a * x, b * across * away, c * up * away], 1))
            parts.append(tube(strip, wide, flesh, 20, 0.3, 0.13, (0.01, across, up)))
    elif row.more == "sprouts":
        for u in eyes[5::2]:
            start, out = u * axes * 0.96, u + np.array((0, 0, 0.5))
            ends = [start, start + 0.006 * out + (0.002, 0.001, 0), start + 0.013 * out + (-0.001, 0.002, 0.002)]
            parts.append(tube(ends, (0.0030, 0.0034, 0.0024), (0.88, 0.84, 0.70, 1.0), 10, normal=(0.3, 1, 0.1)))
            parts.append(painted("sphere", (0.0031,), (0.62, 0.36, 0.58, 1.0), tuple(ends[2])))
    elif row.more in ("baked", "foil"):  # cut crosswise and pressed open
        for turn in (32, -32):
            parts.append(painted("ellipsoid", (a * 0.52, 0.0072, c * 0.16), flesh, (0, 0, c * 0.93), about("z", turn)))
        for _ in range(16):
            x, y = rng.uniform(-1, 1, 2) * (a * 0.22, b * 0.26)
            parts.append(painted("sphere", (0.0052,), shade(flesh, 1.25), (x, y, c * 0.99), gloss=0.1))
        butter = (0.99, 0.86, 0.36, 1.0)
        parts.append(painted("box", (0.0085, 0.0070, 0.0034), butter, (0.001, 0, c + 0.008), about("z", 20), 0.6))
        if row.more == "foil":
            wrap = blob((a * 1.05, b * 1.10, c * 1.08), (0.78, 0.79, 0.80, 1.0), gloss=0.9)
            points = shape_of(wrap)
            points *= rng.uniform(0.985, 1.06, len(points))[:, None]
            points[:, 2] = np.minimum(points[:, 2], c * 0.34 + rng.uniform(-0.003, 0.003, len(points)))
            parts.append(wrap)
    elif row.more == "slits":
        for at in np.linspace(-0.78, 0.78, 13) * a:
            r = float(np.sqrt(1 - (at / a) ** 2))
            ring = [(b * r * 0.985 * np.cos(t), c * r * 1.012 * np.sin(t)) for t in np.linspace(0.25, np.pi - 0.25, 9)]
            course = [(at + 0.0005 * k, y, z) for k, (y, z) in enumerate(ring)]
            parts.append(tube(course, 0.0014, flesh, 18, 0.1, normal=(1, 0, 0.01)))
            parts.append(
                tube(
                    [(u + 0.0016, y, z) for u, y, z in course],
                    0.0008,
                    shade(paint.main, 0.4),
                    18,
                    0.1,
                    normal=(1, 0, 0.01),
                )
            )
    elif row.more == "roots":
        for k, (y, z) in enumerate(((0.3, 0.2), (-0.5, 0.1), (0.0, -0.2))):
            ends = [
                (a * 0.94, 0, 0),
                (a + 0.016, y * 0.02, z * 0.02),
                (a + 0.034 + 0.008 * k, y * 0.05, z * 0.04 - 0.004),
            ]
            parts.append(tube(ends, (0.0024, 0.0015, 0.0007), (0.80, 0.72, 0.54, 1.0), 12))
        parts.append(rod((a * 0.9, 0, 0), (a + 0.034, 0, -0.002), 0.003, density=0.1))
        for u in eyes[1::2]:  # soil
            size = (0.0070, 0.0055, 0.0045)
            parts.append(painted("ellipsoid", size, (0.22, 0.15, 0.10, 1.0), tuple(u * axes * 0.93), gloss=0.0))
    return parts


PICTURED: dict[str, Family] = {"onion": (ONIONS, onion), "potato": (POTATOES, potato)}
