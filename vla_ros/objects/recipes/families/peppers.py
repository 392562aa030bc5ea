# SPDX-License-Identifier: Apache-2.0
"""Peppers from rows of proportions and details."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import trimmings
from vla_ros.objects.recipes.families.trimmings import face, sector
from vla_ros.objects.recipes.forms import Profile, about, blob, laid, rotated, shape_of, soft, stack, tube, turned
from vla_ros.objects.recipes.garden import STEM, foot
from vla_ros.objects.shapes import smooth
from vla_ros.objects.solids import painted, rod, solid

SEED, RICE = (0.95, 0.90, 0.70, 1.0), (0.86, 0.72, 0.50, 1.0)


class Pepper(NamedTuple):
    """Knots of the outline from its tip to the shoulder: radius and place along x; lobes, bow, its stalk."""

    knots: tuple[tuple[float, float], ...]
    lobes: int = 0
    bow: float = 0.0
    stalk: float = 0.026
    cut: float = 0.0  # [degrees] of it that are left, a piece cut along it
    deep: float = 0.14  # how deep the furrows between its lobes are, share of its radius
    more: str | None = None  # ring, hollow, stuffed, furrows, dried, tail, corkscrew, cluster, leaves, peg


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
    if row.cut:
        return _half(row, [(max(r, 0.0), z) for r, z in smooth(knots, 34)], paint)
    if row.more == "ring":
        return _ring(row, paint)
    if row.more in ("hollow", "stuffed"):
        return _bowl(row, paint)
    if row.more == "cluster":
        return _cluster(row, paint)
    body = soft(knots, paint.main, 0.9, 34, 48)
    points = shape_of(body)
    if row.lobes:
        around = np.arctan2(points[:, 1], points[:, 0])
        points[:, :2] *= (1 + row.deep * (np.abs(np.cos(row.lobes * around / 2)) - 0.75))[:, None]
    points[:, 1] += row.bow * ((points[:, 2] - top) / (top - first)) ** 2
    points[:, 0] = np.where(np.isfinite(points[:, 0]), points[:, 0], 0.0)
    if row.more in ("furrows", "dried"):
        trimmings.wrinkled(body, 0.045 if row.more == "furrows" else 0.075, 5, 150.0)
    if row.more == "dried":
        points[:, 0] *= 0.62
    if row.more == "corkscrew":
        share = np.clip((top - points[:, 2]) / (top - first), 0, 1)
        for k, wave in ((0, np.cos), (1, np.sin)):
            points[:, k] += 0.013 * np.sqrt(share) * (wave(2 * np.pi * 1.7 * share) - (k == 0))
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
    if row.more == "peg":
        return [*parts, *laid(trimmings.peg(top, paint.wood, 0.0050))]
    if row.more == "leaves":
        for yaw, long in ((35, 0.020), (-50, 0.024)):
            parts.append(trimmings.leaf((top + 0.014, 0, 0.004), yaw, long, 6))
    if row.more == "tail":
        sting = [(first + 0.006, 0, 0), (first - 0.010, 0.001, 0), (first - 0.021, 0.006, 0.002)]
        parts += [tube(sting, (0.0060, 0.0030, 0.0005), paint.main, 12, 0.9), rod(sting[0], sting[2], 0.002)]
        rng = np.random.default_rng(4)
        for z, a in zip(rng.uniform(first * 0.7, top * 0.8, 26), rng.uniform(0, 360, 26), strict=True):
            place, _ = trimmings.on_skin(outline, z, a)
            parts += laid([painted("sphere", (0.0022,), paint.main, place * (0.9, 0.9, 1), gloss=0.8)])
    path = [(top - 0.003, 0, 0), (top + row.stalk * 0.4, 0, 0.002), (top + row.stalk, 0.006, 0.007)]
    parts.append(tube(path, (0.0048, 0.0036, 0.0050), STEM, 8))
    return parts


def _furrowed(part: Part, row: Pepper) -> Part:
    """Return a body turned about z with the lobes of a pepper."""
    points = shape_of(part)
    around = np.arctan2(points[:, 1], points[:, 0])
    points[:, :2] *= (1 + row.deep * (np.abs(np.cos(row.lobes * around / 2)) - 0.75))[:, None]
    return part


def _half(row: Pepper, outline: Profile, paint: Paint) -> list[Part]:
    """Return a half or a quarter that lies on its skin: its wall, its hollow, seeds below the stalk."""
    top, wide = row.knots[-1][1], max(r for r, _ in row.knots)
    faces = [face(outline, 1.0, shade(paint.main, 1.30)), face(outline, 0.84, shade(paint.main, 0.62), 0.0005)]
    faces.append(painted("ellipsoid", (wide * 0.30, wide * 0.45, 0.0016), (0.94, 0.92, 0.80, 1.0), (0, top * 0.62, 0)))
    for k in range(9):
        place = (wide * 0.13 * (k % 3 + 0.6), top * 0.62 - wide * 0.22 * (k // 3) + wide * 0.12, 0)
        faces.append(painted("ellipsoid", (0.0022, 0.0017, 0.0034), SEED, place))
    stalk = tube([(0.002, 0, top - 0.003), (0.003, 0.004, top + row.stalk)], (0.0052, 0.0044), STEM, 6)
    return laid([*sector(outline, row.cut, paint.main, faces, 0.9), stalk])


def _ring(row: Pepper, paint: Paint) -> list[Part]:
    """Return a ring cut across, flat about z."""
    r, half = max(q for q, _ in row.knots), 0.0062
    wall = [(r, -half), (r, half), (r * 0.90, half), (r * 0.90, -half), (r, -half)]
    inner = [(r * 0.905, -half * 0.9), (r * 0.905, half + 0.0004), (r * 0.84, half * 0.8), (r * 0.84, -half * 0.8)]
    parts = [_furrowed(turned(wall, paint.main, 0.8, sides=60), row)]
    parts.append(_furrowed(turned([*inner, inner[0]], shade(paint.main, 1.35), 0.4, sides=60), row))
    for k in range(row.lobes):  # what is left of the walls between its lobes
        a = (2 * k + 1) * np.pi / row.lobes
        place = (0.68 * r * np.cos(a), 0.68 * r * np.sin(a), 0)
        parts.append(
            painted(
                "ellipsoid", (0.14 * r, 0.0022, half * 0.7), (0.94, 0.92, 0.80, 1.0), place, about("z", np.degrees(a))
            )
        )
    return [*parts, solid("cylinder", (r, half))]


def _bowl(row: Pepper, paint: Paint) -> list[Part]:
    """Return a pepper that stands on its tip's end, its lid cut off: hollow, or stuffed."""
    (low, first), (last, top) = row.knots[0], row.knots[-1]
    outer = [(0, first), (low, first), *smooth(row.knots, 20)[1:]]
    inner = [(r * 0.88, z) for r, z in smooth(row.knots, 10)[:2:-1]]
    parts = [_furrowed(turned([*outer, *inner, (0, first + 0.012)], paint.main, 0.9, sides=56), row)]
    if row.more == "stuffed":
        parts.append(blob((last * 0.92, last * 0.92, last * 0.42), RICE, (0, 0, top - 0.002), 0.2))
        rng = np.random.default_rng(6)
        for a, share in zip(rng.uniform(0, 2 * np.pi, 34), rng.uniform(0.1, 0.85, 34), strict=True):
            place = (last * share * np.cos(a), last * share * np.sin(a), top + last * 0.40 * np.sqrt(1 - share**2))
            tone = ((0.95, 0.92, 0.84, 1.0), (0.55, 0.33, 0.20, 1.0), (0.36, 0.55, 0.22, 1.0))[int(30 * share) % 3]
            parts.append(painted("ellipsoid", (0.0042, 0.0020, 0.0020), tone, place, about("z", np.degrees(3 * a))))
        parts.append(solid("ellipsoid", (last * 0.88, last * 0.88, last * 0.38), (0, 0, top - 0.002)))
    outline = smooth(row.knots, 18)
    return [*parts, *stack(outline, (first, first * 0.4, top), share=0.94)]


def _cluster(row: Pepper, paint: Paint) -> list[Part]:
    """Return three that hang at one stalk."""
    end = row.knots[-1][1] + row.stalk
    parts: list[Part] = []
    for k, lift in ((-1, 0.0), (1, 0.0), (0, 0.008)):
        one = rotated(pepper(row._replace(more=None), paint), about("x", 40 * k), (-end, 0, 0))
        parts += rotated(one, about("z", -19 * k), (end, 0, lift))
    stem = [(end - 0.004, 0, 0.005), (end + 0.010, 0.002, 0.007), (end + 0.022, -0.002, 0.006)]
    return [*parts, tube(stem, (0.0046, 0.0036, 0.0034), STEM, 10), rod(stem[0], stem[2], 0.0034, density=0.3)]
