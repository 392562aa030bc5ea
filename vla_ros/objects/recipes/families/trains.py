# SPDX-License-Identifier: Apache-2.0
"""Toy trains put together from a frame, what stands on it, wheels and details, a row a shape; front at +x."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.boats import turned_at
from vla_ros.objects.recipes.forms import about, bar, laid, plate, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.solids import ALONG_X, ALONG_Y, moved, painted, rod, solid

WOOD = (0.80, 0.64, 0.42, 1.0)


class Train(NamedTuple):
    """Half length of the frame; what stands on it, as (kind, x, half length, height); radius of the wheels, where
    they are; what else it has."""

    half: float
    bodies: tuple[tuple[str, float, float, float], ...]
    wheel: float
    wheels: tuple[float, ...]
    details: tuple[str, ...] = ()


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
    """A toy train's engine or wagon on its wheels."""
    a, b, deck = row.half, 0.0180, row.wheel * 1.1 + 0.009
    brass = (0.80, 0.62, 0.25, 1.0)
    parts = [
        bar((a, b, 0.0040), paint.dark, (0, 0, deck - 0.004), 0.001),
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
    for side in (-1, 1):
        for x in row.wheels:
            parts.append(painted("cylinder", (row.wheel, 0.0024), paint.dark, (x, side * 0.0160, row.wheel), ALONG_Y))
            parts.append(
                painted(
                    "cylinder",
                    (row.wheel * 0.6, 0.0028),
                    (0.70, 0.12, 0.12, 1.0) if "dome" in row.details else paint.steel,
                    (x, side * 0.0160, row.wheel),
                    ALONG_Y,
                )
            )
    for x in (-a - 0.003, a + 0.003):
        parts.append(painted("cylinder", (0.0040, 0.003), paint.steel, (x, 0, deck - 0.004), ALONG_X, 0.9))
    parts.append(solid("box", (a * 0.82, 0.0165, (deck - 0.008) / 2), (0, 0, (deck - 0.008) / 2)))
    return moved(parts, (0, 0, -deck))
