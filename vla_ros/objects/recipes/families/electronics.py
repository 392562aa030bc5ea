# SPDX-License-Identifier: Apache-2.0
"""Remotes and phones from rows of proportions and details."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import slab_outline
from vla_ros.objects.recipes.forms import about, bar, blob, plate, rotated, tube, turned
from vla_ros.objects.recipes.phones import SCREEN
from vla_ros.objects.shapes import swath
from vla_ros.objects.solids import ALONG_X, ALONG_Y, moved, painted, rod, skin, solid


class Slab(NamedTuple):
    """Half edges; half widths along it (shares, from −x to +x); how round its corners are; what is on its top."""

    half: tuple[float, float, float]
    widths: tuple[float, ...] = (1.0, 1.0)
    corner: float = 0.006
    details: tuple[str, ...] = ()
    bow: float = 0.0  # how far its middle arches upwards
    desk: float = 0.0  # length of the handset that lies on it: a telephone for a desk


_COLORS: tuple[Rgba, ...] = (
    (0.85, 0.15, 0.12, 1.0),
    (0.20, 0.60, 0.30, 1.0),
    (0.92, 0.78, 0.15, 1.0),
    (0.20, 0.40, 0.80, 1.0),
    (0.95, 0.50, 0.15, 1.0),
    (0.60, 0.30, 0.70, 1.0),
)


def _slab(row: Slab, paint: Paint) -> list[Part]:
    a, b, c = row.half
    if row.bow:
        return _arch(row, paint)
    parts = [plate(slab_outline(a, b, row.widths, min(row.corner * 1.4, b * 0.6)), c, paint.main, 0.5)]
    cuts = np.linspace(-1, 1, 3 if len(row.widths) > 2 else 2)
    for low, high in itertools.pairwise(cuts):
        wide = float(np.interp(np.linspace(low, high, 9), np.linspace(-1, 1, len(row.widths)), row.widths).min())
        parts.append(solid("box", (a * (high - low) / 2, b * max(wide, 0.3), c), (a * (low + high) / 2, 0, 0)))
    return parts


def _arch(row: Slab, paint: Paint) -> list[Part]:
    a, b, c = row.half
    lower = np.array(slab_outline(a, b, row.widths, min(row.corner * 1.4, b * 0.6)))[:61]
    x, wide, lift = lower[:, 0], -lower[:, 1], row.bow * (1 - (lower[:, 0] / a) ** 2)
    edges = ((-0.94, -1), (-1, -0.7), (-1, 0.7), (-0.94, 1), (0.94, 1), (1, 0.7), (1, -0.7), (0.94, -1), (-0.94, -1))
    body = swath([np.column_stack([x, y * wide, lift + z * c]) for y, z in edges])
    solids = []
    for low, high in itertools.pairwise(np.linspace(-1, 1, 5)):
        middle = (low + high) / 2
        lean = about("y", float(np.degrees(np.arctan(2 * row.bow * middle / a))))
        place = (a * middle, 0, row.bow * (1 - middle**2) - row.bow * 0.03)
        solids.append(
            solid(
                "box",
                (a * 0.26, b * float(np.interp(middle, np.linspace(-1, 1, len(row.widths)), row.widths)), c),
                place,
                lean,
            )
        )
    return [skin(body, paint.main, gloss=0.5), *solids]


def _bowed(parts: list[Part], row: Slab) -> list[Part]:
    """Return what lies on a flat body where it lies on an arched one."""
    a = row.half[0]
    lifted = []
    for part in parts:
        x, y, z = part.position
        lean = about("y", float(np.degrees(np.arctan(2 * row.bow * x / a**2))))
        lifted += moved(rotated([replace(part, position=(0.0, y, z))], lean), (x, 0, row.bow * (1 - (x / a) ** 2)))
    return lifted


REMOTES = {
    "tapered": Slab((0.075, 0.0250, 0.0095), (0.70, 0.86, 1.0), 0.006, ("wheel", "grid")),
    "stick": Slab((0.060, 0.0130, 0.0085), (1.0, 1.0), 0.008, ("wheel", "column")),
    "hourglass": Slab((0.088, 0.0240, 0.0100), (1.0, 0.86, 0.68, 0.86, 1.0), 0.007, ("dense", "wheel")),
    "pebble": Slab((0.045, 0.0240, 0.0110), (0.62, 0.95, 1.0, 0.95, 0.62), 0.011, ("wheel", "pair")),
    "projector": Slab((0.050, 0.0200, 0.0075), (1.0, 1.0), 0.004, ("grid",)),
    "universal": Slab((0.100, 0.0280, 0.0120), (0.86, 0.95, 1.0), 0.006, ("screen", "dense")),
    "soundbar": Slab((0.070, 0.0190, 0.0070), (1.0, 1.0), 0.003, ("column", "pair")),
    "paddle": Slab((0.085, 0.0260, 0.0095), (0.62, 0.66, 0.95, 1.0, 0.8), 0.006, ("wheel", "colors")),
    "big_button": Slab((0.072, 0.0280, 0.0110), (1.0, 1.0), 0.008, ("big",)),
    "set_top": Slab((0.090, 0.0200, 0.0100), (0.9, 1.0, 0.9), 0.009, ("grid", "colors")),
}


def remote(row: Slab, paint: Paint) -> list[Part]:
    """A remote control lying on its back, its front end at +x."""
    a, b, c = row.half
    parts, top = _slab(row, paint), c + 0.0005
    key: Rgba = paint.dark if paint.color != "black" else (0.55, 0.56, 0.58, 1.0)
    red: Rgba = (0.85, 0.12, 0.10, 1.0) if paint.color != "red" else paint.pale
    share = lambda x: float(np.interp(x, np.linspace(-1, 1, len(row.widths)), row.widths))  # noqa: E731
    body = len(parts)
    parts.append(painted("cylinder", (0.0038, 0.0012), red, (a * 0.84, b * 0.42 * share(0.84), top)))
    low, high = -0.82, 0.68
    if "screen" in row.details:
        parts.append(
            bar((a * 0.18, b * 0.68 * share(0.5), 0.0010), (0.62, 0.70, 0.60, 1.0), (a * 0.54, 0, top), 0.0008)
        )
        high = 0.26
    if "wheel" in row.details:
        r, x = b * 0.58 * share(0.4), 0.44
        parts += [
            painted("cylinder", (r, 0.0012), key, (a * x, 0, top)),
            painted("cylinder", (r * 0.42, 0.0018), paint.accent, (a * x, 0, top)),
        ]
        high = x - r / a - 0.10
    if "touch" in row.details:
        parts.append(bar((a * 0.52, b * 0.86, 0.0010), SCREEN, (a * 0.30, 0, top), 0.0008, gloss=1.0))
        for x, tone in zip(np.linspace(-0.10, 0.70, 4), _COLORS, strict=False):
            parts += [
                bar((a * 0.07, b * 0.28, 0.0006), tone, (a * x, y * b, top + 0.0008), 0.0004) for y in (-0.42, 0.42)
            ]
        high = -0.36
    if "cross" in row.details:
        parts += [
            bar((0.0095, 0.0034, 0.0022), key, (a * 0.62, 0, top), 0.001),
            bar((0.0034, 0.0095, 0.0022), key, (a * 0.62, 0, top), 0.001),
            painted("cylinder", (0.0072, 0.0022), paint.accent, (a * 0.26, 0, top)),
            *(painted("cylinder", (0.0042, 0.0018), key, (a * x, 0, top)) for x in (-0.50, -0.66)),
            *(bar((0.0026, 0.0026, 0.0014), key, (a * -0.12, y * b, top), 0.001) for y in (-0.55, 0.0, 0.55)),
        ]
    if "rockers" in row.details:
        x = high - 0.20
        for y in (-0.50, 0.50):
            parts += [
                bar((a * 0.18, b * 0.24, 0.0020), key, (a * x, y * b, top), 0.0015),
                bar((0.0030, 0.0008, 0.0005), paint.pale, (a * (x + 0.10), y * b, top + 0.0018), 0.0003),
                bar((0.0008, 0.0030, 0.0005), paint.pale, (a * (x + 0.10), y * b, top + 0.0018), 0.0003),
                bar((0.0008, 0.0030, 0.0005), paint.pale, (a * (x - 0.10), y * b, top + 0.0018), 0.0003),
            ]
        parts.append(painted("cylinder", (0.0036, 0.0014), key, (a * x, 0, top)))
        high -= 0.46
    if "stop" in row.details:  # a crane's: a red mushroom that stops it
        parts += [
            painted("cylinder", (b * 0.52, 0.0010), (0.95, 0.80, 0.10, 1.0), (a * 0.58, 0, top)),
            *moved(
                [turned([(0.007, 0), (0.007, 0.006), (0.010, 0.007), (0.009, 0.011), (0, 0.012)], red)],
                (a * 0.58, 0, c),
            ),
            solid("cylinder", (0.010, 0.006), (a * 0.58, 0, c + 0.006), density=0.3),
        ]
        high = 0.22
    if "sticks" in row.details:  # a model's transmitter
        for y in (-0.52, 0.52):
            at = (a * 0.12, y * b, c)
            parts += [
                bar((a * 0.34, a * 0.34, 0.0012), paint.dark, at, 0.001),
                painted("cylinder", (a * 0.17, 0.0018), paint.steel, at),
                painted("cylinder", (0.0024, 0.009), paint.steel, (at[0], at[1], c + 0.009), gloss=1.0),
                blob((0.0050, 0.0050, 0.0044), paint.accent, (at[0], at[1], c + 0.019)),
                solid("cylinder", (0.0048, 0.011), (at[0], at[1], c + 0.011), density=0.3),
            ]
        parts += [
            bar((a * 0.10, b * 0.34, 0.0010), (0.62, 0.70, 0.60, 1.0), (-a * 0.58, 0, top), 0.0008),
            *(bar((0.003, 0.005, 0.0016), key, (-a * 0.58, y * b, top), 0.001) for y in (-0.7, -0.5, 0.5, 0.7)),
            bar((0.012, b * 0.30, c * 0.5), paint.dark, (a + 0.010, 0, 0), 0.003),
        ]
    if "antenna" in row.details:
        parts += [
            painted("cylinder", (0.0042, 0.006), paint.dark, (a + 0.005, 0, 0), ALONG_X),
            painted("cylinder", (0.0020, 0.026), paint.steel, (a + 0.034, 0, 0), ALONG_X, 1.0),
            painted("sphere", (0.0034,), paint.steel, (a + 0.060, 0, 0), gloss=1.0),
            rod((a, 0, 0), (a + 0.060, 0, 0), 0.004, density=0.2),
        ]
    if "cable" in row.details:
        path = [(-a + 0.004, 0, 0), (-a - 0.022, 0, -0.002), (-a - 0.040, 0.016, -0.004), (-a - 0.056, 0.004, -0.004)]
        parts += [
            tube(path[:2], (0.0052, 0.0034), paint.dark, 4),
            tube(path, 0.0028, paint.dark, 20),
            rod(path[0], path[3], 0.004, density=0.2),
        ]
    if "toys" in row.details:  # large keys of several forms
        for k, (x, y) in enumerate(
            ((0.42, 0.46), (0.42, -0.46), (-0.02, 0.46), (-0.02, -0.46), (-0.46, 0.46), (-0.46, -0.46))
        ):
            r, sides = b * 0.34, (28, 3, 4, 5, 6, 28)[k]
            form = turned([(r, 0), (r, 0.003), (r * 0.7, 0.0042), (0, 0.0042)], _COLORS[k], 0.6, sides=sides)
            parts += moved([form], (a * x, b * y, c))
    if "colors" in row.details:
        for k, tone in enumerate(
            ((0.85, 0.15, 0.12, 1.0), (0.20, 0.60, 0.30, 1.0), (0.92, 0.78, 0.15, 1.0), (0.20, 0.40, 0.80, 1.0))
        ):
            parts.append(
                bar(
                    (0.0030, b * 0.16 * share(low), 0.0012),
                    tone,
                    (a * (low + 0.02), (k - 1.5) * b * 0.42 * share(low), top),
                    0.0008,
                )
            )
        low += 0.20
    columns = {
        "grid": 3,
        "dense": 4,
        "column": 1,
        "pair": 2,
        "big": 2,
        "round": 3,
        "domes": 2,
        "rainbow": 4,
        "board": 10,
    }
    kind = next((name for name in columns if name in row.details), None)
    if kind:
        step = {"big": 0.0240, "domes": 0.0190, "round": 0.0115, "rainbow": 0.0105, "board": 0.0090}.get(kind, 0.0098)
        count = max(2, int((high - low) * a / step))
        for x in np.linspace(low, high, count):
            for y in np.linspace(-0.58, 0.58, columns[kind]) if columns[kind] > 1 else (0.0,):
                size = (
                    (0.0034, 0.0036, 0.0014)
                    if kind not in ("big", "column")
                    else (0.0088, b * 0.26, 0.0018)
                    if kind == "big"
                    else (0.0034, b * 0.42, 0.0014)
                )
                if kind in ("round", "domes", "rainbow"):
                    r = {"round": 0.0040, "domes": 0.0072, "rainbow": 0.0036}[kind]
                    tone = key if kind != "rainbow" else _COLORS[int(round(x * 40) + round(y * 3)) % 6]
                    parts.append(painted("cylinder", (r, 0.0014), tone, (x * a, y * b * share(x), top)))
                    continue
                if kind == "board":
                    size = (0.0032, b * 0.050, 0.0012)
                parts.append(bar(size, key, (x * a, y * b * (1.5 if kind == "board" else 1.0) * share(x), top), 0.001))
    parts.append(
        bar((0.0012, b * 0.5 * share(1.0), c * 0.45), (0.20, 0.03, 0.06, 1.0), (a - 0.0004, 0, 0), 0.001, gloss=1.0)
    )
    return [*parts[:body], *_bowed(parts[body:], row)] if row.bow else parts


PHONES = {
    "phablet": Slab((0.080, 0.0365, 0.0065), (1.0, 1.0), 0.006, ("screen", "icons")),
    "rugged": Slab((0.068, 0.0340, 0.0095), (0.9, 1.0, 1.0, 0.9), 0.004, ("screen", "bumpers")),
    "classic_keys": Slab((0.060, 0.0240, 0.0115), (0.86, 1.0, 0.94), 0.008, ("window", "keys")),
    "qwerty": Slab((0.056, 0.0320, 0.0075), (0.95, 1.0), 0.006, ("half_screen", "board")),
    "candybar": Slab((0.052, 0.0195, 0.0085), (0.80, 1.0, 1.0, 0.80), 0.008, ("window", "keys", "nub")),
    "home_button": Slab((0.062, 0.0300, 0.0070), (1.0, 1.0), 0.007, ("button_screen", "icons")),
    "dect": Slab((0.085, 0.0220, 0.0110), (0.95, 0.82, 0.95, 1.0), 0.009, ("window", "keys", "grille")),
    "satellite": Slab((0.066, 0.0250, 0.0130), (1.0, 1.0), 0.005, ("window", "keys", "rod")),
    "walkie": Slab((0.058, 0.0270, 0.0160), (0.92, 1.0), 0.004, ("grille_large", "window", "rod_thick")),
    "senior": Slab((0.060, 0.0270, 0.0090), (1.0, 1.0), 0.007, ("window", "big_keys")),
}


def phone(row: Slab, paint: Paint) -> list[Part]:
    """A telephone lying on its back, its upper end at +x."""
    if row.desk:
        return _desk_telephone(row, paint)
    a, b, c = row.half
    parts, top = _slab(row, paint), c + 0.0004
    body = len(parts)
    key: Rgba = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    green: Rgba = (0.62, 0.72, 0.56, 1.0)
    spans = {
        "screen": (-0.90, 0.90),
        "half_screen": (0.02, 0.88),
        "button_screen": (-0.68, 0.74),
        "window": (0.22, 0.76),
        "inset_screen": (-0.66, 0.66),
        "upper": (-0.40, 0.84),
    }
    for name, (low, high) in spans.items():
        if name in row.details:
            if "grille_large" in row.details:
                low, high = 0.55, 0.85
            tone = green if name == "window" and paint.style % 2 else SCREEN
            wide = {"window": 0.74, "inset_screen": 0.64}.get(name, 0.88)
            parts.append(
                bar(
                    ((high - low) / 2 * a, b * wide, 0.0008),
                    tone,
                    ((high + low) / 2 * a, 0, top),
                    0.0006,
                    gloss=1.0,
                )
            )
    if "icons" in row.details:
        tones = (paint.accent, (0.25, 0.60, 0.90, 1.0), (0.95, 0.75, 0.20, 1.0), (0.40, 0.75, 0.40, 1.0))
        for i, x in enumerate(np.linspace(-0.5, 0.58, 5)):
            parts += [
                bar((0.0040, 0.0040, 0.0006), tones[(i + j) % 4], (a * x, b * y, top + 0.0008), 0.0004)
                for j, y in enumerate((-0.54, -0.18, 0.18, 0.54))
            ]
    if "button_screen" in row.details:
        parts += [
            painted(
                "cylinder", (0.0058, 0.0008), paint.dark if paint.color != "black" else paint.steel, (-a * 0.84, 0, top)
            ),
            bar((0.0010, b * 0.2, 0.0008), paint.dark, (a * 0.86, 0, top), 0.0005),
        ]
    if "keys" in row.details or "big_keys" in row.details:
        size = 0.20 if "keys" in row.details else 0.26
        for x in np.linspace(-0.82, -0.16, 4):
            parts += [
                bar((a * 0.062, b * size * 0.9, 0.0014), key, (a * x, b * y, top), 0.001) for y in (-0.54, 0.0, 0.54)
            ]
        parts += [
            bar((a * 0.05, b * 0.20, 0.0012), tone, (a * 0.06, b * y, top), 0.001)
            for y, tone in ((-0.5, (0.80, 0.15, 0.12, 1.0)), (0.5, (0.20, 0.60, 0.25, 1.0)))
        ]
        parts.append(painted("ellipsoid", (a * 0.06, b * 0.20, 0.0016), paint.accent, (a * 0.06, 0, top)))
    if "board" in row.details:
        for x in np.linspace(-0.80, -0.16, 4):
            parts += [
                bar((0.0034, b * 0.075, 0.0012), key, (a * x, b * y, top), 0.0008) for y in np.linspace(-0.82, 0.82, 9)
            ]
    if "bumpers" in row.details:
        parts += [
            bar((0.011, 0.009, c * 1.12), paint.accent, (sx * a * 0.90, sy * b * 0.80, 0), 0.004)
            for sx in (-1, 1)
            for sy in (-1, 1)
        ]
    if "grille" in row.details or "grille_large" in row.details:
        count, at = (3, 0.86) if "grille" in row.details else (9, 0.0)
        parts += [
            bar(
                (0.0012, b * (0.3 if count == 3 else 0.66), 0.0008),
                paint.dark,
                (a * at + (k - count / 2) * 0.005, 0, top),
                0.0005,
            )
            for k in range(count)
        ]
    if "lit" in row.details:  # a picture, the time, a row of programs; a bar or a hole at its upper end
        parts += [
            bar((a * 0.88, b * 0.83, 0.0006), shade(paint.accent, 1.25), (0, 0, top + 0.0006), 0.0004, gloss=1.0),
            *(
                bar((0.0022, b * w, 0.0005), paint.pale, (a * x, 0, top + 0.0012), 0.0003)
                for x, w in ((0.62, 0.36), (0.5, 0.24))
            ),
            *(
                bar((b * 0.11, b * 0.11, 0.0005), tone, (-a * 0.72, y * b, top + 0.0012), 0.0004)
                for y, tone in zip((-0.54, -0.18, 0.18, 0.54), _COLORS, strict=False)
            ),
            bar((a * 0.03, b * 0.30, 0.0006), SCREEN, (a * 0.86, 0, top + 0.0010), 0.0005),
        ]
    if "fold" in row.details:  # opened like a book
        parts += [
            bar((a * 0.90, b * 0.93, 0.0006), shade(paint.accent, 1.3), (0, 0, top + 0.0002), 0.0004, gloss=1.0),
            bar((a * 0.90, 0.0009, 0.0006), shade(paint.accent, 0.5), (0, 0, top + 0.0006), 0.0004),
            *(bar((a, 0.0022, c * 0.5), paint.steel, (0, side * b, 0), 0.001, gloss=1.0) for side in (-1, 1)),
        ]
        for i, x in enumerate(np.linspace(-0.6, 0.6, 5)):
            parts += [
                bar((0.0055, 0.0055, 0.0005), _COLORS[(2 * i + j) % 6], (a * x, y * b, top + 0.0010), 0.0004)
                for j, y in enumerate((-0.74, -0.46, -0.18, 0.18, 0.46, 0.74))
            ]
    if "cameras" in row.details or "camera_bar" in row.details:  # it lies on its screen
        across = "camera_bar" in row.details
        island, place = (
            ((a * 0.10, b * 0.98), (a * 0.62, 0.0)) if across else ((b * 0.42, b * 0.42), (a - b * 0.52, b * 0.46))
        )
        parts.append(
            bar(
                (*island, 0.0016),
                paint.dark if across else shade(paint.main, 0.7),
                (*place, c + 0.0008),
                0.0015,
                gloss=0.9,
            )
        )
        places = ((0.0, 0.55), (0.0, 0.22)) if across else ((0.20, 0.20), (-0.20, 0.20), (0.0, -0.20))
        for x, y in places:
            spot = (place[0] + x * b, place[1] + y * b, c + 0.0026)
            parts += [
                painted("cylinder", (b * 0.17, 0.0012), paint.steel, spot, gloss=1.0),
                painted("cylinder", (b * 0.13, 0.0014), SCREEN, spot, gloss=1.0),
                painted("cylinder", (b * 0.05, 0.0016), (0.15, 0.20, 0.45, 1.0), spot, gloss=1.0),
            ]
        parts += [
            painted(
                "cylinder",
                (b * 0.06, 0.0012),
                paint.pale,
                (place[0] + (0 if across else b * 0.24), place[1] - b * 0.26, c + 0.0022),
            ),
            painted("cylinder", (b * 0.16, 0.0004), shade(paint.main, 0.6), (0, 0, c + 0.0002), gloss=1.0),
        ]
    if "grip" in row.details:  # a knob for the fingers on its back
        parts += [
            painted("cylinder", (b * 0.30, 0.003), paint.dark, (-a * 0.15, 0, c + 0.003)),
            painted("cylinder", (b * 0.54, 0.0015), paint.accent, (-a * 0.15, 0, c + 0.0072)),
            painted("cylinder", (b * 0.30, 0.0017), paint.pale, (-a * 0.15, 0, c + 0.0072)),
            solid("cylinder", (b * 0.54, 0.0043), (-a * 0.15, 0, c + 0.0043), density=0.3),
        ]
    if "loop" in row.details:  # a child's case with a handle
        path = [
            (a - 0.006, -b * 0.62, 0),
            (a + 0.022, -b * 0.40, 0),
            (a + 0.022, b * 0.40, 0),
            (a - 0.006, b * 0.62, 0),
        ]
        parts += [
            tube(path, c * 0.72, paint.main, 24),
            rod(path[1], path[2], c * 0.7, density=0.3),
            *(blob((c * 1.1,) * 3, paint.main, (x * a * 0.93, y * b * 0.88, 0)) for x in (-1, 1) for y in (-1, 1)),
        ]
    if "navigator" in row.details:  # below the screen of a pocket computer
        parts += [
            painted("cylinder", (b * 0.24, 0.0014), paint.steel, (-a * 0.70, 0, top), gloss=0.8),
            painted("cylinder", (b * 0.09, 0.0020), paint.dark, (-a * 0.70, 0, top)),
            *(
                painted("ellipsoid", (0.0038, b * 0.11, 0.0018), key, (-a * 0.70, y * b, top))
                for y in (-0.74, -0.44, 0.44, 0.74)
            ),
            painted("capsule", (0.0030, a * 0.72), paint.dark, (a * 0.10, b * 0.97, c * 0.55), ALONG_X),
        ]
    if "call" in row.details:  # who calls, and whether to answer
        parts += [
            painted("cylinder", (b * 0.42, 0.0006), shade(paint.accent, 1.3), (a * 0.30, 0, top + 0.0006), gloss=1.0),
            painted("cylinder", (b * 0.17, 0.0008), paint.pale, (a * 0.30 + b * 0.08, 0, top + 0.0006)),
            painted("ellipsoid", (b * 0.12, b * 0.26, 0.0009), paint.pale, (a * 0.30 - b * 0.22, 0, top + 0.0006)),
            bar((0.0020, b * 0.34, 0.0005), paint.pale, (-a * 0.06, 0, top + 0.0008), 0.0003),
            *(
                painted("cylinder", (b * 0.19, 0.0006), tone, (-a * 0.62, y * b, top + 0.0006))
                for y, tone in zip((-0.44, 0.44), _COLORS, strict=False)
            ),
        ]
    if "wallet" in row.details:  # a cover that lies open beside it, with cards in it
        flap = (0, -2.15 * b, -c + 0.002)
        parts += [
            bar((a * 1.04, b * 1.04, 0.002), paint.main, flap, 0.0015, gloss=0.2),
            bar((a * 1.04, b * 0.12, 0.0015), paint.main, (0, -1.07 * b, -c + 0.0015), 0.001, gloss=0.2),
            *(
                bar((a * 0.26, b * 0.78, 0.0004), tone, (a * x, flap[1], -c + 0.004 + 0.0004 * k), 0.0003)
                for k, (x, tone) in enumerate(((0.40, paint.pale), (0.22, paint.accent), (0.04, paint.pale)))
            ),
            bar(
                (a * 0.42, b * 0.90, 0.0004),
                shade(paint.main, 0.75),
                (-a * 0.30, flap[1], -c + 0.0056),
                0.0003,
                gloss=0.2,
            ),
            solid("box", (a * 1.04, b * 1.1, 0.003), (0, -2.1 * b, -c + 0.003), density=0.5),
        ]
    thick = 0.0034 if "nub" in row.details else 0.0042 if "rod" in row.details else 0.0062
    long = {"nub": 0.010, "rod": 0.052, "rod_thick": 0.048}
    for name, reach in long.items():
        if name in row.details:
            parts += [
                painted("capsule", (thick, reach / 2), paint.dark, (a + reach / 2 - 0.002, b * 0.62, 0), ALONG_X),
                rod((a, b * 0.62, 0), (a + reach, b * 0.62, 0), thick, density=0.2),
            ]
    return [*parts[:body], *_bowed(parts[body:], row)] if row.bow else parts


def _desk_telephone(row: Slab, paint: Paint) -> list[Part]:
    """A telephone on its foot: a slope with a dial or keys at -x, a handset across its top or beside the keys."""
    a, b, c = row.half
    key: Rgba = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    side = [(-a, -c), (a, -c), (a, c * 0.4), (a * 0.75, c), (a * 0.15, c), (-a * 0.95, -c * 0.35)]
    lean = about("y", -float(np.degrees(np.arctan2(1.35 * c, 1.10 * a))))
    parts = [
        *rotated([plate(side, b, paint.main, 0.7)], about("x", 90)),
        solid("box", (a, b, c * 0.35), (0, 0, -c * 0.65)),
    ]
    parts.append(solid("box", (a * 0.42, b, c), (a * 0.55, 0, 0)))
    on_slope: list[Part] = []  # around its middle, its upper end at +x
    if "dial" in row.details:
        r = min(a * 0.52, b * 0.70)
        on_slope.append(
            painted("cylinder", (r, 0.003), paint.pale if paint.color != "white" else paint.dark, gloss=0.8)
        )
        for k in range(10):
            at = (r * 0.74 * np.cos(0.52 * k - 1.2), r * 0.74 * np.sin(0.52 * k - 1.2), 0.0026)
            on_slope.append(
                painted("cylinder", (r * 0.15, 0.001), paint.dark if paint.color != "white" else paint.pale, at)
            )
        on_slope.append(painted("cylinder", (r * 0.40, 0.0045), paint.accent, gloss=0.8))
    shift = -b * 0.34 if "keys" in row.details else 0.0
    if "keys" in row.details:
        for x in np.linspace(-0.40, 0.28, 4):
            on_slope += [
                bar((a * 0.065, b * 0.10, 0.003), key, (a * x, shift + y * b, 0.001), 0.0015)
                for y in (-0.30, 0.0, 0.30)
            ]
        on_slope.append(bar((a * 0.07, b * 0.40, 0.0012), SCREEN, (a * 0.50, shift, 0), 0.001, gloss=1.0))
    parts += rotated(on_slope, lean, (-a * 0.40, 0, c * 0.325))
    reach = row.desk / 2
    handset: list[Part] = [
        tube(
            [(0, -reach, -0.006), (0, -reach * 0.55, 0.008), (0, reach * 0.55, 0.008), (0, reach, -0.006)],
            (0.0100, 0.0085, 0.0080, 0.0085, 0.0100),
            paint.main,
            18,
            0.6,
        )
    ]
    for end in (-reach * 0.88, reach * 0.88):
        shell = [(0, -0.014), (0.0155, -0.014), (0.0170, -0.009), (0.0120, 0.006), (0, 0.009)]
        handset += [
            *moved([turned(shell, paint.main, 0.6)], (0, end, 0)),
            solid("cylinder", (0.0160, 0.010), (0, end, -0.002)),
        ]
    handset.append(rod((0, -reach * 0.7, 0.006), (0, reach * 0.7, 0.006), 0.009))
    if "keys" in row.details:  # beside the keys
        parts += rotated(rotated(handset, about("z", 90)), lean, (-a * 0.25, b * 0.62, c * 0.55 + 0.016))
    else:
        parts += moved(handset, (a * 0.45, 0, c + 0.022))
        parts += [bar((0.011, 0.007, 0.010), paint.dark, (a * 0.45, y * b, c + 0.004), 0.003) for y in (-0.45, 0.45)]
    if "wheels" in row.details:  # a child's, which is pulled along and has a face
        for x, y in itertools.product((-0.62, 0.62), (-1.0, 1.0)):
            parts += [
                painted("cylinder", (c * 0.48, 0.005), paint.accent, (a * x, y * (b + 0.005), -c * 0.85), ALONG_Y, 0.5),
                painted("cylinder", (c * 0.16, 0.006), paint.pale, (a * x, y * (b + 0.005), -c * 0.85), ALONG_Y, 0.5),
            ]
        for y in (-0.5, 0.5):
            parts += [
                painted("sphere", (b * 0.17,), (1.0, 1.0, 1.0, 1.0), (-a * 0.84, y * b, -c * 0.10)),
                painted("sphere", (b * 0.09,), paint.dark, (-a * 0.84 - b * 0.11, y * b, -c * 0.04)),
            ]
        parts += [solid("box", (a * 0.85, b + 0.01, c * 0.47), (0, 0, -c * 0.86), density=0.3)]
    return parts
