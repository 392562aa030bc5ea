# SPDX-License-Identifier: Apache-2.0
"""Carrots, eggplants and cucumbers, swept along a course; from rows of proportions and details."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import trimmings
from vla_ros.objects.recipes.families.trimmings import face, sector
from vla_ros.objects.recipes.forms import about, blob, laid, plate, rotated, shape_of, tube
from vla_ros.objects.recipes.garden import LEAF, PALE, STEM, foot
from vla_ros.objects.shapes import sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid


class Course(NamedTuple):
    """What is swept along x: length, radius, the course of the radius from −x to +x (shares), bow; what else it has."""

    length: float
    radius: float
    course: tuple[float, ...]
    bow: float = 0.0
    top: str = "tuft"
    details: tuple[str, ...] = ()
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along it


def _swept(row: Course, paint: Paint, count: int = 22, sides: int = 18) -> tuple[list[Part], np.ndarray, np.ndarray]:
    """Return the body with its solids, its path (K, 3) and radii (K,) [m]."""
    t = np.linspace(0, 1, count)
    path = np.stack([(t - 0.5) * row.length, row.bow * ((2 * t - 1) ** 2 - 0.4), np.zeros(count)], 1)
    if "wavy" in row.details:
        path[:, 1] += 0.25 * row.radius * np.sin(3 * np.pi * t)
    if "twined" in row.details:
        path[:, 1:] += 0.62 * row.radius * np.clip(3 * (1 - t), 0, 1)[:, None] * _turning(2.2 * t)
    knots = np.linspace(0, 1, len(row.course))
    shares = np.convolve(np.pad(np.interp(t, knots, row.course), 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    radii = row.radius * shares
    parts = [skin(sweep([tuple(p) for p in path], radii, sides), paint.main, gloss=0.4)]
    cuts = (1, 7, 14, count - 2) if row.length > 0.09 else (2, 11, count - 3)
    solids = []
    for a, b in itertools.pairwise(cuts):
        solids.append(rod(path[a], path[b], max(float(radii[a : b + 1].mean()) * 0.97, 0.004)))
    lowest = max(part.size[0] for part in solids)
    widest = int(np.argmax(radii))
    solids.append(foot(path[widest], row.length * 0.18, row.radius * 0.45, lowest))
    return [*parts, *solids], path, radii


def _turning(turns: np.ndarray) -> np.ndarray:
    """Return points (K, 2) on a circle."""
    return np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], 1)


def _piece(row: Course, paint: Paint, faces: Sequence[tuple[float, Rgba]], further: Iterable[Part] = ()) -> list[Part]:
    """Return a half or a quarter of it, cut along, its faces up: shares of its section, and what else they show."""
    _, path, radii = _swept(row, paint)
    outline = [(float(r), float(x)) for x, r in zip(path[:, 0], radii, strict=True)]
    flat = [face(outline, share, tone, 0.0004 * k) for k, (share, tone) in enumerate(faces)]
    return laid(sector(outline, row.cut, paint.main, [*flat, *further]))


def _band(path: np.ndarray, radii: np.ndarray, start: int, end: int, color: Rgba, out: float = 1.014) -> Part:
    """Return a skin over a part of the body."""
    return skin(sweep(path[start:end], radii[start:end] * out, 18), color, gloss=0.4)


def _gnawed(path: np.ndarray, radii: np.ndarray, end: int, color: Rgba) -> Part:
    """Return flesh with marks of teeth over its −x end."""
    part = _band(path, radii, 0, end, color, 1.14)
    points = shape_of(part)
    a = np.arctan2(points[:, 2], points[:, 1] - path[0, 1])
    points[:, 0] += 0.0035 * np.sin(5 * a) * (points[:, 0] > path[end - 2, 0])
    points[:, 2] *= 1 + 0.10 * np.sin(4 * a + 420 * points[:, 0])
    return part


def _beside(path: np.ndarray, radii: np.ndarray, at: int, degrees: float, share: float = 1.0) -> np.ndarray:
    """Return a place on the skin, around from +y."""
    return path[at] + share * radii[at] * np.array((0.0, *_turning(np.array([degrees / 360]))[0]))


CARROTS = {
    "chubby": Course(0.095, 0.0235, (0.12, 0.62, 0.90, 1.0, 1.0, 0.75), 0.0, "tuft"),
    "slender": Course(0.185, 0.0135, (0.08, 0.40, 0.60, 0.80, 1.0, 0.8), 0.006, "tuft"),
    "cylindrical": Course(0.140, 0.0165, (0.45, 0.92, 1.0, 1.0, 1.0, 0.85), 0.0, "stubs"),
    "wavy": Course(0.160, 0.0170, (0.08, 0.42, 0.66, 0.86, 1.0, 0.8), 0.0, "tuft", ("wavy",)),
    "bushy": Course(0.120, 0.0185, (0.10, 0.50, 0.74, 0.92, 1.0, 0.7), 0.0, "fern"),
    "topless": Course(0.150, 0.0190, (0.08, 0.46, 0.70, 0.88, 1.0, 0.9), 0.004, "cut"),
    "snapped": Course(0.095, 0.0190, (0.72, 0.78, 0.86, 0.94, 1.0, 0.75), 0.0, "tuft", ("end",)),
    "sickle": Course(0.165, 0.0160, (0.06, 0.40, 0.64, 0.84, 1.0, 0.8), 0.034, "stubs"),
    "top": Course(0.062, 0.0230, (0.10, 0.55, 0.90, 1.0, 0.8), 0.0, "fern"),
    "baby": Course(0.085, 0.0120, (0.30, 0.75, 0.95, 1.0, 0.9), 0.003, "stubs"),
}


def carrot(row: Course, paint: Paint) -> list[Part]:
    """A carrot along x with its greens at +x."""
    core = shade(paint.main, 1.35)
    if "bunch" in row.details:
        return _bunch(row, paint)
    parts, path, radii = _swept(row, paint)
    if row.cut:
        parts = _piece(row, paint, ((1.0, shade(paint.main, 1.15)), (0.45, core)))
    for at in () if row.cut or "toy" in row.details else (5, 8, 11, 14, 17):
        here = path[at]
        ring = [(here[0] - 0.0006, here[1], here[2]), (here[0] + 0.0006, here[1], here[2])]
        parts.append(skin(sweep(ring, [radii[at] * 1.012] * 2, 14), shade(paint.main, 0.7)))
    if "end" in row.details:
        parts.append(painted("cylinder", (radii[0] * 0.95, 0.0008), shade(paint.main, 1.25), tuple(path[0]), ALONG_X))
    parts += _on_carrot(row, paint, path, radii)
    x, y, _ = path[-1]
    x -= 0.002
    crown = radii[-1]
    if row.top == "none":
        for k in (0, -1):
            for share, tone, half in ((0.96, shade(paint.main, 1.15), 0.0008), (0.5, core, 0.0012)):
                parts.append(painted("cylinder", (radii[k] * share, half), tone, tuple(path[k]), ALONG_X))
    elif row.top == "felt":
        for k in range(3):
            a = 2 * np.pi * k / 3 + 0.5
            leaf = [(x, y, 0), (x + 0.022, y + 0.010 * np.cos(a), 0.010 * np.sin(a))]
            leaf.append((x + 0.046, y + 0.020 * np.cos(a), 0.020 * np.sin(a)))
            parts.append(tube(leaf, (0.0045, 0.0090, 0.0085, 0.0020), (0.25, 0.62, 0.24, 1.0), 10, 0.1, 0.45))
        parts.append(rod((x, y, 0), (x + 0.034, y, 0), 0.010, density=0.2))
    elif row.top == "cut":
        parts.append(painted("cylinder", (crown * 0.6, 0.003), LEAF, (x + 0.002, y, 0), ALONG_X))
    elif row.top == "stubs":
        for k in range(6):
            a = k * 2.4
            side = (crown * 0.5 * np.cos(a), crown * 0.5 * np.sin(a))
            parts.append(
                tube(
                    [(x, y + side[0] * 0.6, side[1] * 0.6), (x + 0.014, y + side[0], side[1])],
                    (0.0026, 0.0022),
                    LEAF,
                    4,
                )
            )
    else:
        long, count = (0.040, 6) if row.top == "tuft" else (0.058, 11)
        for k in range(count):
            a, out = k * 2.4, 0.3 + 0.7 * (k % 3) / 2
            side = (out * 0.026 * np.cos(a), out * 0.016 * np.sin(a))
            leaf = [(x, y, 0), (x + 0.45 * long, y + 0.4 * side[0], 0.4 * side[1]), (x + long, y + side[0], side[1])]
            wide = (
                (0.0022, 0.0030, 0.0042, 0.0034, 0.001)
                if row.top == "tuft"
                else (0.0018, 0.0020, 0.0060, 0.0050, 0.001)
            )
            parts.append(tube(leaf, wide, LEAF, 8, flatness=1.0 if row.top == "tuft" else 0.4))
    return parts


def _on_carrot(row: Course, paint: Paint, path: np.ndarray, radii: np.ndarray) -> list[Part]:
    """Return what else a carrot has: further roots, marks, a strip of peel."""
    parts: list[Part] = []
    dark, pale, details = shade(paint.main, 0.55), shade(paint.main, 1.3), row.details
    if "legs" in details:
        for side, (y, z), reach in ((1, (0.030, 0.004), 0), (-1, (-0.026, 0.006), 3)):
            ends = [path[12], path[6] + (0, 0.55 * y, z), path[reach] + (0.008, y, z)]
            parts.append(tube(ends, [row.radius * share for share in (0.75, 0.60, 0.40, 0.06)], paint.main, 14))
            parts.append(rod(path[8] + (0, side * 0.006, 0), ends[2], row.radius * 0.28))
    if "twined" in details:
        other = path * (1, -1, -1)
        parts.append(skin(sweep(other, radii, 18), paint.main, gloss=0.4))
        parts.append(rod(other[2], other[12], float(radii[6]) * 0.9))
    if "hairs" in details:
        rng = np.random.default_rng(3)
        for at, a in zip(rng.integers(2, 19, 22), rng.uniform(0, 360, 22), strict=True):
            ends = [_beside(path, radii, at, a, share) for share in (0.9, 1.5, 2.0)]
            ends[1][0] -= 0.004
            ends[2][0] -= 0.012 + 0.008 * rng.uniform()
            parts.append(tube(ends, (0.0009, 0.0007, 0.0004), shade(paint.main, 0.8), 6))
    if "bites" in details:
        parts.append(_gnawed(path, radii, 8, pale))
    if "crack" in details:
        for out, wide, tone in ((0.96, 0.0030, dark), (1.0, 0.0018, pale)):
            course = [
                _beside(path, radii, at, 80 + a, out)
                for at, a in zip((5, 8, 11, 14, 17), (0, 9, -6, 8, 0), strict=True)
            ]
            parts.append(tube(course, (0.0004, wide, wide, 0.0005), tone, 16))
    if "shoulder" in details:
        parts.append(_band(path, radii, 18, 22, (0.50, 0.58, 0.20, 1.0)))
    if "tail" in details:
        x, y, _ = path[0]
        tail = [(x + 0.004, y, 0), (x - 0.020, y + 0.004, 0.001), (x - 0.048, y - 0.003, -0.003)]
        parts += [tube(tail, (0.0034, 0.0018, 0.0006), paint.main, 10), rod(tail[0], tail[2], 0.0018, density=0.3)]
    if "peel" in details:
        t = np.linspace(0, 1, 9)
        curl = np.stack([path[9, 0] - 0.020 * t, 0 * t, radii[9] + 0.010 * np.sin(2 * np.pi * t) + 0.008 * t], 1)
        curl[:, 0] += 0.010 * np.cos(2 * np.pi * t)
        parts.append(tube(list(curl), 0.0065, dark, 24, 0.2, 0.16, normal=(0.1, 0, 1)))
        parts.append(_band(path, radii, 10, 22, shade(paint.main, 0.72)))
    return parts


def _bunch(row: Course, paint: Paint) -> list[Part]:
    """Return three that are tied at their greens."""
    one = carrot(row._replace(details=tuple(d for d in row.details if d != "bunch")), paint)
    end, r = row.length / 2, row.radius
    parts: list[Part] = []
    for k, lift in ((-1, 0.0), (1, 0.0), (0, 1.2 * r)):
        parts += rotated(rotated(one, (0, 0, 0, 1), (-end, 0, 0)), about("z", -6.5 * k), (end, -0.95 * r * k, lift))
    band = [(end + 0.012 + s, 0, 0.5 * r) for s in (-0.004, 0.004)]
    return [*parts, skin(sweep(band, [1.25 * r] * 2, 16, 0.8), paint.accent, gloss=0.5)]


EGGPLANTS = {
    "club": Course(0.160, 0.0300, (0.25, 0.88, 1.0, 0.96, 0.78, 0.62, 0.56, 0.52), 0.0),
    "teardrop": Course(0.125, 0.0335, (0.25, 0.90, 1.0, 0.92, 0.72, 0.54, 0.44), 0.0),
    "sausage": Course(0.170, 0.0215, (0.45, 0.92, 1.0, 1.0, 0.98, 0.94, 0.85), 0.008),
    "crescent": Course(0.165, 0.0235, (0.30, 0.85, 1.0, 1.0, 0.92, 0.80, 0.66), 0.034),
    "globe": Course(0.085, 0.0350, (0.35, 0.86, 1.0, 1.0, 0.92, 0.68), 0.0),
    "pointed": Course(0.165, 0.0260, (0.06, 0.50, 0.82, 1.0, 0.98, 0.84, 0.70), 0.006),
    "hourglass": Course(0.150, 0.0290, (0.35, 0.92, 1.0, 0.78, 0.68, 0.76, 0.66), 0.0),
    "mini": Course(0.075, 0.0215, (0.35, 0.88, 1.0, 0.95, 0.82, 0.66), 0.0, "long"),
    "wavy": Course(0.170, 0.0225, (0.35, 0.88, 1.0, 0.98, 0.90, 0.80, 0.70), 0.0, "tuft", ("wavy",)),
    "ribbed": Course(0.100, 0.0345, (0.35, 0.86, 1.0, 1.0, 0.90, 0.70), 0.0, "long", ("ribs",)),
}


def eggplant(row: Course, paint: Paint) -> list[Part]:
    """An eggplant along x with its green cap at +x."""
    if "slice" in row.details:
        half = 0.19 * row.radius
        parts = trimmings.disc(row.radius, half, paint.main, ((0.94, FLESH),), 0.9)
        for share, count in ((0.35, 6), (0.66, 11)):
            parts += trimmings.seeds(count, row.radius * share, half + 0.0004, SEED, (0.0034, 0.0016, 0.0008))
        return parts
    parts, path, radii = _swept(row, paint, sides=30)
    if row.cut:
        parts = _piece(row, paint, ((1.0, FLESH),), _opened(row, path, radii))
    if "label" in row.details:
        outline = [(float(q), float(x)) for x, q in zip(path[:, 0], radii, strict=True)]
        parts += laid(trimmings.label(outline, -0.06 * row.length, 150, paint))
    if "nose" in row.details:
        ends = [_beside(path, radii, at, 90, share) for at, share in ((11, 0.6), (10, 1.2), (8, 1.5))]
        parts += [tube(ends, (0.0130, 0.0120, 0.0125, 0.0060), paint.main, 14, 0.9), rod(ends[0], ends[2], 0.0085)]
    if "cluster" in row.details:
        other = eggplant(row._replace(details=()), paint)
        shift = (row.length * 0.5, row.radius * 0.95, 0.0)
        parts += rotated(rotated(other, (0, 0, 0, 1), (-row.length * 0.5, 0, 0)), about("z", -34), shift)
    if row.top == "none":
        for share, tone, half in ((0.97, (0.72, 0.74, 0.50, 1.0), 0.0010), (0.72, FLESH, 0.0016)):
            parts.append(painted("cylinder", (radii[-1] * share, half), tone, tuple(path[-1]), ALONG_X))
        return parts
    if row.top == "peg":
        turn = about("y", 90)
        return [*parts, *rotated(trimmings.peg(0.0, paint.wood, 0.0048), turn, tuple(path[-1]))]
    if "ribs" in row.details:
        points = shape_of(parts[0])
        points[:, 1:] *= (1 + 0.06 * np.abs(np.cos(2.5 * np.arctan2(points[:, 2], points[:, 1]))) - 0.03)[:, None]
    end, neck = path[-1], float(radii[-2])
    lean = float(np.degrees(np.arctan2(path[-1][1] - path[-3][1], path[-1][0] - path[-3][0])))
    cap = [blob((0.008, neck * 1.02, neck * 1.02), LEAF, (0.0, 0, 0))]
    for k in range(5):
        a = k * 2 * np.pi / 5
        place = (-0.010, neck * 0.97 * np.cos(a), neck * 0.97 * np.sin(a))
        cap.append(painted("ellipsoid", (0.015, neck * 0.46, 0.0024), LEAF, place, about("x", np.degrees(a) - 90)))
    if "hood" in row.details:  # its cap reaches far down
        parts.append(_band(path, radii, 16, 22, LEAF, 1.05))
        for k in range(5):
            ends = [_beside(path, radii, at, 72 * k + 20, 1.03) for at in (17, 15, 12)]
            parts.append(
                tube(ends, [row.radius * share for share in (0.50, 0.36, 0.04)], LEAF, 10, 0.3, 0.12, _outwards(ends))
            )
    if "thorns" in row.details:
        for k in range(14):
            c, s, x = float(np.cos(2.4 * k)), float(np.sin(2.4 * k)), 0.004 - 0.0016 * k
            foot_and_tip = [(x, c * neck * 0.9, s * neck * 0.9), (x + 0.004, c * (neck + 0.007), s * (neck + 0.007))]
            cap.append(tube(foot_and_tip, (0.0016, 0.0003), (0.55, 0.55, 0.25, 1.0), 4))
    long = 0.036 if row.top == "long" else 0.022
    cap.append(tube([(0, 0, 0), (long * 0.5, 0.001, 0.001), (long, 0.004, 0.004)], (0.0055, 0.0042, 0.0054), LEAF, 8))
    return [*parts, *rotated(cap, about("z", lean), tuple(end))]


FLESH, SEED = (0.93, 0.90, 0.74, 1.0), (0.66, 0.52, 0.30, 1.0)


def _outwards(ends: Sequence[np.ndarray]) -> tuple[float, float, float]:
    """Return which way a course on the skin faces."""
    _, y, z = ends[1]
    return (0.01, float(y), float(z))


def _opened(row: Course, path: np.ndarray, radii: np.ndarray) -> list[Part]:
    """Return what half an eggplant shows, flat in xy: seeds, or cuts across each other."""
    if "scored" in row.details:
        lines = []
        for k in range(4, 17, 2):
            size = (float(radii[k]) * 0.58, 0.0007, 0.0011)
            for turn in (40, -40):
                place = (float(radii[k]) * 0.48, path[k, 0], 0)
                lines.append(painted("box", size, (0.62, 0.50, 0.30, 1.0), place, about("z", turn)))
        return lines
    return [
        painted("ellipsoid", (0.0012, 0.0030, 0.0012), SEED, (float(radii[k]) * share, path[k, 0], 0))
        for k in range(3, 15)
        for share in ((0.35, 0.65) if k % 2 else (0.22, 0.5))
    ]


CUCUMBERS = {
    "long": Course(0.220, 0.0190, (0.40, 0.92, 1.0, 1.0, 1.0, 0.95, 0.55), 0.006, "stalk"),
    "cornichon": Course(0.062, 0.0110, (0.40, 0.90, 1.0, 0.95, 0.55), 0.004, "stalk", ("warts",)),
    "hooked": Course(0.150, 0.0180, (0.35, 0.80, 0.95, 1.0, 1.0, 0.90, 0.50), 0.042, "stalk"),
    "lemon_shaped": Course(0.080, 0.0265, (0.20, 0.72, 1.0, 1.0, 0.78, 0.30), 0.0, "stalk"),
    "clubbed": Course(0.165, 0.0230, (0.50, 1.0, 1.0, 0.86, 0.72, 0.62, 0.40), 0.010, "stalk"),
    "flowered": Course(0.130, 0.0180, (0.45, 0.92, 1.0, 1.0, 0.92, 0.50), 0.008, "stalk", ("flower", "warts")),
    "end_cut": Course(0.140, 0.0215, (0.40, 0.92, 1.0, 1.0, 1.0, 1.0, 1.0), 0.0, "slice"),
    "stub": Course(0.070, 0.0220, (0.40, 0.90, 1.0, 1.0, 1.0, 1.0), 0.0, "slice"),
    "ridged": Course(0.175, 0.0210, (0.38, 0.88, 1.0, 1.0, 1.0, 0.92, 0.50), 0.012, "stalk", ("ridges",)),
    "pinched": Course(0.160, 0.0205, (0.45, 0.95, 0.95, 0.74, 0.95, 1.0, 0.55), 0.012, "stalk"),
}


def cucumber(row: Course, paint: Paint) -> list[Part]:
    """A cucumber along x."""
    r, h = row.radius, 0.24 * row.radius
    if "slice" in row.details:
        parts = trimmings.disc(r, h, paint.main, ((0.95, WET), (0.66, shade(WET, 1.4))), 0.5)
        return [*parts, *trimmings.seeds(9, r * 0.42, h + 0.0007, KERNEL, (r * 0.14, r * 0.06, 0.0008))]
    if "trio" in row.details:
        return _trio(row, paint)
    parts, path, radii = _swept(row, paint, sides=30)
    if row.cut:
        kernels = [
            painted(
                "ellipsoid", (0.0014, 0.0036, 0.0014), KERNEL, (0.30 * float(radii[k]), path[k, 0], 0), about("z", 20)
            )
            for k in range(3, 20)
        ]
        return _piece(row, paint, ((1.0, WET), (0.60, shade(WET, 1.4))), kernels)
    parts += _on_cucumber(row, paint, path, radii)
    if "bare" in row.details:  # nothing more shows on its skin
        return parts
    if "ridges" in row.details:
        points = shape_of(parts[0])
        turn = np.arctan2(points[:, 2], points[:, 1] - np.interp(points[:, 0], path[:, 0], path[:, 1]))
        points[:, 2] *= 1 + 0.05 * np.cos(8 * turn)
    for k in range(7):  # paler lines along it
        a = k * 2 * np.pi / 7 + 0.2
        line = [
            (x, y + 0.985 * r * np.cos(a), 0.985 * r * np.sin(a))
            for (x, y, _), r in zip(path[3:-3], radii[3:-3], strict=True)
        ]
        parts.append(skin(sweep(line, [0.0010] * len(line), 5), shade(paint.main, 1.25)))
    if "warts" in row.details:
        rng = np.random.default_rng(11)
        for at, a in zip(rng.integers(2, 20, 44), rng.uniform(0, 2 * np.pi, 44), strict=True):
            x, y, _ = path[at]
            place = (x, y + radii[at] * np.cos(a), radii[at] * np.sin(a))
            parts.append(painted("sphere", (0.0017,), shade(paint.main, 0.75), place))
    if "flower" in row.details:
        x, y, _ = path[0]
        for k in range(5):
            a = k * 2 * np.pi / 5
            parts.append(
                painted(
                    "ellipsoid",
                    (0.009, 0.004, 0.0014),
                    (0.95, 0.80, 0.15, 1.0),
                    (x - 0.006, y + 0.006 * np.cos(a), 0.006 * np.sin(a)),
                    about("x", np.degrees(a)),
                )
            )
    end = tuple(path[-1])
    if row.top == "slice":
        r = float(radii[-1])
        parts.append(painted("cylinder", (r * 0.97, 0.0008), PALE, end, ALONG_X))
        for k in range(6):
            a = k * np.pi / 3
            place = (end[0] + 0.0005, end[1] + 0.45 * r * np.cos(a), 0.45 * r * np.sin(a))
            parts.append(
                painted(
                    "ellipsoid", (0.0009, 0.0036, 0.0016), (0.93, 0.94, 0.80, 1.0), place, about("x", np.degrees(a))
                )
            )
    else:
        parts.append(tube([end, (end[0] + 0.010, end[1] + 0.002, 0.0)], (0.0036, 0.0028), STEM, 6))
    return parts


WET, KERNEL = (0.80, 0.87, 0.58, 1.0), (0.95, 0.94, 0.78, 1.0)


def _on_cucumber(row: Course, paint: Paint, path: np.ndarray, radii: np.ndarray) -> list[Part]:
    """Return what a cucumber has on it: strips or a half without peel, a film, bites, a leaf, a stick."""
    parts: list[Part] = []
    x, y, _ = path[-1]
    if "zebra" in row.details:
        for k in range(6):
            line = [_beside(path, radii, at, 60 * k + 20, 0.93) for at in range(2, 20)]
            parts.append(skin(sweep(line, radii[2:20] * 0.21, 8), WET, gloss=0.5))
    if "peeled" in row.details:
        parts.append(_band(path, radii, 0, 11, WET, 1.012))
        for k in range(7):
            line = [_beside(path, radii, at, 360 * k / 7, 0.97) for at in (9, 11, 13)]
            parts.append(tube(line, (0.0045, 0.0040, 0.0008), WET, 8))
    if "film" in row.details:
        parts += [_band(path, radii, 8, 14, paint.accent, 1.03), _band(path, radii, 9, 13, paint.pale, 1.045)]
        for k, way in ((0, -1), (-1, 1)):
            tip = path[k] + (way * 0.014, 0, 0)
            ends = [path[k], (path[k] + tip) / 2, tip]
            parts.append(tube(ends, (radii[k], 0.0040, 0.0100), shade(paint.main, 1.35), 10, 0.9, 0.4))
    if "bites" in row.details:
        parts.append(_gnawed(path, radii, 7, WET))
    if "leaf" in row.details:
        vine = [(x - 0.002, y, 0), (x + 0.016, y + 0.004, 0.003), (x + 0.030, y + 0.014, 0.002)]
        curl = [vine[1], (x + 0.030, y - 0.010, 0.006), (x + 0.022, y - 0.022, 0.004), (x + 0.014, y - 0.014, 0.004)]
        parts += [tube(vine, (0.0038, 0.0030, 0.0026), STEM, 10), tube(curl, (0.0013, 0.0009), STEM, 16)]
        wide = [((25 + 6 * np.cos(5 * a)) / 1e3, a) for a in np.linspace(0, 2 * np.pi, 41)[:-1]]
        blade = plate([(q * np.cos(a), q * np.sin(a)) for q, a in wide], 0.0009, LEAF, 0.2)
        parts += rotated([blade, solid("box", (0.020, 0.020, 0.001))], about("x", 12), (x + 0.038, y + 0.034, 0.003))
        parts.append(rod(vine[0], vine[2], 0.003, density=0.3))
    if "stick" in row.details:
        end = path[-1] + (0.050, 0, 0)
        parts += [tube([path[-2], end], 0.0030, paint.wood, 4), rod(path[-2], end, 0.003, density=0.3)]
    if "sliced" in row.details:  # slices that lean beside what is left
        for k in range(6):
            one = trimmings.disc(row.radius, 0.0026, paint.main, ((0.95, WET), (0.62, shade(WET, 1.4))))
            place = (x + 0.010 + 0.0105 * k, y + 0.0015 * (k % 3), 0.0)
            parts += rotated(one, about("y", 90 - 24 - 4 * k), place)
    return parts


def _trio(row: Course, paint: Paint) -> list[Part]:
    """Return three small ones in a rubber band."""
    r = row.radius
    parts: list[Part] = []
    for y, z in ((-1.0, 0.0), (1.0, 0.0), (0.0, 1.72)):
        one = cucumber(row._replace(details=()), paint)
        parts += rotated(one, about("x", 50 * y), (0.004 * y, 1.02 * r * y, r * z))
    corners = [(-2.24, 0.0), (-1.5, -1.07), (1.5, -1.07), (2.24, 0.0), (0.95, 2.35), (-0.95, 2.35)]
    loop = [(0.012, r * y, r * z) for y, z in [*corners, corners[0]]]
    return [*parts, *[tube(ends, 0.0022, paint.accent, 6) for ends in itertools.pairwise(loop)]]
