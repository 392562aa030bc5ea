# SPDX-License-Identifier: Apache-2.0
"""Balls, building blocks and markers from rows of proportions and details."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.playing import borne, bow, decked, fitted, flattened, made_of
from vla_ros.objects.recipes.forms import WHITE, about, bar, blob, laid, plate, rotated, stack, turned
from vla_ros.objects.shapes import lathe, sphere_profile
from vla_ros.objects.solids import painted, rod, skin, solid


class Ball(NamedTuple):
    """Radius, what is printed on it and how much it shines; nubs that stand out of it."""

    radius: float
    print: str
    gloss: float = 0.4
    nubs: int = 0
    form: str = "round"  # or what it is made of instead: strips, strings, rings, grooved; what it bears: cap, horns
    stretch: float = 0.0  # how much longer than thick, where it is


BALLS = {
    "swirl": Ball(0.0260, "swirl", 0.9),
    "star": Ball(0.0330, "star", 0.6),
    "cricket": Ball(0.0300, "stitched", 0.5),
    "bowling": Ball(0.0320, "holes", 0.9),
    "dotted": Ball(0.0315, "dots", 0.5),
    "split": Ball(0.0320, "halves", 0.4),
    "rings": Ball(0.0330, "rings", 0.4),
    "baseball": Ball(0.0310, "two_seams", 0.3),
    "massage": Ball(0.0320, "plain", 0.2, 90),
    "eight": Ball(0.0285, "disc", 0.9),
    "checkered": Ball(0.0335, "checks", 0.4),
    "yarn": Ball(0.0310, "thread", 0.0),
}


def ball(row: Ball, paint: Paint) -> list[Part]:
    """A ball."""
    r = row.radius
    if row.form in ("strips", "strings", "rings", "grooved"):
        return [*made_of(row.form, r, paint), solid("sphere", (r,))]
    if row.nubs:
        parts: list[Part] = [blob((r - 0.0025,) * 3, paint.main, gloss=0.2)]
        for k in range(row.nubs):
            z = 1 - 2 * (k + 0.5) / row.nubs
            a, wide = k * 2.399963, np.sqrt(1 - z * z)
            place = (r - 0.0026) * np.array([wide * np.cos(a), wide * np.sin(a), z])
            parts.append(painted("sphere", (0.0026,), shade(paint.main, 0.85), tuple(place), gloss=0.2))
        return [*parts, solid("sphere", (r,))]
    v, u = np.mgrid[0:80, 0:160] / np.array([80, 160]).reshape(2, 1, 1)
    polar, around = np.pi * v, 2 * np.pi * u
    x, y, z = np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)
    image = np.empty((80, 160, 3))
    image[:] = paint.main[:3] if paint.decoration == "plain" else paint.picture(80, 160) / 255
    main, accent, pale = (np.array(tone[:3]) for tone in (paint.main, paint.accent, paint.pale))
    seam = np.array(paint.dark[:3])
    if row.print == "swirl":
        image[np.sin(2 * around + 5 * z) > 0.55] = accent
    elif row.print == "star":
        distance = np.arccos(np.clip(np.abs(x), 0, 1))
        turn = np.arctan2(z, y)
        image[distance < 0.42 + 0.20 * np.cos(5 * turn)] = accent
    elif row.print == "stitched":
        image[np.abs(z) < 0.05] = pale
        image[(np.abs(np.abs(z) - 0.12) < 0.025) & (np.sin(40 * around) > 0)] = pale
    elif row.print == "holes":
        for a, b in ((0.15, 0.95), (-0.15, 0.95), (0.0, 0.78)):
            spot = np.array([b, a, np.sqrt(max(1 - a * a - b * b, 0.0))])
            image[(np.stack([x, y, z], -1) @ (spot / np.linalg.norm(spot))) > 0.992] = seam
    elif row.print == "dots":
        for k in range(24):
            h = 1 - 2 * (k + 0.5) / 24
            spot = np.array([np.sqrt(1 - h * h) * np.cos(k * 2.4), np.sqrt(1 - h * h) * np.sin(k * 2.4), h])
            image[(np.stack([x, y, z], -1) @ spot) > 0.975] = accent
    elif row.print == "halves":
        image[z > 0.12] = main * 0.72
        image[np.abs(z - 0.12) < 0.05] = pale
    elif row.print == "rings":
        image[(np.abs(np.abs(z) - 0.45) < 0.09)] = accent
        image[np.abs(z) < 0.05] = pale
    elif row.print == "two_seams":
        curve = 0.42 * np.cos(2 * around)
        image[(np.abs(z - curve) < 0.04) | ((np.abs(z - curve) < 0.11) & (np.sin(60 * around) > 0.5))] = accent
    elif row.print == "disc":
        image[np.abs(x) > 0.86] = pale
        image[(np.abs(x) > 0.86) & (np.abs(np.hypot(y, np.abs(z) - 0.16) - 0.13) < 0.045)] = seam
    elif row.print == "checks":
        image[(np.floor(u * 8) + np.floor(v * 4)) % 2 == 0] = accent * 0.35 + main * 0.65
    elif row.print == "laces":
        image[(np.abs(np.abs(z) - 0.80) < 0.055)] = pale
        image[(np.abs(y) < 0.04) & (np.abs(z) < 0.46) & (x > 0)] = pale
        image[(np.abs(y) < 0.17) & (np.abs(z) < 0.46) & (x > 0) & (np.sin(30 * z) > 0.35)] = pale
        image[(np.abs(y) < 0.012) & (np.abs(z) >= 0.46)] = main * 0.6
    elif row.print == "quarters":
        image[(np.floor(around / (np.pi / 2)) % 2 == 0) & (np.abs(z) > 0.35)] = accent
        image[(np.abs(x * y) < 0.008)] = seam
    elif row.print == "tiles":
        count = np.maximum(np.round(22 * np.sin(polar)), 3)
        ring, tile = np.floor(v * 14), np.floor(u * count)
        image[:] = main * (0.55 + 0.45 * np.abs(np.sin(12.9 * ring + 7.7 * tile)))[..., None]
        image[np.sin(5.3 * ring + 3.1 * tile) > 0.80] = (0.95, 0.97, 1.0)
        image[((v * 14) % 1 < 0.14) | ((u * count) % 1 < 0.12)] = main * 0.35
    elif row.print == "continents":
        land = np.sin(3 * x + 1) * np.cos(4 * y) + 0.7 * np.sin(5 * z + 3 * x) + 0.4 * np.sin(9 * y + 2) * np.cos(8 * x)
        image[land > 0.45] = accent
        image[np.abs(z) > 0.93] = pale
        image[(np.abs((u * 12) % 1 - 0.5) > 0.485) | (np.abs((v * 8) % 1 - 0.5) > 0.485)] = main * 0.75
    elif row.print == "smiley":
        image[(x > 0) & (np.hypot(np.abs(y) - 0.30, (z - 0.32) * 0.7) < 0.10)] = seam
        image[(x > 0) & (np.abs(np.hypot(y, z) - 0.58) < 0.055) & (z < -0.12)] = seam
    elif row.print == "thread":
        for k, axis in enumerate(((1, 0.2, 0.3), (0.2, 1, -0.4), (-0.5, 0.3, 1), (0.7, -0.7, 0.3))):
            along = (x * axis[0] + y * axis[1] + z * axis[2]) / np.linalg.norm(axis)
            patch = np.abs(along) < 0.42 - 0.05 * k
            image[patch] = main * np.where(np.sin(60 * along[patch]) > 0.0, 1.0, 0.7)[:, None]
    texture = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    if row.stretch:  # thickest in its middle; with laces it is pointed
        power = 1.45 if row.print == "laces" else 1.0
        spindle = [
            (r * float(np.cos(t)) ** power, r * row.stretch * float(np.sin(t))) for t in np.linspace(-1.5, 1.5, 25)
        ]
        egg = skin(lathe([(0, -r * row.stretch), *spindle, (0, r * row.stretch)], 36), WHITE, texture, gloss=row.gloss)
        return [egg, solid("ellipsoid", (r * 0.97, r * 0.97, r * row.stretch * 0.97))]
    parts = [skin(lathe(sphere_profile(r, count=19), 36), WHITE, texture, gloss=row.gloss), solid("sphere", (r,))]
    return [*parts, *(borne(row.form, r, paint) if row.form != "round" else [])]


class Block(NamedTuple):
    """Boxes that it is put together from: half edges and place; a prism instead: sides, radii below and above, half."""

    boxes: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...] = ()
    prism: tuple[int, float, float, float] | None = None
    side: tuple[tuple[float, float], ...] = ()  # an outline (x, z) instead, 4 cm long along y
    studs: tuple[int, int] = (0, 0)
    details: tuple[str, ...] = ()
    turned: tuple[tuple[float, float], ...] = ()  # radius and height of what is turned, from its foot
    arch: tuple[float, float, float] | None = None  # an arch's inner and outer radius and half its depth


def _one(a: float, b: float, c: float, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> tuple:
    return ((a, b, c), (x, y, z))


def _arc(radius: float, low: float) -> tuple[tuple[float, float], ...]:
    return tuple((radius * float(np.cos(a)), low + radius * float(np.sin(a))) for a in np.linspace(0.0, np.pi, 15))


BLOCKS = {
    "plank": Block((_one(0.056, 0.014, 0.010),)),
    "flat_square": Block((_one(0.028, 0.028, 0.0110),), None, (), (2, 2)),
    "small_studs": Block((_one(0.0160, 0.0160, 0.0130),), None, (), (2, 2)),
    "corner": Block((_one(0.033, 0.013, 0.013, 0, -0.020, 0), _one(0.013, 0.020, 0.013, -0.020, 0.013, 0))),
    "tee": Block((_one(0.034, 0.012, 0.012, 0, 0.012, 0), _one(0.012, 0.016, 0.012, 0, -0.016, 0))),
    "bridge": Block(
        (
            _one(0.036, 0.015, 0.009, 0, 0, 0.012),
            _one(0.010, 0.015, 0.012, -0.026, 0, -0.009),
            _one(0.010, 0.015, 0.012, 0.026, 0, -0.009),
        )
    ),
    "zigzag": Block((_one(0.023, 0.012, 0.012, -0.012, 0.012, 0), _one(0.023, 0.012, 0.012, 0.012, -0.012, 0))),
    "hexagon": Block((), (6, 0.0290, 0.0290, 0.016)),
    "ramp": Block(side=((-0.032, -0.018), (0.032, -0.018), (-0.032, 0.018))),
    "half_round": Block(side=_arc(0.030, -0.013)),
    "dice": Block((_one(0.0200, 0.0200, 0.0200),), None, (), (0, 0), ("pips",)),
    "letter": Block((_one(0.0210, 0.0210, 0.0210),), None, (), (0, 0), ("letter",)),
}


def block(row: Block, paint: Paint) -> list[Part]:
    """A toy building block."""
    parts: list[Part] = []
    if row.turned:
        hollow = row.turned[0][0] > 0.0 and row.turned[0] == row.turned[-1]
        ends = ((0.0, row.turned[0][1]), (0.0, row.turned[-1][1])) if not hollow else ()
        foot, top = min(z for _, z in row.turned), max(z for _, z in row.turned)
        shown = skin(lathe([*ends[:1], *row.turned, *ends[1:]], 40), paint.main, gloss=0.3)
        outside = row.turned[: len(row.turned) // 2 + 1] if hollow else row.turned
        return [shown, *stack(outside, np.linspace(foot, top, 4).tolist())]
    if row.arch:
        return bow(*row.arch, paint)
    if row.prism:
        sides, low, high, h = row.prism
        mesh = lathe([(0, -h), (low, -h), (high, h), (0, h)], sides)
        turn = about("z", 180 / sides)
        parts.append(skin(mesh, paint.main, None, (0, 0, 0), turn, 0.3))
        return [*parts, Part("mesh", (), (0, 0, 0), turn, mesh=mesh, visible=False)]
    if row.side:
        shown = plate(row.side, 0.020, paint.main, 0.3)
        upright = about("x", 90)
        return [
            replace(shown, quaternion=upright),
            Part("mesh", (), (0, 0, 0), upright, mesh=shown.mesh, visible=False),
            *_on_outline(row, paint),
        ]
    for half, place in row.boxes:
        radius = 0.008 if "soft" in row.details else 0.0018
        parts += [bar(half, paint.main, place, radius, gloss=0.6 if row.studs[0] else 0.3), solid("box", half, place)]
    (a, b, c), _ = row.boxes[0]
    parts += decked(row.details, (a, b, c), paint)
    for x in (np.arange(row.studs[0]) + 0.5) / max(row.studs[0], 1) * 2 - 1:
        for y in (np.arange(row.studs[1]) + 0.5) / max(row.studs[1], 1) * 2 - 1:
            place = (x * a, y * b, c + 0.0030)
            parts.append(
                skin(lathe([(0.0050, -0.003), (0.0050, 0.003), (0, 0.003)]), paint.main, position=place, gloss=0.6)
            )
    if row.studs[0]:
        parts.append(solid("box", (a * 0.8, b * 0.8, 0.003), (0, 0, c + 0.003), density=0.3))
    pale = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    if "pips" in row.details:
        spots = {2: ((0, 0),), 0: ((-0.5, -0.5), (0.5, 0.5)), 1: ((-0.5, 0.5), (0, 0), (0.5, -0.5))}
        for axis, places in spots.items():
            for u, v in places:
                for sign in (-1, 1):
                    at = np.insert(np.array([u * a, v * a]), axis, sign * (a - 0.0006))
                    parts.append(painted("sphere", (0.0042,), pale, tuple(at)))
    if "letter" in row.details:
        for degrees in (0, 90, 180, 270):  # an E on each side, a frame around it
            strokes = [
                ((0.0005, 0.0018, 0.0100), (a, -0.006, 0)),
                *[((0.0005, 0.0062, 0.0018), (a, 0.0005, z)) for z in (-0.0085, 0.0, 0.0085)],
            ]
            strokes += [((0.0004, 0.0180, 0.0010), (a, 0, z)) for z in (-0.0168, 0.0168)]
            parts += rotated(
                [bar(half, pale if k < 4 else paint.accent, place, 0.0003) for k, (half, place) in enumerate(strokes)],
                about("z", degrees),
            )
    return parts


def _on_outline(row: Block, paint: Paint) -> list[Part]:
    """Return the studs on the highest edge of a block cut by an outline; windows and a door."""
    top = max(z for _, z in row.side)
    flat = [x for x, z in row.side if z > top - 0.0005]
    parts: list[Part] = []
    if row.studs[0] and max(flat) - min(flat) > 0.008:
        for x in np.linspace(min(flat), max(flat), 2 * row.studs[0] + 1)[1::2]:
            for y in np.linspace(-0.020, 0.020, 2 * row.studs[1] + 1)[1::2]:
                stud = lathe([(0.0050, -0.003), (0.0050, 0.003), (0, 0.003)])
                parts.append(skin(stud, paint.main, position=(x, y, top + 0.0030), gloss=0.6))
        half = ((max(flat) - min(flat)) * 0.4, 0.016, 0.003)
        parts.append(solid("box", half, ((max(flat) + min(flat)) / 2, 0, top + 0.003), density=0.3))
    if "house" in row.details:
        pale = paint.pale if paint.color not in ("white", "yellow") else paint.dark
        low, wide = min(z for _, z in row.side), max(x for x, _ in row.side)
        for x in (-wide * 0.5, wide * 0.5):
            parts += [
                bar((wide * 0.24, 0.0204, wide * 0.24), pale, (x, 0, low + wide * 0.98), 0.0004),
                bar((wide * 0.25, 0.0206, 0.0007), paint.dark, (x, 0, low + wide * 0.98), 0.0004),
                bar((0.0007, 0.0206, wide * 0.25), paint.dark, (x, 0, low + wide * 0.98), 0.0004),
            ]
        parts.append(bar((wide * 0.20, 0.0204, wide * 0.34), paint.accent, (0, 0, low + wide * 0.35), 0.0004))
        rim = plate([(x * 1.05, z + 0.0012) for x, z in row.side if z > low + 0.001], 0.0212, paint.accent, 0.3)
        parts.append(replace(rim, quaternion=about("x", 90)))
    return parts


class Marker(NamedTuple):
    """Outline of the body and of the cap or tip, from −x to +x: radius and place; what else it has."""

    body: tuple[tuple[float, float], ...]
    cap: tuple[tuple[float, float], ...]
    sides: int = 28
    details: tuple[str, ...] = ()
    lid: str = "main"  # main, dark, accent, steel, tip


MARKERS = {
    "jumbo": Marker(
        ((0.0130, -0.068), (0.0140, -0.064), (0.0140, 0.020)),
        ((0.0148, 0.018), (0.0148, 0.060), (0.0120, 0.068)),
        28,
        ("label", "clip"),
    ),
    "ballpoint": Marker(
        ((0.0050, -0.070), (0.0056, -0.064), (0.0060, 0.050)),
        ((0.0058, 0.048), (0.0030, 0.068), (0.0010, 0.072)),
        28,
        ("clip_back", "button"),
        "steel",
    ),
    "felt_tip": Marker(
        ((0.0060, -0.072), (0.0068, -0.066), (0.0068, 0.016)),
        ((0.0078, 0.014), (0.0068, 0.066), (0.0050, 0.070)),
        28,
        ("label",),
    ),
    "highlighter": Marker(
        ((0.0110, -0.058), (0.0125, -0.050), (0.0125, 0.012), (0.0100, 0.016)),
        ((0.0120, 0.012), (0.0118, 0.046), (0.0080, 0.056)),
        6,
        ("clip",),
    ),
    "stubby": Marker(
        ((0.0120, -0.040), (0.0135, -0.034), (0.0135, 0.004)),
        ((0.0142, 0.002), (0.0130, 0.036), (0.0080, 0.042)),
        28,
        ("label",),
    ),
    "brush_pen": Marker(
        ((0.0040, -0.080), (0.0065, -0.040), (0.0082, 0.010)),
        ((0.0086, 0.006), (0.0070, 0.060), (0.0050, 0.076)),
        28,
        ("ring",),
    ),
    "open": Marker(
        ((0.0100, -0.064), (0.0110, -0.060), (0.0110, 0.030), (0.0085, 0.036), (0.0075, 0.046)),
        ((0.0042, 0.044), (0.0038, 0.056), (0.0014, 0.062)),
        28,
        ("label",),
        "tip",
    ),
    "hexagonal": Marker(
        ((0.0080, -0.070), (0.0085, -0.068), (0.0085, 0.030)),
        ((0.0092, 0.028), (0.0092, 0.062), (0.0060, 0.070)),
        6,
        ("ring",),
        "dark",
    ),
    "gel": Marker(
        ((0.0062, -0.068), (0.0068, -0.064), (0.0068, 0.022)),
        ((0.0074, 0.020), (0.0074, 0.056), (0.0040, 0.064)),
        28,
        ("clip", "grip"),
        "main",
    ),
    "paint_pen": Marker(
        ((0.0090, -0.066), (0.0105, -0.060), (0.0105, 0.010), (0.0085, 0.014)),
        ((0.0092, 0.012), (0.0085, 0.052), (0.0060, 0.056)),
        28,
        ("label", "ring"),
        "accent",
    ),
    "domed": Marker(
        ((0.0060, -0.062), (0.0095, -0.054), (0.0100, 0.006)),
        ((0.0108, 0.004), (0.0105, 0.048), (0.0075, 0.058), (0.003, 0.061)),
        28,
        ("grip",),
        "main",
    ),
}


def marker(row: Marker, paint: Paint) -> list[Part]:
    """A marker along x, cap or tip at +x."""
    (_first, low), (_last, end) = row.body[0], row.cap[-1]
    trim = paint.pale if paint.color != "white" else paint.dark
    lid = {
        "main": shade(paint.main, 0.75),
        "dark": paint.dark,
        "accent": paint.accent,
        "steel": paint.steel,
        "tip": shade(paint.main, 0.6),
    }[row.lid]
    if row.lid == "dark" and paint.color == "black":
        lid = paint.steel
    standing = [
        turned([(0, low), *row.body, (0, row.body[-1][1])], paint.main, 0.5, sides=row.sides),
        turned(
            [(row.cap[0][0] * 0.9, row.cap[0][1]), *row.cap, (0, end)],
            lid,
            0.6,
            sides=row.sides if row.lid != "tip" else 28,
        ),
    ]
    wide = max(r for r, _ in row.body)
    seam = row.cap[0][1]
    if "label" in row.details:
        standing += [
            turned([(wide * 1.02, low + 0.018), (wide * 1.02, seam - 0.016)], trim, sides=row.sides),
            turned([(wide * 1.04, low + 0.026), (wide * 1.04, low + 0.034)], paint.main, sides=row.sides),
        ]
    if "ring" in row.details:
        standing.append(
            turned([(row.cap[0][0] * 1.04, seam), (row.cap[0][0] * 1.04, seam + 0.004)], paint.accent, sides=row.sides)
        )
    if "grip" in row.details:
        standing += [
            turned(
                [(wide, z - 0.001), (wide + 0.0008, z), (wide, z + 0.001)],
                paint.dark if paint.color != "black" else trim,
            )
            for z in np.linspace(seam - 0.024, seam - 0.004, 7)
        ]
    if "button" in row.details:
        standing.append(turned([(0.0030, low - 0.008), (0.0030, low), (0, low)][::1], paint.steel, 0.9))
    standing += stack(row.body, (low, (low + seam) / 2, seam), share=1.0)
    standing += stack(row.cap, (seam, end), share=1.0)
    parts = laid(standing)
    if "clip" in row.details:
        r = row.cap[0][0]
        parts.append(
            bar(((end - seam) * 0.36, 0.0018, 0.0012), lid, (seam + (end - seam) * 0.42, 0, r + 0.0014), 0.0008)
        )
    if "clip_back" in row.details:
        parts.append(bar((0.020, 0.0018, 0.0009), paint.steel, (low + 0.024, 0, wide + 0.0018), 0.0006, gloss=1.0))
    parts += fitted(row.details, (low, seam, end), (wide, row.cap[0][0]), paint, lid)
    if "flat" in row.details:
        parts = [flattened(part, 0.45) for part in parts]
    if row.lid == "tip":
        parts.append(rod((seam - 0.01, 0, 0), (seam + 0.004, 0, 0), 0.008, "cylinder", 0.3))
    return parts
