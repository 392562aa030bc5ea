# SPDX-License-Identifier: Apache-2.0
"""Carrots, eggplants, cucumbers and peppers, swept along a course; from rows of proportions and details."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, blob, laid, rotated, shape_of, soft, stack, tube
from vla_ros.objects.recipes.garden import LEAF, PALE, STEM, foot
from vla_ros.objects.shapes import smooth, sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin


class Course(NamedTuple):
    """What is swept along x: length, radius, the course of the radius from −x to +x (shares), bow; what else it has."""

    length: float
    radius: float
    course: tuple[float, ...]
    bow: float = 0.0
    top: str = "tuft"
    details: tuple[str, ...] = ()


def _swept(row: Course, paint: Paint, count: int = 22, sides: int = 18) -> tuple[list[Part], np.ndarray, np.ndarray]:
    """Return the body with its solids, its path (K, 3) and radii (K,) [m]."""
    t = np.linspace(0, 1, count)
    path = np.stack([(t - 0.5) * row.length, row.bow * ((2 * t - 1) ** 2 - 0.4), np.zeros(count)], 1)
    if "wavy" in row.details:
        path[:, 1] += 0.25 * row.radius * np.sin(3 * np.pi * t)
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
    parts, path, radii = _swept(row, paint)
    for at in (5, 8, 11, 14, 17):
        here = path[at]
        ring = [(here[0] - 0.0006, here[1], 0.0), (here[0] + 0.0006, here[1], 0.0)]
        parts.append(skin(sweep(ring, [radii[at] * 1.012] * 2, 14), shade(paint.main, 0.7)))
    if "end" in row.details:
        parts.append(painted("cylinder", (radii[0] * 0.95, 0.0008), shade(paint.main, 1.25), tuple(path[0]), ALONG_X))
    x, y, _ = path[-1]
    x -= 0.002
    crown = radii[-1]
    if row.top == "cut":
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
    parts, path, radii = _swept(row, paint, sides=30)
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
    long = 0.036 if row.top == "long" else 0.022
    cap.append(tube([(0, 0, 0), (long * 0.5, 0.001, 0.001), (long, 0.004, 0.004)], (0.0055, 0.0042, 0.0054), LEAF, 8))
    return [*parts, *rotated(cap, about("z", lean), tuple(end))]


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
    parts, path, radii = _swept(row, paint, sides=30)
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


class Pepper(NamedTuple):
    """Knots of the outline from its tip to the shoulder: radius and place along x; lobes, bow, its stalk."""

    knots: tuple[tuple[float, float], ...]
    lobes: int = 0
    bow: float = 0.0
    stalk: float = 0.026


PEPPERS = {
    "heart": Pepper(((0.008, -0.038), (0.022, -0.020), (0.036, 0.012), (0.030, 0.034)), 3),
    "box": Pepper(((0.022, -0.034), (0.031, -0.026), (0.033, 0.010), (0.028, 0.034)), 4, 0.0, 0.030),
    "tomato": Pepper(((0.014, -0.020), (0.030, -0.014), (0.036, 0.002), (0.026, 0.020)), 6, 0.0, 0.020),
    "banana": Pepper(((0.004, -0.075), (0.013, -0.040), (0.019, 0.020), (0.016, 0.055)), 3, 0.014),
    "jalapeno": Pepper(((0.006, -0.036), (0.013, -0.022), (0.016, 0.010), (0.012, 0.032)), 0, 0.004, 0.018),
    "bonnet": Pepper(((0.006, -0.026), (0.017, -0.012), (0.026, 0.002), (0.024, 0.016)), 5, 0.0, 0.024),
    "thin_chili": Pepper(((0.002, -0.070), (0.007, -0.030), (0.0095, 0.020), (0.008, 0.050)), 0, 0.022, 0.034),
    "ramiro": Pepper(((0.003, -0.080), (0.013, -0.045), (0.023, 0.015), (0.021, 0.055)), 2, 0.020),
    "waisted": Pepper(((0.022, -0.042), (0.028, -0.026), (0.025, 0.000), (0.033, 0.028), (0.026, 0.042)), 3),
    "lantern": Pepper(((0.012, -0.034), (0.021, -0.022), (0.024, 0.004), (0.017, 0.024)), 4, 0.0, 0.030),
}


def pepper(row: Pepper, paint: Paint) -> list[Part]:
    """A pepper lying along x with its stalk at +x."""
    (low, first), (last, top) = row.knots[0], row.knots[-1]
    dent = (top - first) * 0.05
    tip = row.knots[1:] if low < 0.01 else row.knots  # a spline overshoots where it turns sharply
    knots = [
        (0, first + (dent if row.lobes > 2 and low > 0.01 else 0.0)),
        *tip,
        (last * 0.4, top + 0.002),
        (0, top - dent),
    ]
    body = soft(knots, paint.main, 0.9, 34, 48)
    points = shape_of(body)
    if row.lobes:
        around = np.arctan2(points[:, 1], points[:, 0])
        points[:, :2] *= (1 + 0.14 * (np.abs(np.cos(row.lobes * around / 2)) - 0.75))[:, None]
    points[:, 1] += row.bow * ((points[:, 2] - top) / (top - first)) ** 2
    points[:, 0] = np.where(np.isfinite(points[:, 0]), points[:, 0], 0.0)
    parts = laid([body])
    outline = smooth(row.knots, 18)
    if row.bow:
        cuts = np.linspace(first * 0.92, top * 0.94, 4)
        for a, b in itertools.pairwise(cuts):
            ends = [(x, row.bow * ((x - top) / (top - first)) ** 2, 0.0) for x in (a, b)]
            r = float(
                np.mean([np.interp(x, [z for _, z in outline], [q for q, _ in outline]) for x in np.linspace(a, b, 7)])
            )
            parts.append(rod(ends[0], ends[1], max(r * 0.92, 0.0045)))
        widest = max(part.size[0] for part in parts if part.collide)
        parts.append(foot((top * 0.5, 0.1 * row.bow, 0), (top - first) * 0.16, widest * 0.5, widest))
    else:
        parts += laid(stack(outline, (first, (first + top) / 2, top)))
    wide = max(last * 0.46, 0.006)
    parts.append(painted("ellipsoid", (0.0035, wide, wide), STEM, (top + 0.001, 0, 0)))
    path = [(top - 0.003, 0, 0), (top + row.stalk * 0.4, 0, 0.002), (top + row.stalk, 0.006, 0.007)]
    parts.append(tube(path, (0.0048, 0.0036, 0.0050), STEM, 8))
    return parts
