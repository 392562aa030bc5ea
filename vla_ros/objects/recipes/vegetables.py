# SPDX-License-Identifier: Apache-2.0
"""Further carrots and eggplants; peppers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, blob, laid, shape_of, soft, stack, tube
from vla_ros.objects.recipes.garden import LEAF, STEM, foot
from vla_ros.objects.shapes import smooth, sweep
from vla_ros.objects.solids import painted, rod, skin

# Length and radius [m], and the course of the radius from tip to crown.
CARROTS = {
    "stump": (0.130, 0.0180, (0.55, 0.85, 0.95, 1.0, 1.0, 0.8)),
    "forked": (0.140, 0.0185, (0.10, 0.40, 0.62, 0.85, 1.0, 0.8)),
    "ball": (0.070, 0.0215, (0.15, 0.80, 1.0, 1.0, 0.85, 0.5)),
    "bent": (0.155, 0.0165, (0.10, 0.40, 0.62, 0.80, 1.0, 0.7)),
    "bare": (0.145, 0.0195, (0.10, 0.42, 0.66, 0.85, 1.0, 0.85)),
}


EGGPLANTS = ("bent", "pear", "egg", "finger", "chubby")


def _from(point: np.ndarray, shift: Sequence[float]) -> tuple[float, ...]:
    """Return a point beside another [m]."""
    return tuple((point + np.asarray(shift)).tolist())


def carrot(shape: str, paint: Paint) -> list[Part]:
    """A carrot along x with its greens at +x."""
    length, radius, course = CARROTS[shape]
    t = np.linspace(0, 1, 16)
    bow = 0.020 * (1 - 2 * t) ** 2 if shape == "bent" else np.zeros(16)
    path = np.stack([-length / 2 + t * length * 0.94, bow, np.zeros(16)], 1)
    radii = radius * np.interp(t, np.linspace(0, 1, 6), course)
    parts = [skin(sweep([tuple(p) for p in path], radii, 14), paint.main, gloss=0.3)]
    for at in (4, 6, 9, 11, 13):
        here, width = path[at], radii[at] * 1.012
        parts.append(
            skin(
                sweep([(here[0] - 0.0006, *here[1:]), (here[0] + 0.0006, *here[1:])], [width] * 2, 14),
                shade(paint.main, 0.7),
            )
        )
    end = path[-1] - (0.002, 0, 0)
    if shape == "forked":
        parts.append(
            tube(
                [tuple(path[6]), (path[3][0], 0.013, 0.0), (path[0][0] + 0.012, 0.025, 0)],
                (radius * 0.6, radius * 0.45, 0.002),
                paint.main,
                10,
            )
        )
        parts.append(rod(path[6], (path[1][0] + 0.01, 0.020, 0), radius * 0.34))
        parts.append(foot(path[12], 0.016, radius * 0.6, radius * 0.96))
    if shape == "bare":  # greens cut off
        parts.append(
            painted(
                "cylinder", (radius * 0.5, 0.004), LEAF, _from(end, (0.001, 0, 0)), (0, np.sqrt(0.5), 0, np.sqrt(0.5))
            )
        )
    else:
        long = 0.050 if shape == "ball" else 0.036
        for y, z in ((0, 0.1), (0.6, 0.25), (-0.6, 0.3), (0.2, -0.3), (-0.3, 0.6)):
            leaf = [
                tuple(end),
                _from(end, (0.4 * long, y * 0.012, z * 0.012)),
                _from(end, (long, y * 0.034, z * 0.020)),
            ]
            parts.append(tube(leaf, (0.0026, 0.0034, 0.0042, 0.0036, 0.001), LEAF, 8))
    a, b = path[2], path[8]
    parts += [rod(a, b, float(radii[5]) * 0.92), rod(b, path[14], float(radii[11]) * 0.96)]
    parts.append(rod(path[11], path[15], radius * 0.96, "cylinder"))
    return parts


def eggplant(shape: str, paint: Paint) -> list[Part]:
    """An eggplant along x with its green cap at +x."""
    length, radius, neck = {
        "bent": (0.165, 0.0270, 0.017),
        "pear": (0.130, 0.0340, 0.0165),
        "egg": (0.095, 0.0305, 0.0225),
        "finger": (0.180, 0.0175, 0.014),
        "chubby": (0.120, 0.0365, 0.026),
    }[shape]
    h = length / 2
    waist = {"pear": 0.62, "egg": 0.98, "finger": 0.97}.get(shape, 0.86)
    t = np.linspace(0, 1, 20) ** 1.5
    knots = [0.0, 0.02, 0.06, 0.12, 0.20, 0.32, 0.55, 0.80, 0.95, 1.0]
    shares = [
        0.08 * radius,
        0.40 * radius,
        0.66 * radius,
        0.84 * radius,
        0.96 * radius,
        radius,
        radius * waist,
        neck,
        neck * 0.9,
        neck * 0.4,
    ]
    radii = np.convolve(np.pad(np.interp(t, knots, shares), 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    bow = {"bent": 0.034, "finger": 0.016}.get(shape, 0.0) * ((1 - 2 * t) ** 2 - 0.4)
    path = np.stack([-h + t * length * 0.86, bow, np.zeros(20)], 1)
    parts = [skin(sweep([tuple(p) for p in path], radii, 22), paint.main, gloss=0.9)]
    crown = path[-2]
    lean = np.degrees(np.arctan2(path[-1][1] - path[-3][1], path[-1][0] - path[-3][0]))
    for k in range(5):
        a = k * 2 * np.pi / 5
        parts.append(
            painted(
                "ellipsoid",
                (0.014, neck * 0.42, 0.0022),
                LEAF,
                _from(crown, (-0.007, neck * 0.86 * np.cos(a), neck * 0.86 * np.sin(a))),
                about("x", np.degrees(a) - 90),
            )
        )
    parts.append(blob((0.008, neck * 0.96, neck * 0.96), LEAF, _from(crown, (0.003, 0, 0))))
    tip = crown + np.array((0.022, 0.022 * np.tan(np.radians(lean)), 0.004))
    parts.append(tube([tuple(crown), tuple((crown + tip) / 2), tuple(tip)], (0.0050, 0.0042, 0.0052), LEAF, 8))
    parts += [
        rod(path[6], path[10], radius * 0.95),
        rod(path[10], path[15], radius * waist * 0.94),
        rod(path[15], path[18], neck * 0.96),
    ]
    return parts


# Radius, half height, lobes, and what it is like [m].
PEPPERS = {
    "bell": (0.0360, 0.036, 4, "block"),
    "long": (0.0270, 0.055, 3, "taper"),
    "squat": (0.0365, 0.026, 5, "block"),
    "chili": (0.0145, 0.070, 0, "curved"),
    "tall": (0.0320, 0.046, 4, "block"),
    "pointed": (0.0300, 0.050, 0, "cone"),
    "cherry": (0.0235, 0.022, 0, "round"),
    "horn": (0.0200, 0.065, 0, "curved"),
}


def pepper(shape: str, paint: Paint) -> list[Part]:
    """A pepper lying along x with its stalk at +x."""
    radius, h, lobes, kind = PEPPERS[shape]
    parts: list[Part] = []
    if kind == "curved":
        t = np.linspace(0, 1, 16)
        bow = 0.026 * ((1 - t) ** 2)
        path = np.stack([-h + t * 2 * h, bow, np.zeros(16)], 1)
        radii = radius * np.interp(t, [0, 0.15, 0.6, 0.92, 1], [0.08, 0.35, 0.82, 1.0, 0.55])
        parts += [
            skin(sweep([tuple(p) for p in path], radii, 14), paint.main, gloss=0.9),
            rod(path[3], path[8], radius * 0.58),
            rod(path[8], path[14], radius * 0.9),
            foot(path[11], h * 0.34, radius * 0.5, radius * 0.9),
        ]
        end = np.array([h - 0.004, 0.0, 0.0])
    else:
        knots = {
            "block": [
                (0, -h * 0.80),
                (radius * 0.45, -h),
                (radius * 0.86, -h * 0.72),
                (radius * 0.94, -h * 0.1),
                (radius, h * 0.55),
                (radius * 0.70, h * 0.98),
                (radius * 0.2, h * 0.80),
                (0, h * 0.74),
            ],
            "taper": [
                (0, -h),
                (radius * 0.45, -h * 0.90),
                (radius * 0.76, -h * 0.4),
                (radius, h * 0.5),
                (radius * 0.75, h * 0.97),
                (radius * 0.2, h * 0.84),
                (0, h * 0.80),
            ],
            "cone": [
                (0, -h),
                (radius * 0.22, -h * 0.88),
                (radius * 0.60, -h * 0.2),
                (radius, h * 0.6),
                (radius * 0.72, h * 0.97),
                (radius * 0.2, h * 0.84),
                (0, h * 0.80),
            ],
            "round": [
                (0, -h),
                (radius * 0.6, -h * 0.85),
                (radius, 0),
                (radius * 0.7, h * 0.85),
                (radius * 0.2, h * 0.92),
                (0, h * 0.86),
            ],
        }[kind]
        body = soft(knots, paint.main, 0.9, 28, 48)
        vertices = shape_of(body)
        if lobes:
            around = np.arctan2(vertices[:, 1], vertices[:, 0])
            vertices[:, :2] *= (1 + 0.15 * (np.abs(np.cos(lobes * around / 2)) - 0.75))[:, None]
        parts += laid([body, *stack(smooth(knots[1:-2], 14), (knots[1][1], 0.0, h * 0.95))])
        end = np.array([h * 0.78, 0.0, 0.0])
    wide = max(radius * 0.38, 0.007)
    parts.append(painted("ellipsoid", (0.0035, wide, wide), STEM, _from(end, (0.003, 0, 0))))
    parts.append(
        tube(
            [tuple(end), _from(end, (0.012, 0, 0.002)), _from(end, (0.024, 0.006, 0.008))],
            (0.0048, 0.0038, 0.0052),
            STEM,
            8,
        )
    )
    return parts
