# SPDX-License-Identifier: Apache-2.0
"""Toy airplanes and rockets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.paint import Paint
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, plate, stack, tube, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, solid

# Length and width [m], where the wings sit (share), sweep, kind.
AIRPLANES = {
    "liner": (0.150, 0.150, 0.02, 0.045, "low"),
    "biplane": (0.110, 0.130, 0.20, 0.0, "double"),
    "jet": (0.145, 0.100, -0.20, 0.050, "delta"),
    "glider": (0.120, 0.190, 0.10, 0.008, "high"),
    "prop": (0.115, 0.140, 0.14, 0.0, "low"),
    "cargo": (0.130, 0.150, 0.06, 0.015, "high"),
    "sea": (0.120, 0.140, 0.10, 0.0, "floats"),
    "concorde": (0.170, 0.085, -0.15, 0.070, "delta"),
}


def airplane(shape: str, paint: Paint) -> list[Part]:
    """A toy airplane, nose at +x."""
    length, span, at, swept, kind = AIRPLANES[shape]
    h, half = length / 2, span / 2
    fat = {
        "liner": 0.0115,
        "biplane": 0.0125,
        "jet": 0.0085,
        "glider": 0.0075,
        "prop": 0.0120,
        "cargo": 0.0165,
        "sea": 0.0120,
        "concorde": 0.0080,
    }[shape]
    nose = 0.25 if kind != "delta" else 0.08
    parts = [
        tube(
            [(-h, 0, fat * 0.5), (-h * 0.5, 0, 0.001), (h * 0.4, 0, 0), (h, 0, -0.001)],
            (fat * 0.28, fat * 0.80, fat, fat, fat * 0.95, fat * nose),
            paint.main,
            22,
            0.8,
        )
    ]
    chord = {"delta": 0.050, "high": 0.022, "double": 0.026}.get(kind, 0.026)
    root = at * h
    wing = [
        (root + chord * 0.5, 0.0),
        (root + chord * 0.3 - swept, half),
        (root - chord * 0.25 - swept, half),
        (root - chord * 0.6, 0.0),
        (root - chord * 0.25 - swept, -half),
        (root + chord * 0.3 - swept, -half),
    ]
    if kind == "delta":
        wing = [
            (root + chord * 1.1, 0.0),
            (root - chord * 0.55, half),
            (root - chord * 0.8, half),
            (root - chord * 0.7, 0),
            (root - chord * 0.8, -half),
            (root - chord * 0.55, -half),
        ]
    levels = {
        "low": (-fat * 0.35,),
        "high": (fat * 0.85,),
        "double": (-fat * 0.6, fat * 1.55),
        "delta": (-fat * 0.2,),
        "floats": (fat * 0.85,),
    }[kind]
    for z in levels:
        parts.append(plate(_filled(wing), 0.0026, paint.accent if kind == "double" and z > 0 else paint.main, 0.6, z))
    if kind == "double":
        for side in (-1, 1):
            for dx in (-0.006, 0.008):
                parts.append(
                    tube(
                        [(root + dx, side * half * 0.62, levels[0]), (root + dx, side * half * 0.62, levels[1])],
                        0.0012,
                        paint.wood,
                        4,
                        normal=(1, 0, 0),
                    )
                )
    tail = [
        (-h + 0.016, 0.0),
        (-h + 0.004, half * 0.32),
        (-h - 0.006, half * 0.32),
        (-h, 0.0),
        (-h - 0.006, -half * 0.32),
        (-h + 0.004, -half * 0.32),
    ]
    if kind != "delta":
        parts.append(plate(_filled(tail), 0.0020, paint.main, 0.6, fat * 0.5))
    fin = plate(
        [
            (-h + 0.024, fat * 0.3),
            (-h - 0.002, fat * 0.3),
            (-h - 0.004, fat * 0.5 + 0.024),
            (-h + 0.006, fat * 0.5 + 0.024),
        ],
        0.0018,
        paint.accent,
        0.6,
    )
    parts.append(Part("mesh", (), (0, 0, 0), about("x", 90), fin.rgba, None, fin.mesh, False, gloss=0.6))
    if shape in ("biplane", "prop", "sea"):  # a propeller
        parts += [
            painted("sphere", (0.0045,), paint.dark, (h + 0.001, 0, 0)),
            bar((0.0010, 0.0030, 0.022), paint.wood, (h + 0.002, 0, 0), 0.0008, about("x", 35)),
        ]
    if shape in ("liner", "cargo"):
        for side in (-1, 1):
            for k in (0.38,) if shape == "liner" else (0.32, 0.62):
                parts.append(
                    painted(
                        "capsule",
                        (0.0052, 0.008),
                        paint.accent,
                        (root + 0.008 - swept * k, side * half * k, levels[0] - 0.006),
                        ALONG_X,
                    )
                )
    if shape in ("biplane", "jet", "glider", "prop", "sea"):
        parts.append(painted("ellipsoid", (0.014, fat * 0.62, fat * 0.6), GLASS, (h * 0.28, 0, fat * 0.72), gloss=1.0))
    else:
        parts.append(painted("ellipsoid", (0.006, fat * 0.7, fat * 0.3), GLASS, (h * 0.80, 0, fat * 0.42), gloss=1.0))
        for x in np.linspace(-0.5, 0.55, 9) * h:
            for side in (-1, 1):
                parts.append(painted("cylinder", (0.0016, 0.0008), GLASS, (x, side * fat * 0.965, fat * 0.22), ALONG_Y))
    low = -fat - 0.006
    feet = [(h * 0.55, 0.0), (root - 0.012, 0.022), (root - 0.012, -0.022)]
    if kind == "floats":
        for side in (-1, 1):
            parts += [
                painted("capsule", (0.0062, 0.034), paint.accent, (0.010, side * 0.024, low - 0.003), ALONG_X),
                tube(
                    [(0.01, side * 0.024, low), (0.01, side * 0.008, -0.004)], 0.0013, paint.steel, 4, normal=(1, 0, 0)
                ),
            ]
    else:
        for x, y in feet:
            parts += [
                painted("cylinder", (0.0052, 0.0022), paint.dark, (x, y, low + 0.001), ALONG_Y),
                tube([(x, y, low + 0.004), (x, y * 0.6, -fat * 0.2)], 0.0012, paint.steel, 4, normal=(1, 0, 0)),
            ]
    mean = chord * 0.42
    parts += [rod((-h * 0.80, 0, 0.002), (h * 0.82, 0, 0), fat * 0.92)]
    parts.append(
        solid(
            "box",
            (mean + swept * 0.45, half * 0.96, 0.0028),
            (root - swept * 0.45 if kind != "delta" else root - chord * 0.3, 0, levels[-1]),
            density=0.5,
        )
    )
    parts.append(
        solid(
            "box",
            (max(h * 0.42, 0.03), 0.026 if kind != "floats" else 0.028, 0.0035),
            (root * 0.5 + 0.006, 0, low - 0.0005 if kind != "floats" else low - 0.0055),
            density=0.6,
        )
    )
    return parts


def _filled(outline: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return an outline with points between its corners."""
    ends = [*outline[1:], outline[0]]
    return [
        (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
        for a, b in zip(outline, ends, strict=True)
        for t in (0.0, 0.34, 0.67)
    ]


# Radius, height [m], fins, and what it is like.
ROCKETS = {
    "classic": (0.0185, 0.125, 3, "ogive"),
    "stout": (0.0250, 0.100, 4, "ogive"),
    "slim": (0.0130, 0.150, 4, "cone"),
    "moon": (0.0230, 0.115, 3, "bulge"),
    "boosted": (0.0155, 0.135, 0, "boosters"),
    "capsule": (0.0200, 0.115, 4, "capsule"),
    "shuttle": (0.0165, 0.120, 2, "ogive"),
    "stepped": (0.0215, 0.140, 4, "steps"),
}


def rocket(shape: str, paint: Paint) -> list[Part]:
    """A toy rocket standing on its fins, or lying."""
    radius, height, fins, kind = ROCKETS[shape]
    h = height / 2
    body = {
        "ogive": [
            (radius * 0.72, -h + 0.008),
            (radius, -h * 0.45),
            (radius, h * 0.15),
            (radius * 0.62, h * 0.68),
            (0.0005, h),
        ],
        "cone": [(radius, -h + 0.006), (radius, -h * 0.3), (radius, h * 0.55), (radius * 0.5, h * 0.80), (0.0005, h)],
        "bulge": [
            (radius * 0.45, -h + 0.012),
            (radius * 0.95, -h * 0.40),
            (radius, h * 0.05),
            (radius * 0.55, h * 0.66),
            (0.0005, h),
        ],
        "boosters": [
            (radius, -h + 0.004),
            (radius, -h * 0.3),
            (radius, h * 0.45),
            (radius * 0.62, h * 0.75),
            (0.0005, h),
        ],
        "capsule": [
            (radius, -h + 0.006),
            (radius, h * 0.30),
            (radius * 0.55, h * 0.62),
            (radius * 0.50, h * 0.66),
            (0.0005, h),
        ],
        "steps": [
            (radius, -h + 0.006),
            (radius, -h * 0.12),
            (radius * 0.70, -h * 0.02),
            (radius * 0.70, h * 0.48),
            (radius * 0.42, h * 0.56),
            (radius * 0.42, h * 0.82),
            (0.0005, h),
        ],
    }[kind]
    sharp = kind in ("cone", "capsule", "steps")
    outline = body if sharp else smooth(body, 24)
    parts: list[Part] = [turned([(0, outline[0][1]), *outline], paint.main, 0.8)]
    nose = [(r + 0.0006, z) for r, z in (outline if not sharp else smooth_line(outline)) if z > h * 0.55]
    parts.append(turned(nose, paint.accent, 0.8))
    z = h * 0.18 if kind != "steps" else h * 0.22
    r = float(np.interp(z, [p[1] for p in outline], [p[0] for p in outline]))
    for a in (0.0, np.pi):
        quat = ALONG_X
        parts += [
            painted(
                "cylinder", (min(r * 0.42, 0.0085), 0.0016), paint.steel, ((r - 0.0006) * np.cos(a), 0, z), quat, 1.0
            ),
            painted("cylinder", (min(r * 0.30, 0.006), 0.0022), GLASS, ((r - 0.0006) * np.cos(a), 0, z), quat, 1.0),
        ]
    parts.append(turned([(radius * 0.62, -h), (radius * 0.42, -h + 0.012)], paint.dark))
    band = float(np.interp(-h * 0.35, [p[1] for p in outline], [p[0] for p in outline]))
    parts.append(turned([(band + 0.0005, -h * 0.42), (band + 0.0005, -h * 0.30)], paint.accent))
    out = radius * (1.15 if kind != "bulge" else 1.0)
    for k in range(fins):
        a = 2 * np.pi * k / fins + (np.pi / 2 if fins == 2 else 0.5)
        fin = plate(
            [
                (radius * 0.55, -h * 0.25),
                (radius * 0.55, -h * 0.85),
                (radius * 0.8 + out, -h),
                (radius * 0.8 + out, -h * 0.72),
            ],
            0.0020,
            paint.accent,
            0.6,
        )
        turn = np.array(about("z", np.degrees(a)))
        quat = (Rotation.from_quat(turn) * Rotation.from_euler("x", 90, degrees=True)).as_quat()
        parts.append(Part("mesh", (), (0, 0, 0), tuple(quat.tolist()), fin.rgba, None, fin.mesh, False, gloss=0.6))
    if kind == "boosters":
        for a in (0, np.pi / 2, np.pi, 3 * np.pi / 2):
            at = (radius * 1.62 * np.cos(a), radius * 1.62 * np.sin(a), -h * 0.45)
            parts += [
                Part(
                    "mesh",
                    (),
                    at,
                    (0, 0, 0, 1),
                    paint.accent,
                    None,
                    lathe(smooth([(0.0105, -h * 0.52), (0.0105, h * 0.2), (0.006, h * 0.42), (0.0, h * 0.52)], 12)),
                    False,
                    gloss=0.8,
                )
            ]
        parts.append(solid("box", (radius * 1.62 + 0.009, radius * 0.6, h * 0.45), (0, 0, -h * 0.50), density=0.6))
        parts.append(solid("box", (radius * 0.6, radius * 1.62 + 0.009, h * 0.45), (0, 0, -h * 0.50), density=0.6))
    parts += stack(outline, (outline[0][1], -h * 0.1, h * 0.5, h * 0.93))
    foot = radius * 0.8 + out if fins else radius
    parts.append(solid("cylinder", (foot * 0.80, 0.006), (0, 0, -h + 0.006), density=2.0))
    return parts


def smooth_line(outline: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return an outline with points between its corners."""
    return [
        (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
        for a, b in itertools.pairwise(outline)
        for t in (0.0, 0.25, 0.5, 0.75)
    ] + [outline[-1]]
