# SPDX-License-Identifier: Apache-2.0
"""What candles, soaps and sponges are modelled with and held by, and sponges that are not cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.bathroom import porous
from vla_ros.objects.recipes.forms import WHITE, Profile, about, bar, blob, laid, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, smooth, sphere_profile, transformed
from vla_ros.objects.solids import ALONG_X, Vector, moved, painted, rod, skin, solid

Half = tuple[float, float, float]  # half edges [m]


def modelled(details: Sequence[str], outline: Profile, paint: Paint) -> list[Part]:
    """Return what a candle is modelled with, held in or stands beside."""
    (foot, _), (edge, top), parts = outline[0], outline[-1], []
    brass: Rgba = (0.80, 0.62, 0.25, 1.0)
    if "bubbles" in details:
        step = edge * 0.72
        for z in np.linspace(step * 0.6, top - step * 0.45, max(2, round(top / step))):
            for x in (-step, 0.0, step):
                parts += [
                    painted("sphere", (step * 0.62,), paint.main, (x, y, z), gloss=0.5) for y in (-step, 0.0, step)
                ]
        parts.append(solid("box", (step * 1.5, step * 1.5, top / 2), (0, 0, top / 2)))
    if "petals" in details:
        parts += petals(edge * 1.5, top * 1.2, paint)
    if "digit" in details:
        path = [(-0.40, 0.66), (-0.20, 0.92), (0.16, 0.94), (0.38, 0.70), (0.22, 0.44), (-0.14, 0.24), (-0.40, 0.08)]
        parts += [
            tube([(u * top, 0, v * top) for u, v in path], top * 0.105, paint.main, 26, 0.5, 1.15, (0, 1, 0)),
            bar((top * 0.46, top * 0.12, top * 0.095), paint.main, (0, 0, top * 0.095), 0.003, gloss=0.5),
            tube([(u * top, -top * 0.11, v * top) for u, v in path], top * 0.04, paint.accent, 26, 0.5, 0.6, (0, 1, 0)),
            solid("box", (top * 0.46, top * 0.12, top * 0.095), (0, 0, top * 0.095)),
            solid("box", (top * 0.30, top * 0.12, top * 0.30), (0, 0, top * 0.60)),
        ]
    if "tin" in details:
        wall = [(0.0, -0.0006), (foot + 0.0016, -0.0006), (edge + 0.0016, top + 0.006), (edge + 0.0026, top + 0.007)]
        inside = [(edge + 0.0006, top + 0.0066), (edge + 0.0002, top - 0.001)]
        parts += [
            turned([*wall, *inside], paint.steel, 1.0, sides=40),
            turned(
                [(foot + 0.0022 + 0.7 * (edge - foot) * z, z * top) for z in (0.16, 0.84)], paint.main, 0.6, sides=40
            ),
            turned(
                [(foot + 0.0026 + 0.7 * (edge - foot) * z, z * top) for z in (0.34, 0.62)], paint.pale, 0.3, sides=40
            ),
            solid("cylinder", ((foot + edge) / 2 + 0.001, top / 2 + 0.003), (0, 0, top / 2 + 0.003)),
        ]
    if "bail" in details:
        z = top + 0.001
        arch = [((edge + 0.003) * np.cos(t), 0.0, z + edge * 1.15 * np.sin(t)) for t in np.linspace(0, np.pi, 9)]
        parts += [
            tube(arch, 0.0013, paint.dark, 24, 0.8, normal=(0, 1, 0)),
            tube(arch[3:6], 0.0034, paint.wood, 6, normal=(0, 1, 0)),
            *[painted("sphere", (0.0028,), paint.steel, (side * (edge + 0.003), 0, z)) for side in (-1, 1)],
            solid("box", (edge * 0.7, 0.003, 0.003), (0, 0, z + edge * 0.95), density=0.2),
        ]
    if "dome" in details:  # a grave light's lid, with holes for the smoke
        lid = [(edge + 0.001, -0.005), (edge + 0.002, 0.0), (edge * 0.82, 0.010), (edge * 0.46, 0.017), (0.006, 0.019)]
        parts += [
            turned([*[(r, top + z) for r, z in lid], (0.007, top + 0.024), (0, top + 0.026)], brass, 1.0),
            turned([(foot + 0.003, 0.0), (foot + 0.003, 0.003), (foot, 0.008)], brass, 1.0),
            *[
                painted(
                    "sphere", (0.0030,), paint.dark, (edge * 0.66 * np.cos(t), edge * 0.66 * np.sin(t), top + 0.0125)
                )
                for t in np.arange(8) * np.pi / 4
            ],
            bar((0.0010, 0.0024, top * 0.26), brass, (edge * 0.99, 0, top * 0.52), 0.0008),
            bar((0.0010, top * 0.16, 0.0024), brass, (edge * 0.99, 0, top * 0.60), 0.0008),
            solid("cylinder", (edge * 0.8, 0.009), (0, 0, top + 0.009), density=0.3),
        ]
    if "branches" in details:
        for side in (-1, 1):
            out = 0.040 * side
            arm = [(0, 0, -0.040), (out * 0.45, 0, -0.046), (out * 0.95, 0, -0.032), (out, 0, -0.014)]
            parts += [
                tube(arm, 0.0026, brass, 16, 1.0, normal=(0, 1, 0)),
                *moved(
                    [turned([(0.004, -0.016), (edge * 1.3, -0.008), (edge * 1.3, -0.002)], brass, 1.0)], (out, 0, 0)
                ),
                rod((0, 0, -0.040), (out, 0, -0.020), 0.003, density=2.0),
                *_another((out, 0.0, -0.006), edge, top * 0.92, paint),
            ]
    if "company" in details:
        parts += _another((edge * 2.1, edge * 0.5, 0.0), edge, top * 0.74, paint)
        parts += _another((edge * 0.5, -edge * 2.1, 0.0), edge, top * 0.50, paint)
        tray = [
            (0, -0.004),
            (edge * 3.0, -0.004),
            (edge * 3.3, 0.002),
            (edge * 3.2, 0.003),
            (edge * 2.9, 0.0),
            (0, 0.0),
        ]
        parts += moved([turned(tray, paint.wood, 0.4)], (edge * 0.8, -edge * 0.5, 0))
        parts.append(solid("cylinder", (edge * 3.0, 0.002), (edge * 0.8, -edge * 0.5, -0.002)))
    return parts


def _another(at: Vector, radius: float, tall: float, paint: Paint) -> list[Part]:
    """Return one more candle, its foot at `at` [m]."""
    wick = [(0, 0, tall - 0.004), (0.0006, 0, tall + 0.006), (0.003, 0, tall + 0.011)]
    parts = [
        turned([(0, 0), (radius, 0), (radius, tall), (radius * 0.6, tall + 0.0006), (0, tall - 0.001)], paint.main),
        tube(wick, 0.0013, paint.dark, 8, normal=(0, 1, 0)),
        solid("cylinder", (radius, tall / 2), (0, 0, tall / 2)),
    ]
    return moved(parts, at)


def heart_rim(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a heart's outline (x, y) at angles [rad], its tip at −x; both about −1…1."""
    x = 13 * np.cos(u) - 5 * np.cos(2 * u) - 2 * np.cos(3 * u) - np.cos(4 * u)
    return (x + 2.5) / 14.5, np.sin(u) ** 3


def honeycomb(paint: Paint) -> np.ndarray:
    """Return cells as of a bees' comb: (96, 128, 3) uint8."""
    v, u = np.mgrid[0:96, 0:128] / np.array([96, 128]).reshape(2, 1, 1)
    row = np.floor(v * 24)
    across, up = (u * 18 + 0.5 * (row % 2)) % 1 - 0.5, (v * 24) % 1 - 0.5
    wall = np.maximum(np.abs(across), np.abs(up)) > 0.36
    return (np.clip(np.where(wall, 1.0, 0.68)[..., None] * paint.main[:3], 0, 1) * 255).astype(np.uint8)


def petals(radius: float, top: float, paint: Paint) -> list[Part]:
    """Return a rose's petals in rings about z, within this radius and up to about this height [m]."""
    parts = []
    for k, (share, count) in enumerate(((0.66, 6), (0.42, 5), (0.18, 3))):
        tall = top * (0.40 + 0.05 * k)
        for n in range(count):
            turn = (n + 0.5 * k) * 2 * np.pi / count
            lean = Rotation.from_euler("z", turn) * Rotation.from_euler("y", 0.66 - 0.22 * k)
            place = (radius * share * np.cos(turn), radius * share * np.sin(turn), tall * 1.15)
            wide = radius * (0.50 - 0.11 * k)
            tone = shade(paint.main, 1.0 - 0.14 * ((n + k) % 2))
            parts.append(blob((radius * 0.10, wide, tall), tone, place, 0.3, tuple(lean.as_quat().tolist())))
    return parts


def marbled(paint: Paint) -> np.ndarray:
    """Return two tones stirred together: (96, 96, 3) uint8."""
    v, u = np.mgrid[0:96, 0:96] / 96
    wave = np.sin(14 * u + 4 * np.sin(6 * v) + 2 * np.sin(17 * v + 5 * u))
    other = np.array(paint.pale[:3] if paint.color != "white" else paint.accent[:3])
    image = np.where(
        (wave > 0.35)[..., None], other, np.where((wave > 0.1)[..., None], 0.8, 1.0) * np.array(paint.main[:3])
    )
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def dressed(details: Sequence[str], half: Half, paint: Paint) -> list[Part]:
    """Return what is on a piece of soap, in it or under it."""
    (a, b, c), groove, parts = half, shade(paint.main, 0.82), []
    pale = paint.pale if paint.color != "white" else paint.accent
    if "layers" in details:
        for z, thick, tone in ((-0.52, 0.22, pale), (0.02, 0.12, groove), (0.50, 0.20, pale)):
            parts.append(bar((a * 1.003, b * 1.003, c * thick), tone, (0, 0, c * z), 0.001, gloss=0.6))
        parts += [
            painted(
                "ellipsoid", (0.0040, 0.0018, 0.0008), shade(paint.accent, 0.8), (x * a, y * b, c), about("z", 60 * k)
            )
            for k, (x, y) in enumerate(((-0.6, 0.3), (-0.3, -0.4), (0.0, 0.45), (0.2, -0.2), (0.5, 0.3), (0.7, -0.5)))
        ]
    if "vein" in details:
        parts.append(tube([(-a * 0.96, 0, c), (0, 0.001, c), (a * 0.92, 0, c)], 0.0011, groove, 14))
        parts += [
            tube([(x * a, 0, c), (x * a + a * 0.18, side * b * (0.66 - 0.5 * abs(x)), c)], 0.0008, groove, 5)
            for x in (-0.6, -0.3, 0.0, 0.3)
            for side in (-1, 1)
        ]
    if "nubs" in details:
        parts += [
            painted("sphere", (0.0036,), groove, (x * a, y * b, c - 0.0010), gloss=0.6)
            for k, y in enumerate((-0.66, -0.33, 0.0, 0.33, 0.66))
            for x in np.linspace(-0.76, 0.76, 6 - k % 2)
        ]
    if "cells" in details:
        spots = [(0.0, 0.0), *[(np.cos(t), np.sin(t)) for t in np.arange(6) * np.pi / 3 + np.pi / 6]]
        for x, y in spots:
            cell = turned([(a * 0.25, -0.001), (a * 0.21, 0.0018), (0, 0.0018)], shade(paint.main, 1.25), 0.6, sides=6)
            parts += rotated([cell], (0, 0, 0, 1), (x * a * 0.49, y * b * 0.49, c))
    if "score" in details:
        parts.append(bar((0.0016, b * 1.004, c * 1.004), groove, (0, 0, 0), 0.0010))
        for x in (-a * 0.5, a * 0.5):
            parts += [bar((a * 0.30, 0.0012, 0.0008), groove, (x, y * b, c), 0.0005) for y in (-0.42, 0.42)]
            parts += [
                bar((0.0014, b * 0.22, 0.0008), groove, (x + u * a, 0, c), 0.0005) for u in (-0.18, -0.06, 0.06, 0.18)
            ]
    if "tray" in details:
        rim = [(0, -1.0), (0.92, -1.0), (1.0, -0.55), (1.06, 0.10), (1.03, 0.10), (0.95, -0.55), (0, -0.60)]
        dish = lathe([(r, z * 0.012) for r, z in rim], 44)
        low = -c + 0.0066
        parts += [
            skin(
                transformed(dish, (a * 1.22, b * 1.34, 1.0)),
                pale,
                None,
                (0, 0, low),
                gloss=0.9,
            ),
            solid("box", (a * 1.05, b * 1.1, 0.0030), (0, 0, low - 0.0090)),
            *[solid("box", (0.003, b * 0.7, 0.007), (s * a * 1.22, 0, low - 0.006)) for s in (-1, 1)],
        ]
    if "spindle" in details:  # on the rod of a holder for the wall
        rod_at = [(0.0042, a * 0.9), (0.0042, a + 0.026), (0.0190, a + 0.027), (0.0190, a + 0.031), (0, a + 0.032)]
        parts += [
            *laid(
                [turned(rod_at, paint.steel, 1.0), turned([(0.006, -a - 0.003), (0.007, -a * 0.96)], paint.steel, 1.0)]
            ),
            rod((a, 0, 0), (a + 0.028, 0, 0), 0.0042, "cylinder"),
            solid("cylinder", (0.0190, 0.002), (a + 0.029, 0, 0), ALONG_X),
        ]
    return parts


def worked(details: Sequence[str], half: Half, paint: Paint) -> list[Part]:
    """Return what a cut sponge has: a handle, a face, bumps, a printed mesh."""
    (a, b, c), parts = half, []
    if "wand" in details:
        path = [(-a * 0.9, 0, c * 0.4), (-a - 0.030, 0, c * 0.8), (-a - 0.085, 0, c * 0.5)]
        parts += [
            bar((a * 0.94, b * 0.94, 0.0030), paint.accent, (0, 0, c), 0.002),
            tube([(a * 0.2, 0, c), *path], (0.0045, 0.0050, 0.0075, 0.0060), paint.accent, 22, 0.6, normal=(0, 1, 0)),
            rod(path[0], path[1], 0.005, density=0.5),
            rod(path[1], path[2], 0.006, density=0.5),
        ]
    if "face" in details:
        ink = shade(paint.main, 0.25)
        smile = [(-a * 0.12 - a * 0.42 * np.cos(t), b * 0.50 * np.sin(t), c) for t in np.linspace(-1.1, 1.1, 9)]
        parts.append(tube(smile, 0.0034, ink, 18, 0.0, 0.3))
        parts += [
            painted("ellipsoid", (0.0065, 0.0050, 0.0010), ink, (a * 0.32, y * b, c), gloss=0.0) for y in (-0.34, 0.34)
        ]
    if "bumps" in details:
        parts += [
            painted("ellipsoid", (a / 9, b / 6, 0.0062), shade(paint.main, 1.12), (x * a, y * b, c - 0.0006), gloss=0.0)
            for x in np.linspace(-0.86, 0.86, 8)
            for y in np.linspace(-0.80, 0.80, 5)
        ]
    if "net" in details:
        for x in np.linspace(-a * 0.72, a * 0.72, 8):
            for lean in (-a * 0.22, a * 0.22):
                parts.append(tube([(x - lean, -b * 0.97, c), (x + lean, b * 0.97, c)], 0.0010, paint.pale, 4, 0.0))
    return parts


def wild(form: str, half: Half, paint: Paint) -> list[Part]:
    """Return a sponge that is not cut: of the sea, a loofah, of wire, a shower's ruffles, a drop for make-up."""
    (a, b, c), texture = half, porous(paint, 11)
    parts: list[Part] = [solid("ellipsoid", (a, b, c)), solid("box", (a * 0.6, b * 0.6, c * 0.94))]
    if form == "sea":
        body = lathe(sphere_profile(1.0, count=25), 44)
        body.vertices[:] *= _uneven(body.vertices)[:, None] * half
        body.vertices[:, 2] = np.maximum(body.vertices[:, 2], -c * 0.86)
        parts.append(skin(body, WHITE, texture, gloss=0.0))
        for k in range(70):
            h = 1 - 1.7 * (k + 0.5) / 70
            spot = np.array([[np.sqrt(1 - h * h) * np.cos(k * 2.4), np.sqrt(1 - h * h) * np.sin(k * 2.4), h]])
            size = 0.0024 + 0.0024 * ((k * 7) % 5) / 4
            place = (spot * _uneven(spot) * half)[0] * (1 - 0.7 * size / c)
            parts.append(painted("sphere", (size,), shade(paint.main, 0.42), tuple(place), gloss=0.0))
    elif form == "loofah":
        core = lathe(smooth([(b * 0.86, -a), (b, -a * 0.5), (b * 0.94, a * 0.2), (b * 0.88, a)], 16), 48)
        around = np.arctan2(core.vertices[:, 1], core.vertices[:, 0])
        core.vertices[:, :2] *= (1 + 0.035 * np.cos(14 * around + 30 * core.vertices[:, 2]))[:, None]
        parts += laid([skin(core, WHITE, texture, gloss=0.0)])
        for end in (-a, a):
            parts.append(painted("cylinder", (b * 0.88, 0.0006), shade(paint.main, 0.82), (end, 0, 0), ALONG_X, 0.0))
            parts += [
                painted(
                    "ellipsoid",
                    (0.0012, b * 0.24, b * 0.30),
                    shade(paint.main, 0.3),
                    (end, b * 0.44 * np.cos(t), b * 0.44 * np.sin(t)),
                    about("x", np.degrees(t)),
                    0.0,
                )
                for t in np.arange(3) * 2 * np.pi / 3
            ]
        around = [(-a * 1.0, 0, b * 0.5), (-a - 0.022, 0.010, b * 0.4), (-a - 0.024, -0.010, b * 0.1), (-a * 1.0, 0, 0)]
        parts = [*parts[2:], tube(around, 0.0015, paint.accent, 20), rod((-a, 0, 0), (a, 0, 0), b * 0.94, "cylinder")]
    elif form == "curls":
        rng = np.random.default_rng(5)
        parts.append(blob((a * 0.86, b * 0.86, c * 0.86), shade(paint.main, 0.45), gloss=0.2))
        for k in range(44):
            wide, turn = rng.uniform(0.30, 0.72), Rotation.random(random_state=k)
            loop = turned(
                [(wide + 0.035 * np.cos(t), 0.035 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 7)],
                paint.main,
                0.9,
                sides=20,
            )
            if loop.mesh is not None:
                shape = turn.apply(loop.mesh.vertices + np.array([0, 0, 0.97 * np.sqrt(1 - wide**2)])) * half
                parts.append(
                    skin(
                        Mesh(shape, loop.mesh.faces, loop.mesh.uv), shade(paint.main, 0.85 + 0.05 * (k % 4)), gloss=0.9
                    )
                )
    elif form == "ruffles":
        for k in range(110):
            h = 1 - 2 * (k + 0.5) / 110
            way = np.array([np.sqrt(1 - h * h) * np.cos(k * 2.4), np.sqrt(1 - h * h) * np.sin(k * 2.4), h])
            turn, tone = Rotation.random(random_state=k).as_quat(), shade(paint.main, (1.0, 0.84, 1.25)[k % 3])
            frill = (a * 0.34, a * 0.30, a * 0.035)
            parts.append(painted("ellipsoid", frill, tone, tuple(way * half * 0.70), tuple(turn.tolist()), 0.1))
        cord = [(-a * 0.9, 0, 0), (-a - 0.020, 0.011, 0), (-a - 0.042, 0, 0), (-a - 0.020, -0.011, 0), (-a * 0.9, 0, 0)]
        parts.append(tube(cord, 0.0017, paint.pale, 26))
    else:  # a drop
        outline = smooth([(0.30, -1.0), (0.86, -0.72), (1.0, -0.30), (0.62, 0.36), (0.24, 0.82), (0.04, 1.0)], 24)
        drop = lathe([(0, -1.0), *[(max(r, 0.0), z) for r, z in outline], (0, 1.0)], 36)
        parts = [
            skin(transformed(drop, half), WHITE, texture, gloss=0.0),
            *stack([(r * a, z * c) for r, z in outline], (-c, -c * 0.5, 0.0, c * 0.45, c)),
        ]
    return parts


def _uneven(ways: np.ndarray) -> np.ndarray:
    """Return how far a sea sponge reaches these ways (N, 3)."""
    x, y, z = ways.T
    return 1 + 0.07 * np.sin(5 * x + 2) * np.sin(4 * y) + 0.06 * np.sin(9 * y + 6 * z) + 0.04 * np.sin(13 * x - 8 * z)
