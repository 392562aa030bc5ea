# SPDX-License-Identifier: Apache-2.0
"""Bottles, jars and cans from rows of proportions and details; all stand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.families.details import band, handle, radius_at, ribs
from vla_ros.objects.recipes.forms import WHITE, Profile, about, bar, ring, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import painted, rod, skin, solid


class Bottle(NamedTuple):
    """Outline from foot to mouth as (radius, height), its cap and label; how flat it is along y."""

    outline: tuple[tuple[float, float], ...]
    cap: str = "screw"
    label: str = "paper"
    flat: float = 1.0
    angular: bool = False  # straight between the points of its outline
    sides: int = 28


BOTTLES = {
    "beer": Bottle(((0.029, 0), (0.030, 0.050), (0.029, 0.095), (0.0135, 0.135), (0.0125, 0.175)), "crown"),
    "cola": Bottle(
        ((0.027, 0), (0.030, 0.030), (0.025, 0.070), (0.031, 0.105), (0.013, 0.165), (0.0125, 0.180)), "screw", "band"
    ),
    "straight": Bottle(((0.025, 0), (0.025, 0.110), (0.013, 0.124), (0.012, 0.134)), "screw", "paper", 1.0, True),
    "dropper": Bottle(((0.019, 0), (0.0195, 0.048), (0.010, 0.060), (0.009, 0.066)), "dropper", "paper", 1.0, True),
    "shampoo": Bottle(
        ((0.032, 0), (0.035, 0.040), (0.031, 0.110), (0.016, 0.140), (0.014, 0.146)), "flip", "paper", 0.62
    ),
    "perfume": Bottle(
        ((0.030, 0), (0.032, 0.012), (0.032, 0.045), (0.010, 0.056), (0.009, 0.062)), "knob", "none", 0.55, True
    ),
    "ketchup": Bottle(
        ((0.026, 0), (0.029, 0.020), (0.027, 0.090), (0.013, 0.140), (0.012, 0.150)), "nozzle", "paper", 0.75
    ),
    "champagne": Bottle(((0.030, 0), (0.031, 0.060), (0.029, 0.090), (0.015, 0.150), (0.0135, 0.200)), "cork", "paper"),
    "jug": Bottle(
        ((0.030, 0), (0.035, 0.010), (0.035, 0.090), (0.018, 0.125), (0.016, 0.140)), "screw", "grip", 1.0, True
    ),
    "flagon": Bottle(((0.030, 0), (0.036, 0.030), (0.034, 0.068), (0.014, 0.096), (0.012, 0.112)), "cork", "ear"),
    "hexagonal": Bottle(((0.031, 0), (0.031, 0.100), (0.015, 0.130), (0.013, 0.150)), "screw", "band", 1.0, True, 6),
}


def bottle(row: Bottle, paint: Paint) -> list[Part]:
    """A closed bottle."""
    top, neck = row.outline[-1][1], row.outline[-1][0]
    outline: Profile = row.outline if row.angular else smooth(row.outline, 26)
    foot = row.outline[0][0]
    body = lathe([(0, 0), (foot - 0.003, 0), *outline, (0, top)], row.sides)
    parts = [skin(_squeezed(body, row.flat), paint.main, gloss=0.8)]
    lid = paint.accent if paint.style != 1 or paint.color == "white" else paint.pale
    widest = max(z for r, z in row.outline if r >= 0.97 * max(r for r, _ in row.outline))
    half, middle = 0.17 * top, min(0.62 * widest, 0.36 * top) if len(row.outline) < 6 else 0.30 * top
    low, high = max(middle - half, 0.006), middle + half
    if row.label == "paper":
        color = paint.pale if paint.style < 2 and paint.color != "white" else paint.accent
        for share, tone, out in ((1.0, color, 0.0009), (0.25, shade(paint.main, 0.8), 0.0014)):
            a, b = middle - (middle - low) * share, middle + (high - middle) * share
            label = band(outline, a, b, tone, out, row.sides)
            if label.mesh is not None:
                parts.append(skin(_squeezed(label.mesh, row.flat * 1.002), tone, gloss=0.4))
    elif row.label == "band":
        parts += [
            band(outline, low, low + 0.006, lid, 0.0009, row.sides),
            band(outline, high, high + 0.004, lid, 0.0009, row.sides),
        ]
    elif row.label in ("grip", "ear"):
        start, end = (0.86, 0.45) if row.label == "grip" else (0.90, 0.52)
        parts += handle(
            outline, "square" if row.label == "grip" else "ear", start * top, end * top, 0.012, 0.0055, paint.main
        )
    if row.flat == 1.0:
        cuts = [0.0, widest, (widest + top) / 2, top] if widest < 0.8 * top else [0.0, top]
        if len(row.outline) > 5:
            cuts = [0.0, 0.25 * top, 0.45 * top, 0.7 * top, top]
        parts += stack(outline, cuts, share=1.0)
    else:
        for a, b in ((0.0, 0.72 * top), (0.72 * top, top)):
            r = float(np.mean([radius_at(outline, z) for z in np.linspace(a, b, 9)]))
            parts.append(solid("box", (r * 0.94, r * 0.94 * row.flat, (b - a) / 2), (0, 0, (a + b) / 2)))
    parts += _cap(row.cap, neck, top, lid, paint)
    return rotated(parts, (0, 0, 0, 1), (0, 0, -top / 2))


def _squeezed(mesh: Mesh, flat: float) -> Mesh:
    return Mesh(mesh.vertices * (1, flat, 1), mesh.faces, mesh.uv)


def _cap(kind: str, neck: float, top: float, lid: Rgba, paint: Paint) -> list[Part]:
    """Return what closes a bottle with a neck of this radius and height [m]."""
    r = neck + 0.0025
    profiles = {
        "screw": [(r, -0.006), (r, 0.013), (r - 0.002, 0.015), (0, 0.015)],
        "crown": [(r + 0.001, -0.006), (r + 0.0015, -0.001), (r - 0.002, 0.003), (0, 0.003)],
        "cork": [
            (neck - 0.001, -0.003),
            (neck + 0.001, 0.004),
            (neck + 0.002, 0.016),
            (neck - 0.003, 0.020),
            (0, 0.020),
        ],
        "flip": [(r + 0.005, -0.010), (r + 0.005, 0.014), (r + 0.002, 0.017), (0, 0.017)],
        "knob": [
            (r, -0.002),
            (r, 0.004),
            (r - 0.002, 0.006),
            (0.011, 0.012),
            (0.011, 0.026),
            (0.008, 0.028),
            (0, 0.028),
        ],
        "nozzle": [(r + 0.004, -0.008), (r + 0.003, 0.008), (0.006, 0.014), (0.003, 0.040), (0, 0.040)],
        "dropper": [(r, -0.006), (r, 0.008), (0.0065, 0.009), (0.0070, 0.024), (0.004, 0.032), (0, 0.033)],
    }
    profile = [(radius, top + z) for radius, z in profiles[kind]]
    color = {"cork": paint.wood, "crown": paint.steel, "dropper": paint.dark}.get(kind, lid)
    high = profile[-1][1]
    wide = float(np.mean([radius for radius, _ in profile[:-1]]))
    return [
        turned(profile, color, 0.5),
        solid("cylinder", (wide, (high - top + 0.004) / 2), (0, 0, (high + top - 0.004) / 2), density=0.4),
    ]


class Jar(NamedTuple):
    """Outline from foot to mouth as (radius, height), its lid and what else it has."""

    outline: tuple[tuple[float, float], ...]
    lid: str = "screw"
    details: tuple[str, ...] = ("label",)
    angular: bool = False
    sides: int = 28


JARS = {
    "pickle": Jar(((0.034, 0), (0.036, 0.030), (0.036, 0.075), (0.030, 0.090), (0.028, 0.094))),
    "clip": Jar(((0.032, 0), (0.0335, 0.004), (0.0335, 0.066), (0.030, 0.074)), "clip", (), True),
    "apothecary": Jar(((0.026, 0), (0.028, 0.050), (0.028, 0.070), (0.020, 0.082)), "ball", ("label",)),
    "beehive": Jar(((0.028, 0), (0.036, 0.022), (0.034, 0.045), (0.022, 0.062)), "ball", ("ribs",)),
    "cork": Jar(((0.027, 0), (0.029, 0.004), (0.029, 0.066), (0.023, 0.076)), "cork", ("label",), True),
    "cloth": Jar(((0.030, 0), (0.033, 0.012), (0.033, 0.056), (0.028, 0.066)), "cloth"),
    "squat": Jar(((0.034, 0), (0.037, 0.012), (0.036, 0.030), (0.032, 0.038)), "screw", ("ribs",)),
    "square": Jar(((0.033, 0), (0.036, 0.006), (0.036, 0.060), (0.026, 0.074)), "screw", ("label",), True, 4),
    "urn": Jar(((0.020, 0), (0.022, 0.012), (0.036, 0.045), (0.034, 0.062), (0.023, 0.074)), "dome", ("bands",)),
    "tall": Jar(((0.025, 0), (0.0265, 0.004), (0.0265, 0.105), (0.023, 0.112)), "dome", ("bands",), True),
    "octagonal": Jar(((0.030, 0), (0.0325, 0.004), (0.0325, 0.046), (0.025, 0.056)), "screw", ("bands",), True, 8),
}


def jar(row: Jar, paint: Paint) -> list[Part]:
    """A jar with a lid."""
    (mouth, top), foot = row.outline[-1], row.outline[0][0]
    outline: Profile = row.outline if row.angular else smooth(row.outline, 22)
    turn = about("z", 45) if row.sides == 4 else (0.0, 0.0, 0.0, 1.0)
    parts = [
        skin(lathe([(0, 0), (foot - 0.002, 0), *outline, (0, top)], row.sides), paint.main, None, (0, 0, 0), turn, 0.9)
    ]
    flat = {4: 0.74, 6: 0.9, 8: 0.95}.get(row.sides, 1.0)
    if "label" in row.details:
        color, square = paint.pale if paint.color != "white" else paint.accent, row.sides == 4
        a = radius_at(outline, top * 0.45)
        if square:
            parts.append(bar((a * 0.712, a * 0.5, top * 0.18), color, (0, 0, top * 0.42), 0.001))
        else:
            parts += [
                band(outline, top * 0.25, top * 0.62, color, 0.0008, row.sides),
                band(outline, top * 0.38, top * 0.48, paint.main, 0.0013, row.sides),
            ]
    if "ribs" in row.details:
        parts += ribs(outline, np.linspace(0.12, 0.85, 6) * top, paint.main, 0.004)
    if "bands" in row.details:
        parts += [band(outline, z * top, z * top + 0.005, paint.accent, 0.0009, row.sides) for z in (0.15, 0.72)]
    parts += stack(outline, (0.0, top * 0.35, top * 0.7, top) if not row.angular else (0.0, top), share=flat)
    cover = paint.accent if paint.style else paint.steel
    r = mouth + 0.0025
    profile = {
        "screw": [(r, -0.003), (r, 0.012), (r - 0.002, 0.014), (0, 0.014)],
        "clip": [(r + 0.002, 0.0), (r + 0.002, 0.005), (r - 0.004, 0.011), (0, 0.012)],
        "ball": [(r, -0.001), (r, 0.003), (r * 0.6, 0.008), (0.004, 0.010), (0.004, 0.014)],
        "cork": [(mouth - 0.003, -0.002), (mouth - 0.001, 0.010), (mouth - 0.003, 0.013), (0, 0.013)],
        "cloth": [(r + 0.007, -0.014), (r + 0.001, -0.004), (r + 0.001, 0.003), (r - 0.006, 0.008), (0, 0.009)],
        "dome": [(r, -0.002), (r, 0.004), (r * 0.8, 0.013), (0.006, 0.019), (0.006, 0.026), (0, 0.027)],
    }[row.lid]
    profile = [(radius, top + z) for radius, z in profile]
    color = {"cork": paint.wood, "clip": paint.steel, "cloth": paint.accent}.get(row.lid, cover)
    parts.append(turned(profile, color, 0.1 if row.lid == "cloth" else 0.7))
    tall = profile[-1][1] - top
    parts.append(
        solid(
            "cylinder",
            (r if row.lid != "cork" else mouth, min(tall, 0.014) / 2),
            (0, 0, top + min(tall, 0.014) / 2),
            density=0.5,
        )
    )
    if row.lid == "ball":
        parts += [
            painted("sphere", (0.009,), color, (0, 0, top + 0.020)),
            solid("sphere", (0.009,), (0, 0, top + 0.020), density=0.4),
        ]
    elif row.lid == "dome":
        parts.append(solid("cylinder", (0.008, 0.007), (0, 0, top + 0.020), density=0.3))
    elif row.lid == "clip":  # a wire that holds the lid down
        for side in (-1, 1):
            wire = [
                (side * (r + 0.001), -0.010, top - 0.004),
                (side * (r + 0.004), 0, top + 0.006),
                (side * (r + 0.001), 0.012, top - 0.018),
            ]
            parts.append(tube(wire, 0.0014, paint.dark, 10, normal=(1, 0, 0)))
        parts += rotated([ring(r + 0.001, 0.0016, paint.accent)], (0, 0, 0, 1), (0, 0, top - 0.001))
    elif row.lid == "cloth":
        parts += rotated([ring(r + 0.0015, 0.0014, paint.dark)], (0, 0, 0, 1), (0, 0, top - 0.003))
    return rotated(parts, (0, 0, 0, 1), (0, 0, -top / 2))


class Can(NamedTuple):
    """Radius, height, how it is closed and what else it has; how flat it is along y."""

    radius: float
    height: float
    top: str = "ring"  # ring, flat, lid, key, spout, dome, bail
    details: tuple[str, ...] = ()
    flat: float = 1.0
    taper: float = 0.0
    sides: int = 28


CANS = {
    "tall_boy": Can(0.0315, 0.150, "ring", (), 1.0, 0.006),
    "stubby": Can(0.0320, 0.088, "ring", (), 1.0, 0.006),
    "beans": Can(0.0330, 0.100, "flat", ("ribs",)),
    "fish": Can(0.0400, 0.034, "ring", ("rims",), 0.62),
    "coffee": Can(0.0340, 0.096, "lid", ("rims",)),
    "caddy": Can(0.0360, 0.086, "knob", ("rims",), 1.0, 0.0, 4),
    "bucket": Can(0.0330, 0.070, "bail", ("ribs",), 1.0, 0.004),
    "varnish": Can(0.0420, 0.085, "spout", ("rims",), 0.62, 0.0, 4),
    "mist": Can(0.0200, 0.110, "dome", ("band",)),
    "pate": Can(0.0340, 0.034, "key", ("rims",)),
    "milk": Can(0.0330, 0.076, "flat", ("rims", "band")),
}


def can(row: Can, paint: Paint) -> list[Part]:
    """A can with metal ends and a printed side."""
    r, h, taper = row.radius, row.height / 2, row.taper
    low = taper if row.top == "bail" else 0.0
    side: Profile = [
        (r - max(taper, low), -h),
        (r - low, -h + 2 * taper + 0.001),
        (r, h - 2 * taper - 0.001),
        (r - taper * (row.top == "ring"), h),
    ]
    wall = _squeezed(_at45(lathe(side, row.sides)) if row.sides == 4 else lathe(side, row.sides), row.flat)
    parts = [skin(wall, WHITE, paint.picture(64, 128), gloss=0.8)]
    for z, edge, up in ((-h, side[0][0], False), (h, side[-1][0], True)):
        disc = [(0, z), (edge, z)] if not up else [(edge, z - 0.0005), (0, z - 0.0005)]
        mesh = lathe(disc, row.sides)
        parts.append(skin(_squeezed(_at45(mesh) if row.sides == 4 else mesh, row.flat), paint.steel, gloss=1.0))
    if "ribs" in row.details:
        parts += ribs(side, np.linspace(-0.5, 0.5, 5) * h, paint.main, 0.0035)
    if "band" in row.details:
        parts.append(band(side, -h * 0.2, h * 0.1, paint.accent, 0.0008, row.sides))
    if "rims" in row.details:
        for z in (-h + 0.002, h - 0.002):
            mesh = lathe([(r + 0.0004, z - 0.002), (r + 0.0016, z), (r + 0.0004, z + 0.002)], row.sides)
            parts.append(skin(_squeezed(_at45(mesh) if row.sides == 4 else mesh, row.flat), paint.steel, gloss=1.0))
    if row.sides == 4:
        half = r * np.sqrt(0.5)
        parts.append(solid("box", (half, half * row.flat, h)))
    elif row.flat < 1.0:
        parts += [solid("box", (r * 0.92, r * row.flat * 0.72, h)), solid("box", (r * 0.62, r * row.flat * 0.96, h))]
    else:
        parts.append(solid("cylinder", (r - low * 0.5, h)))
    steel = shade(paint.steel, 0.6)
    if row.top == "ring":
        parts += [
            painted("ellipsoid", (0.010, 0.007, 0.0012), steel, (r * 0.3, 0, h + 0.0006), gloss=1.0),
            painted("cylinder", (0.002, 0.001), paint.dark, (0, 0, h + 0.0006)),
        ]
    elif row.top == "lid":
        cover = [(r + 0.0018, h - 0.010), (r + 0.0018, h + 0.002), (r - 0.002, h + 0.004), (0, h + 0.0035)]
        parts += [
            turned(cover, paint.accent, 0.4, sides=row.sides),
            solid("cylinder", (r, 0.002), (0, 0, h + 0.002), density=0.2),
        ]
    elif row.top == "knob":
        half = r * np.sqrt(0.5)
        parts += [
            bar((half + 0.0012, half + 0.0012, 0.007), paint.accent, (0, 0, h - 0.004), 0.002),
            painted("sphere", (0.007,), paint.steel, (0, 0, h + 0.008), gloss=1.0),
            solid("sphere", (0.007,), (0, 0, h + 0.008), density=0.2),
        ]
    elif row.top == "spout":
        parts += [
            painted("cylinder", (0.0085, 0.007), paint.accent, (0.016, 0, h + 0.007)),
            solid("cylinder", (0.0085, 0.007), (0.016, 0, h + 0.007), density=0.2),
        ]
        grip = [(-0.024, 0, h), (-0.020, 0, h + 0.013), (-0.002, 0, h + 0.013), (0.002, 0, h)]
        parts.append(tube(grip, 0.0026, paint.steel, 16, 1.0, normal=(0, 1, 0)))
    elif row.top == "dome":
        parts += [
            turned(smooth([(r, h), (r * 0.8, h + 0.010), (0.008, h + 0.014)], 8), paint.steel, 1.0),
            turned([(r * 0.85, h + 0.004), (r * 0.85, h + 0.030), (r * 0.7, h + 0.034), (0, h + 0.035)], paint.accent),
        ]
        parts.append(solid("cylinder", (r * 0.82, 0.017), (0, 0, h + 0.017), density=0.3))
    elif row.top == "bail":
        arc = [(0, r * np.cos(a), h * 0.75 + (h * 0.25 + 0.022) * np.sin(a)) for a in np.linspace(0, np.pi, 9)]
        parts += [
            tube(arc, 0.0018, paint.steel, 22, normal=(1, 0, 0)),
            painted("cylinder", (0.0050, 0.012), paint.wood, (0, 0, h + 0.022), (0.7071, 0, 0, 0.7071)),
        ]
        parts.append(rod((0, -0.012, h + 0.022), (0, 0.012, h + 0.022), 0.005, density=0.2))
    elif row.top == "key":
        parts += [
            bar((0.0018, 0.014, 0.001), steel, (0.004, 0, h + 0.001), 0.0005, gloss=1.0),
            painted("cylinder", (0.006, 0.001), steel, (0.004, 0.016, h + 0.001), gloss=1.0),
        ]
    return parts


def _at45(mesh: Mesh) -> Mesh:
    """Return a mesh of four sides with its faces across the axes."""
    half = np.sqrt(0.5)
    turn = np.array([(half, -half, 0), (half, half, 0), (0, 0, 1)])
    return Mesh(mesh.vertices @ turn.T, mesh.faces, mesh.uv)
