# SPDX-License-Identifier: Apache-2.0
"""Toys and small things of a desk: balls, cars, blocks, ducks, markers, sponges."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import bathroom, desk, playthings, vehicles
from vla_ros.objects.recipes.tableware import WHITE
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sphere_profile, sweep, transformed
from vla_ros.objects.solids import ALONG_X, ALONG_Y, both, painted, rod, skin, solid


def ball(shape: str, paint: Paint) -> list[Part]:
    """A ball: striped, tennis or beach."""
    if shape in playthings.BALLS:
        return playthings.ball(shape, paint)
    radius = {"striped": 0.0300, "tennis": 0.0325, "beach": 0.0330}[shape]
    height, width = 48, 96
    v, u = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    image = np.empty((height, width, 3))
    image[:] = paint.main[:3]
    if shape == "striped":
        image[np.abs(v - 0.5) < 0.09] = paint.accent[:3]
    elif shape == "beach":
        image[(u * 6 % 2 < 1) & (u * 6 // 2 % 3 > 0)] = paint.accent[:3]
        image[(v < 0.08) | (v > 0.92)] = paint.pale[:3]
    else:
        seam = 0.5 + 0.24 * np.sin(4 * np.pi * u)
        image[np.abs(v - seam) < 0.035] = paint.pale[:3]
    texture = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    mesh = lathe(sphere_profile(radius, count=17), 32)
    return [skin(mesh, WHITE, texture, gloss=0.1 if shape == "tennis" else 0.5), solid("sphere", (radius,))]


def car(shape: str, paint: Paint) -> list[Part]:
    """A toy car standing on its wheels, front at +x."""
    if shape in vehicles.CARS:
        return vehicles.car(shape, paint)
    length, width, body = {
        "sedan": (0.100, 0.046, 0.016),
        "pickup": (0.105, 0.048, 0.017),
        "van": (0.095, 0.048, 0.020),
    }[shape]
    h, w, wheel = length / 2, width / 2, 0.0115
    cabin_at, cabin_half, cabin_height = {
        "sedan": (-0.004, 0.026, 0.0115),
        "pickup": (0.012, 0.017, 0.0130),
        "van": (-0.006, 0.040, 0.0130),
    }[shape]
    floor = -body / 2
    roof = body / 2 + cabin_height
    glass = (0.13, 0.17, 0.22, 1.0)
    parts = [
        skin(rounded_box((h, w * 0.92, body / 2), 0.005), paint.main, gloss=0.9),
        skin(
            rounded_box((cabin_half, w * 0.80, cabin_height / 2 + 0.003), 0.005),
            paint.main,
            position=(cabin_at, 0, body / 2 + cabin_height / 2),
            gloss=0.9,
        ),
        painted(
            "box",
            (cabin_half * 1.01, w * 0.66, cabin_height * 0.30),
            glass,
            (cabin_at, 0, body / 2 + cabin_height * 0.55),
            gloss=1.0,
        ),
        painted(
            "box",
            (cabin_half * 0.78, w * 0.812, cabin_height * 0.30),
            glass,
            (cabin_at, 0, body / 2 + cabin_height * 0.55),
            gloss=1.0,
        ),
        painted("box", (0.001, w * 0.9, 0.002), paint.steel, (h + 0.0002, 0, -body * 0.25), gloss=1.0),
        solid("box", (h, w * 0.92, body / 2)),
        solid(
            "box", (cabin_half, w * 0.80, cabin_height / 2 + 0.001), (cabin_at, 0, roof - cabin_height / 2), density=0.4
        ),
    ]
    if shape == "pickup":
        parts.append(painted("box", (0.021, w * 0.74, 0.001), paint.dark, (-0.026, 0, body / 2)))
    if paint.style > 1:
        parts.append(
            painted(
                "box", (h * 0.98, 0.005, 0.0006), paint.accent, (0, 0, body / 2 + (0.0 if shape != "van" else 0.0002))
            )
        )
        parts.append(painted("box", (cabin_half * 0.9, 0.005, 0.0006), paint.accent, (cabin_at, 0, roof + 0.003)))
    for side in (-1, 1):
        parts.append(painted("sphere", (0.0038,), (1, 0.95, 0.7, 1), (h - 0.001, side * w * 0.6, 0.001), gloss=1.0))
        parts.append(painted("box", (0.001, 0.004, 0.002), (0.8, 0.08, 0.08, 1), (-h, side * w * 0.62, 0.001)))
    for x in (-0.58, 0.60):
        for side in (-1, 1):
            centre = (x * h, side * (w * 0.86), floor)
            parts.append(both("cylinder", (wheel, 0.0045), paint.dark, centre, ALONG_Y, 0.1))
            parts.append(painted("cylinder", (wheel * 0.5, 0.0049), paint.steel, centre, ALONG_Y, 1.0))
    return parts


def block(shape: str, paint: Paint) -> list[Part]:
    """A toy building block: a cube with framed pictures, a plain brick, a brick with studs."""
    if shape in playthings.BLOCKS:
        return playthings.block(shape, paint)
    if shape == "cube":
        half = (0.0225, 0.0225, 0.0225)
        return [skin(rounded_box(half, 0.002), WHITE, _framed(paint), gloss=0.3), solid("box", half)]
    if shape == "brick":
        half = (0.038, 0.019, 0.0175)
        return [skin(rounded_box(half, 0.003), paint.main, gloss=0.3), solid("box", half)]
    half = (0.0320, 0.0160, 0.0125)
    parts = [
        skin(rounded_box(half, 0.0012), paint.main, gloss=0.8),
        solid("box", (half[0], half[1], half[2] + 0.003), (0, 0, 0.003)),
    ]
    for x in (-0.75, -0.25, 0.25, 0.75):
        for y in (-0.5, 0.5):
            parts.append(
                painted("cylinder", (0.0048, 0.003), paint.main, (x * half[0], y * half[1], half[2] + 0.003), gloss=0.8)
            )
    return parts


def _framed(paint: Paint) -> np.ndarray:
    """Return a face with a frame and one of four emblems, most of it in the main colour."""
    y, x = np.mgrid[0:64, 0:64] / 31.5 - 1
    image = np.empty((64, 64, 3))
    image[:] = paint.main[:3]
    edge = np.maximum(np.abs(x), np.abs(y))
    image[(edge > 0.76) & (edge < 0.88)] = paint.pale[:3]
    inside = [
        np.hypot(x, y) < 0.42,
        np.abs(x) + np.abs(y) < 0.52,
        (edge < 0.36),
        (np.abs(x) < 0.13) | (np.abs(y) < 0.13),
    ][paint.style]
    image[inside & (edge < 0.6)] = paint.accent[:3]
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def duck(shape: str, paint: Paint) -> list[Part]:
    """A rubber duck that looks along +x."""
    if shape in playthings.DUCKS:
        return playthings.duck(shape, paint)
    scale = {"classic": 1.0, "tall": 1.0, "flat": 1.0}[shape]
    length, width, height, rise = {
        "classic": (0.040, 0.028, 0.024, 0.034),
        "tall": (0.036, 0.027, 0.026, 0.042),
        "flat": (0.044, 0.029, 0.020, 0.030),
    }[shape]
    head, at = 0.0195 * scale, length * 0.42
    beak = (0.98, 0.52, 0.08, 1.0) if paint.color != "orange" else (0.85, 0.15, 0.1, 1.0)
    body = transformed(lathe(sphere_profile(1.0, count=14)), (length, width, height))
    tail = smooth(
        [(-length * 0.70, 0, height * 0.15), (-length * 0.95, 0, height * 0.50), (-length * 1.12, 0, height * 1.0)], 7
    )
    parts = [
        skin(body, paint.main, gloss=0.7),
        painted("sphere", (head,), paint.main, (at, 0, rise), gloss=0.7),
        skin(
            sweep(tail, [0.015, 0.0145, 0.013, 0.011, 0.008, 0.005, 0.002], 10, 0.8, (0, 1, 0)), paint.main, gloss=0.7
        ),
        painted("ellipsoid", (0.011, 0.0095, 0.0034), beak, (at + head + 0.004, 0, rise - 0.004), gloss=0.6),
        solid("ellipsoid", (length, width, height)),
        solid("sphere", (head,), (at, 0, rise)),
        solid("cylinder", (width * 0.66, height * 0.10), (0, 0, -height * 0.92), density=2.0),
    ]
    for side in (-1, 1):
        parts.append(
            painted(
                "sphere", (0.0042,), (1, 1, 1, 1), (at + head * 0.76, side * head * 0.48, rise + head * 0.38), gloss=1.0
            )
        )
        parts.append(
            painted(
                "sphere",
                (0.0026,),
                (0.03, 0.03, 0.03, 1),
                (at + head * 0.88, side * head * 0.52, rise + head * 0.42),
                gloss=1.0,
            )
        )
        parts.append(
            painted(
                "ellipsoid",
                (length * 0.42, 0.006, height * 0.5),
                shade(paint.main, 0.88),
                (-length * 0.15, side * width * 0.88, height * 0.25),
                gloss=0.7,
            )
        )
    return parts


def marker(shape: str, paint: Paint) -> list[Part]:
    """A marker along x, cap at +x."""
    if shape in desk.MARKERS:
        return desk.marker(shape, paint)
    length, radius, cap = {
        "thick": (0.125, 0.0105, 0.046),
        "slim": (0.138, 0.0085, 0.044),
        "short": (0.105, 0.0120, 0.038),
    }[shape]
    h, seam = length / 2, length / 2 - cap
    body = [(0, -h), (radius * 0.8, -h), (radius * 0.9, -h + 0.004), (radius * 0.9, seam)]
    lid = [(radius, seam), (radius, h - 0.006), (radius * 0.75, h), (0, h)]
    stripe = paint.pale if paint.color != "white" else paint.dark
    return [
        skin(lathe(body), paint.main, quaternion=ALONG_X, gloss=0.5),
        skin(lathe(lid), paint.main if paint.style else shade(paint.main, 0.75), quaternion=ALONG_X, gloss=0.6),
        skin(lathe([(radius * 0.92, -h + 0.020), (radius * 0.92, -h + 0.044)]), stripe, quaternion=ALONG_X),
        painted("box", (cap * 0.4, 0.0015, 0.0014), shade(paint.main, 0.7), (seam + cap * 0.42, 0, radius + 0.001)),
        rod((-h, 0, 0), (seam, 0, 0), radius * 0.9, "cylinder"),
        rod((seam, 0, 0), (h, 0, 0), radius, "cylinder"),
    ]


def sponge(shape: str, paint: Paint) -> list[Part]:
    """A kitchen sponge lying flat on its scouring side."""
    if shape in bathroom.SPONGES:
        return bathroom.sponge(shape, paint)
    half = {"kitchen": (0.050, 0.031, 0.0150), "cube": (0.036, 0.029, 0.020), "waisted": (0.054, 0.030, 0.0150)}[shape]
    scour = 0.0040
    dark = (0.10, 0.30, 0.14, 1.0) if paint.color not in ("green",) else (0.55, 0.12, 0.12, 1.0)
    spots = np.random.default_rng(len(shape)).random((48, 48))
    grain = 0.5 * (np.repeat(np.repeat(spots, 2, 0), 2, 1) > 0.16) + 0.5
    texture = (np.clip(grain[..., None] * paint.main[:3] * 1.0, 0, 1) * 255).astype(np.uint8)
    soft = rounded_box((half[0], half[1], half[2] - scour), 0.005)
    if shape == "waisted":
        waist = 1 - 0.16 * np.exp(-((soft.vertices[:, 0] / 0.020) ** 2))
        soft = type(soft)(
            soft.vertices * np.column_stack([np.ones_like(waist), waist, np.ones_like(waist)]), soft.faces, soft.uv
        )
    return [
        skin(soft, WHITE, texture, position=(0, 0, scour), gloss=0.0),
        skin(
            rounded_box((half[0] * 0.995, half[1] * (0.995 if shape != "waisted" else 0.86), scour), 0.001),
            dark,
            position=(0, 0, -half[2] + scour),
            gloss=0.0,
        ),
        solid("box", (half[0], half[1] * (1.0 if shape != "waisted" else 0.90), half[2])),
    ]
