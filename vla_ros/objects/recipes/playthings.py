# SPDX-License-Identifier: Apache-2.0
"""Further balls, blocks and ducks."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.boats import turned_at
from vla_ros.objects.recipes.forms import WHITE, about, bar, blob, tube, turned
from vla_ros.objects.shapes import lathe, sphere_profile
from vla_ros.objects.solids import painted, skin, solid

BALLS = ("basket", "soccer", "golf", "volley", "bumpy")


BLOCKS = ("arch", "roof", "cylinder", "cross", "stairs")


def ball(shape: str, paint: Paint) -> list[Part]:
    """A ball."""
    radius = {"basket": 0.0335, "soccer": 0.0330, "golf": 0.0230, "volley": 0.0325, "bumpy": 0.0290}[shape]
    if shape == "bumpy":
        parts: list[Part] = [blob((radius - 0.002,) * 3, paint.main, gloss=0.2)]
        count = 40
        for k in range(count):  # nubs, evenly spread
            z = 1 - 2 * (k + 0.5) / count
            a, r = k * 2.399963, np.sqrt(1 - z * z)
            parts.append(
                painted(
                    "sphere",
                    (0.0042,),
                    paint.accent if k % 5 == 0 else paint.main,
                    tuple((radius - 0.0042) * np.array([r * np.cos(a), r * np.sin(a), z])),
                    gloss=0.2,
                )
            )
        return [*parts, solid("sphere", (radius,))]
    v, u = np.mgrid[0:64, 0:128] / np.array([64, 128]).reshape(2, 1, 1)
    polar, around = np.pi * v, 2 * np.pi * u
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    image = np.empty((64, 128, 3))
    image[:] = paint.main[:3] if paint.decoration == "plain" else paint.picture(64, 128) / 255
    dark = np.array(paint.dark[:3]) if paint.color != "black" else np.array(paint.pale[:3])
    x, y, z = np.moveaxis(points, -1, 0)
    if shape == "basket":
        seams = np.minimum.reduce(
            [
                np.abs(x),
                np.abs(y),
                np.abs(np.hypot(x + 0.95, z * 0.8) - 0.75),
                np.abs(np.hypot(x - 0.95, z * 0.8) - 0.75),
            ]
        )
        image[seams < 0.045] = dark
    elif shape == "soccer":
        golden = (1 + 5**0.5) / 2
        corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
        corners = np.concatenate([np.roll(corners, k, axis=1) for k in range(3)]) / np.hypot(1, golden)
        image[(points @ corners.T).max(axis=-1) > 0.955] = dark
    elif shape == "volley":
        axis = np.argmax(np.abs(points), axis=-1)
        across = (
            np.take_along_axis(points, ((axis + 1) % 3)[..., None], -1)[..., 0]
            / np.take_along_axis(np.abs(points), axis[..., None], -1)[..., 0]
        )
        image[np.abs(across) < 0.36] = paint.accent[:3]
        image[(np.abs(np.abs(across) - 0.36) < 0.04) | (np.abs(np.abs(across) - 0.97) < 0.05)] = (
            np.array(paint.main[:3]) * 0.55
        )
    else:  # dimples
        field = np.sin(22 * polar) * np.sin(np.round(22 * np.sin(polar)) * around)
        image[field > 0.45] *= 0.72
    texture = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    return [
        skin(lathe(sphere_profile(radius, count=19), 36), WHITE, texture[::-1], gloss=0.4),
        solid("sphere", (radius,)),
    ]


def block(shape: str, paint: Paint) -> list[Part]:
    """A toy building block."""
    if shape == "cylinder":
        return [
            turned(
                [(0, -0.030), (0.0195, -0.030), (0.0210, -0.0285), (0.0210, 0.0285), (0.0195, 0.030), (0, 0.030)],
                paint.main,
                0.3,
            ),
            solid("cylinder", (0.021, 0.030)),
        ]
    if shape == "roof":
        extent = np.array([0.030, 0.022, 0.016])
        corners = np.array([(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, 0, 1), (1, 0, 1)]) * extent
        faces = np.array([(0, 2, 1), (0, 3, 2), (0, 1, 5), (0, 5, 4), (2, 3, 4), (2, 4, 5), (1, 2, 5), (3, 0, 4)])
        drawn = Mesh(
            corners[faces.ravel()],
            np.arange(24, dtype=np.int32).reshape(-1, 3),
            np.tile([(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)], (8, 1)),
        )
        return [
            skin(drawn, paint.main, gloss=0.3),
            Part("mesh", mesh=Mesh(corners, faces.astype(np.int32)), visible=False),
        ]
    if shape == "arch":
        parts = []
        for side in (-1, 1):
            parts += [
                bar((0.0095, 0.015, 0.021), paint.main, (side * 0.0265, 0, 0), 0.002),
                solid("box", (0.0095, 0.015, 0.021), (side * 0.0265, 0, 0)),
            ]
        parts += [
            bar((0.019, 0.015, 0.0055), paint.main, (0, 0, 0.0155), 0.001),
            solid("box", (0.019, 0.015, 0.0055), (0, 0, 0.0155)),
        ]
        for side in (-1, 1):
            parts.append(bar((0.0055, 0.0149, 0.0055), paint.main, (side * 0.0150, 0, 0.0085), 0.001, about("y", 45)))
        return parts
    if shape == "cross":
        parts = []
        for half in ((0.033, 0.0115, 0.0115), (0.0115, 0.033, 0.0115)):
            parts += [bar(half, paint.main, radius=0.002), solid("box", half)]
        return parts
    parts = []
    for k in range(3):  # stairs
        half = (0.033 - 0.011 * k, 0.018, 0.0075)
        place = (-0.011 * k, 0, -0.015 + 0.015 * k)
        parts += [bar(half, paint.main, place, 0.0012), solid("box", half, place)]
    return parts


# Half axes of the body, radius of the head, where that is (x, z), and what it wears.
DUCKS = {
    "hat": ((0.040, 0.028, 0.024), 0.0195, (0.017, 0.036), "hat"),
    "mallard": ((0.048, 0.026, 0.020), 0.0160, (0.030, 0.032), "ring"),
    "chick": ((0.030, 0.028, 0.027), 0.0210, (0.008, 0.034), ""),
    "swimmer": ((0.044, 0.030, 0.018), 0.0170, (0.026, 0.022), "belt"),
    "decoy": ((0.056, 0.024, 0.021), 0.0150, (0.040, 0.028), "wings"),
}


def duck(shape: str, paint: Paint) -> list[Part]:
    """A rubber duck that looks along +x."""
    (a, b, c), head, (x, z), worn = DUCKS[shape]
    beak: Rgba = (0.98, 0.52, 0.08, 1.0) if paint.color != "orange" else (0.85, 0.15, 0.1, 1.0)
    long = 0.020 if shape in ("decoy", "mallard") else 0.011
    parts = [
        blob((a, b, c), paint.main, gloss=0.7),
        painted("sphere", (head,), shade(paint.main, 0.8) if shape == "decoy" else paint.main, (x, 0, z), gloss=0.7),
        tube([(x * 0.9, 0, c * 0.5), (x, 0, z)], (head * 0.85, head * 0.75), paint.main, 6, 0.7, normal=(0, 1, 0)),
        tube(
            [(-a * 0.70, 0, c * 0.15), (-a * 0.95, 0, c * 0.55), (-a * 1.15, 0, c * 1.1)],
            (c * 0.6, c * 0.42, 0.002),
            paint.main,
            8,
            0.7,
            0.8,
            (0, 1, 0),
        ),
        painted("ellipsoid", (long, 0.0085, 0.0032), beak, (x + head + long * 0.35, 0, z - 0.004), gloss=0.6),
        solid("ellipsoid", (a, b, c)),
        solid("sphere", (head,), (x, 0, z)),
        solid("cylinder", (b * 0.66, c * 0.10), (0, 0, -c * 0.92), density=2.0),
    ]
    for side in (-1, 1):
        parts += [
            painted(
                "sphere", (0.0040,), (1, 1, 1, 1), (x + head * 0.76, side * head * 0.48, z + head * 0.38), gloss=1.0
            ),
            painted(
                "sphere",
                (0.0025,),
                (0.03, 0.03, 0.03, 1),
                (x + head * 0.90, side * head * 0.52, z + head * 0.42),
                gloss=1.0,
            ),
            painted(
                "ellipsoid",
                (a * (0.55 if worn == "wings" else 0.42), 0.006, c * 0.5),
                shade(paint.main, 0.62 if worn == "wings" else 0.88),
                (-a * 0.15, side * b * 0.88, c * 0.25),
                gloss=0.7,
            ),
        ]
    if worn == "hat":
        parts += [
            turned_at(
                [(head * 1.15, 0), (head * 1.15, 0.0016), (head * 0.62, 0.002), (head * 0.58, 0.016), (0, 0.016)],
                paint.dark if paint.color != "black" else paint.accent,
                (x, 0, z + head * 0.72),
            ),
            solid("cylinder", (head * 0.6, 0.008), (x, 0, z + head * 0.72 + 0.008), density=0.3),
        ]
    elif worn == "ring":
        parts.append(
            turned_at(
                [(head * 0.98, -0.002), (head * 1.04, 0.0), (head * 0.98, 0.002)],
                (1, 1, 1, 1),
                (x * 0.96, 0, z - head * 0.75),
            )
        )
    elif worn == "belt":
        around = [(1.06 * a * np.cos(t), 1.10 * b * np.sin(t), 0.0) for t in np.linspace(0, 2 * np.pi, 17)]
        parts.append(tube(around, 0.0062, paint.accent, 33))
    elif worn == "":
        parts.append(painted("ellipsoid", (0.003, 0.003, 0.007), paint.main, (x - 0.002, 0, z + head + 0.003)))
    return parts
