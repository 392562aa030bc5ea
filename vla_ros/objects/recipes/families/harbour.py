# SPDX-License-Identifier: Apache-2.0
"""Toy boats: hulls with superstructures, a row a shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.boats import turned_at
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, ring, tube, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.shapes import lathe, transformed
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, skin, solid

WOOD = (0.80, 0.64, 0.42, 1.0)


class Boat(NamedTuple):
    """Length, width and height of the hull, how blunt its bow and how wide its stern are; what stands on it."""

    length: float
    width: float
    tall: float
    bow: float = 1.8
    stern: float = 0.75
    details: tuple[str, ...] = ()
    house: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # place, half length, half width, height


BOATS = {
    "ferry": Boat(0.130, 0.046, 0.022, 3.0, 0.9, ("windows", "funnel"), (0.0, 0.044, 0.018, 0.018)),
    "container_ship": Boat(0.150, 0.042, 0.026, 2.6, 0.85, ("containers", "windows"), (-0.054, 0.009, 0.016, 0.030)),
    "ketch": Boat(0.125, 0.040, 0.020, 1.7, 0.5, ("mast_fore", "mast_aft")),
    "junk": Boat(0.105, 0.042, 0.026, 2.4, 0.85, ("lug",)),
    "paddle_steamer": Boat(
        0.125, 0.034, 0.022, 1.8, 0.8, ("wheels", "funnel", "windows"), (-0.004, 0.030, 0.012, 0.014)
    ),
    "canoe": Boat(0.160, 0.036, 0.022, 2.0, 0.0, ("open", "benches")),
    "dinghy": Boat(0.090, 0.048, 0.024, 2.2, 0.8, ("open", "benches", "motor")),
    "yacht": Boat(0.140, 0.042, 0.026, 1.4, 0.85, ("windows", "upper"), (-0.010, 0.034, 0.014, 0.011)),
    "lifeboat": Boat(0.105, 0.046, 0.026, 2.4, 0.55, ("canopy", "rope")),
    "gunboat": Boat(0.145, 0.034, 0.020, 1.5, 0.75, ("windows", "gun", "mast"), (-0.010, 0.020, 0.011, 0.014)),
    "houseboat": Boat(0.115, 0.050, 0.018, 3.4, 0.95, ("windows", "gable"), (-0.010, 0.034, 0.019, 0.020)),
}


def boat(row: Boat, paint: Paint) -> list[Part]:
    """A toy boat on its keel, bow at +x."""
    h, w, tall = row.length / 2, row.width / 2, row.tall
    t = np.linspace(0, 1, 14)
    beam = w * np.where(
        t < 0.45,
        row.stern + (1 - row.stern) * np.sin(t / 0.45 * np.pi / 2),
        np.maximum(1 - (np.maximum(t - 0.45, 0) / 0.55) ** row.bow, 0.015),
    )
    x = -h + t * row.length
    outline = [
        *zip(x.tolist(), (-beam).tolist(), strict=True),
        *zip(x[::-1].tolist(), beam[::-1].tolist(), strict=True),
    ]
    open_boat = "open" in row.details
    parts = []
    levels = ((0.66, -tall * 0.36), (0.88, -tall * 0.08), (1.0, tall * 0.22)) if "raft" not in row.details else ()
    for level, (narrow, z) in enumerate(levels):
        tone = paint.main if level or open_boat else paint.accent
        parts.append(
            plate([(px * (0.90 + 0.05 * level), py * narrow) for px, py in outline], tall * 0.16, tone, 0.5, z)
        )
    deck = shade(paint.main, 0.5) if open_boat else WOOD
    if levels:
        parts.append(plate([(px * 0.94, py * 0.86) for px, py in outline], 0.0008, deck, 0.2, tall * 0.38))
    parts += _afloat(row, paint, outline) + _rigged(row, paint)
    parts += [
        solid("box", (h * 0.62, w * 0.92, tall * 0.40), (-h * 0.28, 0, 0)),
        solid("box", (h * 0.34, w * 0.50, tall * 0.34), (h * 0.56, 0, 0.001), density=0.6),
    ]
    top = tall * 0.40
    pale = paint.pale if paint.color != "white" else paint.accent
    at, a, b, high = row.house
    roof = top + high
    if high:
        parts += [
            bar((a, b, high / 2), pale, (at, 0, top + high / 2), 0.003),
            solid("box", (a, b, high / 2), (at, 0, top + high / 2), density=0.3),
        ]
    if "windows" in row.details:
        count = max(2, round(2 * a / 0.011))
        parts += [
            bar((a / count * 0.55, b * 1.012, high * 0.17), GLASS, (u, 0, top + high * 0.66), 0.001)
            for u in at + a * (2 * (np.arange(count) + 0.5) / count - 1)
        ]
        parts.append(bar((a * 1.012, b * 0.75, high * 0.17), GLASS, (at, 0, top + high * 0.66), 0.001))
    if "upper" in row.details:
        parts += [
            bar((a * 0.5, b * 0.8, 0.005), paint.main, (at - a * 0.25, 0, roof + 0.005), 0.002),
            bar((0.0010, b * 0.7, 0.006), GLASS, (at + a * 0.36, 0, roof + 0.004), 0.0005, about("y", -32)),
        ]
        parts.append(
            tube(
                [(at - a * 0.6, 0, roof + 0.009), (at - a * 0.75, 0, roof + 0.024)],
                0.0016,
                paint.steel,
                4,
                normal=(0, 1, 0),
            )
        )
    if "funnel" in row.details:
        parts += [
            turned_at([(0.0055, 0), (0.0060, 0.018)], paint.main, (at - a * 0.3, 0, roof - 0.001)),
            turned_at([(0.0062, 0.012), (0.0063, 0.019), (0, 0.019)], paint.dark, (at - a * 0.3, 0, roof - 0.001)),
        ]
    if "gable" in row.details:
        roofing = plate([(-b * 1.15, 0), (b * 1.15, 0), (0, 0.012)], a * 1.06, paint.main, 0.3)
        parts.append(Part("mesh", (), (at, 0, roof), (0.5, 0.5, 0.5, 0.5), roofing.rgba, None, roofing.mesh, False))
        parts.append(solid("box", (a, 0.006, 0.005), (at, 0, roof + 0.005), density=0.2))
    if "containers" in row.details:
        colors = (paint.accent, (0.75, 0.30, 0.20, 1.0), (0.25, 0.45, 0.60, 1.0), (0.85, 0.70, 0.25, 1.0))
        for i, u in enumerate((-0.032, -0.010, 0.012, 0.034)):
            for j, y in enumerate((-0.0085, 0.0085)):
                stacked = 2 if (i + j) % 3 else 1
                parts += [
                    bar((0.0100, 0.0080, 0.0065), colors[(i + 2 * j + k) % 4], (u, y, top + 0.0065 + 0.013 * k), 0.001)
                    for k in range(stacked)
                ]
        parts.append(solid("box", (0.044, 0.0165, 0.010), (0.001, 0, top + 0.010), density=0.3))
    masts = {"mast_fore": (0.016, 0.085, 0.036), "mast_aft": (-0.034, 0.060, 0.024), "lug": (0.006, 0.078, 0.0)}
    masts["mast_alone"] = (0.024, 0.088, 0.054)
    for name, (u, up, foot) in masts.items():
        if name not in row.details:
            continue
        parts += [
            tube([(u, 0, top), (u, 0, top + up)], 0.0020, paint.wood, 4, normal=(0, 1, 0)),
            solid("cylinder", (0.004, up * 0.48), (u, 0, top + up * 0.48), density=0.1),
        ]
        if name == "lug":  # a battened sail
            for _k, (z, long) in enumerate(((0.014, 0.056), (0.032, 0.052), (0.050, 0.042))):
                sheet = plate(
                    [(-long * 0.6, 0), (long * 0.4, 0), (long * 0.36, 0.017), (-long * 0.52, 0.017)], 0.0010, pale, 0.1
                )
                parts.append(Part("mesh", (), (u, 0.003, top + z), about("x", 90), sheet.rgba, None, sheet.mesh, False))
                parts.append(
                    tube([(u - long * 0.6, 0.003, top + z), (u + long * 0.4, 0.003, top + z)], 0.0012, paint.wood, 4)
                )
            continue
        sails = [[(-0.003, 0.010), (-0.003, up * 0.94), (-foot - 0.006, 0.010)]]
        if name == "mast_fore":
            sails.append([(0.004, 0.010), (0.004, up * 0.80), (0.038, 0.008)])
        for corners in sails:
            sail = plate(corners, 0.0010, pale, 0.1)
            parts.append(Part("mesh", (), (u, 0, top), about("x", 90), sail.rgba, None, sail.mesh, False))
    if "mast" in row.details:
        parts += [
            tube([(at, 0, roof), (at, 0, roof + 0.026)], 0.0014, paint.steel, 4, normal=(0, 1, 0)),
            bar((0.0010, 0.008, 0.0010), paint.steel, (at, 0, roof + 0.018), 0.0005),
        ]
    if "gun" in row.details:
        parts += [
            turned_at([(0.008, 0), (0.0065, 0.006), (0, 0.007)], paint.main, (h * 0.42, 0, top)),
            tube(
                [(h * 0.44, 0, top + 0.004), (h * 0.44 + 0.020, 0, top + 0.007)],
                0.0014,
                paint.dark,
                4,
                normal=(0, 1, 0),
            ),
            solid("cylinder", (0.007, 0.003), (h * 0.42, 0, top + 0.003), density=0.2),
        ]
    if "wheels" in row.details:
        for side in (-1, 1):
            parts += [
                painted(
                    "cylinder",
                    (0.0155, 0.0045),
                    paint.accent,
                    (-0.004, side * (w + 0.002), 0.004),
                    (0.7071, 0, 0, 0.7071),
                )
            ]
            parts += [
                bar((0.0150, 0.0050, 0.0012), paint.dark, (-0.004, side * (w + 0.002), 0.004), 0.0008, about("y", d))
                for d in (0, 45, 90, 135)
            ]
            parts.append(
                solid(
                    "cylinder",
                    (0.012, 0.0045),
                    (-0.004, side * (w + 0.002), 0.004),
                    (0.7071, 0, 0, 0.7071),
                    density=0.2,
                )
            )
    if "benches" in row.details:
        parts += [bar((0.005, w * 0.80, 0.0016), paint.wood, (u * h, 0, top), 0.001) for u in (-0.35, 0.12)]
    if "motor" in row.details:
        parts += [
            bar((0.006, 0.007, 0.009), paint.dark, (-h - 0.002, 0, top + 0.008), 0.003),
            bar((0.002, 0.002, 0.014), paint.dark, (-h - 0.003, 0, -0.001), 0.001),
        ]
        parts.append(solid("box", (0.006, 0.007, 0.009), (-h - 0.002, 0, top + 0.008), density=0.2))
    if "canopy" in row.details:
        parts += laid(
            [
                turned(
                    [(0.002, -h * 0.66), (w * 0.72, -h * 0.52), (w * 0.78, 0), (w * 0.66, h * 0.42), (0.002, h * 0.60)],
                    paint.main,
                    0.6,
                )
            ],
            (-0.004, 0, top - 0.003),
        )
        parts += [
            painted("cylinder", (0.0042, 0.0010), GLASS, (u, side * w * 0.66, top + 0.007), (0.55, 0, 0, 0.835))
            for u in (-0.020, 0.0, 0.018)
            for side in (-1, 1)
        ]
        parts.append(rod((-h * 0.34, 0, top - 0.002), (h * 0.22, 0, top - 0.002), w * 0.72, density=0.3))
    if "rope" in row.details:
        parts.append(tube([(px * 0.99, py * 1.02, tall * 0.16) for px, py in outline[:14]], 0.0014, pale, 30))
        parts.append(tube([(px * 0.99, py * 1.02, tall * 0.16) for px, py in outline[14:]], 0.0014, pale, 30))
    return parts


def _afloat(row: Boat, paint: Paint, outline: list[tuple[float, float]]) -> list[Part]:
    """Return what lies around a hull and upon it, whose outline is seen from above [m]."""
    h, w, tall, parts = row.length / 2, row.width / 2, row.tall, []
    half, top = outline[:14], tall * 0.40
    pale = paint.pale if paint.color != "white" else paint.accent
    if "raft" in row.details:
        count = max(4, round(w / top))
        for k in range(count):
            log, y = w / count, w * (2 * (k + 0.5) / count - 1)
            long = h * (0.94 + 0.06 * (k % 2))
            parts += laid(
                [
                    turned([(0, -long), (log, -long), (log, long), (0, long)], paint.main, 0.2, sides=16),
                    turned([(log * 0.85, long - 0.001), (log * 0.85, long + 0.0006), (0, long + 0.0006)], WOOD),
                ],
                (0, y, top - log),
            )
        parts += [bar((0.004, w * 0.98, 0.0022), WOOD, (x * h, 0, top + 0.0015), 0.001) for x in (-0.72, 0.72)]
    if "inflated" in row.details:
        z, r = tall * 0.22, tall * 0.40
        for rim in (half, [(px, -py) for px, py in half]):
            parts.append(tube([(px * 0.97, py * 1.02, z) for px, py in rim], r, paint.main, 26))
        parts.append(tube([(-h * 0.97, -w * row.stern, z), (-h * 0.97, w * row.stern, z)], r, paint.main, 6))
        for rim in (half, [(px, -py) for px, py in half]):
            parts.append(
                tube([(px * 0.98, py * 1.05 + np.sign(py) * r * 0.86, z) for px, py in rim[1:11]], 0.0013, pale, 20)
            )
        parts.append(solid("box", (h * 0.75, w * 1.15, r), (-h * 0.2, 0, z), density=0.2))
    if "skirt" in row.details:
        skirt = [(px * 1.03, py * 1.12) for px, py in outline]
        parts += [
            plate(skirt, tall * 0.30, paint.dark, 0.1, -tall * 0.16),
            plate(outline, tall * 0.10, paint.main, 0.5, tall * 0.34),
        ]
    if "flight_deck" in row.details:
        deck = [
            (-h, -w * 0.8),
            (h * 0.70, -w * 0.9),
            (h, -w * 0.5),
            (h, w * 0.4),
            (h * 0.5, w * 1.1),
            (-h * 0.5, w * 1.3),
            (-h, w),
        ]
        gray = (0.30, 0.31, 0.33, 1.0)
        parts += [
            plate(deck, 0.0022, gray, 0.1, top + 0.002),
            bar((h * 0.90, 0.0008, 0.0004), pale, (0, w * 0.12, top + 0.0045), 0.0003, about("z", 4)),
            bar((h * 0.13, w * 0.18, tall * 0.36), paint.main, (h * 0.10, -w * 0.70, top + tall * 0.36), 0.002),
            bar((h * 0.08, w * 0.20, tall * 0.07), GLASS, (h * 0.12, -w * 0.70, top + tall * 0.56), 0.001),
            tube(
                [(h * 0.08, -w * 0.70, top + tall * 0.7), (h * 0.08, -w * 0.70, top + tall * 1.3)],
                0.0013,
                paint.steel,
                4,
                normal=(0, 1, 0),
            ),
            solid("box", (h * 0.13, w * 0.2, tall * 0.36), (h * 0.10, -w * 0.70, top + tall * 0.36), density=0.2),
            solid("box", (h * 0.95, w * 0.9, 0.0022), (0, 0, top + 0.002), density=0.2),
        ]
        for x, y in ((-0.70, 0.5), (-0.45, 0.85), (-0.20, 0.6), (0.55, -0.3)):  # aeroplanes
            parts += [
                bar((0.0070, 0.0010, 0.0010), pale, (x * h, y * w, top + 0.0056), 0.0008),
                bar((0.0018, 0.0060, 0.0006), pale, (x * h, y * w, top + 0.0056), 0.0004),
            ]
    if "cockpit" in row.details:
        parts += [
            blob((h * 0.92, w * 0.80, tall * 0.26), paint.main, (0, 0, top * 0.8), 0.7),
            painted(
                "ellipsoid", (h * 0.17, w * 0.50, tall * 0.08), paint.dark, (-h * 0.04, 0, top * 0.8 + tall * 0.24)
            ),
            tube(
                [
                    (h * (0.18 * np.cos(t) - 0.04), w * 0.54 * np.sin(t), top * 0.8 + tall * 0.27)
                    for t in np.linspace(0, 2 * np.pi, 13)
                ],
                0.0016,
                paint.accent,
                25,
            ),
        ]
    if "paddle" in row.details:
        reach, z = w * 2.1, top + tall * 0.24
        parts.append(tube([(h * 0.24, -reach, z), (h * 0.16, reach, z)], 0.0014, paint.dark, 6))
        parts += [
            blob((0.0050, 0.0110, 0.0012), paint.accent, (h * (0.20 - 0.04 * side), side * reach, z))
            for side in (-1, 1)
        ]
        parts.append(rod((h * 0.24, -reach, z), (h * 0.16, reach, z), 0.0018, density=0.1))
    if "outrigger" in row.details:
        y = w * 2.6
        parts += [
            tube(
                [(-h * 0.62, y, 0), (0, y, -tall * 0.1), (h * 0.62, y, tall * 0.1)],
                (0.002, 0.0048, 0.002),
                paint.main,
                14,
            ),
            rod((-h * 0.5, y, 0), (h * 0.5, y, 0), 0.0045, density=0.5),
        ]
        for x in (-h * 0.30, h * 0.26):
            parts.append(tube([(x, -w * 0.9, top + 0.001), (x, w, top + 0.004), (x, y, 0.002)], 0.0016, paint.wood, 12))
            parts.append(rod((x, 0, top), (x, y, 0.002), 0.0018, density=0.2))
    if "shields" in row.details:
        for x in np.linspace(-h * 0.62, h * 0.50, 7):
            y = float(np.interp(x, [px for px, _ in half], [-py for _, py in half]))
            for side in (-1, 1):
                parts += [
                    painted("cylinder", (tall * 0.26, 0.0010), paint.accent, (x, side * y, tall * 0.30), ALONG_Y),
                    painted("sphere", (tall * 0.08,), paint.steel, (x, side * (y + 0.001), tall * 0.30)),
                ]
    if "prow" in row.details:
        for end, up in ((h, 2.4), (-h, 1.9)):
            path = [
                (end * 0.82, 0, -tall * 0.1),
                (end * 1.00, 0, tall * 0.7),
                (end * 1.02, 0, tall * up * 0.7),
                (end * 1.10, 0, tall * up),
            ]
            parts.append(tube(path, (0.0060, 0.0046, 0.0036, 0.0030), paint.main, 14, normal=(0, 1, 0)))
            parts.append(rod((end * 0.98, 0, tall * 0.3), (end * 1.05, 0, tall * up * 0.9), 0.003, density=0.2))
    return parts


def _rigged(row: Boat, paint: Paint) -> list[Part]:
    """Return what rises over a deck: castles, square sails, tiers, a fan, folded paper, people."""
    h, w, tall, parts = row.length / 2, row.width / 2, row.tall, []
    top = tall * 0.40
    pale = paint.pale if paint.color != "white" else paint.accent
    at, a, b, high = row.house
    if "castle" in row.details:
        for x, long, up in (
            (-h * 0.74, h * 0.22, tall * 0.66),
            (-h * 0.88, h * 0.12, tall * 1.05),
            (h * 0.50, h * 0.16, tall * 0.42),
        ):
            wide = w * (0.84 if x < 0 else 0.56)
            parts += [
                bar((long, wide, up / 2), paint.main, (x, 0, top + up / 2), 0.002),
                bar((long * 1.03, wide * 1.04, 0.0012), WOOD, (x, 0, top + up), 0.0006),
                solid("box", (long, wide, up / 2), (x, 0, top + up / 2), density=0.3),
            ]
        parts += [
            painted("box", (0.0006, 0.0030, 0.0026), (0.90, 0.76, 0.35, 1.0), (-h - 0.0006, y * w, top + tall * 0.5))
            for y in (-0.5, 0.0, 0.5)
        ]
        parts += [
            painted("cylinder", (0.0022, w * (0.96 - 0.3 * (x > 0))), paint.dark, (x * h, 0, tall * 0.22), ALONG_Y)
            for x in (-0.45, -0.2, 0.05, 0.30)
        ]
        parts.append(
            tube(
                [(h * 0.62, 0, top), (h * 1.22, 0, top + tall * 0.6)], (0.0024, 0.0014), paint.wood, 6, normal=(0, 1, 0)
            )
        )
    masts = {
        "square": ((0.0, 0.074, (0.62,)),),
        "ship_rig": ((0.52, 0.072, (0.46, 0.8)), (0.0, 0.088, (0.44, 0.78)), (-0.52, 0.066, (0.62,))),
    }
    for name, stands in masts.items():
        for u, up, heights in stands if name in row.details else ():
            parts += [
                tube([(u * h, 0, top), (u * h, 0, top + up)], 0.0019, paint.wood, 4, normal=(0, 1, 0)),
                solid("cylinder", (0.004, up * 0.48), (u * h, 0, top + up * 0.48), density=0.1),
            ]
            for k, share in enumerate(heights):
                deep, wide = up * (0.24 if len(heights) == 1 else 0.155), up * (0.40 - 0.10 * k)
                z = top + up * share
                for n in range(5):  # in stripes
                    y = wide * (n - 2) * 0.4
                    tone = pale if n % 2 == 0 or name != "square" else paint.accent
                    parts.append(
                        bar((0.0009, wide * 0.2, deep), tone, (u * h + 0.003 - 0.0011 * abs(n - 2), y, z), 0.0006)
                    )
                parts.append(
                    tube([(u * h, -wide * 1.06, z + deep), (u * h, wide * 1.06, z + deep)], 0.0013, paint.wood, 4)
                )
    if "tiers" in row.details:
        for k, share in enumerate((0.86, 0.66)):
            z = top + high * (1 + 0.62 * k)
            parts += [
                bar((a * share, b * share, high * 0.31), pale, (at, 0, z + high * 0.31), 0.002),
                bar((a * share * 0.94, b * share * 1.02, high * 0.10), GLASS, (at, 0, z + high * 0.36), 0.001),
                solid("box", (a * share, b * share, high * 0.31), (at, 0, z + high * 0.31), density=0.2),
            ]
        for x in (-a * 0.36, 0.0, a * 0.36):
            foot = (at + x, 0, top + high * 2.2)
            parts += [
                tube([foot, (foot[0] - 0.004, 0, foot[2] + 0.014)], 0.0046, paint.main, 5, normal=(0, 1, 0)),
                tube(
                    [(foot[0] - 0.003, 0, foot[2] + 0.0105), (foot[0] - 0.0042, 0, foot[2] + 0.0147)],
                    0.0048,
                    paint.dark,
                    4,
                    normal=(0, 1, 0),
                ),
            ]
    if "fan" in row.details:
        centre = (-h * 0.78, 0, top + 0.018)
        parts += laid(
            [ring(0.0150, 0.0018, paint.main), turned([(0.003, -0.004), (0.003, 0.004), (0, 0.005)], paint.dark)],
            centre,
        )
        parts += [bar((0.0008, 0.0022, 0.0135), paint.dark, centre, 0.0006, about("x", d)) for d in (30, 90, 150)]
        parts += [
            *[
                bar((0.0040, 0.0010, 0.0070), paint.accent, (-h * 0.94, y, top + 0.018), 0.0006)
                for y in (-0.007, 0.007)
            ],
            bar((0.004, 0.006, 0.004), paint.dark, (-h * 0.78, 0, top + 0.002), 0.001),
            solid("cylinder", (0.0150, 0.003), centre, ALONG_X, 0.2),
        ]
    if "peak" in row.details:  # of folded paper
        parts += [
            skin(
                transformed(lathe([(1.0, 0.0), (0.02, 1.0)], 4), (h * 0.52, w * 0.52, tall * 1.9)),
                paint.main,
                None,
                (0, 0, top - 0.002),
                gloss=0.1,
            ),
            solid("box", (h * 0.24, w * 0.24, tall * 0.8), (0, 0, top + tall * 0.7), density=0.2),
        ]
        for end in (-1, 1):
            parts.append(
                plate(
                    [(end * h * 0.55, end * w * 0.5), (end * h * 0.55, -end * w * 0.5), (end * h * 0.97, 0)],
                    0.0010,
                    shade(paint.main, 0.82),
                    0.1,
                    top,
                )
            )
    return parts
