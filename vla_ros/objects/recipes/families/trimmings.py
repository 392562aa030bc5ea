# SPDX-License-Identifier: Apache-2.0
"""What is done to fruit and vegetables: cut along or across, peeled, netted, labelled, on a twig."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families.details import radius_at
from vla_ros.objects.recipes.forms import Profile, about, plate, rotated, shape_of, tube, turned
from vla_ros.objects.shapes import lathe, swath
from vla_ros.objects.solids import Vector, painted, rod, skin, solid, towards

BARK, GREEN, FOAM = (0.33, 0.22, 0.12, 1.0), (0.22, 0.50, 0.16, 1.0), (0.95, 0.95, 0.93, 1.0)


def face(outline: Profile, share: float, color: Rgba, rise: float = 0.0) -> Part:
    """Return half the section of a turned body, flat in xy: x away from its axis, y along it. `rise`: above others."""
    r, z = np.asarray(outline, dtype=float).T
    middle, up = (z.min() + z.max()) / 2, np.full(len(r), 0.0004 + rise)
    r, z = r * share, middle + (z - middle) * share
    axis = np.clip(z, z[0], z[-1])
    rim, inner = np.stack([r, z], 1), np.stack([np.full(len(r), -0.0005), axis], 1)
    rows = [np.column_stack([line, side * up]) for line, side in ((rim, 1), (inner, 1), (inner, -1), (rim, -1))]
    return skin(swath([*rows, rows[0]]), color, gloss=0.25)


def sector(outline: Profile, degrees: float, color: Rgba, faces: Iterable[Part], gloss: float = 0.5) -> list[Part]:
    """Return a piece cut out along a turned body's axis z, its skin towards +x; `faces` is what both cuts show."""
    half, faces = np.radians(degrees) / 2, list(faces)
    coarse = [(0.0, outline[0][1]), *outline[::4], (0.0, outline[-1][1])]
    parts = [
        skin(lathe(outline, 24, (-half, half)), color, gloss=gloss),
        Part("mesh", mesh=lathe(coarse, 6, (-half, half)), visible=False),
    ]
    for sign in (-1, 1):
        parts += rotated(faces, Rotation.from_euler("xz", (90, sign * degrees / 2), degrees=True).as_quat())
    return parts


def slab(outline: Profile, half: float, color: Rgba, flesh: Rgba) -> list[Part]:
    """Return a slice out of the middle of a turned body, along its axis: flat in xy, half as thick as `half` [m]."""
    right = [(r, z) for r, z in outline if r > 0.0008]
    around = [*right, *[(-r, z) for r, z in reversed(right)]]
    body = plate(around, half, color)
    return [
        body,
        plate([(0.95 * x, 0.95 * y) for x, y in around], half + 0.0005, flesh, 0.25),
        replace(body, visible=False, collide=True),
    ]


def disc(
    radius: float, half: float, color: Rgba, layers: Sequence[tuple[float, Rgba]], gloss: float = 0.4
) -> list[Part]:
    """Return a slice across a round body, about z: its skin, and shares of its radius that both cuts show."""
    rim = [(0, -half), (radius * 0.98, -half), (radius, -half * 0.6), (radius, half * 0.6), (radius * 0.98, half)]
    parts = [turned([*rim, (0, half)], color, gloss, sides=36)]
    parts += [
        painted("cylinder", (radius * share, half + 0.0003 * (k + 1)), tone) for k, (share, tone) in enumerate(layers)
    ]
    return [*parts, solid("cylinder", (radius, half))]


def seeds(count: int, out: float, height: float, color: Rgba, size: Vector) -> list[Part]:
    """Return seeds in a circle on both sides of a slice about z."""
    parts = []
    for side in (-1, 1):
        for a in np.arange(count) * 2 * np.pi / count:
            place = (out * np.cos(a), out * np.sin(a), side * height)
            parts.append(painted("ellipsoid", size, color, place, about("z", np.degrees(a))))
    return parts


def between(outline: Profile, low: float, high: float, color: Rgba, gloss: float = 0.5, out: float = 0.0006) -> Part:
    """Return the skin of a turned body between two heights, standing out a little [m]."""
    points = np.array([point for point in outline if low <= point[1] <= high], dtype=float)
    along = np.gradient(points, axis=0)
    away = np.stack([along[:, 1], -along[:, 0]], 1) / np.linalg.norm(along, axis=1, keepdims=True)
    points += out * away
    return turned([(max(r, 0.0), z) for r, z in points.tolist()], color, gloss, sides=36)


def ribbon(
    outline: Profile,
    start: float,
    end: float,
    turns: float,
    wide: float,
    color: Rgba,
    lift: float = 0.0,
    phase: float = 0.0,
) -> Part:
    """Return a strip that winds around a turned body from height `start` to `end`, where it leaves it by `lift`."""
    t = np.linspace(0, 1, 48)
    a, z = phase + 2 * np.pi * turns * t, start + (end - start) * t
    away = lift * np.clip((t - 0.6) / 0.4, 0, 1) ** 2
    rows = []
    for dz, out in ((-1, -0.001), (-1, 0.001), (1, 0.001), (1, -0.001)):
        y = z + dz * wide / 2
        r = np.array([radius_at(outline, float(v)) for v in y]) + out + away
        rows.append(np.stack([r * np.cos(a), r * np.sin(a), y], 1))
    return skin(swath([*rows, rows[0]]), color, gloss=0.4)


def net(outline: Profile, low: float, high: float, color: Rgba, count: int = 9, wire: float = 0.0013) -> list[Part]:
    """Return a sleeve of crossing strands around a turned body."""
    t = np.linspace(0, 1, 12)
    parts = []
    for sign in (-1, 1):
        for k in range(count):
            a = 2 * np.pi * (k / count + sign * 0.3 * t)
            z = low + (high - low) * t
            r = np.array([radius_at(outline, float(v)) for v in z]) + wire * 0.6
            parts.append(tube(list(np.stack([r * np.cos(a), r * np.sin(a), z], 1)), wire, color, 14, 0.1))
    return parts


def on_skin(outline: Profile, height: float, degrees: float) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return a place on a turned body, and how to turn z away from it there."""
    r = radius_at(outline, height)
    slope = (radius_at(outline, height + 0.002) - radius_at(outline, height - 0.002)) / 0.004
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array((r * c, r * s, height)), towards((c, s, -slope))


def label(outline: Profile, height: float, degrees: float, paint: Paint) -> list[Part]:
    """Return an oval sticker on a turned body."""
    place, turn = on_skin(outline, height, degrees)
    return [
        painted("ellipsoid", (0.0090, 0.0075, 0.0016), paint.accent, place, turn),
        painted("ellipsoid", (0.0060, 0.0045, 0.0022), paint.pale, place, turn),
    ]


def worm(outline: Profile, height: float, degrees: float) -> list[Part]:
    """Return a worm that looks out of its hole in a turned body."""
    place, turn = on_skin(outline, height, degrees)
    body, dark = (0.72, 0.78, 0.30, 1.0), (0.16, 0.09, 0.05, 1.0)
    curl = [(0, 0, -0.002), (0, 0, 0.009), (0.001, 0, 0.018), (0.010, 0, 0.024)]
    parts = [
        painted("ellipsoid", (0.0085, 0.0085, 0.0012), dark, (0, 0, 0)),
        tube(curl, (0.0046, 0.0046, 0.0050, 0.0050), body, 14, normal=(0, 1, 0)),
        painted("sphere", (0.0055,), body, curl[-1]),
    ]
    parts += [painted("sphere", (0.0013,), dark, (0.0150, side * 0.0022, 0.0258)) for side in (-1, 1)]
    parts.append(rod((0, 0, 0.004), (0.004, 0, 0.020), 0.0045, density=0.2))
    return rotated(parts, turn, tuple(place))


def leaf(
    place: Vector, yaw: float, long: float = 0.018, lift: float = 14.0, color: Rgba = GREEN, share: float = 0.42
) -> Part:
    """Return a leaf that grows from a place, turned about z and lifted [degrees]."""
    turn = Rotation.from_euler("yz", (-lift, yaw), degrees=True)
    return painted(
        "ellipsoid", (long, long * share, 0.0014), color, np.asarray(place) + turn.apply((long, 0, 0)), turn.as_quat()
    )


def twig(x: float, z: float, reach: float = 0.034) -> list[Part]:
    """Return a piece of a branch with leaves, above what hangs from it."""
    ends = [(x - reach * 0.8, -0.003, z + 0.012), (x, 0.0, z + 0.013), (x + reach, 0.004, z + 0.020)]
    return [
        tube([(x, 0, z - 0.006), (x, 0, z + 0.004), (x, 0, z + 0.013)], 0.0019, BARK, 6, normal=(0, 1, 0)),
        tube(ends, (0.0036, 0.0032, 0.0022), BARK, 12),
        leaf((x + 0.004, 0.002, z + 0.014), 70, 0.017),
        leaf((x - 0.008, -0.001, z + 0.012), -105, 0.018, 4),
        leaf(ends[2], 20, 0.016, 5),
        rod(ends[0], ends[2], 0.0034, density=0.2),
    ]


def peg(z: float, wood: Rgba, thick: float = 0.0038) -> list[Part]:
    """Return the peg and the flat leaf of a wooden toy fruit."""
    return [
        painted("cylinder", (thick, 0.010), wood, (0, 0, z + 0.002), gloss=0.2),
        painted("ellipsoid", (0.014, 0.0080, 0.0026), (0.30, 0.62, 0.22, 1.0), (-0.013, 0, z + 0.008), about("y", 20)),
        solid("cylinder", (thick, 0.010), (0, 0, z + 0.002), density=0.3),
    ]


def wrinkled(part: Part, depth: float, around: int = 9, along: float = 260.0) -> None:
    """Wrinkle a body turned about z, in place: `around` furrows that wander as they run along it."""
    points = shape_of(part)
    a = np.arctan2(points[:, 1], points[:, 0])
    wave = np.sin(around * a + 1.6 * np.sin(along * points[:, 2])) + 0.6 * np.sin(
        (around + 4) * a - along * 0.6 * points[:, 2]
    )
    points[:, :2] *= (1 + depth * wave)[:, None]
