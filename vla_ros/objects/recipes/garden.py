# SPDX-License-Identifier: Apache-2.0
"""Corn, cucumbers, potatoes, onions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, blob, laid, shape_of, stack, tube, turned
from vla_ros.objects.shapes import smooth, sweep
from vla_ros.objects.solids import painted, rod, skin, solid

LEAF, STEM, PALE = (0.22, 0.50, 0.16, 1.0), (0.30, 0.42, 0.14, 1.0), (0.86, 0.88, 0.62, 1.0)


def foot(place: Sequence[float] | np.ndarray, long: float, wide: float, low: float) -> Part:
    """Return a flat piece below, at a height −low [m]: a curved body lies on a side of its own."""
    return solid("box", (long, wide, 0.002), (place[0], place[1], -low + 0.002), density=0.3)


# Length and radius of the ear, how far husks cover it (share), rows of grains.
CORNS = {
    "ear": (0.160, 0.0215, 0.0, 12),
    "baby": (0.110, 0.0125, 0.0, 8),
    "husked": (0.165, 0.0215, 0.45, 12),
    "short": (0.105, 0.0235, 0.0, 14),
    "stalked": (0.150, 0.0200, 0.20, 12),
    "half": (0.085, 0.0225, 0.0, 12),
    "pointed": (0.170, 0.0230, 0.0, 10),
    "wrapped": (0.160, 0.0225, 0.70, 12),
    "long": (0.195, 0.0205, 0.0, 12),
    "plump": (0.125, 0.0270, 0.0, 16),
    "tapered": (0.140, 0.0225, 0.0, 12),
    "mini_husked": (0.120, 0.0150, 0.35, 8),
    "popcorn": (0.095, 0.0185, 0.0, 14),
    "peeled_back": (0.150, 0.0220, 0.25, 12),
    "blunt": (0.145, 0.0225, 0.0, 14),
    "slim": (0.175, 0.0165, 0.0, 10),
    "end_piece": (0.062, 0.0240, 0.0, 12),
    "half_wrapped": (0.145, 0.0240, 0.55, 14),
}


def corn(shape: str, paint: Paint) -> list[Part]:
    """An ear of corn along x, its tip at +x."""
    length, radius, husk, rows = CORNS[shape]
    h = length / 2
    taper = {
        "pointed": 0.35,
        "half": 0.98,
        "baby": 0.5,
        "tapered": 0.26,
        "popcorn": 0.45,
        "blunt": 0.88,
        "end_piece": 0.96,
        "slim": 0.5,
    }.get(shape, 0.62)
    outline = smooth(
        [
            (radius * 0.72, -h),
            (radius, -h * 0.62),
            (radius * 0.98, h * 0.05),
            (radius * taper, h * 0.80),
            (radius * taper * 0.5, h),
        ],
        18,
    )
    core = turned([(0, -h), *outline, (0, h)], shade(paint.main, 0.72), 0.3)
    parts: list[Part] = [core]
    heights = np.arange(-h + 0.006, h - 0.003, 0.0068)
    for k in range(rows):  # rows of grains, each a string of beads
        a = 2 * np.pi * k / rows
        for z in heights + (0.0034 if k % 2 else 0.0):
            r = float(np.interp(z, [p[1] for p in outline], [p[0] for p in outline]))
            if z < -h + 2 * h * husk - 0.01:
                continue
            size = min(0.0042, 1.05 * np.pi * r / rows)
            parts.append(
                painted(
                    "sphere", (size,), paint.main, ((r - 0.0012) * np.cos(a), (r - 0.0012) * np.sin(a), z), gloss=0.7
                )
            )
    if husk:
        top = -h + 2 * h * husk
        parts.append(
            turned(
                smooth(
                    [
                        (radius * 0.5, -h - 0.004),
                        (radius * 1.08, -h * 0.6),
                        (radius * 1.12, top - 0.012),
                        (radius * 1.02, top),
                    ],
                    12,
                ),
                (0.55, 0.68, 0.30, 1.0),
                0.1,
                sides=9,
            )
        )
        for k in range(5):
            a = 2 * np.pi * k / 5 + 0.3
            c, s = np.cos(a), np.sin(a)
            out = 2.1 if shape == "peeled_back" else 1.5 if husk < 0.6 else 1.15
            leaf = [
                (radius * c, radius * s, top - 0.020),
                (radius * 1.15 * c, radius * 1.15 * s, top + 0.010),
                (radius * out * c, radius * out * s, top + 0.032),
            ]
            parts.append(
                tube(leaf, (0.011, 0.010, 0.0015), (0.60, 0.72, 0.34, 1.0), 8, flatness=0.22, normal=(-s, c, 0.01))
            )
    if shape in ("stalked", "husked", "wrapped", "peeled_back", "half_wrapped", "mini_husked"):
        parts.append(turned([(0.0075, -h - 0.020), (0.0085, -h)], (0.60, 0.68, 0.38, 1.0), 0.2))
        parts.append(solid("cylinder", (0.0075, 0.010), (0, 0, -h - 0.010), density=0.5))
    if shape in ("half", "end_piece"):
        parts += [
            painted("cylinder", (radius * 0.9, 0.0006), PALE, (0, 0, h)),
            painted("cylinder", (radius * 0.4, 0.0010), (0.78, 0.66, 0.42, 1.0), (0, 0, h)),
        ]
    return laid([*parts, *stack(outline, (-h, -h * 0.2, h * 0.5, h), share=1.06 if not husk else 1.10)])


# Length, radius [m], bow, and what it is like.
CUCUMBERS = {
    "classic": (0.185, 0.0200, 0.006, "smooth"),
    "gherkin": (0.085, 0.0160, 0.004, "warty"),
    "curved": (0.170, 0.0185, 0.030, "smooth"),
    "snack": (0.120, 0.0165, 0.0, "smooth"),
    "thick": (0.150, 0.0260, 0.0, "smooth"),
    "spiny": (0.150, 0.0210, 0.010, "warty"),
    "cut": (0.110, 0.0215, 0.0, "cut"),
    "snake": (0.205, 0.0140, 0.040, "smooth"),
}


def cucumber(shape: str, paint: Paint) -> list[Part]:
    """A cucumber along x."""
    length, radius, sag, kind = CUCUMBERS[shape]
    t = np.linspace(-1, 1, 20)
    path = np.stack([t * length / 2, sag * (t**2 - 0.4), np.zeros(20)], 1)
    course = np.interp(np.abs(t), [0.5, 0.82, 0.95, 1.0], [1.0, 0.90, 0.62, 0.30])
    if kind == "cut":
        course = np.where(t > 0, 1.0, course)
    radii = radius * course
    points = [tuple(p) for p in path]
    parts = [skin(sweep(points, radii, 18), paint.main, gloss=0.5)]
    for k in range(7):  # paler lines along it
        a = k * 2 * np.pi / 7 + 0.2
        line = [
            (x, y + 0.985 * r * np.cos(a), 0.985 * r * np.sin(a))
            for (x, y, _), r in zip(points[3:17], radii[3:17], strict=True)
        ]
        parts.append(skin(sweep(line, [0.0011] * len(line), 5), shade(paint.main, 1.25)))
    if kind == "warty":
        rng = np.random.default_rng(7)
        for at, a in zip(rng.integers(2, 18, 46), rng.uniform(0, 2 * np.pi, 46), strict=True):
            x, y, _ = points[at]
            parts.append(
                painted(
                    "sphere",
                    (0.0019,),
                    shade(paint.main, 0.75),
                    (x + rng.uniform(-0.004, 0.004), y + radii[at] * np.cos(a), radii[at] * np.sin(a)),
                )
            )
    if kind == "cut":
        parts += [
            painted(
                "cylinder",
                (radius * 0.97, 0.0008),
                PALE,
                (length / 2, points[-1][1], 0),
                (0, np.sqrt(0.5), 0, np.sqrt(0.5)),
            )
        ]
        for k in range(6):
            a = k * np.pi / 3
            parts.append(
                painted(
                    "ellipsoid",
                    (0.0009, 0.0036, 0.0016),
                    (0.93, 0.94, 0.80, 1.0),
                    (length / 2 + 0.0004, points[-1][1] + 0.009 * np.cos(a), 0.009 * np.sin(a)),
                    about("x", np.degrees(a)),
                )
            )
    else:
        parts.append(
            tube([points[-1], tuple((path[-1] + np.array((0.010, 0.002, 0.0))).tolist())], (0.0035, 0.0028), STEM, 6)
        )
    cuts = [1, 7, 12, 18 if kind != "cut" else 19]
    for a, b in itertools.pairwise(cuts):
        form = "cylinder" if kind == "cut" and b == 19 else "capsule"
        parts.append(rod(path[a], path[b], float(radii[a : b + 1].mean()) * 0.98, form))
    lowest = max(part.size[0] for part in parts if part.collide)
    return [*parts, foot((0.0, -0.4 * sag, 0.0), length * 0.20, radius * 0.45, lowest)]


# Half axes [m]; lumps as (x, y, z, radius) shares of the first.
POTATOES = {
    "oval": ((0.044, 0.031, 0.026), ()),
    "long": ((0.060, 0.026, 0.023), ()),
    "round": ((0.033, 0.032, 0.028), ()),
    "knobbly": ((0.042, 0.028, 0.026), ((0.62, 0.42, 0.0, 0.42), (-0.55, -0.40, 0.1, 0.40))),
    "kidney": ((0.050, 0.024, 0.023), ()),
    "flat": ((0.047, 0.029, 0.0240), ()),
    "twin": ((0.030, 0.026, 0.024), ((1.15, 0.25, 0.0, 0.72),)),
    "peanut": ((0.052, 0.027, 0.025), ()),
    "egg": ((0.040, 0.029, 0.0270), ((0.22, 0.0, 0.0, 0.70),)),
    "new": ((0.026, 0.023, 0.0210), ()),
    "fingerling": ((0.056, 0.0165, 0.0155), ()),
    "baking": ((0.060, 0.033, 0.0290), ()),
    "nosed": ((0.041, 0.029, 0.0260), ((0.92, 0.10, 0.0, 0.42),)),
    "heart": ((0.036, 0.026, 0.0240), ((0.42, 0.30, 0.0, 0.60), (0.42, -0.30, 0.0, 0.60))),
    "three_knobs": (
        (0.038, 0.027, 0.0250),
        ((0.66, 0.28, 0.0, 0.38), (-0.68, 0.24, 0.0, 0.40), (0.05, -0.46, 0.0, 0.38)),
    ),
    "tapered": ((0.046, 0.027, 0.0245), ((-0.42, 0.0, 0.0, 0.60),)),
    "bent": ((0.054, 0.021, 0.0205), ()),
    "squarish": ((0.038, 0.033, 0.0280), ((0.42, 0.36, 0.0, 0.52), (-0.42, -0.36, 0.0, 0.52))),
}


def potato(shape: str, paint: Paint) -> list[Part]:
    """A potato lying on its flattest side."""
    (a, b, c), lumps = POTATOES[shape]
    body = blob((a, b, c), paint.main, gloss=0.15)
    vertices = shape_of(body)
    rng = np.random.default_rng(len(shape) * 7)
    waves = rng.uniform(-1, 1, (4, 3)) * 70
    vertices *= (1 + 0.025 * np.sin(vertices @ waves.T).sum(axis=1))[:, None]
    if shape in ("kidney", "bent"):
        vertices[:, 1] += 0.016 * (vertices[:, 0] / a) ** 2 - 0.006
    elif shape == "peanut":
        vertices[:, 1:] *= (1 - 0.24 * np.exp(-((vertices[:, 0] / 0.016) ** 2)))[:, None]
    parts: list[Part] = [body]
    for x, y, z, size in lumps:
        parts += [
            blob((size * a, size * a * 0.95, size * a * 0.88), paint.main, (x * a, y * a, z * a), 0.15),
            solid("sphere", (size * a * 0.9,), (x * a, y * a, 0)),
        ]
    for _ in range(11):  # eyes
        u, v = rng.normal(size=3), 0.98
        u /= np.linalg.norm(u)
        u[2] = abs(u[2])
        if shape in ("kidney", "bent", "peanut"):
            v = 0.93
        parts.append(painted("ellipsoid", (0.0026, 0.0016, 0.0012), shade(paint.main, 0.55), tuple(u * (a, b, c) * v)))
    if shape in ("kidney", "bent"):
        bow = 0.006
        return [
            *parts,
            rod((-a * 0.62, bow, 0), (0, -bow * 0.5, 0), c * 0.98),
            rod((0, -bow * 0.5, 0), (a * 0.62, bow, 0), c * 0.98),
            solid("box", (a * 0.5, b * 0.5, 0.004), (0, 0, -c + 0.004), density=0.3),
        ]
    if shape == "peanut":
        return [
            *parts,
            solid("ellipsoid", (a * 0.52, b, c), (a * 0.46, 0, 0)),
            solid("ellipsoid", (a * 0.52, b, c), (-a * 0.46, 0, 0)),
            solid("box", (a * 0.5, b * 0.5, 0.004), (0, 0, -c + 0.0045), density=0.3),
        ]
    return [
        *parts,
        solid("ellipsoid", (a, b, c)),
        solid("box", (a * 0.42, b * 0.42, 0.003), (0, 0, -c + 0.0035), density=0.3),
    ]


# Radius, half height of the bulb, length of what grows out of it [m].
ONIONS = {
    "round": (0.033, 0.029, 0.014),
    "flat": (0.036, 0.022, 0.010),
    "torpedo": (0.026, 0.042, 0.016),
    "sprouting": (0.031, 0.027, 0.060),
    "pearl": (0.020, 0.018, 0.008),
    "shallot": (0.021, 0.030, 0.026),
    "halved": (0.034, 0.028, 0.012),
    "spring": (0.0165, 0.020, 0.110),
    "globe": (0.0335, 0.0280, 0.022),
    "onion_dome": (0.031, 0.033, 0.024),
    "cipollini": (0.0300, 0.0165, 0.008),
    "spindle": (0.0225, 0.038, 0.020),
    "leek_like": (0.0190, 0.030, 0.080),
    "long_neck": (0.0290, 0.027, 0.044),
    "large_flat": (0.0355, 0.026, 0.020),
    "tiny": (0.0165, 0.0145, 0.012),
    "sprout": (0.0265, 0.0230, 0.052),
    "egg": (0.0260, 0.032, 0.012),
}


def onion(shape: str, paint: Paint) -> list[Part]:
    """An onion: a bulb with its neck at +z, roots below."""
    radius, h, grown = ONIONS[shape]
    base = 0.10 if shape == "halved" else 0.28
    knots = [
        (radius * base, -h),
        (radius * 0.82, -h * 0.62),
        (radius, -h * 0.05),
        (radius * 0.66, h * 0.60),
        (0.0065, h * 1.02),
        (0.0045, h + 0.006),
    ]
    outline = smooth(knots, 22)
    parts: list[Part] = [turned([(0, -h), *outline], paint.main, 0.5, sides=32)]
    for k in range(12):  # lines of the skin
        a = k * np.pi / 6
        line = [(r * 0.998 * np.cos(a), r * 0.998 * np.sin(a), z) for r, z in outline[2:-1:2]]
        parts.append(tube(line, 0.0006, shade(paint.main, 0.75), 12, normal=(-np.sin(a), np.cos(a), 0)))
    if shape in ("sprouting", "spring", "leek_like", "sprout"):
        for x, y in (
            ((0, 0), (0.012, 0.006), (-0.010, 0.008))
            if shape in ("sprouting", "sprout")
            else ((0.010, 0), (-0.010, 0.004), (0.002, -0.010))
        ):
            parts.append(
                tube(
                    [(0, 0, h), (x * 0.5, y * 0.5, h + grown * 0.6), (x * 1.6, y * 1.6, h + grown)],
                    (0.0048, 0.0042, 0.0012),
                    LEAF,
                    10,
                    normal=(0, 1, 0),
                )
            )
        parts.append(solid("cylinder", (0.0055, grown * 0.42), (0, 0, h + grown * 0.42), density=0.2))
    else:
        parts.append(
            tube(
                [(0, 0, h), (0.001, 0, h + grown * 0.5), (0.005, 0.003, h + grown)],
                (0.0050, 0.0040, 0.0062),
                shade(paint.main, 0.85),
                8,
                normal=(0, 1, 0),
            )
        )
        parts.append(
            solid(
                "cylinder",
                (0.0055, (h * 0.4 + grown * 0.8) / 2),
                (0, 0, h * 0.6 + (h * 0.4 + grown * 0.8) / 2),
                density=0.3,
            )
        )
    for k in range(9):
        a = k * 2.4
        parts.append(
            tube(
                [
                    (0.002 * np.cos(a), 0.002 * np.sin(a), -h + 0.002),
                    (0.007 * np.cos(a), 0.007 * np.sin(a), -h - 0.0005),
                ],
                0.0007,
                PALE,
                4,
            )
        )
    if shape == "halved":
        # Cut across: rings.
        half: list[Part] = []
        for k, share in enumerate((1.0, 0.78, 0.56, 0.34)):
            tone = FLESH_RING if k % 2 else WHITE_RING
            half.append(painted("ellipsoid", (radius * share, radius * share, 0.0007 + 0.0004 * k), tone, (0, 0, 0.0)))
        dome = blob((radius, radius, radius * 0.9), paint.main, gloss=0.5)
        shape_of(dome)[:, 2] = np.minimum(shape_of(dome)[:, 2], 0.0)
        half += [
            dome,
            tube(
                [(radius * 0.9, 0, -0.004), (radius + 0.012, 0.002, -0.003)],
                (0.0045, 0.0055),
                shade(paint.main, 0.85),
                6,
            ),
        ]
        half += [
            solid("ellipsoid", (radius, radius, radius * 0.60), (0, 0, -radius * 0.42)),
            solid("cylinder", (radius * 0.98, 0.0035), (0, 0, -0.0035)),
        ]
        return half
    return [
        *parts,
        solid("ellipsoid", (radius, radius, h), (0, 0, 0)),
        solid("cylinder", (radius * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.4),
    ]


FLESH_RING, WHITE_RING = (0.90, 0.82, 0.88, 1.0), (0.97, 0.95, 0.93, 1.0)
