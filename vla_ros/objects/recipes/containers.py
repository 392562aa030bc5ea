# SPDX-License-Identifier: Apache-2.0
"""Bottles, cans, jars, boxes, tubes: packaging with caps, lids and labels."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import packs
from vla_ros.objects.recipes.tableware import WHITE
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid


def bottle(shape: str, paint: Paint) -> list[Part]:
    """A closed bottle standing up."""
    if shape in packs.BOTTLES:
        return packs.bottle(shape, paint)
    radius, height, neck, shoulder, cap = {
        "water": (0.032, 0.200, 0.013, 0.155, 0.017),
        "wine": (0.029, 0.230, 0.0115, 0.135, 0.032),
        "sauce": (0.028, 0.175, 0.010, 0.125, 0.036),
        "sport": (0.033, 0.185, 0.020, 0.145, 0.030),
    }[shape]
    h = height / 2
    top, bend = h - cap, -h + shoulder
    slope = [(radius, bend), (radius * 0.86 + neck * 0.14, bend + (top - bend) * 0.35), (neck, top - 0.004)]
    profile = [(0, -h), (radius - 0.004, -h), (radius, -h + 0.004), *smooth(slope, 7), (neck, top), (0, top)]
    parts = [skin(lathe(profile), paint.main, gloss=0.8)]
    lid = paint.accent if paint.style != 1 else paint.pale
    if shape == "sauce":
        parts.append(
            skin(
                lathe([(neck + 0.007, top), (neck + 0.007, top + 0.010), (0.006, top + 0.013), (0.003, h), (0, h)]),
                lid,
                gloss=0.4,
            )
        )
    elif shape == "sport":
        parts.append(
            skin(
                lathe(
                    [(neck + 0.008, top), (neck + 0.008, top + 0.016), (0.009, top + 0.019), (0.009, h - 0.002), (0, h)]
                ),
                paint.dark if paint.color != "black" else paint.pale,
            )
        )
    else:
        parts.append(skin(lathe([(neck + 0.0025, top - 0.002), (neck + 0.0025, h - 0.001), (0, h)]), lid, gloss=0.4))
    if shape == "sport":
        for z in (-0.25, 0.05, 0.35):
            parts.append(
                skin(
                    lathe([(radius + 0.0006, z * h - 0.003), (radius + 0.0006, z * h + 0.003)]), shade(paint.main, 0.6)
                )
            )
    else:
        label = paint.pale if paint.style < 2 and paint.color != "white" else paint.accent
        low, high = -h + shoulder * 0.40, -h + shoulder * (0.72 if shape != "wine" else 0.85)
        parts.append(skin(lathe([(radius + 0.0007, low), (radius + 0.0007, high)]), label))
        parts.append(
            skin(lathe([(radius + 0.0012, low + 0.012), (radius + 0.0012, low + 0.020)]), shade(paint.main, 0.8))
        )
    neck_radius = neck + (0.007 if shape in ("sauce", "sport") else 0.002)
    parts.append(solid("cylinder", (radius, shoulder / 2), (0, 0, -h + shoulder / 2)))
    middle = bend + (top - bend) * 0.5
    parts.append(solid("cylinder", (radius * 0.72, (middle - bend) / 2), (0, 0, (middle + bend) / 2), density=0.7))
    parts.append(solid("cylinder", (neck_radius, (h - middle) / 2), (0, 0, (h + middle) / 2), density=0.7))
    return parts


def can(shape: str, paint: Paint) -> list[Part]:
    """A can standing up, with metal ends and a printed side."""
    if shape in packs.CANS:
        return packs.can(shape, paint)
    radius, height = {
        "soda": (0.031, 0.115),
        "slim": (0.0265, 0.130),
        "soup": (0.0325, 0.090),
        "tuna": (0.0335, 0.048),
    }[shape]
    h = height / 2
    drinks = shape in ("soda", "slim")
    taper = 0.006 if drinks else 0.0
    side = [
        (radius - taper, -h + 0.002),
        (radius, -h + 0.002 + taper * 1.3),
        (radius, h - 0.003 - taper * 1.6),
        (radius - taper, h - 0.003),
    ]
    picture = paint.picture(64, 128)
    parts = [
        skin(lathe(side), WHITE, picture, gloss=0.8),
        skin(
            lathe([(radius - taper, -h + 0.002), (radius - taper - 0.001, -h), (0, -h)][::-1]), paint.steel, gloss=1.0
        ),
        skin(
            lathe(
                [
                    (radius - taper, h - 0.003),
                    (radius - taper + 0.0006, h),
                    (radius - taper - 0.002, h),
                    (radius - taper - 0.003, h - 0.003),
                    (0, h - 0.003),
                ]
            ),
            paint.steel,
            gloss=1.0,
        ),
        solid("cylinder", (radius, h - taper * 0.5), (0, 0, 0)),
    ]
    if drinks:
        parts.append(
            painted("ellipsoid", (0.011, 0.007, 0.0012), shade(paint.steel, 0.6), (0.006, 0, h - 0.0022), gloss=1.0)
        )
    else:
        for z in (-h * 0.86, h * 0.86):
            parts.append(
                skin(lathe([(radius + 0.0008, z - 0.0015), (radius + 0.0008, z + 0.0015)]), paint.steel, gloss=1.0)
            )
    return parts


def jar(shape: str, paint: Paint) -> list[Part]:
    """A jar with a wide lid, standing up."""
    if shape in packs.JARS:
        return packs.jar(shape, paint)
    radius, height, lid = {
        "jam": (0.033, 0.085, 0.016),
        "spice": (0.0225, 0.092, 0.018),
        "honey": (0.034, 0.080, 0.014),
    }[shape]
    h, top = height / 2, height / 2 - lid
    if shape == "honey":
        body = [(0, -h), *smooth([(0.024, -h), (radius, -h * 0.25), (0.026, top - 0.002)], 10), (0.026, top)]
    else:
        body = [
            (0, -h),
            (radius - 0.004, -h),
            (radius, -h + 0.004),
            (radius, top - 0.009),
            (radius - 0.005, top - 0.003),
            (radius - 0.005, top),
        ]
    grip = 0.028 if shape == "honey" else radius - 0.0025
    cover = paint.accent if paint.style else paint.steel
    parts = [
        skin(lathe(body), paint.main, gloss=0.9),
        skin(lathe([(grip, top), (grip, h - 0.002), (grip - 0.002, h), (0, h)]), cover, gloss=0.7),
        skin(lathe([(grip + 0.0006, top + 0.002), (grip + 0.0006, top + 0.004)]), shade(cover, 0.75), gloss=0.7),
        solid("cylinder", (grip, lid / 2), (0, 0, top + lid / 2)),
    ]
    if shape == "honey":
        parts += [
            solid("cylinder", (radius * 0.97, h * 0.45), (0, 0, -h * 0.22)),
            solid("cylinder", (0.026, (top + h) / 2), (0, 0, (top - h) / 2)),
        ]
        return parts
    low, high = -h + 0.012, top - 0.020
    parts.append(
        skin(
            lathe([(radius + 0.0006, low), (radius + 0.0006, high)]),
            paint.pale if paint.color != "white" else paint.accent,
        )
    )
    parts.append(skin(lathe([(radius + 0.0011, low + 0.008), (radius + 0.0011, low + 0.018)]), paint.main))
    parts.append(solid("cylinder", (radius, (top + h) / 2), (0, 0, (top - h) / 2)))
    return parts


def box(shape: str, paint: Paint) -> list[Part]:
    """A cardboard box standing on its base, printed on all sides."""
    if shape in packs.BOXES:
        return packs.box(shape, paint)
    half = {
        "cereal": (0.024, 0.050, 0.075),
        "tea": (0.030, 0.055, 0.035),
        "medicine": (0.017, 0.045, 0.028),
        "juice": (0.026, 0.031, 0.058),
    }[shape]
    parts = [skin(rounded_box(half, 0.0015, 2), WHITE, paint.picture(96, 96), gloss=0.3), solid("box", half)]
    if shape == "juice":
        parts.append(painted("cylinder", (0.0028, 0.020), paint.pale, (0.010, 0.012, half[2] + 0.016)))
        parts.append(painted("cylinder", (0.0028, 0.009), paint.accent, (0.018, 0.012, half[2] + 0.036), ALONG_X))
    elif shape == "cereal":
        parts.append(
            painted("box", (half[0] * 1.002, half[1] * 0.98, 0.0006), shade(paint.pale, 0.85), (0, 0, half[2]))
        )
    return parts


def tube(shape: str, paint: Paint) -> list[Part]:
    """A squeezable tube along x, lying flat, cap at +x."""
    if shape in packs.TUBES:
        return packs.tube_pack(shape, paint)
    length, radius, cap = {
        "toothpaste": (0.150, 0.0190, 0.018),
        "cream": (0.110, 0.0200, 0.022),
        "paint": (0.120, 0.0150, 0.014),
    }[shape]
    start, end = -length / 2, length / 2 - cap
    x = np.linspace(start, end, 10)
    t = np.linspace(0, 1, 10)
    body = sweep([(v, 0, 0) for v in x], radius * (1.25 - 0.25 * t), 20, 0.10 + 0.90 * np.clip(t * 1.15, 0, 1) ** 0.9)
    lid = paint.accent if paint.style else paint.pale
    if paint.color == "white" and not paint.style:
        lid = paint.accent
    grip = radius * (0.62 if shape == "paint" else 0.80)
    cap_profile = [(0, 0), (grip, 0), (grip * 0.92, cap), (0, cap)]
    middle = end - (end - start) * 0.35
    stripe = slice(4, 7)
    band = sweep(
        [(v, 0, 0) for v in x[stripe]],
        (radius * (1.25 - 0.25 * t) * 1.015)[stripe],
        20,
        (0.10 + 0.90 * np.clip(t * 1.15, 0, 1) ** 0.9)[stripe],
    )
    return [
        skin(body, paint.main, gloss=0.6),
        skin(band, paint.accent if paint.style != 2 else paint.pale, gloss=0.6),
        skin(lathe(cap_profile), lid, position=(end, 0, 0), quaternion=ALONG_X),
        rod((middle, 0, 0), (end, 0, 0), radius * 0.97, "cylinder"),
        solid("box", ((middle - start) / 2, radius * 1.12, radius * 0.50), ((middle + start) / 2, 0, 0), density=0.6),
        rod((end, 0, 0), (end + cap, 0, 0), grip * 0.97, "cylinder"),
    ]
