# SPDX-License-Identifier: Apache-2.0
"""Mugs, cups, bowls, bottles, cans, jars and teapots that only pictures with boxes show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import Family, drinkware, packages, tins
from vla_ros.objects.recipes.families.details import DARK, band, handle, radius_at
from vla_ros.objects.recipes.families.drinkware import Bowl, Cup, Mug
from vla_ros.objects.recipes.families.packages import Bottle, Jar
from vla_ros.objects.recipes.families.tins import Can
from vla_ros.objects.recipes.forms import Profile, about, blob, rotated, shape_of, stack, tube, turned
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import painted, rod, solid

MUGS = {
    "cat": Mug((0.034, 0.0355, 0.036), 0.080, "loop", 0.024, (0.28, -0.28), 0.0055, 28, ("ears",)),
    "kuksa": Mug((0.026, 0.042, 0.045), 0.056, "tab", 0.044, (0.36, -0.20), 0.0055, 28, ("rim",)),
    "irish": Mug((0.017, 0.029, 0.031, 0.034), 0.088, "ear", 0.022, (0.24, -0.24), 0.0045, 28, ("pedestal",)),
    "tea_holder": Mug((0.032, 0.0325, 0.033, 0.0345), 0.102, "square", 0.024, (0.10, -0.34), 0.0040, 28, ("glass",)),
    "french_press": Mug((0.033, 0.033, 0.033), 0.112, "square", 0.027, (0.30, -0.30), 0.0055, 28, ("lid", "plunger")),
    "lidded": Mug((0.032, 0.036, 0.0365, 0.036), 0.088, "ear", 0.023, (0.22, -0.30), 0.0055, 28, ("lid", "knob")),
    "camping": Mug((0.041, 0.041, 0.0415), 0.066, "wires", 0.028, (0.28, -0.28), 0.0050, 28, ("rim",)),
    "captain": Mug((0.050, 0.045, 0.036, 0.031), 0.098, "wedge", 0.026, (0.34, -0.20), 0.0065, 28, ("foot",)),
    "quencher": Mug(
        (0.0290, 0.0290, 0.0305, 0.0375, 0.0380, 0.0385, 0.0390),
        0.134,
        "square",
        0.028,
        (0.34, -0.06),
        0.0065,
        28,
        ("lid", "straw"),
    ),
    "cappuccino": Mug((0.025, 0.041, 0.047, 0.050), 0.058, "ear", 0.021, (0.24, -0.26), 0.0050, 28, ("saucer",)),
    "dimpled": Mug((0.034, 0.038, 0.038, 0.036), 0.108, "loop", 0.028, (0.28, -0.26), 0.0075, 28, ("dimples",)),
    "square": Mug((0.031, 0.034, 0.035), 0.084, "square", 0.026, (0.26, -0.26), 0.0055, 4, ("teabag",)),
}

CUPS = {
    "teacup": Cup((0.020, 0.033, 0.038, 0.043), 0.052, details=("handle", "saucer")),
    "sippy": Cup((0.027, 0.029, 0.032), 0.076, details=("lid", "spout", "pair")),
    "measuring": Cup((0.030, 0.032, 0.0325), 0.040, details=("stick",)),
    "martini": Cup((0.008, 0.026, 0.046), 0.044, 0.062, 0.032),
    "flute": Cup((0.010, 0.0215, 0.023, 0.021), 0.090, 0.048, 0.027),
    "trophy": Cup((0.016, 0.030, 0.034, 0.039), 0.066, 0.030, 0.024, 28, ("pair", "plinth", "rim")),
    "folding": Cup((0.022, 0.027, 0.032, 0.036), 0.072, details=("tiers",)),
    "ice_cream": Cup((0.026, 0.031, 0.036), 0.052, details=("band", "scoops")),
    "tea_glass": Cup((0.021, 0.025, 0.018, 0.0205, 0.025), 0.080, details=("saucer", "rim")),
    "party": Cup((0.024, 0.028, 0.031, 0.036), 0.112, details=("ribs", "rim")),
    "hurricane": Cup((0.013, 0.031, 0.033, 0.024, 0.027, 0.034), 0.112, 0.020, 0.030),
    "baking": Cup((0.026, 0.032, 0.038), 0.042, details=("fluted",)),
}

BOWLS = {
    "pet": Bowl((0.073, 0.066, 0.060), 0.046, 0.0, 28, ("rolled", "paw")),
    "batter": Bowl((0.036, 0.056, 0.062, 0.065), 0.070, 0.0, 28, ("lip", "grip")),
    "oval": Bowl((0.046, 0.068, 0.075), 0.046, 0.0, 28, ("oval", "rolled")),
    "scalloped": Bowl((0.030, 0.052, 0.060, 0.068), 0.048, 0.005, 28, ("scalloped",)),
    "divided": Bowl((0.042, 0.062, 0.068), 0.042, 0.0, 28, ("divided", "rolled")),
    "ramen": Bowl((0.030, 0.050, 0.064, 0.073), 0.066, 0.008, 28, ("broth", "chopsticks", "band")),
    "lidded": Bowl((0.028, 0.050, 0.058, 0.060), 0.052, 0.008, 28, ("cover",)),
    "brimmed": Bowl((0.034, 0.050, 0.053), 0.036, 0.0, 28, ("brim",)),
    "compote": Bowl((0.018, 0.052, 0.066, 0.071), 0.044, 0.0, 28, ("pedestal", "rolled")),
    "tripod": Bowl((0.040, 0.060, 0.066, 0.066), 0.052, 0.0, 28, ("legs", "rolled")),
    "salad": Bowl((0.036, 0.060, 0.070, 0.074), 0.056, 0.0, 28, ("salad",)),
    "basket": Bowl((0.044, 0.058, 0.064, 0.068), 0.050, 0.0, 28, ("coils",)),
}

BOTTLES = {
    "nursing": Bottle(((0.027, 0), (0.028, 0.006), (0.026, 0.050), (0.028, 0.092), (0.021, 0.108)), "teat", "band"),
    "swing_top": Bottle(
        ((0.032, 0), (0.033, 0.060), (0.031, 0.090), (0.015, 0.124), (0.0135, 0.160)), "swing", "paper"
    ),
    "demijohn": Bottle(((0.036, 0), (0.045, 0.030), (0.0445, 0.062), (0.017, 0.096), (0.014, 0.112)), "cork", "basket"),
    "bear": Bottle(
        ((0.023, 0), (0.029, 0.026), (0.027, 0.056), (0.0175, 0.078), (0.0225, 0.098), (0.013, 0.118), (0.010, 0.122)),
        "nozzle",
        "none",
        figure="bear",
    ),
    "nail_polish": Bottle(
        ((0.017, 0), (0.019, 0.006), (0.019, 0.026), (0.009, 0.036), (0.008, 0.042)), "brush", "none", 0.8, True
    ),
    "thermos": Bottle(((0.034, 0), (0.034, 0.008), (0.034, 0.128), (0.029, 0.142)), "beaker", "band", 1.0, True),
    "soy_sauce": Bottle(
        ((0.032, 0), (0.034, 0.008), (0.021, 0.058), (0.014, 0.090), (0.0145, 0.108)), "spouts", "paper"
    ),
    "wash": Bottle(
        ((0.030, 0), (0.031, 0.006), (0.031, 0.088), (0.019, 0.106), (0.017, 0.112)), "swan", "band", 1.0, True
    ),
    "cruet": Bottle(((0.036, 0), (0.036, 0.008), (0.020, 0.072), (0.013, 0.104), (0.016, 0.116)), "stopper", "ear"),
    "carry": Bottle(
        ((0.033, 0), (0.034, 0.006), (0.034, 0.138), (0.025, 0.156), (0.024, 0.166)), "carry", "none", 1.0, True
    ),
    "cleaner": Bottle(
        ((0.034, 0), (0.036, 0.020), (0.033, 0.090), (0.020, 0.128), (0.0135, 0.142)), "bent", "paper", 0.68
    ),
    "carboy": Bottle(
        ((0.046, 0), (0.048, 0.006), (0.048, 0.106), (0.020, 0.134), (0.017, 0.148)), "screw", "ribs", 1.0, True
    ),
}

CANS = {
    "watering": Can(0.0380, 0.070, figure="watering"),
    "jerry": Can(0.0460, 0.120, figure="jerry"),
    "churn": Can(0.0390, 0.132, figure="churn"),
    "dustbin": Can(0.0420, 0.104, figure="dustbin"),
    "opened": Can(0.0360, 0.092, "opened", ("ribs", "rims")),
    "crisps": Can(0.0340, 0.176, "lid", ("rims",)),
    "coffee_drink": Can(0.0300, 0.096, "screw", ("band",)),
    "biscuit": Can(0.0640, 0.050, "cover", ("rims",)),
    "mints": Can(0.0480, 0.024, "hinged", ("rounded",), 0.66),
    "luncheon": Can(0.0440, 0.072, "ring", ("rounded", "rims"), 0.60),
    "crushed": Can(0.0320, 0.092, "ring", ("crushed",), 1.0, 0.005),
    "straw": Can(0.0300, 0.118, "straw", (), 1.0, 0.006),
}

JARS = {
    "dipper": Jar(((0.028, 0), (0.037, 0.026), (0.034, 0.056), (0.026, 0.070)), "dipper", ("bands",)),
    "cat": Jar(((0.032, 0), (0.039, 0.028), (0.036, 0.056), (0.031, 0.066)), "head", ()),
    "amphora": Jar(
        ((0.014, 0), (0.022, 0.022), (0.040, 0.078), (0.034, 0.100), (0.017, 0.118), (0.018, 0.138)),
        "open",
        ("handles", "bands"),
    ),
    "crock": Jar(((0.037, 0), (0.040, 0.006), (0.040, 0.070), (0.036, 0.082)), "open", ("bands",), True),
    "globe": Jar(((0.022, 0), (0.042, 0.024), (0.044, 0.042), (0.036, 0.064), (0.027, 0.074)), "sphere", ("layers",)),
    "sugar": Jar(((0.022, 0), (0.037, 0.018), (0.040, 0.038), (0.032, 0.052)), "spoon", ("handles",)),
    "onggi": Jar(((0.028, 0), (0.043, 0.040), (0.045, 0.062), (0.036, 0.086), (0.030, 0.092)), "saucer", ("bands",)),
    "protein": Jar(((0.040, 0), (0.042, 0.004), (0.042, 0.082), (0.039, 0.090)), "tub", ("label",), True),
    "dispenser": Jar(((0.038, 0), (0.040, 0.006), (0.040, 0.104), (0.032, 0.120)), "clip", ("tap",), True),
    "shaker": Jar(((0.027, 0), (0.028, 0.004), (0.024, 0.040), (0.027, 0.080), (0.026, 0.086)), "shaker", ("label",)),
    "bonbon": Jar(((0.016, 0), (0.036, 0.022), (0.041, 0.050), (0.038, 0.066)), "dome", ("layers",), stem=0.036),
    "yoghurt": Jar(((0.025, 0), (0.031, 0.018), (0.031, 0.034), (0.026, 0.056), (0.029, 0.066)), "foil", ("label",)),
}


class Teapot(NamedTuple):
    """Outline from foot to neck as (radius, height), its spout, handle and lid; its sides and what else it has."""

    outline: tuple[tuple[float, float], ...]
    spout: str = "curved"  # curved, straight, long, trunk, lip
    handle: str = "loop"  # loop, angular, hoop
    lid: str = "low"  # low, dome, spire, flat
    sides: int = 28
    details: tuple[str, ...] = ("plain",)


TEAPOTS = {
    "elephant": Teapot(((0.030, -0.034), (0.044, -0.010), (0.044, 0.010), (0.024, 0.032)), "trunk", details=("ears",)),
    "pumpkin": Teapot(
        ((0.026, -0.030), (0.048, -0.008), (0.047, 0.010), (0.020, 0.028)), "curved", "loop", "dome", 28, ("lobes",)
    ),
    "moroccan": Teapot(
        ((0.026, -0.038), (0.044, -0.020), (0.042, 0.006), (0.024, 0.034)),
        "curved",
        "angular",
        "spire",
        28,
        ("feet", "bands"),
    ),
    "for_one": Teapot(
        ((0.028, -0.026), (0.042, -0.008), (0.040, 0.010), (0.022, 0.028)), "curved", "loop", "low", 28, ("cup",)
    ),
    "warmer": Teapot(
        ((0.034, -0.026), (0.048, -0.008), (0.044, 0.012), (0.024, 0.028)), "curved", "loop", "flat", 28, ("stove",)
    ),
    "cosy": Teapot(
        ((0.032, -0.034), (0.043, -0.014), (0.042, 0.012), (0.024, 0.034)), "curved", "loop", "dome", 28, ("cosy",)
    ),
    "hexagonal": Teapot(
        ((0.034, -0.040), (0.044, -0.014), (0.040, 0.014), (0.024, 0.036)), "straight", "angular", "spire", 6
    ),
    "bamboo": Teapot(((0.036, -0.024), (0.050, -0.006), (0.048, 0.008), (0.024, 0.024)), "straight", "hoop", "flat"),
    "long_spout": Teapot(
        ((0.030, -0.036), (0.040, -0.016), (0.036, 0.012), (0.018, 0.036)), "long", "loop", "dome", 28, ("bands",)
    ),
    "ring": Teapot(
        ((0.030, -0.052), (0.050, -0.020), (0.050, 0.020), (0.018, 0.048)), "straight", "loop", "low", 28, ("ring",)
    ),
    "camping": Teapot(((0.044, -0.052), (0.041, -0.020), (0.034, 0.020), (0.029, 0.050)), "lip", "hoop", "dome"),
    "double": Teapot(
        ((0.030, -0.024), (0.037, -0.010), (0.036, 0.008), (0.024, 0.024)), "curved", "loop", "low", 28, ("kettle",)
    ),
}


def teapot(row: Teapot, paint: Paint) -> list[Part]:
    """A teapot with its spout at +x."""
    outline: Profile = smooth(row.outline, 18)
    (foot, low), (neck, top) = row.outline[0], row.outline[-1]
    wide = max(r for r, _ in outline)
    china = paint.pale if "cosy" in row.details else paint.main
    if "ring" in row.details:
        body = _hoop(wide, low, paint)
        low, top, outline = -wide, wide, [(0.3 * wide, -wide), (0.3 * wide, wide)]
    else:
        body = [turned([(0, low), (foot - 0.002, low), *outline, (0, top)], china, 0.8, sides=row.sides)]
        body += stack(outline, (low, low * 0.35, top), 0.5)
    if "lobes" in row.details:
        body[0] = turned([(0, low), (foot - 0.002, low), *outline, (0, top)], china, 0.8, sides=80)
        points = shape_of(body[0])
        bulge = np.sin(np.pi * np.clip((points[:, 2] - low) / (top - low), 0, 1))
        points[:, :2] *= (
            1 + 0.07 * (bulge * (np.abs(np.cos(4 * np.arctan2(points[:, 1], points[:, 0]))) - 0.6))[:, None]
        )
    if "bands" in row.details:
        body += [band(outline, z, z + 0.004, paint.accent) for z in (0.55 * low, 0.1 * top, 0.6 * top)]
    parts = body + _lid(row.lid, neck, top, paint) + _spout(row.spout, outline, wide, low, top, china)
    parts += _grip(row.handle, wide, low, top, china, paint)
    if "ears" in row.details:
        parts += _elephant(wide, top, paint)
    if "feet" in row.details:
        for turn in np.arange(4) * np.pi / 2 + np.pi / 4:
            x, y = foot * np.cos(turn), foot * np.sin(turn)
            leg = [(0.75 * x, 0.75 * y, low + 0.006), (1.05 * x, 1.05 * y, low - 0.014)]
            parts += [tube(leg, (0.0070, 0.0040), paint.main, 6, 0.8), rod(leg[0], leg[1], 0.0045, density=0.5)]
    if "cup" in row.details:
        side: Profile = [(0.62 * wide, low - 0.046), (0.90 * wide, low - 0.024), (0.96 * wide, low + 0.003)]
        parts += [
            turned([(0, low - 0.046), *side, (foot, low + 0.003)], paint.accent, 0.8),
            *handle(side, "loop", low - 0.008, low - 0.034, 0.018, 0.0045, paint.accent, -1),
            *stack(side, (low - 0.046, low - 0.024, low)),
        ]
    if "stove" in row.details:
        parts += _stove(0.92 * wide, low, paint)
    if "cosy" in row.details:
        parts += _cosy(wide, neck, low, top, paint)
    if "kettle" in row.details:
        parts += _kettle(wide, low, paint)
    return parts


def _lid(kind: str, neck: float, top: float, paint: Paint) -> list[Part]:
    """Return a lid on a neck of this radius and height [m], with its knob."""
    up, bend = {"low": (0.007, 1.0), "dome": (0.7 * neck, 1.0), "spire": (1.5 * neck, 2.2), "flat": (0.003, 0.6)}[kind]
    color = paint.accent if paint.style % 2 else paint.main
    curve = [((neck + 0.002) * np.cos(a) ** bend, top + 0.002 + up * np.sin(a)) for a in np.linspace(0, 1.5, 10)]
    knob = 0.0060 if kind == "spire" else 0.0090
    place = (0, 0, top + 0.002 + up + 0.7 * knob)
    return [
        turned([(neck + 0.003, top - 0.002), (neck + 0.003, top + 0.002), *curve], color, 0.8),
        painted("sphere", (knob,), color, place, gloss=0.8),
        solid("sphere", (knob,), place, density=0.3),
        solid("cylinder", (neck, 0.004 + up / 3), (0, 0, top + up / 3), density=0.4),
    ]


def _spout(kind: str, outline: Profile, wide: float, low: float, top: float, china: Rgba) -> list[Part]:
    """Return a spout at +x with a dark mouth."""
    mouth = radius_at(outline, 0.7 * top)
    path, radii = {
        "curved": (
            [
                (wide - 0.012, 0.3 * low),
                (wide + 0.018, 0.3 * low + 0.006),
                (wide + 0.024, 0.5 * top),
                (wide + 0.038, top),
            ],
            (0.0125, 0.0095, 0.0075, 0.0058),
        ),
        "straight": ([(wide - 0.012, 0.2 * low), (wide + 0.026, top - 0.002)], (0.0125, 0.0062)),
        "long": (
            [(wide - 0.012, 0.4 * low), (wide + 0.020, 0.1 * low), (wide + 0.080, top + 0.026)],
            (0.0115, 0.0070, 0.0038),
        ),
        "trunk": (
            [(wide - 0.014, 0.2 * top), (wide + 0.016, 0.0), (wide + 0.030, 0.3 * top), (wide + 0.042, top + 0.006)],
            (0.0160, 0.0120, 0.0095, 0.0075),
        ),
        "lip": ([(mouth - 0.006, 0.30 * top), (mouth + 0.017, top - 0.003)], (0.0060, 0.0120)),
    }[kind]
    points = [(x, 0.0, z) for x, z in path]
    end, before = np.array(points[-1]), np.array(points[-2])
    tip = end + (end - before) * 0.0008 / np.linalg.norm(end - before)
    return [
        tube(points, radii, china, 18, 0.8, normal=(0, 1, 0)),
        painted("sphere", (0.62 * radii[-1],), DARK, tip),
        rod(points[0], points[-1], 0.0070, density=0.3),
    ]


def _grip(kind: str, wide: float, low: float, top: float, china: Rgba, paint: Paint) -> list[Part]:
    """Return a handle at −x, or a hoop above the lid."""
    if kind == "hoop":
        side, high = 0.86 * wide, top + 0.052
        arc = [(-side, 0, 0.5 * top), (-1.0 * side, 0, high - 0.018), (-0.55 * side, 0, high)]
        arc += [(-x, 0, z) for x, _, z in reversed(arc)]
        return [
            tube(arc, 0.0030, paint.dark, 28, 0.6, normal=(0, 1, 0)),
            tube([(-0.5 * side, 0, high), (0.5 * side, 0, high)], 0.0062, paint.wood, 6),
            rod((-0.5 * side, 0, high), (0.5 * side, 0, high), 0.0062, density=0.2),
            *(rod((s * side, 0, 0.5 * top), (s * side, 0, high - 0.018), 0.0035, density=0.2) for s in (-1, 1)),
        ]
    body: Profile = [(0.86 * wide, low), (0.86 * wide, top)]
    style, color = ("square", paint.dark) if kind == "angular" else ("loop", china)
    return handle(body, style, 0.66 * top, 0.5 * low, 0.030 + 0.12 * wide, 0.0055, color, -1)


def _hoop(wide: float, low: float, paint: Paint) -> list[Part]:
    """Return a body as a ring that stands on a foot, its hole along y."""
    thick = 0.34 * wide
    around = np.linspace(0, 2 * np.pi, 17)
    ring = turned([(wide - thick * (1 - np.cos(a)), thick * np.sin(a)) for a in around], paint.main, 0.8, sides=40)
    parts = rotated([ring], about("x", 90))
    for k in range(8):
        a, b = 2 * np.pi * (k - 0.4) / 8, 2 * np.pi * (k + 0.4) / 8
        r = wide - thick
        ends = [(r * np.cos(t), 0.0, r * np.sin(t)) for t in (a, b)]
        parts.append(rod(ends[0], ends[1], 0.92 * thick, density=0.5))
    foot = [(0, -wide - 0.006), (0.5 * wide, -wide - 0.006), (0.44 * wide, -wide + 0.006)]
    return [*parts, turned(foot, paint.main, 0.8), solid("cylinder", (0.48 * wide, 0.006), (0, 0, -wide))]


def _elephant(wide: float, top: float, paint: Paint) -> list[Part]:
    """Return the ears, eyes and tusks beside a trunk at +x."""
    parts = []
    for side in (-1, 1):
        place = (0.42 * wide, side * 0.98 * wide, 0.25 * top)
        ear, turn = (0.0045, 0.0185, 0.0240), about("z", side * 25)
        parts += [
            blob(ear, shade(paint.main, 0.85), place, 0.8, turn),
            solid("box", (0.0035, 0.013, 0.017), place, turn, 0.3),
            painted("sphere", (0.0042,), paint.dark, (0.88 * wide, side * 0.36 * wide, 0.42 * top)),
            tube(
                [(0.93 * wide, side * 0.24 * wide, -0.002), (1.24 * wide, side * 0.34 * wide, -0.003)],
                (0.0042, 0.0014),
                paint.pale,
                6,
            ),
        ]
    return parts


def _stove(r: float, low: float, paint: Paint) -> list[Part]:
    """Return a stand with a candle under a teapot, open all around."""
    base = low - 0.042
    parts = [
        turned([(0, base), (r, base), (r, base + 0.006), (0, base + 0.006)], paint.accent, 0.8),
        turned([(0.5 * r, low - 0.006), (r, low - 0.006), (r, low), (0.5 * r, low)], paint.accent, 0.8),
        painted("cylinder", (0.014, 0.006), paint.pale, (0, 0, base + 0.011)),
        painted("ellipsoid", (0.0036, 0.0036, 0.0075), (1.0, 0.75, 0.20, 1.0), (0, 0, base + 0.024), gloss=0.9),
        solid("cylinder", (r, 0.003), (0, 0, base + 0.003), density=2.0),
        solid("cylinder", (r, 0.003), (0, 0, low - 0.003)),
    ]
    for turn in np.arange(6) * np.pi / 3 + 0.3:
        place = (0.93 * r * np.cos(turn), 0.93 * r * np.sin(turn), (base + low) / 2)
        parts += [
            painted("cylinder", (0.0032, 0.0185), paint.accent, place, gloss=0.8),
            solid("cylinder", (0.0030, 0.018), place),
        ]
    return parts


def _cosy(wide: float, neck: float, low: float, top: float, paint: Paint) -> list[Part]:
    """Return a knitted cover over a teapot, with a bobble."""
    r, cap = wide + 0.0045, top + 0.75 * neck + 0.010
    outline = [(0.97 * r, 0.55 * low), (1.02 * r, 0.0), (0.96 * r, 0.5 * top), (0.70 * r, top + 0.25 * neck), (0, cap)]
    knit = turned(smooth(outline, 20), paint.main, 0.0, sides=96)
    points = shape_of(knit)
    points[:, :2] *= 1 + 0.025 * np.cos(16 * np.arctan2(points[:, 1], points[:, 0]))[:, None]
    hem = [(0.97 * r, 0.62 * low), (1.07 * r, 0.56 * low), (1.07 * r, 0.38 * low), (0.97 * r, 0.30 * low)]
    return [
        knit,
        turned(hem, paint.accent, 0.0),
        painted("sphere", (0.0135,), paint.accent, (0, 0, cap + 0.008), gloss=0.0),
        solid("cylinder", (r, 0.5 * (0.5 * top - 0.55 * low)), (0, 0, 0.25 * top + 0.275 * low), density=0.2),
        solid("sphere", (0.0125,), (0, 0, cap + 0.008), density=0.2),
    ]


def _kettle(wide: float, low: float, paint: Paint) -> list[Part]:
    """Return the wider pot for water on which a teapot stands."""
    base, r = low - 0.062, 1.30 * wide
    side: Profile = [(0.92 * r, base), (r, base + 0.010), (0.98 * r, base + 0.036), (0.72 * r, low)]
    spout = [(0.86 * r, 0, base + 0.026), (1.30 * r, 0, low - 0.004)]
    return [
        turned([(0, base), *smooth(side, 14), (0, low)], paint.main, 0.9),
        turned([(0.72 * r, low - 0.004), (0.76 * r, low), (0.72 * r, low + 0.003)], paint.accent, 0.9),
        tube(spout, (0.0120, 0.0062), paint.main, 8, 0.9, normal=(0, 1, 0)),
        painted("sphere", (0.0042,), paint.dark, spout[1]),
        *handle(side, "square", low - 0.012, base + 0.022, 0.026, 0.0055, paint.dark, -1),
        *stack(side, (base, base + 0.036, low)),
        rod(spout[0], spout[1], 0.0070, density=0.3),
    ]


PICTURED: dict[str, Family] = {
    "mug": (MUGS, drinkware.mug),
    "cup": (CUPS, drinkware.cup),
    "bowl": (BOWLS, drinkware.bowl),
    "bottle": (BOTTLES, packages.bottle),
    "can": (CANS, tins.can),
    "jar": (JARS, packages.jar),
    "teapot": (TEAPOTS, teapot),
}
