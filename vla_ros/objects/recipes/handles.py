# SPDX-License-Identifier: Apache-2.0
"""Further flashlights and brushes; all lie along x."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, laid, rotated, stack, tube, turned
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, solid

FLASHLIGHTS = ("ribbed", "pen", "lantern", "tactical", "box")


BRUSHES = ("tooth", "round", "scrub", "shaving", "hand")


def flashlight(shape: str, paint: Paint) -> list[Part]:
    """A flashlight along x, lamp at +x."""
    glass = (1.0, 0.97, 0.78, 1.0)
    if shape == "lantern":  # a box of a battery, a wide lamp, a handle above
        parts = [
            bar((0.040, 0.026, 0.026), paint.main, (-0.012, 0, 0), 0.008),
            *laid(
                [turned([(0.024, 0.024), (0.034, 0.040), (0.034, 0.056), (0.031, 0.056), (0.031, 0.050)], paint.accent)]
            ),
            painted("cylinder", (0.031, 0.001), glass, (0.051, 0, 0), ALONG_X, 1.0),
            tube(
                [(-0.044, 0, 0.024), (-0.034, 0, 0.046), (0.018, 0, 0.046), (0.026, 0, 0.024)],
                0.0055,
                paint.dark,
                20,
                normal=(0, 1, 0),
            ),
            solid("box", (0.040, 0.026, 0.026), (-0.012, 0, 0)),
            rod((0.027, 0, 0), (0.056, 0, 0), 0.0325, "cylinder", 0.5),
            rod((-0.030, 0, 0.046), (0.014, 0, 0.046), 0.0055, density=0.3),
        ]
        return [*parts, painted("cylinder", (0.006, 0.003), paint.dark, (-0.005, 0.027, 0.008), ALONG_Y)]
    if shape == "box":  # flat, with a round lamp on the end and a slide
        half = (0.052, 0.021, 0.015)
        return [
            bar(half, paint.main, radius=0.006),
            bar((0.012, 0.0212, 0.0152), shade(paint.main, 0.55), (0.040, 0, 0), 0.006),
            painted("cylinder", (0.0125, 0.0012), glass, (half[0], 0, 0), ALONG_X, 1.0),
            bar((0.010, 0.005, 0.003), paint.accent, (-0.010, 0, half[2] + 0.001), 0.001),
            bar((0.018, 0.0215, 0.004), paint.accent, (-0.026, 0, 0), 0.001),
            solid("box", half),
        ]
    outline, rings, cuts = {
        "ribbed": (
            [
                (0, -0.070),
                (0.018, -0.070),
                (0.018, 0.020),
                (0.026, 0.045),
                (0.026, 0.070),
                (0.023, 0.070),
                (0.023, 0.065),
            ],
            np.linspace(-0.055, 0.005, 6),
            (-0.070, 0.032, 0.070),
        ),
        "pen": (
            [
                (0, -0.066),
                (0.0075, -0.066),
                (0.0090, -0.060),
                (0.0090, 0.056),
                (0.0100, 0.058),
                (0.0100, 0.066),
                (0.008, 0.066),
                (0.008, 0.064),
            ],
            (-0.045, 0.050),
            (-0.066, 0.066),
        ),
        "tactical": (
            [
                (0, -0.060),
                (0.0135, -0.060),
                (0.0135, -0.052),
                (0.0115, -0.048),
                (0.0115, 0.020),
                (0.0165, 0.026),
                (0.0165, 0.034),
                (0.0145, 0.038),
                (0.0210, 0.046),
                (0.0210, 0.060),
                (0.018, 0.060),
                (0.018, 0.055),
            ],
            (-0.02, -0.01, 0.0),
            (-0.060, 0.022, 0.060),
        ),
    }[shape]
    top = outline[-3][1]
    lamp = outline[-2][0]
    parts = [turned(outline, paint.main, 0.7)]
    for z in np.asarray(rings, dtype=float).tolist():
        r = float(np.interp(z, [p[1] for p in outline[1:-2]], [p[0] for p in outline[1:-2]]))
        parts.append(
            turned(
                [(r + 0.0002, z - 0.003), (r + 0.0016, z - 0.002), (r + 0.0016, z + 0.002), (r + 0.0002, z + 0.003)],
                paint.accent if shape != "ribbed" else shade(paint.main, 0.55),
            )
        )
    parts += stack([p for p in outline if p[0] > 0.005], cuts, share=1.0)
    parts = laid(parts)
    parts.append(painted("cylinder", (lamp, 0.001), glass, (top - 0.003, 0, 0), ALONG_X, 1.0))
    if shape == "pen":
        parts.append(bar((0.022, 0.002, 0.001), paint.steel, (-0.040, 0, 0.0115), 0.0005, gloss=1.0))
    elif shape == "ribbed":
        parts.append(painted("ellipsoid", (0.009, 0.006, 0.003), paint.accent, (0.016, 0, 0.018)))
    return parts


def brush(shape: str, paint: Paint) -> list[Part]:
    """A brush lying down: handle at −x."""
    bristle = paint.pale if paint.style % 2 else (0.20, 0.17, 0.15, 1.0)
    if shape == "tooth":
        parts = [
            tube(
                [(-0.090, 0, 0.006), (-0.02, 0, 0.006), (0.040, 0, 0.008), (0.088, 0, 0.006)],
                (0.0065, 0.0085, 0.0075, 0.0045, 0.0065),
                paint.main,
                18,
                flatness=0.8,
            ),
            bar((0.016, 0.0072, 0.007), bristle, (0.072, 0, 0.014), 0.001, gloss=0.0),
            bar((0.006, 0.0073, 0.0065), paint.accent, (0.082, 0, 0.014), 0.001, gloss=0.0),
        ]
        return [
            *parts,
            solid("box", (0.065, 0.0078, 0.0062), (-0.025, 0, 0.006)),
            solid("box", (0.024, 0.0070, 0.0090), (0.065, 0, 0.011)),
        ]
    if shape == "round":  # bristles all around
        parts = laid(
            [turned([(0, -0.095), (0.009, -0.095), (0.0115, -0.080), (0.0095, -0.040), (0.008, 0.0)], paint.main, 0.6)]
        )
        for k in range(9):
            turn = about("x", 40 * k)
            for x in np.linspace(0.012, 0.078, 8):
                parts += rotated([bar((0.0016, 0.0016, 0.009), bristle, (x, 0, 0.016), 0.0008)], turn)
        parts += laid([turned([(0.0115, 0.0), (0.0115, 0.082), (0, 0.084)], paint.accent)])
        return [
            *parts,
            rod((-0.092, 0, 0), (0.0, 0, 0), 0.0098),
            rod((0.004, 0, 0), (0.084, 0, 0), 0.0215, "cylinder", 0.5),
        ]
    if shape == "scrub":  # a block with bristles below and a handle above
        parts = [
            bar((0.062, 0.025, 0.008), paint.main, (0, 0, 0.006), 0.006),
            tube(
                [(-0.044, 0, 0.012), (-0.025, 0, 0.034), (0.025, 0, 0.034), (0.044, 0, 0.012)],
                0.008,
                paint.main,
                16,
                normal=(0, 1, 0),
            ),
        ]
        for x in np.linspace(-0.052, 0.052, 9):
            for y in np.linspace(-0.018, 0.018, 4):
                parts.append(painted("box", (0.0036, 0.0034, 0.009), bristle, (x, y, -0.011), gloss=0.0))
        return [
            *parts,
            solid("box", (0.062, 0.025, 0.008), (0, 0, 0.006)),
            solid("box", (0.056, 0.021, 0.009), (0, 0, -0.011), density=0.4),
            rod((-0.026, 0, 0.034), (0.026, 0, 0.034), 0.008, density=0.5),
        ]
    if shape == "shaving":  # a short fat handle, a bushy head
        parts = [
            turned(
                smooth([(0.016, -0.052), (0.018, -0.044), (0.011, -0.026), (0.0165, -0.010), (0.013, 0.002)], 16),
                paint.main,
                0.8,
            ),
            turned([(0, -0.052), (0.016, -0.052)], paint.main, 0.8),
            turned([(0.0135, -0.002), (0.0135, 0.008)], paint.accent, 0.9),
            turned(
                smooth([(0.0125, 0.006), (0.019, 0.030), (0.021, 0.044), (0.012, 0.054), (0, 0.056)], 14), bristle, 0.0
            ),
            *stack(
                [(0.0165, -0.052), (0.014, -0.026), (0.0145, 0.006), (0.020, 0.040), (0.015, 0.055)],
                (-0.052, 0.006, 0.055),
            ),
        ]
        return laid(parts)
    parts = [  # hand: a wide head on one side of a long back
        bar((0.048, 0.019, 0.009), paint.main, (0.045, 0, 0.008), 0.006),
        tube([(-0.100, 0, 0.010), (-0.05, 0, 0.012), (0.000, 0, 0.008)], (0.008, 0.0115, 0.009), paint.main, 14),
        painted("cylinder", (0.0035, 0.0118), paint.dark, (-0.088, 0, 0.010)),
        solid("box", (0.048, 0.019, 0.009), (0.045, 0, 0.008)),
        rod((-0.094, 0, 0.011), (0.0, 0, 0.009), 0.0098),
        solid("box", (0.046, 0.017, 0.011), (0.045, 0, -0.012), density=0.3),
    ]
    for x in np.linspace(0.002, 0.088, 10):
        for y in (-0.013, -0.0045, 0.0045, 0.013):
            parts.append(painted("box", (0.0034, 0.0034, 0.012), bristle, (x, y, -0.011), gloss=0.0))
    return parts
