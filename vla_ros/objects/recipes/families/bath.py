# SPDX-License-Identifier: Apache-2.0
"""Candles, soaps and sponges from rows of proportions and details."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.bathroom import porous
from vla_ros.objects.recipes.families.details import slab_outline
from vla_ros.objects.recipes.families.washing import (
    dressed,
    heart_rim,
    honeycomb,
    marbled,
    modelled,
    petals,
    wild,
    worked,
)
from vla_ros.objects.recipes.forms import WHITE, bar, plate, ring, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, smooth, transformed
from vla_ros.objects.solids import moved, painted, skin, solid


class Candle(NamedTuple):
    """Outline from foot to top as (radius, height); sides around; lobes and twist of its section; what holds it."""

    outline: tuple[tuple[float, float], ...]
    sides: int = 32
    lobes: int = 0
    twist: float = 0.0
    details: tuple[str, ...] = ()


CANDLES = {
    "cone": Candle(((0.0310, 0), (0.0300, 0.006), (0.0060, 0.095))),
    "hexagonal": Candle(((0.0260, 0), (0.0260, 0.085)), 6),
    "ribbed_pillar": Candle(((0.0270, 0), (0.0270, 0.100)), 48, 10),
    "egg": Candle(((0.0200, 0), (0.0310, 0.022), (0.0270, 0.050), (0.0130, 0.072)), details=("smooth",)),
    "beehive": Candle(((0.0250, 0), (0.0300, 0.025), (0.0240, 0.055), (0.0110, 0.072)), details=("smooth", "ribs")),
    "candlestick": Candle(((0.0110, 0), (0.0110, 0.070)), details=("stick",)),
    "thick_drips": Candle(((0.0250, 0), (0.0250, 0.072)), details=("drips", "saucer")),
    "glass": Candle(((0.0290, 0), (0.0290, 0.046)), details=("glass",)),
    "birthday": Candle(((0.0080, 0), (0.0080, 0.060)), 24, 3, 260.0, ("saucer", "flame")),
    "star": Candle(((0.0270, 0), (0.0250, 0.064)), 50, 5),
    "three_wicks": Candle(((0.0360, 0), (0.0360, 0.050)), details=("wicks", "band")),
    "lit_pillar": Candle(((0.0220, 0), (0.0220, 0.110)), details=("flame", "band")),
}


def candle(row: Candle, paint: Paint) -> list[Part]:
    """A candle standing, with its wick."""
    outline = smooth(row.outline, 20) if "smooth" in row.details else row.outline
    (foot, _), (edge, top) = row.outline[0], row.outline[-1]
    wax, pool = paint.main, shade(paint.main, 1.35)
    points = [
        (0, 0),
        *(outline if not row.twist else [(r, z) for r, z in smooth(row.outline, 20)]),
        (edge * 0.6, top + 0.0006),
        (0, top - 0.001),
    ]
    body = lathe(points, row.sides)
    if row.lobes:
        around = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
        depth = 0.05 if row.lobes > 6 else 0.15
        swell = 1 + depth * np.cos(row.lobes * around + row.twist * body.vertices[:, 2])
        body.vertices[:, :2] *= swell[:, None]
    if "heart" in row.details:
        around, far = np.arctan2(body.vertices[:, 1], body.vertices[:, 0]), np.hypot(*body.vertices[:, :2].T)
        body.vertices[:, :2] = far[:, None] * np.column_stack(heart_rim(around))
    parts = [skin(body, wax, gloss=0.5)]
    if "honeycomb" in row.details:
        parts = [skin(body, WHITE, honeycomb(paint), gloss=0.2)]
        coil = [(r * np.cos(7 * r / edge), r * np.sin(7 * r / edge), top) for r in np.linspace(0.002, edge * 0.94, 24)]
        parts.append(tube(coil, 0.0012, shade(wax, 0.7), 60))
    elif "digit" in row.details:
        parts = []
    elif edge > 0.012 and not {"petals", "heart"} & set(row.details):
        parts.append(painted("cylinder", (edge * 0.62, 0.0006), pool, (0, 0, top + 0.0006)))
    wicks = (
        [(0.0, 0.0)]
        if "wicks" not in row.details
        else [(edge * 0.45 * np.cos(a), edge * 0.45 * np.sin(a)) for a in (0.3, 2.4, 4.5)]
    )
    for x, y in wicks:
        parts.append(
            tube(
                [(x, y, top - 0.004), (x + 0.0006, y, top + 0.006), (x + 0.003, y, top + 0.011)],
                0.0013,
                paint.dark,
                8,
                normal=(0, 1, 0),
            )
        )
    if "flame" in row.details:
        parts.append(
            turned(
                smooth(
                    [(0.0004, top + 0.008), (0.0042, top + 0.014), (0.0022, top + 0.024), (0.0002, top + 0.030)], 12
                ),
                (1.0, 0.78, 0.25, 1.0),
                0.0,
            )
        )
    if "ribs" in row.details:
        radii, heights = zip(*outline, strict=True)
        for z in np.linspace(0.12, 0.9, 7) * top:
            parts += rotated(
                [ring(float(np.interp(z, heights, radii)) - 0.001, 0.0038, wax)], (0, 0, 0, 1), (0, 0, float(z))
            )
    if "band" in row.details:
        parts.append(turned([(foot + 0.0007, top * 0.25), (foot + 0.0007, top * 0.40)], paint.accent))
    if "drips" in row.details:
        for a, low in ((0.2, 0.040), (1.2, 0.022), (2.2, 0.052), (3.3, 0.030), (4.3, 0.044), (5.4, 0.020)):
            x, y = edge * np.cos(a), edge * np.sin(a)
            parts.append(
                tube(
                    [(x * 0.96, y * 0.96, top), (x, y, top - low * 0.5), (x, y, top - low)],
                    (0.0036, 0.0028, 0.0050),
                    wax,
                    8,
                    normal=(-np.sin(a), np.cos(a), 0),
                )
            )
    parts += modelled(row.details, row.outline, paint)
    brass: Rgba = (0.80, 0.62, 0.25, 1.0)
    low = 0.0
    if "saucer" in row.details:
        wide = max(foot + 0.010, 0.026)
        parts += [
            turned(
                [(0, -0.004), (wide * 0.7, -0.004), (wide, 0.004), (wide - 0.003, 0.005), (wide * 0.7, 0.0)],
                paint.accent,
                0.8,
            ),
            solid("cylinder", (wide * 0.85, 0.002), (0, 0, -0.002), density=6.0),
        ]
    elif "stick" in row.details:
        low = -0.062
        profile = [
            (0, low),
            (0.027, low),
            (0.027, low + 0.003),
            (0.010, low + 0.010),
            (0.006, low + 0.026),
            (0.010, low + 0.034),
            (0.006, low + 0.044),
            (0.0145, -0.006),
            (0.0145, 0.004),
        ]
        parts += [
            turned(profile, brass, 1.0),
            solid("cylinder", (0.026, 0.004), (0, 0, low + 0.004), density=16.0),
            solid("cylinder", (0.009, 0.030), (0, 0, low + 0.034), density=2.0),
        ]
    elif "glass" in row.details:
        parts += [
            turned(
                [
                    (foot + 0.001, 0.0),
                    (foot + 0.003, 0.002),
                    (foot + 0.003, top + 0.016),
                    (foot + 0.001, top + 0.016),
                    (foot + 0.001, top),
                ],
                shade(wax, 1.15),
                1.0,
            ),
            solid("cylinder", (foot + 0.003, (top + 0.016) / 2), (0, 0, (top + 0.016) / 2), density=0.4),
        ]
        parts.append(
            turned(
                [(foot + 0.0036, top * 0.25), (foot + 0.0036, top * 0.7)],
                paint.pale if paint.color != "white" else paint.accent,
            )
        )
    share = {6: 0.92, 50: 0.92}.get(row.sides, 0.99)
    cuts = (0.0, top) if len(row.outline) == 2 else (0.0, top * 0.4, top * 0.75, top)
    parts += stack(outline, cuts, share=share)
    middle = (top + low) / 2
    return rotated(parts, (0, 0, 0, 1), (0, 0, -middle))


class Soap(NamedTuple):
    """Half edges; form (box, oval, round, leaf, ...); rounding of its edges; what is on it."""

    half: tuple[float, float, float]
    form: str = "box"
    corner: float = 0.008
    details: tuple[str, ...] = ()


SOAPS = {
    "cube": Soap((0.024, 0.024, 0.022), "box", 0.005, ("frame",)),
    "long_bar": Soap((0.055, 0.023, 0.0150), "box", 0.006, ("frame",)),
    "arched": Soap((0.042, 0.027, 0.0150), "arch", 0.009, ("oval",)),
    "ball": Soap((0.028, 0.028, 0.0270), "ellipsoid", 0.0, ("rope",)),
    "egg": Soap((0.037, 0.026, 0.0210), "ellipsoid", 0.0, ()),
    "heart": Soap((0.033, 0.034, 0.0130), "heart", 0.0, ()),
    "flower": Soap((0.034, 0.034, 0.0120), "flower", 0.0, ("dot",)),
    "grooved": Soap((0.043, 0.028, 0.0140), "box", 0.007, ("grooves",)),
    "octagonal": Soap((0.033, 0.033, 0.0140), "octagon", 0.0, ("oval",)),
    "dished": Soap((0.040, 0.026, 0.0120), "box", 0.009, ("dish", "oval")),
    "rope_bar": Soap((0.036, 0.024, 0.0170), "box", 0.006, ("rope", "frame")),
    "wrapped": Soap((0.042, 0.026, 0.0150), "box", 0.004, ("sleeve",)),
}


def soap(row: Soap, paint: Paint) -> list[Part]:
    """A piece of soap lying flat."""
    (a, b, c), groove = row.half, shade(paint.main, 0.82)
    t = np.linspace(0, 2 * np.pi, 49)
    if row.form in ("box", "arch"):
        body = rounded_box(row.half, min(row.corner, c * 0.9), 4)
        vertices = body.vertices.copy()
        if row.form == "arch":
            vertices[:, 2] += 0.006 * (1 - (vertices[:, 1] / b) ** 2) * (vertices[:, 2] > 0) - 0.003
        parts = [skin(Mesh(vertices, body.faces, body.uv), paint.main, gloss=0.6), solid("box", (a, b, c))]
    elif row.form == "ellipsoid":
        body = lathe(smooth([(0.0, -1.0), (0.72, -0.88), (1.0, 0.0), (0.72, 0.88), (0.0, 1.0)], 20), 36)
        parts = [skin(transformed(body, row.half), paint.main, gloss=0.6)]
        parts += [solid("ellipsoid", (a, b, c * 0.98)), solid("box", (a * 0.42, b * 0.42, c * 0.97))]
    else:
        rim = {
            "flower": 1 - 0.14 * (1 - np.abs(np.cos(3 * t))),
            "octagon": 1 / np.maximum(np.cos((t + np.pi / 8) % (np.pi / 4) - np.pi / 8), 0.5),
            "heart": np.ones_like(t),
            "leaf": np.ones_like(t),
            "star": 0.78 + 0.22 * np.cos(5 * t),
            "hexagon": 1 / np.maximum(np.cos((t + np.pi / 6) % (np.pi / 3) - np.pi / 6), 0.5),
            "ring": np.ones_like(t),
            "fish": np.ones_like(t),
            "rose": np.ones_like(t),
        }[row.form]
        body = lathe([(0, -1), (0.90, -1), (1.0, -0.7), (1.0, 0.6), (0.88, 1.0), (0, 1)], 48)
        angle = np.arctan2(body.vertices[:, 1], body.vertices[:, 0]) % (2 * np.pi)
        vertices = body.vertices * row.half
        vertices[:, :2] *= np.interp(angle, t, rim)[:, None] * (0.94 if row.form == "octagon" else 1.0)
        if row.form == "heart":
            u, r = angle, np.hypot(body.vertices[:, 0], body.vertices[:, 1])
            x = 13 * np.cos(u) - 5 * np.cos(2 * u) - 2 * np.cos(3 * u) - np.cos(4 * u)
            vertices[:, 0], vertices[:, 1] = a * r * (x + 2.5) / 14.5, b * r * np.sin(u) ** 3
        elif row.form == "leaf":
            vertices[:, 1] *= np.abs(np.sin(angle)) ** 0.8
        elif row.form == "rose":
            vertices[:, :2] *= 0.62
        elif row.form == "ring":
            section = [(0.72 + 0.28 * np.cos(u), np.sin(u)) for u in np.linspace(-np.pi, np.pi, 17)]
            body = lathe(section, 48)
            vertices = body.vertices * row.half
        parts = [skin(Mesh(vertices, body.faces, body.uv), paint.main, gloss=0.6)]
        parts += [
            solid("box", (a * 0.62, b * 0.62, c)),
            solid("box", (a * 0.38, b * 0.88, c)),
            *([solid("box", (a * 0.86, b * 0.36, c))] if row.form != "heart" else []),
        ]
        if row.form == "rose":
            parts = [*moved(petals(a, c * 2.1, paint), (0, 0, -c)), *parts]
        elif row.form == "fish":
            tail = [
                (-a * 0.70, -b * 0.2),
                (-a * 1.34, -b * 0.72),
                (-a * 1.22, 0),
                (-a * 1.34, b * 0.72),
                (-a * 0.70, b * 0.2),
            ]
            scales = [(x * a, 0.0) for x in (-0.35, -0.05, 0.25)]
            parts += [
                plate(list(reversed(tail)), c * 0.7, paint.main, 0.6),
                *[
                    tube(
                        [(x + a * 0.10 * np.cos(u), b * 0.55 * np.sin(u), c) for u in np.linspace(-1.2, 1.2, 7)],
                        0.0010,
                        groove,
                        12,
                    )
                    for x, _ in scales
                ],
                painted("sphere", (0.0030,), paint.dark, (a * 0.66, b * 0.22, c * 0.98)),
                solid("box", (a * 0.25, b * 0.5, c * 0.7), (-a * 1.05, 0, 0)),
            ]
    if "marbled" in row.details:
        parts[0] = replace(parts[0], rgba=WHITE, texture=marbled(paint))
    parts += dressed(row.details, row.half, paint)
    top = c - 0.0004 if row.form != "arch" else c + 0.0026
    if "frame" in row.details:
        for x, y, u, v in (
            (a * 0.7, 0, 0.001, b * 0.62),
            (-a * 0.7, 0, 0.001, b * 0.62),
            (0, b * 0.6, a * 0.72, 0.001),
            (0, -b * 0.6, a * 0.72, 0.001),
        ):
            parts.append(bar((u, v, 0.0008), groove, (x, y, top), 0.0005))
    if "oval" in row.details:
        parts.append(tube([(a * 0.55 * np.cos(u), b * 0.52 * np.sin(u), top) for u in t[::3]], 0.0011, groove, 33))
        parts += [
            bar((0.0022, 0.0042, 0.0008), groove, (x, 0, top), 0.0005) for x in np.linspace(-a * 0.25, a * 0.25, 3)
        ]
    if "dish" in row.details:
        parts.append(painted("ellipsoid", (a * 0.72, b * 0.68, 0.0010), groove, (0, 0, top)))
    if "grooves" in row.details:
        parts += [
            bar((a * 0.9, 0.0014, 0.0010), groove, (0, y, top), 0.0006) for y in np.linspace(-b * 0.65, b * 0.65, 6)
        ]
    if "dot" in row.details:
        parts.append(
            painted(
                "ellipsoid",
                (a * 0.26, b * 0.26, 0.003),
                paint.pale if paint.color != "white" else paint.accent,
                (0, 0, top),
            )
        )
    if "rope" in row.details:
        loop = [
            (-a * 0.92, 0, 0.0),
            (-a - 0.012, 0.011, 0.004),
            (-a - 0.028, 0.0, 0.0),
            (-a - 0.012, -0.012, 0.0),
            (-a * 0.92, 0, 0.0),
        ]
        parts.append(tube(loop, 0.0020, paint.pale if paint.color != "white" else paint.accent, 24))
    if "sleeve" in row.details:
        paper = paint.pale if paint.color != "white" else paint.accent
        parts += [
            bar((a * 0.42, b + 0.0006, c + 0.0006), paper, radius=0.003),
            bar((a * 0.10, b * 0.5, 0.0006), paint.main, (0, 0, c + 0.0008), 0.0004),
        ]
    return parts


class Sponge(NamedTuple):
    """Half edges; form seen from above (lobes around, or a box); thickness of the scouring layer; details."""

    half: tuple[float, float, float]
    form: str = "box"  # box, oval, lobed, heart, hourglass, corner
    scour: float = 0.0
    details: tuple[str, ...] = ()


SPONGES = {
    "block": Sponge((0.060, 0.034, 0.024), "box", 0.0),
    "thin": Sponge((0.052, 0.034, 0.0100), "box", 0.003),
    "bone": Sponge((0.058, 0.033, 0.0170), "hourglass", 0.0),
    "flower": Sponge((0.037, 0.037, 0.0150), "lobed", 0.0),
    "egg": Sponge((0.050, 0.033, 0.0170), "egg", 0.004),
    "heart": Sponge((0.038, 0.036, 0.0150), "heart", 0.0),
    "layered": Sponge((0.050, 0.032, 0.0200), "box", 0.004, ("stripe",)),
    "grip": Sponge((0.046, 0.032, 0.0160), "box", 0.004, ("handle",)),
    "rounded": Sponge((0.050, 0.033, 0.0190), "pill", 0.0, ("loop",)),
    "car_wash": Sponge((0.064, 0.035, 0.0230), "hourglass", 0.0, ("holes",)),
    "notched": Sponge((0.050, 0.032, 0.0150), "notched", 0.004),
}


def sponge(row: Sponge, paint: Paint) -> list[Part]:
    """A sponge lying flat, with a scouring side below where it has one."""
    (a, b, c), texture = row.half, porous(paint, 11)
    scour: Rgba = (0.10, 0.30, 0.14, 1.0) if paint.color != "green" else (0.55, 0.12, 0.12, 1.0)
    parts: list[Part] = []
    if row.form in ("sea", "loofah", "curls", "ruffles", "drop"):
        return wild(row.form, row.half, paint)
    waists = {"hourglass": (1.0, 0.94, 0.78, 0.72, 0.78, 0.94, 1.0), "notched": (1, 1, 1, 0.8, 0.8, 0.8, 1, 1, 1)}
    waists["fish"] = (0.78, 0.66, 0.40, 0.36, 0.62, 0.86, 0.98, 1.0, 0.92, 0.70, 0.30)
    layers: list[tuple[float, float, Rgba | None]] = [(-c + 2 * row.scour, c, None)]
    if row.scour:
        layers.append((-c, -c + 2 * row.scour, scour))
    for low, high, tone in layers:
        half, middle = (high - low) / 2, (high + low) / 2
        if row.form in waists:
            cut = plate(slab_outline(a, b, waists[row.form], 0.007), half, tone or WHITE, 0.0, middle)
            parts.append(cut if tone else replace(cut, texture=texture))
            continue
        if row.form == "box":
            mesh = rounded_box((a, b, half), min(0.005, half * 0.7), 5)
            vertices = mesh.vertices.copy()
        else:
            disc = lathe(
                [(0, -half), (0.90, -half), (1.0, -half * 0.6), (1.0, half * 0.6), (0.90, half), (0, half)], 48
            )
            u, r = (
                np.arctan2(disc.vertices[:, 1], disc.vertices[:, 0]),
                np.hypot(disc.vertices[:, 0], disc.vertices[:, 1]),
            )
            x, y = np.cos(u), np.sin(u)
            if row.form == "lobed":
                x, y = x * (1 - 0.15 * (1 - np.abs(np.cos(3 * u)))), y * (1 - 0.15 * (1 - np.abs(np.cos(3 * u))))
            elif row.form == "heart":
                x, y = (
                    (13 * np.cos(u) - 5 * np.cos(2 * u) - 2 * np.cos(3 * u) - np.cos(4 * u) + 2.5) / 14.5,
                    np.sin(u) ** 3,
                )
            elif row.form == "egg":
                y = y * (1 - 0.22 * x)
            elif row.form == "pill":
                x, y = np.sign(x) * np.abs(x) ** 0.6, np.sign(y) * np.abs(y) ** 0.6
            elif row.form in ("star", "triangle"):
                swell = 0.77 + 0.23 * np.cos(5 * u) if row.form == "star" else 0.82 + 0.18 * np.cos(3 * u)
                x, y = x * swell, y * swell
            vertices = np.column_stack([a * r * x, b * r * y, disc.vertices[:, 2]])
            mesh = disc
        shown = Mesh(vertices, mesh.faces, mesh.uv)
        parts.append(
            skin(shown, WHITE if tone is None else tone, texture if tone is None else None, (0, 0, middle), gloss=0.0)
        )
    if "stripe" in row.details:
        parts.append(bar((a * 1.003, b * 1.003, 0.0022), paint.pale, (0, 0, 0.002), 0.001, gloss=0.0))
    if "handle" in row.details:
        parts += [
            bar((a * 0.72, b * 0.5, 0.004), paint.accent, (0, 0, c + 0.003), 0.003),
            bar((a * 0.5, 0.007, 0.008), paint.accent, (0, 0, c + 0.014), 0.005),
        ]
        parts += [
            solid("box", (a * 0.7, b * 0.5, 0.004), (0, 0, c + 0.003), density=0.3),
            solid("box", (a * 0.5, 0.007, 0.008), (0, 0, c + 0.014), density=0.3),
        ]
    if "loop" in row.details:
        loop = [(-a - 0.009 + 0.012 * np.cos(t), 0.012 * np.sin(t), 0) for t in np.linspace(0, 2 * np.pi, 13)]
        parts.append(tube(loop, 0.0018, paint.accent, 25))
    if "holes" in row.details:
        parts += [
            painted("ellipsoid", (s, s * 0.8, 0.0008), shade(paint.main, 0.5), (x * a, y * b, c), gloss=0.0)
            for x, y, s in (
                (-0.6, 0.3, 0.006),
                (0.5, -0.4, 0.007),
                (0.7, 0.4, 0.005),
                (-0.3, -0.4, 0.005),
                (0.1, 0.3, 0.006),
            )
        ]
    parts += worked(row.details, row.half, paint)
    if row.form in ("box",):
        return [*parts, solid("box", (a, b, c))]
    if row.form in ("hourglass", "notched"):
        return [
            *parts,
            solid("box", (a, b * 0.78, c)),
            *[solid("box", (a * 0.2, b * 0.97, c), (s * a * 0.78, 0, 0), density=0.5) for s in (-1, 1)],
        ]
    return [
        *parts,
        solid("box", (a * 0.66, b * 0.66, c)),
        solid("box", (a * (0.88 if row.form != "heart" else 0.40), b * 0.40, c)),
        solid("box", (a * 0.34, b * 0.88, c)),
    ]
