# SPDX-License-Identifier: Apache-2.0
"""Further fruit: apples, pears, lemons, bananas; pineapples."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, laid, rotated, shape_of, soft, stack, tube, turned
from vla_ros.objects.shapes import smooth, sweep
from vla_ros.objects.solids import painted, rod, skin, solid

STEM, LEAF, FLESH = (0.33, 0.22, 0.12, 1.0), (0.22, 0.50, 0.16, 1.0), (0.97, 0.93, 0.78, 1.0)
APPLES = ("wide", "ribbed", "conical", "bitten", "crab")
PEARS = ("squat", "bent", "bell", "gourd", "plump")
LEMONS = ("pointed", "knobbly", "half", "leafy", "slim")
BANANAS = ("bent", "fat", "straight", "peeled", "pair")


def _stalk(height: float, lean: float = 0.005) -> Part:
    return tube(
        [(0, 0, height - 0.006), (lean * 0.3, 0, height + 0.004), (lean, 0, height + 0.014)],
        (0.0014, 0.0014, 0.0023),
        STEM,
        8,
        normal=(0, 1, 0),
    )


def _leaf(x: float, z: float, long: float = 0.016) -> Part:
    return painted("ellipsoid", (long, long * 0.42, 0.0013), LEAF, (x + long * 0.7, 0, z), (0, -0.17, 0, 0.985))


def apple(shape: str, paint: Paint) -> list[Part]:
    """An apple standing on its base."""
    radius, h = {
        "wide": (0.037, 0.025),
        "ribbed": (0.034, 0.031),
        "conical": (0.034, 0.036),
        "bitten": (0.034, 0.030),
        "crab": (0.025, 0.021),
    }[shape]
    waist = 0.30 if shape == "conical" else 0.05
    outline = [
        (0, -h * 0.78),
        (radius * 0.28, -h),
        (radius * (0.58 if shape == "conical" else 0.78), -h * 0.68),
        (radius, h * waist),
        (radius * 0.76, h * 0.84),
        (radius * 0.3, h),
        (0, h * 0.66),
    ]
    if shape == "ribbed":  # five lobes, which show at the base and the top
        body = soft(outline, paint.main, 0.6, 24, 40)
        angle = np.arctan2(shape_of(body)[:, 1], shape_of(body)[:, 0])
        swell = 1 + 0.07 * np.cos(5 * angle)
        shape_of(body)[:, :2] *= swell[:, None]
        parts = [body]
    else:
        parts = [soft(outline, paint.main, 0.6, 24)]
    parts += [
        _stalk(h * 0.72),
        solid("ellipsoid", (radius, radius, h * 0.98), (0, 0, 0.02 * h)),
        solid("cylinder", (radius * 0.38, h * 0.1), (0, 0, -h * 0.88), density=0.5),
    ]
    if shape == "bitten":
        parts += [
            painted("ellipsoid", (0.010, 0.019, 0.018), FLESH, (radius * 0.84, 0, 0.003)),
            painted("sphere", (0.0035,), STEM, (radius * 0.80 + 0.010, 0.002, 0.001)),
        ]
    elif shape == "crab":
        parts += [
            tube([(0, 0, h * 0.6), (0.003, 0, h + 0.012), (0.010, 0, h + 0.026)], 0.0012, STEM, 8, normal=(0, 1, 0)),
            _leaf(0.004, h + 0.014),
        ]
    elif shape == "wide":
        parts += [_leaf(0.002, h + 0.004, 0.013), painted("sphere", (0.003,), STEM, (0, 0, -h * 0.92))]
    return parts


def pear(shape: str, paint: Paint) -> list[Part]:
    """A pear standing on its base."""
    radius, height, neck, shoulder = {
        "squat": (0.036, 0.078, 0.0165, 0.42),
        "bent": (0.031, 0.092, 0.0135, 0.50),
        "bell": (0.034, 0.094, 0.0115, 0.40),
        "gourd": (0.031, 0.100, 0.0175, 0.62),
        "plump": (0.033, 0.082, 0.0215, 0.66),
    }[shape]
    h = height / 2
    waist = {"gourd": 0.46, "bell": 0.56}.get(shape, 0.80)
    outline = [
        (0, -h * 0.94),
        (radius * 0.35, -h),
        (radius * 0.86, -h * 0.76),
        (radius, -h * 0.40),
        (radius * waist, h * 0.02),
        (neck, h * shoulder),
        (neck * 0.80, h * 0.88),
        (0, h),
    ]
    body = soft(outline, paint.main, 0.4, 26)
    top = 0.0
    if shape == "bent":  # the neck leans
        lean = np.clip((shape_of(body)[:, 2] / h + 0.2) / 1.2, 0, 1) ** 2 * 0.014
        shape_of(body)[:, 0] += lean
        top = 0.014
    parts = [
        body,
        tube(
            [(top, 0, h * 0.95), (top + 0.002, 0, h + 0.007), (top + 0.007, 0, h + 0.017)],
            (0.0016, 0.0016, 0.0025),
            STEM,
            8,
            normal=(0, 1, 0),
        ),
    ]
    if shape in ("bell", "gourd"):
        parts.append(_leaf(0.002, h + 0.005, 0.015))
    parts += [
        solid("ellipsoid", (radius, radius, radius * 0.98), (0, 0, -h + radius)),
        solid(
            "capsule",
            (neck, max(h * 0.95 - 2 * neck, 0.008) / 2),
            (top * 0.7, 0, h - neck - max(h * 0.95 - 2 * neck, 0.008) / 2),
        ),
        solid("cylinder", (radius * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.5),
    ]
    return parts


def lemon(shape: str, paint: Paint) -> list[Part]:
    """A lemon along x with its two tips."""
    if shape == "half":  # cut across, lying on its side: the segments show
        h, radius = 0.022, 0.027
        outline = smooth([(0, -h), (0.005, -h * 0.92), (radius * 0.6, -h * 0.55), (radius * 0.93, 0), (radius, h)], 16)
        parts = laid(
            [turned([(max(r, 0), z) for r, z in outline], paint.main, 0.4), *stack(outline, (-h * 0.9, -h * 0.1, h))]
        )
        parts += [painted("cylinder", (radius * 0.98, 0.0008), FLESH, (h, 0, 0), (0, np.sqrt(0.5), 0, np.sqrt(0.5)))]
        for k in range(8):
            a = k * np.pi / 4
            at = (h + 0.0006, 0.014 * np.cos(a), 0.014 * np.sin(a))
            turn = about("x", np.degrees(a))
            parts.append(painted("ellipsoid", (0.0008, 0.0085, 0.0044), shade(paint.main, 1.25), at, turn))
        return parts
    length, radius, tip = {
        "pointed": (0.088, 0.0255, 0.0075),
        "knobbly": (0.078, 0.0275, 0.006),
        "leafy": (0.076, 0.0260, 0.005),
        "slim": (0.092, 0.0215, 0.006),
    }[shape]
    h = length / 2
    outline = [
        (0, -h),
        (tip, -h * 0.93),
        (radius * 0.56, -h * 0.70),
        (radius * 0.92, -h * 0.34),
        (radius, 0),
        (radius * 0.90, h * 0.4),
        (radius * 0.52, h * 0.70),
        (tip, h * 0.90),
        (0, h),
    ]
    body = soft(outline, paint.main, 0.4, 26, 32)
    if shape == "knobbly":
        around = np.arctan2(shape_of(body)[:, 1], shape_of(body)[:, 0])
        shape_of(body)[:, :2] *= (1 + 0.035 * np.sin(7 * around) * np.cos(260 * shape_of(body)[:, 2]))[:, None]
    parts = laid([body])
    parts.append(painted("sphere", (0.0035,), (0.35, 0.40, 0.15, 1.0), (h - 0.003, 0, 0)))
    if shape == "leafy":
        parts += [
            tube([(h - 0.004, 0, 0), (h + 0.006, 0, 0.002)], 0.0016, STEM, 6),
            painted("ellipsoid", (0.017, 0.008, 0.0014), LEAF, (h + 0.002, 0.014, 0.006), (0.1, 0, 0.42, 0.9)),
        ]
    return [
        *parts,
        solid("ellipsoid", (h * 0.90, radius, radius)),
        solid("capsule", (0.006, h * 0.76), quaternion=(0, np.sqrt(0.5), 0, np.sqrt(0.5)), density=0.1),
    ]


def banana(shape: str, paint: Paint) -> list[Part]:
    """A banana lying on its side, curved in the xy plane."""
    if shape == "pair":
        one = _one_banana(0.155, 0.0150, 0.026, paint)
        other = _one_banana(0.150, 0.0150, 0.024, paint)

        return [*rotated(one, about("z", 4), (0, 0.011, 0)), *rotated(other, about("z", -9), (0, -0.019, 0))]
    length, radius, sag = {
        "bent": (0.165, 0.0160, 0.052),
        "fat": (0.140, 0.0200, 0.026),
        "straight": (0.180, 0.0165, 0.012),
        "peeled": (0.165, 0.0160, 0.032),
    }[shape]
    parts = _one_banana(length, radius, sag, paint, shape == "peeled")
    return parts


def _one_banana(length: float, radius: float, sag: float, paint: Paint, peeled: bool = False) -> list[Part]:
    t = np.linspace(-1, 1, 17)
    path = np.stack([t * length / 2, sag * (t**2 - 0.4), np.zeros(17)], 1)
    radii = radius * np.interp(np.abs(t), [0, 0.5, 0.8, 0.92, 1.0], [1, 0.95, 0.66, 0.34, 0.26])
    points = [tuple(p) for p in path]
    tip = (0.20, 0.15, 0.08, 1.0)
    if peeled:
        parts = [
            skin(sweep(points[:9], radii[:9], 7), paint.main, gloss=0.35),
            skin(sweep(points[7:16], np.minimum(radii[7:16] * 0.9, radius * 0.8), 12), FLESH, gloss=0.1),
        ]
        for y, z in ((1.0, 0.2), (-0.8, 0.5), (0.1, -0.75)):
            x0, y0, _ = points[8]
            flap = [
                (x0, y0 + 0.7 * radius * y, 0.7 * radius * z),
                (x0 + 0.018, y0 + 1.5 * radius * y, 1.0 * radius * z),
                (x0 + 0.004, y0 + 2.3 * radius * y, 1.0 * radius * z),
            ]
            parts.append(tube(flap, (radius * 0.6, radius * 0.55, radius * 0.15), paint.main, 10, flatness=0.3))
    else:
        parts = [
            skin(sweep(points, radii, 7), paint.main, gloss=0.35),
            skin(sweep(points[:2], radii[:2] * 1.04, 7), tip),
            skin(sweep(points[-2:], radii[-2:] * 1.04, 7), STEM),
        ]
    knots = [path[2], path[6], path[10], path[14]]
    parts += [
        rod(a, b, r) for a, b, r in zip(knots, knots[1:], (radius * 0.86, radius * 0.96, radius * 0.86), strict=False)
    ]
    return parts


# Half length and radius of the fruit, length and count of its leaves [m].
PINEAPPLES = {
    "classic": (0.044, 0.0340, 0.055, 14),
    "tall": (0.055, 0.0290, 0.045, 12),
    "baby": (0.032, 0.0265, 0.042, 12),
    "round": (0.034, 0.0360, 0.048, 16),
    "slim": (0.050, 0.0255, 0.070, 10),
    "cropped": (0.046, 0.0330, 0.024, 14),
    "bushy": (0.040, 0.0310, 0.062, 24),
    "barrel": (0.040, 0.0345, 0.036, 10),
}


def pineapple(shape: str, paint: Paint) -> list[Part]:
    """A pineapple along x with its leaves at +x."""
    h, radius, long, leaves = PINEAPPLES[shape]
    square = 0.86 if shape in ("barrel", "cropped") else 0.72
    outline = smooth(
        [
            (0, -h),
            (radius * square, -h * 0.88),
            (radius, -h * 0.25),
            (radius * 0.97, h * 0.3),
            (radius * square * 0.9, h * 0.86),
            (radius * 0.25, h),
        ],
        20,
    )
    body = turned([(max(r, 0), z) for r, z in outline], paint.main, 0.3, sides=40)
    vertices = shape_of(body)
    around = np.arctan2(vertices[:, 1], vertices[:, 0])
    vertices[:, :2] *= (1 + 0.02 * np.sin(8 * around + 3) * np.sin(150 * vertices[:, 2]))[:, None]
    parts: list[Part] = [body]
    rows = round(2 * h / 0.011)
    for row in range(1, rows):  # eyes, in rows that are offset
        z = -h + row * 2 * h / rows
        r = float(np.interp(z, [p[1] for p in outline], [p[0] for p in outline]))
        for k in range(10):
            a = (k + 0.5 * (row % 2)) * 2 * np.pi / 10
            parts.append(
                painted(
                    "sphere", (0.0030,), shade(paint.main, 0.6), ((r - 0.0009) * np.cos(a), (r - 0.0009) * np.sin(a), z)
                )
            )
    for k in range(leaves):
        a, out = k * 2.399, 0.25 + 0.75 * (k / leaves)
        reach, up = 0.010 + 0.026 * out, long * (1.05 - 0.5 * out)
        c, s = np.cos(a), np.sin(a)
        leaf = [
            (0.004 * c, 0.004 * s, h - 0.004),
            (0.5 * reach * c, 0.5 * reach * s, h + 0.6 * up),
            (reach * c, reach * s, h + up),
        ]
        parts.append(tube(leaf, (0.0048, 0.0050, 0.0008), LEAF, 7, flatness=0.35, normal=(-s, c, 0.01)))
    parts += stack(outline, (-h * 0.96, -h * 0.45, h * 0.5, h * 0.94))
    parts.append(solid("cylinder", (0.011, long * 0.36), (0, 0, h + long * 0.34), density=0.15))
    return laid(parts, (-long * 0.3, 0, 0))
