# SPDX-License-Identifier: Apache-2.0
"""Apples, pears, lemons and bananas from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, laid, rotated, shape_of, soft, tube
from vla_ros.objects.recipes.produce import FLESH, LEAF, STEM
from vla_ros.objects.shapes import smooth, sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid


class Apple(NamedTuple):
    """Radius, half height, height of the widest part (share), width at the base (share); what else it has."""

    radius: float
    half: float
    widest: float = 0.1
    base: float = 0.76
    lobes: int = 0
    stalk: float = 0.014
    leaves: int = 0
    lean: float = 0.0  # [m] its top is beside its base
    bites: tuple[float, ...] = ()  # [degrees] around


APPLES = {
    "barrel": Apple(0.031, 0.034, 0.05, 0.88),
    "heart": Apple(0.035, 0.031, 0.42, 0.52, 5),
    "lopsided": Apple(0.034, 0.029, 0.12, 0.74, 0, 0.012, 0, 0.006),
    "bare": Apple(0.033, 0.029, 0.05, 0.80, 0, 0.0),
    "two_leaves": Apple(0.033, 0.030, 0.15, 0.72, 0, 0.020, 2),
    "long_stalk": Apple(0.029, 0.026, 0.10, 0.78, 0, 0.034, 0),
    "pumpkin": Apple(0.035, 0.026, 0.02, 0.84, 6, 0.010),
    "twice_bitten": Apple(0.034, 0.031, 0.15, 0.74, 0, 0.014, 1, 0.0, (0.0, 145.0)),
    "eaten": Apple(0.033, 0.034, 0.20, 0.72, 0, 0.016, 0, 0.0, (20.0, 110.0, 240.0)),
    "tapered": Apple(0.032, 0.036, 0.36, 0.56, 4, 0.016, 1, 0.003),
}


def apple(row: Apple, paint: Paint) -> list[Part]:
    """An apple standing on its base."""
    r, h = row.radius, row.half
    knots = [
        (0, -h * 0.80),
        (r * 0.28, -h),
        (r * row.base, -h * 0.66),
        (r, h * row.widest),
        (r * 0.76, h * 0.86),
        (r * 0.3, h),
        (0, h * 0.66),
    ]
    body = soft(knots, paint.main, 0.6, 24, 40)
    points = shape_of(body)
    if row.lobes:
        points[:, :2] *= (1 + 0.055 * np.cos(row.lobes * np.arctan2(points[:, 1], points[:, 0])))[:, None]
    points[:, 0] += row.lean * (points[:, 2] / h + 1) / 2
    parts = [body]
    if row.stalk:
        path = [
            (row.lean, 0, h * 0.66),
            (row.lean + 0.001, 0, h + row.stalk * 0.3),
            (row.lean + row.stalk * 0.35, 0, h + row.stalk),
        ]
        parts.append(tube(path, (0.0015, 0.0014, 0.0022), STEM, 8, normal=(0, 1, 0)))
    for k in range(row.leaves):
        sign = 1 - 2 * k
        turn = (0, -0.17 * sign, 0, 0.985)
        parts.append(
            painted("ellipsoid", (0.014, 0.0058, 0.0013), LEAF, (row.lean + sign * 0.013, 0.002 * k, h + 0.006), turn)
        )
    for angle in row.bites:
        a = np.radians(angle)
        place = (r * 0.86 * np.cos(a), r * 0.86 * np.sin(a), h * 0.1)
        parts.append(
            painted("ellipsoid", (0.009, 0.017, 0.016 + 0.004 * (len(row.bites) > 2)), FLESH, place, about("z", angle))
        )
    return [
        *parts,
        solid("ellipsoid", (r, r, h * 0.98), (row.lean * 0.5, 0, 0.02 * h)),
        solid("cylinder", (r * 0.38, h * 0.1), (0, 0, -h * 0.88), density=0.5),
    ]


class Pear(NamedTuple):
    """Radius, height, radius of the neck, waist (share of the radius); how far it leans; stalk, leaves, ribs."""

    radius: float
    height: float
    neck: float
    waist: float = 0.78
    lean: float = 0.0
    stalk: float = 0.016
    leaves: int = 0
    bites: int = 0
    ribs: int = 0


PEARS = {
    "conference": Pear(0.0275, 0.110, 0.0125, 0.80, 0.006, 0.020),
    "teardrop": Pear(0.0345, 0.088, 0.0090, 0.70, 0.0, 0.014),
    "leafy": Pear(0.0320, 0.090, 0.0145, 0.76, 0.0, 0.022, 2),
    "leaning": Pear(0.0320, 0.096, 0.0130, 0.72, 0.022, 0.018),
    "apple_like": Pear(0.0350, 0.068, 0.0220, 0.88, 0.0, 0.014),
    "bottle": Pear(0.0300, 0.106, 0.0165, 0.60, 0.0, 0.012),
    "eaten": Pear(0.0330, 0.090, 0.0145, 0.78, 0.004, 0.016, 0, 1),
    "ribbed": Pear(0.0340, 0.084, 0.0150, 0.74, 0.004, 0.016, 1, 0, 5),
    "tiny": Pear(0.0240, 0.064, 0.0105, 0.74, 0.003, 0.022, 1),
    "hooked": Pear(0.0300, 0.092, 0.0115, 0.66, 0.016, 0.030),
}


def pear(row: Pear, paint: Paint) -> list[Part]:
    """A pear standing on its base."""
    r, h, neck = row.radius, row.height / 2, row.neck
    knots = [
        (0, -h * 0.94),
        (r * 0.35, -h),
        (r * 0.86, -h * 0.75),
        (r, -h * 0.38),
        (r * row.waist, h * 0.04),
        (neck, h * 0.54),
        (neck * 0.82, h * 0.87),
        (0, h),
    ]
    body = soft(knots, paint.main, 0.4, 26, 36)
    points = shape_of(body)
    if row.ribs:
        points[:, :2] *= (1 + 0.045 * np.cos(row.ribs * np.arctan2(points[:, 1], points[:, 0])))[:, None]
    points[:, 0] += row.lean * np.clip((points[:, 2] / h + 0.2) / 1.2, 0, 1) ** 2
    x, stalk = row.lean, row.stalk
    parts = [
        body,
        tube(
            [(x, 0, h * 0.94), (x + 0.002, 0, h + stalk * 0.4), (x + stalk * 0.5, 0, h + stalk)],
            (0.0016, 0.0016, 0.0025),
            STEM,
            8,
            normal=(0, 1, 0),
        ),
    ]
    for k in range(row.leaves):
        sign = 1 - 2 * k
        parts.append(
            painted(
                "ellipsoid",
                (0.015, 0.0062, 0.0013),
                LEAF,
                (x + sign * 0.014, 0, h + 0.006),
                (0, -0.17 * sign, 0, 0.985),
            )
        )
    if row.bites:
        parts.append(painted("ellipsoid", (0.010, 0.018, 0.018), FLESH, (r * 0.86, 0, -h * 0.30)))
    long = max(h * 0.95 - 2 * neck, 0.008) / 2
    return [
        *parts,
        solid("ellipsoid", (r, r, min(r, h) * 0.98), (0, 0, -h + min(r, h))),
        solid("capsule", (neck, long), (x * 0.7, 0, h - neck - long)),
        solid("cylinder", (r * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.5),
    ]


class Lemon(NamedTuple):
    """Length, radius, radius of its tips and how far they reach (shares); what else it has."""

    length: float
    radius: float
    tip: float = 0.22
    reach: float = 0.72
    lumps: float = 0.0
    leaves: int = 0
    stalk: bool = False
    cut: float = 1.0  # share of its length that is left, from −x


LEMONS = {
    "egg": Lemon(0.078, 0.0270, 0.34, 0.78),
    "globe": Lemon(0.071, 0.0280, 0.20, 0.66),
    "nippled": Lemon(0.086, 0.0265, 0.24, 0.58),
    "wrinkled": Lemon(0.080, 0.0265, 0.26, 0.70, 0.05),
    "two_leaves": Lemon(0.076, 0.0260, 0.22, 0.72, 0.0, 2, True),
    "stalked": Lemon(0.084, 0.0240, 0.20, 0.68, 0.0, 0, True),
    "tiny": Lemon(0.058, 0.0205, 0.24, 0.70),
    "topped": Lemon(0.086, 0.0265, 0.22, 0.72, 0.0, 0, False, 0.80),
    "spindle": Lemon(0.094, 0.0230, 0.14, 0.62, 0.02, 1),
}


def lemon(row: Lemon, paint: Paint) -> list[Part]:
    """A lemon along x with its two tips."""
    h, r, tip = row.length / 2, row.radius, row.radius * row.tip
    knots = [
        (0, -h),
        (tip, -h * 0.94),
        (r * 0.58, -h * row.reach),
        (r * 0.93, -h * 0.34),
        (r, 0),
        (r * 0.92, h * 0.36),
        (r * 0.56, h * row.reach),
        (tip, h * 0.92),
        (0, h),
    ]
    outline = [(max(a, 0.0), z) for a, z in smooth(knots, 28)]
    end = -h + 2 * h * row.cut
    if row.cut < 1:
        outline = [point for point in outline if point[1] < end] + [(r * 0.72, end)]
    body = soft(outline, paint.main, 0.4, 28, 32) if row.cut == 1 else soft(outline, paint.main, 0.4, 40, 32)
    points = shape_of(body)
    if row.lumps:
        around = np.arctan2(points[:, 1], points[:, 0])
        points[:, :2] *= (1 + row.lumps * np.sin(5 * around) * np.cos(230 * points[:, 2] + 2 * around))[:, None]
    parts = laid([body])
    if row.cut < 1:  # segments show
        parts.append(painted("cylinder", (r * 0.72, 0.0008), FLESH, (end, 0, 0), ALONG_X))
        for k in range(8):
            a = k * np.pi / 4
            place = (end + 0.0006, 0.0105 * np.cos(a), 0.0105 * np.sin(a))
            parts.append(
                painted(
                    "ellipsoid", (0.0008, 0.0064, 0.0034), shade(paint.main, 1.25), place, about("x", np.degrees(a))
                )
            )
        parts.append(solid("cylinder", (r * 0.70, (end - h * 0.2) / 2), ((end + h * 0.2) / 2, 0, 0), ALONG_X, 0.5))
        return [*parts, solid("ellipsoid", (h * 0.86, r, r), (-h * 0.1, 0, 0))]
    if row.stalk:
        parts.append(tube([(h - 0.004, 0, 0), (h + 0.010, 0, 0.003)], (0.0018, 0.0022), STEM, 6))
    else:
        parts.append(painted("sphere", (0.0034,), (0.35, 0.40, 0.15, 1.0), (h - 0.003, 0, 0)))
    for k in range(row.leaves):
        sign = 1 - 2 * k
        parts.append(
            painted(
                "ellipsoid", (0.016, 0.0075, 0.0014), LEAF, (h + 0.003, sign * 0.014, 0.005), (0.1, 0, 0.42 * sign, 0.9)
            )
        )
    return [
        *parts,
        solid("ellipsoid", (h * 0.90, r, r)),
        solid("capsule", (0.006, h * 0.76), quaternion=ALONG_X, density=0.1),
    ]


class Banana(NamedTuple):
    """Length, radius, bow, how far the bow's middle lies beside the middle (share); fingers, edges, stalk."""

    length: float
    radius: float
    bow: float
    skew: float = 0.0
    fingers: int = 1
    edges: int = 7
    stalk: float = 0.08
    blunt: float = 0.26


BANANAS = {
    "hooked": Banana(0.165, 0.0160, 0.040, 0.45),
    "crescent": Banana(0.150, 0.0155, 0.060),
    "angular": Banana(0.175, 0.0175, 0.030, 0.1, 1, 5),
    "smooth": Banana(0.160, 0.0170, 0.034, -0.1, 1, 14, 0.10),
    "stubby": Banana(0.110, 0.0185, 0.020, 0.0, 1, 7, 0.12, 0.4),
    "long_stalk": Banana(0.185, 0.0155, 0.036, 0.2, 1, 7, 0.22),
    "bunch": Banana(0.140, 0.0135, 0.030, 0.1, 3, 7),
    "plantain": Banana(0.205, 0.0185, 0.022, 0.25, 1, 5, 0.14, 0.2),
    "baby_pair": Banana(0.100, 0.0140, 0.020, 0.1, 2, 8),
    "slim": Banana(0.180, 0.0130, 0.044, -0.2, 1, 6),
}


def banana(row: Banana, paint: Paint) -> list[Part]:
    """A banana lying on its side, curved in the xy plane; or some that hang together."""
    if row.fingers == 1:
        return _finger(row, paint)
    parts: list[Part] = []
    spread = np.linspace(-1, 1, row.fingers) * (row.fingers - 1) / 2
    for k in spread:
        shift = (0.004 * abs(k), 1.72 * row.radius * k, 0.0)
        parts += rotated(
            _finger(row._replace(length=row.length * (1 - 0.05 * abs(k))), paint), about("z", -7.0 * k), shift
        )
    end = (row.length / 2 - 0.004, 0.6 * row.bow, 0.0)
    parts.append(painted("ellipsoid", (0.010, 0.012 * row.fingers**0.5, 0.006), STEM, end))
    return parts


def _finger(row: Banana, paint: Paint) -> list[Part]:
    t = np.linspace(-1, 1, 19)
    bend = (t - row.skew * (1 - t**2)) ** 2 - 0.4
    path = np.stack([t * row.length / 2, row.bow * bend, np.zeros(19)], 1)
    stem = 1 - 2 * row.stalk
    radii = row.radius * np.interp(
        t,
        [-1, -0.92, -0.8, -0.5, 0.5, max(stem - 0.12, 0.55), stem, 1],
        [row.blunt, 0.36, 0.66, 0.95, 0.95, 0.66, 0.36, 0.26],
    )
    points = [tuple(p) for p in path]
    parts = [
        skin(sweep(points, radii, row.edges), paint.main, gloss=0.35),
        skin(sweep(points[:2], radii[:2] * 1.05, row.edges), (0.20, 0.15, 0.08, 1.0)),
        skin(sweep(points[-2:], radii[-2:] * 1.05, row.edges), STEM),
    ]
    knots = [path[k] for k in (2, 7, 11, 15)]
    parts += [rod(a, b, row.radius * s) for a, b, s in zip(knots, knots[1:], (0.86, 0.95, 0.80), strict=False)]
    return parts
