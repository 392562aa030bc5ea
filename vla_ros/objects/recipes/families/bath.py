# SPDX-License-Identifier: Apache-2.0
"""Candles, soaps and sponges from rows of proportions and details."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.bathroom import porous
from vla_ros.objects.recipes.families.details import slab_outline
from vla_ros.objects.recipes.forms import WHITE, about, bar, blob, laid, plate, ring, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sphere_profile
from vla_ros.objects.solids import ALONG_X, Vector, moved, painted, rod, skin, solid


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
    elif edge > 0.012 and "petals" not in row.details:
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
    parts += _modelled(row, paint)
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


def _modelled(row: Candle, paint: Paint) -> list[Part]:
    """Return what a candle is modelled with, held in or stands beside."""
    (foot, _), (edge, top), parts = row.outline[0], row.outline[-1], []
    brass: Rgba = (0.80, 0.62, 0.25, 1.0)
    if "bubbles" in row.details:
        step = edge * 0.72
        for x in (-step, 0.0, step):
            for y in (-step, 0.0, step):
                parts += [
                    painted("sphere", (step * 0.62,), paint.main, (x, y, z), gloss=0.5)
                    for z in (step * 0.6, top - step * 1.45, top - step * 0.45)
                ]
        parts.append(solid("box", (step * 1.5, step * 1.5, top / 2), (0, 0, top / 2)))
    if "petals" in row.details:
        parts += petals(edge * 1.15, top, paint)
    if "digit" in row.details:
        path = [(-0.40, 0.66), (-0.20, 0.92), (0.16, 0.94), (0.38, 0.70), (0.22, 0.44), (-0.14, 0.24), (-0.40, 0.08)]
        parts += [
            tube([(u * top, 0, v * top) for u, v in path], top * 0.105, paint.main, 26, 0.5, 1.15, (0, 1, 0)),
            bar((top * 0.46, top * 0.12, top * 0.095), paint.main, (0, 0, top * 0.095), 0.003, gloss=0.5),
            tube([(u * top, -top * 0.11, v * top) for u, v in path], top * 0.04, paint.accent, 26, 0.5, 0.6, (0, 1, 0)),
            solid("box", (top * 0.46, top * 0.12, top * 0.095), (0, 0, top * 0.095)),
            solid("box", (top * 0.30, top * 0.12, top * 0.30), (0, 0, top * 0.60)),
        ]
    if "tin" in row.details:
        wall = [(0.0, -0.0006), (foot + 0.0016, -0.0006), (edge + 0.0016, top + 0.006), (edge + 0.0026, top + 0.007)]
        inside = [(edge + 0.0006, top + 0.0066), (edge + 0.0002, top - 0.001)]
        parts += [
            turned([*wall, *inside], paint.steel, 1.0, sides=40),
            turned(
                [(foot + 0.0022 + 0.7 * (edge - foot) * z, z * top) for z in (0.16, 0.84)], paint.main, 0.6, sides=40
            ),
            turned(
                [(foot + 0.0026 + 0.7 * (edge - foot) * z, z * top) for z in (0.34, 0.62)], paint.pale, 0.3, sides=40
            ),
            solid("cylinder", ((foot + edge) / 2 + 0.001, top / 2 + 0.003), (0, 0, top / 2 + 0.003)),
        ]
    if "bail" in row.details:
        z = top + 0.001
        arch = [((edge + 0.003) * np.cos(t), 0.0, z + edge * 1.15 * np.sin(t)) for t in np.linspace(0, np.pi, 9)]
        parts += [
            tube(arch, 0.0013, paint.dark, 24, 0.8, normal=(0, 1, 0)),
            tube(arch[3:6], 0.0034, paint.wood, 6, normal=(0, 1, 0)),
            *[painted("sphere", (0.0028,), paint.steel, (side * (edge + 0.003), 0, z)) for side in (-1, 1)],
            solid("box", (edge * 0.7, 0.003, 0.003), (0, 0, z + edge * 0.95), density=0.2),
        ]
    if "dome" in row.details:  # a grave light's lid, with holes for the smoke
        lid = [(edge + 0.001, -0.005), (edge + 0.002, 0.0), (edge * 0.82, 0.010), (edge * 0.46, 0.017), (0.006, 0.019)]
        parts += [
            turned([*[(r, top + z) for r, z in lid], (0.007, top + 0.024), (0, top + 0.026)], brass, 1.0),
            turned([(foot + 0.003, 0.0), (foot + 0.003, 0.003), (foot, 0.008)], brass, 1.0),
            *[
                painted(
                    "sphere", (0.0030,), paint.dark, (edge * 0.66 * np.cos(t), edge * 0.66 * np.sin(t), top + 0.0125)
                )
                for t in np.arange(8) * np.pi / 4
            ],
            bar((0.0010, 0.0024, top * 0.26), brass, (edge * 0.99, 0, top * 0.52), 0.0008),
            bar((0.0010, top * 0.16, 0.0024), brass, (edge * 0.99, 0, top * 0.60), 0.0008),
            solid("cylinder", (edge * 0.8, 0.009), (0, 0, top + 0.009), density=0.3),
        ]
    if "branches" in row.details:
        for side in (-1, 1):
            out = 0.040 * side
            arm = [(0, 0, -0.040), (out * 0.45, 0, -0.046), (out * 0.95, 0, -0.032), (out, 0, -0.014)]
            parts += [
                tube(arm, 0.0026, brass, 16, 1.0, normal=(0, 1, 0)),
                *moved(
                    [turned([(0.004, -0.016), (edge * 1.3, -0.008), (edge * 1.3, -0.002)], brass, 1.0)], (out, 0, 0)
                ),
                rod((0, 0, -0.040), (out, 0, -0.020), 0.003, density=2.0),
                *_another((out, 0.0, -0.006), edge, top * 0.92, paint),
            ]
    if "company" in row.details:
        parts += _another((edge * 2.1, edge * 0.5, 0.0), edge, top * 0.74, paint)
        parts += _another((edge * 0.5, -edge * 2.1, 0.0), edge, top * 0.50, paint)
        tray = [
            (0, -0.004),
            (edge * 3.0, -0.004),
            (edge * 3.3, 0.002),
            (edge * 3.2, 0.003),
            (edge * 2.9, 0.0),
            (0, 0.0),
        ]
        parts += moved([turned(tray, paint.wood, 0.4)], (edge * 0.8, -edge * 0.5, 0))
        parts.append(solid("cylinder", (edge * 3.0, 0.002), (edge * 0.8, -edge * 0.5, -0.002)))
    return parts


def _another(at: Vector, radius: float, tall: float, paint: Paint) -> list[Part]:
    """Return one more candle, its foot at `at` [m]."""
    wick = [(0, 0, tall - 0.004), (0.0006, 0, tall + 0.006), (0.003, 0, tall + 0.011)]
    parts = [
        turned([(0, 0), (radius, 0), (radius, tall), (radius * 0.6, tall + 0.0006), (0, tall - 0.001)], paint.main),
        tube(wick, 0.0013, paint.dark, 8, normal=(0, 1, 0)),
        solid("cylinder", (radius, tall / 2), (0, 0, tall / 2)),
    ]
    return moved(parts, at)


def heart_rim(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a heart's outline (x, y) at angles [rad], its tip at −x; both about −1…1."""
    x = 13 * np.cos(u) - 5 * np.cos(2 * u) - 2 * np.cos(3 * u) - np.cos(4 * u)
    return (x + 2.5) / 14.5, np.sin(u) ** 3


def honeycomb(paint: Paint) -> np.ndarray:
    """Return cells as of a bees' comb: (96, 128, 3) uint8."""
    v, u = np.mgrid[0:96, 0:128] / np.array([96, 128]).reshape(2, 1, 1)
    row = np.floor(v * 12)
    across, up = (u * 18 + 0.5 * (row % 2)) % 1 - 0.5, (v * 12) % 1 - 0.5
    wall = np.maximum(np.abs(across), np.abs(up)) > 0.36
    return (np.clip(np.where(wall, 1.0, 0.68)[..., None] * paint.main[:3], 0, 1) * 255).astype(np.uint8)


def petals(radius: float, top: float, paint: Paint) -> list[Part]:
    """Return a rose's petals in rings about z, the outermost of this radius and half as high as the inmost [m]."""
    parts = []
    for k, (share, count) in enumerate(((0.86, 7), (0.58, 5), (0.30, 3))):
        tall = top * (0.36 + 0.09 * k)
        for n in range(count):
            turn = (n + 0.5 * k) * 2 * np.pi / count
            lean = Rotation.from_euler("z", turn) * Rotation.from_euler("y", 0.75 - 0.25 * k)
            place = (radius * share * np.cos(turn), radius * share * np.sin(turn), tall * 1.25)
            wide = radius * (0.46 - 0.09 * k)
            tone = shade(paint.main, 1.0 - 0.10 * ((n + k) % 3))
            parts.append(blob((radius * 0.11, wide, tall), tone, place, 0.3, tuple(lean.as_quat().tolist())))
    return parts


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
        parts = [skin(Mesh(body.vertices * row.half, body.faces, body.uv), paint.main, gloss=0.6)]
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
        elif row.form == "ring":
            loop = [(0.72 + 0.28 * np.cos(u), np.sin(u)) for u in np.linspace(-np.pi, np.pi, 17)]
            body = lathe(loop, 48)
            vertices = body.vertices * row.half
        parts = [skin(Mesh(vertices, body.faces, body.uv), paint.main, gloss=0.6)]
        parts += [
            solid("box", (a * 0.62, b * 0.62, c)),
            solid("box", (a * 0.38, b * 0.88, c)),
            *([solid("box", (a * 0.86, b * 0.36, c))] if row.form != "heart" else []),
        ]
        if row.form == "rose":
            parts = [*petals(a, c * 1.7, paint), *parts]
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
    parts += _dressed(row, paint)
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


def marbled(paint: Paint) -> np.ndarray:
    """Return two tones stirred together: (96, 96, 3) uint8."""
    v, u = np.mgrid[0:96, 0:96] / 96
    wave = np.sin(14 * u + 4 * np.sin(6 * v) + 2 * np.sin(17 * v + 5 * u))
    other = np.array(paint.pale[:3] if paint.color != "white" else paint.accent[:3])
    image = np.where(
        (wave > 0.35)[..., None], other, np.where((wave > 0.1)[..., None], 0.8, 1.0) * np.array(paint.main[:3])
    )
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _dressed(row: Soap, paint: Paint) -> list[Part]:
    """Return what is on a piece of soap, in it or under it."""
    (a, b, c), groove, parts = row.half, shade(paint.main, 0.82), []
    pale = paint.pale if paint.color != "white" else paint.accent
    if "layers" in row.details:
        for z, thick, tone in ((-0.52, 0.22, pale), (0.02, 0.12, groove), (0.50, 0.20, pale)):
            parts.append(bar((a * 1.003, b * 1.003, c * thick), tone, (0, 0, c * z), 0.001, gloss=0.6))
        parts += [
            painted(
                "ellipsoid", (0.0040, 0.0018, 0.0008), shade(paint.accent, 0.8), (x * a, y * b, c), about("z", 60 * k)
            )
            for k, (x, y) in enumerate(((-0.6, 0.3), (-0.3, -0.4), (0.0, 0.45), (0.2, -0.2), (0.5, 0.3), (0.7, -0.5)))
        ]
    if "vein" in row.details:
        parts.append(tube([(-a * 0.96, 0, c), (0, 0.001, c), (a * 0.92, 0, c)], 0.0011, groove, 14))
        parts += [
            tube([(x * a, 0, c), (x * a + a * 0.18, side * b * (0.66 - 0.5 * abs(x)), c)], 0.0008, groove, 5)
            for x in (-0.6, -0.3, 0.0, 0.3)
            for side in (-1, 1)
        ]
    if "nubs" in row.details:
        parts += [
            painted("sphere", (0.0036,), groove, (x * a, y * b, c - 0.0010), gloss=0.6)
            for k, y in enumerate((-0.66, -0.33, 0.0, 0.33, 0.66))
            for x in np.linspace(-0.76, 0.76, 6 - k % 2)
        ]
    if "cells" in row.details:
        spots = [(0.0, 0.0), *[(np.cos(t), np.sin(t)) for t in np.arange(6) * np.pi / 3 + np.pi / 6]]
        for x, y in spots:
            cell = turned([(a * 0.25, -0.001), (a * 0.21, 0.0018), (0, 0.0018)], shade(paint.main, 1.25), 0.6, sides=6)
            parts += rotated([cell], (0, 0, 0, 1), (x * a * 0.49, y * b * 0.49, c))
    if "score" in row.details:
        parts.append(bar((0.0016, b * 1.004, c * 1.004), groove, (0, 0, 0), 0.0010))
        for x in (-a * 0.5, a * 0.5):
            parts += [bar((a * 0.30, 0.0012, 0.0008), groove, (x, y * b, c), 0.0005) for y in (-0.42, 0.42)]
            parts += [
                bar((0.0014, b * 0.22, 0.0008), groove, (x + u * a, 0, c), 0.0005) for u in (-0.18, -0.06, 0.06, 0.18)
            ]
    if "tray" in row.details:
        rim = [(0, -1.0), (0.92, -1.0), (1.0, -0.55), (1.06, 0.10), (1.03, 0.10), (0.95, -0.55), (0, -0.60)]
        dish = lathe([(r, z * 0.012) for r, z in rim], 44)
        low = -c + 0.0066
        parts += [
            skin(
                Mesh(dish.vertices * ((a * 1.22), (b * 1.34), 1.0), dish.faces, dish.uv),
                pale,
                None,
                (0, 0, low),
                gloss=0.9,
            ),
            solid("box", (a * 1.05, b * 1.1, 0.0030), (0, 0, low - 0.0090)),
            *[solid("box", (0.003, b * 0.7, 0.007), (s * a * 1.22, 0, low - 0.006)) for s in (-1, 1)],
        ]
    if "spindle" in row.details:  # on the rod of a holder for the wall
        rod_at = [(0.0042, a * 0.9), (0.0042, a + 0.026), (0.0190, a + 0.027), (0.0190, a + 0.031), (0, a + 0.032)]
        parts += [
            *laid(
                [turned(rod_at, paint.steel, 1.0), turned([(0.006, -a - 0.003), (0.007, -a * 0.96)], paint.steel, 1.0)]
            ),
            rod((a, 0, 0), (a + 0.028, 0, 0), 0.0042, "cylinder"),
            solid("cylinder", (0.0190, 0.002), (a + 0.029, 0, 0), ALONG_X),
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
        return _wild(row, paint)
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
    parts += _worked(row, paint)
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


def _worked(row: Sponge, paint: Paint) -> list[Part]:
    """Return what a cut sponge has: a handle, a face, bumps, a printed mesh."""
    (a, b, c), parts = row.half, []
    if "wand" in row.details:
        path = [(-a * 0.9, 0, c * 0.4), (-a - 0.030, 0, c * 0.8), (-a - 0.085, 0, c * 0.5)]
        parts += [
            bar((a * 0.94, b * 0.94, 0.0030), paint.accent, (0, 0, c), 0.002),
            tube([(a * 0.2, 0, c), *path], (0.0045, 0.0050, 0.0075, 0.0060), paint.accent, 22, 0.6, normal=(0, 1, 0)),
            rod(path[0], path[1], 0.005, density=0.5),
            rod(path[1], path[2], 0.006, density=0.5),
        ]
    if "face" in row.details:
        ink = shade(paint.main, 0.25)
        smile = [(-a * 0.12 - a * 0.42 * np.cos(t), b * 0.50 * np.sin(t), c) for t in np.linspace(-1.1, 1.1, 9)]
        parts.append(tube(smile, 0.0034, ink, 18, 0.0, 0.3))
        parts += [
            painted("ellipsoid", (0.0065, 0.0050, 0.0010), ink, (a * 0.32, y * b, c), gloss=0.0) for y in (-0.34, 0.34)
        ]
    if "bumps" in row.details:
        parts += [
            painted("ellipsoid", (a / 9, b / 6, 0.0062), shade(paint.main, 1.12), (x * a, y * b, c - 0.0006), gloss=0.0)
            for x in np.linspace(-0.86, 0.86, 8)
            for y in np.linspace(-0.80, 0.80, 5)
        ]
    if "net" in row.details:
        for k in range(-6, 7):
            x = k * a / 5
            low, high = max(-b, -b - 0.0 * x), b
            ends = [(x - b * 0.6, low), (x + b * 0.6, high)]
            for flip in (-1, 1):
                line = [(float(np.clip(u, -a * 0.98, a * 0.98)), flip * v * 0.98, c + 0.0003) for u, v in ends]
                if abs(line[0][0] - line[1][0]) > 0.004:
                    parts.append(tube(line, 0.0009, paint.pale, 4, 0.0))
    return parts


def _wild(row: Sponge, paint: Paint) -> list[Part]:
    """Return a sponge that is not cut: of the sea, a loofah, a scourer of wire, a shower's ruffles, a drop for make-up."""
    (a, b, c), texture = row.half, porous(paint, 11)
    parts: list[Part] = [solid("ellipsoid", (a, b, c)), solid("box", (a * 0.6, b * 0.6, c * 0.94))]
    if row.form == "sea":
        body = lathe(sphere_profile(1.0, count=25), 44)
        x, y, z = body.vertices.T
        swell = (
            1 + 0.07 * np.sin(5 * x + 2) * np.sin(4 * y) + 0.06 * np.sin(9 * y + 6 * z) + 0.04 * np.sin(13 * x - 8 * z)
        )
        body.vertices[:] *= swell[:, None] * row.half
        body.vertices[:, 2] = np.maximum(body.vertices[:, 2], -c * 0.86)
        parts.append(skin(body, WHITE, texture, gloss=0.0))
        for k in range(46):
            h = 1 - 1.7 * (k + 0.5) / 46
            spot = np.array([np.sqrt(1 - h * h) * np.cos(k * 2.4), np.sqrt(1 - h * h) * np.sin(k * 2.4), h])
            size = 0.0026 + 0.0022 * ((k * 7) % 5) / 4
            parts.append(painted("sphere", (size,), shade(paint.main, 0.42), tuple(spot * row.half * 0.97), gloss=0.0))
    elif row.form == "loofah":
        core = lathe(smooth([(b * 0.86, -a), (b, -a * 0.5), (b * 0.94, a * 0.2), (b * 0.88, a)], 16), 48)
        around = np.arctan2(core.vertices[:, 1], core.vertices[:, 0])
        core.vertices[:, :2] *= (1 + 0.035 * np.cos(14 * around + 30 * core.vertices[:, 2]))[:, None]
        parts += laid([skin(core, WHITE, texture, gloss=0.0)])
        for end in (-a, a):
            parts.append(painted("cylinder", (b * 0.88, 0.0006), shade(paint.main, 0.82), (end, 0, 0), ALONG_X, 0.0))
            parts += [
                painted(
                    "ellipsoid",
                    (0.0012, b * 0.24, b * 0.30),
                    shade(paint.main, 0.3),
                    (end, b * 0.44 * np.cos(t), b * 0.44 * np.sin(t)),
                    about("x", np.degrees(t)),
                    0.0,
                )
                for t in np.arange(3) * 2 * np.pi / 3
            ]
        around = [(-a * 1.0, 0, b * 0.5), (-a - 0.022, 0.010, b * 0.4), (-a - 0.024, -0.010, b * 0.1), (-a * 1.0, 0, 0)]
        parts = [*parts[2:], tube(around, 0.0015, paint.accent, 20), rod((-a, 0, 0), (a, 0, 0), b * 0.94, "cylinder")]
    elif row.form == "curls":
        rng = np.random.default_rng(5)
        parts.append(blob((a * 0.86, b * 0.86, c * 0.86), shade(paint.main, 0.45), gloss=0.2))
        for k in range(44):
            wide, turn = rng.uniform(0.30, 0.72), Rotation.random(random_state=k)
            loop = turned(
                [(wide + 0.035 * np.cos(t), 0.035 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 7)],
                paint.main,
                0.9,
                sides=20,
            )
            if loop.mesh is not None:
                shape = turn.apply(loop.mesh.vertices + (0, 0, 0.97 * np.sqrt(1 - wide**2))) * row.half
                parts.append(
                    skin(
                        Mesh(shape, loop.mesh.faces, loop.mesh.uv), shade(paint.main, 0.85 + 0.05 * (k % 4)), gloss=0.9
                    )
                )
    elif row.form == "ruffles":
        for k in range(14):
            disc = lathe([(0.06, -0.02), (0.6, -0.02), (1.0, 0.0), (0.6, 0.02), (0.06, 0.02)], 64)
            angle, r = np.arctan2(disc.vertices[:, 1], disc.vertices[:, 0]), np.hypot(*disc.vertices[:, :2].T)
            disc.vertices[:, 2] += 0.17 * r**2 * np.sin(8 * angle + k)
            shape = Rotation.random(random_state=20 + k).apply(disc.vertices) * row.half
            parts.append(skin(Mesh(shape, disc.faces, disc.uv), shade(paint.main, (1.0, 0.86, 1.2)[k % 3]), gloss=0.1))
        loop = [(-a * 0.9, 0, 0), (-a - 0.020, 0.011, 0), (-a - 0.042, 0, 0), (-a - 0.020, -0.011, 0), (-a * 0.9, 0, 0)]
        parts.append(tube(loop, 0.0017, paint.pale, 26))
    else:  # a drop
        outline = smooth([(0.30, -1.0), (0.86, -0.72), (1.0, -0.30), (0.62, 0.36), (0.24, 0.82), (0.04, 1.0)], 24)
        drop = lathe([(0, -1.0), *[(max(r, 0.0), z) for r, z in outline], (0, 1.0)], 36)
        parts = [
            skin(Mesh(drop.vertices * row.half, drop.faces, drop.uv), WHITE, texture, gloss=0.0),
            *stack([(r * a, z * c) for r, z in outline], (-c, -c * 0.5, 0.0, c * 0.45, c)),
        ]
    return parts
