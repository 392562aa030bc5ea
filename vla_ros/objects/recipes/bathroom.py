# SPDX-License-Identifier: Apache-2.0
"""Further sponges; soaps, candles."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import WHITE, bar, blob, plate, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, smooth, transformed
from vla_ros.objects.solids import painted, skin, solid

SPONGES = ("round", "wavy", "oval", "wedge", "bath")


def porous(paint: Paint, seed: int) -> np.ndarray:
    """Return a face with pores: (96, 96, 3) uint8."""
    spots = np.random.default_rng(seed).random((48, 48)).repeat(2, 0).repeat(2, 1)
    grain = np.where(spots > 0.16, 1.0, 0.5)
    base = paint.picture(96, 96) / 255 if paint.decoration != "plain" else np.asarray(paint.main[:3])
    return (np.clip(grain[..., None] * base, 0, 1) * 255).astype(np.uint8)


def sponge(shape: str, paint: Paint) -> list[Part]:
    """A sponge lying flat, with a scouring side below where it has one."""
    scour: Rgba = (0.10, 0.30, 0.14, 1.0) if paint.color != "green" else (0.55, 0.12, 0.12, 1.0)
    texture = porous(paint, len(shape))
    if shape in ("round", "bath"):
        radius, h = (0.036, 0.013) if shape == "round" else (0.0375, 0.0175)
        edge = 0.007
        outline = [
            (0, -h),
            (radius - edge, -h),
            *[(radius - edge + edge * np.cos(a), -h + edge + edge * np.sin(a)) for a in np.linspace(-np.pi / 2, 0, 5)][
                1:
            ],
            *[(radius - edge + edge * np.cos(a), h - edge + edge * np.sin(a)) for a in np.linspace(0, np.pi / 2, 5)],
            (0, h),
        ]
        parts = [turned(outline, WHITE, 0.0, texture)]
        if shape == "round":
            parts.append(
                turned([(0, -h - 0.005), (radius * 0.98, -h - 0.005), (radius * 0.98, -h), (0, -h)], scour, 0.0)
            )
            return [*parts, solid("cylinder", (radius, h + 0.0025), (0, 0, -0.0025))]
        loop = [
            (0.012 * np.cos(a), radius + 0.008 + 0.012 * np.sin(a), 0) for a in np.linspace(-np.pi / 2, 1.5 * np.pi, 13)
        ]
        return [*parts, tube(loop, 0.0018, paint.accent, 25), solid("cylinder", (radius * 0.97, h))]
    if shape == "wedge":
        a, b, c = 0.046, 0.030, 0.020
        body = rounded_box((a, b, c), 0.004)
        slope = 1 - 0.38 * (1 - body.vertices[:, 0] / a) / 2
        vertices = body.vertices.copy()
        vertices[:, 2] = (vertices[:, 2] + c) * slope - c
        return [
            skin(Mesh(vertices, body.faces, body.uv), WHITE, texture, gloss=0.0),
            bar((a * 0.99, b * 0.99, 0.0035), scour, (0, 0, -c - 0.003), 0.001, gloss=0.0),
            solid("box", (a / 2, b, c * 0.88), (a / 2, 0, -c * 0.12)),
            solid("box", (a / 2, b, c * 0.70), (-a / 2, 0, -c * 0.30)),
            solid("box", (a, b, 0.0035), (0, 0, -c - 0.003)),
        ]
    a, b, c = (0.050, 0.030, 0.015) if shape == "wavy" else (0.054, 0.033, 0.0155)
    if shape == "oval":
        disc = lathe([(0, -c), (0.92, -c), (1, -c * 0.6), (1, c * 0.6), (0.92, c), (0, c)], 36)
        parts = [
            skin(transformed(disc, (a, b, 1)), WHITE, texture, gloss=0.0),
            skin(
                transformed(disc, (a * 0.98, b * 0.98, 0.22)),
                scour,
                position=(0, 0, -c - 0.002),
                gloss=0.0,
            ),
        ]
        return [
            *parts,
            solid("box", (a * 0.72, b * 0.90, c + 0.002), (0, 0, -0.002)),
            solid("box", (a * 0.95, b * 0.48, c + 0.002), (0, 0, -0.002)),
        ]
    body = rounded_box((a, b, c), 0.005, 4)
    grid = []
    for k in range(12):  # ridges along it
        y = -b + (k + 0.5) * b / 6
        grid.append(bar((a * 0.98, b / 14, 0.0030), paint.main, (0, y, c), 0.002, gloss=0.0))
    return [skin(body, WHITE, texture, gloss=0.0), *grid, solid("box", (a, b, c + 0.001), (0, 0, 0.001))]


# Half axes [m] and what it is like.
SOAPS = {
    "bar": ((0.042, 0.027, 0.0140), "box"),
    "oval": ((0.044, 0.029, 0.0150), "oval"),
    "round": ((0.031, 0.031, 0.0130), "oval"),
    "waisted": ((0.046, 0.028, 0.0140), "waisted"),
    "guest": ((0.026, 0.020, 0.0110), "box"),
    "shell": ((0.034, 0.032, 0.0140), "shell"),
    "roped": ((0.036, 0.029, 0.0170), "rope"),
    "worn": ((0.043, 0.024, 0.0085), "worn"),
}


def soap(shape: str, paint: Paint) -> list[Part]:
    """A piece of soap lying flat, with a stamp on it."""
    (a, b, c), kind = SOAPS[shape]
    groove = shade(paint.main, 0.82)
    if kind == "shell":  # ribs that spread from a corner
        angle = np.linspace(-2.0, 2.0, 67)
        rim = 1 + 0.05 * np.cos(11 * np.pi * angle / 2.0)
        fan = [
            (a * (0.1 + 0.9 * r * np.cos(t * 0.86)), b * r * np.sin(t * 0.86)) for r, t in zip(rim, angle, strict=True)
        ]
        outline = [*fan, (-a * 0.62, b * 0.42), (-a * 0.94, b * 0.30), (-a * 0.94, -b * 0.30), (-a * 0.62, -b * 0.42)]
        parts = [
            plate(outline, c * 0.55, paint.main, 0.5, -c * 0.40),
            blob((a * 0.84, b * 0.84, c * 0.80), paint.main, (0.004, 0, 0.0), 0.5),
        ]
        for t in np.linspace(-1.2, 1.2, 9):
            ribs = [
                (-a * 0.78, 0, c * 0.16),
                (-a * 0.10, b * 0.42 * np.sin(t), c * 0.76),
                (a * (0.1 + 0.80 * np.cos(t)), b * 0.84 * np.sin(t), c * 0.12),
            ]
            parts.append(tube(ribs, 0.0022, groove, 10))
        return [*parts, solid("box", (a * 0.80, b * 0.72, c * 0.90), (0.002, 0, -c * 0.1))]
    if kind in ("box", "waisted", "worn"):
        body = rounded_box((a, b, c), min(0.008, c * 0.9), 4)
        vertices = body.vertices.copy()
        if kind == "waisted":
            vertices[:, 1] *= 1 - 0.24 * np.exp(-((vertices[:, 0] / 0.020) ** 2))
        elif kind == "worn":
            vertices[:, 2] += 0.0045 * (1 - (vertices[:, 0] / a) ** 2) * (vertices[:, 2] > 0)
        parts = [skin(Mesh(vertices, body.faces, body.uv), paint.main, gloss=0.6)]
        half_wide = b * (0.80 if kind == "waisted" else 1.0)
        solids = (
            [solid("box", (a, half_wide, c))]
            if kind != "worn"
            else [solid("box", (a, b, c)), solid("box", (a * 0.6, b * 0.96, 0.002), (0, 0, c + 0.0015), density=0.5)]
        )
    else:
        body = lathe(smooth([(0.0, -1.0), (0.72, -0.92), (1.0, 0.0), (0.72, 0.92), (0.0, 1.0)], 20), 36)
        parts = [skin(transformed(body, (a, b, c)), paint.main, gloss=0.6)]
        solids = [solid("ellipsoid", (a, b, c * 0.98)), solid("box", (a * 0.45, b * 0.45, c))]
    top = c - 0.0006 if kind != "worn" else c + 0.0042
    if kind == "rope":
        loop = [
            (-a * 0.9, 0, 0.0),
            (-a - 0.014, 0.010, 0.004),
            (-a - 0.030, 0.0, 0.0),
            (-a - 0.014, -0.012, 0.0),
            (-a * 0.9, 0, 0.0),
        ]
        parts.append(tube(loop, 0.0022, paint.pale if paint.color != "white" else paint.accent, 24))
    elif kind == "worn":
        parts += [
            tube(
                [(-a * 0.3, -0.004, top), (0, 0.002, top), (a * 0.35, 0.005, top - 0.001)],
                0.0007,
                shade(paint.main, 0.6),
                8,
            )
        ]
    else:
        ring = [(a * 0.62 * np.cos(t), b * 0.58 * np.sin(t), top) for t in np.linspace(0, 2 * np.pi, 17)]
        parts.append(tube(ring, 0.0010, groove, 33))
        for x in np.linspace(-a * 0.28, a * 0.28, 4):
            parts.append(
                bar((0.0024, 0.0042, 0.0007), groove, (x, 0, top + (0.0004 if kind != "oval" else 0.0006)), 0.0005)
            )
    return [*parts, *solids]


# Radius, height [m], and what it is like.
CANDLES = {
    "pillar": (0.0280, 0.090, "plain"),
    "stub": (0.0330, 0.050, "drips"),
    "dinner": (0.0110, 0.150, "taper"),
    "tea": (0.0200, 0.020, "cup"),
    "twisted": (0.0190, 0.120, "twist"),
    "ball": (0.0330, 0.060, "ball"),
    "chamber": (0.0120, 0.085, "holder"),
    "square": (0.0230, 0.080, "square"),
}


def candle(shape: str, paint: Paint) -> list[Part]:
    """A candle standing, with its wick."""
    radius, height, kind = CANDLES[shape]
    h = height / 2
    wax, pool = paint.main, shade(paint.main, 1.35)
    wick = tube(
        [(0, 0, h - 0.004), (0.0006, 0, h + 0.006), (0.003, 0, h + 0.011)], 0.0013, paint.dark, 8, normal=(0, 1, 0)
    )
    parts: list[Part] = [wick]
    if kind == "square":
        parts += [
            bar((radius, radius, h), wax, radius=0.003, gloss=0.5),
            painted("cylinder", (radius * 0.7, 0.0008), pool, (0, 0, h)),
            solid("box", (radius, radius, h)),
        ]
    elif kind == "ball":
        profile = smooth(
            [
                (radius * 0.40, -h),
                (radius * 0.86, -h * 0.55),
                (radius, 0),
                (radius * 0.80, h * 0.62),
                (radius * 0.42, h),
            ],
            20,
        )
        parts += [
            turned([(0, -h), *profile, (0, h - 0.002)], wax, 0.5),
            painted("cylinder", (radius * 0.36, 0.0008), pool, (0, 0, h - 0.001)),
            solid("sphere", (radius * 0.98,)),
            solid("cylinder", (radius * 0.44, 0.004), (0, 0, -h + 0.004)),
        ]
    elif kind == "twist":
        body = lathe(smooth([(radius, -h), (radius * 0.86, 0.0), (radius * 0.70, h)], 36), 36)
        around = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
        swell = 1 + 0.13 * np.cos(4 * around + 170 * body.vertices[:, 2])
        parts += [
            skin(
                Mesh(body.vertices * np.column_stack([swell, swell, np.ones_like(swell)]), body.faces, body.uv),
                wax,
                gloss=0.5,
            ),
            turned([(radius * 0.72, h - 0.001), (0, h)], pool),
            turned([(0, -h), (radius, -h)], wax),
        ]
        parts += stack([(radius, -h), (radius * 0.86, 0.0), (radius * 0.70, h)], (-h, 0.0, h), share=1.0)
    else:
        taper = 0.72 if kind == "taper" else 1.0
        parts += [
            turned(
                [
                    (0, -h),
                    (radius, -h),
                    (radius * taper, h - 0.002),
                    (radius * taper * 0.9, h),
                    (radius * 0.3, h - 0.003),
                    (0, h - 0.003),
                ],
                wax,
                0.5,
            )
        ]
        if kind in ("plain", "drips", "cup"):
            parts.append(painted("cylinder", (radius * 0.72, 0.0006), pool, (0, 0, h - 0.0020)))
        if kind == "drips":
            for a, low in ((0.2, 0.030), (1.3, 0.016), (2.4, 0.036), (3.6, 0.022), (4.4, 0.012), (5.4, 0.028)):
                x, y = radius * np.cos(a), radius * np.sin(a)
                parts.append(
                    tube(
                        [(x * 0.96, y * 0.96, h), (x, y, h - low * 0.5), (x, y, h - low)],
                        (0.0030, 0.0024, 0.0042),
                        wax,
                        8,
                        normal=(-np.sin(a), np.cos(a), 0),
                    )
                )
        if kind == "cup":
            parts.append(
                turned(
                    [(radius + 0.0006, -h), (radius + 0.0012, h - 0.003), (radius + 0.0018, h - 0.002)],
                    paint.steel,
                    1.0,
                    sides=40,
                )
            )
        if kind == "holder":
            parts += [
                turned(
                    [
                        (0, -h - 0.004),
                        (0.032, -h - 0.004),
                        (0.036, -h + 0.004),
                        (0.034, -h + 0.004),
                        (0.030, -h - 0.001),
                        (0.014, -h + 0.002),
                        (0.0135, -h + 0.016),
                    ],
                    paint.accent,
                    0.8,
                ),
                tube(
                    [(0.030, 0, -h), (0.046, 0, -h + 0.012), (0.040, 0, -h + 0.020), (0.030, 0, -h + 0.006)],
                    0.0026,
                    paint.accent,
                    14,
                    normal=(0, 1, 0),
                ),
                solid("cylinder", (0.033, 0.0035), (0, 0, -h - 0.0005), density=3.0),
            ]
        elif kind == "taper":
            parts += [
                turned(
                    [
                        (0, -h - 0.003),
                        (0.026, -h - 0.003),
                        (0.026, -h + 0.002),
                        (0.014, -h + 0.006),
                        (0.0125, -h + 0.020),
                        (radius, -h + 0.020),
                    ],
                    (0.80, 0.62, 0.25, 1.0),
                    1.0,
                ),
                solid("cylinder", (0.025, 0.0030), (0, 0, -h), density=10.0),
            ]
        parts += stack([(radius, -h), (radius * taper, h)], (-h, 0.0, h) if kind == "taper" else (-h, h), share=1.0)
    return parts
