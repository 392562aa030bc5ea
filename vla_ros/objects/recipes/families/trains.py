# SPDX-License-Identifier: Apache-2.0
"""Toy trains put together from a frame, what stands on it, wheels and details, a row a shape; front at +x."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.boats import turned_at
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, tube, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.solids import ALONG_X, ALONG_Y, Vector, moved, painted, rod, solid

WOOD = (0.80, 0.64, 0.42, 1.0)


class Train(NamedTuple):
    """Half length of the frame; what stands on it, as (kind, x, half length, height); radius of the wheels, where
    they are; what else it has."""

    half: float
    bodies: tuple[tuple[str, float, float, float], ...]
    wheel: float
    wheels: tuple[float, ...]
    details: tuple[str, ...] = ()
    behind: Train | None = None  # what it pulls


TRAINS = {
    "shunter": Train(
        0.044, (("hood", 0.016, 0.026, 0.022), ("cab", -0.024, 0.018, 0.038)), 0.0095, (-0.028, 0.0, 0.028), ("stripe",)
    ),
    "saddle_tank": Train(
        0.046,
        (("saddle", 0.012, 0.032, 0.030), ("cab", -0.032, 0.014, 0.036)),
        0.0100,
        (-0.028, 0.0, 0.028),
        ("chimney", "dome"),
    ),
    "express": Train(
        0.062,
        (("boiler", 0.016, 0.044, 0.030), ("cab", -0.044, 0.016, 0.036)),
        0.0120,
        (-0.036, -0.010, 0.016, 0.044),
        ("chimney", "dome", "cow_catcher"),
    ),
    "western": Train(
        0.056,
        (("boiler", 0.014, 0.038, 0.026), ("cab", -0.038, 0.016, 0.040)),
        0.0110,
        (-0.032, -0.006, 0.022, 0.044),
        ("funnel", "dome", "cow_catcher", "lamp"),
    ),
    "metro": Train(0.066, (("coach", 0.0, 0.064, 0.034),), 0.0080, (-0.048, -0.030, 0.030, 0.048), ("stripe",)),
    "boxcar": Train(0.050, (("crate", 0.0, 0.047, 0.036),), 0.0085, (-0.036, -0.020, 0.020, 0.036), ("door",)),
    "hopper": Train(0.048, (("funnelled", 0.0, 0.044, 0.032),), 0.0085, (-0.034, -0.018, 0.018, 0.034), ("coal",)),
    "flatcar": Train(0.056, (("logs", 0.0, 0.050, 0.026),), 0.0085, (-0.040, -0.024, 0.024, 0.040), ()),
    "freight_diesel": Train(
        0.064,
        (("hood", -0.018, 0.040, 0.026), ("cab", 0.032, 0.012, 0.036), ("hood", 0.052, 0.010, 0.020)),
        0.0085,
        (-0.046, -0.030, 0.030, 0.046),
        ("stripe", "vents"),
    ),
    "dining_car": Train(
        0.062,
        (("coach", 0.0, 0.058, 0.030), ("clerestory", 0.0, 0.050, 0.036)),
        0.0085,
        (-0.046, -0.030, 0.030, 0.046),
        ("stripe",),
    ),
    "railcar": Train(0.054, (("snub", 0.0, 0.052, 0.034),), 0.0090, (-0.038, -0.022, 0.022, 0.038), ("stripe", "lamp")),
}


def train(row: Train, paint: Paint) -> list[Part]:
    """A toy train's engine or wagon on its wheels, or one behind the other."""
    if row.behind:
        first, second = train(row._replace(behind=None), paint), train(row.behind, paint)
        gap, low = 0.005, 1.1 * (row.wheel - row.behind.wheel)  # the lower deck stands on the same table
        middle = row.behind.half - row.half
        return [
            *moved(first, (row.behind.half + gap, 0, 0)),
            *moved(second, (-row.half - gap, 0, -low)),
            rod((middle - 0.012, 0, -0.004), (middle + 0.012, 0, -0.004), 0.004),
        ]
    a, b, deck = row.half, 0.0180, row.wheel * 1.1 + 0.009
    brass = (0.80, 0.62, 0.25, 1.0)
    wooden = "wooden" in row.details
    parts = [
        bar((a, b, 0.0040), WOOD if wooden else paint.dark, (0, 0, deck - 0.004), 0.001),
        solid("box", (a, b, 0.0040), (0, 0, deck - 0.004)),
    ]
    front, crown = a, 0.03
    for kind, x, half, tall in row.bodies:
        middle, wide = deck + tall / 2, b
        if kind in ("boiler", "saddle"):
            r = tall * 0.5
            barrel = turned(
                [(0, -half), (r, -half), (r, half), (r * 0.88, half + 0.002), (0, half + 0.002)], paint.main, 0.8
            )
            parts += laid(
                [
                    barrel,
                    *[
                        turned([(r + 0.0005, z - 0.002), (r + 0.0005, z + 0.002)], brass, 1.0)
                        for z in (-half * 0.3, half * 0.45)
                    ],
                ],
                (x, 0, deck + r),
            )
            parts += laid(
                [turned([(r * 0.7, 0), (r * 0.6, 0.0016), (0, 0.002)], paint.dark)], (x + half + 0.0015, 0, deck + r)
            )
            if kind == "saddle":
                parts.append(bar((half * 0.72, b * 0.92, r * 0.78), paint.main, (x - 0.003, 0, deck + r * 1.05), 0.006))
            parts.append(rod((x - half, 0, deck + r), (x + half, 0, deck + r), r, "cylinder"))
            crown, front = 2 * r, x + half
            continue
        if kind == "cab":
            parts += [
                bar((half, b, tall / 2), paint.main, (x, 0, middle), 0.002),
                bar((half + 0.003, b + 0.002, 0.0018), paint.accent, (x, 0, deck + tall), 0.001),
            ]
            parts += [
                bar((half * 0.62, b * 1.01, tall * 0.16), GLASS, (x, 0, deck + tall * 0.70), 0.001),
                bar((half * 1.015, b * 0.7, tall * 0.14), GLASS, (x, 0, deck + tall * 0.72), 0.001),
            ]
        elif kind == "hood":
            wide = b * 0.80
            parts.append(bar((half, wide, tall / 2), paint.main, (x, 0, middle), 0.003, gloss=0.9))
            if "vents" in row.details:
                parts += [
                    bar((0.0012, wide * 1.01, tall * 0.26), paint.dark, (u, 0, middle), 0.0006)
                    for u in np.linspace(x - half * 0.7, x + half * 0.7, 6)
                ]
        elif kind in ("coach", "snub"):
            radius = 0.004 if kind == "coach" else 0.0125
            parts += [
                bar((half, b, tall / 2), paint.main, (x, 0, middle), radius),
                bar((half * 0.92, b * 0.86, 0.002), paint.accent, (x, 0, deck + tall), 0.001),
            ]
            parts += [
                bar((half * 0.075, b * 1.012, tall * 0.16), GLASS, (u, 0, deck + tall * 0.66), 0.001)
                for u in np.linspace(x - half * 0.78, x + half * 0.78, 7)
            ]
            parts.append(bar((half * 1.006, b * 0.62, tall * 0.15), GLASS, (x, 0, deck + tall * 0.68), 0.001))
        elif kind == "clerestory":
            wide = b * 0.5
            parts.append(bar((half, wide, 0.004), paint.accent, (x, 0, deck + tall - 0.002), 0.002))
        elif kind == "crate":
            parts += [
                bar((half, b, tall / 2), paint.main, (x, 0, middle), 0.001),
                bar((half + 0.001, b + 0.002, 0.0016), paint.dark, (x, 0, deck + tall), 0.001),
            ]
            parts += [
                bar((0.0008, b * 1.008, tall * 0.46), shade(paint.main, 0.7), (u, 0, middle), 0.0004)
                for u in np.linspace(x - half * 0.92, x + half * 0.92, 11)
            ]
            parts += [bar((0.011, b * 1.03, tall * 0.42), paint.accent, (x, 0, middle - 0.001), 0.001)]
        elif kind == "funnelled":
            outline = [
                (-half * 0.45, 0.0),
                (half * 0.45, 0.0),
                (half, tall * 0.55),
                (half, tall),
                (-half, tall),
                (-half, tall * 0.55),
            ]
            hull = plate(outline, b, paint.main, 0.5)
            parts.append(Part("mesh", (), (x, 0, deck), about("x", 90), hull.rgba, None, hull.mesh, False, gloss=0.5))
            parts += [
                bar((0.0014, b * 1.03, tall * 0.24), shade(paint.main, 0.75), (u, 0, deck + tall * 0.76), 0.0006)
                for u in np.linspace(x - half * 0.9, x + half * 0.9, 6)
            ]
            for k in range(18):
                parts.append(
                    painted(
                        "sphere",
                        (0.0072,),
                        (0.16, 0.15, 0.15, 1.0),
                        (x - half * 0.8 + half * 0.2 * (k % 9), -0.007 + 0.014 * (k // 9), deck + tall - 0.001),
                        gloss=0.1,
                    )
                )
        elif kind in ("double", "containers", "slats", "jib", "skip", "upright", "nosed"):
            parts += _standing(kind, (x, 0.0, deck), half, tall, b, paint)
        else:  # logs between stakes: of the main colour, as toys are
            r = tall * 0.27
            for y, z in ((-1.05, 1.0), (1.05, 1.0), (0.0, 2.75)):
                parts += laid(
                    [
                        turned([(0, -half), (r, -half), (r, half), (0, half)], paint.main, 0.3),
                        turned([(r * 0.8, half + 0.0003), (0, half + 0.0003)], WOOD),
                    ],
                    (x, y * r, deck + z * r),
                )
            parts += [
                bar((0.0016, 0.0016, tall * 0.36), paint.dark, (u, side * b * 0.9, deck + tall * 0.36), 0.001)
                for u in (-half * 0.7, half * 0.7)
                for side in (-1, 1)
            ]
            tall = 3.6 * r
        parts.append(
            solid(
                "box",
                (half, wide, (tall if kind != "clerestory" else 0.008) / 2),
                (x, 0, middle if kind != "clerestory" else deck + tall - 0.004),
                density=0.7,
            )
        )
    if "chimney" in row.details or "funnel" in row.details:
        wide = 0.0105 if "funnel" in row.details else 0.0062
        stack = (
            [(0.0048, 0.0), (0.0048, 0.006), (wide, 0.018), (wide * 0.75, 0.021), (0.004, 0.021)]
            if "funnel" in row.details
            else [(0.0055, 0.0), (0.0050, 0.014), (wide, 0.017), (0.0045, 0.018)]
        )
        at = (front - 0.012, 0, deck + crown - 0.002)
        parts += [
            turned_at(stack, paint.dark, at),
            solid("cylinder", (0.0062, 0.010), (at[0], 0, at[2] + 0.010), density=0.2),
        ]
    if "dome" in row.details:
        parts += [painted("sphere", (0.0058,), brass, (x, 0, deck + crown), gloss=1.0) for x in (front - 0.028,)]
    if "cow_catcher" in row.details:
        parts += [
            bar(
                (0.0070, abs(y) + 0.004, 0.0012),
                (0.75, 0.10, 0.10, 1.0),
                (a + 0.002 + k * 0.0016, 0, deck - 0.006 - 0.003 * k),
                0.0008,
                about("y", 40),
            )
            for k, y in enumerate((0.014, 0.011, 0.008))
        ]
    if "lamp" in row.details:
        parts.append(
            painted("sphere", (0.0042,), (1, 0.95, 0.7, 1), (max(front, a) + 0.001, 0, deck + crown * 0.6), gloss=1.0)
        )
    if "stripe" in row.details:
        for kind, x, half, tall in row.bodies:
            if kind in ("coach", "snub", "hood", "cab"):
                parts.append(
                    bar(
                        (
                            half * (1.004 if kind != "snub" else 0.84),
                            (b if kind != "hood" else b * 0.8) * 1.006,
                            0.0022,
                        ),
                        paint.accent,
                        (x, 0, deck + tall * 0.32),
                        0.0006,
                    )
                )
    parts += _further(row, paint, deck, front, crown)
    rim, hub = paint.dark, (0.70, 0.12, 0.12, 1.0) if "dome" in row.details else paint.steel
    if wooden:
        rim, hub = WOOD, paint.accent
    for side in (-1, 1):
        for x in row.wheels:
            big = "big_wheel" in row.details and x == row.wheels[-1]
            r, y = (row.wheel * 1.75, side * 0.0200) if big else (row.wheel, side * 0.0160)
            parts.append(painted("cylinder", (r, 0.0024), rim, (x, y, r), ALONG_Y))
            parts.append(painted("cylinder", (r * 0.6, 0.0028), hub, (x, y, r), ALONG_Y))
            if big:
                parts += [
                    bar((r * 0.85, 0.0032, 0.0010), rim, (x, y, r), 0.0006, about("y", d)) for d in (0, 45, 90, 135)
                ]
    for x in (-a - 0.003, a + 0.003):
        parts.append(painted("cylinder", (0.0040, 0.003), paint.steel, (x, 0, deck - 0.004), ALONG_X, 0.9))
    parts.append(solid("box", (a * 0.82, 0.0165, (deck - 0.008) / 2), (0, 0, (deck - 0.008) / 2)))
    return moved(parts, (0, 0, -deck))


def _standing(kind: str, at: Vector, half: float, tall: float, b: float, paint: Paint) -> list[Part]:
    """Return what stands on a frame: its foot at `at`, half length, height, half width [m]."""
    parts: list[Part] = []
    side = shade(paint.main, 0.7)
    if kind == "double":  # two rows of windows
        parts += [
            bar((half, b, tall / 2), paint.main, (0, 0, tall / 2), 0.005),
            bar((half * 0.92, b * 0.80, 0.002), paint.accent, (0, 0, tall), 0.001),
            bar((half * 1.003, b * 1.004, 0.0018), paint.accent, (0, 0, tall * 0.51), 0.0006),
        ]
        for z in (0.28, 0.74):
            parts += [
                bar((half * 0.085, b * 1.012, tall * 0.12), GLASS, (x, 0, tall * z), 0.001)
                for x in np.linspace(-half * 0.80, half * 0.80, 7)
            ]
            parts.append(bar((half * 1.006, b * 0.60, tall * 0.11), GLASS, (0, 0, tall * z), 0.001))
    elif kind == "containers":
        for x, tone in ((-half * 0.51, paint.main), (half * 0.51, paint.accent)):
            parts.append(bar((half * 0.48, b, tall / 2), tone, (x, 0, tall / 2), 0.001))
            parts += [
                bar((0.0010, b * 1.012, tall * 0.42), shade(tone, 0.75), (x + u, 0, tall / 2), 0.0004)
                for u in np.linspace(-half * 0.40, half * 0.40, 7)
            ]
    elif kind == "slats":  # boards with gaps between them, as for cattle
        parts += [bar((half * 0.96, b * 0.86, tall * 0.46), shade(paint.main, 0.35), (0, 0, tall * 0.48), 0.001)]
        parts += [bar((half, b, tall * 0.075), paint.main, (0, 0, tall * z), 0.001) for z in (0.09, 0.31, 0.53, 0.75)]
        parts += [
            bar((0.0022, b * 1.03, tall * 0.46), side, (x * half, 0, tall * 0.46), 0.0006)
            for x in (-0.95, -0.32, 0.32, 0.95)
        ]
        parts.append(bar((half * 1.03, b * 1.06, 0.0022), paint.pale, (0, 0, tall * 0.96), 0.001))
    elif kind == "jib":  # a crane
        tip = (half * 1.55, 0, tall * 1.55)
        parts += [
            bar((half * 0.46, b * 0.86, tall * 0.40), paint.main, (-half * 0.36, 0, tall * 0.50), 0.002),
            bar((half * 0.50, b * 0.92, 0.0016), paint.accent, (-half * 0.36, 0, tall * 0.92), 0.001),
            bar((half * 0.20, b * 0.88, tall * 0.14), GLASS, (-half * 0.12, 0, tall * 0.66), 0.001),
            turned([(b * 0.7, 0), (b * 0.7, tall * 0.1), (0, tall * 0.1)], paint.dark),
            tube([tip, (tip[0], 0, tall * 0.80)], 0.0008, paint.dark, 4, normal=(0, 1, 0)),
            tube(
                [(tip[0], 0, tall * 0.80), (tip[0] + 0.004, 0, tall * 0.70), (tip[0] - 0.003, 0, tall * 0.64)],
                0.0014,
                paint.steel,
                10,
                normal=(0, 1, 0),
            ),
            tube([tip, (-half * 0.4, 0, tall * 1.02)], 0.0007, paint.dark, 4, normal=(0, 1, 0)),
            rod((0, 0, tall * 0.4), tip, 0.004, density=0.2),
        ]
        parts += [
            tube([(0, y, tall * 0.30), (tip[0], y * 0.4, tip[2])], 0.0017, paint.accent, 6, normal=(0, 1, 0))
            for y in (-b * 0.5, b * 0.5)
        ]
        parts += [
            bar(
                (0.0010, b * (0.5 - 0.3 * u), 0.0010),
                paint.accent,
                (u * tip[0], 0, tall * 0.30 + u * (tip[2] - tall * 0.30)),
                0.0006,
            )
            for u in np.linspace(0.1, 0.95, 7)
        ]
    elif kind == "skip":  # a tub that tips, with its load
        tub = plate(
            [
                (-b * 0.35, tall * 0.15),
                (b * 0.35, tall * 0.15),
                (b * 1.2, tall * 0.75),
                (b * 1.2, tall),
                (-b * 1.2, tall),
                (-b * 1.2, tall * 0.75),
            ],
            half,
            paint.main,
            0.5,
        )
        parts += [
            replace(tub, quaternion=(0.5, 0.5, 0.5, 0.5)),
            bar((half * 1.03, b * 1.25, 0.0014), side, (0, 0, tall * 0.97), 0.001),
            blob((half * 0.90, b * 1.05, tall * 0.26), (0.45, 0.36, 0.27, 1.0), (0, 0, tall * 0.96), 0.0),
        ]
        for x in (-half - 0.003, half + 0.003):
            parts += [
                tube([(x, y, 0), (x, 0, tall * 0.55)], 0.0018, paint.dark, 4, normal=(1, 0, 0))
                for y in (-b * 0.8, b * 0.8)
            ]
    elif kind == "upright":  # a boiler that stands
        kettle = [
            (half * 1.02, 0),
            (half, 0.002),
            (half, tall * 0.80),
            (half * 0.55, tall * 0.92),
            (half * 0.34, tall * 0.95),
            (half * 0.30, tall * 1.35),
            (half * 0.42, tall * 1.40),
            (0, tall * 1.40),
        ]
        bands = [
            turned([(half + 0.0006, z * tall), (half + 0.0006, z * tall + 0.003)], (0.80, 0.62, 0.25, 1.0), 1.0)
            for z in (0.12, 0.68)
        ]
        parts += [
            turned(kettle, paint.main, 0.8),
            *bands,
            painted("cylinder", (half * 0.30, 0.001), paint.dark, (half, 0, tall * 0.35), ALONG_X),
        ]
        parts.append(solid("cylinder", (half * 0.34, tall * 0.22), (0, 0, tall * 1.18), density=0.2))
    else:  # a casing whose nose slants down
        casing = plate(
            [
                (-half, 0),
                (half, 0),
                (half * 1.02, tall * 0.12),
                (half * 0.90, tall * 0.40),
                (half * 0.66, tall * 0.80),
                (half * 0.45, tall * 0.96),
                (half * 0.10, tall),
                (-half, tall),
            ],
            b,
            paint.main,
            0.9,
        )
        parts += [
            replace(casing, quaternion=about("x", 90)),
            bar((half * 0.98, b * 1.006, 0.0014), paint.accent, (0, 0, tall * 0.16), 0.0006),
            bar((half * 0.10, b * 1.012, tall * 0.13), GLASS, (-half * 0.80, 0, tall * 0.74), 0.001),
            bar((half * 0.34, b * 1.006, tall * 0.30), paint.dark, (-half * 0.20, 0, -tall * 0.06), 0.004),
            bar((half * 0.50, b * 1.008, tall * 0.05), paint.accent, (-half * 0.12, 0, tall * 0.46), 0.0006),
            bar((half * 0.14, b * 0.70, 0.0012), paint.dark, (half * 0.79, 0, tall * 0.605), 0.0006, about("y", 50)),
            turned_at([(b * 0.30, 0), (b * 0.26, 0.008), (b * 0.20, 0.008)], paint.dark, (half * 0.34, 0, tall * 0.96)),
            painted("sphere", (0.0034,), (1, 0.95, 0.7, 1), (half * 0.985, 0, tall * 0.22), gloss=1.0),
        ]
    return moved(parts, at)


def _further(row: Train, paint: Paint, deck: float, front: float, crown: float) -> list[Part]:
    """Return what an engine has besides: over its deck, at the front and crown of its boiler [m]."""
    parts: list[Part] = []
    roof = deck + max(body[3] for body in row.bodies)
    if "pantograph" in row.details:
        for x in (-0.010, 0.010):
            for sign in (-1, 1):
                path = [
                    (x, sign * 0.008, roof),
                    (x + 0.009, sign * 0.007, roof + 0.007),
                    (x, sign * 0.006, roof + 0.014),
                ]
                parts.append(tube(path, 0.0010, paint.dark, 9, normal=(0, 1, 0)))
            parts.append(bar((0.0012, 0.012, 0.0010), paint.steel, (x, 0, roof + 0.0145), 0.0006))
        parts.append(solid("box", (0.014, 0.009, 0.007), (0, 0, roof + 0.007), density=0.1))
    if "tall_chimney" in row.details:
        stack = [(0.0050, 0), (0.0045, 0.026), (0.0050, 0.028), (0.0085, 0.034), (0.0070, 0.035), (0, 0.035)]
        parts += [
            turned_at(stack, paint.dark, (front - 0.004, 0, deck + crown * 0.4)),
            rod(
                (front - 0.004, 0, deck + crown * 0.5),
                (front - 0.004, 0, deck + crown * 0.4 + 0.032),
                0.005,
                density=0.2,
            ),
        ]
    if "face" in row.details:
        r, x = crown / 2, front + 0.003
        parts.append(painted("cylinder", (r * 0.86, 0.0016), (0.80, 0.79, 0.76, 1.0), (x, 0, deck + r), ALONG_X))
        for y in (-r * 0.32, r * 0.32):
            parts += [
                painted("ellipsoid", (0.002, r * 0.20, r * 0.24), (1, 1, 1, 1), (x + 0.001, y, deck + r * 1.22)),
                painted("sphere", (r * 0.11,), (0.03, 0.03, 0.03, 1), (x + 0.0024, y * 0.9, deck + r * 1.22)),
            ]
        smile = [
            (x + 0.002, r * 0.42 * np.sin(t), deck + r * (1.0 - 0.42 * np.cos(t))) for t in np.linspace(-1.1, 1.1, 7)
        ]
        parts += [
            tube(smile, 0.0009, paint.dark, 12, normal=(1, 0, 0)),
            painted("sphere", (r * 0.12,), (0.74, 0.72, 0.69, 1.0), (x + 0.002, 0, deck + r * 0.95)),
        ]
    return parts
