# SPDX-License-Identifier: Apache-2.0
"""Toy boats."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, laid, plate, tube, turned
from vla_ros.objects.recipes.vehicles import GLASS
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import ALONG_Y, painted, rod, skin, solid

# Length, width, height of the hull [m].
BOATS = {
    "sailing": (0.110, 0.040, 0.022),
    "tug": (0.095, 0.044, 0.026),
    "speed": (0.125, 0.040, 0.020),
    "steamer": (0.130, 0.038, 0.024),
    "rowing": (0.120, 0.046, 0.022),
    "fishing": (0.105, 0.042, 0.026),
    "catamaran": (0.110, 0.052, 0.020),
    "submarine": (0.120, 0.034, 0.034),
}


def boat(shape: str, paint: Paint) -> list[Part]:
    """A toy boat on its keel, bow at +x."""
    length, width, tall = BOATS[shape]
    h, w = length / 2, width / 2
    parts: list[Part] = []
    if shape == "submarine":
        hull = smooth([(0, -h), (w * 0.7, -h * 0.82), (w, -h * 0.35), (w, h * 0.4), (w * 0.7, h * 0.85), (0, h)], 20)
        parts += [
            *laid(
                [
                    turned([(max(r, 0), z) for r, z in hull], paint.main, 0.7),
                    turned([(w + 0.0005, -0.004), (w + 0.0005, 0.004)], paint.accent),
                ]
            ),
            bar((0.017, 0.0085, 0.012), paint.main, (0.004, 0, w + 0.008), 0.006),
            tube(
                [(0.010, 0, w + 0.018), (0.010, 0, w + 0.032), (0.018, 0, w + 0.033)],
                0.0020,
                paint.steel,
                10,
                normal=(0, 1, 0),
            ),
        ]
        for side in (-1, 1):
            parts += [bar((0.010, 0.012, 0.0018), paint.accent, (-h * 0.82, side * 0.012, 0), 0.001)]
            for x in (-0.025, 0.0, 0.025):
                parts.append(painted("cylinder", (0.0045, 0.0012), GLASS, (x, side * w * 0.985, 0.002), ALONG_Y, 1.0))
        parts += [
            bar((0.010, 0.0018, 0.014), paint.accent, (-h * 0.82, 0, 0), 0.001),
            rod((-h * 0.72, 0, 0), (h * 0.72, 0, 0), w * 0.97),
            solid("box", (0.015, 0.0085, 0.013), (0.004, 0, w + 0.006), density=0.3),
        ]
        return [*parts, solid("box", (h * 0.5, w * 0.45, 0.003), (0, 0, -w + 0.002), density=1.0)]
    t = np.linspace(0, 1, 12)
    blunt = {"tug": 1.6, "fishing": 1.8, "steamer": 1.9, "rowing": 2.4, "sailing": 1.7, "speed": 1.3, "catamaran": 2.2}[
        shape
    ]
    halves = [(0.0, 1.0)] if shape != "catamaran" else [(-w * 0.66, 0.34), (w * 0.66, 0.34)]
    deck: Rgba = (0.80, 0.64, 0.42, 1.0)
    for offset, share in halves:
        stern = 0.75 if shape != "rowing" else 0.0
        beam = (
            w
            * share
            * np.where(
                t < 0.45,
                stern + (1 - stern) * np.sin(t / 0.45 * np.pi / 2),
                np.maximum(1 - (np.maximum(t - 0.45, 0.0) / 0.55) ** blunt, 0.015),
            )
        )
        stations = -h + t * length
        outline = [
            *zip(stations.tolist(), (-beam).tolist(), strict=True),
            *zip(stations[::-1].tolist(), beam[::-1].tolist(), strict=True),
        ]
        for level, (narrow, z) in enumerate(((0.66, -tall * 0.36), (0.88, -tall * 0.08), (1.0, tall * 0.22))):
            parts.append(
                plate(
                    [(px * (0.90 + 0.05 * level), py * narrow + offset) for px, py in outline],
                    tall * 0.16,
                    paint.main if level else (paint.accent if shape != "rowing" else paint.main),
                    0.5,
                    z,
                )
            )
        top = [(px * 0.94, py * 0.86 + offset) for px, py in outline]
        parts.append(plate(top, 0.0008, shade(paint.main, 0.5) if shape == "rowing" else deck, 0.2, tall * 0.38))
        parts += [
            solid("box", (h * 0.62, w * share * 0.92, tall * 0.40), (-h * 0.28, offset, 0)),
            solid("box", (h * 0.34, w * share * 0.50, tall * 0.34), (h * 0.56, offset, 0.001), density=0.6),
        ]
    top_z = tall * 0.40
    if shape == "sailing":
        parts += [
            tube([(0.004, 0, top_z), (0.004, 0, top_z + 0.075)], 0.0020, paint.wood, 4, normal=(0, 1, 0)),
            solid("cylinder", (0.004, 0.036), (0.004, 0, top_z + 0.036), density=0.1),
        ]
        for corners in (
            ((-0.002, 0.010), (-0.002, 0.070), (-0.044, 0.010)),
            ((0.010, 0.010), (0.010, 0.060), (0.042, 0.010)),
        ):
            sail = plate(
                [(x, z) for x, z in corners], 0.0010, paint.pale if paint.color != "white" else paint.accent, 0.1
            )
            parts.append(Part("mesh", (), (0, 0, top_z), about("x", 90), sail.rgba, None, sail.mesh, False))
    elif shape == "catamaran":
        parts += [
            bar((h * 0.62, w * 0.9, 0.0025), paint.pale, (-0.006, 0, top_z), 0.002),
            bar((0.020, 0.015, 0.010), paint.main, (-0.010, 0, top_z + 0.011), 0.004),
            bar((0.0205, 0.0152, 0.0035), GLASS, (-0.010, 0, top_z + 0.013), 0.001),
            solid("box", (0.024, 0.017, 0.012), (-0.010, 0, top_z + 0.010), density=0.3),
        ]
    elif shape == "rowing":
        for x in (-0.022, 0.012):
            parts.append(bar((0.006, w * 0.84, 0.0018), paint.wood, (x, 0, top_z), 0.001))
        for side in (-1, 1):
            parts.append(
                tube(
                    [(-0.030, side * w * 0.5, top_z + 0.003), (0.030, side * w * 0.55, top_z + 0.003)],
                    (0.0040, 0.0022, 0.0022),
                    paint.wood,
                    8,
                    flatness=0.6,
                )
            )
    else:
        house = {
            "tug": (0.020, 0.0150, 0.0130, -0.006),
            "speed": (0.020, 0.0140, 0.0060, -0.008),
            "steamer": (0.036, 0.0120, 0.0090, -0.006),
            "fishing": (0.013, 0.0135, 0.0140, 0.018),
        }[shape]
        a, b, c, x = house
        parts += [
            bar((a, b, c), paint.pale if paint.color != "white" else paint.accent, (x, 0, top_z + c), 0.003),
            bar((a + 0.0004, b + 0.0004, c * 0.28), GLASS, (x, 0, top_z + c * 1.25), 0.001, gloss=1.0),
            solid("box", (a, b, c), (x, 0, top_z + c), density=0.3),
        ]
        if shape in ("tug", "steamer"):
            for dx in (0.0,) if shape == "tug" else (-0.020, 0.0, 0.018):
                parts += [
                    turned_at([(0.0055, 0), (0.0055, 0.014)], paint.main, (x + dx, 0, top_z + 2 * c - 0.002)),
                    turned_at(
                        [(0.0058, 0.010), (0.0058, 0.015), (0, 0.015)], paint.dark, (x + dx, 0, top_z + 2 * c - 0.002)
                    ),
                ]
        elif shape == "fishing":
            parts += [
                tube([(-0.018, 0, top_z), (-0.018, 0, top_z + 0.040)], 0.0016, paint.wood, 4, normal=(0, 1, 0)),
                tube([(-0.018, 0, top_z + 0.036), (-0.046, 0, top_z + 0.020)], 0.0012, paint.wood, 4, normal=(0, 1, 0)),
                bar((0.012, 0.013, 0.004), (0.30, 0.42, 0.48, 1.0), (-0.030, 0, top_z + 0.003), 0.002),
            ]
        else:
            parts += [
                bar((0.0010, 0.0140, 0.0060), GLASS, (0.016, 0, top_z + 0.008), 0.0005, about("y", -35)),
                bar((0.005, 0.006, 0.010), paint.dark, (-h - 0.003, 0, 0.004), 0.002),
            ]
    return parts


def turned_at(profile: list[tuple[float, float]], color: Rgba, place: tuple[float, ...], gloss: float = 0.5) -> Part:
    """Return a body turned about z at a place [m], drawn alone."""
    return skin(lathe(profile), color, position=place, gloss=gloss)
