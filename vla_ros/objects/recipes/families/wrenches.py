# SPDX-License-Identifier: Apache-2.0
"""Wrenches from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, rotated, tube, turned
from vla_ros.objects.shapes import lathe, swath, sweep
from vla_ros.objects.solids import ALONG_X, ALONG_Y, moved, painted, rod, skin, solid


class Wrench(NamedTuple):
    """Length, half width and half thickness of the shaft; its ends at +x and −x, their radii; offset of its ends."""

    length: float
    width: float
    thick: float
    near: str = "open"  # open, ring, box, jaw, hole, none, flare, hook, strap, bone, vee, cup, crescent, elbow, bar
    far: str = "ring"
    radii: tuple[float, float] = (0.020, 0.016)
    grip: bool = False
    slot: bool = True
    bow: float = 0.0  # how far its shaft bends aside: a C
    wave: float = 0.0  # and to both sides: an S
    cross: float = 0.0  # half length of a second shaft across it


WRENCHES = {
    "long_combination": Wrench(0.225, 0.0075, 0.0060),
    "double_open": Wrench(0.150, 0.0085, 0.0060, "open", "open", (0.0185, 0.0145)),
    "double_ring": Wrench(0.200, 0.0080, 0.0065, "ring", "ring", (0.0165, 0.0135)),
    "monkey": Wrench(0.185, 0.0110, 0.0085, "jaw", "none", (0.021, 0.013), True, False),
    "wide_adjustable": Wrench(0.145, 0.0125, 0.0080, "screw", "hole", (0.024, 0.0125), False, False),
    "spud": Wrench(0.195, 0.0095, 0.0070, "open", "spike", (0.021, 0.010), False, False),
    "gripped": Wrench(0.195, 0.0085, 0.0070, "open", "none", (0.020, 0.013), True, False),
    "cone": Wrench(0.180, 0.0125, 0.0048, "open", "hole", (0.0170, 0.0150), False, True),
    "ratchet_ring": Wrench(0.170, 0.0085, 0.0065, "box", "open", (0.0195, 0.0170)),
    "multi_hole": Wrench(0.120, 0.0150, 0.0050, "ring", "ring", (0.0180, 0.0160), False, False),
}


def wrench(row: Wrench, paint: Paint) -> list[Part]:
    """A wrench lying flat: jaws at +x."""
    h, w, c = row.length / 2, row.width, row.thick
    inner = h - row.radii[0] * 1.5, -h + row.radii[1] * 1.5
    if row.bow or row.wave:
        t = np.linspace(-1, 1, 13)
        aside = row.bow * (1 - t**2) + row.wave * np.sin(np.pi * t)
        along = (h - row.radii[0] * 1.75 + h - row.radii[1] * 1.75) / 2 * t + (row.radii[1] - row.radii[0]) * 0.87
        parts = [
            skin(sweep(np.column_stack([along, aside, 0 * t]), np.full(13, w), 12, c * 0.85 / w), paint.main, gloss=0.8)
        ]
    else:
        parts = [
            bar(
                ((inner[0] - inner[1]) / 2, w, c * 0.8),
                paint.main,
                ((inner[0] + inner[1]) / 2, 0, 0),
                min(0.003, c * 0.7),
                gloss=0.8,
            )
        ]
    if row.slot and not (row.bow or row.wave):
        parts.append(
            bar(
                ((inner[0] - inner[1]) / 2 - 0.014, w * 0.55, c * 0.86),
                shade(paint.main, 0.72),
                ((inner[0] + inner[1]) / 2, 0, 0),
                0.001,
                gloss=0.8,
            )
        )
    if row.grip:
        parts.append(bar((0.042, w * 1.15, c * 1.15), paint.accent, (inner[1] + 0.026, 0, 0), 0.005))
    full = max(c, 0.0054)  # what lies on the table: two pieces alone, so that contacts stay few
    less = 0.88 * full
    half = max(w, 0.006), less
    parts.append(solid("box", ((inner[0] - inner[1]) / 2, *half), ((inner[0] + inner[1]) / 2, row.bow * 0.6, 0)))
    if row.cross:
        ends = (0, -row.cross, 0), (0, row.cross, 0)
        parts += [tube(ends, w, paint.main, 4, 0.8), rod(*ends, w, density=1.0)]
        for side in (-1, 1):
            parts += rotated(_cup(row.radii[side > 0], paint), about("z", 90 * side), (0, side * row.cross, 0))
    for sign, kind, r in ((1, row.near, row.radii[0]), (-1, row.far, row.radii[1])):
        x = sign * (h - r)
        if kind in ("ring", "box", "hole"):
            bore = {"ring": 0.56, "box": 0.45, "hole": 0.28}[kind]
            hoop = [(r * bore, -c), (r, -c), (r, c), (r * bore, c), (r * bore, -c)]
            parts += [
                skin(lathe(hoop, 12 if kind == "ring" else 28), paint.main, position=(x, 0, 0), gloss=0.8),
                solid("cylinder", (r * 0.97, full), (x, 0, 0)),
            ]
            if kind == "box":
                parts += [
                    turned([(r * 0.78, c - 0.0004), (r * 0.78, c + 0.0014), (r * 0.42, c + 0.0014)], paint.steel, 1.0)
                ]
                parts[-1] = skin(parts[-1].mesh or lathe(hoop), paint.steel, position=(x, 0, 0), gloss=1.0)
        elif kind == "open":
            arc = np.linspace(0.62, 2 * np.pi - 0.62, 22)
            ring = [(r * np.cos(a), r * np.sin(a)) for a in arc]
            notch = [
                (r * 0.72, -r * 0.46),
                (-r * 0.18, -r * 0.42),
                (-r * 0.34, 0.0),
                (-r * 0.18, r * 0.42),
                (r * 0.72, r * 0.46),
            ]
            lean = 12.0 if row.near == "open" else 0.0
            jaw = _ribbon(ring, notch, c, paint)
            parts += rotated([jaw], about("z", (0.0 if sign > 0 else 180.0) + lean), (x, 0, 0))
            for side in (-1, 1):
                parts += rotated(
                    [solid("box", (r * 0.52, r * 0.22, less), (r * 0.28, side * r * 0.68, 0))],
                    about("z", (0.0 if sign > 0 else 180.0) + lean),
                    (x, 0, 0),
                )
            parts.append(solid("box", (r * 0.34, r * 0.80, full), (x - sign * r * 0.52, 0, 0)))
        elif kind in ("jaw", "screw"):  # a fixed jaw and one that slides
            for y, long in ((r * 0.86, 1.0), (-r * 0.36, 0.9)):
                parts += [
                    bar(
                        (r * 0.85 * long, r * 0.30, c),
                        paint.main if kind == "screw" else paint.steel,
                        (x + r * 0.12, y, 0),
                        0.003,
                        gloss=0.9,
                    ),
                    solid("box", (r * 0.85 * long, r * 0.30, less), (x + r * 0.12, y, 0)),
                ]
            parts += [
                bar((r * 0.32, r * 1.1, c), paint.main, (x - r * 0.66, r * 0.08, 0), 0.003, gloss=0.8),
                solid("box", (r * 0.32, r * 1.1, full), (x - r * 0.66, r * 0.08, 0)),
            ]
            parts.append(
                painted(
                    "cylinder",
                    (0.0060, 0.0075),
                    paint.steel,
                    (x - r * 0.8, -r * 0.5, 0.001),
                    ALONG_Y if kind == "jaw" else ALONG_X,
                    1.0,
                )
            )
        elif kind == "flare":  # a ring with a gap
            arc = np.linspace(0.45, 2 * np.pi - 0.45, 31)
            outer, inside = (
                [(k * r * np.cos(a), k * r * np.sin(a)) for a in arc[::way]] for k, way in ((1, 1), (0.6, -1))
            )
            parts += rotated([_ribbon(outer, inside, c, paint)], about("z", 0.0 if sign > 0 else 180.0), (x, 0, 0))
            parts.append(solid("cylinder", (r * 0.97, full), (x, 0, 0)))
        elif kind == "hook":  # a sickle with a tooth at its end
            arc = np.linspace(2.5, 6.6, 25)
            outer, inside = (
                [(k * r * np.cos(a), k * r * np.sin(a)) for a in arc[::way]] for k, way in ((1, 1), (0.74, -1))
            )
            tooth = bar((r * 0.15, r * 0.10, c), paint.main, (r * 0.72, r * 0.22, 0), 0.001, about("z", 18), 0.8)
            parts += rotated(
                [_ribbon(outer, inside, c, paint), tooth], about("z", 0.0 if sign > 0 else 180.0), (x, 0, 0)
            )
            parts += [
                bar((r * 0.45, w, c * 0.8), paint.main, (x - sign * r * 1.2, 0, 0), 0.002, gloss=0.8),
                solid("cylinder", (r * 0.95, full), (x, 0, 0)),
            ]
        elif kind == "strap":  # a belt around what it turns
            belt = [(r * 0.90, -c * 1.4), (r, -c * 1.4), (r, c * 1.4), (r * 0.90, c * 1.4), (r * 0.90, -c * 1.4)]
            parts += [
                skin(lathe(belt, 32), paint.dark, position=(x, 0, 0), gloss=0.2),
                bar((r * 0.30, w * 1.5, c * 1.5), paint.main, (x - sign * r * 1.05, 0, 0), 0.004, gloss=0.6),
                solid("cylinder", (r, c * 1.4), (x, 0, 0), density=0.4),
            ]
        elif kind == "bone":  # a knob with sockets all around
            parts += [
                blob((r, r * 0.95, c * 2.0), paint.main, (x, 0, 0), 0.8),
                painted("cylinder", (r * 0.42, c * 2.0), paint.dark, (x, 0, 0)),
                painted("cylinder", (r * 0.36, r * 0.95), paint.dark, (x, 0, 0), ALONG_Y),
                painted("cylinder", (c * 0.9, r * 0.5), paint.dark, (x + sign * r * 0.51, 0, 0), ALONG_X),
                solid("ellipsoid", (r, r * 0.95, c * 2.0), (x, 0, 0)),
            ]
        elif kind == "vee":  # a mouth with teeth on one side
            arc = np.linspace(0.75, 2 * np.pi - 0.75, 22)
            mouth = [
                (r * 0.85, -r * 0.60),
                (r * 0.2, -r * 0.30),
                (-r * 0.45, 0.0),
                (r * 0.2, r * 0.30),
                (r * 0.85, r * 0.60),
            ]
            toothed = [_ribbon([(r * np.cos(a), r * np.sin(a)) for a in arc], mouth, c, paint)]
            for k in np.linspace(0.0, 0.8, 5):
                at = (r * (-0.25 + k), r * (-0.06 - 0.46 * k), 0)
                toothed.append(bar((r * 0.06, r * 0.08, c), shade(paint.main, 0.6), at, 0.0005, about("z", -25)))
            parts += rotated(toothed, about("z", 0.0 if sign > 0 else 180.0), (x, 0, 0))
            parts.append(solid("cylinder", (r * 0.95, full), (x, 0, 0)))
        elif kind == "cup":
            parts += rotated(_cup(r, paint), about("z", 0.0 if sign > 0 else 180.0), (sign * h, 0, 0))
            parts.append(tube([(inner[sign < 0], 0, 0), (sign * (h - r), 0, 0)], min(w, c), paint.main, 3, 0.8))
        elif kind == "crescent":  # a broad fixed jaw, a slim one that a worm moves
            block = [(-1.8, -0.42), (-0.8, -0.85), (-0.05, -0.85), (-0.05, 0.60), (-0.4, 0.95), (-1.8, 0.42)]
            fixed = [(-0.5, 0.36), (1.0, 0.44), (1.0, 0.70), (0.4, 1.0), (-0.5, 0.95)]
            sliding = [(-0.15, -0.80), (0.5, -0.72), (0.95, -0.36), (0.95, -0.14), (-0.15, -0.14)]
            tones = (paint.main, paint.main, shade(paint.main, 0.75))
            head = [
                plate([(r * u, r * v) for u, v in form], c, tone, 0.8)
                for form, tone in zip((block, fixed, sliding), tones, strict=True)
            ]
            head += [
                painted("cylinder", (r * 0.19, r * 0.26), paint.steel, (-r * 0.42, -r * 0.48, c * 0.35), ALONG_X, 1.0),
                solid("box", (r * 0.75, r * 0.28, less), (r * 0.25, r * 0.68, 0)),
                solid("box", (r * 0.55, r * 0.30, less), (r * 0.40, -r * 0.45, 0)),
                solid("box", (r * 0.45, r * 0.85, full), (-r * 0.5, 0, 0)),
            ]
            parts += rotated(head, about("z", 14.0 if sign > 0 else 194.0), (x, 0, 0))
        elif kind == "elbow":  # the shaft turns aside and ends in a cup
            far, wire = 4.5 * r, min(w, c)
            parts += [
                tube([(inner[sign < 0], 0, 0), (x, 0, 0)], wire, paint.main, 3, 0.8),
                blob((wire, wire, wire), paint.main, (x, 0, 0), 0.8),
                tube([(x, 0, 0), (x, far, 0)], wire, paint.main, 4, 0.8),
                rod((x, 0, 0), (x, far, 0), wire),
                *rotated(_cup(r, paint), about("z", 90), (x, far, 0)),
            ]
        elif kind == "bar":  # a handle across
            across = (-sign * r, -3.2 * r, 0), (-sign * r, 3.2 * r, 0)
            parts += moved([tube(across, w * 1.3, paint.main, 4, 0.8), rod(*across, w * 1.3)], (sign * h, 0, 0))
            parts.append(bar((r * 1.2, w, c * 0.8), paint.main, (sign * (h - r * 1.3), 0, 0), 0.002, gloss=0.8))
        elif kind == "spike":
            parts.append(
                tube(
                    [(inner[1] + 0.004, 0, 0), (x, 0, 0), (-h - 0.020, 0, 0)], (c, c * 0.8, 0.0015), paint.main, 8, 0.8
                )
            )
            parts.append(rod((inner[1], 0, 0), (-h - 0.008, 0, 0), 0.0050))
    return parts


def _cup(r: float, paint: Paint) -> list[Part]:
    """Return a socket for a nut that opens towards +x, where it ends at the origin."""
    shell = turned([(r * 0.6, -r * 2.2), (r, -r * 1.6), (r, 0), (r * 0.66, 0), (r * 0.66, -r * 0.6)], paint.main, 0.8)
    hole = painted("cylinder", (r * 0.68, r * 0.1), paint.dark, (-r * 0.5, 0, 0), ALONG_X)
    return [*laid([shell]), hole, rod((-2 * r, 0, 0), (0, 0, 0), r, "cylinder")]


def _ribbon(outer: list[tuple[float, float]], inner: list[tuple[float, float]], c: float, paint: Paint) -> Part:
    """Return a flat body between an outline and a notch [m], both open at +x, of half thickness c."""
    t = np.linspace(0, 1, len(outer))
    notch = np.asarray(inner)[::-1]
    spread = np.linspace(0, 1, len(notch))
    inside = np.column_stack([np.interp(t, spread, notch[:, k]) for k in range(2)])
    section = np.stack([np.asarray(outer), inside])  # (2, K, 2)
    rows = [np.column_stack([section[k], np.full(len(t), z)]) for k, z in ((0, -c), (0, c), (1, c), (1, -c), (0, -c))]
    return skin(swath(np.stack(rows)), paint.main, gloss=0.8)
