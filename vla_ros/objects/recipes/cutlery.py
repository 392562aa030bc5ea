# SPDX-License-Identifier: Apache-2.0
"""Further spoons; forks and knives: all along x, handle at −x."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import bar, plate, tube
from vla_ros.objects.shapes import lathe, sphere_profile, transformed
from vla_ros.objects.solids import painted, rod, skin, solid

# Length, width of the head, half thickness of the handle [m].
SPOONS = {
    "tea": (0.140, 0.030, 0.0065),
    "slotted": (0.200, 0.052, 0.0070),
    "soup": (0.170, 0.048, 0.0070),
    "shovel": (0.140, 0.044, 0.0075),
    "measuring": (0.130, 0.046, 0.0065),
}


def spoon(shape: str, paint: Paint) -> list[Part]:
    """A spoon along x, lying on its back."""
    length, width, thick = SPOONS[shape]
    radius = width / 2
    long, depth = {
        "tea": (1.45, 0.008),
        "slotted": (1.35, 0.009),
        "soup": (1.0, 0.011),
        "shovel": (1.2, 0.014),
        "measuring": (1.0, 0.020),
    }[shape]
    head, rise = length / 2 - radius * long, 0.006
    parts = []
    if shape == "shovel":  # a scoop with straight sides
        floor = (radius * long, radius, 0.0018)
        parts += [bar(floor, paint.main, (head, 0, -depth + 0.002), 0.001)]
        for side in (-1, 1):
            parts.append(
                bar((radius * long, 0.0016, depth / 2), paint.main, (head, side * radius * 0.94, -depth / 2), 0.001)
            )
        parts.append(bar((0.0016, radius, depth / 2), paint.main, (head - radius * long + 0.001, 0, -depth / 2), 0.001))
    else:
        dish = [(r, z) for r, z in sphere_profile(radius, depth, 15) if z <= 1e-9]
        if shape == "measuring":
            dish = [(0, -depth), (radius * 0.80, -depth), (radius * 0.94, -depth * 0.75), (radius, 0)]
        inner = [(max(r - 0.003, 0.0), min(z + 0.003, 0.0)) for r, z in reversed(dish)]
        parts.append(skin(transformed(lathe([*dish, *inner]), (long, 1, 1), (head, 0, 0)), paint.main, gloss=0.4))
        if shape == "slotted":
            for y in (-0.45, 0.0, 0.45):
                parts.append(
                    painted(
                        "box",
                        (radius * 0.62, 0.0022, 0.0006),
                        paint.dark,
                        (head, y * radius, -depth * 0.55 + abs(y) * 0.004),
                    )
                )
    start, joint = -length / 2, head - radius * long + 0.004
    if shape == "measuring":  # a flat strip with a hole
        parts += [
            bar(((joint - start) / 2, 0.007, 0.0024), paint.main, ((start + joint) / 2, 0, -0.002), 0.002),
            painted("cylinder", (0.0035, 0.0026), paint.dark, (start + 0.010, 0, -0.002)),
        ]
    else:
        width_there = {
            "tea": (1.1, 0.55, 0.7),
            "slotted": (0.9, 1.0, 0.8),
            "soup": (1.3, 0.6, 0.8),
            "shovel": (1.2, 1.1, 0.8),
        }[shape]
        parts.append(
            tube(
                [(start, 0, rise - 0.002), (0, 0, rise), (joint, 0, -0.002)],
                [thick * w for w in width_there],
                paint.main,
            )
        )
        if shape in ("soup", "tea"):
            parts.append(painted("sphere", (thick * 1.2,), paint.accent, (start, 0, rise - 0.002)))
    low = -0.002 if shape == "measuring" else rise
    parts += [
        rod((start + thick, 0, low), (0.0, 0, low), thick * 0.85),
        rod((0.0, 0, low), (joint + 0.004, 0, -0.002), thick * 0.80),
        solid("cylinder", (radius * 0.95, depth * 0.28), (head, 0, -depth * 0.30)),
        solid("cylinder", (radius * 0.66, depth * 0.26), (head, 0, -depth * 0.74)),
    ]
    return parts


# Length, width of the head, how many tines and how long [m], kind of handle.
FORKS = {
    "dinner": (0.185, 0.026, 4, 0.045, "waisted"),
    "dessert": (0.150, 0.022, 3, 0.030, "waisted"),
    "carving": (0.205, 0.026, 2, 0.075, "grip"),
    "plastic": (0.160, 0.028, 4, 0.035, "ribbed"),
    "wooden": (0.190, 0.036, 3, 0.055, "straight"),
    "salad": (0.190, 0.046, 5, 0.040, "grip"),
    "toddler": (0.130, 0.028, 3, 0.026, "fat"),
    "pickle": (0.170, 0.015, 2, 0.030, "ball"),
}


def fork(shape: str, paint: Paint) -> list[Part]:
    """A fork along x, lying on its back, tines at +x."""
    length, width, tines, reach, kind = FORKS[shape]
    metal: Rgba = paint.main if shape in ("plastic", "wooden", "salad") else paint.steel
    start, tip, w = -length / 2, length / 2, width / 2
    neck = tip - reach - width * 0.55
    palm = [
        (neck - 0.004, -0.0035),
        (neck + width * 0.30, -w),
        (tip - reach + 0.004, -w),
        (tip - reach + 0.004, w),
        (neck + width * 0.30, w),
        (neck - 0.004, 0.0035),
    ]
    parts = [plate(palm, 0.0022, metal, 0.9, 0.0015)]
    for y in np.linspace(-1, 1, tines) * (w - 0.0022):
        parts.append(
            tube(
                [(tip - reach, y, 0.0015), (tip - reach * 0.4, y, 0.001), (tip, y, 0.0045)],
                (0.0024, 0.0022, 0.0012),
                metal,
                gloss=0.9,
            )
        )
    grip = {
        "waisted": (0.0075, 0.0065, 0.0040),
        "grip": (0.0100, 0.0115, 0.0085),
        "ribbed": (0.0080, 0.0062, 0.0055),
        "straight": (0.0085, 0.0080, 0.0070),
        "fat": (0.0135, 0.0120, 0.0090),
        "ball": (0.0060, 0.0050, 0.0040),
    }[kind]
    handle_end = start + 0.62 * (neck - start)
    parts.append(
        tube(
            [(start, 0, 0.004), (start * 0.5, 0, 0.004), (handle_end, 0, 0.004)],
            (grip[0] * 0.75, grip[0], grip[1], grip[1] * 0.9),
            paint.main,
            14,
            flatness=0.62,
        )
    )
    parts.append(
        tube([(handle_end - 0.004, 0, 0.004), (neck, 0, 0.0015)], (grip[2], 0.0036), metal, gloss=0.9, flatness=0.7)
    )
    if kind == "ball":
        parts.append(painted("sphere", (0.0085,), paint.main, (start, 0, 0.004)))
    elif kind == "ribbed":
        for x in np.linspace(start + 0.012, handle_end - 0.01, 5):
            parts.append(bar((0.0015, 0.0088, 0.0050), shade(paint.main, 0.75), (x, 0, 0.004), 0.001))
    elif kind == "grip":
        for x in np.linspace(start + 0.02, handle_end - 0.015, 3):
            parts.append(painted("sphere", (0.0026,), paint.steel, (x, 0, 0.004 + 0.62 * grip[0] - 0.0014), gloss=1.0))
    half = max(grip[0] * 0.62, 0.006)
    parts += [
        solid(
            "box", ((handle_end - start) / 2, max(grip[0] * 0.9, 0.0055), half), ((handle_end + start) / 2, 0, 0.004)
        ),
        solid("box", ((neck + 0.01 - handle_end) / 2, 0.0045, 0.0050), ((handle_end + neck + 0.01) / 2, 0, 0.003)),
        solid("box", ((tip - neck) / 2, w, 0.0035), ((neck + tip) / 2, 0, 0.001), density=0.7),
    ]
    return parts


# Length, width and shape of the blade [m].
KNIVES = {
    "table": (0.195, 0.018, "round"),
    "chef": (0.225, 0.036, "belly"),
    "paring": (0.160, 0.020, "point"),
    "butter": (0.150, 0.022, "paddle"),
    "bread": (0.235, 0.024, "serrated"),
    "cleaver": (0.200, 0.050, "square"),
    "utility": (0.150, 0.018, "cutter"),
    "steak": (0.190, 0.020, "point"),
}


def knife(shape: str, paint: Paint) -> list[Part]:
    """A knife lying on its side, blade at +x."""
    length, wide, kind = KNIVES[shape]
    start, tip = -length / 2, length / 2
    joint = start + length * (0.44 if kind != "cutter" else 0.72)
    w, far = wide / 2, tip - joint
    along = {
        "round": [
            (0, -w * 0.8),
            (far * 0.7, -w),
            (far * 0.95, -w * 0.7),
            (far, 0),
            (far * 0.93, w * 0.75),
            (far * 0.5, w * 0.8),
            (0, w * 0.8),
        ],
        "belly": [(0, -w), (far * 0.35, -w), (far * 0.75, -w * 0.5), (far, w * 0.55), (far * 0.7, w * 0.85), (0, w)],
        "point": [(0, -w), (far * 0.6, -w), (far * 0.88, -w * 0.4), (far, w * 0.8), (far * 0.6, w), (0, w)],
        "paddle": [
            (0, -w * 0.5),
            (far * 0.3, -w),
            (far * 0.85, -w),
            (far, -w * 0.2),
            (far * 0.95, w * 0.7),
            (far * 0.6, w * 0.5),
            (0, w * 0.5),
        ],
        "serrated": [
            (0, -w),
            *[(far * (0.05 + 0.9 * k / 22), -w + (0.0025 if k % 2 else 0.0)) for k in range(23)],
            (far, -w * 0.3),
            (far, w * 0.6),
            (far * 0.94, w),
            (0, w),
        ],
        "square": [(0, -w), (far, -w * 0.92), (far, w * 0.9), (0, w * 0.9), (far * 0.0, 0)],
        "cutter": [(0, -w * 0.6), (far * 0.6, -w * 0.6), (far, w * 0.6), (0, w * 0.6)],
    }[kind]
    drop = -w * 0.35 if kind in ("belly", "square") else 0.0
    blade = [(joint + x - 0.003, y + drop) for x, y in along]
    grip = 0.0095 if kind not in ("round", "cutter") else 0.0085
    thick = 0.0075 if kind != "round" else 0.0060
    parts = [plate(blade, 0.0014, paint.steel, 1.0)]
    if kind == "cutter":
        parts += [
            bar(((joint - start) / 2, 0.0105, thick), paint.main, ((joint + start) / 2, 0, 0), 0.004),
            bar((0.009, 0.005, 0.002), paint.dark, (joint - 0.03, 0, thick + 0.001), 0.001),
            bar((0.02, 0.0106, 0.003), paint.accent, (start + 0.03, 0, 0), 0.001),
        ]
        grip = 0.0105
    else:
        widths = {
            "round": (0.8, 1.0, 0.7),
            "belly": (1.15, 0.95, 1.1),
            "point": (1.0, 0.85, 0.95),
            "paddle": (1.1, 1.1, 0.7),
            "serrated": (1.2, 0.9, 1.0),
            "square": (1.15, 1.0, 1.0),
        }[kind]
        parts.append(
            tube(
                [(start, 0, 0), ((start + joint) / 2, 0, 0), (joint, 0, 0)],
                [grip * x for x in widths],
                paint.main,
                14,
                flatness=thick / grip,
            )
        )
        if kind in ("belly", "point", "square"):
            for x in (0.25, 0.5, 0.75):
                parts.append(
                    painted(
                        "cylinder",
                        (0.0022, thick + 0.0006),
                        paint.steel,
                        (start + x * (joint - start), 0, 0),
                        gloss=1.0,
                    )
                )
        if kind == "serrated":
            parts.append(bar((0.004, grip * 1.1, thick), paint.dark, (joint, 0, 0), 0.002))
    parts += [
        solid("box", ((joint - start) / 2, grip * 0.95, thick), ((joint + start) / 2, 0, 0)),
        solid("box", (far / 2, w, 0.0045), (joint + far / 2 - 0.003, drop, 0), density=0.6),
    ]
    return parts
