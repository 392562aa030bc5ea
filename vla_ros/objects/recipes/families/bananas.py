# SPDX-License-Identifier: Apache-2.0
"""Bananas from rows of proportions and details."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, rotated, shape_of, tube
from vla_ros.objects.recipes.produce import FLESH, STEM
from vla_ros.objects.shapes import sweep
from vla_ros.objects.solids import painted, rod, skin, solid


class Banana(NamedTuple):
    """Length, radius, bow, how far the bow's middle lies beside the middle (share); fingers, edges, stalk."""

    length: float
    radius: float
    bow: float
    skew: float = 0.0
    fingers: int = 1
    edges: int = 7
    stalk: float = 0.08
    blunt: float = 0.26
    left: tuple[float, ...] = ()  # from where to where it is cut off, shares of its length
    more: str | None = None  # split, peel, spots, label, wrap, seams, tips


BANANAS = {
    "hooked": Banana(0.165, 0.0160, 0.040, 0.45),
    "crescent": Banana(0.150, 0.0155, 0.060),
    "angular": Banana(0.175, 0.0175, 0.030, 0.1, 1, 5),
    "smooth": Banana(0.160, 0.0170, 0.034, -0.1, 1, 14, 0.10),
    "stubby": Banana(0.110, 0.0185, 0.020, 0.0, 1, 7, 0.12, 0.4),
    "long_stalk": Banana(0.185, 0.0155, 0.036, 0.2, 1, 7, 0.22),
    "bunch": Banana(0.140, 0.0135, 0.030, 0.1, 3, 7),
    "plantain": Banana(0.205, 0.0185, 0.022, 0.25, 1, 5, 0.14, 0.2),
    "baby_pair": Banana(0.100, 0.0140, 0.020, 0.1, 2, 8),
    "slim": Banana(0.180, 0.0130, 0.044, -0.2, 1, 6),
}


def banana(row: Banana, paint: Paint) -> list[Part]:
    """A banana lying on its side, curved in the xy plane; or some that hang together."""
    if row.more == "peel":
        return _empty_peel(row, paint)
    if row.fingers == 1:
        return _finger(row, paint)
    parts: list[Part] = []
    spread = np.linspace(-1, 1, row.fingers) * (row.fingers - 1) / 2
    for k in spread:
        shift = (0.004 * abs(k), 1.72 * row.radius * k, 0.0)
        parts += rotated(
            _finger(row._replace(length=row.length * (1 - 0.05 * abs(k))), paint), about("z", -7.0 * k), shift
        )
    end = (row.length / 2 - 0.004, 0.6 * row.bow, 0.0)
    parts.append(painted("ellipsoid", (0.010, 0.012 * row.fingers**0.5, 0.006), STEM, end))
    return parts


def _finger(row: Banana, paint: Paint) -> list[Part]:
    t = np.linspace(-1, 1, 19)
    bend = (t - row.skew * (1 - t**2)) ** 2 - 0.4
    path = np.stack([t * row.length / 2, row.bow * bend, np.zeros(19)], 1)
    stem = 1 - 2 * row.stalk
    radii = row.radius * np.interp(
        t,
        [-1, -0.92, -0.8, -0.5, 0.5, max(stem - 0.12, 0.55), stem, 1],
        [row.blunt, 0.36, 0.66, 0.95, 0.95, 0.66, 0.36, 0.26],
    )
    points = [tuple(p) for p in path]
    if row.left:
        return _banana_piece(row, path, radii, paint)
    parts = [
        skin(sweep(points, radii, row.edges), paint.main, gloss=0.35),
        skin(sweep(points[:2], radii[:2] * 1.05, row.edges), (0.20, 0.15, 0.08, 1.0)),
        skin(sweep(points[-2:], radii[-2:] * 1.05, row.edges), STEM),
    ]
    knots = [path[k] for k in (2, 7, 11, 15)]
    parts += [rod(a, b, row.radius * s) for a, b, s in zip(knots, knots[1:], (0.86, 0.95, 0.80), strict=False)]
    return parts if row.more is None else [*parts, *_on_banana(row, parts, path, radii, paint)]


def _on_banana(row: Banana, parts: list[Part], path: np.ndarray, radii: np.ndarray, paint: Paint) -> list[Part]:
    """Return what one banana has on it, or shows when it is split."""
    if row.more == "split":  # along its middle, its face up
        for part in parts[:3]:
            shape_of(part)[:, 2] = np.minimum(shape_of(part)[:, 2], 0.0)
        inside = slice(2, int(19 - 19 * row.stalk))
        flat = skin(sweep(path[inside], radii[inside] * 0.88, 12, 0.0008 / radii[inside]), FLESH)
        middle = slice(4, inside.stop - 2)
        return [flat, skin(sweep(path[middle], np.full(len(path[middle]), 0.0014), 6), shade(FLESH, 0.78))]
    if row.more == "spots":
        rng = np.random.default_rng(5)
        spots = []
        for k, a in zip(rng.integers(3, 15, 24), rng.uniform(-0.6, np.pi + 0.6, 24), strict=True):
            place = path[k] + radii[k] * 0.93 * np.array((0, np.cos(a), np.sin(a)))
            size = (rng.uniform(0.002, 0.006), rng.uniform(0.0015, 0.003), 0.0014)
            spots.append(painted("ellipsoid", size, (0.30, 0.18, 0.07, 1.0), place, about("x", np.degrees(a) - 90)))
        return spots
    if row.more == "label":
        x, y, _ = path[8]
        sizes = (((0.0100, 0.0070, 0.0024), (0.12, 0.25, 0.65, 1.0)), ((0.0068, 0.0042, 0.0032), paint.pale))
        return [painted("ellipsoid", size, tone, (x, y, radii[8] * 0.92)) for size, tone in sizes]
    if row.more == "wrap":
        film = skin(sweep(path[-4:], np.maximum(radii[-4:] * 1.25, 0.006), 9), paint.accent, gloss=0.8)
        return [film, painted("sphere", (0.0075,), paint.accent, tuple(path[-1]), gloss=0.8)]
    if row.more == "seams":  # pieces of a toy that hold together
        rings = []
        for k in (5, 9, 13):
            along = (path[k + 1] - path[k - 1]) * 0.08
            ends = [path[k] - along, path[k] + along]
            rings.append(skin(sweep(ends, [radii[k] * 1.04] * 2, row.edges), (0.95, 0.94, 0.90, 1.0)))
        return rings
    unripe = (0.45, 0.60, 0.16, 1.0)  # tips
    return [skin(sweep(path[a:b], radii[a:b] * 1.012, row.edges), unripe, gloss=0.35) for a, b in ((1, 5), (13, 18))]


def _banana_piece(row: Banana, path: np.ndarray, radii: np.ndarray, paint: Paint) -> list[Part]:
    """Return what is left of a banana that is cut across in its skin."""
    t = np.linspace(row.left[0], row.left[1], 12)
    at = np.linspace(0, 1, len(path))
    line = np.stack([np.interp(t, at, path[:, k]) for k in range(3)], 1)
    wide = np.interp(t, at, radii)
    parts = [skin(sweep(line, wide, row.edges), paint.main, gloss=0.35)]
    for share, k, beside in zip(row.left, (0, -1), (1, -2), strict=True):
        out = (line[k] - line[beside]) / np.linalg.norm(line[k] - line[beside])
        if 0.06 < share < 0.94:
            for size, tone, rise in ((0.88, FLESH, 0.0006), (0.40, shade(FLESH, 0.86), 0.0010)):
                ends = [line[k] - rise * out, line[k] + rise * out]
                parts.append(skin(sweep(ends, [wide[k] * size] * 2, 14), tone))
        else:
            ends = [line[beside], line[k] + 0.003 * out]
            parts.append(skin(sweep(ends, np.array((wide[beside], wide[k])) * 1.05, row.edges), STEM))
    middle = line[6]
    return [*parts, rod(line[1], middle, float(wide[3]) * 0.95), rod(middle, line[-2], float(wide[-4]) * 0.95)]


def _empty_peel(row: Banana, paint: Paint) -> list[Part]:
    """Return a peel that lies on the table with its flaps spread, its stalk up."""
    long, wide = row.length * 0.42, row.radius
    stalk = [(0, 0, 0.016), (0.001, 0, 0.030), (0.006, 0, 0.050)]
    parts = [tube(stalk, (wide * 0.75, wide * 0.42, wide * 0.30), paint.main, 10, normal=(0, 1, 0))]
    for yaw, reach in ((10, 1.0), (95, 0.86), (190, 1.06), (275, 0.92)):
        flap = [(0, 0, 0.024), (0.014, 0, 0.023), (0.5 * reach * long, 0.004, 0.010), (reach * long, -0.004, 0.0045)]
        outer = tube(flap, (wide * 0.6, wide * 1.05, wide * 0.95, wide * 0.25), paint.main, 14, 0.35, 0.16)
        inner = tube(
            [(x, y, z - 0.0022) for x, y, z in flap], (wide * 0.5, wide * 0.9, wide * 0.1), FLESH, 14, 0.1, 0.1
        )
        parts += rotated([outer, inner], about("z", yaw))
        parts += rotated([rod(flap[1], flap[2], 0.0045), rod(flap[2], flap[3], 0.0045)], about("z", yaw))
    return [*parts, solid("cylinder", (wide * 0.5, 0.024), (0.001, 0, 0.024))]
