# SPDX-License-Identifier: Apache-2.0
"""Household things with a handle: flashlights, brushes, dumbbells; all lie along x."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes import handles, metalware
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sweep
from vla_ros.objects.solids import ALONG_X, both, painted, rod, skin, solid


def flashlight(shape: str, paint: Paint) -> list[Part]:
    """A flashlight along x, lamp at +x."""
    if shape in handles.FLASHLIGHTS:
        return handles.flashlight(shape, paint)
    length, radius, lamp, cone = {
        "classic": (0.150, 0.0150, 0.0230, 0.030),
        "slim": (0.125, 0.0120, 0.0150, 0.018),
        "stout": (0.105, 0.0195, 0.0270, 0.026),
    }[shape]
    h, neck = length / 2, length / 2 - cone
    outline = [
        (0, -h),
        (radius * 0.9, -h),
        (radius, -h + 0.004),
        (radius, neck - 0.012),
        (lamp, neck + 0.004),
        (lamp, h),
        (lamp - 0.003, h),
        (lamp - 0.003, h - 0.004),
    ]
    parts = [
        skin(lathe(outline), paint.main, quaternion=ALONG_X, gloss=0.6),
        painted("cylinder", (lamp - 0.003, 0.001), (1.0, 0.97, 0.78, 1.0), (h - 0.003, 0, 0), ALONG_X, 1.0),
        painted("ellipsoid", (0.009, 0.006, 0.003), paint.accent, (neck - 0.032, 0, radius)),
        rod((-h, 0, 0), (neck, 0, 0), radius, "cylinder"),
        rod((neck, 0, 0), (h, 0, 0), lamp, "cylinder"),
    ]
    ring = paint.accent if paint.style else shade(paint.main, 0.5)
    for at in (-h + 0.012, -h + 0.022):
        parts.append(
            skin(
                lathe([(radius + 0.0008, -0.002), (radius + 0.0008, 0.002)]),
                ring,
                position=(at, 0, 0),
                quaternion=ALONG_X,
            )
        )
    parts.append(
        skin(
            lathe([(lamp + 0.0008, -0.003), (lamp + 0.0008, 0.003)]),
            ring,
            position=(h - 0.006, 0, 0),
            quaternion=ALONG_X,
        )
    )
    return parts


def brush(shape: str, paint: Paint) -> list[Part]:
    """A brush lying down: handle at −x."""
    if shape in handles.BRUSHES:
        return handles.brush(shape, paint)
    bristle = paint.pale if paint.style % 2 else (0.20, 0.17, 0.15, 1.0)
    if shape == "paint":
        length, width, thick = 0.185, 0.0225, 0.0085
        h = length / 2
        handle = smooth([(-h, 0, 0), (-h * 0.3, 0, 0), (h * 0.25, 0, 0)], 11)
        radii = np.interp(np.linspace(0, 1, 11), [0, 0.08, 0.3, 0.7, 1], [0.007, 0.011, 0.0125, 0.0095, width * 0.9])
        return [
            skin(
                sweep(handle, radii, 14, np.interp(np.linspace(0, 1, 11), [0, 1], [0.85, 0.45])), paint.main, gloss=0.6
            ),
            skin(rounded_box((0.014, width, thick), 0.002), paint.steel, position=(h * 0.36, 0, 0), gloss=1.0),
            skin(
                rounded_box((h * 0.26, width * 0.94, thick * 0.8), 0.004), bristle, position=(h * 0.74, 0, 0), gloss=0.0
            ),
            rod(handle[1], handle[8], 0.0095),
            solid("box", (h * 0.42, width, thick), (h * 0.58, 0, 0)),
        ]
    length, width, grip = {"hair": (0.190, 0.0270, 0.0105), "dish": (0.180, 0.0230, 0.0105)}[shape]
    h, paddle = length / 2, {"hair": 0.042, "dish": 0.028}[shape]
    centre, base = h - paddle, 0.010
    handle = [(-h, 0, base), (-h * 0.4, 0, base), (centre - paddle * 0.8, 0, base)]
    parts = [
        skin(
            sweep(
                smooth(handle, 9), np.interp(np.linspace(0, 1, 9), [0, 0.1, 0.5, 1], [0.007, 0.0105, 0.011, 0.0085]), 14
            ),
            paint.main,
            gloss=0.6,
        ),
        painted("ellipsoid", (paddle, width, 0.0095), paint.main, (centre, 0, base), gloss=0.6),
        painted(
            "ellipsoid",
            (paddle * 0.85, width * 0.8, 0.003),
            paint.accent if shape == "hair" else paint.main,
            (centre, 0, base + 0.008),
        ),
    ]
    for x in np.linspace(-0.62, 0.62, 6):
        for y in np.linspace(-0.6, 0.6, 4):
            parts.append(
                painted(
                    "box", (0.0022, 0.0022, 0.008), bristle, (centre + x * paddle, y * width, base - 0.014), gloss=0.0
                )
            )
    parts += [
        rod((-h + grip, 0, base), (centre, 0, base), grip * 0.9),
        solid("box", (paddle * 0.80, width * 0.80, 0.0085), (centre, 0, base)),
        solid("box", (paddle * 0.64, width * 0.64, 0.008), (centre, 0, base - 0.014), density=0.4),
    ]
    return parts


def dumbbell(shape: str, paint: Paint) -> list[Part]:
    """A small dumbbell along x."""
    if shape in metalware.DUMBBELLS:
        return metalware.dumbbell(shape, paint)
    length, grip, radius, thick = {
        "round": (0.135, 0.0120, 0.0290, 0.016),
        "hex": (0.125, 0.0125, 0.0270, 0.018),
        "ball": (0.130, 0.0125, 0.0260, 0.022),
    }[shape]
    h = length / 2
    bar = paint.steel if shape == "hex" else paint.main
    parts = [
        painted("cylinder", (grip, h - thick), bar, (0, 0, 0), ALONG_X, 0.8),
        rod((-h + thick, 0, 0), (h - thick, 0, 0), grip, "cylinder"),
    ]
    for sign in (-1, 1):
        centre = (sign * (h - thick), 0, 0)
        if shape == "ball":
            parts.append(both("sphere", (radius,), paint.main, centre, gloss=0.5))
            continue
        edge = 0.003
        outline = [
            (0, -thick),
            (radius - edge, -thick),
            (radius, -thick + edge),
            (radius, thick - edge),
            (radius - edge, thick),
            (0, thick),
        ]
        parts.append(
            skin(
                lathe(outline, 6 if shape == "hex" else 28), paint.main, position=centre, quaternion=ALONG_X, gloss=0.4
            )
        )
        parts.append(painted("cylinder", (radius * 0.5, 0.0012), paint.accent, (sign * h, 0, 0), ALONG_X))
        if shape == "hex":
            prism = lathe([(0, -thick), (radius, -thick), (radius, thick), (0, thick)], 6)
            parts.append(Part("mesh", (), centre, ALONG_X, mesh=prism, visible=False, density=2.0))
        else:
            parts.append(solid("cylinder", (radius, thick), centre, ALONG_X, 2.0))
    return parts
