# SPDX-License-Identifier: Apache-2.0
"""Apples, pears and lemons from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import trimmings
from vla_ros.objects.recipes.families.trimmings import face, sector
from vla_ros.objects.recipes.forms import Profile, about, laid, shape_of, soft, stack, tube, turned
from vla_ros.objects.recipes.produce import FLESH, LEAF, STEM
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import ALONG_X, painted, solid


class Apple(NamedTuple):
    """Radius, half height, height of the widest part (share), width at the base (share); what else it has."""

    radius: float
    half: float
    widest: float = 0.1
    base: float = 0.76
    lobes: int = 0
    stalk: float = 0.014
    leaves: int = 0
    lean: float = 0.0  # [m] its top is beside its base
    bites: tuple[float, ...] = ()  # [degrees] around
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along its axis
    more: str | None = None  # core, stick, peel, worm, toy, net, twig, label, wrinkles


APPLES = {
    "barrel": Apple(0.031, 0.034, 0.05, 0.88),
    "heart": Apple(0.035, 0.031, 0.42, 0.52, 5),
    "lopsided": Apple(0.034, 0.029, 0.12, 0.74, 0, 0.012, 0, 0.006),
    "bare": Apple(0.033, 0.029, 0.05, 0.80, 0, 0.0),
    "two_leaves": Apple(0.033, 0.030, 0.15, 0.72, 0, 0.020, 2),
    "long_stalk": Apple(0.029, 0.026, 0.10, 0.78, 0, 0.034, 0),
    "pumpkin": Apple(0.035, 0.026, 0.02, 0.84, 6, 0.010),
    "twice_bitten": Apple(0.034, 0.031, 0.15, 0.74, 0, 0.014, 1, 0.0, (0.0, 145.0)),
    "eaten": Apple(0.033, 0.034, 0.20, 0.72, 0, 0.016, 0, 0.0, (20.0, 110.0, 240.0)),
    "tapered": Apple(0.032, 0.036, 0.36, 0.56, 4, 0.016, 1, 0.003),
}


def apple(row: Apple, paint: Paint) -> list[Part]:
    """An apple standing on its base."""
    r, h = row.radius, row.half
    knots = [
        (0, -h * 0.80),
        (r * 0.28, -h),
        (r * row.base, -h * 0.66),
        (r, h * row.widest),
        (r * 0.76, h * 0.86),
        (r * 0.3, h),
        (0, h * 0.66),
    ]
    outline = _outline(knots, 24)
    if row.cut:
        return _piece(outline, row.cut, paint, h * -0.05)
    if row.more == "core":
        return _core(outline, r, h, paint, row.stalk)
    body = soft(knots, FLESH if row.more == "peel" else paint.main, 0.6, 24, 40)
    points = shape_of(body)
    if row.lobes:
        points[:, :2] *= (1 + 0.055 * np.cos(row.lobes * np.arctan2(points[:, 1], points[:, 0])))[:, None]
    points[:, 0] += row.lean * (points[:, 2] / h + 1) / 2
    parts = [body]
    if row.stalk:
        path = [
            (row.lean, 0, h * 0.66),
            (row.lean + 0.001, 0, h + row.stalk * 0.3),
            (row.lean + row.stalk * 0.35, 0, h + row.stalk),
        ]
        parts.append(tube(path, (0.0015, 0.0014, 0.0022), STEM, 8, normal=(0, 1, 0)))
    for k in range(row.leaves):
        sign = 1 - 2 * k
        turn = (0, -0.17 * sign, 0, 0.985)
        parts.append(
            painted("ellipsoid", (0.014, 0.0058, 0.0013), LEAF, (row.lean + sign * 0.013, 0.002 * k, h + 0.006), turn)
        )
    for angle in row.bites:
        a = np.radians(angle)
        place = (r * 0.86 * np.cos(a), r * 0.86 * np.sin(a), h * 0.1)
        parts.append(
            painted("ellipsoid", (0.009, 0.017, 0.016 + 0.004 * (len(row.bites) > 2)), FLESH, place, about("z", angle))
        )
    if row.more:
        parts += _more(row.more, outline, body, h, paint)
    return [
        *parts,
        solid("ellipsoid", (r, r, h * 0.98), (row.lean * 0.5, 0, 0.02 * h)),
        solid("cylinder", (r * 0.38, h * 0.1), (0, 0, -h * 0.88), density=0.5),
    ]


def _outline(knots: Profile, count: int) -> list[tuple[float, float]]:
    return [(max(a, 0.0), z) for a, z in smooth(knots, count)]


def _piece(outline: Profile, degrees: float, paint: Paint, middle: float) -> list[Part]:
    """Return a half or a wedge lying on its skin, the core at a height on its axis."""
    wide = 0.19 * max(r for r, _ in outline)
    faces = [
        face(outline, 1.0, FLESH),
        painted("ellipsoid", (wide, wide * 1.8, 0.0010), _CORE, (wide, middle, 0)),
        painted("ellipsoid", (0.0024, 0.0046, 0.0017), STEM, (wide, middle, 0), about("z", 12)),
    ]
    top = outline[-1][1]
    parts = sector(outline, degrees, paint.main, faces)
    if degrees > 150:
        parts.append(tube([(0.001, 0, top - 0.002), (0.003, 0.002, top + 0.014)], (0.0016, 0.0022), STEM, 6))
    return laid(parts)


def _core(outline: Profile, r: float, h: float, paint: Paint, stalk: float) -> list[Part]:
    """Return what is left of an apple or a pear: skin above and below, between them the core."""
    heights = [z for _, z in outline]
    low, high = min(heights), max(heights)
    share = np.interp(heights, np.linspace(low, high, 7), (1.0, 0.92, 0.50, 0.40, 0.52, 0.95, 1.0))
    eaten = [(a * s, z) for (a, z), s in zip(outline, share, strict=True)]
    ends = (low + 0.24 * (high - low), high - 0.24 * (high - low))
    return [
        turned(eaten, FLESH, 0.2, sides=36),
        trimmings.between(eaten, low, ends[0], paint.main),
        trimmings.between(eaten, ends[1], high, paint.main),
        *[painted("ellipsoid", (0.0020, 0.0014, 0.0040), STEM, (0.40 * r * x, 0.40 * r * y, 0)) for x, y in _SIDES],
        tube([(0, 0, h * 0.7), (0.001, 0, h), (0.005, 0, h + stalk)], (0.0015, 0.0022), STEM, 8, normal=(0, 1, 0)),
        *stack(eaten, (low, ends[0], ends[1], high)),
    ]


_SIDES = ((1.0, 0.0), (-0.5, 0.87), (-0.5, -0.87))


def _more(kind: str, outline: Profile, body: Part, h: float, paint: Paint) -> list[Part]:
    """Return what is put on an apple or a pear that stands on its base."""
    top = max(z for _, z in outline)
    if kind == "peel":
        return [
            trimmings.between(outline, h * 0.35, top, paint.main),
            trimmings.ribbon(outline, h * 0.32, -h * 0.50, 1.6, h * 0.34, paint.main, 0.012),
        ]
    if kind == "stick":
        r = max(a for a, _ in outline)
        return [
            painted("cylinder", (r * 0.80, h * 0.09), paint.main, (0, 0, -h * 0.93), gloss=0.9),
            painted("cylinder", (0.0034, 0.032), paint.wood, (0, 0, top + 0.022)),
            solid("cylinder", (0.0034, 0.032), (0, 0, top + 0.022), density=0.2),
        ]
    if kind == "wrinkles":
        trimmings.wrinkled(body, 0.022)
        return []
    return {
        "worm": lambda: trimmings.worm(outline, h * 0.25, -35),
        "toy": lambda: trimmings.peg(top, paint.wood),
        "net": lambda: trimmings.net(outline, -h * 0.86, h * 0.66, trimmings.FOAM, 11),
        "twig": lambda: trimmings.twig(0.0, top),
        "label": lambda: trimmings.label(outline, h * 0.2, -40, paint),
    }[kind]()


class Pear(NamedTuple):
    """Radius, height, radius of the neck, waist (share of the radius); how far it leans; stalk, leaves, ribs."""

    radius: float
    height: float
    neck: float
    waist: float = 0.78
    lean: float = 0.0
    stalk: float = 0.016
    leaves: int = 0
    bites: int = 0
    ribs: int = 0
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along its axis
    slab: float = 0.0  # [m] half the thickness of a slice along its axis
    more: str | None = None  # as of an apple; wax, tissue


PEARS = {
    "conference": Pear(0.0275, 0.110, 0.0125, 0.80, 0.006, 0.020),
    "teardrop": Pear(0.0345, 0.088, 0.0090, 0.70, 0.0, 0.014),
    "leafy": Pear(0.0320, 0.090, 0.0145, 0.76, 0.0, 0.022, 2),
    "leaning": Pear(0.0320, 0.096, 0.0130, 0.72, 0.022, 0.018),
    "apple_like": Pear(0.0350, 0.068, 0.0220, 0.88, 0.0, 0.014),
    "bottle": Pear(0.0300, 0.106, 0.0165, 0.60, 0.0, 0.012),
    "eaten": Pear(0.0330, 0.090, 0.0145, 0.78, 0.004, 0.016, 0, 1),
    "ribbed": Pear(0.0340, 0.084, 0.0150, 0.74, 0.004, 0.016, 1, 0, 5),
    "tiny": Pear(0.0240, 0.064, 0.0105, 0.74, 0.003, 0.022, 1),
    "hooked": Pear(0.0300, 0.092, 0.0115, 0.66, 0.016, 0.030),
}


def pear(row: Pear, paint: Paint) -> list[Part]:
    """A pear standing on its base."""
    r, h, neck = row.radius, row.height / 2, row.neck
    knots = [
        (0, -h * 0.94),
        (r * 0.35, -h),
        (r * 0.86, -h * 0.75),
        (r, -h * 0.38),
        (r * row.waist, h * 0.04),
        (neck, h * 0.54),
        (neck * 0.82, h * 0.87),
        (0, h),
    ]
    outline = _outline(knots, 26)
    if row.slab:
        return _pear_slice(outline, row, paint)
    if row.cut:
        return _piece(outline, row.cut, paint, -h * 0.36)
    if row.more == "core":
        return _core(outline, r, h, paint, row.stalk)
    body = soft(knots, FLESH if row.more == "peel" else paint.main, 0.4, 26, 36)
    points = shape_of(body)
    if row.ribs:
        points[:, :2] *= (1 + 0.045 * np.cos(row.ribs * np.arctan2(points[:, 1], points[:, 0])))[:, None]
    points[:, 0] += row.lean * np.clip((points[:, 2] / h + 0.2) / 1.2, 0, 1) ** 2
    x, stalk = row.lean, row.stalk
    parts = [
        body,
        tube(
            [(x, 0, h * 0.94), (x + 0.002, 0, h + stalk * 0.4), (x + stalk * 0.5, 0, h + stalk)],
            (0.0016, 0.0016, 0.0025),
            STEM,
            8,
            normal=(0, 1, 0),
        ),
    ]
    for k in range(row.leaves):
        sign = 1 - 2 * k
        parts.append(
            painted(
                "ellipsoid",
                (0.015, 0.0062, 0.0013),
                LEAF,
                (x + sign * 0.014, 0, h + 0.006),
                (0, -0.17 * sign, 0, 0.985),
            )
        )
    if row.bites:
        parts.append(painted("ellipsoid", (0.010, 0.018, 0.018), FLESH, (r * 0.86, 0, -h * 0.30)))
    if row.more == "wax":
        parts.append(painted("ellipsoid", (0.0050, 0.0046, 0.0085), _WAX, (x + stalk * 0.45, 0, h + stalk * 0.9)))
    elif row.more == "tissue":
        parts.append(_tissue(r, h))
    elif row.more:
        parts += _more(row.more, outline, body, h, paint)
    long = max(h * 0.95 - 2 * neck, 0.008) / 2
    return [
        *parts,
        solid("ellipsoid", (r, r, min(r, h) * 0.98), (0, 0, -h + min(r, h))),
        solid("capsule", (neck, long), (x * 0.7, 0, h - neck - long)),
        solid("cylinder", (r * 0.42, h * 0.06), (0, 0, -h * 0.94), density=0.5),
    ]


_WAX = (0.72, 0.08, 0.10, 1.0)


def _pear_slice(outline: Profile, row: Pear, paint: Paint) -> list[Part]:
    """Return a slice that lies flat, its stalk at +y."""
    h, up = row.height / 2, row.slab + 0.0005
    parts = trimmings.slab(outline, row.slab, paint.main, FLESH)
    parts.append(painted("ellipsoid", (row.radius * 0.34, row.radius * 0.44, up + 0.0004), _CORE, (0, -h * 0.36, 0)))
    for side in (-1, 1):
        place = (side * row.radius * 0.15, -h * 0.36, up)
        parts.append(painted("ellipsoid", (0.0024, 0.0048, 0.0014), STEM, place, about("z", -14 * side)))
    return [*parts, tube([(0, h - 0.003, 0), (0.004, h + row.stalk, 0)], (0.0017, 0.0024), STEM, 6)]


_CORE = (0.90, 0.84, 0.60, 1.0)


def _tissue(r: float, h: float) -> Part:
    """Return crumpled paper around the lower half of a fruit."""
    cup = [(r * 0.40, -h - 0.0006), (r * 0.97, -h * 0.80), (r * 1.10, -h * 0.36), (r * 1.14, h * 0.10)]
    paper = turned([*cup, (r * 1.09, h * 0.10), (r * 1.02, -h * 0.30)], (0.80, 0.76, 0.90, 1.0), 0.1, sides=56)
    trimmings.wrinkled(paper, 0.024, 14, 130.0)
    return paper


class Lemon(NamedTuple):
    """Length, radius, radius of its tips and how far they reach (shares); what else it has."""

    length: float
    radius: float
    tip: float = 0.22
    reach: float = 0.72
    lumps: float = 0.0
    leaves: int = 0
    stalk: bool = False
    cut: float = 1.0  # share of its length that is left, from −x
    piece: float = 0.0  # [degrees] of it that are left, a piece cut along its axis
    bend: float = 0.0  # [m] by which its +x end lies beside its axis
    ribs: int = 0
    more: str | None = None  # slice, zest, peel, net, label, bottle, seam, blossom


LEMONS = {
    "egg": Lemon(0.078, 0.0270, 0.34, 0.78),
    "globe": Lemon(0.071, 0.0280, 0.20, 0.66),
    "nippled": Lemon(0.086, 0.0265, 0.24, 0.58),
    "wrinkled": Lemon(0.080, 0.0265, 0.26, 0.70, 0.05),
    "two_leaves": Lemon(0.076, 0.0260, 0.22, 0.72, 0.0, 2, True),
    "stalked": Lemon(0.084, 0.0240, 0.20, 0.68, 0.0, 0, True),
    "tiny": Lemon(0.058, 0.0205, 0.24, 0.70),
    "topped": Lemon(0.086, 0.0265, 0.22, 0.72, 0.0, 0, False, 0.80),
    "spindle": Lemon(0.094, 0.0230, 0.14, 0.62, 0.02, 1),
}


def lemon(row: Lemon, paint: Paint) -> list[Part]:
    """A lemon along x with its two tips."""
    h, r, tip = row.length / 2, row.radius, row.radius * row.tip
    cut = 1.0 if row.more else row.cut
    knots = [
        (0, -h),
        (tip, -h * 0.94),
        (r * 0.58, -h * row.reach),
        (r * 0.93, -h * 0.34),
        (r, 0),
        (r * 0.92, h * 0.36),
        (r * 0.56, h * row.reach),
        (tip, h * 0.92),
        (0, h),
    ]
    outline = [(max(a, 0.0), z) for a, z in smooth(knots, 28)]
    end = -h + 2 * h * cut
    pulp = shade(paint.main, 1.25)
    if row.piece:
        faces = [face(outline, 1.0, _PITH), face(outline, 0.87, pulp, 0.0005)]
        faces.append(painted("ellipsoid", (r * 0.09, h * 0.62, 0.0014), _PITH))
        return laid(sector(outline, row.piece, paint.main, faces, 0.4))
    if row.more == "slice":
        parts = trimmings.disc(r * 1.1, 0.0050, paint.main, ((0.97, _PITH),))
        return [*parts, *trimmings.seeds(9, r * 0.60, 0.0052, pulp, (r * 0.36, r * 0.19, 0.0011))]
    if cut < 1:
        outline = [point for point in outline if point[1] < end] + [(r * 0.72, end)]
    skin_color = _PITH if row.more == "peel" else paint.main
    body = soft(outline, skin_color, 0.4, 28, 32) if cut == 1 else soft(outline, paint.main, 0.4, 40, 32)
    points = shape_of(body)
    if row.bend:
        points[:, 0] += row.bend * np.clip(points[:, 2] / h, 0, 1) ** 2
    if row.ribs:
        points[:, :2] *= (1 + 0.05 * np.cos(row.ribs * np.arctan2(points[:, 1], points[:, 0])))[:, None]
    if row.lumps:
        around = np.arctan2(points[:, 1], points[:, 0])
        points[:, :2] *= (1 + row.lumps * np.sin(5 * around) * np.cos(230 * points[:, 2] + 2 * around))[:, None]
    parts = laid([body, *_on_lemon(row, outline, paint)])
    if cut < 1:  # segments show
        parts.append(painted("cylinder", (r * 0.72, 0.0008), FLESH, (end, 0, 0), ALONG_X))
        for k in range(8):
            a = k * np.pi / 4
            place = (end + 0.0006, 0.0105 * np.cos(a), 0.0105 * np.sin(a))
            parts.append(
                painted(
                    "ellipsoid", (0.0008, 0.0064, 0.0034), shade(paint.main, 1.25), place, about("x", np.degrees(a))
                )
            )
        parts.append(solid("cylinder", (r * 0.70, (end - h * 0.2) / 2), ((end + h * 0.2) / 2, 0, 0), ALONG_X, 0.5))
        return [*parts, solid("ellipsoid", (h * 0.86, r, r), (-h * 0.1, 0, 0))]
    if row.stalk:
        parts.append(tube([(h - 0.004, 0, 0), (h + 0.010, 0, 0.003)], (0.0018, 0.0022), STEM, 6))
    else:
        parts.append(painted("sphere", (0.0034,), (0.35, 0.40, 0.15, 1.0), (h - 0.003, 0, 0)))
    for k in range(row.leaves):
        sign = 1 - 2 * k
        parts.append(
            painted(
                "ellipsoid", (0.016, 0.0075, 0.0014), LEAF, (h + 0.003, sign * 0.014, 0.005), (0.1, 0, 0.42 * sign, 0.9)
            )
        )
    return [
        *parts,
        solid("ellipsoid", (h * 0.90, r, r)),
        solid("capsule", (0.006, h * 0.76), quaternion=ALONG_X, density=0.1),
    ]


_PITH = (0.97, 0.95, 0.84, 1.0)


def _on_lemon(row: Lemon, outline: Profile, paint: Paint) -> list[Part]:
    """Return what is put on a lemon that stands along z."""
    h, r = row.length / 2, row.radius
    if row.more == "zest":
        turns = np.arange(3) * 2 * np.pi / 3
        return [trimmings.ribbon(outline, -h * 0.66, h * 0.66, 0.8, 0.0036, _PITH, 0.0, a) for a in turns]
    if row.more == "peel":
        skins = [trimmings.between(outline, -h, -h * 0.08, paint.main), trimmings.between(outline, h * 0.8, h, _PITH)]
        return [*skins, trimmings.ribbon(outline, -h * 0.14, h * 0.50, 1.3, h * 0.26, paint.main, 0.012)]
    if row.more == "net":
        return trimmings.net(outline, -h * 0.94, h * 0.94, (0.80, 0.14, 0.10, 1.0), 10, 0.0008)
    if row.more == "label":
        return trimmings.label(outline, h * 0.1, 150, paint)
    if row.more == "seam":  # two halves of a toy that hold together
        ring = [(r * 0.96, -0.0024), (r * 1.012, -0.0018), (r * 1.012, 0.0018), (r * 0.96, 0.0024)]
        return [turned(ring, (0.95, 0.94, 0.90, 1.0), 0.1, sides=36)]
    if row.more == "bottle":  # lemon juice
        return [
            painted("cylinder", (0.0105, 0.0070), paint.accent, (0, 0, h + 0.004), gloss=0.6),
            painted("cylinder", (0.0064, 0.0060), paint.accent, (0, 0, h + 0.015), gloss=0.6),
            *[painted("cylinder", (0.0112, 0.0006), shade(paint.accent, 0.7), (0, 0, h + z)) for z in (0.0, 0.004)],
            solid("cylinder", (0.0100, 0.0110), (0, 0, h + 0.008), density=0.3),
        ]
    if row.more == "blossom":
        petals = [trimmings.leaf((0, 0, h + 0.004), 72 * k, 0.0105, 22, (0.97, 0.96, 0.95, 1.0)) for k in range(5)]
        return [*petals, painted("sphere", (0.0042,), (0.93, 0.78, 0.20, 1.0), (0, 0, h + 0.006))]
    return []
